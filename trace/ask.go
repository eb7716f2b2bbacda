//go:build linux && amd64

package trace

import (
	"unsafe"

	"trapline/decode"
	"trapline/decode/host"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/trace/condition"
	"trapline/tracer"
)

// asker evaluates the conditions of a Session. Operands that occur in several
// of them are decoded once for each call.
type asker struct {
	decoder  *decode.Decoder
	operands []*operand // of all conditions
	files    usedFiles  // for fd and path
	timed    bool       // the duration of calls is asked for
	grouped  bool       // the id of processes is asked for
	named    bool       // the command names of tracees are asked for

	shortened *shortened // strings that a recording has not whole; nil without a recording
}

// conditionStrings is the number of bytes of a string that conditions see, unless it is from
// a recording that has less.
const conditionStrings = 64 << 10

// bound is a Condition of a Session.
type bound struct {
	condition *condition.Condition
	operands  []int // for each operand's ID, its position in asker.operands
	event     bool  // it asks what kind of record there is
}

// newAsker makes an asker without conditions.
func newAsker(machine host.Host, o *Options) *asker {
	a := &asker{decoder: decode.NewDecoder(decode.Options{StringLimit: o.recordedStrings(conditionStrings), Rings: o.Rings}, machine)}
	a.files.init(machine, o)
	return a
}

// bind adds a condition, or returns nil for nil. It must not be called once there
// are tracees.
func (a *asker) bind(c *Condition) *bound {
	if c == nil {
		return nil
	}
	b := &bound{condition: c.condition, event: c.asks(ofEvent, ofSignal, ofCode)}
	a.timed = a.timed || c.asks(ofDuration)
	a.grouped = a.grouped || c.asks(ofPID)
	a.named = a.named || c.asks(ofComm)
	for _, o := range c.operands {
		b.operands = append(b.operands, a.position(o))
	}
	return b
}

// position finds or adds an operand.
func (a *asker) position(o *operand) int {
	for i, other := range a.operands {
		if other.Name == o.Name {
			return i
		}
	}
	a.operands = append(a.operands, o)
	return len(a.operands) - 1
}

// asked is what conditions know of the current call, or other record, of one tracee. It is
// a condition.Record.
type asked struct {
	asker *asker
	call  decode.Call
	eval  condition.Evaluation
	by    *bound // the condition being evaluated

	phase   phase
	from    *decode.Call // the call, as it is shown
	raw     *tracer.Syscall
	inner   *socketcall.Call
	entered bool // this is of the current call
	begun   bool // call has begun
	event   event
	self    *self

	slots []slot
}

// self is what conditions ask about a tracee itself. It is read before the tracee ends,
// because /proc knows nothing about it afterwards.
type self struct {
	group int    // id of the process
	comm  []byte // command name, in buf; empty if it is not known
	buf   [64]byte
}

// phase is the time at which a condition is evaluated.
type phase uint8

const (
	atEntry phase = iota
	atExit
	atOther // of a record that is not a call
)

// slot has the values of one operand.
type slot struct {
	known  bool // it is about the current call
	begun  bool // shown at the entry; the rest comes at the exit
	values []condition.Value
	capture
}

// event is a record that is not a call.
type event struct {
	name   string
	signal int // -1 for none
	code   int // exit status; -1 for none
}

// newAsked makes the asked of a tracee.
func (a *asker) newAsked(mem decode.Memory, tid int) *asked {
	q := &asked{asker: a, slots: make([]slot, len(a.operands))}
	q.eval.Record = q
	q.call = decode.Call{Decoder: a.decoder, Mem: mem, TID: tid}
	for i := range q.slots {
		q.slots[i].path, q.slots[i].shortened = a.operands[i].path, a.shortened
	}
	if tid != 0 {
		q.self = &self{group: tid}
		if a.grouped {
			h := decode.HostOf(a.decoder)
			if id, ok := h.Identity(h.Process(tid)); ok {
				q.self.group = id.TGID
			}
		}
		q.learnName(tid)
	}
	return q
}

