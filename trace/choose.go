//go:build linux && amd64

package trace

import (
	"trapline/decode"
	"trapline/socketcall"
	"trapline/tables"
	"trapline/tracer"
)

// chosen prepares a call for decoding and reports whether it is to be traced.
func (s *Session) chosen(t *tracee, call *tracer.Syscall) bool {
	d := &t.call
	inner := s.splitter.Split(call.ABI, call.NR, &call.Args, d.Mem)
	s.inner = inner
	d.ABI = call.ABI // also for the next signals, even if the call is not traced
	if t.asked != nil {
		t.asked.entered = false
	}
	selected := s.calls.chooses(call, inner)
	if !selected && !s.watches() {
		d.Pass(d.Lookup(call.ABI, call.NR).Name)
		return false
	}
	d.NR, d.SP = call.NR, call.SP
	d.Sig = signature(s.decoder, call, inner)
	if inner == nil {
		d.Args = call.Args
		s.header.Via = nil
	} else {
		d.Args = inner.Args
		s.header.Via = &inner.Via
	}
	d.Abbrev, d.Plain, d.Raw = s.abbrev.chooses(call, inner), !s.verbose.chooses(call, inner), s.raw.chooses(call, inner)
	d.Begin()
	if selected && s.files != nil {
		selected = s.files.chooses(d, call, inner)
	}
	if s.gate != nil {
		selected = s.admits(t, call, inner, selected)
	}
	if !selected {
		return false
	}
	t.tamper.injection, t.tamper.rule = nil, 0
	if len(s.rules) > 0 && !t.launch {
		if r := s.findRule(t, call, inner); r != nil {
			r.fired = true
			t.tamper.injection, t.tamper.rule = r.Injection, r.number
		}
	}
	return true
}

// signature finds the signature of a tracee's call, or of inner, the call
// inside it.
func signature(d *decode.Decoder, call *tracer.Syscall, inner *socketcall.Call) *decode.Signature {
	if inner != nil {
		return d.LookupInner(inner.Name, inner.Form)
	}
	return d.Lookup(call.ABI, call.NR)
}

// classes returns the classes of a tracee's call, or of inner, the call inside it.
func classes(call *tracer.Syscall, inner *socketcall.Call) tables.Class {
	if inner != nil {
		return inner.Classes()
	}
	if row := tables.Lookup(call.ABI, call.NR); row != nil {
		return row.Classes
	}
	return 0
}
