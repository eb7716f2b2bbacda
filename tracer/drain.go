//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/buffered"
)

var (
	errNoFS  = errors.New("the fs base of a thread cannot be read")
	errSteps = errors.New("it single-steps itself")
)

// These constants limit how long the tracer waits before it reads the rings while no tracee
// stops. Within the limits it waits until the ring that fills fastest should be half full.
const (
	leastIdle = 50 * time.Microsecond
	longIdle  = 5 * time.Millisecond
)

// quietIdle is the upper limit while all threads wait in calls whose entries have been
// reported. It makes the tracer of an idle program use little processor time. It is not
// longer because a call that has not returned is shown as unfinished within 10 ms.
const quietIdle = 10 * time.Millisecond

// The entry of a call that has not ended is reported when the call has taken this long, or
// before a call that began after it is reported.
const slowCall = 2 * time.Millisecond

// beginReport begins to report the calls that are in the rings.
func (t *Tracer) beginReport() {
	b := t.buffered
	b.until = b.clock.sync()
	b.busy = true
	b.wait = true
	b.ahead = nil
}

// nextBuffered returns the next event of a call that did not stop, if one has to be reported
// now.
func (t *Tracer) nextBuffered() *Event {
	b := t.buffered
	if b.record != nil {
		b.record = nil
	}
	if !b.busy {
		if len(b.areas) == 0 || b.held != nil || b.wait || b.asleep || time.Now().Before(b.next) {
			return nil
		}
		t.beginReport()
	}
	th, when := b.earliest(t)
	if th == nil {
		b.busy = false
		t.endReport()
		return nil
	}
	return t.reportBuffered(th, when)
}

// endReport decides how long the tracer waits before it reads the rings again, from how fast
// they have filled since the last time.
func (t *Tracer) endReport() {
	b := t.buffered
	last := b.clock.last
	if after := last.Sub(b.looked); after >= leastIdle || b.held != nil {
		idle := min(max(halfFull(after, b.most), leastIdle), longIdle)
		if b.most == 0 && b.allWait() {
			idle = quietIdle
		}
		if b.held == nil || idle < b.idle {
			b.idle = idle
		}
		b.looked, b.most = last, 0
		b.round++
	}
	t.doze()
	if b.held != nil { // a tracee is stopped meanwhile and does not fill its ring
		b.looked = time.Now()
	}
	b.next = b.looked.Add(b.idle)
}

// allWait reports whether all threads wait, in the kernel or in a stop, inside calls whose
// entries have been reported. None of them can then record a new call before one of these
// calls returns.
func (b *bufferedState) allWait() bool {
	for _, th := range b.areas {
		waits := th.running && th.entered && th.area.StillInFlight(th.begun)
		if !waits && !th.tr.inCall {
			return false
		}
	}
	return true
}

// halfFull returns how long it takes to fill half a ring, if this many bytes were written to
// it in the time after.
func halfFull(after time.Duration, bytes uint64) time.Duration {
	return time.Duration(float64(after) * (buffered.RingSize / 2) / float64(max(bytes, 1)))
}

// earliest returns the thread with the earliest entry or exit that has to be reported now.
func (b *bufferedState) earliest(t *Tracer) (first *thread, when uint64) {
	if th := b.ahead; th != nil && b.othersWait() {
		if at, ok := b.load(t, th); ok && at <= b.until && at < b.rest {
			return th, at
		}
	}
	b.rest, b.unsettled = math.MaxUint64, b.unsettled[:0]
	for _, th := range b.areas {
		th.area.Mark()
		at, ok := b.load(t, th)
		if !th.isSettled() {
			b.unsettled = append(b.unsettled, th)
		}
		switch {
		case !ok || at > b.until:
		case first == nil:
			first, when = th, at
		case at < when:
			b.rest = min(b.rest, when)
			first, when = th, at
		default:
			b.rest = min(b.rest, at)
		}
	}
	b.ahead = first
	return first, when
}

// othersWait reports whether no thread except b.ahead has done anything since the next events
// were determined.
func (b *bufferedState) othersWait() bool {
	for _, th := range b.unsettled {
		if th != b.ahead && !th.area.IsAsMarked() {
			return false
		}
	}
	return true
}

// isSettled reports whether the time of a thread's next event is known and cannot change
// before the event is reported.
func (th *thread) isSettled() bool { return th.loaded && !th.running }

