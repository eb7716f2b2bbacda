package host

import (
	"bytes"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Names of files as the kernel finds them: seen from a process's directories and
// root, through its mounts and symbolic links.
//
// A name may lead into a file system that a stopped tracee serves (see file.go).
// So a name is looked up in the kernel's cache first. What is not there is looked
// up in file systems that the kernel serves itself, and otherwise taken literally.

// Root implements Host.
func (l *Local) Root(b []byte, process int) []byte {
	return readLink(b, l.pathOf(process, "/root"))
}

// Resolve implements Host.
func (l *Local) Resolve(b []byte, process, dir int, name []byte, link bool) []byte {
	l.passed = false
	if len(name) == 0 || len(name) >= unix.PathMax || bytes.IndexByte(name, 0) >= 0 || process <= 0 {
		return nil
	}
	rest := string(name)
	if trimmed := strings.TrimRight(rest, "/"); trimmed != rest && trimmed != "" {
		rest, link = trimmed, false // a slash at the end means that a link is followed
	}
	shared := l.sharesRoot(process)
	if shared && rest[0] == '/' && rest != "/" {
		if found := l.cachedName(b, unix.AT_FDCWD, rest, link); found != nil {
			return found
		}
		shared = false
	}
	start := l.startOf(process, dir, rest)
	if start < 0 {
		return nil
	}
	defer unix.Close(start)
	rest = strings.TrimLeft(rest, "/")
	if rest == "" {
		return l.nameOf(b, start)
	}
	if shared {
		if found := l.cachedName(b, start, rest, link); found != nil {
			return found
		}
	}
	return l.walkName(b, process, start, rest, link)
}

// PassedProcess reports whether the last name that Resolve has found leads through a link
// of the procfs, such as /proc/self or one in /proc/PID/fd. These lead elsewhere for each
// process and at each time.
func (l *Local) PassedProcess() bool { return l.passed }

// Exists implements Host.
func (l *Local) Exists(process, dir int, name []byte, link bool) (exists, ok bool) {
	if l.sharesRoot(process) && len(name) > 0 {
		if start := l.startOf(process, dir, string(name)); start >= 0 {
			defer unix.Close(start)
			flags := uint64(0)
			if link {
				flags = unix.O_NOFOLLOW
			}
			rest := strings.TrimLeft(string(name), "/")
			if rest == "" {
				return true, true
			}
			fd, err := openCached(start, rest, flags, unix.RESOLVE_NO_MAGICLINKS)
			switch err {
			case nil:
				unix.Close(fd)
				return true, true
			case unix.ENOENT:
				return false, true
			}
		}
	}
	switch w := l.Walk(process, dir, string(name), link, nil); w.Obstacle {
	case Found:
		return true, true
	case Missing:
		return false, true
	}
	return false, false
}

// IsNoLink reports whether it is certain that a name in trapline's root directory,
// absolute and without symbolic links before its last part, is not a link: it is a
// directory, another file, or does not exist. (It opens only directories: for other files,
// the open fails as soon as the kernel has found them.)
func (l *Local) IsNoLink(name []byte) (noLink, isDirectory bool) {
	fd, err := openCached(unix.AT_FDCWD, string(name), unix.O_DIRECTORY, unix.RESOLVE_NO_SYMLINKS)
	if err == nil {
		unix.Close(fd)
	}
	return err == nil || err == unix.ENOENT || err == unix.ENOTDIR, err == nil
}

// IsWhereNamed reports whether it is certain that the name of a process's working
// directory leads to that directory in trapline's root directory. It does not if the
// directory was removed, or if something is mounted over it.
func (l *Local) IsWhereNamed(process int) bool {
	var b [unix.PathMax]byte
	name := l.WorkingDir(b[:], process)
	fd, err := openCached(unix.AT_FDCWD, string(name), 0, unix.RESOLVE_NO_SYMLINKS)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	var named, dir unix.Statx_t
	return statMount(fd, "", &named) == nil && statMount(unix.AT_FDCWD, string(l.pathOf(process, "/cwd")), &dir) == nil &&
		named.Mask&unix.STATX_MNT_ID != 0 && named.Mnt_id == dir.Mnt_id && named.Ino == dir.Ino
}

// startOf opens the directory that a path is relative to; -1 if it is not known.
func (l *Local) startOf(process, dir int, name string) int {
	var at []byte
	switch {
	case name[0] == '/':
		at = l.pathOf(process, "/root")
	case dir == unix.AT_FDCWD:
		at = l.pathOf(process, "/cwd")
	case dir >= 0:
		at = l.pathOfFD(process, "/fd/", dir)
	default:
		return -1
	}
	return openPath(unix.AT_FDCWD, string(at), 0)
}

// openPath opens what a link of the procfs leads to, or a name in a directory.
func openPath(dir int, name string, flags int) int {
	fd, err := unix.Openat(dir, name, unix.O_PATH|unix.O_CLOEXEC|flags, 0)
	if err != nil {
		return -1
	}
	return fd
}

// openCached opens a name if it is completely in the kernel's cache.
func openCached(dir int, name string, flags, resolve uint64) (int, error) {
	return unix.Openat2(dir, name, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC | flags, Resolve: resolveCached | resolve,
	})
}

