package main

import (
	"trapline/output"
	"trapline/tracer"
)

// Numbers of the multiplexers in the i386 table.
var (
	nrSocketcall = uint64(outerCalls[viaSocketcall].NR)
	nrIPC        = uint64(outerCalls[viaIPC].NR)
)

// demultiplex takes apart an i386 multiplexer's call. It says which one it is, if it
// is one and its arguments can be read.
func (t *tracee) demultiplex(call *tracer.Syscall) multiplexer {
	switch call.NR {
	case nrSocketcall:
		if t.inner.Socketcall(&call.Args, t.call.Mem) {
			t.innerCall = uint32(call.Args[0])
			return viaSocketcall
		}
	case nrIPC:
		if t.inner.IPC(&call.Args, t.call.Mem) {
			t.innerCall = uint32(call.Args[0]) & 0xffff
			return viaIPC
		}
	}
	return notMultiplexed
}

// viaOf is the outer call of a tracee's demultiplexed one.
func viaOf(m multiplexer, t *tracee) output.Via {
	in := &t.inner
	return output.Via{Name: outerCalls[m].Name, Call: uint64(t.innerCall), Version: in.Version, Symbol: in.Sub.Symbol, ArgsAddr: in.Addr, Raw: in.Raw(), Entry: in.Sub.Entry}
}
