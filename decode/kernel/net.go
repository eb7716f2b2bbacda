package kernel

import (
	"encoding/binary"
	"strconv"

	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

type bigEndian struct {
	Layouts
	macro string
	set   *tables.Set
	base  output.Base
}

// Value gives the number in the host's order.
func (t *bigEndian) Value(c *Call, v View) uint64 {
	n := uint64(0)
	for _, b := range v.At(0, t.SizeIn(c.ABI)).B {
		n = n<<8 | uint64(b)
	}
	return n
}

func (t *bigEndian) Show(c *Call, v View) {
	c.Out.Native(v.At(0, t.SizeIn(c.ABI)).B)
	c.Out.BeginMacro(t.macro)
	c.Out.Elem()
	n := t.Value(c, v)
	if t.set == nil {
		c.Out.Number(n, t.base)
	} else {
		c.Out.Enum(n, t.set, t.base)
	}
	c.Out.EndMacro()
	c.Out.EndNamed()
}

// InetAddr and Inet6Addr are addresses of IPv4 and IPv6, in network order.
const (
	InetAddr  = inetAddr(4)
	Inet6Addr = inetAddr(16)
)

type inetAddr int // size in bytes

func (n inetAddr) Layout(tables.ABI) Layout { return Layout{Size: int(n), Align: min(int(n), 4)} }

func (n inetAddr) Show(c *Call, v View) { c.Out.Inet("", v.At(0, int(n)).B) }

// ShowField implements fielder: an abbreviated IPv6 address has the name of its
// member inside.
func (n inetAddr) ShowField(c *Call, name string, v View) {
	c.Out.Inet(name, v.At(0, int(n)).B)
}

type ifIndex struct{ Number }

func (t *ifIndex) Show(c *Call, v View) { ShowIfIndex(c, uint32(v.Uint(4))) }

// ShowIfIndex writes the number of a network interface: if_nametoindex("lo").
func ShowIfIndex(c *Call, index uint32) {
	if name, ok := ContextOf(c.Decoder).Host.Interface(index); ok {
		c.Out.Symbol(uint64(index), "if_nametoindex("+strconv.Quote(name)+")", output.Unsigned)
		return
	}
	c.Out.Number(uint64(index), output.Unsigned)
}

// MAC is a hardware address, of as many bytes as the number that it is converted
// from.
type MAC int

// Layout implements Type.
func (n MAC) Layout(tables.ABI) Layout { return Layout{Size: int(n), Align: 1} }

// Show implements Type.
func (n MAC) Show(c *Call, v View) { ShowMAC(c, v.B[:min(len(v.B), int(n))]) }

// MACOf is a hardware address in an array of N bytes, of which Len are in use.
type MACOf struct {
	N   int
	Len Num
}

// Layout implements Type.
func (t *MACOf) Layout(tables.ABI) Layout { return Layout{Size: t.N, Align: 1} }

// Show implements Type.
func (t *MACOf) Show(c *Call, v View) { ShowMAC(c, v.B[:min(uint64(len(v.B)), t.Len.Num(c))]) }

// MaxHardwareAddr is MAX_ADDR_LEN of linux/netdevice.h.
const MaxHardwareAddr = 32

// ShowMAC writes a hardware address; one that is too long is none.
func ShowMAC(c *Call, addr []byte) {
	if len(addr) > MaxHardwareAddr {
		c.Out.Str(output.Binary, addr, false)
		return
	}
	c.Out.Native(addr)
	c.Out.Text(output.AsString(AppendMAC(c.Alloc(3 * MaxHardwareAddr)[:0], addr)))
	c.Out.EndNamed()
}

// AppendMAC appends a hardware address, 01:23:45:67:89:ab.
func AppendMAC(b, addr []byte) []byte {
	const digits = "0123456789abcdef"
	for i, x := range addr {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, digits[x>>4], digits[x&15])
	}
	return b
}

// Spelled is an enumeration kept in an In, shown by its value and, as a comment,
// its name.
type Spelled struct {
	In  Number
	Set *tables.Set
}

// Layout implements Type.
func (t *Spelled) Layout(abi tables.ABI) Layout { return t.In.Layout(abi) }

// Value is the number.
func (t *Spelled) Value(c *Call, v View) uint64 { return t.In.Value(c, v) }

// Show implements Type.
func (t *Spelled) Show(c *Call, v View) {
	n := t.Value(c, v)
	c.Out.Number(n, t.In.Base())
	name, ok := t.Set.Lookup(n)
	if !ok {
		name = t.Set.Unknown
	}
	c.Out.Comment(output.Gloss, name)
}

// SpelledFlags is a flags word kept in an In, shown by its value and, as a
// comment, its names.
type SpelledFlags struct {
	In  Number
	Set *tables.Set
}

// Layout implements Type.
func (t *SpelledFlags) Layout(abi tables.ABI) Layout { return t.In.Layout(abi) }

// Value is the number.
func (t *SpelledFlags) Value(c *Call, v View) uint64 { return t.In.Value(c, v) }

// Show implements Type.
func (t *SpelledFlags) Show(c *Call, v View) {
	n := t.Value(c, v)
	c.Out.Number(n, t.In.Base())
	if n == 0 {
		return
	}
	var text []byte
	for k, rest, i := t.Set.Next(n, 0); k != nil; k, rest, i = t.Set.Next(rest, i) {
		if len(text) > 0 {
			text = append(text, '|')
		}
		text = append(text, k.Name...)
		n = rest
	}
	switch {
	case len(text) == 0:
		text = append(text, t.Set.Unknown...)
	case n != 0:
		text = append(append(text, '|'), HexString(n)...)
	}
	c.Out.Comment(output.Gloss, output.AsString(text))
}

// NetX32 is a number in network order.
var NetX32 = Shown{As: U32, By: func(c *Call, v View) {
	c.Out.BeginMacro("htonl")
	c.Out.Elem()
	c.Out.Number(uint64(binary.BigEndian.Uint32(v.B)), output.Hex)
	c.Out.EndMacro()
}}
