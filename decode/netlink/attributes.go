package netlink

import (
	"slices"
	"strings"
	"sync/atomic"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Netlink attributes (struct nlattr of linux/netlink.h): a length, a type, and
// a payload that depends on it, often more attributes.

// Attributes is a table of attributes. As a type it stands for all the
// attributes that a payload consists of.
type Attributes struct {
	Unsized
	set     *tables.Set
	prefix  string // of names in entries
	entries []AttributeTypes
	other   Type // of attributes past types; nil shows bytes

	// types are the entries by number, nil for those that are shown as bytes.
	// Most programs use few of the tables, so that each is made when it is
	// first needed.
	types atomic.Pointer[[]Type]
}

// AttributeTypes says what the attributes with the given names, separated by
// blanks, hold.
type AttributeTypes struct {
	Type  Type
	Names string
}

// NewAttributes makes a table of the attributes that have names in set.
// prefix is left out of the names in entries. Attributes without an entry are
// shown as bytes.
func NewAttributes(set *tables.Set, prefix string, entries ...AttributeTypes) *Attributes {
	t := &Attributes{set: set, prefix: prefix, entries: entries}
	attributeTables = append(attributeTables, t)
	return t
}

// attributeTables are all of them, for a test of their names.
var attributeTables []*Attributes

// resolve finds the numbers of the names in entries.
func (t *Attributes) resolve() []Type {
	if types := t.types.Load(); types != nil {
		return *types
	}
	var types []Type
	for _, e := range t.entries {
		for name := range strings.FieldsSeq(e.Names) {
			n := int(ValueNamed(t.set, t.prefix+name))
			for len(types) <= n {
				types = append(types, nil)
			}
			types[n] = e.Type
		}
	}
	t.types.Store(&types)
	return types
}

// add gives attributes types later, for tables that refer to themselves. It is
// for package initialization only.
func (t *Attributes) add(e AttributeTypes) { t.entries = append(t.entries, e) }

// Numbered are attributes that are all the same and numbered from 0 or 1 on.
func Numbered(t Type) *Attributes { return &Attributes{other: t} }

func (t *Attributes) typeOf(n int) Type {
	if types := t.resolve(); n < len(types) {
		return types[n]
	}
	return t.other
}

// Bits in the type of an attribute (linux/netlink.h).
const (
	nlaHeader       = 4 // NLA_HDRLEN
	nlaNested       = 1 << 15
	nlaNetByteOrder = 1 << 14
)

// Show implements Type for attributes behind a struct.
func (t *Attributes) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// ShowAt shows the attributes in shownNetlink.Of(c).payload bytes at addr.
func (t *Attributes) ShowAt(c *Call, addr uint64) {
	showRecords(c, addr, shownNetlink.Of(c).payload, nlattr, 2, func(v View, left int) { t.showOne(c, v, left) })
}

// missing stands for what would be at addr, which cannot be read: in an array
// that has begun, what goes on is left out.
func missing(c *Call, addr uint64, array bool) {
	if array {
		c.Out.More()
		c.Out.Comment(output.Note, HexString(addr))
		return
	}
	c.Out.Addr(addr)
}

// showOne shows the attribute whose header v is. There are left bytes for it.
func (t *Attributes) showOne(c *Call, v View, left int) {
	length := min(int(v.Uint(2)), left)
	kind := v.At(2, 2).Uint(2)
	if length <= nlaHeader {
		t.showHeader(c, v.Uint(2), kind)
		return
	}
	c.Out.BeginArray()
	c.Out.Elem()
	t.showHeader(c, v.Uint(2), kind)
	c.Out.Elem()
	number := int(kind &^ (nlaNested | nlaNetByteOrder))
	showPayload(c, t.typeOf(number), v.Addr+nlaHeader, length-nlaHeader)
	c.Out.EndArray()
}

var nlattr = Struct(Fields{{"nla_len", U16}, {"nla_type", U16}})

func (t *Attributes) showHeader(c *Call, length, kind uint64) {
	c.Out.BeginStruct()
	c.Out.Field("nla_len")
	c.Out.Number(length, output.Unsigned)
	c.Out.Field("nla_type")
	if kind&nlaNested != 0 {
		c.Out.Symbol(nlaNested, "NLA_F_NESTED", output.Hex)
		c.Out.Or()
	}
	if kind&nlaNetByteOrder != 0 {
		c.Out.Symbol(nlaNetByteOrder, "NLA_F_NET_BYTEORDER", output.Hex)
		c.Out.Or()
	}
	number := kind &^ (nlaNested | nlaNetByteOrder)
	if t.set == nil {
		c.Out.Number(number, output.Hex)
	} else {
		c.Out.Enum(number, t.set, output.Hex)
	}
	c.Out.EndStruct()
}

// fitter is implemented by types that cannot be shown from just any number of
// bytes.
type fitter interface {
	fits(c *Call, length int) bool
}

// showPayload shows the length bytes at addr as a t or, where they are too few
// for one, as bytes.
func showPayload(c *Call, t Type, addr uint64, length int) {
	outer := shownNetlink.Of(c).payload
	shownNetlink.Of(c).payload = length
	shownNetlink.Of(c).nested++
	defer func() {
		shownNetlink.Of(c).payload = outer
		shownNetlink.Of(c).nested--
	}()
	if t == nil || shownNetlink.Of(c).nested > maxNesting {
		c.ShowBuffer(addr, uint64(length), BinaryData)
		return
	}
	if f, ok := t.(fitter); ok && !f.fits(c, length) {
		c.ShowBuffer(addr, uint64(length), BinaryData)
		return
	}
	if r, ok := t.(Reader); ok {
		r.ShowAt(c, addr)
		return
	}
	if t.Layout(c.ABI).Size > length {
		c.ShowBuffer(addr, uint64(length), BinaryData)
		return
	}
	if v, ok := c.ReadType(addr, t); ok {
		t.Show(c, v)
	} else {
		c.Out.Addr(addr)
	}
}

// payloadOnly is embedded by types that are only ever payloads, whose length
// they need: their ShowAt shows them.
type payloadOnly struct{ Unsized }

// Show implements Type.
func (payloadOnly) Show(*Call, View) {}

// What attributes often hold.
var (
	// attrString is a string whose NUL is not shown; without one it goes on.
	attrString = AtAddr(func(c *Call, addr uint64) { c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), ExpectNUL) })
	attrMAC    = &payloadFunc{least: 1, most: MaxHardwareAddr, show: func(c *Call, v View) { ShowMAC(c, v.B) }}
	attrFD     = FD

	// attrClock is a number of clock ticks, of any size.
	attrClock = &payloadFunc{least: 1, most: 8, show: func(c *Call, v View) { ticksOfClock.Show(c, View{B: widen(c, v.B)}) }}
	// attrIPProto is a protocol above IP, of any size.
	attrIPProto = inAnySize(tables.InetProtocol)
	// attrEtherProto is a protocol above Ethernet, in network order.
	attrEtherProto = &inNetworkOrder{SameLayout(2), "htons", tables.EtherAttrProtocol}
	attrBE16       = &inNetworkOrder{SameLayout(2), "htons", nil}
	attrBE32       = &inNetworkOrder{SameLayout(4), "htonl", nil}
	attrBE64       = &inNetworkOrder{SameLayout(8), "htobe64", nil}
)

