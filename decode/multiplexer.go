package decode

import (
	"trapline/output"
	"trapline/socketcall"
	"trapline/tables"
)

// Inner is the description of a call that came by a multiplexer.
func Inner(call *socketcall.Call) *Signature {
	key := innerCall{call.Sub, call.Kludge}
	if s := innerSignatures[key]; s != nil {
		return s
	}
	name := call.Sub.Name
	var s *Signature
	if call.Addr == 0 {
		// The few calls that ipc passes other arguments to than their own.
		special := "ipc_" + name
		if call.Kludge {
			special += "_kludge"
		}
		s = Named(tables.I386, special)
	}
	if s == nil {
		s = Named(tables.I386, name)
	}
	if s == nil {
		s = newSignature(name, &Desc{Ret: RetUnsigned, Args: words(call.Sub.Args)}, tables.I386)
		s.Described = false
	}
	s.Name = name
	innerSignatures[key] = s
	return s
}

// innerSignatures are made as calls are first seen.
var innerSignatures = make(map[innerCall]*Signature)

type innerCall struct {
	sub    *socketcall.Sub
	kludge bool
}

// multiplexerCallsI386 are the multiplexers as they are shown when there is no
// call inside.
var multiplexerCallsI386 = Calls{
	{"socketcall", Args{{"call", EnumOf(S32, tables.SocketCall)}, {"args", Addr}}, RetUnsigned},
	{"ipc", Args{
		{"call", Value32(showIPCCall)}, {"first", Xlong}, {"second", Xlong}, {"third", Xlong},
		{"ptr", Xlong}, {"fifth", Xlong},
	}, RetUnsigned},
}

// showIPCCall shows a call of ipc with the version of the interface, which
// stands above it: 1<<16|MSGRCV.
func showIPCCall(c *Call, v uint32) {
	if version := v >> 16; version != 0 {
		c.Out.Number(uint64(version), output.Unsigned)
		c.Out.Shift(16, "", output.Unsigned)
		c.Out.Or()
	}
	c.Out.Enum(uint64(v&0xffff), tables.IpcCall, output.Unsigned)
}
