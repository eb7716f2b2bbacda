//go:build linux && amd64

package explain

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/output"
	"trapline/tables"
)

// ownMemory is the memory of this process, which makes the calls.
type ownMemory struct{}

func (ownMemory) ReadMemory(addr uint64, p []byte) int {
	local := []unix.Iovec{{Base: unsafe.SliceData(p)}}
	local[0].SetLen(len(p))
	n, err := unix.ProcessVMReadv(os.Getpid(), local, []unix.RemoteIovec{{Base: uintptr(addr), Len: len(p)}}, 0)
	if err != nil {
		return 0
	}
	return n
}

// failing makes calls that fail, in the test process, and explains them.
type failing struct {
	t    *testing.T
	e    *Explainer
	kept runtime.Pinner
}

// text is the address of a path.
func (f *failing) text(name string) uintptr {
	b := append([]byte(name), 0)
	f.kept.Pin(&b[0])
	return uintptr(unsafe.Pointer(&b[0]))
}

// explain makes a call, which must fail, and returns the error and the reason.
func (f *failing) explain(nr uintptr, args ...uintptr) (unix.Errno, string) {
	f.t.Helper()
	var a [6]uintptr
	copy(a[:], args)
	_, _, errno := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	if errno == 0 {
		f.t.Fatalf("call %d did not fail", nr)
	}
	d := decode.Call{Decoder: f.e.call.Decoder, Mem: ownMemory{}, TID: unix.Gettid(), ABI: tables.X86_64, NR: uint64(nr)}
	for i, v := range a {
		d.Args[i] = uint64(v)
	}
	d.Sig = d.Lookup(d.ABI, d.NR)
	d.Out, d.Outcome = output.Discard{}, output.Discard{}
	d.Ret, d.Errno = -int64(errno), int(errno)
	return errno, f.e.Reason(&d)
}

// TestReasons compares the reasons with what the kernel says of real calls.
func TestReasons(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f := &failing{t: t, e: New(new(host.Local))}
	defer f.kept.Unpin()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) uintptr { return f.text(filepath.Join(dir, name)) }
	for _, err := range []error{
		os.WriteFile(filepath.Join(dir, "file"), nil, 0o644),
		os.MkdirAll(filepath.Join(dir, "a/b"), 0o755),
		os.Symlink("loop", filepath.Join(dir, "loop")),
		os.Symlink("nowhere", filepath.Join(dir, "dangling")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(socket)
	address := &unix.RawSockaddrInet4{Family: unix.AF_INET, Addr: [4]byte{127, 0, 0, 1}}
	port := l.Addr().(*net.TCPAddr).Port
	*(*[2]byte)(unsafe.Pointer(&address.Port)) = [2]byte{byte(port >> 8), byte(port)}
	sleep := &unix.Timespec{Nsec: 1e9}
	f.kept.Pin(address)
	f.kept.Pin(sleep)
	cwd := unix.AT_FDCWD

	for _, c := range []struct {
		nr    uintptr
		args  []uintptr
		errno unix.Errno
		want  string // DIR stands for the test's folder; empty if nothing is certain
	}{
		{unix.SYS_OPENAT, []uintptr{uintptr(cwd), in("no/where")}, unix.ENOENT, "DIR/no does not exist"},
		{unix.SYS_OPENAT, []uintptr{uintptr(cwd), in("dangling")}, unix.ENOENT, "DIR/nowhere does not exist"},
		{unix.SYS_OPENAT, []uintptr{uintptr(cwd), in("file/x")}, unix.ENOTDIR, "DIR/file is a regular file"},
		{unix.SYS_OPENAT, []uintptr{uintptr(cwd), in("loop")}, unix.ELOOP, "DIR/loop"},
		{unix.SYS_READLINK, []uintptr{in("file"), in("file"), 1}, unix.EINVAL, "DIR/file is a regular file, not a symbolic link"},
		{unix.SYS_RENAME, []uintptr{in("a"), in("a/b/c")}, unix.EINVAL, "DIR/a would be moved into itself, to DIR/a/b"},
		{unix.SYS_MMAP, []uintptr{0, 0, unix.PROT_READ, unix.MAP_PRIVATE | unix.MAP_ANON}, unix.EINVAL, "length is 0"},
		{unix.SYS_MUNMAP, []uintptr{1, 4096}, unix.EINVAL, "the address 0x1 is not a multiple of the page size"},
		{unix.SYS_NANOSLEEP, []uintptr{uintptr(unsafe.Pointer(sleep)), 0}, unix.EINVAL, "tv_nsec is 1000000000, not 0 to 999999999"},
		{unix.SYS_BIND, []uintptr{uintptr(socket), uintptr(unsafe.Pointer(address)), unsafe.Sizeof(*address)}, unix.EADDRINUSE, " listens on " + l.Addr().String()},
		{unix.SYS_DUP, []uintptr{^uintptr(0)}, unix.EBADF, ""},
		{unix.SYS_LSEEK, []uintptr{uintptr(socket), 0, 0}, unix.ESPIPE, ""},
	} {
		name := tables.Lookup(tables.X86_64, uint64(c.nr)).Name
		errno, got := f.explain(c.nr, c.args...)
		want := strings.ReplaceAll(c.want, "DIR", dir)
		if errno != c.errno || !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: %v: %q, want %v: %q", name, errno, got, c.errno, want)
		}
	}
}

func TestQuoted(t *testing.T) {
	for name, want := range map[string]string{
		"/etc/passwd": "/etc/passwd",
		"":            `""`,
		"a b":         `"a b"`,
		`a"b`:         `"a\"b"`,
		"a\n":         `"a\n"`,
		"é":           `"\u00e9"`,
		"a*/b":        `"a*/b"`, // would end the comment that a reason is shown in
	} {
		if got := quoted(name); got != want {
			t.Errorf("quoted(%q) is %s, want %s", name, got, want)
		}
	}
}

// TestCapabilities compares the numbers with the names of capabilities that the kernel has.
func TestCapabilities(t *testing.T) {
	for _, name := range []string{"mount", "chroot", "clock_settime", "init_module", "reboot", "vhangup"} {
		bit, symbol := capabilityOf(name)
		if got, _ := tables.Capability.Lookup(uint64(bit)); got != symbol {
			t.Errorf("%s: bit %d is %s, not %s", name, bit, got, symbol)
		}
	}
	if bit, symbol := capabilityOf("read"); bit != 0 || symbol != "" {
		t.Errorf("read needs %s", symbol)
	}
}
