//go:build linux && amd64

package trace

import (
	"trapline/decode"
	"trapline/tracer"
)

// nameTracee sets the current name of the thread in the tracee's records, if PIDs are
// shown with names. After the end of the tracee it keeps the last name.
func (s *Session) nameTracee(t *tracee, tid int) {
	s.setContext(t, tid)
	if s.o.DecodePIDs&decode.PIDComm == 0 {
		return
	}
	h := decode.HostOf(s.decoder)
	if name, ok := h.Command(s.comm[:], h.Process(tid)); ok {
		t.trace.SetComm(name)
	}
}

// locate sets the instruction pointer for the next record of a tracee that is
// not in a call, if records show it.
func (s *Session) locate(t *tracee, tr *tracer.Tracee) {
	if !s.o.Looks.IP {
		return
	}
	var regs tracer.Registers
	if tr.Registers(&regs) == nil {
		t.trace.SetIP(tracer.InstructionPointer(&regs))
	}
}
