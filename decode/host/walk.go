package host

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Where the lookup of a path ends, for --explain. Only certain facts count, and the rule
// of resolve.go applies: of a file system that a stopped tracee may serve, only what the
// kernel has cached is known.

// Obstacle is the reason why the lookup of a path ends early.
type Obstacle uint8

const (
	NothingKnown Obstacle = iota // nothing certain is known
	Found                        // none: the file exists
	Missing                      // Name does not exist
	DirDeleted                   // Name, where the path starts or goes through, was deleted
	NotDirectory                 // Name is not a directory, but the path continues
	LinkLoop                     // Name is a symbolic link that leads back to itself
	ManyLinks                    // there are more than 40 symbolic links
	NotSearched                  // Name is a directory that the process may not search
)

// Walk is the result of looking up a path as far as possible.
type Walk struct {
	Obstacle Obstacle
	Name     string // of the file where it ends, as the process sees it
	Last     bool   // Name is what the whole path leads to
	Slash    bool   // the path ends with a slash
	File     File   // where it ends; if Missing, the directory
	// Link is the symbolic link whose target contains the missing part, and Target its
	// text; empty if the path itself does.
	Link, Target string
}

// File is what the kernel has cached about a file. It is zero if unknown.
type File struct {
	Mode     uint32
	UID, GID uint32
	Inode    uint64
	Links    uint32
	Mount    uint64 // id of its mount
	Device   uint64 // of its file system
	Kind     string // of its file system, such as "ext4"
	Local    bool   // the kernel serves the file system itself
	ACL      bool   // it has an access control list

	Immutable bool // it may not be changed (chattr(1))
}

// IsDir reports whether the file is a directory.
func (f *File) IsDir() bool { return f.Mode&unix.S_IFMT == unix.S_IFDIR }

// IsRegular reports whether it is a regular file.
func (f *File) IsRegular() bool { return f.Mode&unix.S_IFMT == unix.S_IFREG }

// IsLink reports whether it is a symbolic link.
func (f *File) IsLink() bool { return f.Mode&unix.S_IFMT == unix.S_IFLNK }

// IsDevice reports whether it is a device file.
func (f *File) IsDevice() bool {
	return f.Mode&unix.S_IFMT == unix.S_IFCHR || f.Mode&unix.S_IFMT == unix.S_IFBLK
}

// Walk looks up a path as a process does: see Host.Resolve for the arguments. may tells
// whether the process may search a directory; if it is nil, this is not checked.
func (l *Local) Walk(process, dir int, path string, link bool, may func(*File) Answer) (walk Walk) {
	fd, walk := l.walk(process, dir, path, link, may)
	if fd >= 0 {
		unix.Close(fd)
	}
	return walk
}

// walk is Walk. It also returns the file that was found, open (O_PATH), or -1.
func (l *Local) walk(process, dir int, path string, link bool, may func(*File) Answer) (fd int, walk Walk) {
	if path == "" || len(path) >= unix.PathMax || strings.IndexByte(path, 0) >= 0 || process <= 0 {
		return -1, walk
	}
	start := l.startOf(process, dir, path)
	if start < 0 {
		return -1, walk
	}
	w := walker{l: l, process: process, root: openPath(unix.AT_FDCWD, string(l.pathOf(process, "/root")), 0), at: start}
	if w.root < 0 {
		unix.Close(start)
		return -1, walk
	}
	defer unix.Close(w.root)
	walk.Slash = path[len(path)-1] == '/'
	walk.Obstacle = w.lookUp(path, link && !walk.Slash, may, &walk)
	if walk.Obstacle != Missing {
		walk.File, _ = w.fileOf(w.at)
		walk.Name = w.shownName("")
	}
	if walk.Obstacle != NothingKnown && walk.Name == "" {
		walk.Obstacle = NothingKnown
	}
	if walk.Obstacle != Found {
		unix.Close(w.at)
		return -1, walk
	}
	return w.at, walk
}

// openLink is a symbolic link whose target is being looked up.
type openLink struct {
	name, target string
	tail         int // length of what follows the target
}

