package decode

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode/host"
	"trapline/tables"
)

// fakeHost knows one process: this one, which the harness says is the tracee.
// What its fields lack is unknown.
type fakeHost struct {
	host.Unknown
	fds        map[int]fakeFD
	cwd        string
	ids        map[int]fakeID // by what the tracee calls them
	commands   map[int]string
	namespaces map[string]string
	interfaces map[uint32]string
	cpuSetSize uint64
	boot       time.Time

	asked []string // the methods that were called
}

// fakeFD is a descriptor of a fakeHost.
type fakeFD struct {
	path     string
	file     host.FileType
	info     string
	renamed  bool // the path does not name the file
	protocol string
	socket   *host.Socket // nil if the kernel does not tell
}

// fakeID is trapline's own number of an id, and the process that has it.
type fakeID struct{ own, found int }

func (h *fakeHost) note(method string) { h.asked = append(h.asked, method) }

func (h *fakeHost) Process(tid int) int {
	h.note("Process")
	return tid
}

func (h *fakeHost) fd(process, fd int) (fakeFD, bool) {
	f, ok := h.fds[fd]
	return f, ok && process == os.Getpid()
}

func (h *fakeHost) Find(_, id int, _ host.IDKind) (own, found int) {
	h.note("Find")
	return h.ids[id].own, h.ids[id].found
}

func (h *fakeHost) Command(b []byte, process int) ([]byte, bool) {
	h.note("Command")
	name, ok := h.commands[process]
	return append(b[:0], name...), ok
}

func (h *fakeHost) Namespace(b []byte, _ int, kind string) []byte {
	h.note("Namespace")
	return filled(b, h.namespaces[kind])
}

func (h *fakeHost) WorkingDir(b []byte, _ int) []byte {
	h.note("WorkingDir")
	return filled(b, h.cwd)
}

func (h *fakeHost) Descriptor(b []byte, process, fd int) []byte {
	h.note("Descriptor")
	f, _ := h.fd(process, fd)
	return filled(b, f.path)
}

func (h *fakeHost) HasName(process, fd int, _ []byte) bool {
	h.note("HasName")
	f, _ := h.fd(process, fd)
	return !f.renamed
}

func (h *fakeHost) FileType(process, fd int) (host.FileType, bool) {
	h.note("FileType")
	f, ok := h.fd(process, fd)
	return f.file, ok
}

func (h *fakeHost) DescriptorInfo(b []byte, process, fd int) []byte {
	h.note("DescriptorInfo")
	f, _ := h.fd(process, fd)
	return filled(b, f.info)
}

func (h *fakeHost) SocketProtocol(b []byte, process, fd int) []byte {
	h.note("SocketProtocol")
	f, _ := h.fd(process, fd)
	return filled(b, f.protocol)
}

func (h *fakeHost) Socket(_, _ uint8, inode uint64) (host.Socket, bool) {
	h.note("Socket")
	for _, f := range h.fds {
		if f.path == "socket:["+strconv.FormatUint(inode, 10)+"]" && f.socket != nil {
			return *f.socket, true
		}
	}
	return host.Socket{}, false
}

func (h *fakeHost) Interface(index uint32) (string, bool) {
	h.note("Interface")
	name, ok := h.interfaces[index]
	return name, ok
}

func (h *fakeHost) CPUSetSize() uint64 {
	h.note("CPUSetSize")
	if h.cpuSetSize == 0 {
		return host.LeastCPUSetSize
	}
	return h.cpuSetSize
}

func (h *fakeHost) BootTime(running time.Duration) (time.Time, bool) {
	h.note("BootTime")
	return h.boot.Add(running), !h.boot.IsZero()
}

// filled is what methods of a Host return: s in b, or nil.
func filled(b []byte, s string) []byte {
	if s == "" {
		return nil
	}
	return b[:copy(b, s)]
}

const (
	allFDs  = FDPath | FDSocket | FDDevice | FDEventfd | FDPidfd | FDSignalfd // -yy
	allPIDs = PIDComm | PIDNamespace
)

