package lang

import (
	"trapline/output"
	"trapline/tables"
)

// array is a number of elements one behind the other.
type array struct {
	elem  Type
	count Num
	short int // 0 for -s alone
}

// Array is a run of count elements. Behind a pointer, elements are read as
// they are shown, and an abbreviated array ends after -s elements.
func Array(elem Type, count Num) Type {
	if n, ok := count.(Const); ok {
		return NewFixed(elem, int(n))
	}
	return &array{elem: elem, count: count}
}

// ShortArray is an Array that, abbreviated, ends after n elements at the latest.
func ShortArray(elem Type, count Num, n int) Type {
	return &array{elem: elem, count: count, short: n}
}

func (t *array) Layout(abi tables.ABI) Layout { return Layout{0, t.elem.Layout(abi).Align} }

// Show is for an array at the end of a struct (a flexible array member).
func (t *array) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

func (t *array) ShownPlain(c *Call) bool { return t.count.Num(c) == 0 }

func (t *array) ShowAt(c *Call, addr uint64) {
	short := c.StringLimit
	if t.short != 0 {
		short = min(short, t.short)
	}
	c.showArray(addr, t.elem, t.count.Num(c), short)
}

// ShowArray shows count elements from addr on. What cannot be read is shown as
// an address: alone, or as the rest of the array in a comment.
func (c *Call) ShowArray(addr uint64, elem Type, count uint64) {
	c.showArray(addr, elem, count, c.StringLimit)
}

// showArray is ShowArray, cut after short elements when it is abbreviated.
func (c *Call) showArray(addr uint64, elem Type, count uint64, short int) {
	c.showArrayUpTo(addr, elem, count, count, short, false)
}

// ShowArrayUpTo is ShowArray for an array that is cut after most elements in
// any case.
func (c *Call) ShowArrayUpTo(addr uint64, elem Type, count, most uint64) {
	c.showArrayUpTo(addr, elem, count, most, c.StringLimit, false)
}

// ShowRoom is ShowArray for an array that is said to have count elements, where
// there is room for most. Nothing behind these is looked at.
func (c *Call) ShowRoom(addr uint64, elem Type, count, most uint64) {
	n := min(count, most)
	c.showArrayUpTo(addr, elem, n, n, c.StringLimit, count > most)
}

// showArrayUpTo says whether there were elements and all that are to be shown
// could be read. more says that there are others behind them.
func (c *Call) showArrayUpTo(addr uint64, elem Type, count, most uint64, short int, more bool) bool {
	if count == 0 {
		c.Out.BeginArray()
		if more {
			c.Out.More()
		}
		c.Out.EndArray()
		return false
	}
	size := uint64(elem.Layout(c.ABI).Size)
	if size == 0 || count > (1<<63)/size || addr+count*size < addr {
		c.Out.Addr(addr)
		return false
	}
	whole := true
	limit := min(count, most)
	if c.Abbrev && uint64(short) < limit {
		limit = uint64(short)
	}
	// The first element that is not shown is read too: where it cannot be,
	// that is told.
	read := min(count, limit+1)
	const chunk = 4096
	per := max(1, chunk/size)
	var have []byte
	mark := c.used
	for i := uint64(0); i < read; i++ {
		at := addr + i*size
		if uint64(len(have)) < size {
			c.used = mark
			want := min(per, read-i) * size
			have = c.Read(at, int(want))
			if uint64(len(have)) < size {
				if i == 0 {
					c.Out.Addr(addr)
					return false
				}
				c.Out.More()
				c.Out.Comment(output.Note, HexString(at))
				whole, more = false, false
				break
			}
			mark = c.used - int(want) // elements may alloc behind what was read
		}
		if i == 0 {
			c.Out.BeginArray()
		}
		if i == limit {
			more = true
			break
		}
		c.Out.Elem()
		elem.Show(c, View{have[:size:size], at})
		have = have[size:]
	}
	if more {
		c.Out.More()
	}
	c.Out.EndArray()
	return whole
}

// Needed points to a run of count elements. A struct in which it is empty or
// cannot be read is not shown a second time by ChangeWhere.
func Needed(elem Type, count Num) Type { return &needed{WordLayout(), elem, count} }

type needed struct {
	Layouts
	elem  Type
	count Num
}

func (t *needed) Show(c *Call, v View) {
	addr := v.Uint(c.WordSize())
	if addr == 0 {
		c.Out.Addr(addr)
		c.lacking = true
	} else if !c.showArrayUpTo(addr, t.elem, t.count.Num(c), NoArray, c.StringLimit, false) {
		c.lacking = true
	}
}

// Unlisted is an Array at the end of a struct whose elements are not shown when
// it is abbreviated: [...].
func Unlisted(elem Type, count Num) Type { return &unlisted{Unsized{}, elem, count} }

type unlisted struct {
	Unsized
	elem  Type
	count Num
}

