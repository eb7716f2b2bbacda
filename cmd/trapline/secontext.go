package main

import (
	"trapline/decode"
	"trapline/decode/host"
)

var contextNames = map[string]decode.Contexts{
	"full":     decode.ContextFull,
	"mismatch": decode.ContextMismatch,
}

const allContexts = decode.ContextShown | decode.ContextFull | decode.ContextMismatch

// defaultContexts is --secontext alone: everything but the two.
const defaultContexts = "!full,mismatch"

// parseContexts reads the value of --secontext=. Any set that is not empty has
// contexts shown.
func parseContexts(value string) (decode.Contexts, error) {
	set, err := parseBits(value, "secontext", contextNames, allContexts)
	if set != 0 {
		set |= decode.ContextShown
	}
	return set, err
}

// newHost is the machine that trapline runs on.
func newHost() *host.Local {
	return &host.Local{NoPolicy: func(err error) {
		complain("could not open SELinux database, disabling context mismatch checking: %s", errnoMessage(err))
	}}
}

// setContext has the tracee's records marked with its SELinux context, as it is now.
func (s *session) setContext(t *tracee, tid int) {
	if s.config.contexts == 0 {
		return
	}
	h := decode.HostOf(s.decoder)
	context := h.ProcessContext(s.context[:], h.Process(tid))
	if context != nil { // once the tracee has ended the last one stays
		t.trace.SetContext(s.config.contexts.Part(context))
	}
}