// checkText compares a sample's text.
func checkText(t *testing.T, name string, s sample, want string) {
	t.Helper()
	if got := s.text(t); got != want {
		t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
	}
}

// TestDescriptorTexts has descriptors with what -y and -yy show of them.
func TestDescriptorTexts(t *testing.T) {
	device := func(kind, major, minor uint32) host.FileType {
		return host.FileType{Mode: kind, Device: unix.Mkdev(major, minor)}
	}
	for _, tt := range []struct {
		name  string
		fd    fakeFD
		y, yy string
	}{
		{"file", fakeFD{path: "/etc/passwd"}, "</etc/passwd>", "</etc/passwd>"},
		{"escapes", fakeFD{path: "/a\nb>\x1b"}, `</a\nb\76\33>`, `</a\nb\76\33>`},
		{"deleted", fakeFD{path: "/a (deleted)", renamed: true}, "</a>(deleted)", "</a>(deleted)"},
		{"called deleted", fakeFD{path: "/a (deleted)"}, "</a (deleted)>", "</a (deleted)>"},
		{"device", fakeFD{path: "/dev/null", file: device(unix.S_IFCHR, 1, 3)}, "</dev/null>", "</dev/null<char 1:3>>"},
		{"disk", fakeFD{path: "/dev/sda", file: device(unix.S_IFBLK, 8, 0)}, "</dev/sda>", "</dev/sda<block 8:0>>"},
		{"terminal", fakeFD{path: "/dev/ptmx", file: device(unix.S_IFCHR, 5, 2), info: "pos:\t0\ntty-index:\t7\n"},
			"</dev/ptmx>", "</dev/ptmx<char 5:2 @/dev/pts/7>>"},
		{"pipe", fakeFD{path: "pipe:[12]"}, "<pipe:[12]>", "<pipe:[12]>"},
		{"eventfd", fakeFD{path: "anon_inode:[eventfd]", info: "eventfd-count:                5\neventfd-id: 3\neventfd-semaphore: 1\n"},
			"<anon_inode:[eventfd]>", "<{eventfd-count=0x5, eventfd-id=3, eventfd-semaphore=1}>"},
		{"eventfd, no more", fakeFD{path: "anon_inode:[eventfd]"}, "<anon_inode:[eventfd]>", "<anon_inode:[eventfd]>"},
		{"pidfd", fakeFD{path: "anon_inode:[pidfd]", info: "Pid:\t42\n"}, "<anon_inode:[pidfd]>", "<pid:42>"},
		{"pidfd of nobody", fakeFD{path: "anon_inode:[pidfd]", info: "Pid:\t-1\n"}, "<anon_inode:[pidfd]>", "<anon_inode:[pidfd]>"},
		{"signalfd", fakeFD{path: "anon_inode:[signalfd]", info: "sigmask:\t0000000000000201\n"}, "<anon_inode:[signalfd]>", "<signalfd:[HUP USR1]>"},
		{"TCP", fakeFD{path: "socket:[7]", protocol: "TCP", socket: &host.Socket{Local: netip.MustParseAddrPort("127.0.0.1:80"), Remote: netip.MustParseAddrPort("10.0.0.1:4711")}},
			"<socket:[7]>", "<TCP:[127.0.0.1:80->10.0.0.1:4711]>"},
		{"TCP, listening", fakeFD{path: "socket:[7]", protocol: "TCP", socket: &host.Socket{Local: netip.MustParseAddrPort("0.0.0.0:80"), Remote: netip.MustParseAddrPort("0.0.0.0:0")}},
			"<socket:[7]>", "<TCP:[0.0.0.0:80]>"},
		{"UDPv6", fakeFD{path: "socket:[7]", protocol: "UDPv6", socket: &host.Socket{Local: netip.MustParseAddrPort("[::1]:53"), Remote: netip.MustParseAddrPort("[::ffff:10.0.0.1]:9")}},
			"<socket:[7]>", "<UDPv6:[[::1]:53->[::ffff:10.0.0.1]:9]>"},
		{"TCP, not told", fakeFD{path: "socket:[7]", protocol: "TCP"}, "<socket:[7]>", "<TCP:[7]>"},
		{"protocol not told", fakeFD{path: "socket:[7]"}, "<socket:[7]>", "<socket:[7]>"},
		{"UNIX", fakeFD{path: "socket:[7]", protocol: "UNIX-STREAM", socket: &host.Socket{Name: []byte("/run/a\"b\x00"), Peer: 8}},
			"<socket:[7]>", `<UNIX-STREAM:[7->8,"/run/a\"b"]>`},
		{"UNIX, abstract", fakeFD{path: "socket:[7]", protocol: "UNIX", socket: &host.Socket{Name: []byte("\x00name")}},
			"<socket:[7]>", `<UNIX:[7,@"name"]>`},
		{"NETLINK", fakeFD{path: "socket:[7]", protocol: "NETLINK", socket: &host.Socket{Protocol: unix.NETLINK_ROUTE, Port: 99}},
			"<socket:[7]>", "<NETLINK:[ROUTE:99]>"},
		{"nothing", fakeFD{}, "", ""},
	} {
		for _, show := range []struct {
			what FDs
			want string
		}{{0, ""}, {FDPath, tt.y}, {allFDs, tt.yy}} {
			h := &fakeHost{fds: map[int]fakeFD{3: tt.fd}}
			s := named(t, tables.X86_64, "close", 3)
			s.host, s.traits.FDs = h, show.what
			checkText(t, tt.name, s, "close(3"+show.want+") = 0")
			if show.what == 0 && len(h.asked) > 0 {
				t.Errorf("%s: without -y the host was asked for %v", tt.name, h.asked)
			}
			s.host = nil
			checkText(t, tt.name+" on an unknown host", s, "close(3) = 0")
		}
	}
}

