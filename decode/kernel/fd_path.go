package kernel

import (
	"bytes"
	"math/bits"
	"strconv"

	"golang.org/x/sys/unix"

	"trapline/decode/host"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Data about the file behind a descriptor, which the host provides.

// FDLink returns what a descriptor of a process refers to, or nil if it is
// unknown.
func FDLink(c *Call, process, fd int) []byte {
	return SettingsOf(c.Decoder).Host().Descriptor(c.Alloc(PathMax), process, fd)
}

// descriptorInfo returns the lines of a descriptor's fdinfo, or nil if they are
// unknown.
func descriptorInfo(c *Call, process, fd int) []byte {
	return SettingsOf(c.Decoder).Host().DescriptorInfo(c.Alloc(4096), process, fd)
}

// annotateFD shows what FDs selects of a descriptor of a process.
func annotateFD(c *Call, process, fd int) {
	path := FDLink(c, process, fd)
	if path == nil {
		return
	}
	var kind string
	var about []byte
	switch {
	case SettingsOf(c.Decoder).FDs&FDDevice != 0 && path[0] == '/':
		if dev := deviceAt(c, process, fd); dev != nil {
			c.Out.Annotate("path", path)
			c.Out.Annotate("dev", dev)
			return
		}
	case SettingsOf(c.Decoder).FDs&FDSocket != 0 && bytes.HasPrefix(path, []byte("socket:[")):
		kind, about = "socket", describeSocket(c, process, fd, path)
	case SettingsOf(c.Decoder).FDs&FDEventfd != 0 && string(path) == "anon_inode:[eventfd]":
		kind, about = "eventfd", eventfd(c, process, fd)
	case SettingsOf(c.Decoder).FDs&FDPidfd != 0 && (bytes.HasPrefix(path, []byte("pidfd:")) || string(path) == "anon_inode:[pidfd]"):
		kind, about = "pidfd", pidfd(c, process, fd)
	case SettingsOf(c.Decoder).FDs&FDSignalfd != 0 && string(path) == "anon_inode:[signalfd]":
		kind, about = "signalfd", signalfd(c, process, fd)
	}
	if about != nil {
		c.Out.Annotate(kind, about)
		return
	}
	if SettingsOf(c.Decoder).FDs&FDPath == 0 {
		return
	}
	path, deleted := undeleted(c, process, fd, path)
	c.Out.Annotate("path", path)
	if deleted {
		c.Out.Annotate("deleted", nil)
	}
}

// deletedMark is what the kernel appends to the path of a file that no longer has
// that name (d_path in fs/d_path.c).
const deletedMark = " (deleted)"

// undeleted removes the kernel's mark from the path of a descriptor. The mark may
// also be a part of the file's real name.
func undeleted(c *Call, process, fd int, path []byte) (name []byte, deleted bool) {
	name, ok := bytes.CutSuffix(path, []byte(deletedMark))
	if !ok || len(name) == 0 || SettingsOf(c.Decoder).Host().HasName(process, fd, path) {
		return path, false
	}
	return name, true
}

// deviceAt returns the kind and number of the device file behind a descriptor,
// such as "char 1:3", or nil if it is not a device file.
func deviceAt(c *Call, process, fd int) []byte {
	file, ok := SettingsOf(c.Decoder).Host().FileType(process, fd)
	if !ok {
		return nil
	}
	b := c.Alloc(64)[:0]
	switch file.Mode & tables.S_IFMT {
	case tables.S_IFCHR:
		b = append(b, "char "...)
	case tables.S_IFBLK:
		b = append(b, "block "...)
	default:
		return nil
	}
	major, minor := unix.Major(file.Device), unix.Minor(file.Device)
	b = AppendUint(b, uint64(major))
	b = append(b, ':')
	b = AppendUint(b, uint64(minor))
	if major == 5 && minor == 2 && file.Mode&tables.S_IFMT == tables.S_IFCHR { // /dev/ptmx
		if tty := host.Field(descriptorInfo(c, process, fd), "tty-index:"); tty != nil {
			b = append(append(b, " @/dev/pts/"...), tty...)
		}
	}
	return b
}

// eventfd returns the counter of an eventfd and, if the kernel shows it, its id.
func eventfd(c *Call, process, fd int) []byte {
	info := descriptorInfo(c, process, fd)
	count := host.Field(info, "eventfd-count:")
	if len(count) == 0 {
		return nil
	}
	b := append(c.Alloc(128)[:0], "{eventfd-count="...)
	if count[0] != '0' {
		b = append(b, "0x"...)
	}
	b = append(b, count...)
	if id := host.Field(info, "eventfd-id:"); id != nil {
		b = append(append(b, ", eventfd-id="...), id...)
		if semaphore := host.Field(info, "eventfd-semaphore:"); semaphore != nil {
			b = append(append(b, ", eventfd-semaphore="...), semaphore...)
		}
	}
	return append(b, '}')
}

// pidfd returns the process that a pidfd refers to, if it still exists.
func pidfd(c *Call, process, fd int) []byte {
	id := ProcessBehind(c, process, fd)
	if id <= 0 {
		return nil
	}
	b := append(c.Alloc(64)[:0], "pid:"...)
	return AppendUint(b, uint64(id))
}

// ProcessBehind returns the host's number of the process that a pidfd refers to;
// 0 if it no longer exists or is unknown.
func ProcessBehind(c *Call, process, fd int) int {
	id, err := strconv.Atoi(string(host.Field(descriptorInfo(c, process, fd), "Pid:")))
	if err != nil {
		return 0
	}
	return id
}

// signalfd returns the signals that a signalfd accepts.
func signalfd(c *Call, process, fd int) []byte {
	mask, err := strconv.ParseUint(string(host.Field(descriptorInfo(c, process, fd), "sigmask:")), 16, 64)
	if err != nil {
		return nil
	}
	b := append(c.Alloc(1024)[:0], "signalfd:"...)
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
