package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Terminals: asm-generic/ioctls.h, asm-generic/termbits.h, tty_ioctl(2const).

var termiosIoctls = Ioctls{
	{"TCGETS TIOCGLCKTRMIOS", Out(termios)},
	{"TCSETS TCSETSW TCSETSF TIOCSLCKTRMIOS", Ptr(termios)},
	{"TCGETS2", Out(termios2)},
	{"TCSETS2 TCSETSW2 TCSETSF2", Ptr(termios2)},
	{"TCGETA", Out(termio)},
	{"TCSETA TCSETAW TCSETAF", Ptr(termio)},
	{"TIOCGWINSZ", Out(winsize)},
	{"TIOCSWINSZ", Ptr(winsize)},
	{"TCXONC", Called("arg", EnumOf(Xlong, tables.TermFlow))},
	{"TCFLSH", Called("arg", EnumOf(Xlong, tables.TermFlush))},
	{"TCSBRK TCSBRKP TIOCSCTTY", Called("arg", Int)},
	{"TIOCMGET", Out(Flags(tables.TermModem))},
	{"TIOCMBIS TIOCMBIC TIOCMSET", Ptr(Flags(tables.TermModem))},
	{"TIOCGPGRP TIOCGSID TIOCGETD TIOCGSOFTCAR TIOCGPTN FIONREAD TIOCOUTQ TIOCGEXCL TIOCGDEV", Out(Int)},
	{"TIOCSPGRP TIOCSETD TIOCSSOFTCAR FIONBIO FIOASYNC", Ptr(Int)},
	{"TIOCPKT", Called("mode", Ptr(Int))},
	{"TIOCSPTLCK", Called("lock", Ptr(Int))},
	{"TIOCSTI", Ptr(Buf(Const(1)))},
	{"TIOCSBRK TIOCCBRK TIOCCONS TIOCNOTTY TIOCEXCL TIOCNXCL FIOCLEX FIONCLEX TIOCVHANGUP TIOCSSERIAL", nil},
}

// Sizes of c_cc (asm-generic/termbits.h, termios.h).
const (
	ncc  = 8  // NCC, of struct termio
	nccs = 19 // NCCS
)

var (
	termio   = Struct(termFields(2, ncc))
	termios  = Struct(termFields(4, nccs))
	termios2 = Struct(append(termFields(4, nccs),
		Field{"c_ispeed", Verbose(Uint)}, Field{"c_ospeed", Verbose(Uint)}))
)

// termFields are what the generations of struct termios have in common. Their
// flags are size bytes wide.
func termFields(size, ncc int) Fields {
	n := NewNumber(size, false, output.Hex)
	return Fields{
		{"c_iflag", FlagsOf(n, tables.TermIflags)},
		{"c_oflag", &termOflags{n}},
		{"c_cflag", &termCflags{n}},
		{"c_lflag", FlagsOf(n, tables.TermLflags)},
		{"c_line", Verbose(EnumOf(X8, tables.TermLineDisciplines))},
		{"c_cc", Verbose(IndexedByName(X8, ncc, tables.TermCC))},
	}
}

// termOflags are delays, each an enumeration of its own, and flags.
type termOflags struct{ *Number }

var termDelays = [...]*tables.Set{
	tables.TermNLDelays, tables.TermCRDelays, tables.TermTABDelays,
	tables.TermBSDelays, tables.TermVTDelays, tables.TermFFDelays,
}

func (t *termOflags) Show(c *Call, v View) {
	rest := t.Value(c, v)
	for _, set := range termDelays {
		rest &^= showMasked(c, rest, set)
		c.Out.Or()
	}
	c.Out.Flags(rest, tables.TermOflags, output.Hex)
}

// termCflags are an output speed, an input speed if it is another one, a
// character size, and flags.
type termCflags struct{ *Number }

func (t *termCflags) Show(c *Call, v View) {
	const ibshift = 16
	rest := t.Value(c, v)
	cbaud := maskOf(tables.TermBauds)
	showMasked(c, rest, tables.TermBauds)
	c.Out.Or()
	if in := rest >> ibshift & cbaud; in != 0 {
		c.Out.Enum(in, tables.TermBauds, output.Hex)
		c.Out.Shift(ibshift, "IBSHIFT", output.Hex)
		c.Out.Or()
	}
	rest &^= cbaud | cbaud<<ibshift
	rest &^= showMasked(c, rest, tables.TermSizes)
	c.Out.Or()
	c.Out.Flags(rest, tables.TermCflags, output.Hex)
}

// showMasked shows the bits of v that belong to an enumeration within a flags
// word, and gives their mask.
func showMasked(c *Call, v uint64, set *tables.Set) (mask uint64) {
	mask = maskOf(set)
	c.Out.Enum(v&mask, set, output.Hex)
	return mask
}

// maskOf is the mask that all constants of an enumeration within a flags word
// have.
func maskOf(set *tables.Set) uint64 { return set.Consts[0].Mask }

var winsize = Struct(Fields{
	{"ws_row", U16}, {"ws_col", U16}, {"ws_xpixel", U16}, {"ws_ypixel", U16},
})