// lookUp walks as far as possible, and leaves w.at there.
func (w *walker) lookUp(path string, link bool, may func(*File) Answer, walk *Walk) Obstacle {
	rest := path
	var inside []openLink // innermost last
	for links := 0; ; {
		rest = strings.TrimLeft(rest, "/")
		for len(inside) > 0 && len(rest) <= inside[len(inside)-1].tail {
			inside = inside[:len(inside)-1]
		}
		if rest == "" {
			walk.Last = true
			return Found
		}
		dir, ok := w.fileOf(w.at)
		if !ok {
			return NothingKnown
		}
		if !dir.IsDir() {
			return NotDirectory
		}
		if may != nil {
			switch may(&dir) {
			case No:
				return NotSearched
			case Unsure:
				return NothingKnown
			}
		}
		var part string
		part, rest, _ = strings.Cut(rest, "/")
		walk.Last = strings.Trim(rest, "/") == ""
		if part == "." || part == ".." && w.isRoot() {
			continue
		}
		next, err := w.openPart(part)
		switch {
		case err == unix.ENOENT && dir.Links == 0:
			return DirDeleted
		case err == unix.ENOENT && len(part) <= nameMax:
			walk.File, walk.Name = dir, w.shownName(part)
			if n := len(inside); n > 0 {
				walk.Link, walk.Target = inside[n-1].name, inside[n-1].target
			}
			return Missing
		case err != nil:
			return NothingKnown
		}
		f, ok := w.fileOf(next)
		if !ok {
			unix.Close(next)
			return NothingKnown
		}
		if f.Mode&unix.S_IFMT != unix.S_IFLNK || link && walk.Last {
			w.step(next)
			continue
		}
		name := w.shownName(part)
		for _, outer := range inside {
			if outer.name == name {
				w.step(next)
				return LinkLoop
			}
		}
		if links++; links > maxLinks {
			unix.Close(next)
			return ManyLinks
		}
		target, jumped := w.follow(next, part)
		unix.Close(next)
		if target == "" && jumped < 0 {
			return NothingKnown
		}
		if jumped >= 0 {
			w.step(jumped)
			continue
		}
		if target[0] == '/' {
			root := openPath(w.root, ".", 0)
			if root < 0 {
				return NothingKnown
			}
			w.step(root)
		}
		inside = append(inside, openLink{name, target, len(rest)})
		if rest = target + "/" + rest; walk.Last && !walk.Slash {
			rest = strings.TrimSuffix(rest, "/")
		}
	}
}

const nameMax = 255 // bytes of a part of a path (NAME_MAX of linux/limits.h)

// openPart opens one part of a path, without following a link. The error is ENOENT only if
// the file certainly does not exist.
func (w *walker) openPart(part string) (int, error) {
	fd, err := openCached(w.at, part, unix.O_NOFOLLOW, 0)
	if err == nil || err == unix.ENOENT {
		return fd, err
	}
	if !w.servedByKernel(w.at) {
		return -1, err
	}
	return unix.Openat(w.at, part, unix.O_PATH|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
}

// fileOf returns what the kernel has cached about an open file.
func (w *walker) fileOf(fd int) (f File, ok bool) {
	var st unix.Statx_t
	const wanted = unix.STATX_TYPE | unix.STATX_MODE | unix.STATX_NLINK | unix.STATX_INO | unix.STATX_UID | unix.STATX_GID | unix.STATX_MNT_ID
	if unix.Statx(fd, "", unix.AT_EMPTY_PATH|unix.AT_STATX_DONT_SYNC|unix.AT_NO_AUTOMOUNT, wanted, &st) != nil || st.Mask&wanted != wanted {
		return File{}, false
	}
	f = File{Mode: uint32(st.Mode), UID: st.Uid, GID: st.Gid, Inode: st.Ino, Links: st.Nlink, Mount: st.Mnt_id, Device: unix.Mkdev(st.Dev_major, st.Dev_minor)}
	f.Immutable = st.Attributes&unix.STATX_ATTR_IMMUTABLE != 0
	f.Kind = w.kindOf(fd)
	if f.Local = kernelServes(f.Kind); f.Local {
		_, err := unix.Getxattr("/proc/self/fd/"+strconv.Itoa(fd), "system.posix_acl_access", nil)
		f.ACL = err == nil
	}
	return f, true
}

// shownName is the name, as the process sees it, of the walker's current file, or of part
// in it; empty if that is not known.
func (w *walker) shownName(part string) string {
	name := string(w.l.nameOf(make([]byte, unix.PathMax), w.at))
	if name == "" {
		return ""
	}
	root := string(w.l.nameOf(make([]byte, unix.PathMax), w.root))
	if root != "/" && root != "" {
		if rest, ok := strings.CutPrefix(name, root); ok && (rest == "" || rest[0] == '/') {
			name = rest
		}
	}
	if name == "" {
		name = "/"
	}
	if part != "" {
		name = strings.TrimSuffix(name, "/") + "/" + part
	}
	return name
}
