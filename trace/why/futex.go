//go:build linux && amd64

package why

import (
	"fmt"
	"slices"

	"trapline/decode/host"
	"trapline/output"
	"trapline/tables"
)

// Operations of futex(2), and the bits of the word of a futex that has an owner
// (linux/futex.h).
const (
	futexWait          = 0
	futexLockPI        = 6
	futexWaitBitset    = 9
	futexWaitRequeuePI = 11
	futexLockPI2       = 13
	futexCommand       = 0x7f
	futexPrivate       = 0x80
	futexOwner         = 0x3fffffff
)

// waitsForFutex explains futex. The futex word has the owner's id if the futex inherits
// priorities, or is in the owner's list of robust futexes. For other futexes the kernel
// does not know who will wake the thread.
func (q *Inquiry) waitsForFutex(t *thread) {
	at, command := t.args[0], t.args[1]&futexCommand
	t.limited = t.args[3] != 0
	value, readable := q.memoryOf(t).word(at, 4)
	_, owner := q.host.Find(t.TID, int(value&futexOwner), host.Thread)
	switch command {
	case futexLockPI, futexLockPI2:
		t.wait.For = fmt.Sprintf("the futex at %#x, a PI lock", at)
		if !readable || value&futexOwner == 0 {
			return
		}
	case futexWait, futexWaitBitset:
		if readable && value&futexOwner != 0 && q.isRobust(t, owner, at) {
			t.wait.For = fmt.Sprintf("the futex at %#x, a robust lock", at)
			break
		}
		t.wait.For = fmt.Sprintf("a wake of the futex at %#x", at)
		q.sameFutex(t)
		return
	case futexWaitRequeuePI:
		t.wait.For = fmt.Sprintf("a wake of the futex at %#x", at)
		return
	default:
		return
	}
	task, ok := q.host.Task(owner)
	if !ok {
		return
	}
	t.closed = true
	q.waitsOn(t, target{process: task.TGID, thread: owner})
}

// isRobust reports whether a futex is in its owner's list of robust futexes.
func (q *Inquiry) isRobust(t *thread, owner int, at uint64) bool {
	task, ok := q.host.Task(owner)
	if !ok || t.abi == tables.I386 {
		return false // the lists of 32-bit programs cannot be queried
	}
	head, ok := q.host.RobustList(owner)
	if !ok || head == 0 {
		return false
	}
	mem := q.memoryOf(&thread{Task: task})
	offset, ok := mem.word(head+8, 8)
	if !ok {
		return false
	}
	place, shared := q.host.PlaceAt(t.TGID, at)
	const most = 2048 // ROBUST_LIST_LIMIT
	entry, ok := mem.word(head, 8)
	for range most {
		if entry &^= 1; !ok || entry == head {
			return false
		}
		futex := entry + offset
		if task.TGID == t.TGID && futex == at {
			return true
		}
		if other, ok := q.host.PlaceAt(task.TGID, futex); ok && shared && place.Shared && other == place {
			return true
		}
		entry, ok = mem.word(entry, 8)
	}
	return false
}

// waitsForWake explains futex_wait and futex_waitv.
func (q *Inquiry) waitsForWake(t *thread) {
	switch t.name {
	case "futex_wait":
		t.limited = t.args[4] != 0
		t.wait.For = fmt.Sprintf("a wake of the futex at %#x", t.args[0])
		q.sameFutex(t)
	case "futex_waitv":
		t.limited = t.args[3] != 0
		t.wait.For = fmt.Sprintf("a wake of one of %d futexes", uint32(t.args[1]))
	}
}

// futexWord is what a call waits for that waits for one futex.
type futexWord struct {
	at      uint64
	private bool
}

// waitsAt returns the futex that a call of a 64-bit program waits for; false if it waits
// for none, or for several. The call numbers above that of futex are the same for all
// ABIs.
func waitsAt(abi tables.ABI, nr uint64, args *[6]uint64) (w futexWord, ok bool) {
	const futex64, futex32, futexTime64, wait = 202, 240, 422, 455
	const private = 0x80 // FUTEX2_PRIVATE
	i386 := abi == tables.I386
	switch {
	case nr == wait:
		return futexWord{args[0], args[3]&private != 0}, true
	case nr == futex64 && !i386, (nr == futex32 || nr == futexTime64) && i386:
		command := args[1] & futexCommand
		return futexWord{args[0], args[1]&futexPrivate != 0}, command == futexWait || command == futexWaitBitset
	}
	return w, false
}

// sameFutex finds the other threads that wait for the same futex: in the same process and,
// if the futex may be shared, in all others.
func (q *Inquiry) sameFutex(t *thread) {
	word, ok := waitsAt(t.abi, t.call.NR, &t.args)
	if !ok {
		return
	}
	place, ok := q.host.PlaceAt(t.TGID, word.at)
	shared := ok && place.Shared && !word.private
	candidates := []int{t.TGID}
	if shared {
		candidates = q.host.Processes()
	}
	for _, process := range candidates {
		tids := q.host.Threads(process)
		slices.Sort(tids)
		for _, tid := range tids {
			if tid == t.TID || !q.inFutex(t, word, process, tid, place, shared) {
				continue
			}
			t.wait.Same = append(t.wait.Same, output.Party{PID: process, TID: tid, Comm: q.party(target{process: process}).Comm})
		}
	}
}

// inFutex reports whether a thread waits for the same futex as t, assuming that it uses
// the ABI of t.
func (q *Inquiry) inFutex(t *thread, word futexWord, process, tid int, place host.Place, shared bool) bool {
	c, ok := q.host.SystemCall(tid)
	if !ok || !c.InCall {
		return false
	}
	other, ok := waitsAt(t.abi, c.NR, &c.Args)
	if !ok || other.private != word.private {
		return false
	}
	if process == t.TGID {
		return other.at == word.at
	}
	if !shared {
		return false
	}
	at, ok := q.host.PlaceAt(process, other.at)
	return ok && at == place
}
