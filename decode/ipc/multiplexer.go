package ipc

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// multiplexerCallsI386 are the multiplexers of i386, as they are shown if the
// inner call is unknown or its arguments cannot be read.
var multiplexerCallsI386 = Calls{
	{"socketcall", Args{{"call", &Enum{In: S32, Set: &tables.SocketCall}}, {"args", Addr}}, RetUnsigned},
	{"ipc", Args{
		{"call", &Value{By: showIPCCall}}, {"first", Xlong}, {"second", Xlong}, {"third", Xlong},
		{"ptr", Xlong}, {"fifth", Xlong},
	}, RetUnsigned},
}

// showIPCCall shows the first argument of ipc: a call and, in the upper half, the
// version of its interface, as in 1<<16|MSGRCV.
func showIPCCall(c *Call, v uint64) {
	if version := v >> 16; version != 0 {
		c.Out.Number(version, output.Unsigned)
		c.Out.Shift(16, "", output.Unsigned)
		c.Out.Join(output.Or)
	}
	c.Out.Enum(v&0xffff, &tables.IpcCall, output.Unsigned)
}
