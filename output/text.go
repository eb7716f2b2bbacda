package output

import (
	"time"

	"trapline/socketcall"
	"trapline/tables"
)

// text is the Trace that writes lines as strace does.
//
// The line being built is in buf; Entered and the end of a record move it to
// the file. What follows the arguments of one call may so be written much later
// than these, on a line of its own.
type text struct {
	log     *Log
	out     *file
	opt     *Options
	pid     int
	comm    []byte // escaped; empty when not shown
	context []byte // the same

	buf           []byte
	column        int // columns of the line that are in the file already
	unshown       int // bytes of buf that take no column (colours)
	frames        []frame
	named         []named
	names         NameStyle // of the values now being written
	dump          []byte    // lines that follow the call's
	behind        int       // where in buf the one of them begins that is being written
	behindUnshown int       // unshown before it
	stack         *Stack    // lines that follow these; nil for none
	name          string    // of the call
	abi           tables.ABI
	nr            uint64
	numbered      bool // nr is known
	ip            uint64
	inCall        bool
	held          bool // the call's line stays in buf until its status is known
	failed        bool
	restart       bool // the line has to be taken up on a new one (Superseded)
}

// frame is a level of nesting: the arguments of the call (the outermost), or a
// struct, array, set or macro in them.
type frame struct {
	kind  frameKind
	begun bool // something has been written in it
	bare  bool // its member at hand has no name
}

type frameKind uint8

const (
	inArgs frameKind = iota
	inStruct
	inArray
	inSet
	inMacro
	inRemark
)

func newText(l *Log, out *file, pid int) *text {
	return &text{
		log:    l,
		out:    out,
		opt:    &l.options,
		pid:    pid,
		frames: make([]frame, 0, 16),
		names:  l.options.Names,
	}
}

func (t *text) PID() int { return t.pid }

func (t *text) SetComm(comm []byte) {
	t.comm = appendEscaped(t.comm[:0], comm, t.opt.Strings, "<>")
}

func (t *text) SetIP(ip uint64) { t.ip = ip }

func (t *text) SetNumber(nr uint64) { t.nr, t.numbered = nr, true }

// BeginCall implements Trace.
func (t *text) BeginCall(h *Header) {
	t.end() // a call that never came back
	t.abi, t.nr, t.numbered, t.ip, t.name = h.ABI, h.NR, true, h.IP, h.Name
	t.inCall, t.failed, t.restart = true, false, false
	t.held = t.opt.Statuses != AllStatuses
	t.begin(h.Time, true)
	if t.opt.EntryPoints && h.Entry != "" {
		t.punct("[")
		t.put(h.Entry)
		if h.Via != nil && h.Via.Entry != "" {
			t.put(" ")
			t.put(h.Via.Entry)
		}
		t.punct("]")
		t.put(" ")
	}
	if t.opt.Multiplexer && h.Via != nil {
		t.via(h.Via)
	}
	t.color(hueSyscall)
	t.put(h.Name)
	t.punct("(")
	t.frames = append(t.frames[:0], frame{kind: inArgs})
}

// via writes the call that this one came by:
// socketcall(SYS_CONNECT, 0xffffd2c0 -> [3, 0xffffd2e0, 16]):
func (t *text) via(v *socketcall.Via) {
	t.color(hueSyscall)
	t.put(v.Name)
	t.punct("(")
	if v.Version != 0 {
		t.buf = appendNumber(t.buf, uint64(v.Version), Unsigned)
		t.Shift(16, "", Unsigned)
		t.Or()
	}
	if v.Symbol != "" {
		t.symbol(v.Symbol)
	} else {
		t.buf = appendNumber(t.buf, v.Call, Unsigned)
	}
	if v.ArgsAddr != 0 {
		t.punct(", ")
		t.buf = appendHex(t.buf, v.ArgsAddr)
		t.punct(" -> [")
	}
	for i, raw := range v.Raw {
		if i > 0 || v.ArgsAddr == 0 {
			t.punct(", ")
		}
		if raw < 1<<16 {
			t.buf = appendNumber(t.buf, raw, Unsigned)
		} else {
			t.buf = appendHex(t.buf, raw)
		}
	}
	if v.ArgsAddr != 0 {
		t.punct("]")
	}
	t.punct("): ")
}

// Entered implements Trace.
func (t *text) Entered() {
	if !t.held {
		t.color(hueReset)
		t.commit()
	}
	if t.out.prompt {
		t.out.flush()
	}
}

