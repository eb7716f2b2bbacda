//go:build linux && amd64

package trace

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/output"
	"trapline/tables"
	"trapline/tracer"
)

// Buffering says whether calls of a launched command may be recorded without a
// stop. See docs/buffered.md.
type Buffering uint8

// Values of Options.Buffered.
const (
	BufferNever  Buffering = iota // each call stops
	BufferAuto                    // where nothing changes for the program or the trace
	BufferAlways                  // wherever it is possible
)

// Unbuffered returns which of these options needs a stop at each call, or "" if none does.
// With BufferAuto, it also returns options whose output would change or come late without
// stops.
func (o *Options) Unbuffered() string {
	switch {
	case o.Buffered == BufferNever:
		return "the default"
	case o.Record != nil:
		return "--record"
	case o.Adopt != nil:
		return "-D"
	case o.FollowDepth != 0:
		return "--follow"
	case o.Hang > 0 || o.Waits:
		return "--hang"
	case o.Explain || o.ExplainLast:
		return "--explain"
	case o.Stacks != NoStacks:
		return "-k"
	case o.Rings:
		return "--io-uring"
	case o.KernelPath != nil:
		return "--kernel-path"
	case o.Registers != 0:
		return "--regs"
	case len(o.Injections) > 0:
		return "inject"
	case o.VCPUs != 0:
		return "kvm"
	case o.DetachOnExec:
		return "-b"
	case o.Limit > 0:
		return "--syscall-limit"
	case o.unbufferedConditions():
		return "conditions"
	case o.StopAfter > 0 || o.StopSize > 0:
		return "--stop"
	case o.SummaryEvery > 0:
		return "--every"
	case o.Summary != nil && (o.Summary.By != output.ByName || o.Summary.Overlaps):
		return "the summary's options"
	case o.DecodePIDs != 0:
		return "-Y or --pidns-translation"
	case o.DecodeContexts != 0:
		return "--secontext"
	case o.Namespaces:
		return "--namespaces"
	case o.ProcessesOnly:
		return "--tree"
	case o.ReadFDs != nil || o.WriteFDs != nil:
		return "-e read= or -e write="
	case o.Buffered == BufferAuto && !o.Follow:
		return "children that are not followed" // they would be traced all the same
	case o.Buffered == BufferAuto && o.Summary != nil && !o.Summary.WallClock:
		return "-c without -w"
	case o.Buffered == BufferAuto && !o.SummaryOnly && interleaves(o.Output):
		return "output to a terminal or to standard error"
	case o.Handler.Enter != nil || o.Handler.Exit != nil || o.Handler.Signal != nil:
		return "a Handler"
	}
	return ""
}

