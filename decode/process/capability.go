package process

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Capabilities: kernel/capability.c.

var capabilityCalls = Calls{
	{"capget", Args{{"hdrp", &Ptr{To: capHeader}}, {"datap", &Out{To: AtAddr(showCapData)}}}, RetUnsigned},
	{"capset", Args{{"hdrp", &Ptr{To: capHeader}}, {"datap", &Ptr{To: AtAddr(showCapData)}}}, RetUnsigned},
}

// capHeader is a struct __user_cap_header_struct (linux/capability.h).
var capHeader = &Struct{C: "__user_cap_header_struct", Fields: Fields{{"version", &Enum{Set: &tables.CapVersion}}, {"pid", PIDOf(ThreadGroup)}}}

// The versions _LINUX_CAPABILITY_VERSION_2 and _3 have sets of 64 bits, split
// over two structs. The first version has sets of 32 bits.
const (
	capVersion2 = 0x20071026
	capVersion3 = 0x20080522
)

// Capability sets, with the member names of linux/capability.h.
var (
	capData32 = &Struct{C: "__user_cap_data_struct", Fields: Fields{{"effective", capSet{U32}}, {"permitted", capSet{U32}}, {"inheritable", capSet{U32}}}}
	capData64 = &Struct{Fields: Fields{
		{"effective", capSetHalf{U32}}, {"permitted", capSetHalf{U32}}, {"inheritable", capSetHalf{U32}},
		{"_", &Array{Of: U32, N: 3}},
	}}
)

// showCapData shows the sets in the layout that the header's version selects.
func showCapData(c *Call, addr uint64) {
	hdr, ok := c.ReadType(c.Register(0), capHeader)
	version := hdr.Uint(4)
	st := capData32
	if version == capVersion2 || version == capVersion3 {
		st = capData64
	}
	v, okData := c.ReadType(addr, st)
	if !ok || !okData {
		c.Out.Addr(addr)
		return
	}
	st.Show(c, v)
}

// capSet is a set of the first 32 capabilities.
type capSet struct{ Number }

func (t capSet) Show(c *Call, v View) { showCaps(c, t.Value(c, v)) }

// capSetHalf is the lower half of a set of 64 capabilities. The upper half is in
// the struct that follows.
type capSetHalf struct{ Number }

func (t capSetHalf) Show(c *Call, v View) {
	const structSize = 3 * 4
	f := c.Frame(0)
	off := int(v.Addr - f.View.Addr)
	showCaps(c, v.Uint(4)|f.View.At(off+structSize, 4).Uint(4)<<32)
}

// showCaps writes a set of capabilities.
func showCaps(c *Call, set uint64) {
	known := uint64(0)
	for i := range tables.Capabilities.Consts {
		known |= tables.Capabilities.Consts[i].Value
	}
	unknown := set &^ known
	if known &= set; known != 0 || unknown == 0 {
		c.Out.Flags(known, &tables.Capabilities, output.Hex)
		if unknown == 0 {
			return
		}
		c.Out.Join(output.Or)
	}
	c.Out.Number(unknown>>32, output.Hex)
	if known>>32 == 0 {
		c.Out.Comment(output.Note, tables.Capabilities.Unknown)
	}
}
