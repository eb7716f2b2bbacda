package decode

import (
	"bytes"
	"math/bits"
	"strconv"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// What is behind a file descriptor, from /proc/PID/fd and /proc/PID/fdinfo
// (proc(5)).

// annotateFD shows, of descriptor fd of process pid, what c.FDs asks for.
func (c *Call) annotateFD(pid, fd int) {
	link := "/proc/" + strconv.Itoa(pid) + "/fd/" + strconv.Itoa(fd)
	path, ok := c.readLink(link)
	if !ok {
		return
	}
	var kind string
	var about []byte
	switch {
	case c.FDs&FDDevice != 0 && path[0] == '/':
		if dev := c.deviceAt(link, pid, fd); dev != nil {
			c.Out.Annotate("path", path)
			c.Out.Annotate("dev", dev)
			return
		}
	case c.FDs&FDSocket != 0 && bytes.HasPrefix(path, []byte("socket:[")):
		kind, about = "socket", c.describeSocket(pid, fd, path)
	case c.FDs&FDEventfd != 0 && string(path) == "anon_inode:[eventfd]":
		kind, about = "eventfd", c.eventfd(pid, fd)
	case c.FDs&FDPidfd != 0 && (bytes.HasPrefix(path, []byte("pidfd:")) || string(path) == "anon_inode:[pidfd]"):
		kind, about = "pidfd", c.pidfd(pid, fd)
	case c.FDs&FDSignalfd != 0 && string(path) == "anon_inode:[signalfd]":
		kind, about = "signalfd", c.signalfd(pid, fd)
	}
	if about != nil {
		c.Out.Annotate(kind, about)
		return
	}
	if c.FDs&FDPath == 0 {
		return
	}
	path, deleted := undeleted(link, path)
	c.Out.Annotate("path", path)
	if deleted {
		c.Out.Annotate("deleted", nil)
	}
}

// deletedMark is what the kernel puts behind the path of a file that no longer
// has that name (d_path in fs/d_path.c).
const deletedMark = " (deleted)"

// undeleted takes the kernel's mark off the path that link leads to. A file
// may really be called so.
func undeleted(link string, path []byte) (name []byte, deleted bool) {
	name, ok := bytes.CutSuffix(path, []byte(deletedMark))
	if !ok || len(name) == 0 {
		return path, false
	}
	var open, named unix.Stat_t
	if unix.Stat(link, &open) != nil {
		return path, false
	}
	if unix.Lstat(string(path), &named) == nil && named.Dev == open.Dev && named.Ino == open.Ino {
		return path, false
	}
	return name, true
}

// readLink reads a symbolic link.
func (c *Call) readLink(name string) ([]byte, bool) {
	b := c.alloc(pathMax)
	n, err := unix.Readlink(name, b)
	return b[:max(n, 0)], err == nil && n > 0
}

// deviceAt gives the kind and number of the device file that link leads to, as
// "char 1:3", or nil if it is none.
func (c *Call) deviceAt(link string, pid, fd int) []byte {
	var st unix.Stat_t
	if unix.Stat(link, &st) != nil {
		return nil
	}
	b := c.alloc(64)[:0]
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFCHR:
		b = append(b, "char "...)
	case unix.S_IFBLK:
		b = append(b, "block "...)
	default:
		return nil
	}
	major, minor := unix.Major(st.Rdev), unix.Minor(st.Rdev)
	b = appendUint(b, uint64(major))
	b = append(b, ':')
	b = appendUint(b, uint64(minor))
	if major == 5 && minor == 2 && st.Mode&unix.S_IFMT == unix.S_IFCHR { // /dev/ptmx
		if tty := infoValue(c.fdinfo(pid, fd), "tty-index:"); tty != nil {
			b = append(append(b, " @/dev/pts/"...), tty...)
		}
	}
	return b
}

// fdinfo reads what the kernel tells of an open file beside its path.
func (c *Call) fdinfo(pid, fd int) []byte {
	f, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/fdinfo/"+strconv.Itoa(fd), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(f)
	b := c.alloc(4096)
	n, err := unix.Read(f, b)
	if err != nil {
		return nil
	}
	return b[:n]
}

// infoValue finds the line that begins with key and gives what follows it,
// without the blanks around it; nil if there is no such line.
func infoValue(info []byte, key string) []byte {
	for line := range bytes.Lines(info) {
		if v, ok := bytes.CutPrefix(line, []byte(key)); ok {
			return bytes.TrimSpace(v)
		}
	}
	return nil
}

// eventfd gives the counter of an eventfd and, where the kernel tells, its id.
func (c *Call) eventfd(pid, fd int) []byte {
	info := c.fdinfo(pid, fd)
	count := infoValue(info, "eventfd-count:")
	if len(count) == 0 {
		return nil
	}
	b := append(c.alloc(128)[:0], "{eventfd-count="...)
	if count[0] != '0' {
		b = append(b, "0x"...)
	}
	b = append(b, count...)
	if id := infoValue(info, "eventfd-id:"); id != nil {
		b = append(append(b, ", eventfd-id="...), id...)
		if semaphore := infoValue(info, "eventfd-semaphore:"); semaphore != nil {
			b = append(append(b, ", eventfd-semaphore="...), semaphore...)
		}
	}
	return append(b, '}')
}

// pidfd gives the process that a pidfd stands for, if it still exists.
func (c *Call) pidfd(pid, fd int) []byte {
	id := c.pidBehind(pid, fd)
	if id <= 0 {
		return nil
	}
	b := append(c.alloc(64)[:0], "pid:"...)
	return appendUint(b, uint64(id))
}

// pidBehind is the id of the process that a pidfd stands for; 0 if there is
// none.
func (c *Call) pidBehind(pid, fd int) int {
	id, err := strconv.Atoi(string(infoValue(c.fdinfo(pid, fd), "Pid:")))
	if err != nil {
		return 0
	}
	return id
}

// signalfd gives the signals that a signalfd takes.
func (c *Call) signalfd(pid, fd int) []byte {
	mask, err := strconv.ParseUint(string(infoValue(c.fdinfo(pid, fd), "sigmask:")), 16, 64)
	if err != nil {
		return nil
	}
	b := append(c.alloc(1024)[:0], "signalfd:"...)
	if bits.OnesCount64(mask) >= tables.NumSignals*2/3 {
		b = append(b, '~')
		mask = ^mask
	}
	b = append(b, '[')
	for first := true; mask != 0; mask &= mask - 1 {
		if !first {
			b = append(b, ' ')
		}
		first = false
		b = append(b, tables.SignalName(bits.TrailingZeros64(mask) + 1)[len("SIG"):]...)
	}
	return append(b, ']')
}