// TestHostTexts has the other texts that a host has a part in, and what they are
// if nothing is known.
func TestHostTexts(t *testing.T) {
	const at = 0x7000
	const cwd = 1<<64 - 100 // AT_FDCWD
	h := fakeHost{
		cwd:        "/home",
		fds:        map[int]fakeFD{3: {path: "/tmp"}},
		ids:        map[int]fakeID{12: {12, 12}, 13: {1013, 2013}},
		commands:   map[int]string{12: "sh", 2013: "a<b"},
		namespaces: map[string]string{"net": "net:[77]", "uts": "uts:[78]"},
		interfaces: map[uint32]string{2: "eth0"},
	}
	call := func(name string, args ...uint64) sample { return named(t, tables.X86_64, name, args...) }
	for _, tt := range []struct {
		name     string
		call     sample
		o        Options
		mem      Memory
		want     string
		unknown  string
		asked    []string // no other method may be called, and these only if o is set
		unasking bool     // o has no part in it
	}{
		{"working directory", call("openat", cwd, at, 0), Options{FDs: FDPath}, fakeMemory{at: []byte("a\x00")},
			`openat(AT_FDCWD</home>, "a", O_RDONLY) = 0`, `openat(AT_FDCWD, "a", O_RDONLY) = 0`, []string{"Process", "WorkingDir", "Descriptor"}, false},
		{"name", call("kill", 12, 9), Options{PIDs: allPIDs}, nil, `kill(12<sh>, SIGKILL) = 0`, `kill(12, SIGKILL) = 0`,
			[]string{"Process", "Find", "Command"}, false},
		{"id in a namespace", call("kill", 13, 9), Options{PIDs: allPIDs}, nil, `kill(13<a\74b> /* 1013 in strace's PID NS */, SIGKILL) = 0`, `kill(13, SIGKILL) = 0`,
			[]string{"Process", "Find", "Command"}, false},
		{"id without a name", call("kill", 13, 9), Options{PIDs: PIDNamespace}, nil, `kill(13 /* 1013 in strace's PID NS */, SIGKILL) = 0`, `kill(13, SIGKILL) = 0`,
			[]string{"Process", "Find"}, false},
		{"namespaces", call("unshare", unix.CLONE_NEWNET|unix.CLONE_NEWUTS|unix.CLONE_NEWIPC), Options{Namespaces: true}, nil,
			`unshare(CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWNET) = 0 (net:[77], uts:[78])`, `unshare(CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWNET) = 0`,
			[]string{"Process", "Namespace"}, false},
		{"set of processors", call("sched_setaffinity", 0, 1<<31, at), Options{}, fakeMemory{at: append([]byte{5}, make([]byte, 127)...)},
			`sched_setaffinity(0, 2147483648, [0 2 ...]) = 0`, `sched_setaffinity(0, 2147483648, [0 2 ...]) = 0`, []string{"CPUSetSize"}, true},
	} {
		h := h
		s := tt.call
		s.host, s.traits, s.mem = &h, tt.o, tt.mem
		checkText(t, tt.name, s, tt.want)
		for _, method := range h.asked {
			if !slices.Contains(tt.asked, method) {
				t.Errorf("%s: the host was asked for %s", tt.name, method)
			}
		}
		s.host = nil
		checkText(t, tt.name+" on an unknown host", s, tt.unknown)
		h.asked = nil
		s.host, s.traits = &h, Options{}
		s.text(t)
		if len(h.asked) > 0 && !tt.unasking {
			t.Errorf("%s: without an option the host was asked for %v", tt.name, h.asked)
		}
	}
}

