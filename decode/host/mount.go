package host

import (
	"bytes"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Mount is a mount as a process sees it (proc_pid_mountinfo(5)).
type Mount struct {
	Point, Kind, Source string
	Device              uint64 // of its file system
	ReadOnly            bool   // the mount, or its file system
	NoExec, NoDev       bool
}

// Mount finds a mount by its id; false if the process does not see it.
func (l *Local) Mount(process int, id uint64) (m Mount, ok bool) {
	digits := []byte(strconv.FormatUint(id, 10))
	for line := range bytes.Lines(readFile(string(l.pathOf(process, "/mountinfo")), mountsMax)) {
		if m, ok = parseMount(line, digits); ok {
			return m, true
		}
	}
	return Mount{}, false
}

// parseMount reads a line of mountinfo if it is about the mount with an id.
func parseMount(line, id []byte) (m Mount, ok bool) {
	before, after, ok := bytes.Cut(line, []byte(" - "))
	if !ok {
		return m, false
	}
	f, g := bytes.Fields(before), bytes.Fields(after)
	if len(f) < 6 || len(g) < 3 || !bytes.Equal(f[0], id) {
		return m, false
	}
	m.Point, m.Kind, m.Source = unescapeMount(string(f[4])), unescapeMount(string(g[0])), unescapeMount(string(g[1]))
	major, minor, _ := strings.Cut(string(f[2]), ":")
	high, _ := strconv.ParseUint(major, 10, 32)
	low, _ := strconv.ParseUint(minor, 10, 32)
	m.Device = unix.Mkdev(uint32(high), uint32(low))
	for option := range strings.SplitSeq(string(f[5])+","+string(g[2]), ",") {
		switch option {
		case "ro":
			m.ReadOnly = true
		case "noexec":
			m.NoExec = true
		case "nodev":
			m.NoDev = true
		}
	}
	return m, true
}

// unescapeMount decodes the kernel's escapes for blanks and backslashes: \040.
func unescapeMount(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Room is the free space of a file system.
type Room struct {
	Free, Available, Size uint64 // bytes: free, free for everybody, total
	Files, AllFiles       uint64 // inodes: free, total; both 0 if they are not limited
}

// Room queries a file system that the kernel serves itself: the one of a path's directory
// or, if path is empty, of a descriptor.
func (l *Local) Room(process, fd int, path string) (r Room, m Mount, ok bool) {
	at, m, ok := l.openServed(process, fd, path)
	if !ok {
		return r, m, false
	}
	defer unix.Close(at)
	var st unix.Statfs_t
	if unix.Fstatfs(at, &st) != nil || st.Bsize <= 0 {
		return r, m, false
	}
	size := uint64(st.Bsize)
	return Room{Free: st.Bfree * size, Available: st.Bavail * size, Size: st.Blocks * size, Files: st.Ffree, AllFiles: st.Files}, m, true
}

// openServed opens (O_PATH) a path's directory or, if path is empty, a process's
// descriptor, and finds its mount. It does so only on file systems that the kernel serves
// itself: others may block.
func (l *Local) openServed(process, fd int, path string) (at int, m Mount, ok bool) {
	if path == "" {
		at = openPath(unix.AT_FDCWD, string(l.pathOfFD(process, "/fd/", fd)), 0)
	} else {
		at, _ = l.walk(process, fd, path, false, nil)
	}
	if at < 0 {
		return at, m, false
	}
	w := walker{l: l, process: process}
	f, ok := w.fileOf(at)
	if ok && f.Local {
		if m, ok = l.Mount(process, f.Mount); ok {
			return at, m, true
		}
	}
	unix.Close(at)
	return -1, m, false
}

// MountAbove finds the mount of the directory nearest to a path that is in the kernel's
// cache, by its id: on a file system that does not answer, a path cannot be looked up
// further.
func (l *Local) MountAbove(process, dir int, path string) (id uint64, ok bool) {
	for path != "" && path != "/" {
		path = strings.TrimRight(path, "/")
		i := strings.LastIndexByte(path, '/')
		if i < 0 {
			path = "."
		} else {
			path = path[:i+1]
		}
		if w := l.Walk(process, dir, path, false, nil); w.File.Mount != 0 {
			return w.File.Mount, true
		}
		if path == "." {
			break
		}
	}
	return 0, false
}

// MountBelow finds a mount whose parent is the mount with an id.
func (l *Local) MountBelow(process int, id uint64) (m Mount, ok bool) {
	parent := strconv.FormatUint(id, 10)
	for line := range bytes.Lines(readFile(string(l.pathOf(process, "/mountinfo")), mountsMax)) {
		if f := bytes.Fields(line); len(f) > 2 && string(f[1]) == parent {
			return parseMount(line, f[0])
		}
	}
	return Mount{}, false
}

// MountUse is what a process uses of a mount.
type MountUse struct {
	Process, FD int    // FD is -1 if it is not a descriptor
	As          string // "the working directory" and so on
	Name        string // of the file
}

// MountUser finds a process that uses the mount with an id: through an open file, a
// directory or its program.
func (l *Local) MountUser(id uint64) (MountUse, bool) {
	const wanted = unix.STATX_MNT_ID
	on := func(link string) bool {
		var st unix.Statx_t
		return unix.Statx(unix.AT_FDCWD, link, unix.AT_STATX_DONT_SYNC, wanted, &st) == nil && st.Mask&wanted != 0 && st.Mnt_id == id
	}
	name := func(link string) string { return string(readLink(make([]byte, unix.PathMax), []byte(link))) }
	for _, pid := range numberedDirs("/proc") {
		dir := "/proc/" + strconv.Itoa(pid)
		for _, use := range [...][2]string{{"/cwd", "the working directory"}, {"/root", "the root directory"}, {"/exe", "the program"}} {
			if on(dir + use[0]) {
				return MountUse{pid, -1, use[1], name(dir + use[0])}, true
			}
		}
		for _, fd := range numberedDirs(dir + "/fd") {
			if link := dir + "/fd/" + strconv.Itoa(fd); on(link) {
				return MountUse{pid, fd, "", name(link)}, true
			}
		}
	}
	return MountUse{}, false
}
