package decode_test

import (
	"net/netip"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

const (
	allFDs  = FDPath | FDSocket | FDDevice | FDEventfd | FDPidfd | FDSignalfd // -yy
	allPIDs = PIDComm | PIDNamespace
)

// TestDescriptorTexts checks what -y and -yy show of descriptors.
func TestDescriptorTexts(t *testing.T) {
	device := func(kind, major, minor uint32) host.FileType {
		return host.FileType{Mode: kind, Device: unix.Mkdev(major, minor)}
	}
	for _, tt := range []struct {
		name  string
		fd    FakeFD
		y, yy string
	}{
		{"file", FakeFD{Path: "/etc/passwd"}, "</etc/passwd>", "</etc/passwd>"},
		{"escapes", FakeFD{Path: "/a\nb>\x1b"}, `</a\nb\76\33>`, `</a\nb\76\33>`},
		{"deleted", FakeFD{Path: "/a (deleted)", Renamed: true}, "</a>(deleted)", "</a>(deleted)"},
		{"called deleted", FakeFD{Path: "/a (deleted)"}, "</a (deleted)>", "</a (deleted)>"},
		{"device", FakeFD{Path: "/dev/null", File: device(tables.S_IFCHR, 1, 3)}, "</dev/null>", "</dev/null<char 1:3>>"},
		{"disk", FakeFD{Path: "/dev/sda", File: device(tables.S_IFBLK, 8, 0)}, "</dev/sda>", "</dev/sda<block 8:0>>"},
		{"terminal", FakeFD{Path: "/dev/ptmx", File: device(tables.S_IFCHR, 5, 2), Info: "pos:\t0\ntty-index:\t7\n"},
			"</dev/ptmx>", "</dev/ptmx<char 5:2 @/dev/pts/7>>"},
		{"pipe", FakeFD{Path: "pipe:[12]"}, "<pipe:[12]>", "<pipe:[12]>"},
		{"eventfd", FakeFD{Path: "anon_inode:[eventfd]", Info: "eventfd-count:                5\neventfd-id: 3\neventfd-semaphore: 1\n"},
			"<anon_inode:[eventfd]>", "<{eventfd-count=0x5, eventfd-id=3, eventfd-semaphore=1}>"},
		{"eventfd, no more", FakeFD{Path: "anon_inode:[eventfd]"}, "<anon_inode:[eventfd]>", "<anon_inode:[eventfd]>"},
		{"pidfd", FakeFD{Path: "anon_inode:[pidfd]", Info: "Pid:\t42\n"}, "<anon_inode:[pidfd]>", "<pid:42>"},
		{"pidfd of nobody", FakeFD{Path: "anon_inode:[pidfd]", Info: "Pid:\t-1\n"}, "<anon_inode:[pidfd]>", "<anon_inode:[pidfd]>"},
		{"signalfd", FakeFD{Path: "anon_inode:[signalfd]", Info: "sigmask:\t0000000000000201\n"}, "<anon_inode:[signalfd]>", "<signalfd:[HUP USR1]>"},
		{"TCP", FakeFD{Path: "socket:[7]", Protocol: "TCP", Socket: &host.Socket{Local: netip.MustParseAddrPort("127.0.0.1:80"), Remote: netip.MustParseAddrPort("10.0.0.1:4711")}},
			"<socket:[7]>", "<TCP:[127.0.0.1:80->10.0.0.1:4711]>"},
		{"TCP, listening", FakeFD{Path: "socket:[7]", Protocol: "TCP", Socket: &host.Socket{Local: netip.MustParseAddrPort("0.0.0.0:80"), Remote: netip.MustParseAddrPort("0.0.0.0:0")}},
			"<socket:[7]>", "<TCP:[0.0.0.0:80]>"},
		{"UDPv6", FakeFD{Path: "socket:[7]", Protocol: "UDPv6", Socket: &host.Socket{Local: netip.MustParseAddrPort("[::1]:53"), Remote: netip.MustParseAddrPort("[::ffff:10.0.0.1]:9")}},
			"<socket:[7]>", "<UDPv6:[[::1]:53->[::ffff:10.0.0.1]:9]>"},
		{"TCP, not told", FakeFD{Path: "socket:[7]", Protocol: "TCP"}, "<socket:[7]>", "<TCP:[7]>"},
		{"protocol not told", FakeFD{Path: "socket:[7]"}, "<socket:[7]>", "<socket:[7]>"},
		{"UNIX", FakeFD{Path: "socket:[7]", Protocol: "UNIX-STREAM", Socket: &host.Socket{Name: []byte("/run/a\"b\x00"), Peer: 8}},
			"<socket:[7]>", `<UNIX-STREAM:[7->8,"/run/a\"b"]>`},
		{"UNIX, abstract", FakeFD{Path: "socket:[7]", Protocol: "UNIX", Socket: &host.Socket{Name: []byte("\x00name")}},
			"<socket:[7]>", `<UNIX:[7,@"name"]>`},
		{"NETLINK", FakeFD{Path: "socket:[7]", Protocol: "NETLINK", Socket: &host.Socket{Protocol: tables.NETLINK_ROUTE, Port: 99}},
			"<socket:[7]>", "<NETLINK:[ROUTE:99]>"},
		{"nothing", FakeFD{}, "", ""},
	} {
		for _, show := range []struct {
			what FDs
			want string
		}{{0, ""}, {FDPath, tt.y}, {allFDs, tt.yy}} {
			h := &FakeHost{Fds: map[int]FakeFD{3: tt.fd}}
			s := Named(t, tables.X86_64, "close", 3)
			s.Host, s.Traits.FDs = h, show.what
			CheckText(t, tt.name, s, "close(3"+show.want+") = 0")
			if show.what == 0 && len(h.Asked) > 0 {
				t.Errorf("%s: without -y the host was asked for %v", tt.name, h.Asked)
			}
			s.Host = nil
			CheckText(t, tt.name+" on an unknown host", s, "close(3) = 0")
		}
	}
}

// TestHostTexts checks other texts that depend on the host, with known and unknown answers.
func TestHostTexts(t *testing.T) {
	const at = 0x7000
	const cwd = 1<<64 - 100 // AT_FDCWD
	h := FakeHost{
		Cwd:        "/home",
		Fds:        map[int]FakeFD{3: {Path: "/tmp"}},
		Ids:        map[int]FakeID{12: {Own: 12, Found: 12}, 13: {Own: 1013, Found: 2013}},
		Commands:   map[int]string{12: "sh", 2013: "a<b"},
		Namespaces: map[string]string{"net": "net:[77]", "uts": "uts:[78]"},
		Interfaces: map[uint32]string{2: "eth0"},
	}
	call := func(name string, args ...uint64) Sample { return Named(t, tables.X86_64, name, args...) }
	for _, tt := range []struct {
		name     string
		call     Sample
		o        decode.Options
		mem      Memory
		want     string
		unknown  string
		asked    []string // only these methods may be called, and only if o is set
		unasking bool     // the text does not depend on o
	}{
		{"working directory", call("openat", cwd, at, 0), decode.Options{FDs: FDPath}, FakeMemory{at: []byte("a\x00")},
			`openat(AT_FDCWD</home>, "a", O_RDONLY) = 0`, `openat(AT_FDCWD, "a", O_RDONLY) = 0`, []string{"Process", "WorkingDir", "Descriptor"}, false},
		{"name", call("kill", 12, 9), decode.Options{PIDs: allPIDs}, nil, `kill(12<sh>, SIGKILL) = 0`, `kill(12, SIGKILL) = 0`,
			[]string{"Process", "Find", "Command"}, false},
		{"id in a namespace", call("kill", 13, 9), decode.Options{PIDs: allPIDs}, nil, `kill(13<a\74b> /* 1013 in strace's PID NS */, SIGKILL) = 0`, `kill(13, SIGKILL) = 0`,
			[]string{"Process", "Find", "Command"}, false},
		{"id without a name", call("kill", 13, 9), decode.Options{PIDs: PIDNamespace}, nil, `kill(13 /* 1013 in strace's PID NS */, SIGKILL) = 0`, `kill(13, SIGKILL) = 0`,
			[]string{"Process", "Find"}, false},
		{"namespaces", call("unshare", tables.CLONE_NEWNET|tables.CLONE_NEWUTS|tables.CLONE_NEWIPC), decode.Options{Namespaces: true}, nil,
			`unshare(CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWNET) = 0 (net:[77], uts:[78])`, `unshare(CLONE_NEWUTS|CLONE_NEWIPC|CLONE_NEWNET) = 0`,
			[]string{"Process", "Namespace"}, false},
		{"set of processors", call("sched_setaffinity", 0, 1<<31, at), decode.Options{}, FakeMemory{at: append([]byte{5}, make([]byte, 127)...)},
			`sched_setaffinity(0, 2147483648, [0 2 ...]) = 0`, `sched_setaffinity(0, 2147483648, [0 2 ...]) = 0`, []string{"CPUSetSize"}, true},
	} {
		h := h
		s := tt.call
		s.Host, s.Traits, s.Mem = &h, tt.o, tt.mem
		CheckText(t, tt.name, s, tt.want)
		for _, method := range h.Asked {
			if !slices.Contains(tt.asked, method) {
				t.Errorf("%s: the host was asked for %s", tt.name, method)
			}
		}
		s.Host = nil
		CheckText(t, tt.name+" on an unknown host", s, tt.unknown)
		h.Asked = nil
		s.Host, s.Traits = &h, decode.Options{}
		s.Text(t)
		if len(h.Asked) > 0 && !tt.unasking {
			t.Errorf("%s: without an option the host was asked for %v", tt.name, h.Asked)
		}
	}
}

// TestInterfaceTexts: the number of an interface is shown by its name, if it has one.
func TestInterfaceTexts(t *testing.T) {
	h := &FakeHost{Interfaces: map[uint32]string{2: "eth0"}}
	for _, tt := range []struct {
		host  host.Host
		index uint32
		want  string
	}{
		{h, 2, `if_nametoindex("eth0")`}, {h, 3, "3"}, {h, 0, "0"}, {nil, 2, "2"},
	} {
		got := Encoded(t, func(c *Call) {
			c.Decoder = decode.NewDecoder(decode.Options{}, tt.host)
			ShowIfIndex(c, tt.index)
		})
		if want := "---  " + tt.want + " ---\n"; got != want {
			t.Errorf("%d: got %s want %s", tt.index, got, want)
		}
	}
}

// TestTwoHosts: two decoders with different hosts show different things for one descriptor.
func TestTwoHosts(t *testing.T) {
	for _, path := range []string{"/one", "/two", "/one"} {
		s := Named(t, tables.X86_64, "close", 3)
		s.Host, s.Traits.FDs = &FakeHost{Fds: map[int]FakeFD{3: {Path: path}}}, FDPath
		CheckText(t, path, s, "close(3<"+path+">) = 0")
	}
}