func (t *unlisted) Show(c *Call, v View) {
	n := t.count.Num(c)
	if !c.Abbrev {
		c.ShowArray(v.Addr, t.elem, n)
		return
	}
	c.Out.BeginArray()
	if n > 0 {
		c.Out.More()
	}
	c.Out.EndArray()
}

// fixed is an array of a known number of elements.
type fixed struct {
	elem  Type
	n     int
	upto  Num // elements shown, nil for all
	whole bool
}

// WholeArray is an array of n elements inside a struct that is never shortened.
func WholeArray(elem Type, n int) Type { return &fixed{elem: elem, n: n, whole: true} }

// UpTo is an array of n elements inside a struct of which the first count are
// in use.
func UpTo(elem Type, n int, count Num) Type {
	f := NewFixed(elem, n).(*fixed)
	f.upto = count
	return f
}

// NewFixed is an array of n elements inside a struct.
func NewFixed(elem Type, n int) Type { return &fixed{elem: elem, n: n} }

// Layout implements Type.
func (t *fixed) Layout(abi tables.ABI) Layout {
	l := t.elem.Layout(abi)
	return Layout{l.Size * t.n, l.Align}
}

func (t *fixed) Show(c *Call, v View) {
	size := t.elem.Layout(c.ABI).Size
	n := t.n
	if t.upto != nil {
		n = int(min(int64(n), max(0, int64(t.upto.Num(c)))))
	}
	c.Out.BeginArray()
	for i := 0; i < n; i++ {
		if c.Abbrev && i >= c.StringLimit && !t.whole {
			c.Out.More()
			break
		}
		c.Out.Elem()
		t.elem.Show(c, v.At(i*size, size))
	}
	c.Out.EndArray()
}

// Indexed is an array of n elements inside a struct, each shown with its index,
// which has a name in set.
func Indexed(elem Type, n int, set *tables.Set) Type {
	return &indexed{NewFixed(elem, n).(*fixed), set, false}
}

// IndexedByName is an Indexed whose indexes are shown by their names alone whatever -X
// says.
func IndexedByName(elem Type, n int, set *tables.Set) Type {
	return &indexed{NewFixed(elem, n).(*fixed), set, true}
}

// IndexedUpTo is an Indexed of which only the first count elements are in use. If
// count is larger than n, that is told.
func IndexedUpTo(elem Type, n int, set *tables.Set, count Num) Type {
	return &indexed{UpTo(elem, n, count).(*fixed), set, false}
}

type indexed struct {
	*fixed
	set   *tables.Set
	names bool // and no numbers
}

func (t *indexed) Show(c *Call, v View) {
	size := t.elem.Layout(c.ABI).Size
	c.Out.BeginArray()
	n := uint64(t.n)
	if t.upto != nil {
		n = t.upto.Num(c)
	}
	for i := range int(min(n, uint64(t.n))) {
		c.Out.Elem()
		set := t.set
		if _, named := set.Lookup(uint64(i)); !named {
			set = nil
		}
		if t.names && set != nil {
			c.Out.Index(uint64(i), set, output.Unsigned|output.NamesAlone)
		} else {
			c.Out.Index(uint64(i), set, output.Unsigned)
		}
		t.elem.Show(c, v.At(i*size, size))
	}
	if n > uint64(t.n) {
		c.Out.More()
	}
	c.Out.EndArray()
}

// IndexedList is an Array behind a pointer, each element shown with its index.
func IndexedList(elem Type, count Num, set *tables.Set) Type {
	return AtAddr(func(c *Call, addr uint64) {
		i := uint64(0)
		c.ShowArray(addr, &listElem{elem, set, &i}, count.Num(c))
	})
}

type listElem struct {
	Type
	set *tables.Set
	i   *uint64
}

func (t *listElem) Show(c *Call, v View) {
	c.Out.Index(*t.i, t.set, output.Unsigned)
	*t.i++
	t.Type.Show(c, v)
}

// Tuple is an array whose elements have types of their own.
func Tuple(elems ...Type) Type { return &tuple{elems} }

type tuple struct{ elems []Type }

// Layout implements Type.
func (t *tuple) Layout(abi tables.ABI) Layout {
	l := Layout{0, 1}
	for _, elem := range t.elems {
		e := elem.Layout(abi)
		l.Size, l.Align = AlignUp(l.Size, e.Align)+e.Size, max(l.Align, e.Align)
	}
	return l
}

func (t *tuple) Show(c *Call, v View) {
	c.Out.BeginArray()
	off := 0
	for _, elem := range t.elems {
		l := elem.Layout(c.ABI)
		off = AlignUp(off, l.Align)
		c.Out.Elem()
		elem.Show(c, v.At(off, l.Size))
		off += l.Size
	}
	c.Out.EndArray()
}

// Remarked is a t with a comment.
func Remarked(t Type, remark string) Type { return &remarked{t, remark} }

type remarked struct {
	Type
	remark string
}

func (t *remarked) Show(c *Call, v View) {
	t.Type.Show(c, v)
	c.Out.Comment(output.Note, t.remark)
}
