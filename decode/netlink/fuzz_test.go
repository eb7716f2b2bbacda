package netlink

import (
	"testing"

	. "trapline/decode/internal/fake"
	. "trapline/decode/lang"
	"trapline/integration/jsonlines"
	"trapline/output"
	jsonformat "trapline/output/json"
	"trapline/tables"
)

// FuzzNetlink decodes arbitrary messages of all protocols. This must terminate
// and result in valid JSON.
func FuzzNetlink(f *testing.F) {
	for protocol := range byte(len(netlinkProtocols)) {
		for kind := uint16(nlmsgMinType); kind < 0x70; kind += 6 {
			var attrs []byte
			for n := range uint16(12) {
				attrs = append(attrs, NetlinkAttr(n, NetlinkAttr(1, 1, 2, 3, 4)...)...)
			}
			f.Add(protocol, NetlinkMessage(kind, uint16(protocol&1), make([]byte, int(kind)%24), attrs), uint16(0xffff))
		}
		deep := NetlinkAttr(1, 1)
		for range 100 {
			deep = NetlinkAttr(9, deep...) // RTA_MULTIPATH among others
		}
		f.Add(protocol, NetlinkMessage(tables.RTM_NEWROUTE, 0, make([]byte, 12), deep), uint16(0xffff))
	}
	f.Fuzz(func(t *testing.T, protocol byte, data []byte, end uint16) {
		m := &HostileMemory{Bytes: data, End: 0x1000 + uint64(end)}
		for _, looks := range []output.Options{{}, {Format: jsonformat.Format}} {
			line := RecordValue(t, looks, m, func(c *Call) {
				showMessages(c, int(protocol), 0x1000, min(len(data)+8, maxNetlink))
			})
			if m.Reads > MostReads || m.Total > MostBytes {
				t.Errorf("%d reads, %d bytes for %.300s", m.Reads, m.Total, line)
			}
			if looks.Format == jsonformat.Format {
				if err := jsonlines.Check(line); err != nil {
					t.Errorf("%v: %s", err, line)
				}
			}
		}
	})
}