// Resume implements Trace.
func (t *text) Resume(at time.Time) {
	if t.held && !t.restart || t.out.open == t && !t.restart {
		return
	}
	t.restart = false
	t.begin(at, true)
	t.put("<... ")
	t.put(t.name)
	t.put(" resumed>")
}

// tampered notes behind a result what was done to the call.
func (t *text) tampered(how string) {
	t.part(hueResult)
	t.put("(")
	t.put(how)
	t.put(")")
}

// EndCall implements Trace.
func (t *text) EndCall(r *Result) {
	if r.Tampered != "" {
		t.tampered(r.Tampered)
	}
	if r.Delayed {
		t.tampered("DELAYED")
	}
	if t.opt.Durations {
		t.part(hueResult)
		t.punct("<")
		d := max(0, r.Duration)
		t.buf = appendNumber(t.buf, uint64(d/time.Second), Unsigned)
		t.buf = appendFraction(t.buf, int(d%time.Second), t.opt.DurDigits)
		t.punct(">")
	}
	status := Successful
	if t.failed {
		status = Failed
	}
	t.endCall(status)
	t.writeStack()
	if r.Regs != nil && t.opt.Statuses&status != 0 {
		t.registers(r.Regs)
	}
}

// Unreturned implements Trace.
func (t *text) Unreturned(at time.Time, complete bool) {
	t.Resume(at)
	if !complete {
		t.put(" <unfinished ...>")
	}
	t.Return()
	t.Unknown()
	t.endCall(Unfinished)
}

// Unavailable implements Trace.
func (t *text) Unavailable() {
	t.Return()
	t.Unknown()
	t.part(hueResult)
	t.put("<unavailable>")
	t.endCall(UnavailableStatus)
	t.writeStack()
}

// endCall finishes the line of a call that ended with a status.
func (t *text) endCall(status StatusSet) {
	t.color(hueReset)
	t.inCall = false
	t.held = false
	if t.opt.Statuses&status == 0 {
		t.drop()
	} else {
		t.newline()
		t.out.write(t.dump)
	}
	t.dump = kept(t.dump)
}

// unfinished ends the line because another record comes in between.
func (t *text) unfinished() {
	t.put(" <unfinished ...>")
	t.newline()
}

// end gives up a call that will not come back.
func (t *text) end() {
	if !t.inCall {
		return
	}
	t.inCall = false
	switch {
	case t.held:
		t.held = false
		if t.opt.Statuses&Unfinished == 0 {
			t.drop()
		} else if len(t.buf) > 0 {
			t.unfinished()
		}
	case t.out.open == t:
		t.unfinished()
	}
}

// BeginSignal implements Trace.
func (t *text) BeginSignal(at time.Time, name string) {
	t.end()
	t.begin(at, true)
	t.put("--- ")
	t.put(name)
	t.put(" ")
	t.frames = append(t.frames[:0], frame{kind: inArgs})
}

// EndSignal implements Trace.
func (t *text) EndSignal() {
	t.put(" ---")
	t.newline()
	t.writeStack()
}

// Stopped implements Trace.
func (t *text) Stopped(at time.Time, signal string) {
	t.end()
	t.begin(at, true)
	t.put("--- stopped by ")
	t.put(signal)
	t.put(" ---")
	t.newline()
	t.writeStack()
}

// Exited implements Trace.
func (t *text) Exited(at time.Time, code int) {
	t.end()
	t.begin(at, false)
	t.put("+++ exited with ")
	t.buf = appendNumber(t.buf, uint64(code), Signed)
	t.put(" +++")
	t.newline()
}

// Killed implements Trace.
func (t *text) Killed(at time.Time, signal string, core bool) {
	t.end()
	t.begin(at, false)
	t.put("+++ killed by ")
	t.put(signal)
	if core {
		t.put(" (core dumped)")
	}
	t.put(" +++")
	t.newline()
}

// Personality implements Trace.
func (t *text) Personality(at time.Time, abi tables.ABI) {
	t.end()
	t.abi = abi
	t.begin(at, true)
	t.put("[ Process PID=")
	t.buf = appendNumber(t.buf, uint64(t.pid), Signed)
	t.put(" runs in ")
	if abi == tables.X32 {
		t.put("x32")
	} else {
		t.buf = appendNumber(t.buf, uint64(abi.Bits()), Unsigned)
		t.put(" bit")
	}
	t.put(" mode. ]")
	t.newline()
}