// load returns the time of a thread's next entry or exit.
func (b *bufferedState) load(t *Tracer, th *thread) (at uint64, ok bool) {
	if th.running && th.area.StillInFlight(th.begun) {
		return th.record.Start, !th.entered
	}
	if th.running {
		th.running, th.loaded = false, false // the record is complete by now
	}
	if !th.loaded {
		found, err := th.area.Next(&th.record)
		if err != nil {
			th.entered = false
			b.damaged++
			t.debugf("buffered: tracee %d: %v", th.tr.TID, err)
			return 0, false
		}
		if !found {
			return b.loadRunning(t, th)
		}
		th.loaded, th.live = true, false
		// A program may have written any time into its ring. A time in the future would never
		// be reported.
		r := &th.record
		if r.End > b.until {
			r.End = min(r.End, buffered.ReadTSC())
		}
		r.Start = min(r.Start, r.End)
		b.count(th, r.Size())
	}
	if !th.entered {
		return th.record.Start, true
	}
	return th.record.End, true
}

// count counts a call that was found in a thread's ring.
func (b *bufferedState) count(th *thread, size uint64) {
	b.passed++
	b.stirred = true
	if th.round != b.round {
		th.round, th.filled = b.round, 0
	}
	th.filled += size
	b.most = max(b.most, th.filled)
}

// loadRunning is load for a thread whose ring has no complete record. It returns the start of
// the call that is in progress, if the call has to be reported now.
func (b *bufferedState) loadRunning(t *Tracer, th *thread) (at uint64, ok bool) {
	begun, found := th.area.InFlight(&th.record)
	if !found || th.record.Start > b.until ||
		!th.ending && th.record.NR != unix.SYS_EXIT_GROUP && len(b.areas) == 1 && !t.opts.BufferedNames && b.until-th.record.Start < b.clock.ticks(slowCall) {
		return 0, false
	}
	th.begun, th.entered = begun, false
	if !b.capture(th) {
		return b.load(t, th)
	}
	th.loaded, th.running, th.live = true, true, false
	return th.record.Start, true
}

// capture copies the memory of a call that is in progress: what the stub has copied before
// the call, and what the call only reads. It cannot copy the rest, which the call may have
// changed already. It returns false if the call has ended meanwhile.
func (b *bufferedState) capture(th *thread) bool {
	th.pieces = th.pieces[:0]
	r := &th.record
	if r.NR < bufferedNumbers {
		ops := b.calls[r.NR].Choose(&r.Args).Ops
		if slices.ContainsFunc(ops, func(o buffered.Op) bool { return o.When == buffered.BeforeCall }) {
			th.area.CopiedBefore(r)
			b.table.Pieces(r, func(p buffered.Piece) {
				if p.When == buffered.BeforeCall { // the call may be ending, and then the other pieces appear as well
					th.pieces = append(th.pieces, p)
				}
			})
		}
		for i := range ops {
			if ops[i].When == buffered.AnyTime {
				th.captureOp(&ops[i])
			}
		}
	}
	return th.area.StillInFlight(th.begun)
}

// captureOp performs a copy operation whose moment is AnyTime.
func (th *thread) captureOp(o *buffered.Op) {
	addr, ok := th.record.Number(o.Arg)
	if !o.Kind.Copies() || !ok {
		return
	}
	n := uint64(o.Most)
	if count, ok := th.record.Number(o.Count); ok {
		if o.Low32 {
			count = uint64(uint32(count))
		}
		n = min(n, (count+(1<<o.Shift-1))>>o.Shift)
	}
	if o.Kind == buffered.KindBuffers {
		th.captureBuffers(o, addr, n)
		return
	}
	th.capturePiece(o, addr, n*uint64(o.Size))
}

// capturePiece copies n bytes.
func (th *thread) capturePiece(o *buffered.Op, addr, n uint64) []byte {
	p := buffered.Piece{Addr: addr, B: make([]byte, n), When: o.When}
	got := th.tr.ReadMemory(p.Addr, p.B)
	p.Unreadable = got < len(p.B)
	if end := slices.Index(p.B[:got], 0); o.Kind == buffered.KindString && end >= 0 {
		got, p.Ended, p.Unreadable = end+1, true, false
	}
	p.B = p.B[:got]
	th.pieces = append(th.pieces, p)
	return p.B
}

