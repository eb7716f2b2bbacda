package host

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// A fuseServer serves a file system in which every name refers to the same file. It
// records the requests that come from this process (linux/fuse.h), since other processes
// may look at any mount.
type fuseServer struct {
	fd     int
	served sync.WaitGroup

	mu    sync.Mutex
	asked []uint32 // opcodes
}

const (
	fuseLookup  = 1
	fuseForget  = 2
	fuseGetattr = 3
	fuseOpen    = 14
	fuseRelease = 18
	fuseFlush   = 25
	fuseInit    = 26
	fuseOpendir = 27
)

// mountFUSE mounts the file system on a new directory until the test ends.
func mountFUSE(t *testing.T) (s *fuseServer, dir string) {
	t.Helper()
	need.All(t, need.FUSE)
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	if err := unix.Mount("fuse", dir, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)); err != nil {
		t.Fatal(err)
	}
	s = &fuseServer{fd: fd}
	s.served.Go(s.serve)
	t.Cleanup(func() {
		unix.Unmount(dir, unix.MNT_DETACH)
		s.served.Wait()
		unix.Close(fd)
	})
	return s, dir
}

// serve answers requests until the file system is unmounted. All answers expire
// at once, so that the kernel cannot cache them.
func (s *fuseServer) serve() {
	const inHeader = 40
	b := make([]byte, 64<<10)
	for {
		n, err := unix.Read(s.fd, b)
		if err == unix.EINTR || err == unix.ENOENT {
			continue
		}
		if err != nil || n < inHeader {
			return
		}
		opcode, unique, node := binary.NativeEndian.Uint32(b[4:]), binary.NativeEndian.Uint64(b[8:]), binary.NativeEndian.Uint64(b[16:])
		if thread := binary.NativeEndian.Uint32(b[32:]); ours(thread) {
			s.mu.Lock()
			s.asked = append(s.asked, opcode)
			s.mu.Unlock()
		}
		if opcode == fuseForget {
			continue
		}
		body, errno := answer(opcode, node)
		reply := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
		reply = binary.NativeEndian.AppendUint32(reply, uint32(-int32(errno)))
		reply = append(binary.NativeEndian.AppendUint64(reply, unique), body...)
		unix.Write(s.fd, reply)
	}
}

// ours reports whether a thread belongs to this process.
func ours(thread uint32) bool {
	_, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", thread))
	return err == nil
}

func answer(opcode uint32, node uint64) ([]byte, unix.Errno) {
	attr := make([]byte, 88) // struct fuse_attr
	mode := uint32(unix.S_IFREG | 0o644)
	if node == 1 && opcode != fuseLookup {
		mode = unix.S_IFDIR | 0o755
	}
	binary.NativeEndian.PutUint64(attr, node)
	binary.NativeEndian.PutUint32(attr[60:], mode)
	binary.NativeEndian.PutUint32(attr[64:], 1) // links
	switch opcode {
	case fuseInit:
		b := make([]byte, 64)
		binary.NativeEndian.PutUint32(b, 7)
		binary.NativeEndian.PutUint32(b[4:], 31)
		binary.NativeEndian.PutUint32(b[20:], 4096) // max_write
		return b, 0
	case fuseLookup:
		b := make([]byte, 40)
		binary.NativeEndian.PutUint64(b, 2)
		return append(b, attr...), 0
	case fuseGetattr:
		return append(make([]byte, 16), attr...), 0
	case fuseOpen, fuseOpendir:
		return make([]byte, 16), 0
	case fuseFlush, fuseRelease:
		return nil, 0
	}
	return nil, unix.ENOSYS
}

// take returns the opcodes of the requests since the last call of take.
func (s *fuseServer) take() []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// TestNothingIsAskedOfAFileSystem checks that a Local sends no requests to a file system:
// if a stopped tracee serves it, they would never be answered.
func TestNothingIsAskedOfAFileSystem(t *testing.T) {
	s, dir := mountFUSE(t)
	path := filepath.Join(dir, "file (deleted)")
	// os.Open would ask the server whether the file can be polled, and occupy a Go
	// processor (P) while it waits. If there is only one, the server could not answer.
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if asked := s.take(); len(asked) == 0 {
		t.Fatal("the server is not asked for anything")
	}
	var l Local
	for name, ask := range map[string]func(){
		"FileType": func() {
			if f, ok := l.FileType(self, fd); !ok || f.Mode&unix.S_IFMT != unix.S_IFREG {
				t.Errorf("type of the file: %+v, %v", f, ok)
			}
		},
		"HasName": func() { l.HasName(self, fd, []byte(path)) },
		"Resolve": func() {
			for _, name := range []string{path, dir + "/other", dir + "/sub/../x", "/proc/self/root" + path} {
				if got := string(l.Resolve(buf(), self, unix.AT_FDCWD, []byte(name), false)); !strings.HasPrefix(got, dir+"/") {
					t.Errorf("%s leads to %q", name, got)
				}
			}
		},
		"Walk": func() {
			for _, name := range []string{dir + "/other", path + "/x", dir + "/sub/x"} {
				if w := l.Walk(self, unix.AT_FDCWD, name, false, func(*File) Answer { return Yes }); w.Obstacle == Found {
					t.Errorf("%s is found: %+v", name, w)
				}
			}
		},
		"Program": func() {
			if p, ok := l.Program(self, unix.AT_FDCWD, path); ok {
				t.Errorf("a program is read: %+v", p)
			}
		},
		"Room": func() {
			if r, _, ok := l.Room(self, fd, ""); ok {
				t.Errorf("there is room: %+v", r)
			}
		},
		"Descriptor":     func() { l.Descriptor(buf(), self, fd) },
		"DescriptorInfo": func() { l.DescriptorInfo(buf(), self, fd) },
		"SocketProtocol": func() {
			if got := l.SocketProtocol(buf(), self, fd); got != nil {
				t.Errorf("the file has the protocol %q", got)
			}
		},
	} {
		ask()
		if asked := s.take(); len(asked) != 0 {
			t.Errorf("%s has the server asked for %d", name, asked)
		}
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || len(s.take()) == 0 {
		t.Errorf("the server is not asked although the kernel's data has expired: %v", err)
	}
}
