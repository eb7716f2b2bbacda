//go:build linux && amd64

package trace

import (
	"golang.org/x/sys/unix"

	"trapline/socketcall"
	"trapline/tables"
	"trapline/tracer"
)

// tampering describes how the current call is tampered with.
type tampering struct {
	injection *Injection
	rule      int // number of the rule, from 1; 0 if a Handler tampers
	poked     bool
	counts    map[tamperedCall]int // how often calls of the tracee have matched rules so far
}

// tamperedCall is the key under which invocations of a call are counted.
type tamperedCall struct {
	rule int
	abi  tables.ABI
	nr   uint64
	sub  *socketcall.Sub // the call inside it, or nil
}

// tamperAtEntry tampers at the syscall-enter-stop, before the call is decoded.
func (s *Session) tamperAtEntry(t *tracee, ev *tracer.Event) {
	in := t.tamper.injection
	t.tamper.poked = s.poke(t, ev, in.pokeEnter)
	if in.arguments != nil && s.changeArguments(t, ev, in.arguments) {
		t.tamper.poked = true
	}
	if in.result != nil {
		nr := uint64(tracer.NoCall)
		if in.replacement != "" {
			if call := tables.ByName(t.call.ABI, in.replacement); call != nil {
				nr = uint64(call.NR)
			}
		}
		if ev.Tracee.ReplaceCall(nr) != nil {
			t.tamper.injection = nil // the tracee was killed in the stop
			return
		}
	}
	if in.signal != 0 {
		ev.Signal = unix.Signal(in.signal)
	}
	ev.Delay = in.delayEnter
}

// tamperAtExit tampers at the syscall-exit-stop, before the call is decoded,
// and returns what the trace shows about it.
func (s *Session) tamperAtExit(t *tracee, ev *tracer.Event) (injected string, delayed bool) {
	in := t.tamper.injection
	if in == nil {
		return "", false
	}
	t.tamper.injection = nil
	ev.Delay = in.delayExit
	poked := s.poke(t, ev, in.pokeExit) || t.tamper.poked
	if in.result != nil && ev.Tracee.SetResult(*in.result) == nil {
		ev.Call.Ret = *in.result
		ev.Call.IsError = in.fails
	}
	switch {
	case poked && in.result != nil:
		injected = "INJECTED: args, retval"
	case poked:
		injected = "INJECTED: args"
	case in.result != nil:
		injected = "INJECTED"
	case in.signal != 0 && in.extended: // strace does not mark signals
		injected = "INJECTED: signal"
	}
	return injected, in.delayEnter != 0 || in.delayExit != 0
}

// maxErrno is MAX_ERRNO of linux/err.h.
const maxErrno = 4095

// poke writes to a tracee's memory and reports whether any of it could be
// written.
func (s *Session) poke(t *tracee, ev *tracer.Event, pokes []poke) (done bool) {
	pid := ev.Tracee.TID
	for _, p := range pokes {
		if n := t.call.NumArgs(); p.arg >= n {
			s.say("Failed to tamper with process %d: requested to tamper with argument #%d, but system call '%s' has only %d arguments",
				pid, p.arg+1, t.call.Sig.Name, n)
			continue
		}
		addr := t.call.Args[p.arg]
		n := ev.Tracee.WriteMemory(addr, p.data)
		switch {
		case n == 0:
			s.say("Failed to tamper with process %d: couldn't poke", pid)
		case n < len(p.data):
			s.say("pid:%d short write (%d < %d) @%#x", pid, n, len(p.data), addr)
		}
		done = done || n > 0
	}
	return done
}
