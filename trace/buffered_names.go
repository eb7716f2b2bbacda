//go:build linux && amd64

package trace

import (
	"strings"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/tracer"
)

// The host tells what a descriptor refers to, and where a path leads, when a call is
// reported. A buffered call is reported some milliseconds after it was made. The answer is
// still the same if no call in between could have changed it. So all calls that can change
// it stop: when they begin, all earlier calls have been reported.

// lastingFDs are the details of descriptors that only calls which close or name something
// change. The addresses of sockets, the counter of an eventfd, and whether the process
// behind a pidfd lives, may change at any time.
const lastingFDs = decode.FDPath | decode.FDDevice | decode.FDSignalfd

// asksLate reports whether the host may be asked about names when a buffered call is
// reported.
func (o *Options) asksLate() bool {
	return len(o.Paths) > 0 || o.DecodeFDs != 0 || o.conditionsAsk(ofPath)
}

// isLasting reports whether what is shown of a descriptor changes only by calls that close
// or name something.
func (s *Session) isLasting(tr *tracer.Tracee, fd uint64) bool {
	var b [unix.PathMax]byte
	h := decode.HostOf(s.decoder)
	link := string(h.Descriptor(b[:], h.Process(tr.TID), int(fd)))
	for _, kind := range [...]string{"socket:", "anon_inode:[eventfd]", "anon_inode:[pidfd]", "pidfd:"} {
		if strings.HasPrefix(link, kind) {
			return false
		}
	}
	return link != ""
}

// listed returns a call that is buffered only if all descriptors that it shows are
// lasting. asks is Capture.Asks.
func listed(call tracer.BufferedCall, asks uint8) tracer.BufferedCall {
	if asks&(decode.AsksResult|decode.AsksMemory) != 0 {
		return tracer.BufferedCall{}
	}
	for arg := range uint8(6) {
		if asks>>arg&1 != 0 {
			call.Ops = append(call.Ops, tracer.BufferedOp{
				Kind: tracer.BufferedListed, When: tracer.BufferedBefore, Arg: arg, Count: tracer.BufferedUnbounded,
			})
		}
	}
	return call
}

// conditionsAsk reports whether a condition on records asks for an operand of a
// kind.
func (o *Options) conditionsAsk(kinds ...operandKind) bool {
	for _, c := range o.Where {
		if c.asks(kinds...) {
			return true
		}
	}
	return false
}

// unbufferedConditions reports whether conditions need each call to stop: they
// read more of a call's memory than its line shows, or decide when the trace begins
// and ends, or ask for a name that may change at any time.
func (o *Options) unbufferedConditions() bool {
	return o.hasConditions() && (o.StartOn != nil || o.StopOn != nil || o.conditionsAsk(ofArgument, ofComm))
}

// closesOf returns which descriptors a call closes.
func closesOf(nr uint64, c *decode.Capture) uint8 {
	if nr == unix.SYS_CLOSE_RANGE {
		return tracer.BufferedClosesAny
	}
	return c.Closes
}

// changesNames reports whether the call with a capture may change what the host answers
// about names. Most captures say so. The calls listed here change names although no
// argument says so: a range of descriptors, mounts, and the requests of a ring.
func changesNames(nr uint64, c *decode.Capture) bool {
	switch nr {
	case unix.SYS_CLOSE_RANGE, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_MOVE_MOUNT, unix.SYS_PIVOT_ROOT, unix.SYS_IO_URING_ENTER:
		return true
	}
	return c.Changes
}
