package host

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Quota is a quota that has been reached.
type Quota struct {
	Of          string // "user", "group"
	ID          uint32
	What        string // "bytes", "files"
	Used, Limit uint64
}

// Quota finds a quota that has been reached, on a file system that the kernel serves
// itself: of the user and group of a descriptor's file or, if path is not empty, of uid
// and gid, which are to create a file in that directory.
func (l *Local) Quota(process, fd int, path string, uid, gid uint32) (q Quota, m Mount, ok bool) {
	at, m, ok := l.openServed(process, fd, path)
	if !ok {
		return q, m, false
	}
	defer unix.Close(at)
	w := walker{l: l, process: process}
	f, ok := w.fileOf(at)
	what := "files"
	switch {
	case !ok:
		return q, m, false
	case path == "":
		uid, gid, what = f.UID, f.GID, "bytes"
	case f.Mode&unix.S_ISGID != 0:
		gid = f.GID
	}
	const get, user, group = 0x800007, 0, 1 // Q_GETQUOTA, USRQUOTA, GRPQUOTA
	for _, kind := range []Quota{{Of: "user", ID: uid, What: what}, {Of: "group", ID: gid, What: what}} {
		of := uintptr(user)
		if kind.Of == "group" {
			of = group
		}
		var b [72]byte // struct if_dqblk
		_, _, errno := unix.Syscall6(unix.SYS_QUOTACTL_FD, uintptr(at), get<<8|of, uintptr(kind.ID), uintptr(unsafe.Pointer(&b)), 0, 0)
		if errno != 0 {
			continue
		}
		if q, ok := reached(b[:], kind); ok {
			return q, m, true
		}
	}
	return q, m, false
}

// reached reads a struct if_dqblk (linux/quota.h): limits in blocks of 1024 bytes, the
// space used in bytes. If q.What is set, only that quota is examined.
func reached(b []byte, q Quota) (Quota, bool) {
	word := func(i int) uint64 { return binary.NativeEndian.Uint64(b[8*i:]) }
	const block = 1024
	hard, space, filesHard, files := word(0)*block, word(2), word(3), word(5)
	switch {
	case hard != 0 && space >= hard && q.What != "files":
		q.What, q.Used, q.Limit = "bytes", space, hard
	case filesHard != 0 && files >= filesHard && q.What != "bytes":
		q.What, q.Used, q.Limit = "files", files, filesHard
	default:
		return q, false
	}
	return q, true
}