var ticksOfClock = Ticks(U64, 100, 2)

// payloadFunc is a payload of least to most bytes that a Go function shows.
type payloadFunc struct {
	payloadOnly
	least, most int
	exact       bool // only least bytes are read
	show        func(c *Call, v View)
}

func (t *payloadFunc) fits(_ *Call, length int) bool { return t.least <= length && length <= t.most }

func (t *payloadFunc) ShowAt(c *Call, addr uint64) {
	n := shownNetlink.Of(c).payload
	if t.exact {
		n = t.least
	}
	if b, ok := c.ReadAll(addr, n); ok {
		t.show(c, View{B: b, Addr: addr})
	} else {
		c.Out.Addr(addr)
	}
}

// widen makes an integer of up to 8 bytes one of 8.
func widen(c *Call, b []byte) []byte {
	w := c.Alloc(8)
	clear(w[copy(w, b):])
	return w
}

// inAnySize is an enumeration in an integer of any size.
func inAnySize(set *tables.Set) Type {
	return &payloadFunc{least: 1, most: 8, show: func(c *Call, v View) { c.Out.Enum(View{B: widen(c, v.B)}.Uint(8), set, output.Hex) }}
}

// enumIn is an enumeration in a number of size bytes, of which there may be up
// to eight.
func enumIn(size int, set *tables.Set) Type {
	return &payloadFunc{least: size, most: 8, exact: true, show: func(c *Call, v View) { c.Out.Enum(v.At(0, size).Uint(size), set, output.Hex) }}
}

