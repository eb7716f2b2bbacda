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

// Netlink attributes (struct nlattr of linux/netlink.h): a length, a type, and a
// payload. The payload depends on the type and often consists of more attributes.

// Attributes is a table of attributes, which have names in Set. As a Type it is a
// payload that consists of such attributes. Attributes without an entry in Types
// are shown as bytes.
type Attributes struct {
	Unsized
	Set    *tables.Set
	Prefix string // omitted from the names in Types
	Types  []attributeTypes
	Other  Type // the type of all attributes, if they are numbered elements of an array

	// types are the entries by number, nil for those that are shown as bytes.
	// Most programs use few of the tables, so each is made when it is first
	// needed.
	types atomic.Pointer[[]Type]
}

// attributeTypes has the type of the payload of the attributes with these names,
// which are separated by blanks.
type attributeTypes = struct {
	Type  Type
	Names string
}

// Resolve looks up the names in Types. It panics if Set lacks one.
func (t *Attributes) Resolve() { t.resolve() }

// resolve returns Attributes.types, and makes it if necessary.
func (t *Attributes) resolve() []Type {
	if types := t.types.Load(); types != nil {
		return *types
	}
	var types []Type
	for _, e := range t.Types {
		for name := range strings.FieldsSeq(e.Names) {
			n := int(ValueNamed(t.Set, t.Prefix+name))
			for len(types) <= n {
				types = append(types, nil)
			}
			types[n] = e.Type
		}
	}
	t.types.Store(&types)
	return types
}

func (t *Attributes) typeOf(n int) Type {
	if types := t.resolve(); n < len(types) {
		return types[n]
	}
	return t.Other
}

// Bits in the type of an attribute (linux/netlink.h).
const (
	nlaHeader       = 4 // NLA_HDRLEN
	nlaNested       = 1 << 15
	nlaNetByteOrder = 1 << 14
)

// Show implements Type for attributes behind a struct.
func (t *Attributes) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// ShowAt shows the attributes in the shownNetlink.Of(c).payload bytes at addr.
func (t *Attributes) ShowAt(c *Call, addr uint64) {
	showRecords(c, addr, shownNetlink.Of(c).payload, nlattr, 2, func(v View, left int) { t.showOne(c, v, left) })
}

// missing is called if the bytes at addr cannot be read. It shows the address or,
// inside an array, "...".
func missing(c *Call, addr uint64, array bool) {
	if array {
		c.Out.More()
		c.Out.Comment(output.Note, HexString(addr))
		return
	}
	c.Out.Addr(addr)
}

// showOne shows the attribute with the header v. left bytes are available for it.
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

var nlattr = &Struct{Fields: Fields{{"nla_len", U16}, {"nla_type", U16}}}

func (t *Attributes) showHeader(c *Call, length, kind uint64) {
	c.Out.BeginStruct()
	c.Out.Field("nla_len")
	c.Out.Number(length, output.Unsigned)
	c.Out.Field("nla_type")
	if kind&nlaNested != 0 {
		c.Out.Symbol(nlaNested, "NLA_F_NESTED", output.Hex)
		c.Out.Join(output.Or)
	}
	if kind&nlaNetByteOrder != 0 {
		c.Out.Symbol(nlaNetByteOrder, "NLA_F_NET_BYTEORDER", output.Hex)
		c.Out.Join(output.Or)
	}
	number := kind &^ (nlaNested | nlaNetByteOrder)
	if t.Set == nil {
		c.Out.Number(number, output.Hex)
	} else {
		c.Out.Enum(number, t.Set, output.Hex)
	}
	c.Out.EndStruct()
}

// fitter is implemented by types that require a certain number of bytes.
type fitter interface {
	fits(c *Call, length int) bool
}

