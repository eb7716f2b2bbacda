package host

import "golang.org/x/sys/unix"

// A file may be on a file system that the tracee itself serves (fuse(4)), and a
// stopped tracee does not answer. Therefore nothing here may make the kernel
// query a file system: only its caches are used.

// FileType implements Host.
func (l *Local) FileType(process, fd int) (FileType, bool) {
	st, ok := l.remembered(process, fd)
	if !ok {
		return FileType{}, false
	}
	return FileType{Mode: uint32(st.Mode), Device: unix.Mkdev(st.Rdev_major, st.Rdev_minor)}, true
}

// HasName implements Host. The name of an open file is in the kernel's name
// cache, so only this cache is searched.
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

// remembered returns the attributes of the file behind a descriptor that the
// kernel has cached.
func (l *Local) remembered(process, fd int) (st unix.Statx_t, ok bool) {
	err := statRemembered(unix.AT_FDCWD, string(l.pathOfFD(process, "/fd/", fd)), 0, &st)
	return st, err == nil
}

func statRemembered(dir int, path string, flags int, st *unix.Statx_t) error {
	const wanted = unix.STATX_TYPE | unix.STATX_MODE | unix.STATX_NLINK | unix.STATX_INO
	return unix.Statx(dir, path, flags|unix.AT_STATX_DONT_SYNC, wanted, st)
}

// OpenFile returns what the kernel has cached about the file behind a descriptor: its
// number and that of its file system.
func (l *Local) OpenFile(process, fd int) (f File, ok bool) {
	st, ok := l.remembered(process, fd)
	return File{Mode: uint32(st.Mode), Inode: st.Ino, Links: st.Nlink, Device: unix.Mkdev(st.Dev_major, st.Dev_minor)}, ok
}
