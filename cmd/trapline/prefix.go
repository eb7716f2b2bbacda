package main

import (
	"trapline/decode"
	"trapline/tracer"
)

// nameTracee has the tracee's records marked with the name of its command, as
// it is now (-Y). Once the tracee has ended the last name stays.
func (s *session) nameTracee(t *tracee, tid int) {
	s.setContext(t, tid)
	if s.config.pidDecoding&decode.PIDComm == 0 {
		return
	}
	h := decode.HostOf(s.decoder)
	if name, ok := h.Command(s.comm[:], h.Process(tid)); ok {
		t.trace.SetComm(name)
	}
}

// locate gives the record to come the instruction pointer of a tracee that is
// not in a call (-i).
func (s *session) locate(t *tracee, tr *tracer.Tracee) {
	if !s.config.looks.IP {
		return
	}
	var regs tracer.Registers
	if tr.Registers(&regs) == nil {
		t.trace.SetIP(regs.Rip)
	}
}
