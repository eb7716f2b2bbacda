//go:build linux && amd64

package trace

import (
	"cmp"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/decode/registers"
	"trapline/output"
	"trapline/trace/recording"
	"trapline/tracer"
)

// replay is a source that reads a recording.
type replay struct {
	cursor  *recording.Cursor
	info    *recording.Info
	span    Span
	part    *Part // nil without Options.Part
	tracees map[int]*past
	ev      tracer.Event
	call    tracer.Syscall
	usage   unix.Rusage
	now     *recording.Event // the current event

	ended    atomic.Bool // the trace is to end
	detached []*past     // the threads that are still to be detached
	closed   atomic.Bool
	asked    struct {
		pending atomic.Bool
		mu      sync.Mutex
		calls   []func()
	}
}

// Span is a part of a recording: the calls with the numbers from From up to but not
// including To, and everything that happens between them.
type Span struct {
	From, To uint64
}

// Part is a part of a recording: Count of its blocks from First on, and calls that return
// in them, or whose threads end in them, even if they were entered before.
type Part struct {
	First, Count int
	// Each is called before each event is handled, and with nil after the last one. The
	// events from earlier blocks are entries of such calls.
	Each func(ev *recording.Event, h *recording.Host)
}

// past is a thread of a recording. It is the tracer.Past of its Tracee.
type past struct {
	r       *replay
	tracee  *tracer.Tracee
	pieces  []decode.Piece // of the entry of the current call, and of this event
	room    []byte
	atEntry int  // how many of pieces are of the entry
	inside  bool // a call of the span has not returned
	ended   bool
}

// newReplay returns the source of a recording.
func newReplay(r *recording.Reader, span Span, part *Part) (*replay, error) {
	if span.To == 0 {
		span.To = ^uint64(0)
	}
	p := &replay{info: r.Info(), span: span, part: part, tracees: make(map[int]*past)}
	var err error
	switch {
	case part != nil:
		p.cursor, err = r.Part(part.First, part.Count)
	case span.From > 0:
		p.cursor, err = r.SeekCall(span.From)
	default:
		p.cursor = r.Events()
	}
	return p, err
}

// host answers questions about the threads.
func (p *replay) host() host.Host { return p.cursor.Host() }

// Next implements source.
func (p *replay) Next() (*tracer.Event, error) {
	if p.asked.pending.Load() {
		p.answer()
	}
	for {
		if p.ended.Load() {
			return p.nextDetached()
		}
		e, err := p.cursor.Next()
		if p.part != nil {
			p.part.Each(e, p.cursor.Host())
		}
		if err != nil {
			return nil, err
		}
		if ev := p.convert(e); ev != nil {
			return ev, nil
		}
		if p.over() {
			return nil, io.EOF
		}
	}
}

// over reports whether all calls of the span have returned.
func (p *replay) over() bool {
	if p.now == nil || p.now.Kind != recording.Enter || p.now.Ordinal < p.span.To {
		return false
	}
	for _, t := range p.tracees {
		if t.inside {
			return false
		}
	}
	return true
}

// eventKinds is the inverse of kindsOfEvents.
var eventKinds = [...]tracer.Kind{
	recording.Enter: tracer.Enter, recording.Exit: tracer.Exit, recording.Signal: tracer.Signal,
	recording.GroupStop: tracer.GroupStop, recording.Exec: tracer.Exec, recording.Created: tracer.Created,
	recording.LaunchFailed: tracer.LaunchFailed, recording.Exited: tracer.Exited, recording.Killed: tracer.Killed,
	recording.Detached: tracer.Detached, recording.Stray: tracer.Stray, recording.StrayEnded: tracer.StrayEnded,
	recording.Launched: tracer.Launched, recording.Attached: tracer.Attached,
}

// of returns a thread.
func (p *replay) of(tid int) *past {
	t := p.tracees[tid]
	if t == nil {
		t = &past{r: p}
		t.tracee = tracer.NewPast(tid, t)
		p.tracees[tid] = t
	}
	return t
}