// showPayload shows the length bytes at addr as a t or, if they do not fit it, as
// bytes.
func showPayload(c *Call, t Type, addr uint64, length int) {
	outer := shownNetlink.Of(c).payload
	shownNetlink.Of(c).payload = length
	shownNetlink.Of(c).nested++
	defer func() {
		shownNetlink.Of(c).payload = outer
		shownNetlink.Of(c).nested--
	}()
	if t == nil || shownNetlink.Of(c).nested > maxNesting {
		c.ShowBuffer(addr, uint64(length), Binary)
		return
	}
	if f, ok := t.(fitter); ok && !f.fits(c, length) {
		c.ShowBuffer(addr, uint64(length), Binary)
		return
	}
	if r, ok := t.(Reader); ok {
		r.ShowAt(c, addr)
		return
	}
	if t.Layout(c.ABI).Size > length {
		c.ShowBuffer(addr, uint64(length), Binary)
		return
	}
	if v, ok := c.ReadType(addr, t); ok {
		t.Show(c, v)
	} else {
		c.Out.Addr(addr)
	}
}

// payloadOnly is embedded in types that are used only for payloads. They need the
// payload's length, so ShowAt shows them and Show is not called.
type payloadOnly struct{ Unsized }

// Show implements Type.
func (payloadOnly) Show(*Call, View) {}

// showAttrString shows a string without its NUL. A string without a NUL is shown
// as cut.
func showAttrString(c *Call, addr uint64) {
	c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), ExpectNUL)
}

// Types of many attributes.
var (
	attrMAC = &payloadFunc{least: 1, most: MaxHardwareAddr, show: func(c *Call, v View) { ShowMAC(c, v.B) }}

	// attrClock is a number of clock ticks, an integer of any size.
	attrClock = &payloadFunc{least: 1, most: 8, show: func(c *Call, v View) { ticksOfClock.Show(c, View{B: widen(c, v.B)}) }}
	// attrIPProto is a protocol above IP, an integer of any size.
	attrIPProto = &enumIn{set: &tables.InetProtocol}
	// attrEtherProto is an Ethernet protocol in network byte order.
	attrEtherProto = &inNetworkOrder{Layouts(U16), "htons", &tables.EtherAttrProtocol}
	attrBE16       = &inNetworkOrder{Layouts(U16), "htons", nil}
	attrBE32       = &inNetworkOrder{Layouts(U32), "htonl", nil}
	attrBE64       = &inNetworkOrder{Layouts(U64), "htobe64", nil}
)

var ticksOfClock = &Ticks{In: U64, Per: 100, Digits: 2}

// payloadFunc is a payload of least to most bytes, which a Go function shows.
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

// widen extends an integer of up to 8 bytes to 8 bytes.
func widen(c *Call, b []byte) []byte {
	w := c.Alloc(8)
	clear(w[copy(w, b):])
	return w
}

// enumIn is an enumeration in an integer of size bytes, at most 8. If size is 0,
// the integer takes the whole payload.
type enumIn struct {
	payloadOnly
	size int
	set  *tables.Set
}

func (t *enumIn) fits(_ *Call, length int) bool { return max(1, t.size) <= length && length <= 8 }

// ShowAt implements Reader.
func (t *enumIn) ShowAt(c *Call, addr uint64) {
	if n, ok := payloadNumber(c, addr, t.size); ok {
		c.Out.Enum(n, t.set, output.Hex)
	}
}

// flagsIn is an enumIn for flags.
type flagsIn struct {
	payloadOnly
	size int
	set  *tables.Set
}

func (t *flagsIn) fits(_ *Call, length int) bool { return t.size <= length && length <= 8 }

// ShowAt implements Reader.
func (t *flagsIn) ShowAt(c *Call, addr uint64) {
	if n, ok := payloadNumber(c, addr, t.size); ok {
		c.Out.Flags(n, t.set, output.Hex)
	}
}