// learnName reads the command name of the tracee, if conditions ask for it. If the name
// can no longer be read, the last one remains.
func (q *asked) learnName(tid int) {
	if !q.asker.named {
		return
	}
	h := decode.HostOf(q.asker.decoder)
	if name, ok := h.Command(q.self.buf[:], h.Process(tid)); ok {
		q.self.comm = name
	}
}

// at returns q at the syscall-enter-stop of a call. from is the Call that is
// shown, whose exported fields have been set.
func (q *asked) at(from *decode.Call, raw *tracer.Syscall, inner *socketcall.Call) *asked {
	if q.entered {
		return q
	}
	q.entered = true
	q.phase, q.from, q.raw, q.inner = atEntry, from, raw, inner
	q.begun = false
	q.learnName(from.TID)
	for i := range q.slots {
		q.slots[i].known, q.slots[i].begun = false, false
	}
	return q
}

// await prepares for the evaluation at the exit: operands keep the values that
// they have now.
func (q *asked) await() {
	for i := range q.slots {
		if o := q.asker.operands[i]; !q.slots[i].known && o.kind != ofDuration {
			q.fill(i, true)
		}
	}
	if q.begun {
		decode.Single{Call: &q.call}.Keep()
	}
}

// leave moves on to the syscall-exit-stop. The result of the call has been set.
func (q *asked) leave() {
	q.phase = atExit
	if q.begun {
		q.call.TID = q.from.TID // an execve may have changed it
		q.call.Mem = q.from.Mem
		q.call.Ret, q.call.Errno = q.from.Ret, q.from.Errno
		decode.Single{Call: &q.call}.Leave()
	}
}

// holds evaluates a condition.
func (q *asked) holds(b *bound) condition.Verdict {
	q.by = b
	return b.condition.Holds(&q.eval)
}

// ABI implements condition.Record.
func (q *asked) ABI() tables.ABI { return q.from.ABI }

// Values implements condition.Record.
func (q *asked) Values(o *condition.Operand) ([]condition.Value, bool) {
	i := q.by.operands[o.ID]
	s := &q.slots[i]
	if s.known {
		return s.values, true
	}
	return q.fill(i, false)
}

// fill finds the values of an operand. With begin it also shows, at the entry, an operand
// that is known only later but must be shown now.
func (q *asked) fill(i int, begin bool) (values []condition.Value, known bool) {
	o, s := q.asker.operands[i], &q.slots[i]
	if q.phase == atOther {
		return q.fillOther(o, s)
	}
	switch o.kind {
	case ofArgument:
		return q.fillArgument(o, s, begin)
	case ofRegister:
		s.setNumber(condition.Unsigned(q.from.Args[o.register]))
	case ofName:
		s.setText(q.from.Sig.Name)
	case ofEvent:
		s.setText(eventCall)
	case ofABI:
		s.setText(q.from.ABI.String())
	case ofRet, ofErrno, ofDuration:
		if q.phase == atEntry {
			return nil, false
		}
		q.fillResult(o, s)
	case ofFD, ofPath:
		if q.phase == atExit { // the arguments are known at the entry
			s.values = s.values[:0]
			break
		}
		q.fillFiles()
		return s.values, s.known
	default:
		q.fillTracee(o, s)
	}
	s.known = true
	return s.values, true
}

// fillTracee is fill for what is known of the tracee itself.
func (q *asked) fillTracee(o *operand, s *slot) {
	switch o.kind {
	case ofTID:
		s.setNumber(condition.Signed(int64(q.from.TID)))
	case ofPID:
		s.setNumber(condition.Signed(int64(q.self.group)))
	case ofComm:
		s.values = s.values[:0]
		if len(q.self.comm) > 0 {
			s.set(condition.Value{Kind: condition.String, Str: q.self.comm})
		}
	default:
		s.values = s.values[:0]
	}
}

