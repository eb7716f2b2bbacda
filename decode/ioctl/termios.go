package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Terminals: asm-generic/ioctls.h, asm-generic/termbits.h, tty_ioctl(2const).

var termiosIoctls = Ioctls{
	{"TCGETS TIOCGLCKTRMIOS", &Out{To: termios}},
	{"TCSETS TCSETSW TCSETSF TIOCSLCKTRMIOS", &Ptr{To: termios}},
	{"TCGETS2", &Out{To: termios2}},
	{"TCSETS2 TCSETSW2 TCSETSF2", &Ptr{To: termios2}},
	{"TCGETA", &Out{To: termio}},
	{"TCSETA TCSETAW TCSETAF", &Ptr{To: termio}},
	{"TIOCGWINSZ", &Out{To: winsize}},
	{"TIOCSWINSZ", &Ptr{To: winsize}},
	{"TCXONC", &NamedArgument{Name: "arg", Of: &Enum{In: Xlong, Set: &tables.TermFlow}}},
	{"TCFLSH", &NamedArgument{Name: "arg", Of: &Enum{In: Xlong, Set: &tables.TermFlush}}},
	{"TCSBRK TCSBRKP TIOCSCTTY", &NamedArgument{Name: "arg", Of: Int}},
	{"TIOCMGET", &Out{To: &Flags{Set: &tables.TermModem}}},
	{"TIOCMBIS TIOCMBIC TIOCMSET", &Ptr{To: &Flags{Set: &tables.TermModem}}},
	{"TIOCGPGRP TIOCGSID TIOCGETD TIOCGSOFTCAR TIOCGPTN FIONREAD TIOCOUTQ TIOCGEXCL TIOCGDEV", &Out{To: Int}},
	{"TIOCSPGRP TIOCSETD TIOCSSOFTCAR FIONBIO FIOASYNC", &Ptr{To: Int}},
	{"TIOCPKT", &NamedArgument{Name: "mode", Of: &Ptr{To: Int}}},
	{"TIOCSPTLCK", &NamedArgument{Name: "lock", Of: &Ptr{To: Int}}},
	{"TIOCSTI", &Ptr{To: &Bytes{Len: Const(1)}}},
	{"TIOCSBRK TIOCCBRK TIOCCONS TIOCNOTTY TIOCEXCL TIOCNXCL FIOCLEX FIONCLEX TIOCVHANGUP TIOCSSERIAL", nil},
}

// Sizes of c_cc (asm-generic/termbits.h, termios.h).
const (
	ncc  = 8  // NCC, of struct termio
	nccs = 19 // NCCS
)

var (
	termio = &Struct{Fields: Fields{
		{"c_iflag", &Flags{In: X16, Set: &tables.TermIflags}},
		{"c_oflag", &termOflags{X16}},
		{"c_cflag", &termCflags{X16}},
		{"c_lflag", &Flags{In: X16, Set: &tables.TermLflags}},
		{"c_line", Verbose{&Enum{In: X8, Set: &tables.TermLineDisciplines}}},
		{"c_cc", Verbose{&Array{Of: X8, N: ncc, Index: &tables.TermCC, Names: true}}},
	}}
	termios = &Struct{Fields: Fields{
		{"c_iflag", &Flags{In: X32, Set: &tables.TermIflags}},
		{"c_oflag", &termOflags{X32}},
		{"c_cflag", &termCflags{X32}},
		{"c_lflag", &Flags{In: X32, Set: &tables.TermLflags}},
		{"c_line", Verbose{&Enum{In: X8, Set: &tables.TermLineDisciplines}}},
		{"c_cc", Verbose{&Array{Of: X8, N: nccs, Index: &tables.TermCC, Names: true}}},
	}}
	termios2 = &Struct{Fields: Fields{
		{"c_iflag", &Flags{In: X32, Set: &tables.TermIflags}},
		{"c_oflag", &termOflags{X32}},
		{"c_cflag", &termCflags{X32}},
		{"c_lflag", &Flags{In: X32, Set: &tables.TermLflags}},
		{"c_line", Verbose{&Enum{In: X8, Set: &tables.TermLineDisciplines}}},
		{"c_cc", Verbose{&Array{Of: X8, N: nccs, Index: &tables.TermCC, Names: true}}},
		{"c_ispeed", Verbose{Uint}},
		{"c_ospeed", Verbose{Uint}},
	}}
)

// termOflags are delays, each of which is an enumeration, and flags.
type termOflags struct{ Number }

var termDelays = [...]*tables.Set{
	&tables.TermNLDelays, &tables.TermCRDelays, &tables.TermTABDelays,
	&tables.TermBSDelays, &tables.TermVTDelays, &tables.TermFFDelays,
}

func (t *termOflags) Show(c *Call, v View) {
	rest := t.Value(c, v)
	for _, set := range termDelays {
		rest &^= showMasked(c, rest, set)
		c.Out.Join(output.Or)
	}
	c.Out.Flags(rest, &tables.TermOflags, output.Hex)
}

// termCflags are an output speed, an input speed if it differs, a character size,
// and flags.
type termCflags struct{ Number }

func (t *termCflags) Show(c *Call, v View) {
	const ibshift = 16
	rest := t.Value(c, v)
	cbaud := maskOf(&tables.TermBauds)
	showMasked(c, rest, &tables.TermBauds)
	c.Out.Join(output.Or)
	if in := rest >> ibshift & cbaud; in != 0 {
		c.Out.Enum(in, &tables.TermBauds, output.Hex)
		c.Out.Shift(ibshift, "IBSHIFT", output.Hex)
		c.Out.Join(output.Or)
	}
	rest &^= cbaud | cbaud<<ibshift
	rest &^= showMasked(c, rest, &tables.TermSizes)
	c.Out.Join(output.Or)
	c.Out.Flags(rest, &tables.TermCflags, output.Hex)
}

// showMasked shows the bits of v that belong to an enumeration within flags, and
// returns the enumeration's mask.
func showMasked(c *Call, v uint64, set *tables.Set) (mask uint64) {
	mask = maskOf(set)
	c.Out.Enum(v&mask, set, output.Hex)
	return mask
}

// maskOf returns the mask that all constants of an enumeration within flags have.
func maskOf(set *tables.Set) uint64 { return set.Consts[0].Mask }

var winsize = &Struct{Fields: Fields{
	{"ws_row", U16}, {"ws_col", U16}, {"ws_xpixel", U16}, {"ws_ypixel", U16},
}}
