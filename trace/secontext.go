//go:build linux && amd64

package trace

import (
	"trapline/decode"
	"trapline/decode/host"
)

// allContexts has every bit of Contexts.
const allContexts = decode.ContextShown | decode.ContextFull | decode.ContextMismatch

// DefaultContexts is the value of --secontext without an argument: only the
// types of contexts.
const DefaultContexts = "!full,mismatch"

// ParseContexts reads a set of full and mismatch: the value of -e secontext=.
// Any set that is not empty enables contexts.
func ParseContexts(text string) (Contexts, error) {
	set, err := parseBits(text, "secontext", map[string]Contexts{
		"full":     decode.ContextFull,
		"mismatch": decode.ContextMismatch,
	}, allContexts)
	if set != 0 {
		set |= decode.ContextShown
	}
	return set, err
}

// newHost returns the machine that the Session runs on.
func (s *Session) newHost() *host.Local {
	return &host.Local{NoPolicy: func(err error) {
		s.say("could not open SELinux database, disabling context mismatch checking: %s", errnoMessage(err))
	}}
}

// setContext sets the current SELinux context in the tracee's records.
func (s *Session) setContext(t *tracee, tid int) {
	if s.o.DecodeContexts == 0 {
		return
	}
	h := decode.HostOf(s.decoder)
	context := h.ProcessContext(s.context[:], h.Process(tid))
	if context != nil { // after the tracee's end the last one is kept
		t.trace.SetContext(s.o.DecodeContexts.Part(context))
	}
}