// convert turns an event of the recording into a Tracer's. It returns nil if the event is
// not in the span.
func (p *replay) convert(e *recording.Event) *tracer.Event {
	p.now = e
	after := e.Kind == recording.Enter && e.Ordinal >= p.span.To
	if e.Kind == recording.Exec && e.FormerTID != 0 {
		return p.convertExec(e)
	}
	t := p.of(e.TID)
	switch e.Kind {
	case recording.Enter:
		if after {
			return nil
		}
		t.inside = true
		t.keep(e)
	case recording.Exit:
		if !t.inside && (p.span.From > 0 || p.part != nil) {
			return nil // of a call before the span
		}
		t.inside = false
		t.add(e)
	default:
		t.pieces = append(t.pieces[:t.atEntry], e.Memory...)
	}
	ev := p.event(e, t)
	switch e.Kind {
	case recording.Created:
		if parent := p.tracees[e.Parent]; parent != nil && e.Parent != 0 {
			t.tracee.SetParent(parent.tracee)
		}
	case recording.Exited, recording.Killed, recording.Detached:
		p.forget(t)
	}
	return ev
}

// forget drops a thread that has ended.
func (p *replay) forget(t *past) {
	t.ended, t.inside = true, false
	t.tracee.SetParent(nil)
	delete(p.tracees, t.tracee.TID)
	for _, other := range p.tracees {
		if other.tracee.Parent() == t.tracee {
			other.tracee.SetParent(nil)
		}
	}
}

// convertExec is convert for an execve by a thread that was not the leader: it takes the
// leader's id.
func (p *replay) convertExec(e *recording.Event) *tracer.Event {
	t, leader := p.of(e.FormerTID), p.tracees[e.TID]
	delete(p.tracees, e.FormerTID)
	t.tracee.TID = e.TID
	p.tracees[e.TID] = t
	t.pieces = append(t.pieces[:t.atEntry], e.Memory...)
	ev := p.event(e, t)
	ev.FormerTID = e.FormerTID
	if e.Superseded != 0 && leader != nil {
		leader.ended = true
		ev.Superseded = leader.tracee
	}
	return ev
}

// event makes an event of a Tracer.
func (p *replay) event(e *recording.Event, t *past) *tracer.Event {
	c := &e.Call
	p.call = tracer.Syscall{
		ABI: c.ABI, NR: c.NR, Args: c.Args, IP: c.IP, SP: c.SP, Ret: c.Ret, IsError: c.IsError, EntrySeen: c.EntrySeen,
	}
	p.ev = tracer.Event{
		Kind: eventKinds[e.Kind], Tracee: t.tracee, Call: &p.call, Time: e.Time, Kept: true,
		Signal: e.Signal, Siginfo: &e.Siginfo, Status: e.Status, Errno: e.Errno,
	}
	if e.HasUsage {
		p.usage = e.Usage
		p.ev.Usage = &p.usage
	}
	return &p.ev
}

// keep keeps the memory of a call's entry.
func (t *past) keep(e *recording.Event) {
	t.pieces, t.room = t.pieces[:0], t.room[:0]
	for _, piece := range e.Memory {
		start := len(t.room)
		t.room = append(t.room, piece.B...)
		piece.B = t.room[start:len(t.room):len(t.room)]
		t.pieces = append(t.pieces, piece)
	}
	t.atEntry = len(t.pieces)
}

// add adds the memory of a call's exit to that of its entry. Where both have the same
// memory, the exit's counts.
func (t *past) add(e *recording.Event) {
	t.pieces = append(t.pieces[:t.atEntry], e.Memory...)
	t.atEntry = 0
}

// Pieces implements tracer.Past.
func (t *past) Pieces(yield func(tracer.BufferedPiece)) {
	for i := range t.pieces {
		p := &t.pieces[i]
		yield(tracer.BufferedPiece{Addr: p.Addr, B: p.B, Ended: p.End == decode.AtNUL, Unreadable: p.End == decode.Unreadable})
	}
}

