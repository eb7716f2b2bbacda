package host

import "golang.org/x/sys/unix"

// A file may be one that the tracee serves itself (fuse(4)), and it serves nothing
// while it is stopped. So nothing here may have the kernel ask a file system: what
// it remembers must do.

// FileType implements Host.
func (l *Local) FileType(process, fd int) (FileType, bool) {
	st, ok := l.remembered(process, fd)
	if !ok {
		return FileType{}, false
	}
	return FileType{Mode: uint32(st.Mode), Device: unix.Mkdev(st.Rdev_major, st.Rdev_minor)}, true
}

// HasName implements Host. The name of an open file is in the kernel's cache of
// names, so it is looked for nowhere else.
func (l *Local) HasName(process, fd int, path []byte) bool {
	open, ok := l.remembered(process, fd)
	if !ok {
		return true
	}
	if open.Nlink == 0 {
		return false
	}
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_NOFOLLOW | unix.O_CLOEXEC, Resolve: resolveCached}
	named, err := unix.Openat2(unix.AT_FDCWD, string(path), &how)
	switch err {
	case nil:
	case unix.EINVAL, unix.ENOSYS, unix.EPERM: // before Linux 5.12, or forbidden
		return true
	default:
		return false
	}
	defer unix.Close(named)
	var st unix.Statx_t
	if statRemembered(named, "", unix.AT_EMPTY_PATH, &st) != nil {
		return true
	}
	return st.Ino == open.Ino && st.Dev_major == open.Dev_major && st.Dev_minor == open.Dev_minor
}

const resolveCached = 0x20 // RESOLVE_CACHED of linux/openat2.h

// remembered gives what the kernel remembers of the file behind a descriptor.
func (l *Local) remembered(process, fd int) (st unix.Statx_t, ok bool) {
	err := statRemembered(unix.AT_FDCWD, string(l.pathOfFD(process, "/fd/", fd)), 0, &st)
	return st, err == nil
}

func statRemembered(dir int, path string, flags int, st *unix.Statx_t) error {
	const wanted = unix.STATX_TYPE | unix.STATX_MODE | unix.STATX_NLINK | unix.STATX_INO
	return unix.Statx(dir, path, flags|unix.AT_STATX_DONT_SYNC, wanted, st)
}
