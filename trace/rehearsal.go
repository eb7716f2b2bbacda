//go:build linux && amd64

package trace

import (
	"trapline/decode"
	"trapline/tables"
	"trapline/tracer"
)

// rehearsal checks captures without buffered calls, for tests: it decodes each call that
// stops from what its capture keeps of the stopped tracee's memory, and reports what is
// read beyond that.
type rehearsal struct {
	missed func(call string, miss decode.Miss, of *decode.Capture)
	kept   int // calls that have a capture
	gaps   int // calls that have none
}

// rehearsed is what a rehearsal knows of a tracee's current call.
type rehearsed struct {
	memory  decode.KeptMemory
	capture *decode.Capture // nil if the call is decoded from live memory
}

// rehearse keeps what a capture says at a stop, and makes it the memory to decode from. It
// must be called before that part of the call is decoded.
func (s *Session) rehearse(t *tracee, ev *tracer.Event) {
	if t.rehearsed == nil {
		t.rehearsed = new(rehearsed)
	}
	r, call := t.rehearsed, ev.Call
	if ev.Kind == tracer.Enter {
		r.memory.Reset()
		r.capture = nil
		if call.ABI != tables.X86_64 {
			return
		}
		c := s.decoder.CaptureFor(call.ABI, call.NR, &call.Args, s.captureDetail(call))
		r.memory.SP = call.SP
		if c.Gap != "" || c.Special != 0 && s.isSpecial(ev) || !r.memory.PerformBefore(ev.Tracee, c.Ops, &call.Args) {
			s.rehearsal.gaps++
			return
		}
		s.rehearsal.kept++
		r.capture, r.memory.Live = c, ev.Tracee
	}
	if r.capture == nil {
		return
	}
	if ev.Kind == tracer.Exit && !r.memory.PerformAfter(ev.Tracee, r.capture.Ops, &call.Args, call.Ret, call.IsError) {
		r.capture = nil
		return
	}
	t.call.Mem = &r.memory
}

// isSpecial reports whether the descriptor of a call is of the kind that Capture.Special
// means.
func (s *Session) isSpecial(ev *tracer.Event) bool {
	call := decode.Call{Decoder: s.decoder, TID: ev.Tracee.TID, ABI: ev.Call.ABI, NR: ev.Call.NR, Args: ev.Call.Args}
	return decode.IsSpecial(&call)
}

// endRehearsal reports what was read at a stop without having been kept.
func (s *Session) endRehearsal(t *tracee, ev *tracer.Event) {
	r := t.rehearsed
	if r == nil || r.capture == nil {
		return
	}
	if n, first := r.memory.Misses(); n > 0 {
		s.rehearsal.missed(t.call.Sig.Name, first, r.capture)
	}
	if ev.Kind == tracer.Exit {
		r.capture = nil
	}
}