// captureBuffers copies n elements of the vector of buffers at addr, and the buffers.
func (th *thread) captureBuffers(o *buffered.Op, addr, n uint64) {
	const iovecSize = 16
	vector := th.capturePiece(o, addr, n*iovecSize)
	for ; len(vector) >= iovecSize; vector = vector[iovecSize:] {
		addr, size := binary.LittleEndian.Uint64(vector), binary.LittleEndian.Uint64(vector[8:])
		if size = min(size, uint64(o.Size)); size > 0 {
			th.capturePiece(o, addr, size)
		}
	}
}

// Pieces yields the memory that was kept for an event with Kept or Partly. The pieces are
// valid until the next event.
func (ev *Event) Pieces(yield func(p BufferedPiece)) {
	if past := ev.Tracee.past; past != nil {
		past.Pieces(yield)
		return
	}
	b := ev.Tracee.t.buffered
	th := ev.Tracee.buffered
	if th == nil || b.record != &th.record {
		return
	}
	if th.running {
		for _, p := range th.pieces {
			yield(p)
		}
		return
	}
	b.table.Pieces(b.record, yield)
}

// reportBuffered makes the event for the entry or exit of a call that did not stop.
func (t *Tracer) reportBuffered(th *thread, when uint64) *Event {
	b, r := t.buffered, &th.record
	b.record, b.stirred = r, true
	call := &b.call
	call.ABI, call.NR, call.Args, call.IP, call.SP = tables.X86_64, r.NR, r.Args, r.IP, r.SP
	call.EntrySeen = true
	current := t.current
	kind := Enter
	if th.entered {
		kind = Exit
		call.Ret = r.Result
		call.IsError = r.Result < 0 && r.Result > -4096
		th.entered, th.loaded, th.running = false, false, false
		if changesMappings(r.NR) && !call.IsError && th.tr.space != nil {
			t.noteMappings(th.tr, r.NR, &r.Args)
		}
	} else {
		call.Ret, call.IsError = 0, false
		th.entered = true
	}
	ev := t.report(kind, th.tr)
	t.current = current
	ev.Call = call
	ev.Time = b.noEarlier(b.clock.at(when))
	ev.Kept, ev.Partly = !th.live, th.live && len(th.record.Chunks) > 0
	ev.Whole = kind == Enter && ev.Kept && b.isWhole(th)
	return ev
}

// noEarlier returns at, or the time of the last event if that is later. A thread may lose its
// processor after it has read the time and before its record becomes visible.
func (b *bufferedState) noEarlier(at time.Time) time.Time {
	if at.Before(b.latest) {
		return b.latest
	}
	b.latest = at
	return at
}

// isWhole reports whether no other event comes before the exit of a thread's call, whose
// entry is being reported.
func (b *bufferedState) isWhole(th *thread) bool {
	if th.running || th.record.End > b.until {
		return false
	}
	return b.ahead == th && th.record.End < b.rest && b.othersWait()
}

// Exit turns the event that Next has just returned, an Enter with Whole set, into the Exit of
// the same call. Without Exit, Next returns that event.
func (t *Tracer) Exit(ev *Event) { t.reportBuffered(ev.Tracee.buffered, ev.Tracee.buffered.record.End) }

// Ahead returns the Key of the next call if this call belongs to the tracee of ev and its
// Enter would be Whole; otherwise it returns nil. ev is an event that Exit has just made. The
// tracee can change the memory of the key. Next still reports the call unless Pass is called.
// Ahead does not notice earlier calls that other threads have recorded meanwhile, so Next
// should be called at least once in some hundred calls.
func (t *Tracer) Ahead(ev *Event) (key []byte) {
	b, th := t.buffered, ev.Tracee.buffered
	if b.ahead != th || th.loaded || t.interrupt.Load() != 0 {
		return nil
	}
	key, start, end, size := th.area.Peek()
	if key != nil && changesMappings(buffered.NumberOf(key)) {
		return nil // reportBuffered has to see it
	}
	if end = max(start, end); end > b.until || end >= b.rest {
		return nil
	}
	b.peeked = size
	return key
}

// Pass skips the call whose Key Ahead has just returned: no events are reported for it.
func (t *Tracer) Pass(ev *Event) {
	b, th := t.buffered, ev.Tracee.buffered
	th.area.Pass(b.peeked)
	b.count(th, b.peeked)
}

// Key is the record of a Whole call without its times and the address of the call. Calls with
// equal keys are equal in all other respects, including the memory that was kept. Key may
// return nil. The result is valid until the next event.
func (ev *Event) Key() []byte { return ev.Tracee.buffered.record.Key() }