// interleaves reports whether the output may appear among that of the command, so that
// lines should be written at once: on standard error, or on a terminal.
func interleaves(d *Destination) bool {
	switch {
	case d == nil || d.Writer != nil || d.Piped():
		return false
	case d.Name == "":
		return true
	}
	const memoryDevices = 1 // as /dev/null
	var st unix.Stat_t
	return unix.Stat(d.Name, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFCHR && unix.Major(st.Rdev) != memoryDevices
}

// buffer lets the tracer buffer calls, if the options allow it.
func (s *Session) buffer(options *tracer.Options) {
	if s.o.Unbuffered() != "" {
		return
	}
	if err := tracer.CanBuffer(); err != nil { // then nothing else changes
		if s.o.Debug || s.o.Buffered == BufferAlways {
			s.say("--buffered is not enabled: %v", err)
		}
		return
	}
	options.Buffered = s.bufferedCall
	options.BufferedNames = s.o.asksLate()
	options.BufferedTimes = s.timed || s.gate != nil
	if s.o.DecodeFDs&^lastingFDs != 0 {
		options.Lasting = s.isLasting
	}
	if options.Traced == nil || options.BufferedNames {
		options.Traced = func(tables.ABI, uint64) bool { return true }
	}
	options.OnlyCommand = !options.Follow
	options.Follow = true
}

// bufferedCall says what is kept of a call.
func (s *Session) bufferedCall(nr uint64) tracer.BufferedCall {
	call := tracer.Syscall{ABI: tables.X86_64, NR: nr}
	late := s.o.asksLate()
	if !s.decodes() || !late && !s.calls.chooses(&call, nil) {
		return tracer.BufferedCall{Buffered: true}
	}
	detail := s.captureDetail(&call)
	c := s.decoder.Capture(tables.X86_64, nr, detail)
	keeps := func(c *decode.Capture) tracer.BufferedCall {
		switch {
		case late && changesNames(nr, c):
			return tracer.BufferedCall{Closes: closesOf(nr, c)}
		case !s.calls.chooses(&call, nil):
			return tracer.BufferedCall{Buffered: true}
		case c.Asks != 0 && s.o.DecodeFDs&^lastingFDs != 0:
			return listed(keeps(c), c.Asks)
		}
		return keeps(c)
	}
	if c.Commands == nil {
		return keeps(c)
	}
	arg, mask := c.Commands.Arg, c.Commands.Mask
	if mask>>32 != 0 && mask != ^uint64(0) {
		return tracer.BufferedCall{}
	}
	var result tracer.BufferedCall
	if other := c.Commands.Other; other != nil {
		result = keeps(other)
	}
	result.Arg, result.Mask = arg, uint32(mask)
	of := c.Commands.Of
	if c.Commands.Many {
		for _, value := range frequentRequests {
			var args [6]uint64
			args[arg] = value
			of = append(of, decode.Command{Value: value, Capture: s.decoder.CaptureFor(tables.X86_64, nr, &args, detail)})
		}
	}
	for _, command := range of {
		if command.Value>>32 == 0 && command.Capture.Commands == nil {
			result.Commands = append(result.Commands, tracer.BufferedCommand{Value: uint32(command.Value), Call: keeps(command.Capture)})
		}
	}
	return result
}

// decodes reports whether calls are decoded: to be shown, or to find those that are
// counted.
func (s *Session) decodes() bool { return s.records || s.examines() }

// examines reports whether more of a call may be looked at than is shown.
func (s *Session) examines() bool { return s.files != nil || s.asker != nil }

// captureDetail is what the options say about the capture of a call.
func (s *Session) captureDetail(call *tracer.Syscall) decode.Detail {
	if s.examines() {
		return decode.Detail{}
	}
	return decode.Detail{
		Abbrev: s.abbrev.chooses(call, nil), Plain: !s.verbose.chooses(call, nil), Raw: s.raw.chooses(call, nil),
		Dumped: s.o.ReadFDs != nil || s.o.WriteFDs != nil,
	}
}

const fionbio = 0x5421 // FIONBIO of asm-generic/ioctls.h

// frequentRequests are the ioctls that are buffered. There are thousands of requests, and
// the stub's table has no room for all.
var frequentRequests = []uint64{
	unix.TCGETS, unix.TCSETS, unix.TCSETSW, unix.TIOCGWINSZ, unix.TIOCGPGRP, unix.TIOCSPGRP,
	unix.TIOCINQ, fionbio, unix.TCSETSF,
}

// How many bytes of one argument are kept if the description sets no limit: bytes that the
// call has returned, as getdents64 does, and an array whose length is known at the entry.
// Calls with more bytes stop.
const (
	mostOfResult = 33 << 10
	mostOfArray  = 2 << 10
)

// keeps converts a capture. It does not set the commands.
func keeps(c *decode.Capture) (call tracer.BufferedCall) {
	if c.Gap != "" || c.Commands != nil {
		return call
	}
	call.Buffered = true
	for arg := range uint8(6) {
		if c.Special>>arg&1 != 0 {
			call.Ops = append(call.Ops, tracer.BufferedOp{
				Kind: tracer.BufferedOrdinary, When: tracer.BufferedBefore, Arg: arg, Count: tracer.BufferedUnbounded, Most: decode.SpecialFamily,
			})
		}
	}
	structSize := uint32(0)
	number := func(a decode.Amount) uint8 {
		switch {
		case a >= decode.WordAfter:
			return tracer.BufferedNextWord(structSize) + uint8(a-decode.WordAfter)
		case a >= decode.WordBefore:
			return tracer.BufferedFirstWord + uint8(a-decode.WordBefore)
		}
		return uint8(a)
	}
	// A call changes numbers of elements in a struct, but makes none of them larger.
	before := func(a decode.Amount) uint8 {
		if a >= decode.WordAfter {
			a -= decode.WordAfter - decode.WordBefore
		}
		return number(a)
	}
	for i := range c.Ops {
		o := &c.Ops[i]
		op := tracer.BufferedOp{
			When: tracer.BufferedMoment(slices.Index(moments[:], o.When)), Arg: number(o.Arg), Count: number(o.Count), Low32: o.Low32, Taken: o.Taken,
			Shift: o.Shift, Size: o.Size, Most: o.Most,
		}
		switch o.Kind {
		case decode.KeepStruct:
			op.Kind, structSize = tracer.BufferedStruct, o.Size
		case decode.KeepAddress:
			op.Kind, op.Total = tracer.BufferedAddress, o.Family
		case decode.KeepLesser:
			op.Kind, op.Total = tracer.BufferedLesser, number(o.Least)
		case decode.KeepBytes:
			op.Kind = tracer.BufferedBytes
		case decode.KeepString:
			op.Kind = tracer.BufferedString
		case decode.KeepCounted:
			op.Kind = tracer.BufferedCounted
		case decode.KeepNull:
			op.Kind, op.When = tracer.BufferedNull, tracer.BufferedBefore
		case decode.KeepBuffers:
			op.Kind, op.Size, op.Total = tracer.BufferedBuffers, o.Each, number(o.Total)
			const header = 48 // of a buffer, in the ring: its struct iovec, and what precedes it
			if most := uint32(mostOfResult / (header + uint64(o.Each))); op.Most > most {
				op.Most = most
				call.Ops = append(call.Ops, tracer.BufferedOp{
					Kind: tracer.BufferedAtMost, When: tracer.BufferedBefore, Arg: before(o.Count), Low32: op.Low32, Most: most,
				})
			}
			call.Ops = append(call.Ops, op)
			continue
		default:
			return tracer.BufferedCall{}
		}
		most := uint64(mostOfArray)
		if o.Count == decode.FromResult {
			most = mostOfResult
		}
		if size := uint64(op.Size) * uint64(op.Most); size > most && o.Count != decode.Unbounded && o.Kind == decode.KeepBytes {
			op.Most = uint32(most) / op.Size
			limit := tracer.BufferedOp{
				Kind: tracer.BufferedAtMost, When: tracer.BufferedBefore, Arg: before(o.Count), Low32: op.Low32, Most: op.Most << op.Shift,
			}
			if o.Count == decode.FromResult {
				// The result counts bytes of a buffer whose size is the next
				// argument.
				limit.Arg, limit.Low32 = op.Arg+1, false
			}
			call.Ops = append(call.Ops, limit)
		}
		call.Ops = append(call.Ops, op)
	}
	return call
}

// at returns the time of an event if it is needed, else the zero time.
func (s *Session) at(ev *tracer.Event) time.Time {
	if ev.Time.IsZero() {
		return s.now()
	}
	return ev.Time
}

// remember selects the memory from which the event is decoded: what was kept of a buffered
// call, or that of a stopped tracee.
func (s *Session) remember(t *tracee, ev *tracer.Event) {
	t.call.Ordinary = ev.Kept || ev.Partly // or it would have stopped
	if !ev.Kept && !ev.Partly {
		t.call.Mem = ev.Tracee
		if s.rehearsal != nil {
			s.rehearse(t, ev)
		}
		return
	}
	if t.kept == nil {
		t.kept = new(decode.KeptMemory)
		t.keep = func(p tracer.BufferedPiece) {
			end := decode.Whole
			switch {
			case p.Ended:
				end = decode.AtNUL
			case p.Unreadable:
				end = decode.Unreadable
			}
			t.kept.Keep(decode.Piece{Addr: p.Addr, B: p.B, When: moments[p.When], End: end})
		}
	}
	if ev.Kind == tracer.Exit && t.whole {
		t.kept.Return()
		return
	}
	t.kept.Reset()
	ev.Pieces(t.keep)
	t.kept.Live = ev.Tracee
	if ev.Kind == tracer.Exit {
		t.kept.Exit()
	}
	t.call.Mem = t.kept
}

// noteMisses counts the reads of memory that was not kept for a call. From then on such
// calls stop.
func (s *Session) noteMisses(t *tracee, ev *tracer.Event) {
	if s.rehearsal != nil {
		s.endRehearsal(t, ev)
	}
	if !ev.Kept {
		return
	}
	if n, first := t.kept.Misses(); n > 0 {
		s.misses += n
		if s.o.Debug {
			s.say("buffered: %s: %d bytes at %#x were not kept", t.call.Sig.Name, first.Size, first.Addr)
		}
		if s.tracer != nil {
			s.tracer.StopAt(ev.Call.NR)
		}
	}
}

// moments translates the times at which memory is kept into decode's.
var moments = [...]decode.Moment{
	tracer.BufferedAnyTime: decode.AnyTime, tracer.BufferedBefore: decode.BeforeCall,
	tracer.BufferedIfSucceeded: decode.IfSucceeded, tracer.BufferedAfter: decode.AfterCall,
}
