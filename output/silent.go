package output

import "time"

// Unrecorded returns a Record that writes nothing, for a tracee that is traced
// without output.
func Unrecorded(pid int) *Record {
	l := &Log{options: Options{Format: silent, Statuses: AllStatuses}, live: 1}
	l.shared = &file{log: l}
	return newRecord(l, l.shared, pid)
}

// silent is the Format of an Unrecorded Record.
var silent = &Format{New: func(*Options, *Tracee) Writer { return silentWriter{} }}

type silentWriter struct{ Discard }

func (silentWriter) BeginCall(*Header)                {}
func (silentWriter) EndCall(*Result, *Stack)          {}
func (silentWriter) NoResult(StatusSet, bool, *Stack) {}
func (silentWriter) BeginSignal(time.Time, string)    {}
func (silentWriter) EndSignal(*Stack)                 {}
func (silentWriter) Event(time.Time, Event, *Stack)   {}
func (silentWriter) Summary(*Summary)                 {}
func (silentWriter) Unexplained(*Unexplained)         {}
func (silentWriter) EndWaiting(*Waiting, *Stack)      {}
func (silentWriter) Deadlock(*Deadlock)               {}
func (silentWriter) Take() []byte                     { return nil }
