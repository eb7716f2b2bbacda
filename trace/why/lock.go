//go:build linux && amd64

package why

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"trapline/decode/host"
	"trapline/tables"
)

// waitsForLock explains flock and fcntl. /proc/locks has the request and the locks in its
// way. A POSIX lock belongs to a process; others belong to all processes that have the
// open file.
func (q *Inquiry) waitsForLock(t *thread, fd int, kind string) {
	if !q.hasLocks {
		q.locks, q.hasLocks = q.host.FileLocks(), true
	}
	inode, ok := q.host.Inode(t.TID, fd)
	if !ok {
		return
	}
	from, to, ranged := q.rangeOf(t, kind)
	var request *host.FileLock
	for i := range q.locks {
		k := &q.locks[i]
		if !k.Waits || k.Inode != inode || k.Kind != kind || k.Process != t.TGID && (kind != "OFDLCK" || k.Process != -1) {
			continue
		}
		if ranged && (k.From != from || k.To != to) {
			continue
		}
		if request != nil && (request.From != k.From || request.To != k.To || request.Write != k.Write) {
			return // another thread of the process waits for another lock, and it is unknown which request is whose
		}
		request = k
	}
	if request == nil {
		return
	}
	path := string(q.host.Descriptor(make([]byte, unix.PathMax), t.TID, fd))
	names := map[string]string{"FLOCK": "the flock on ", "POSIX": "a POSIX lock on ", "OFDLCK": "a lock (OFD) on "}
	t.wait.For = names[kind] + path
	if kind != "FLOCK" && (request.From != 0 || request.To != 1<<64-1) {
		t.wait.For += fmt.Sprintf(", bytes %d to %d", request.From, request.To)
	}
	t.wait.All, t.closed = true, true
	own := host.Opened{Process: t.TID, FD: fd}
	for i := range q.locks {
		k := &q.locks[i]
		switch {
		case !k.Blocks(request), k.Kind == "POSIX" && kind == "POSIX" && k.Process == t.TGID,
			k.Kind == kind && kind != "POSIX" && q.host.Holds(own, k):
			continue
		}
		q.waitsForHolders(t, k)
	}
	if len(t.on) > 1 && t.wait.More {
		t.closed = false
	}
	if len(t.on) == 0 {
		t.closed = false
	}
}

// waitsForHolders adds the holders of a lock.
func (q *Inquiry) waitsForHolders(t *thread, k *host.FileLock) {
	if k.Kind == "POSIX" {
		if k.Process <= 0 {
			t.wait.More, t.closed = true, false
			return
		}
		q.waitsOn(t, target{process: k.Process})
		return
	}
	d := q.allDescriptors()
	var holders []target
	for _, o := range d.OfInode(k.Inode) {
		if holder := (target{process: o.Process}); !slices.Contains(holders, holder) && q.host.Holds(o, k) {
			holders = append(holders, holder)
		}
	}
	switch {
	case len(holders) == 0:
		t.wait.More, t.closed = true, false
	case len(holders) > 1:
		// Any of the holders can release this lock, but all locks have to be released.
		if len(t.on) > 0 {
			t.closed = false
		}
		t.wait.All = false
	}
	t.closed = t.closed && d.Complete
	q.waitsOn(t, holders...)
}

// rangeOf reads the range that fcntl is to lock. It returns false if the range is not
// relative to the beginning of the file, or cannot be read.
func (q *Inquiry) rangeOf(t *thread, kind string) (from, to uint64, ok bool) {
	const whence, set = 2, 0 // of struct flock; SEEK_SET
	start, length, size := uint64(8), uint64(16), 8
	switch {
	case t.abi == tables.I386 && t.name == "fcntl":
		start, length, size = 4, 8, 4
	case t.abi == tables.I386:
		start, length = 4, 12
	}
	mem, at := q.memoryOf(t), t.args[2]
	base, ok := mem.word(at+whence, 2)
	first, ok1 := mem.word(at+start, size)
	n, ok2 := mem.word(at+length, size)
	if kind == "FLOCK" || !ok || !ok1 || !ok2 || base != set || int64(n) < 0 {
		return 0, 0, false
	}
	if n == 0 {
		return first, 1<<64 - 1, true
	}
	return first, first + n - 1, true
}