// Superseded implements Trace.
func (t *text) Superseded(at time.Time, leader Trace, quiet bool) {
	old := leader.(*text)
	old.end()
	thread := t.pid
	if t.held || t.out.open == t {
		t.put(" <pid changed to ")
		t.buf = appendNumber(t.buf, uint64(old.pid), Signed)
		t.put(" ...>")
		if t.held && t.opt.Statuses&Detached == 0 {
			t.drop()
		} else {
			t.newline()
		}
	}
	t.pid = old.pid
	t.out, old.out = old.out, t.out
	old.Close()
	if !quiet {
		held := t.held
		t.held = false
		t.begin(at, true)
		t.put("+++ superseded by execve in pid ")
		t.buf = appendNumber(t.buf, uint64(thread), Signed)
		t.put(" +++")
		t.newline()
		t.held = held
	}
	t.restart = t.inCall
}

// Close implements Trace.
func (t *text) Close() {
	if t.inCall && (t.held || t.out.open == t) {
		if t.held && t.opt.Statuses&Detached == 0 {
			t.drop()
		} else {
			t.put(" <detached ...>")
			t.newline()
		}
	}
	t.inCall, t.held = false, false
	t.writeStack() // of a call that has not returned
	t.log.live--
	if t.out != t.log.shared {
		t.out.close()
	}
}

// noNumber is the number of a call that a tracer, or a seccomp filter, has taken
// the number of: no call at all. strace shows it as it shows none.
const noNumber = 1<<64 - 1

// begin starts a line. located says that the tracee still has an instruction
// pointer.
func (t *text) begin(at time.Time, located bool) {
	if !t.held {
		t.out.interrupt()
		t.out.open = t
	}
	t.column = 0
	o := t.opt
	t.beginPID()
	t.beginContext()
	t.buf = t.log.clock.appendWall(t.buf, at, o.Clock, o.ClockDigits)
	if o.Relative {
		t.buf = t.log.clock.appendRelative(t.buf, at, o.Clock != ClockNone, o.RelDigits)
	}
	if o.Number {
		t.punct("[")
		if t.numbered && t.nr != noNumber {
			t.buf = appendPadded(t.buf, t.nr, 4, ' ')
		} else {
			t.put("???")
		}
		t.punct("]")
		t.put(" ")
	}
	if o.IP {
		t.punct("[")
		digits := 2 * t.abi.WordSize()
		for i := 0; !located && i < digits; i++ {
			t.put("?")
		}
		if located {
			t.buf = appendHexPadded(t.buf, t.ip, digits)
		}
		t.punct("]")
		t.put(" ")
	}
}

// beginPID writes the tracee that a line is about.
func (t *text) beginPID() {
	switch {
	case t.opt.PID == PIDColumn && len(t.comm) > 0:
		t.buf = appendNumber(t.buf, uint64(t.pid), Signed)
		t.bracketed(t.comm)
	case t.opt.PID == PIDColumn:
		start := len(t.buf)
		t.buf = appendNumber(t.buf, uint64(t.pid), Signed)
		for len(t.buf) < start+5 {
			t.buf = append(t.buf, ' ')
		}
	case t.opt.PID == PIDMany && t.log.live > 1:
		t.punct("[")
		t.put("pid ")
		t.buf = appendPadded(t.buf, uint64(t.pid), 5, ' ')
		if len(t.comm) > 0 {
			t.bracketed(t.comm)
		}
		t.punct("]")
	default:
		return
	}
	t.put(" ")
}

func (t *text) bracketed(b []byte) {
	t.punct("<")
	t.buf = appendPrintable(t.buf, b)
	t.punct(">")
}

// newline ends the line and moves it to the file.
func (t *text) newline() {
	t.color(hueReset)
	t.buf = append(t.buf, '\n')
	t.commit()
	t.column = 0
	if t.out.open == t {
		t.out.open = nil
	}
}

// commit moves what there is of the line to the file.
func (t *text) commit() {
	t.column += len(t.buf) - t.unshown
	t.out.write(t.buf)
	t.buf, t.unshown = kept(t.buf), 0
}

// drop forgets a line that was held back, and the stack that belongs to it.
func (t *text) drop() {
	t.buf, t.unshown, t.column = t.buf[:0], 0, 0
	t.stack = nil
}

// lineLength is the number of columns that the line has so far.
func (t *text) lineLength() int { return t.column + len(t.buf) - t.unshown }

// pad fills the line up to a column.
func (t *text) pad(column int) {
	for n := t.lineLength(); n < column; n++ {
		t.buf = append(t.buf, ' ')
	}
}