// ReadMemory implements tracer.Past.
func (t *past) ReadMemory(addr uint64, b []byte) int {
	n := 0
	for more := true; more && n < len(b); {
		more = false
		at := addr + uint64(n)
		for i := len(t.pieces) - 1; i >= 0; i-- { // the newest first
			if p := &t.pieces[i]; at >= p.Addr && at-p.Addr < uint64(len(p.B)) {
				n += copy(b[n:], p.B[at-p.Addr:])
				more = true
				break
			}
		}
	}
	return n
}

// Registers implements tracer.Past.
func (t *past) Registers(regs *tracer.Registers) error {
	e := t.r.now
	if !e.HasRegisters {
		return unix.ESRCH
	}
	*regs = e.Registers.User
	return nil
}

// RegisterSet implements tracer.Past.
func (t *past) RegisterSet(note int, b []byte) (int, error) {
	for _, set := range t.r.now.Registers.Sets {
		if set.Note == note {
			return copy(b, set.B), nil
		}
	}
	return 0, unix.ENODEV
}

// Interrupted implements tracer.Past.
func (t *past) Interrupted() *tracer.Syscall {
	e := t.r.now
	if !e.HasInterrupted {
		return nil
	}
	return &tracer.Syscall{ABI: e.Interrupted.ABI, NR: e.Interrupted.NR}
}

// RunOf describes the trace that was recorded.
func RunOf(i *recording.Info) *output.Run {
	return &output.Run{
		Version: i.Program, Options: i.Options, Command: i.Command, PID: i.PID,
		Kernel: i.Kernel, Release: i.Release, Build: i.Build, Machine: i.Machine, Host: i.Host,
		Began: i.Start, Clocks: output.Clocks{Realtime: i.Start.UnixNano(), Monotonic: i.Monotonic, Boottime: i.Boottime},
	}
}

// layout returns the positions of the parts of vector registers.
func (p *replay) layout() (components []registers.XSAVEComponent) {
	for v := range slices.Chunk(p.info.Vector, 3) {
		if len(v) == 3 {
			components = append(components, registers.XSAVEComponent{Number: v[0], Offset: v[1], Size: v[2]})
		}
	}
	return components
}

// nextDetached ends the trace of all threads, one at a time.
func (p *replay) nextDetached() (*tracer.Event, error) {
	if p.detached == nil {
		p.detached = make([]*past, 0, len(p.tracees))
		for _, t := range p.tracees {
			p.detached = append(p.detached, t)
		}
		slices.SortFunc(p.detached, func(a, b *past) int { return cmp.Compare(a.tracee.TID, b.tracee.TID) })
	}
	if len(p.detached) == 0 {
		return nil, io.EOF
	}
	t := p.detached[0]
	p.detached = p.detached[1:]
	t.ended = true
	p.ev = tracer.Event{Kind: tracer.Detached, Tracee: t.tracee, Call: &p.call, Kept: true}
	if p.now != nil {
		p.ev.Time = p.now.Time
	}
	return &p.ev, nil
}

// The methods of source that end the trace.

func (p *replay) DetachAll()            { p.ended.Store(true) }
func (p *replay) Stop()                 { p.ended.Store(true) }
func (p *replay) Interrupt(unix.Signal) { p.ended.Store(true) }
func (p *replay) End(unix.Signal)       { p.ended.Store(true) }

// Do implements source.
func (p *replay) Do(f func()) {
	done := make(chan struct{})
	p.asked.mu.Lock()
	if p.closed.Load() {
		p.asked.mu.Unlock()
		return
	}
	p.asked.calls = append(p.asked.calls, func() { defer close(done); f() })
	p.asked.pending.Store(true)
	p.asked.mu.Unlock()
	<-done
}

// answer calls the functions that were passed to Do.
func (p *replay) answer() {
	p.asked.mu.Lock()
	calls := p.asked.calls
	p.asked.calls = nil
	p.asked.pending.Store(false)
	p.asked.mu.Unlock()
	for _, f := range calls {
		f()
	}
}

// Close implements source.
func (p *replay) Close() {
	p.asked.mu.Lock()
	p.closed.Store(true)
	p.asked.mu.Unlock()
	p.answer()
	p.cursor.Close()
}