// lastBuffered replaces nextBuffered when the trace is about to end: it reports what is still
// in the rings. When the tracees that continue to live have filled their rings, their calls
// stop.
func (t *Tracer) lastBuffered() *Event {
	b := t.buffered
	if b == nil || t.ending || t.abandons() && len(b.areas) == 0 {
		return nil
	}
	if !b.last {
		b.last = true
		b.wake()
		if ev := t.resumeCurrent(); ev != nil {
			return ev
		}
		if b.held != nil { // it is handled once more when the trace ends
			t.queue.putBack(*b.held, t.usage)
			b.held = nil
		}
		t.beginReport()
	}
	if !b.busy {
		return nil
	}
	return t.nextBuffered()
}

// settle starts to report the calls that did not stop and that came before a stop. It keeps
// the stop until they have been reported. It returns false if there are none.
func (t *Tracer) settle(s stop) bool {
	b := t.buffered
	b.wake()
	if len(b.areas) == 0 {
		return false
	}
	if status := unix.WaitStatus(s.status); status.Exited() || status.Signaled() {
		if tr := t.lookup(s.tid); tr != nil && tr.buffered != nil {
			tr.buffered.ending = true
		}
	}
	t.beginReport()
	b.held = new(stop)
	*b.held = s
	return true
}

// leaveStub moves a tracee in a signal-delivery-stop out of the stub and the trampolines, so
// that no signal handler ever sees them. It returns false if the stop must be handled later,
// after the call that the tracee was in has been reported.
func (t *Tracer) leaveStub(tr *Tracee, sig unix.Signal, info *[SiginfoSize]byte) (handleNow bool) {
	var regs Registers
	if tr.Registers(&regs) != nil {
		return true
	}
	if tr.buffered != nil {
		tr.buffered.area.DoubtMask() // a handler may run with other signals blocked
	}
	b, s := t.buffered, tr.space
	code := int32(binary.NativeEndian.Uint32(info[siginfoCode:]))
	b.stub.Woke(&regs)
	own := code > 0 && (sig == unix.SIGSEGV || sig == unix.SIGBUS) // a fault in the stub
	trap := code > 0 && sig == unix.SIGTRAP                        // the program single-steps itself
	outcome := buffered.NotBegun
	th := tr.buffered
	switch {
	case tr.isInStub(regs.Rip):
		if th == nil {
			return true
		}
		if b.stub.IsLeaving(&regs) && !own {
			t.finishReturn(tr, sig, info)
			tr.swallow = true
			return true
		}
		outcome = b.stub.Unwind(&regs, th.area, &th.record)
		if outcome == buffered.NotBegun {
			returns, _, ok := s.returnOf(regs.Rip)
			if !ok {
				return true
			}
			if th.entered { // its entry was reported, and will be reported again
				const restart = -513 // ERESTARTNOINTR of linux/errno.h
				th.record.Result, th.record.Chunks, th.record.End = restart, nil, buffered.ReadTSC()
				outcome = buffered.Returned
			}
			regs.Rip = returns - 2
			if own { // the program has unmapped the area
				t.takeArea(tr)
			}
		}
		if outcome != buffered.NotBegun {
			t.leaveOpen(tr, th.record.NR)
		}
		th.loaded, th.live, th.running = outcome == buffered.Returned, true, false
	default:
		at, returns, ok := s.interrupted(regs.Rip)
		if !ok {
			if dumpsCore(sig) && t.endProvisional(tr, errSignal) {
				// The instruction faults again, now without the provisional fs base. A fault
				// without an address may mean that a handler cannot be run.
				tr.swallow = own && code != siKernel
			}
			return true
		}
		if own {
			// The fs base does not point to readable memory, so calls must stop.
			t.unpatchAll(tr, errNoFS)
			if x := s.sites[returns]; x != nil && x.patched { // it would end here again
				at = s.slowCallAt(regs.Rip)
			}
		}
		regs.Rip, regs.Orig_rax = at, ^uint64(0)
	}
	if tr.SetRegisters(&regs) != nil {
		return true
	}
	if trap {
		t.unpatchAll(tr, errSteps)
	}
	tr.swallow = own || trap
	if outcome != buffered.Returned && dumpsCore(sig) {
		t.endProvisional(tr, errSignal)
	}
	return outcome != buffered.Returned
}
