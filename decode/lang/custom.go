package lang

// Values that Go functions show, because no type can describe them.

// custom is a value of a known layout that a Go function shows.
type custom struct {
	Layouts
	d    Dir
	show func(c *Call, v View)
}

func (t *custom) Dir() Dir { return t.d }

func (t *custom) Show(c *Call, v View) { t.show(c, v) }

// shownBy has the layout of another type, and a Go function shows it.
type shownBy struct {
	Type
	show func(c *Call, v View)
}

func (t *shownBy) Show(c *Call, v View) { t.show(c, v) }

// ShownWith is a value of a layout that a Go function shows at the stop that dir
// names.
func ShownWith(l Layouts, dir Dir, show func(c *Call, v View)) Type { return &custom{l, dir, show} }

// ShownAs is a t that a Go function shows.
func ShownAs(t Type, show func(c *Call, v View)) Type { return &shownBy{t, show} }

// Word is a value one word wide that a Go function shows at the stop that dir
// names.
func Word(dir Dir, show func(c *Call, v View)) Type { return &custom{WordLayout(), dir, show} }

// Value32 is a 32-bit value that a Go function shows.
func Value32(show func(c *Call, v uint32)) Type {
	return &custom{SameLayout(4), In, func(c *Call, v View) { show(c, uint32(v.Uint(4))) }}
}

// Value64 is a 64-bit value that a Go function shows.
func Value64(show func(c *Call, v uint64)) Type {
	return &custom{SameLayout(8), In, func(c *Call, v View) { show(c, v.Uint(8)) }}
}

// ValueOf is a number with the layout of n that a Go function shows.
func ValueOf(n *Number, show func(c *Call, v uint64)) Type { return &shown{n, show} }

type shown struct {
	*Number
	show func(c *Call, v uint64)
}

func (t *shown) Show(c *Call, v View) { t.show(c, t.Value(c, v)) }

// AtAddr is memory behind a pointer that a Go function shows. The function gets
// the address.
func AtAddr(show func(c *Call, addr uint64)) Type { return &followed{show: show} }

// TextAt is an AtAddr that shows a string: strings are followed even where
// pointers are not (-e verbose=none).
func TextAt(show func(c *Call, addr uint64)) Type { return &followed{show: show, text: true} }

type followed struct {
	Unsized
	show func(c *Call, addr uint64)
	text bool
}

func (t *followed) ShownPlain(*Call) bool { return t.text }

func (t *followed) Show(c *Call, v View) { t.show(c, v.Addr) }

func (t *followed) ShowAt(c *Call, addr uint64) { t.show(c, addr) }