// TestInterfaceTexts: the number of an interface is shown by its name, if it has one.
func TestInterfaceTexts(t *testing.T) {
	h := &fakeHost{interfaces: map[uint32]string{2: "eth0"}}
	for _, tt := range []struct {
		host  host.Host
		index uint32
		want  string
	}{
		{h, 2, `if_nametoindex("eth0")`}, {h, 3, "3"}, {h, 0, "0"}, {nil, 2, "2"},
	} {
		got := encoded(t, func(c *Call) {
			c.Decoder = NewDecoder(Options{}, tt.host)
			c.ShowIfIndex(tt.index)
		})
		if want := "---  " + tt.want + " ---\n"; got != want {
			t.Errorf("%d: got %s want %s", tt.index, got, want)
		}
	}
}

// TestTwoHosts: decoders with a host each tell different things of one descriptor.
func TestTwoHosts(t *testing.T) {
	for _, path := range []string{"/one", "/two", "/one"} {
		s := named(t, tables.X86_64, "close", 3)
		s.host, s.traits.FDs = &fakeHost{fds: map[int]fakeFD{3: {path: path}}}, FDPath
		checkText(t, path, s, "close(3<"+path+">) = 0")
	}
}

// pureUnix are the names of golang.org/x/sys/unix that are not constants, which
// are named in capitals, and ask the kernel nothing.
var pureUnix = []string{
	"ByteSliceToString", "Errno", "Major", "Minor", "Signal", "SizeofNlMsghdr", "SizeofSockaddrInet4", "WaitStatus",
	"PtraceRegs",
}

// TestOnlyHostAsks: what is not in memory is asked of the host, so that a decoder
// can be given another one. No other package of the decoder opens files, makes
// system calls or tells the time.
func TestOnlyHostAsks(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "host" || path == "internal" || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		for _, complaint := range asks(t, path) {
			t.Error(complaint)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// asks finds what a file asks the machine for.
func asks(t *testing.T, path string) (complaints []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	complain := func(n ast.Node, what string) {
		complaints = append(complaints, files.Position(n.Pos()).String()+": "+what+" belongs into decode/host")
	}
	for _, i := range file.Imports {
		switch name, _ := strconv.Unquote(i.Path.Value); name {
		case "os", "os/exec", "io/ioutil", "net", "syscall", "unsafe", "C":
			complain(i, "what needs "+name)
		case "golang.org/x/sys/unix":
			if i.Name != nil {
				complain(i, "unix by another name")
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			if !ok {
				break
			}
			name := n.Sel.Name
			if pkg.Name == "unix" && strings.ToUpper(name) != name && !slices.Contains(pureUnix, name) {
				complain(n, "unix."+name)
			}
			if pkg.Name == "time" && (name == "Now" || name == "Since" || name == "Until") {
				complain(n, "time."+name)
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING && strings.Contains(n.Value, "/proc/") {
				complain(n, n.Value)
			}
		}
		return true
	})
	return complaints
}