// fillArgument is fill for an argument.
func (q *asked) fillArgument(o *operand, s *slot, begin bool) ([]condition.Value, bool) {
	if q.phase == atEntry && len(o.path) == 0 && q.fillNumber(o, s) {
		return s.values, true
	}
	single := q.begin()
	position, ok := single.Find(o.argument)
	if !ok {
		s.values, s.known = s.values[:0], q.phase == atExit
		return s.values, true
	}
	now := q.phase == atExit || single.Known(position)
	if !now && !(begin && single.IsBegun(position)) {
		return nil, false
	}
	q.call.Out = &s.capture
	if !s.begun {
		s.start()
	}
	s.begun = !now
	single.Show(position)
	if !now {
		return nil, false
	}
	s.values, s.known = s.capture.values, true
	return s.values, true
}

// fillNumber is fill for an argument that is a plain number, which needs no
// decoding. It is false for others.
func (q *asked) fillNumber(o *operand, s *slot) bool {
	single := decode.Single{Call: q.from}
	position, ok := single.Find(o.argument)
	if !ok {
		return false
	}
	n, signed, ok := single.Number(position)
	if !ok {
		return false
	}
	if signed {
		s.setNumber(condition.Signed(int64(n)))
	} else {
		s.setNumber(condition.Unsigned(n))
	}
	s.known = true
	return true
}

// begin begins the call, if that has not been done.
func (q *asked) begin() decode.Single {
	d, from := &q.call, q.from
	if !q.begun {
		d.Mem, d.TID, d.ABI, d.NR, d.Args, d.SP = from.Mem, from.TID, from.ABI, from.NR, from.Args, from.SP
		d.Sig = signature(d.Decoder, q.raw, q.inner)
		d.Begin()
		q.begun = true
	}
	return decode.Single{Call: d}
}

// fillResult is fill for what is known at the exit. Without a result there are
// no values.
func (q *asked) fillResult(o *operand, s *slot) {
	s.values = s.values[:0]
	switch {
	case o.kind == ofErrno:
		s.setNumber(condition.Signed(int64(q.from.Errno)))
	case o.kind == ofDuration: // set by setDuration
	case q.from.Restarts():
	case q.from.Errno != 0:
		s.setNumber(condition.Signed(-1))
	default:
		s.setNumber(condition.Signed(q.from.Ret))
	}
}

// setDuration sets how long the call took.
func (q *asked) setDuration(d condition.Num) {
	for i := range q.slots {
		if q.asker.operands[i].kind == ofDuration {
			q.slots[i].set(condition.Value{Kind: condition.Duration, Num: d})
			q.slots[i].known = true
		}
	}
}

// unreturned ends a call that has no result.
func (q *asked) unreturned() {
	q.phase = atExit
	for i := range q.slots {
		if s := &q.slots[i]; !s.known {
			s.values, s.known = s.values[:0], true
		}
	}
}

// other begins a record that is not a call.
func (q *asked) other(t *tracee, e event) {
	q.phase, q.from, q.event, q.self = atOther, &t.call, e, t.asked.self
	q.learnName(q.from.TID)
	for i := range q.slots {
		q.slots[i].known = false
	}
}

// fillOther is fill for a record that is not a call. Operands that only calls have are
// unknown, unless the condition asks for the kind of record: then the record has no value
// for them.
func (q *asked) fillOther(o *operand, s *slot) ([]condition.Value, bool) {
	s.values = s.values[:0]
	switch o.kind {
	case ofEvent:
		s.setText(q.event.name)
	case ofSignal:
		if q.event.signal >= 0 {
			s.setNumber(condition.Signed(int64(q.event.signal)))
		}
	case ofCode:
		if q.event.code >= 0 {
			s.setNumber(condition.Signed(int64(q.event.code)))
		}
	case ofPID, ofTID, ofComm:
		q.fillTracee(o, s)
	default:
		return nil, q.by.event
	}
	return s.values, true
}

func (s *slot) set(v condition.Value) { s.values = append(s.values[:0], v) }

func (s *slot) setNumber(n condition.Num) {
	s.set(condition.Value{Kind: condition.Number, Num: n})
}

// setText sets a string that does not change.
func (s *slot) setText(text string) {
	s.set(condition.Value{Kind: condition.String, Str: unsafe.Slice(unsafe.StringData(text), len(text))})
}