// payloadNumber reads the integer of size bytes at addr, or of as many as the
// payload has if size is 0. If it cannot be read, the address is shown.
func payloadNumber(c *Call, addr uint64, size int) (uint64, bool) {
	if size == 0 {
		size = shownNetlink.Of(c).payload
	}
	b, ok := c.ReadAll(addr, size)
	if !ok {
		c.Out.Addr(addr)
		return 0, false
	}
	return View{B: widen(c, b)}.Uint(8), true
}

// inNetworkOrder is an integer in network byte order. It is shown in host order,
// as the argument of the macro that converts it.
type inNetworkOrder struct {
	Layouts
	macro string
	set   *tables.Set
}

func (t *inNetworkOrder) Show(c *Call, v View) {
	n := uint64(0)
	for _, b := range v.At(0, t.SizeIn(c.ABI)).B {
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

// payloadArray is an array of elems that fills the payload. It has at least one
// element.
type payloadArray struct {
	payloadOnly
	elem Type
	set  *tables.Set // names of the indexes, or nil
}

func (t *payloadArray) fits(c *Call, length int) bool { return length >= t.elem.Layout(c.ABI).Size }

func (t *payloadArray) ShowAt(c *Call, addr uint64) {
	elem := t.elem
	if t.set != nil {
		i := uint64(0)
		elem = &Shown{As: t.elem, By: func(c *Call, v View) {
			c.Out.Index(i, t.set, output.Unsigned)
			i++
			t.elem.Show(c, v)
		}}
	}
	c.ShowArray(addr, elem, uint64(shownNetlink.Of(c).payload/t.elem.Layout(c.ABI).Size))
}

// grownStruct is a struct that later kernel versions extended. It is shown as far
// as the payload goes.
type grownStruct struct {
	*Struct
	sizes []int
}

func (t *grownStruct) fits(c *Call, length int) bool {
	return length >= t.Struct.Layout(c.ABI).Size || slices.Contains(t.sizes, length)
}

func (t *grownStruct) ShowAt(c *Call, addr uint64) {
	if b, ok := c.ReadAll(addr, min(shownNetlink.Of(c).payload, t.Struct.Layout(c.ABI).Size)); ok {
		t.Show(c, View{B: b, Addr: addr})
	} else {
		c.Out.Addr(addr)
	}
}

// followedStruct is a struct followed by a payload of a certain type or, if that
// is nil, by bytes.
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

// inetOfFamily is an address that takes the whole payload. The named member has
// its family.
type inetOfFamily Ref

// Layout implements Type.
func (inetOfFamily) Layout(tables.ABI) Layout { return Layout{Size: 0, Align: 1} }

// Show implements Type.
func (t inetOfFamily) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// ShowAt implements Reader.
func (t inetOfFamily) ShowAt(c *Call, addr uint64) {
	size, payload := 0, shownNetlink.Of(c).payload
	switch Ref(t).Num(c) {
	case afInet:
		size = 4
	case afInet6:
		size = 16
	}
	if size == 0 || payload < size {
		c.ShowBuffer(addr, uint64(payload), Binary)
		return
	}
	if b, ok := c.ReadAll(addr, size); ok {
		c.Out.Inet("", b)
	} else {
		c.Out.Addr(addr)
	}
}

// nestedBy are attributes whose table depends on the number on.
type nestedBy struct {
	payloadOnly
	on     Num
	tables familyTables
}

// ShowAt implements Reader.
func (t *nestedBy) ShowAt(c *Call, addr uint64) {
	if table := t.tables.of(t.on.Num(c)); table != nil {
		table.ShowAt(c, addr)
		return
	}
	c.ShowBuffer(addr, uint64(shownNetlink.Of(c).payload), Binary)
}

// familyTables are tables of attributes, mostly by address family.
type familyTables []struct {
	family uint64
	attrs  *Attributes
}

// of returns the table of a family, or nil.
func (t familyTables) of(family uint64) *Attributes {
	for i := range t {
		if t[i].family == family {
			return t[i].attrs
		}
	}
	return nil
}
