package host

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// FileLock is a lock on a file, or a request for one (proc_locks(5)).
type FileLock struct {
	ID       int    // requests have the ID of the lock that blocks them
	Waits    bool   // it is a request
	Kind     string // FLOCK, POSIX, OFDLCK, LEASE ...
	Write    bool
	Process  int // the lock's owner; -1 if such locks do not belong to a process, 0 if the owner is not visible
	Device   uint64
	Inode    uint64
	From, To uint64 // bytes, To included
}

// FileLocks lists all locks of the machine.
func (l *Local) FileLocks() []FileLock { return parseLocks(readFile("/proc/locks", 16<<20)) }

func parseLocks(file []byte) (locks []FileLock) {
	for line := range bytes.Lines(file) {
		if lock, ok := parseLock(string(line)); ok {
			locks = append(locks, lock)
		}
	}
	return locks
}

// parseLock reads a line of /proc/locks or, without "lock:", of fdinfo:
//
//	1: -> POSIX  ADVISORY  WRITE 10097 fe:00:9978447 0 EOF
func parseLock(line string) (k FileLock, ok bool) {
	f := strings.Fields(line)
	if len(f) < 2 || !strings.HasSuffix(f[0], ":") {
		return k, false
	}
	var err [6]error
	k.ID, err[0] = strconv.Atoi(strings.TrimSuffix(f[0], ":"))
	f = f[1:]
	for len(f) > 0 && f[0] == "->" {
		k.Waits, f = true, f[1:]
	}
	if len(f) != 7 {
		return FileLock{}, false
	}
	file := strings.Split(f[4], ":")
	if len(file) != 3 {
		return FileLock{}, false
	}
	k.Kind, k.Write, k.To = f[0], f[2] == "WRITE", math.MaxUint64
	k.Process, err[1] = strconv.Atoi(f[3])
	major, e2 := strconv.ParseUint(file[0], 16, 32)
	minor, e3 := strconv.ParseUint(file[1], 16, 32)
	k.Device = unix.Mkdev(uint32(major), uint32(minor))
	k.Inode, err[2] = strconv.ParseUint(file[2], 10, 64)
	k.From, err[3] = strconv.ParseUint(f[5], 10, 64)
	if f[6] != "EOF" {
		k.To, err[4] = strconv.ParseUint(f[6], 10, 64)
	}
	for _, e := range append(err[:], e2, e3) {
		if e != nil {
			return FileLock{}, false
		}
	}
	return k, true
}

// same reports whether two lines are about the same lock.
func (k FileLock) same(other FileLock) bool {
	k.ID, other.ID = 0, 0
	return k == other
}

// Blocks reports whether a lock conflicts with another owner's request.
func (k *FileLock) Blocks(request *FileLock) bool {
	flock := k.Kind == "FLOCK"
	return !k.Waits && k.Device == request.Device && k.Inode == request.Inode && flock == (request.Kind == "FLOCK") &&
		(k.Kind == "FLOCK" || k.Kind == "POSIX" || k.Kind == "OFDLCK") &&
		(k.Write || request.Write) && k.From <= request.To && request.From <= k.To
}

// Holds reports whether a lock belongs to a descriptor: to its open file or, for a POSIX
// lock, to its process.
func (l *Local) Holds(o Opened, k *FileLock) bool {
	info := readFile(string(l.pathOfFD(o.Process, "/fdinfo/", o.FD)), 1<<20)
	for line := range bytes.Lines(info) {
		text, ok := bytes.CutPrefix(line, []byte("lock:"))
		if !ok {
			continue
		}
		if held, ok := parseLock(strings.TrimSpace(string(text))); ok && held.same(*k) {
			return true
		}
	}
	return false
}

// Inode returns the inode of the file behind a descriptor; false if it is unknown.
func (l *Local) Inode(process, fd int) (inode uint64, ok bool) {
	st, ok := l.remembered(process, fd)
	return st.Ino, ok
}
