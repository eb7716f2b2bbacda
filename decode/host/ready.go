package host

import (
	"bytes"
	"strings"

	"golang.org/x/sys/unix"
)

// Ready queries what a file of another process is ready for: events are those of poll(2).
// ok is false if that is impossible without leaving a trace: see borrow.
func (l *Local) Ready(process, fd int, events int16) (ready int16, ok bool) {
	at := l.borrow(process, fd)
	if at < 0 {
		return 0, false
	}
	defer unix.Close(at)
	p := []unix.PollFd{{Fd: int32(at), Events: events}}
	if _, err := unix.Poll(p, 0); err != nil {
		return 0, false
	}
	return p[0].Revents, true
}

// Timeout reports whether a socket's calls time out: by SO_RCVTIMEO or, for sending,
// SO_SNDTIMEO.
func (l *Local) Timeout(process, fd int, sending bool) (limited, known bool) {
	at := l.borrow(process, fd)
	if at < 0 {
		return false, false
	}
	defer unix.Close(at)
	option := unix.SO_RCVTIMEO
	if sending {
		option = unix.SO_SNDTIMEO
	}
	t, err := unix.GetsockoptTimeval(at, unix.SOL_SOCKET, option)
	return err == nil && *t != unix.Timeval{}, err == nil
}

// borrow makes a descriptor of a file that another process has open, or returns -1. It is
// for files that the kernel serves itself and that a second descriptor does not change.
func (l *Local) borrow(process, fd int) int {
	link := string(l.Descriptor(make([]byte, unix.PathMax), process, fd))
	switch {
	case strings.HasPrefix(link, "pipe:["), link == "anon_inode:[eventfd]", link == "anon_inode:[timerfd]",
		link == "anon_inode:[pidfd]", link == "anon_inode:inotify", link == "anon_inode:[userfaultfd]":
	case strings.HasPrefix(link, "socket:["):
		if !l.sameNetworkClass(process) {
			return -1
		}
	default:
		t, ok := l.FileType(process, fd)
		const ttyMajor, consoleMajor, ptsFirst, ptsLast = 4, 5, 128, 143
		major := unix.Major(t.Device)
		terminal := t.Mode&unix.S_IFMT == unix.S_IFCHR &&
			(major == ttyMajor || major == consoleMajor || ptsFirst <= major && major <= ptsLast)
		if !ok || t.Mode&unix.S_IFMT != unix.S_IFIFO && !terminal {
			return -1
		}
	}
	pidfd, err := unix.PidfdOpen(l.Own(process), 0)
	if err != nil {
		return -1
	}
	defer unix.Close(pidfd)
	at, err := unix.PidfdGetfd(pidfd, fd, 0)
	if err != nil {
		return -1
	}
	return at
}

// sameNetworkClass reports whether a process is in trapline's control groups net_cls and
// net_prio. The kernel assigns these to a socket when a process gets a descriptor of it.
func (l *Local) sameNetworkClass(process int) bool {
	return bytes.Equal(networkClass(readFile("/proc/self/cgroup", 1<<16)), networkClass(readFile(string(l.pathOf(process, "/cgroup")), 1<<16)))
}

// networkClass returns these groups from /proc/PID/cgroup.
func networkClass(file []byte) (groups []byte) {
	for line := range bytes.Lines(file) {
		if bytes.Contains(line, []byte("net_cls")) || bytes.Contains(line, []byte("net_prio")) {
			groups = append(groups, line...)
		}
	}
	return groups
}
