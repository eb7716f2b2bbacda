package output

import (
	"time"

	"trapline/socketcall"
	"trapline/tables"
)

// jsonSchema is the version of the JSON form that docs/json.md describes. It
// grows when a reader of the form before would be misled.
const jsonSchema = 1

// jsonTrace is the Trace that writes a JSON object for each record, on a line
// of its own. The object is built in buf as the values come, from left to
// right, and goes to the file when it is complete.
//
// Every value is a cell: an object with the member "value" and, behind it,
// others that tell more of it ("symbol", "flags", "comment" ...). A cell
// stays open until the next one starts.
type jsonTrace struct {
	log     *Log
	out     *file
	opt     *Options
	pid     int
	comm    []byte
	context []byte // SELinux's

	buf    []byte
	levels []level
	named  []namedCell
	names  nameList // of the innermost of named
	told   members  // of the cells that are open
	key    string   // of what is outside of any cell: "args", "ret", "info"
	stack  *Stack   // to be written at the end of the record, or nil
	note   []byte   // comment to what is not shown of the innermost level
	order  bool     // inside htons and the like, which are left out
	inCall bool
	failed bool
}

// level is a list or object of cells, or the record itself.
type level struct {
	kind    levelKind
	members int
	open    int // braces to close in the cell being written
	cut     bool
}

type levelKind uint8

const (
	inRecord levelKind = iota
	inArguments
	inList   // array, set, macro or remark
	inObject // struct
)

func newJSON(l *Log, out *file, pid int) *jsonTrace {
	return &jsonTrace{
		log:    l,
		out:    out,
		opt:    &l.options,
		pid:    pid,
		levels: make([]level, 0, 16),
	}
}

func (j *jsonTrace) PID() int { return j.pid }

func (j *jsonTrace) SetComm(comm []byte) { j.comm = append(j.comm[:0], comm...) }

func (j *jsonTrace) SetIP(uint64) {}

func (j *jsonTrace) SetNumber(uint64) {}

// begin starts a record.
func (j *jsonTrace) begin(event string, at time.Time) {
	j.buf = append(j.buf[:0], '{')
	j.member("schema")
	j.buf = appendNumber(j.buf, jsonSchema, Unsigned)
	j.member("event")
	j.string(event)
	j.member("pid")
	j.buf = appendNumber(j.buf, uint64(j.pid), Signed)
	if len(j.comm) > 0 {
		j.member("comm")
		if !j.bytes(j.comm) {
			j.member("comm_hex")
			j.hexString(j.comm)
		}
	}
	j.beginContext()
	j.member("time")
	j.buf = appendNumber(j.buf, uint64(at.Unix()), Signed)
	j.buf = appendFraction(j.buf, at.Nanosecond(), Nanoseconds)
	j.levels = append(j.levels[:0], level{kind: inRecord})
	j.named = j.named[:0]
	j.order = false
	j.told.reset()
	j.key = "value"
}

// finish ends the record and moves it to the file.
func (j *jsonTrace) finish() {
	j.unwind()
	j.writeStack()
	j.buf = append(j.buf, '}', '\n')
	j.out.write(j.buf)
	j.buf = kept(j.buf)
	if j.out.prompt {
		j.out.flush()
	}
}

// BeginCall implements Trace.
func (j *jsonTrace) BeginCall(h *Header) {
	j.end()
	j.begin("syscall", h.Time)
	j.inCall, j.failed = true, false
	j.member("abi")
	j.string(h.ABI.String())
	j.member("nr")
	j.number(h.NR, Unsigned)
	j.member("name")
	j.string(h.Name)
	if j.opt.IP {
		j.member("ip")
		j.address(h.IP)
	}
	if j.opt.EntryPoints && h.Entry != "" {
		j.member("entry")
		j.string(h.Entry)
	}
	if h.Via != nil {
		j.via(h.Via)
	}
	j.key = "args"
	j.unique("", memberName{j.key, ""})
	j.enter(inArguments, '[')
}

