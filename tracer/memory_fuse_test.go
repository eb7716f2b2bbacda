//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/tables"
)

func init() {
	// Mounts a file system, maps a file of it and writes from there to a file that
	// does not read. One of its threads serves the file system, except for what
	// its files contain.
	programs["fuse"] = func() {
		runtime.LockOSThread()
		fail := func(err error) {
			if err != nil {
				panic(err)
			}
		}
		// In a mount namespace of its own nothing is left behind.
		fail(unix.Unshare(unix.CLONE_NEWNS))
		fail(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		server, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
		fail(err)
		fail(unix.Mount("fuse", "/mnt", "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", server)))
		go serveFUSE(server)
		file, err := unix.Open("/mnt/file", unix.O_RDONLY, 0)
		fail(err)
		const page = 4096
		b, err := unix.Mmap(file, 0, page, unix.PROT_READ, unix.MAP_PRIVATE)
		fail(err)
		// Now, while the server still answers: if the file were open at exit, the exit
		// would wait for the server.
		fail(unix.Close(file))
		null, err := unix.Open("/dev/null", unix.O_WRONLY, 0)
		fail(err)
		x := [1]byte{'x'}
		for range servedWrites {
			unix.RawSyscall(unix.SYS_PWRITE64, uintptr(null), uintptr(unsafe.Pointer(&x)), 1)
			unix.RawSyscall(unix.SYS_PWRITE64, uintptr(null), uintptr(unsafe.Pointer(&b[0])), 1)
		}
	}
}

// serveFUSE answers the requests of a FUSE file system with a file, except read
// (linux/fuse.h).
func serveFUSE(fd int) {
	const lookup, forget, getattr, open, read, initialize, root = 1, 2, 3, 14, 15, 26, 1
	b := make([]byte, 64<<10)
	for {
		n, err := unix.Read(fd, b)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n < 40 { // struct fuse_in_header
			return
		}
		opcode, unique, node := binary.NativeEndian.Uint32(b[4:]), binary.NativeEndian.Uint64(b[8:]), binary.NativeEndian.Uint64(b[16:])
		attr := make([]byte, 88) // struct fuse_attr
		binary.NativeEndian.PutUint64(attr, 2)
		binary.NativeEndian.PutUint64(attr[8:], 4096) // size
		binary.NativeEndian.PutUint32(attr[60:], unix.S_IFREG|0o644)
		if opcode == getattr && node == root {
			binary.NativeEndian.PutUint32(attr[60:], unix.S_IFDIR|0o755)
		}
		binary.NativeEndian.PutUint32(attr[64:], 1) // links
		var body []byte
		errno := int32(0)
		switch opcode {
		case initialize:
			body = make([]byte, 64) // struct fuse_init_out
			binary.NativeEndian.PutUint32(body, 7)
			binary.NativeEndian.PutUint32(body[4:], 31)
			binary.NativeEndian.PutUint32(body[20:], 4096) // max_write
		case lookup:
			body = make([]byte, 40) // struct fuse_entry_out
			binary.NativeEndian.PutUint64(body, 2)
			body = append(body, attr...)
		case getattr:
			body = append(make([]byte, 16), attr...) // struct fuse_attr_out
		case open:
			body = make([]byte, 16) // struct fuse_open_out
		case forget, read:
			continue
		default:
			errno = -int32(unix.ENOSYS)
		}
		reply := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
		reply = binary.NativeEndian.AppendUint32(reply, uint32(errno))
		unix.Write(fd, append(binary.NativeEndian.AppendUint64(reply, unique), body...))
	}
}

// A mapped file from a file system that a tracee serves cannot be read while the tracee
// does not serve it.
func TestMemoryServedByFileSystem(t *testing.T) {
	need.All(t, need.FUSE, need.MountNamespaces)
	pwrite := func(_ tables.ABI, nr uint64) bool { return nr == unix.SYS_PWRITE64 }
	for _, opts := range []Options{{}, {Follow: true}, {Follow: true, Traced: pwrite}} {
		tracer := newTracer(t, opts)
		launch(t, tracer, command("fuse"))
		testServed(t, tracer)
	}
}
