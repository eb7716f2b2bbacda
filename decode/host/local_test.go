package host

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// self is the process that the tests query: this one.
var self = os.Getpid()

func buf() []byte { return make([]byte, 4096) }

func TestDescriptors(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a (deleted)")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd := int(file.Fd())
	var l Local
	if got := l.Descriptor(buf(), self, fd); string(got) != path {
		t.Errorf("the descriptor of %s leads to %q", path, got)
	}
	if got := l.Descriptor(make([]byte, 3), self, fd); string(got) != path[:3] {
		t.Errorf("cut to 3 bytes, the descriptor of %s leads to %q", path, got)
	}
	if got := l.Descriptor(nil, self, fd); got != nil {
		t.Errorf("cut to nothing, the descriptor of %s leads to %q", path, got)
	}
	if !l.HasName(self, fd, []byte(path)) {
		t.Error("the file lacks its name")
	}
	if f, ok := l.FileType(self, fd); !ok || f.Mode&unix.S_IFMT != unix.S_IFREG {
		t.Errorf("type of the file: %+v, %v", f, ok)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := l.Descriptor(buf(), self, fd); string(got) != path+" (deleted)" {
		t.Errorf("the descriptor of a removed file leads to %q", got)
	}
	if l.HasName(self, fd, []byte(path+" (deleted)")) {
		t.Error("a removed file has a name")
	}
	if _, ok := l.FileType(self, 1<<20); ok || l.Descriptor(buf(), self, 1<<20) != nil || l.DescriptorInfo(buf(), self, 1<<20) != nil || !l.HasName(self, 1<<20, nil) {
		t.Error("a descriptor that does not exist has data")
	}
}

func TestSpecialFiles(t *testing.T) {
	null, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	var l Local
	if f, ok := l.FileType(self, int(null.Fd())); !ok || f.Mode&unix.S_IFMT != unix.S_IFCHR || f.Device != unix.Mkdev(1, 3) {
		t.Errorf("type of /dev/null: %+v, %v", f, ok)
	}
	event, err := unix.Eventfd(5, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(event)
	if got := l.Descriptor(buf(), self, event); string(got) != "anon_inode:[eventfd]" {
		t.Errorf("an eventfd leads to %q", got)
	}
	if got := Field(l.DescriptorInfo(buf(), self, event), "eventfd-count:"); string(got) != "5" {
		t.Errorf("count of an eventfd: %q", got)
	}
}

func TestProcess(t *testing.T) {
	var l Local
	tid := unix.Gettid()
	if name, ok := l.Command(buf(), self); !ok || len(name) == 0 || bytes.ContainsRune(name, '\n') {
		t.Errorf("name of this process: %q, %v", name, ok)
	}
	if _, ok := l.Command(buf(), 1<<30); ok {
		t.Error("a process that does not exist has a name")
	}
	if got := l.Namespace(buf(), self, "net"); !bytes.HasPrefix(got, []byte("net:[")) {
		t.Errorf("network namespace: %q", got)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if got := l.WorkingDir(buf(), self); string(got) != dir {
		t.Errorf("working directory: %q, want %q", got, dir)
	}
	process := l.Process(tid)
	if own, found := l.Find(process, tid, Thread); own != tid || found != process {
		t.Errorf("this thread, %d, is found as %d, %d", tid, own, found)
	}
}

func TestMapping(t *testing.T) {
	name := filepath.Join(t.TempDir(), "mapped")
	size := os.Getpagesize()
	if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var l Local
	if first, _, ok := l.Mapping(self, []byte(name)); ok {
		t.Errorf("found a mapping at %#x of a file that is not mapped", first)
	}
	b, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(b)
	at := uint64(uintptr(unsafe.Pointer(&b[0])))
	first, end, ok := l.Mapping(self, []byte(name))
	if !ok || first != at || end != at+uint64(size) {
		t.Errorf("found a mapping from %#x to %#x, %v, and not the one at %#x", first, end, ok, at)
	}
	if got := l.MappedFile(buf(), self, first, end); string(got) != name {
		t.Errorf("mapped is %q", got)
	}
	if got := l.MappedFile(buf(), self, first, end+1); got != nil {
		t.Errorf("mapped where there is no mapping is %q", got)
	}
}

func TestSockets(t *testing.T) {
	need.All(t, need.Netlink)
	var l Local
	inode := func(fd int) uint64 {
		t.Helper()
		digits := strings.Trim(string(l.Descriptor(buf(), self, fd)), "socket:[]")
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}

	var config net.ListenConfig
	config.SetMultipathTCP(false)
	listener, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd := int(file.Fd())
	if got := l.SocketProtocol(buf(), self, fd); string(got) != "TCP" {
		t.Errorf("protocol of a TCP socket: %q", got)
	}
	if s, ok := l.Socket(unix.AF_INET, unix.IPPROTO_TCP, inode(fd)); !ok || s.Local.String() != listener.Addr().String() || s.Remote.String() != "0.0.0.0:0" {
		t.Errorf("a listening socket: %+v, %v", s, ok)
	}

	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	if s, ok := l.Socket(unix.AF_UNIX, 0, inode(pair[0])); !ok || uint64(s.Peer) != inode(pair[1]) || s.Name != nil {
		t.Errorf("one of a pair of sockets: %+v, %v", s, ok)
	}

	route, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(route)
	if _, ok := l.Socket(unix.AF_NETLINK, 0, inode(route)); ok {
		t.Error("the kernel reports a netlink socket without an address")
	}
	if err := unix.Bind(route, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatal(err)
	}
	if s, ok := l.Socket(unix.AF_NETLINK, 0, inode(route)); !ok || s.Protocol != unix.NETLINK_ROUTE || s.Port == 0 {
		t.Errorf("a netlink socket: %+v, %v", s, ok)
	}
}

func TestInterface(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	var l Local
	defer l.Close()
	for range 2 {
		if name, ok := l.Interface(uint32(lo.Index)); !ok || name != "lo" {
			t.Errorf("interface %d is %q, %v", lo.Index, name, ok)
		}
		l.Close() // the socket is opened again
	}
	for _, index := range []uint32{0, 1 << 30} {
		if name, ok := l.Interface(index); ok {
			t.Errorf("interface %d is %q", index, name)
		}
	}
}

func TestMachine(t *testing.T) {
	var l Local
	if n := l.CPUSetSize(); n < LeastCPUSetSize || n&(n-1) != 0 {
		t.Errorf("size of the kernel's sets of processors: %d", n)
	}
	if at, ok := l.BootTime(0); !ok || at.After(time.Now()) {
		t.Errorf("the machine was started at %v, %v", at, ok)
	}
}

// TestDescriptorsDoNotAllocate covers the queries that are made for each netlink
// call and, with -y, for each descriptor.
func TestDescriptorsDoNotAllocate(t *testing.T) {
	l, b := new(Local), buf()
	if n := testing.AllocsPerRun(100, func() {
		l.Process(self)
		l.Descriptor(b, self, 0)
		l.SocketProtocol(b, self, 0)
		l.WorkingDir(b, self)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// TestReadFileIsBounded reads a file without an end.
func TestReadFileIsBounded(t *testing.T) {
	if n := len(readFile("/dev/zero", 100_000)); n != 100_000 {
		t.Errorf("read %d bytes", n)
	}
	if n := len(readFile("/dev/null", 100_000)); n != 0 {
		t.Errorf("read %d bytes", n)
	}
	if b := readFile("/no/such/file", 100); b != nil {
		t.Errorf("read %q", b)
	}
}

func TestField(t *testing.T) {
	const file = "Name:\tNSpid:\nNSpid:\t7\t1 \n\nlast: x"
	for key, want := range map[string]string{"NSpid:": "7\t1", "last:": "x", "Name:": "NSpid:"} {
		if got := Field([]byte(file), key); string(got) != want {
			t.Errorf("%s %q, want %q", key, got, want)
		}
	}
	if got := Field([]byte(file), "none"); got != nil {
		t.Errorf("a line that does not exist is %q", got)
	}
}