func (j *jsonTrace) via(v *socketcall.Via) {
	j.member("via")
	j.buf = append(j.buf, '{')
	j.member("name")
	j.string(v.Name)
	j.member("call")
	j.number(v.Call, Unsigned)
	if v.Version != 0 {
		j.member("version")
		j.number(uint64(v.Version), Unsigned)
	}
	if v.Symbol != "" {
		j.member("symbol")
		j.string(v.Symbol)
	}
	if v.ArgsAddr != 0 {
		j.member("args_addr")
		j.address(v.ArgsAddr)
	}
	j.member("raw")
	j.buf = append(j.buf, '[')
	for i, raw := range v.Raw {
		if i > 0 {
			j.buf = append(j.buf, ',')
		}
		j.number(raw, Unsigned)
	}
	j.buf = append(j.buf, ']')
	if j.opt.EntryPoints && v.Entry != "" {
		j.member("entry")
		j.string(v.Entry)
	}
	j.buf = append(j.buf, '}')
}

// Entered implements Trace.
func (j *jsonTrace) Entered() {}

// Resume implements Trace.
func (j *jsonTrace) Resume(time.Time) {}

// EndCall implements Trace.
func (j *jsonTrace) EndCall(r *Result) {
	j.unwind()
	if r.Tampered != "" {
		j.member("tampered")
		j.string(r.Tampered)
	}
	if r.Delayed {
		j.member("delayed")
		j.buf = append(j.buf, "true"...)
	}
	j.member("duration_ns")
	j.buf = appendNumber(j.buf, uint64(max(0, r.Duration)), Unsigned)
	if r.Regs != nil {
		j.registers(r.Regs)
	}
	status := Successful
	if j.failed {
		status = Failed
	}
	j.endCall(status)
}

func (j *jsonTrace) endCall(status StatusSet) {
	j.inCall = false
	if j.opt.Statuses&status != 0 {
		j.finish()
	}
	j.stack = nil
}

// Unreturned implements Trace.
func (j *jsonTrace) Unreturned(time.Time, bool) { j.noResult("unfinished", Unfinished) }

// Unavailable implements Trace.
func (j *jsonTrace) Unavailable() { j.noResult("unavailable", UnavailableStatus) }

// noResult ends a call without a result; mark says why.
func (j *jsonTrace) noResult(mark string, status StatusSet) {
	j.Return()
	j.Unknown()
	j.flag(mark)
	j.endCall(status)
}

// end gives up a call that will not come back.
func (j *jsonTrace) end() {
	if j.inCall {
		j.noResult("unfinished", Unfinished)
	}
}

// BeginSignal implements Trace.
func (j *jsonTrace) BeginSignal(at time.Time, name string) {
	j.event("signal", at)
	j.member("signal")
	j.string(name)
	j.key = "info"
}

// EndSignal implements Trace.
func (j *jsonTrace) EndSignal() { j.finish() }

// Stopped implements Trace.
func (j *jsonTrace) Stopped(at time.Time, signal string) {
	j.event("stop", at)
	j.member("signal")
	j.string(signal)
	j.finish()
}

// Exited implements Trace.
func (j *jsonTrace) Exited(at time.Time, code int) {
	j.event("exit", at)
	j.member("code")
	j.buf = appendNumber(j.buf, uint64(code), Signed)
	j.finish()
}

// Killed implements Trace.
func (j *jsonTrace) Killed(at time.Time, signal string, core bool) {
	j.event("killed", at)
	j.member("signal")
	j.string(signal)
	if core {
		j.flag("core_dumped")
	}
	j.finish()
}

// Personality implements Trace.
func (j *jsonTrace) Personality(at time.Time, abi tables.ABI) {
	j.event("personality", at)
	j.member("abi")
	j.string(abi.String())
	j.finish()
}

// event starts a record that is not a call.
func (j *jsonTrace) event(name string, at time.Time) {
	j.end()
	j.begin(name, at)
}

// Superseded implements Trace.
func (j *jsonTrace) Superseded(at time.Time, leader Trace, quiet bool) {
	old := leader.(*jsonTrace)
	old.end()
	thread := j.pid
	j.pid = old.pid
	j.out, old.out = old.out, j.out
	old.Close()
	if quiet {
		return
	}
	// The execve of this Trace is still being written: a record of its own
	// has to come from the Trace that is no longer needed.
	old.out = j.out
	old.begin("superseded", at)
	old.member("thread")
	old.buf = appendNumber(old.buf, uint64(thread), Signed)
	old.finish()
}

// Close implements Trace.
func (j *jsonTrace) Close() {
	if j.inCall {
		j.noResult("detached", Detached)
	}
	j.log.live--
	if j.out != j.log.shared {
		j.out.close()
	}
}
