package host

import (
	"bytes"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Local is the machine that trapline runs on. Its procfs must be mounted on /proc. The zero
// Local is ready for use. It queries nothing unless it is asked.
type Local struct {
	path [128]byte // buffer for the path of a file in /proc, with room for any of them

	// NoPolicy, if not nil, is called once, when the policy's file contexts are
	// first needed and cannot be read.
	NoPolicy func(error)
	policy   *fileContexts // nil until needed

	here  namespaces
	found map[namespacedID]int // where ids were found: numbers in /proc

	socket     int // for queries of interfaces, valid if hasSocket is set; -1 if there is none
	hasSocket  bool
	cpuSetSize uint64 // 0 until needed

	root    unix.Statx_t // trapline's own root directory, valid if hasRoot is set
	hasRoot bool
	self    []byte // the name of trapline's own directory in the procfs; nil until needed
	passed  bool   // see PassedProcess
}

var _ Host = (*Local)(nil)

// Close closes what a Local keeps open.
func (l *Local) Close() {
	if l.hasSocket && l.socket >= 0 {
		unix.Close(l.socket)
	}
	l.hasSocket = false
}

// pathOf returns the path of a file below /proc/PID. It is valid until the next
// call.
func (l *Local) pathOf(process int, file string) []byte {
	b := append(l.path[:0], "/proc/"...)
	b = strconv.AppendInt(b, int64(process), 10)
	return append(b, file...)
}

// pathOfFD is pathOf for a file that is named after a descriptor.
func (l *Local) pathOfFD(process int, dir string, fd int) []byte {
	return strconv.AppendInt(l.pathOf(process, dir), int64(fd), 10)
}

// readLink reads a symbolic link into b. Unlike unix.Readlink it does not allocate.
func readLink(b, path []byte) []byte {
	path = append(path, 0)
	dir := unix.AT_FDCWD
	n, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(&path[0])),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0)
	if errno != 0 || n == 0 {
		return nil
	}
	return b[:n]
}

// readOnce fills b with the start of a file, in a single read. It returns nil if
// that fails.
func readOnce(b, path []byte) []byte {
	fd, err := unix.Open(string(path), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, b)
	if err != nil {
		return nil
	}
	return b[:n]
}

// readFile reads a file, up to limit bytes.
func readFile(path string, limit int) []byte {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	return readRest(fd, make([]byte, 0, min(limit, 8<<10)), limit)
}

// readInOne reads a file, up to limit bytes, into room if that suffices. It is for files
// of which a read returns everything that fits, so that a shorter read means the end. It
// returns nil if the file cannot be opened.
func readInOne(room, path []byte, limit int) []byte {
	fd, err := unix.Open(string(path), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, room)
	if err == nil && n < len(room) {
		return room[:n]
	}
	return readRest(fd, room[:max(n, 0)], limit)
}

// readRest reads an open file to its end, up to limit bytes with those in b.
func readRest(fd int, b []byte, limit int) []byte {
	for {
		if len(b) == limit {
			return b
		}
		if len(b) == cap(b) {
			grown := make([]byte, len(b), min(limit, max(8<<10, 2*len(b))))
			copy(grown, b)
			b = grown
		}
		n, err := unix.Read(fd, b[len(b):cap(b)])
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			return b
		}
		b = b[:len(b)+n]
	}
}

// Field finds the line that begins with key, and returns what follows, without
// surrounding blanks; nil if there is no such line.
func Field(file []byte, key string) []byte {
	for line := range bytes.Lines(file) {
		if v, ok := bytes.CutPrefix(line, []byte(key)); ok {
			return bytes.TrimSpace(v)
		}
	}
	return nil
}

// Command implements Host.
func (l *Local) Command(b []byte, process int) ([]byte, bool) {
	name := readOnce(b, l.pathOf(process, "/comm"))
	if len(name) == 0 {
		return nil, false
	}
	return bytes.TrimSuffix(name, []byte("\n")), true
}

// Namespace implements Host.
func (l *Local) Namespace(b []byte, process int, kind string) []byte {
	return readLink(b, append(l.pathOf(process, "/ns/"), kind...))
}

// WorkingDir implements Host.
func (l *Local) WorkingDir(b []byte, process int) []byte {
	return readLink(b, l.pathOf(process, "/cwd"))
}

// Descriptor implements Host.
func (l *Local) Descriptor(b []byte, process, fd int) []byte {
	return readLink(b, l.pathOfFD(process, "/fd/", fd))
}

// DescriptorInfo implements Host.
func (l *Local) DescriptorInfo(b []byte, process, fd int) []byte {
	return readOnce(b, l.pathOfFD(process, "/fdinfo/", fd))
}

// CPUSetSize implements Host. The kernel refuses smaller sets before it accesses
// the memory.
func (l *Local) CPUSetSize() uint64 {
	if l.cpuSetSize == 0 {
		l.cpuSetSize = LeastCPUSetSize
		const most = 1 << 20
		for size := uint64(LeastCPUSetSize); size < most; size *= 2 {
			if _, _, e := unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, 0, uintptr(size), 0); e != unix.EINVAL {
				l.cpuSetSize = size
				break
			}
		}
	}
	return l.cpuSetSize
}

// BootTime implements Host.
func (l *Local) BootTime(running time.Duration) (time.Time, bool) {
	var boot unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return time.Time{}, false
	}
	return time.Now().Add(running - time.Duration(boot.Nano())), true
}
