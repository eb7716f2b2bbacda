package trace

import (
	"trapline/decode"
	"trapline/tracer"
)

// nameTracee marks the tracee's records with the name that its thread has now,
// if PIDs are shown with names. After the tracee's end it keeps its last name.
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

// locate gives the instruction pointer of a tracee that is not in a call to its
// next record, if records have it.
func (s *Session) locate(t *tracee, tr *tracer.Tracee) {
	if !s.o.Looks.IP {
		return
	}
	var regs tracer.Registers
	if tr.Registers(&regs) == nil {
		t.trace.SetIP(regs.Rip)
	}
}
