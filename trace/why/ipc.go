//go:build linux && amd64

package why

import (
	"encoding/binary"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"trapline/decode/host"
)

// semOp is an element of semop's list: struct sembuf of 6 bytes.
type semOp struct {
	number int
	change int
}

// waitsForSemaphore explains semop. The kernel performs either all operations or none. The
// thread waits for the first one that the values do not allow.
func (q *Inquiry) waitsForSemaphore(t *thread) {
	id := int(int32(t.args[0]))
	t.limited = t.name != "semop" && t.args[3] != 0
	ops := q.semOps(t)
	if ops == nil || !q.host.SameIPC(t.TGID) {
		return
	}
	set, ok := q.host.Semaphores(id)
	if !ok {
		return
	}
	at := blocked(set.Values, ops)
	if at < 0 {
		return
	}
	op, value := ops[at], set.Values[ops[at].number]
	needed := "0"
	if op.change != 0 {
		needed = fmt.Sprintf("%d or more", -op.change)
	}
	t.wait.For = fmt.Sprintf("semaphore %d of set %d, which is %d, to be %s", op.number, id, value, needed)
	since := set.Changed
	if len(set.Values) == 1 && set.Operated != 0 {
		since = set.Operated
	}
	q.lastUser(t, q.host.SemaphoreUser(id, op.number), since)
}

// semOps reads the operations of semop; nil if they cannot be read.
func (q *Inquiry) semOps(t *thread) (ops []semOp) {
	const size, most = 6, 500 // of struct sembuf; SEMOPM
	n := t.args[2]
	if n == 0 || n > most {
		return nil
	}
	b := make([]byte, n*size)
	if q.memoryOf(t).ReadMemory(t.args[1], b) != len(b) {
		return nil
	}
	for ; len(b) > 0; b = b[size:] {
		ops = append(ops, semOp{int(binary.NativeEndian.Uint16(b)), int(int16(binary.NativeEndian.Uint16(b[2:])))})
	}
	return ops
}

// blocked returns the index of the operation that has to wait, or -1. It is -1 if none has
// to wait, or if this is uncertain because an earlier operation may change a value that a
// later one uses.
func blocked(values []uint16, ops []semOp) int {
	now := make([]int, len(values))
	for i, v := range values {
		now[i] = int(v)
	}
	for i, op := range ops {
		if op.number >= len(now) {
			return -1
		}
		if op.change == 0 && now[op.number] != 0 || now[op.number]+op.change < 0 {
			if now[op.number] != int(values[op.number]) {
				return -1
			}
			return i
		}
		now[op.number] += op.change
	}
	return -1
}

// lastUser adds the process that has used an object at a time, in seconds of the Unix era, or later. One
// that has started after that has only got its id.
func (q *Inquiry) lastUser(t *thread, process int, at int64) {
	if process == 0 || process == q.o.Own {
		return
	}
	if started, ok := q.host.Started(process); !ok || started.Unix() > at {
		return
	}
	p := q.party(target{process: process})
	t.wait.Last = &p
}

// waitsForMessage explains msgrcv.
func (q *Inquiry) waitsForMessage(t *thread) {
	id := int(int32(t.args[0]))
	queue, ok := q.queueOf(t, id)
	if !ok {
		return
	}
	any := t.args[3] == 0
	switch {
	case queue.Messages == 0:
		t.wait.For = fmt.Sprintf("a message in queue %d, which is empty", id)
	case !any:
		t.wait.For = fmt.Sprintf("a message of its type in queue %d, which has %d of others", id, queue.Messages)
	default:
		return // a message has come
	}
	q.lastUser(t, queue.Sender, queue.Sent)
}

// waitsForQueue explains msgsnd.
func (q *Inquiry) waitsForQueue(t *thread) {
	id, size := int(int32(t.args[0])), t.args[2]
	queue, ok := q.queueOf(t, id)
	if !ok || queue.Bytes+size <= queue.Room && queue.Messages+1 <= queue.Room {
		return
	}
	t.wait.For = fmt.Sprintf("room for %d bytes in queue %d, which has %d of %d", size, id, queue.Bytes, queue.Room)
	q.lastUser(t, queue.Receiver, queue.Received)
}

func (q *Inquiry) queueOf(t *thread, id int) (host.MessageQueue, bool) {
	if !q.host.SameIPC(t.TGID) {
		return host.MessageQueue{}, false
	}
	return q.host.MessageQueue(id)
}

// waitsForMQ explains mq_receive and mq_send. Queues have names, through which others may
// open them.
func (q *Inquiry) waitsForMQ(t *thread) {
	fd, sending := int(int32(t.args[0])), t.name == "mq_timedsend" || t.name == "mq_timedsend_time64"
	t.limited = t.args[4] != 0
	name := string(q.host.Descriptor(make([]byte, unix.PathMax), t.TID, fd))
	if name == "" {
		return
	}
	t.wait.For = "a message in queue " + name
	other := unix.O_WRONLY
	if sending {
		t.wait.For, other = "room in queue "+name, unix.O_RDONLY
	}
	d := q.allDescriptors()
	all := slices.DeleteFunc(slices.Clone(d.OfFile(t.TID, fd)), func(o host.Opened) bool {
		return !q.opensFor(o, other)
	})
	q.waitsOn(t, q.processes(all)...)
	t.wait.More = !d.Complete
}