// nameOf returns the name of an open file.
func (l *Local) nameOf(b []byte, fd int) []byte {
	return readLink(b, strconv.AppendInt(append(l.path[:0], "/proc/self/fd/"...), int64(fd), 10))
}

// sharesRoot reports whether a process has the same root directory as trapline.
func (l *Local) sharesRoot(process int) bool {
	if !l.hasRoot {
		l.hasRoot = true
		if statMount(unix.AT_FDCWD, "/", &l.root) != nil {
			l.root.Mask = 0
		}
	}
	var st unix.Statx_t
	return l.root.Mask&unix.STATX_MNT_ID != 0 && statMount(unix.AT_FDCWD, string(l.pathOf(process, "/root")), &st) == nil &&
		st.Mnt_id == l.root.Mnt_id && st.Ino == l.root.Ino
}

func statMount(dir int, name string, st *unix.Statx_t) error {
	const wanted = unix.STATX_TYPE | unix.STATX_INO | unix.STATX_MNT_ID
	return unix.Statx(dir, name, unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC, wanted, st)
}

// cachedName is Resolve for a process with trapline's root directory, by the kernel's own
// lookup; nil if the kernel's cache does not suffice. name is relative to start, or
// absolute.
func (l *Local) cachedName(b []byte, start int, name string, link bool) []byte {
	flags := uint64(0)
	if link {
		flags = unix.O_NOFOLLOW
	}
	fd, err := openCached(start, name, flags, unix.RESOLVE_NO_MAGICLINKS)
	dir, last := path.Split(name)
	if err == unix.ENOENT && last != ".." && last != "." {
		// A call may be about to create it, so only its directory is looked up. If it is a
		// link that leads nowhere, the code below finds that.
		if !link {
			if fd, err := openCached(start, name, unix.O_NOFOLLOW, unix.RESOLVE_NO_MAGICLINKS); err == nil {
				unix.Close(fd)
				return nil
			}
		}
		if dir == "" {
			dir = "."
		}
		fd, err = openCached(start, dir, unix.O_DIRECTORY, unix.RESOLVE_NO_MAGICLINKS)
	} else {
		last = ""
	}
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	found := l.nameOf(b, fd)
	if found == nil || l.isOwn(found) {
		return nil
	}
	if last == "" {
		return found
	}
	return join(b, found, last)
}

// isOwn reports whether a name is below trapline's own directory in the procfs, where
// /proc/self leads trapline.
func (l *Local) isOwn(name []byte) bool {
	rest, ok := bytes.CutPrefix(name, []byte("/proc/"))
	if !ok {
		return false
	}
	if l.self == nil {
		l.self = readLink(make([]byte, 32), []byte("/proc/self"))
	}
	rest, ok = bytes.CutPrefix(rest, l.self)
	return ok && (len(rest) == 0 || rest[0] == '/')
}

// join writes dir, which may be part of b already, a slash and rest into b.
func join(b, dir []byte, rest string) []byte {
	return append(b[:0], path.Clean(string(dir)+"/"+rest)...)
}

const (
	maxLinks  = 40 // symbolic links in a path (MAXSYMLINKS of linux/namei.h)
	procRoot  = 1  // inode of a procfs's root (PROC_ROOT_INO of linux/proc_fs.h)
	typeBits  = unix.S_IFMT
	mountsMax = 4 << 20 // bytes of a mountinfo that are read
)

// walker looks a name up step by step.
type walker struct {
	l       *Local
	process int
	root    int // the process's root directory
	at      int // current directory or file
	mounts  []byte
}

// walkName is Resolve for all processes. name is relative to start.
func (l *Local) walkName(b []byte, process, start int, name string, link bool) []byte {
	w := walker{l: l, process: process, root: openPath(unix.AT_FDCWD, string(l.pathOf(process, "/root")), 0)}
	if w.root < 0 {
		return nil
	}
	defer unix.Close(w.root)
	w.at, _ = unix.FcntlInt(uintptr(start), unix.F_DUPFD_CLOEXEC, 0)
	defer func() { unix.Close(w.at) }()
	rest := name
	for links := 0; rest != ""; {
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		if part == "" || part == "." {
			continue
		}
		if part == ".." && w.isRoot() {
			continue
		}
		next := w.open(part)
		if next < 0 { // it does not exist, or its host must not be asked
			found := l.nameOf(b, w.at)
			if found == nil {
				return nil
			}
			return join(b, found, part+"/"+rest)
		}
		var st unix.Statx_t
		if statMount(next, "", &st) != nil || uint32(st.Mode)&typeBits != unix.S_IFLNK || link && strings.Trim(rest, "/") == "" {
			w.step(next)
			continue
		}
		target, jumped := w.follow(next, part)
		switch links++; {
		case links > maxLinks || target == "" && jumped < 0:
			w.step(next) // taken literally
			continue
		case jumped >= 0:
			unix.Close(next)
			w.step(jumped)
			continue
		}
		unix.Close(next)
		if target[0] == '/' {
			w.step(openPath(w.root, ".", 0))
		}
		rest = target + "/" + rest
	}
	return l.nameOf(b, w.at)
}

