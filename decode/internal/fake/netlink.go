package fake

import (
	"encoding/binary"

	"trapline/tables"
)

// NetlinkAttr builds a netlink attribute, padded to a multiple of 4 bytes.
func NetlinkAttr(kind uint16, payload ...byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(tables.NLA_HDRLEN+len(payload)))
	b = append(binary.LittleEndian.AppendUint16(b, kind), payload...)
	return append(b, make([]byte, -len(b)&3)...)
}

// NetlinkMessage builds a netlink message.
func NetlinkMessage(kind, flags uint16, parts ...[]byte) []byte {
	b := make([]byte, tables.NLMSG_HDRLEN)
	for _, p := range parts {
		b = append(b, p...)
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	binary.LittleEndian.PutUint16(b[4:], kind)
	binary.LittleEndian.PutUint16(b[6:], flags)
	binary.LittleEndian.PutUint32(b[8:], 7)
	return b
}