// flagsIn is an enumIn for flags.
func flagsIn(size int, set *tables.Set) Type {
	return &payloadFunc{least: size, most: 8, exact: true, show: func(c *Call, v View) { c.Out.Flags(v.At(0, size).Uint(size), set, output.Hex) }}
}

// inNetworkOrder is an integer shown in the host's order, inside the macro that
// converts it.
type inNetworkOrder struct {
	Layouts
	macro string
	set   *tables.Set
}

func (t *inNetworkOrder) Show(c *Call, v View) {
	n := uint64(0)
	for _, b := range v.At(0, t.Layouts[c.ABI].Size).B {
		n = n<<8 | uint64(b)
	}
	c.Out.BeginMacro(t.macro)
	c.Out.Elem()
	if t.set == nil {
		c.Out.Number(n, output.Unsigned)
	} else {
		c.Out.Enum(n, t.set, output.Hex)
	}
	c.Out.EndMacro()
}

// attrArray is as many elems as there is room for, and at least one.
func attrArray(elem Type) Type { return &payloadArray{elem: elem} }

// attrIndexed is an attrArray with names of the elements' numbers.
func attrIndexed(elem Type, set *tables.Set) Type { return &payloadArray{elem: elem, set: set} }

type payloadArray struct {
	payloadOnly
	elem Type
	set  *tables.Set // nil for none
}

func (t *payloadArray) fits(c *Call, length int) bool { return length >= t.elem.Layout(c.ABI).Size }

func (t *payloadArray) ShowAt(c *Call, addr uint64) {
	elem := t.elem
	if t.set != nil {
		i := uint64(0)
		elem = ShownWith(layoutsOf(t.elem), In, func(c *Call, v View) {
			c.Out.Index(i, t.set, output.Unsigned)
			i++
			t.elem.Show(c, v)
		})
	}
	c.ShowArray(addr, elem, uint64(shownNetlink.Of(c).payload/t.elem.Layout(c.ABI).Size))
}

func layoutsOf(t Type) (l Layouts) {
	for _, abi := range Abis {
		l[abi] = t.Layout(abi)
	}
	return l
}

// grown is a struct that had the given sizes before it got its last members:
// as many of them are shown as there are.
func grown(st *StructType, sizes ...int) Type { return &grownStruct{st, sizes} }

type grownStruct struct {
	*StructType
	sizes []int
}

func (t *grownStruct) fits(c *Call, length int) bool {
	return length >= t.StructType.Layout(c.ABI).Size || slices.Contains(t.sizes, length)
}

func (t *grownStruct) ShowAt(c *Call, addr uint64) {
	if b, ok := c.ReadAll(addr, min(shownNetlink.Of(c).payload, t.StructType.Layout(c.ABI).Size)); ok {
		t.Show(c, View{B: b, Addr: addr})
	} else {
		c.Out.Addr(addr)
	}
}

// followed by is a struct with a payload behind it, t or, if that is nil,
// bytes.
func followedBy(st Type, t Type) Type { return &followedStruct{st, t} }

type followedStruct struct {
	Type
	rest Type
}

func (t *followedStruct) fits(c *Call, length int) bool { return length >= t.Layout(c.ABI).Size }

func (t *followedStruct) ShowAt(c *Call, addr uint64) {
	v, ok := c.ReadType(addr, t.Type)
	if !ok {
		c.Out.Addr(addr)
		return
	}
	t.Type.Show(c, v)
	if at := AlignUp(t.Layout(c.ABI).Size, 4); shownNetlink.Of(c).payload > at {
		c.Out.Elem()
		showPayload(c, t.rest, addr+uint64(at), shownNetlink.Of(c).payload-at)
	}
}

// inetOfFamily is the address of a family that a Num gives, as much as a
// payload.
func inetOfFamily(family Num) Type {
	return AtAddr(func(c *Call, addr uint64) {
		size := 0
		switch family.Num(c) {
		case afInet:
			size = 4
		case afInet6:
			size = 16
		}
		if size == 0 || shownNetlink.Of(c).payload < size {
			c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), BinaryData)
			return
		}
		if b, ok := c.ReadAll(addr, size); ok {
			c.Out.Inet("", b)
		} else {
			c.Out.Addr(addr)
		}
	})
}

// nestedBy are attributes whose table a Num chooses.
func nestedBy(on Num, tables map[uint64]*Attributes) Type {
	return AtAddr(func(c *Call, addr uint64) {
		if t := tables[on.Num(c)]; t != nil {
			t.ShowAt(c, addr)
			return
		}
		c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), BinaryData)
	})
}
