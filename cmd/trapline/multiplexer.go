package main

import (
	"trapline/decode"
	"trapline/output"
	"trapline/tables"
	"trapline/tracer"
)

// Numbers of the multiplexers in the i386 table.
const (
	nrSocketcall = 102
	nrIPC        = 117
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

// innerSignatures are made when they are first needed.
var innerSignatures [2][32]*decode.Signature

// innerSignature is the description of a call inside a multiplexer.
func innerSignature(m multiplexer, call uint32) *decode.Signature {
	sig := &innerSignatures[m][call]
	if *sig == nil {
		*sig = decode.Named(tables.I386, innerCalls[m][call].Name)
	}
	return *sig
}

// viaOf is the outer call of a tracee's demultiplexed one.
func viaOf(m multiplexer, t *tracee) output.Via {
	in := &t.inner
	name := "socketcall"
	if m == viaIPC {
		name = "ipc"
	}
	return output.Via{Name: name, Call: uint64(t.innerCall), Symbol: in.Sub.Symbol, ArgsAddr: in.Addr, Raw: in.Raw(), Entry: in.Sub.Entry}
}
