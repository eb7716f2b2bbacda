package lang

import (
	"trapline/output"
	"trapline/tables"
)

// List is an array of Count elements behind a pointer or at the end of a struct (a
// flexible array member). Elements are read as they are shown. An abbreviated list ends
// after -s elements.
type List struct {
	Of        Type
	Count     Num
	Most      uint64      // a list with more elements is shown as its address; 0 for any number
	Short     int         // most elements of an abbreviated list; 0 if only -s limits it
	Collapsed bool        // an abbreviated list shows [...] in place of its elements
	Index     *tables.Set // if not nil, each element is shown with its index, which has a name in this set
}

// Layout implements Type.
func (t *List) Layout(abi tables.ABI) Layout { return Layout{0, t.Of.Layout(abi).Align} }

// Show is for a list at the end of a struct.
func (t *List) Show(c *Call, v View) { t.ShowAt(c, v.Addr) }

// isEmpty reports whether there are no elements, whatever the result of the call.
func (t *List) isEmpty(c *Call) bool { return t.Count != Result && t.Count.Num(c) == 0 }

func (t *List) ShownPlain(c *Call) bool { return t.Index == nil && t.Count.Num(c) == 0 }

func (t *List) ShowAt(c *Call, addr uint64) {
	n := t.Count.Num(c)
	if t.Most != 0 && (n > t.Most || t.Count == Result && c.Failed()) {
		n = NoArray
	}
	if t.Collapsed && c.Abbrev {
		c.Out.BeginArray()
		if n > 0 {
			c.Out.More()
		}
		c.Out.EndArray()
		return
	}
	if t.Index != nil {
		i := uint64(0)
		c.ShowArray(addr, &listElem{t.Of, t.Index, &i}, n)
		return
	}
	short := c.StringLimit
	if t.Short != 0 {
		short = min(short, t.Short)
	}
	c.showArray(addr, t.Of, n, short)
}

func (t *List) Keep(k *Keeps) {
	most := uint64(NoArray)
	if t.Most != 0 {
		most = t.Most
	}
	if k.Abbrev {
		if t.Collapsed {
			return
		}
		most = min(most, uint64(k.Decoder.StringLimit)+1)
		if t.Short != 0 && t.Index == nil {
			most = min(most, uint64(t.Short)+1)
		}
	}
	k.Elements(t.Count, t.Of.Layout(k.ABI).Size, most)
	k.Inside(t.Of)
}

// listElem is an element that is shown with its index.
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

// ShowArray shows count elements from addr on. If it cannot read an element, it shows the
// address: alone, or in a comment in place of the rest of the array.
func (c *Call) ShowArray(addr uint64, elem Type, count uint64) {
	c.showArray(addr, elem, count, c.StringLimit)
}

// showArray is ShowArray, cut after short elements when it is abbreviated.
func (c *Call) showArray(addr uint64, elem Type, count uint64, short int) {
	c.showArrayUpTo(addr, elem, count, count, short, false)
}

// ShowArrayUpTo is ShowArray for an array that is always cut after most elements.
func (c *Call) ShowArrayUpTo(addr uint64, elem Type, count, most uint64) {
	c.showArrayUpTo(addr, elem, count, most, c.StringLimit, false)
}

// ShowRoom is ShowArray for an array that claims to have count elements, but has room for
// only most. It reads nothing beyond these.
func (c *Call) ShowRoom(addr uint64, elem Type, count, most uint64) {
	n := min(count, most)
	c.showArrayUpTo(addr, elem, n, n, c.StringLimit, count > most)
}

// showArrayUpTo reports whether there were elements and all elements to be shown could be
// read. more says that the array has more than count elements.
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
	// The first element that is not shown is read as well: if that fails, the array ends
	// with its address.
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
			mark = c.used - int(want) // elements may allocate behind what was read
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

// showExisting shows the list behind a Ptr whose MustExist is set.
func (c *Call) showExisting(addr uint64, t *List) {
	if addr == 0 {
		c.Out.Addr(addr)
		c.lacking = true
	} else if !c.showArrayUpTo(addr, t.Of, t.Count.Num(c), NoArray, c.StringLimit, false) {
		c.lacking = true
	}
}

// Array is an array of N elements inside a struct. An abbreviated one ends after
// -s elements.
type Array struct {
	Of    Type
	N     int
	Used  Num  // elements in use, which are shown; nil for all
	Whole bool // it is never shortened

	// Index, if not nil, has names for the indexes, and each element is shown with its
	// index. Such an array is never shortened, and shows if more than N elements are
	// claimed to be in use.
	Index *tables.Set
	Names bool // indexes are shown only by name, whatever -X says
}

// Layout implements Type.
func (t *Array) Layout(abi tables.ABI) Layout {
	l := t.Of.Layout(abi)
	return Layout{l.Size * t.N, l.Align}
}

func (t *Array) Keep(k *Keeps) { k.Inside(t.Of) }

// Show implements Type.
func (t *Array) Show(c *Call, v View) {
	if t.Index != nil {
		t.showIndexed(c, v)
		return
	}
	t.showFirst(c, v, t.N)
}

// showFirst shows an array whose first few elements are in v.
func (t *Array) showFirst(c *Call, v View, few int) {
	size := t.Of.Layout(c.ABI).Size
	n := t.N
	if t.Used != nil {
		n = int(min(int64(n), max(0, int64(t.Used.Num(c)))))
	}
	c.Out.BeginArray()
	for i := 0; i < n; i++ {
		if i >= few || c.Abbrev && i >= c.StringLimit && !t.Whole {
			c.Out.More()
			break
		}
		c.Out.Elem()
		t.Of.Show(c, v.At(i*size, size))
	}
	c.Out.EndArray()
}

func (t *Array) showIndexed(c *Call, v View) {
	size := t.Of.Layout(c.ABI).Size
	c.Out.BeginArray()
	n := uint64(t.N)
	if t.Used != nil {
		n = t.Used.Num(c)
	}
	for i := range int(min(n, uint64(t.N))) {
		c.Out.Elem()
		set := t.Index
		if _, named := set.Lookup(uint64(i)); !named {
			set = nil
		}
		if t.Names && set != nil {
			c.Out.Index(uint64(i), set, output.Unsigned|output.NamesAlone)
		} else {
			c.Out.Index(uint64(i), set, output.Unsigned)
		}
		t.Of.Show(c, v.At(i*size, size))
	}
	if n > uint64(t.N) {
		c.Out.More()
	}
	c.Out.EndArray()
}

// Tuple is an array whose elements have types of their own.
type Tuple []Type

// Layout implements Type.
func (t Tuple) Layout(abi tables.ABI) Layout {
	l := Layout{0, 1}
	for _, elem := range t {
		e := elem.Layout(abi)
		l.Size, l.Align = AlignUp(l.Size, e.Align)+e.Size, max(l.Align, e.Align)
	}
	return l
}

func (t Tuple) Keep(k *Keeps) {
	for _, elem := range t {
		k.Inside(elem)
	}
}

// Show implements Type.
func (t Tuple) Show(c *Call, v View) {
	c.Out.BeginArray()
	off := 0
	for _, elem := range t {
		l := elem.Layout(c.ABI)
		off = AlignUp(off, l.Align)
		c.Out.Elem()
		elem.Show(c, v.At(off, l.Size))
		off += l.Size
	}
	c.Out.EndArray()
}
