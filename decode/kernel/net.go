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

// Keep implements keeper of package lang.
func (*bigEndian) Keep(*Keeps) {}

// Value returns the number in host byte order.
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

// InetAddr and Inet6Addr are addresses of IPv4 and IPv6, in network byte order.
const (
	InetAddr  = inetAddr(4)
	Inet6Addr = inetAddr(16)
)

type inetAddr int // size in bytes

func (n inetAddr) Layout(tables.ABI) Layout { return Layout{Size: int(n), Align: min(int(n), 4)} }

// Keep implements keeper of package lang.
func (inetAddr) Keep(*Keeps) {}

func (n inetAddr) Show(c *Call, v View) { c.Out.Inet("", v.At(0, int(n)).B) }

// ShowField implements fielder: with -X abbrev the name of an IPv6 address is
// inside the macro.
func (n inetAddr) ShowField(c *Call, name string, v View) {
	c.Out.Inet(name, v.At(0, int(n)).B)
}

type ifIndex struct{ Number }

func (t *ifIndex) Show(c *Call, v View) { ShowIfIndex(c, uint32(v.Uint(4))) }

// ShowIfIndex shows the index of a network interface: if_nametoindex("lo").
func ShowIfIndex(c *Call, index uint32) {
	if name, ok := SettingsOf(c.Decoder).Host().Interface(index); ok {
		c.Out.Symbol(uint64(index), "if_nametoindex("+strconv.Quote(name)+")", output.Unsigned)
		return
	}
	c.Out.Number(uint64(index), output.Unsigned)
}

// MAC is a hardware address. Its value is the size in bytes.
type MAC int

// Layout implements Type.
func (n MAC) Layout(tables.ABI) Layout { return Layout{Size: int(n), Align: 1} }

// Keep implements keeper of package lang.
func (MAC) Keep(*Keeps) {}

// Show implements Type.
func (n MAC) Show(c *Call, v View) { ShowMAC(c, v.B[:min(len(v.B), int(n))]) }

// MACOf is a hardware address in an array of N bytes, of which Len are used.
type MACOf struct {
	N   int
	Len Num
}

// Layout implements Type.
func (t *MACOf) Layout(tables.ABI) Layout { return Layout{Size: t.N, Align: 1} }

// Keep implements keeper of package lang.
func (*MACOf) Keep(*Keeps) {}

// Show implements Type.
func (t *MACOf) Show(c *Call, v View) { ShowMAC(c, v.B[:min(uint64(len(v.B)), t.Len.Num(c))]) }

// MaxHardwareAddr is MAX_ADDR_LEN of linux/netdevice.h.
const MaxHardwareAddr = 32

// ShowMAC shows a hardware address, or a string if it is too long for one.
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

// CommentedEnum is an enumeration stored in an In. It is shown as its value, with the
// name in a comment.
type CommentedEnum struct {
	In  Number
	Set *tables.Set
}

// Layout implements Type.
func (t *CommentedEnum) Layout(abi tables.ABI) Layout { return t.In.Layout(abi) }

// Keep implements keeper of package lang.
func (*CommentedEnum) Keep(*Keeps) {}

// Value returns the number.
func (t *CommentedEnum) Value(c *Call, v View) uint64 { return t.In.Value(c, v) }

// Show implements Type.
func (t *CommentedEnum) Show(c *Call, v View) {
	n := t.Value(c, v)
	c.Out.Number(n, t.In.Base())
	name, ok := t.Set.Lookup(n)
	if !ok {
		name = t.Set.Unknown
	}
	c.Out.Comment(output.Gloss, name)
}

// CommentedFlags are flags stored in an In. They are shown as their value, with the
// names in a comment.
type CommentedFlags struct {
	In  Number
	Set *tables.Set
}

// Layout implements Type.
func (t *CommentedFlags) Layout(abi tables.ABI) Layout { return t.In.Layout(abi) }

// Keep implements keeper of package lang.
func (*CommentedFlags) Keep(*Keeps) {}

// Value returns the number.
func (t *CommentedFlags) Value(c *Call, v View) uint64 { return t.In.Value(c, v) }

// Show implements Type.
func (t *CommentedFlags) Show(c *Call, v View) {
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

// NetX32 is a number in network byte order.
var NetX32 = Shown{As: U32, By: func(c *Call, v View) {
	c.Out.BeginMacro("htonl")
	c.Out.Elem()
	c.Out.Number(uint64(binary.BigEndian.Uint32(v.B)), output.Hex)
	c.Out.EndMacro()
}}
