//go:build linux && amd64

package trace

import "trapline/tracer"

// DumpOn is a set of reasons to write the records of Options.Keep.
type DumpOn uint8

const (
	DumpOnFailure DumpOn = 1 << iota // the command exits with a status other than 0
	DumpOnDeath                      // the command is killed by a signal
)

// Dump writes the records that Options.Keep has kept. It may be called from any
// goroutine during Run.
func (s *Session) Dump() { s.source.Do(s.dump) }

func (s *Session) dump() {
	if s.log == nil || s.o.Keep == 0 {
		return
	}
	if dropped := s.log.Dump(); dropped > 0 {
		s.say("The records of %d ended processes and threads were dropped to save memory", dropped)
	}
}

// dumpAtEnd writes the kept records if the end of a tracee requires it. Only the command
// and processes attached to count.
func (s *Session) dumpAtEnd(ev *tracer.Event) {
	if s.o.Keep == 0 || ev.Tracee.TID != s.command && !s.attached[ev.Tracee.TID] {
		return
	}
	reason := DumpOnDeath
	if ev.Kind == tracer.Exited {
		reason = DumpOnFailure
		if ev.Status.ExitStatus() == 0 {
			return
		}
	}
	if s.o.DumpOn&reason != 0 {
		s.dump()
	}
}
