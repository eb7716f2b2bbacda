//go:build linux && amd64

package explain

import (
	"encoding/binary"
	"fmt"
	"math"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/tables"
)

// Reasons that lie in locks: EAGAIN of flock, fcntl and futex.

// locked explains EAGAIN of a lock request that does not wait.
func (e *Explainer) locked(d *decode.Call) string {
	fd := int(int32(d.Args[0]))
	request := host.FileLock{Kind: "FLOCK", To: math.MaxUint64}
	switch d.Sig.Name {
	case "flock":
		request.Write = d.Args[1]&^unix.LOCK_NB == unix.LOCK_EX
	case "fcntl", "fcntl64":
		switch d.Args[1] {
		case unix.F_SETLK, setLock64:
			request.Kind = "POSIX"
		case unix.F_OFD_SETLK:
			request.Kind = "OFDLCK"
		default:
			return ""
		}
		if !readLock(d, &request) {
			return ""
		}
	case "futex", "futex_time64":
		return e.ownedFutex(d)
	default:
		return ""
	}
	f, ok := e.host.OpenFile(e.process, fd)
	if !ok {
		return ""
	}
	request.Inode, request.Device = f.Inode, f.Device
	task, _ := e.host.Task(e.process)
	own := host.Opened{Process: e.process, FD: fd}
	for _, k := range e.host.FileLocks() {
		switch {
		case !k.Blocks(&request),
			k.Kind == "POSIX" && request.Kind == "POSIX" && k.Process == task.TGID,
			k.Kind == request.Kind && k.Kind != "POSIX" && e.host.Holds(own, &k):
			continue
		}
		return e.holdsLock(&k)
	}
	return ""
}

const setLock64 = 13 // F_SETLK64 of i386

// readLock reads the struct flock that fcntl gets. It ignores one whose offset is not
// relative to the beginning of the file.
func readLock(d *decode.Call, k *host.FileLock) bool {
	b := make([]byte, 24)
	start, length, size := 8, 16, 8
	if d.ABI == tables.I386 {
		start, length = 4, 12
		if d.Sig.Name == "fcntl" {
			length, size = 8, 4
		}
		b = b[:length+size]
	}
	if d.Mem.ReadMemory(d.Args[2], b) != len(b) {
		return false
	}
	number := func(at int) uint64 {
		if size == 4 {
			return uint64(binary.NativeEndian.Uint32(b[at:]))
		}
		return binary.NativeEndian.Uint64(b[at:])
	}
	const write, fromStart = 1, 0 // F_WRLCK, SEEK_SET
	k.Write = binary.NativeEndian.Uint16(b) == write
	k.From = number(start)
	if n := number(length); n != 0 {
		k.To = k.From + n - 1
	}
	return binary.NativeEndian.Uint16(b[2:]) == fromStart && k.To >= k.From
}

// holdsLock says who holds a lock.
func (e *Explainer) holdsLock(k *host.FileLock) string {
	what := "read"
	if k.Write {
		what = "write"
	}
	switch k.Kind {
	case "FLOCK":
		what = "a shared lock"
		if k.Write {
			what = "an exclusive lock"
		}
	case "OFDLCK":
		what = "a " + what + " lock (OFD)"
	default:
		what = "a " + what + " lock"
	}
	if k.Kind != "FLOCK" && (k.From != 0 || k.To != math.MaxUint64) {
		what += fmt.Sprintf(" on bytes %d to %d", k.From, k.To)
	}
	if k.Kind == "POSIX" {
		if k.Process <= 0 {
			return ""
		}
		return fmt.Sprintf("process %s has %s", e.processName(k.Process), what)
	}
	for _, o := range e.host.AllDescriptors().OfInode(k.Inode) {
		if e.host.Holds(o, k) {
			return fmt.Sprintf("process %s has %s", e.processName(o.Process), what)
		}
	}
	return ""
}

// ownedFutex explains EAGAIN of FUTEX_TRYLOCK_PI.
func (e *Explainer) ownedFutex(d *decode.Call) string {
	const tryLockPI, command, owner = 8, 0x7f, 0x3fffffff
	var b [4]byte
	if d.Args[1]&command != tryLockPI || d.Mem.ReadMemory(d.Args[0], b[:]) != len(b) {
		return ""
	}
	id := int(binary.NativeEndian.Uint32(b[:]) & owner)
	_, thread := e.host.Find(e.process, id, host.Thread)
	if task, ok := e.host.Task(thread); ok && id != 0 {
		return fmt.Sprintf("thread %d of process %s has the lock", thread, e.processName(task.TGID))
	}
	return ""
}
