//go:build linux && amd64

package why

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"trapline/decode/host"
	"trapline/tables"
)

// waitsForCompletions explains io_uring_enter. The kernel tells how many completions are
// there and which requests wait for a file to be ready, but not what else is pending.
func (q *Inquiry) waitsForCompletions(t *thread) {
	const getEvents, registered, extended = 1, 16, 8 // IORING_ENTER_GETEVENTS ...
	fd, wanted, flags := int(int32(t.args[0])), t.args[2], t.args[3]
	if flags&getEvents == 0 || flags&registered != 0 || wanted == 0 {
		return
	}
	if string(q.host.Descriptor(make([]byte, 128), t.TID, fd)) != "anon_inode:[io_uring]" {
		return
	}
	t.limited = flags&extended != 0
	r, ok := parseRing(q.host.DescriptorInfo(make([]byte, 1<<16), t.TID, fd))
	if !ok || uint64(r.completions) >= wanted {
		return
	}
	t.wait.For = fmt.Sprintf("completions of io_uring %d: %d of %d are there", fd, r.completions, wanted)
	if len(r.polled) > 0 {
		t.wait.For += "; files are not ready for " + strings.Join(r.polled, ", ")
	}
}

// ring is what fdinfo says about an instance of io_uring.
type ring struct {
	completions uint32   // completions that the program has yet to take
	polled      []string // operations that wait until a file is ready
}

// parseRing reads the fdinfo of an instance of io_uring. It returns false if the numbers
// of completions are missing. Operations are listed like " op=6, task_works=0", if the
// kernel could list them without waiting.
func parseRing(info []byte) (r ring, ok bool) {
	head, err1 := strconv.ParseUint(string(host.Field(info, "CqHead:")), 10, 32)
	tail, err2 := strconv.ParseUint(string(host.Field(info, "CqTail:")), 10, 32)
	if err1 != nil || err2 != nil {
		return r, false
	}
	r.completions = uint32(tail) - uint32(head)
	_, list, _ := bytes.Cut(info, []byte("\nPollList:\n"))
	for line := range bytes.Lines(list) {
		text, found := bytes.CutPrefix(line, []byte("  op="))
		number, _, comma := bytes.Cut(text, []byte(","))
		op, err := strconv.ParseUint(string(number), 10, 8)
		if !found || !comma || err != nil {
			break // end of the list
		}
		name, known := tables.UringOp.Lookup(op)
		if !known {
			name = fmt.Sprintf("operation %d", op)
		}
		r.polled = append(r.polled, name)
	}
	return r, true
}
