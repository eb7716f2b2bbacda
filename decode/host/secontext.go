package host

import (
	"bytes"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SELinux contexts: those of files are extended attributes (xattr(7)), those of
// processes are in proc_pid_attr(5).

// ProcessContext implements Host. The answer may come from another security
// module than SELinux.
func (l *Local) ProcessContext(b []byte, process int) []byte {
	return bytes.TrimRight(beforeNUL(readOnce(b, l.pathOf(process, "/attr/current"))), "\n")
}

// DescriptorContext implements Host.
func (l *Local) DescriptorContext(b []byte, process, fd int, expect bool) (context, expected []byte) {
	context = fileContext(b, l.pathOfFD(process, "/fd/", fd))
	if context == nil || !expect {
		return context, nil
	}
	file, known := l.FileType(process, fd)
	if !known {
		return context, nil
	}
	path := make([]byte, unix.PathMax)
	path = l.Descriptor(path, process, fd)
	return context, l.expectedContext(string(path), file.Mode)
}

// PathContext implements Host.
func (l *Local) PathContext(b []byte, process, dir int, path []byte, expect bool) (context, expected []byte) {
	name := l.pathFrom(process, dir, path)
	if name == nil {
		return nil, nil
	}
	context = fileContext(b, name)
	if context == nil || !expect {
		return context, nil
	}
	resolved, err := filepath.EvalSymlinks(string(name))
	if err != nil {
		return context, nil
	}
	var st unix.Stat_t
	if unix.Stat(resolved, &st) != nil {
		return context, nil
	}
	return context, l.expectedContext(resolved, st.Mode)
}

// pathFrom returns a path by which trapline finds the file that a process calls
// path, relative to one of its directory descriptors; nil if there is none.
func (l *Local) pathFrom(process, dir int, path []byte) []byte {
	var b []byte
	switch {
	case len(path) > 0 && path[0] == '/':
		b = l.pathOf(process, "/root")
	case dir == unix.AT_FDCWD:
		b = append(l.pathOf(process, "/cwd"), '/')
	case dir >= 0:
		b = append(l.pathOfFD(process, "/fd/", dir), '/')
	}
	if b == nil || len(b)+len(path) >= unix.PathMax || bytes.IndexByte(path, 0) >= 0 {
		return nil
	}
	return append(b, path...)
}

// fileContext reads the context of a file into b. It returns nil if the file has
// none.
func fileContext(b, path []byte) []byte {
	path = append(path, 0)
	attr := []byte("security.selinux\x00")
	n, _, errno := unix.Syscall6(unix.SYS_GETXATTR, uintptr(unsafe.Pointer(&path[0])), uintptr(unsafe.Pointer(&attr[0])),
		uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), 0, 0)
	if errno != 0 || n == 0 {
		return nil
	}
	return beforeNUL(b[:n])
}

// expectedContext returns the context that the policy expects of a file; nil if
// there is none.
func (l *Local) expectedContext(path string, mode uint32) []byte {
	if l.policy == nil {
		l.policy = new(fileContexts)
		if err := l.policy.load(policyRoot()); err != nil && l.NoPolicy != nil {
			l.NoPolicy(err)
		}
	}
	return l.policy.lookup(path, mode)
}

// policyRoot returns the directory of the policy in the machine's configuration
// (selinux_config(5)).
func policyRoot() string {
	name := "targeted"
	if kind := Field(readFile("/etc/selinux/config", policyFileMax), "SELINUXTYPE="); len(kind) > 0 {
		name = string(kind)
	}
	return "/etc/selinux/" + name
}
