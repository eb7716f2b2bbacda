package ipc

import (
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// multiplexerCallsI386 are the multiplexers of i386 as they are shown when there
// is no known call inside, or its arguments cannot be read.
var multiplexerCallsI386 = Calls{
	{"socketcall", Args{{"call", &Enum{In: S32, Set: &tables.SocketCall}}, {"args", Addr}}, RetUnsigned},
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
	c.Out.Enum(uint64(v&0xffff), &tables.IpcCall, output.Unsigned)
}