// step moves to an open file.
func (w *walker) step(fd int) {
	unix.Close(w.at)
	w.at = fd
}

// isRoot reports whether the walker is in the process's root directory, which has no
// parent.
func (w *walker) isRoot() bool {
	var at, root unix.Statx_t
	return statMount(w.at, "", &at) == nil && statMount(w.root, "", &root) == nil &&
		at.Mnt_id == root.Mnt_id && at.Ino == root.Ino && at.Dev_major == root.Dev_major && at.Dev_minor == root.Dev_minor
}

// open opens one part of a path, without following a link; -1 if it does not exist or may
// not be looked up.
func (w *walker) open(part string) int {
	fd, err := openCached(w.at, part, unix.O_NOFOLLOW, 0)
	if err == nil {
		return fd
	}
	if err != unix.EAGAIN || !w.servedByKernel(w.at) {
		return -1
	}
	return openPath(w.at, part, unix.O_NOFOLLOW)
}

// follow returns the text of a symbolic link, or the file that a procfs link jumps to. If
// the link cannot be read, target is empty and jumped negative.
func (w *walker) follow(link int, part string) (target string, jumped int) {
	kind := w.kindOf(link)
	if !kernelServes(kind) {
		return "", -1
	}
	if kind == "proc" {
		w.l.passed = true
		var st unix.Statx_t
		switch {
		case statMount(w.at, "", &st) != nil || st.Ino != procRoot:
			return "", openPath(w.at, part, 0)
		case part == "self":
			return w.ownID(ThreadGroup), -1
		case part == "thread-self":
			return w.ownID(ThreadGroup) + "/task/" + w.ownID(Thread), -1
		}
	}
	text := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(link, "", text)
	if err != nil || n <= 0 {
		return "", -1
	}
	return string(text[:n]), -1
}

// ownID is an id of the process in its own pid namespace.
func (w *walker) ownID(kind IDKind) string {
	ids := bytes.Fields(Field(readFile(string(w.l.pathOf(w.process, "/status")), statusMax), statusKeys[kind]))
	if len(ids) == 0 {
		return "self"
	}
	return string(ids[len(ids)-1])
}

// servedByKernel reports whether a file is on a file system that the kernel serves itself.
func (w *walker) servedByKernel(fd int) bool { return kernelServes(w.kindOf(fd)) }

// kindOf is the type of the file system that contains a file, according to trapline's
// mountinfo or the process's (proc_pid_mountinfo(5)); "" if it is not known. statfs would
// ask the file system itself, and its server may not answer.
func (w *walker) kindOf(fd int) string {
	var st unix.Statx_t
	if statMount(fd, "", &st) != nil || st.Mask&unix.STATX_MNT_ID == 0 {
		return ""
	}
	if w.mounts == nil {
		// A process with another root directory sees only the mounts below that.
		w.mounts = append(readFile("/proc/self/mountinfo", mountsMax), readFile(string(w.l.pathOf(w.process, "/mountinfo")), mountsMax)...)
	}
	return kindOfMount(w.mounts, st.Mnt_id)
}

func kindOfMount(mounts []byte, id uint64) string {
	for line := range bytes.Lines(mounts) {
		first, rest, ok := bytes.Cut(line, []byte(" "))
		if !ok || string(first) != strconv.FormatUint(id, 10) {
			continue
		}
		_, rest, ok = bytes.Cut(rest, []byte(" - "))
		kind, _, _ := bytes.Cut(rest, []byte(" "))
		if ok {
			return string(kind)
		}
	}
	return ""
}

// kernelServes reports whether the kernel itself answers for every name and link on this
// type of file system. Others, such as fuse, 9p and nfs, may be served by a traced
// process.
func kernelServes(kind string) bool {
	switch kind {
	case "bcachefs", "btrfs", "cgroup", "cgroup2", "cramfs", "debugfs", "devpts", "devtmpfs", "erofs", "exfat", "ext2",
		"ext3", "ext4", "f2fs", "hugetlbfs", "iso9660", "jfs", "mqueue", "ntfs3", "overlay", "proc", "ramfs", "rootfs",
		"securityfs", "squashfs", "sysfs", "tmpfs", "tracefs", "udf", "vfat", "xfs", "zfs":
		return true
	}
	return false
}
