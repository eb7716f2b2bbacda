package netlink

import (
	"sync"
	"testing"

	. "trapline/decode/internal/fake"
	"trapline/decode/internal/walk"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// TestTwoDecodersOfNetlink decodes messages of all protocols in two goroutines,
// each with its own Decoder, so that the race detector finds data that they
// share.
func TestTwoDecodersOfNetlink(t *testing.T) {
	var calls [2]Call
	for i := range calls {
		d := BareDecoder()
		calls[i] = Call{Decoder: d, Out: output.Discard{}, Outcome: output.Discard{}, TID: 1, Sig: d.Lookup(tables.X86_64, 0)}
	}
	inBoth := func(do func(c *Call)) {
		var both sync.WaitGroup
		for i := range calls {
			both.Go(func() { do(&calls[i]) })
		}
		both.Wait()
	}
	walk.Values(func(v any) {
		if table, ok := v.(*Attributes); ok {
			inBoth(func(*Call) { table.typeOf(0) }) // some cannot be shown outside of their messages
		}
	}, allMessages()...)
	var attrs []byte
	for n := range uint16(64) {
		attrs = append(attrs, NetlinkAttr(n, NetlinkAttr(1, 1, 2, 3, 4)...)...)
	}
	for protocol := range netlinkProtocols {
		for kind := uint16(1); kind <= tables.RTM_GETNEXTHOP; kind++ {
			data := NetlinkMessage(kind, 1, make([]byte, 24), attrs)
			inBoth(func(c *Call) {
				c.Mem = FakeMemory{0x1000: data}
				c.Begin()
				showMessages(c, protocol, 0x1000, len(data))
			})
		}
	}
}
