// Package json writes a trace as JSON, one object per line. docs/json.md
// describes it.
package json

import (
	"time"

	"trapline/output"
	"trapline/socketcall"
)

// Format is JSON lines.
var Format = &output.Format{
	Name: "json", Timed: true, New: newWriter,
	Processes: true, StringLimit: 4096, Head: head, Message: message,
}

// writer writes a JSON object for each record, on its own line. The object is
// built in buf from left to right as the values arrive.
//
// Every value is a cell: an object with the member "value", followed by details
// ("symbol", "flags", "comment" ...). A cell stays open until the next one
// starts.
type writer struct {
	opt    *output.Options
	tracee *output.Tracee

	buf    []byte
	levels []level
	named  []namedCell
	names  nameList // of the innermost element of named
	told   members  // member names of the open cells
	key    string   // prefix for members outside any cell: "args", "ret", "info"
	note   []byte   // comment on the omitted part of the innermost level
	order  bool     // inside htons and the like, which are omitted

	native   bool // a Native is not yet ended
	nativeAt int  // length of named when it began

	entry entry
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

func newWriter(o *output.Options, t *output.Tracee) output.Writer {
	return &writer{opt: o, tracee: t, levels: make([]level, 0, 16)}
}

// Take implements output.Writer.
func (j *writer) Take() []byte {
	b := j.buf
	j.buf = output.Reusable(b)
	return b
}

// put writes a constant part of a record that is JSON already, such as a member's name
// with the punctuation around it.
func (j *writer) put(s string) { j.buf = append(j.buf, s...) }

// record starts an object that is not about a certain tracee.
func (j *writer) record(event string) {
	j.put(RecordStart)
	j.word(event)
	j.levels = append(j.levels[:0], level{kind: inRecord})
}

// RecordStart is the beginning of each record. It contains the version of the JSON format
// that docs/json.md describes. The version increases when a change would mislead readers
// of the previous one.
const RecordStart = `{"schema":2,"event":`

// integer writes a member with an integer that may need 64 bits.
func (j *writer) integer(key string, v int64) {
	j.member(key)
	j.buf = output.AppendNumber(j.buf, uint64(v), output.Signed)
}

// time writes when something happened: in seconds, and in nanoseconds.
func (j *writer) time(at time.Time) {
	stamp := j.opt.Stamp(at)
	j.put(`,"time":`)
	start := len(j.buf)
	j.buf = output.AppendStamp(j.buf, stamp, output.Nanoseconds)
	digits := j.buf[start:]
	j.put(`,"time_ns":`)
	if stamp < 1e9 {
		j.buf = output.AppendNumber(j.buf, uint64(stamp), output.Signed)
		return
	}
	point := len(digits) - 1 - int(output.Nanoseconds)
	j.buf = append(append(j.buf, digits[:point]...), digits[point+1:]...)
}

// begin starts a record of the tracee.
func (j *writer) begin(event string, at time.Time) {
	j.record(event)
	j.put(`,"pid":`)
	j.buf = output.AppendNumber(j.buf, uint64(j.tracee.PID), output.Signed)
	if j.tracee.TGID != 0 {
		j.put(`,"tgid":`)
		j.buf = output.AppendNumber(j.buf, uint64(j.tracee.TGID), output.Signed)
		j.put(`,"ppid":`)
		j.buf = output.AppendNumber(j.buf, uint64(j.tracee.PPID), output.Signed)
	}
	if comm := j.tracee.Comm; len(comm) > 0 {
		j.member("comm")
		if !j.bytes(comm) {
			j.member("comm_hex")
			j.hexString(comm)
		}
	}
	j.secontext()
	j.time(at)
	j.named = j.named[:0]
	j.order, j.native = false, false
	j.told.reset()
	j.key = "value"
}

// end ends a record.
func (j *writer) end(s *output.Stack) {
	j.unwind()
	if s != nil {
		j.stack(s)
	}
	j.buf = append(j.buf, '}', '\n')
}

// BeginCall implements output.Writer.
func (j *writer) BeginCall(h *output.Header) {
	event := "syscall"
	if h.Waiting {
		event = "waiting"
	}
	j.begin(event, h.Time)
	if h.Waiting && h.Name == "" {
		return
	}
	j.put(`,"abi":"`)
	j.put(h.ABI.String())
	j.put(`","nr":`)
	j.number(h.NR, output.Unsigned)
	j.put(`,"name":`)
	j.word(h.Name)
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

func (j *writer) via(v *socketcall.Via) {
	j.member("via")
	j.buf = append(j.buf, '{')
	j.member("name")
	j.string(v.Name)
	j.member("call")
	j.number(v.Call, output.Unsigned)
	if v.Version != 0 {
		j.member("version")
		j.number(uint64(v.Version), output.Unsigned)
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
		j.number(raw, output.Unsigned)
	}
	j.buf = append(j.buf, ']')
	if j.opt.EntryPoints && v.Entry != "" {
		j.member("entry")
		j.string(v.Entry)
	}
	j.buf = append(j.buf, '}')
}

// EndCall implements output.Writer.
func (j *writer) EndCall(r *output.Result, s *output.Stack) {
	j.unwind()
	if r.Tampered != "" {
		j.member("tampered")
		j.string(r.Tampered)
	}
	if r.Rule != 0 {
		j.member("rule")
		j.buf = output.AppendNumber(j.buf, uint64(r.Rule), output.Unsigned)
	}
	if r.Delayed {
		j.flag("delayed")
	}
	if r.Reason != "" {
		j.member("reason")
		j.string(r.Reason)
	}
	j.put(`,"duration_ns":`)
	j.buf = output.AppendNumber(j.buf, uint64(max(0, r.Duration)), output.Unsigned)
	if r.Regs != nil {
		j.registers(r.Regs)
	}
	if r.Kernel != nil {
		j.kernelPath(r.Kernel)
	}
	j.end(s)
}

// NoResult implements output.Writer.
func (j *writer) NoResult(why output.StatusSet, _ bool, s *output.Stack) {
	j.Return()
	j.Unknown()
	switch why {
	case output.Unfinished:
		j.flag("unfinished")
	case output.UnavailableStatus:
		j.flag("unavailable")
	case output.Detached:
		j.flag("detached")
	}
	j.end(s)
}

// BeginSignal implements output.Writer.
func (j *writer) BeginSignal(at time.Time, name string) {
	j.begin("signal", at)
	j.member("signal")
	j.string(name)
	j.key = "info"
}

// EndSignal implements output.Writer.
func (j *writer) EndSignal(s *output.Stack) { j.end(s) }

// Event implements output.Writer.
func (j *writer) Event(at time.Time, e output.Event, s *output.Stack) {
	j.begin(e.Kind.String(), at)
	switch e.Kind {
	case output.Stopped, output.Killed:
		j.member("signal")
		j.string(e.Signal)
		if e.Core {
			j.flag("core_dumped")
		}
	case output.Exited:
		j.integer("code", int64(e.Code))
	case output.Started, output.Executed:
		j.process(e.Process)
	case output.Personality:
		j.member("abi")
		j.string(e.ABI.String())
	case output.Superseded:
		j.integer("thread", int64(e.Thread))
	}
	if e.Usage != nil {
		j.usage(e.Usage)
	}
	j.end(s)
}
