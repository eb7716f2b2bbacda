package ioctl

import (
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Virtual consoles: linux/kd.h, linux/keyboard.h.

var consoleIoctls = Ioctls{
	{"KIOCSOUND", Word(In, showSound)},
	{"KDMKTONE", Word(In, showTone)},
	{"KDGETLED", Out(FlagsOf(X8, tables.KDLed))},
	{"KDSETLED", FlagsOf(X8, tables.KDLed)},
	{"KDGKBLED", Out(FlagsOf(X8, tables.KDDefaultLed))},
	{"KDSKBLED", FlagsOf(X8, tables.KDDefaultLed)},
	{"KDGKBTYPE", Out(EnumOf(X8, tables.KDKbdType))},
	{"KDADDIO KDDELIO", Word(In, showPort)},
	{"KDSETMODE", Enum(tables.KDMode)},
	{"KDGETMODE", Out(Enum(tables.KDMode))},
	{"KDSKBMODE", EnumOf(Int, tables.KDKbdMode)},
	{"KDGKBMODE", Out(EnumOf(Int, tables.KDKbdMode))},
	{"KDSKBMETA", Enum(tables.KDMeta)},
	{"KDGKBMETA", Out(Enum(tables.KDMeta))},
	{"PIO_SCRNMAP", Ptr(Binary(Const(256)))},
	{"GIO_SCRNMAP", Out(Binary(Const(256)))},
	{"PIO_FONT", Ptr(Binary(Const(8192)))},
	{"GIO_FONT", Out(Binary(Const(8192)))},
	{"PIO_CMAP", Ptr(Binary(Const(48)))},
	{"GIO_CMAP", Out(Binary(Const(48)))},
	{"PIO_UNISCRNMAP", Ptr(screenMap)},
	{"GIO_UNISCRNMAP", Out(screenMap)},
	{"KDGKBENT", Fill(kbEntry.Pick("kb_table", "kb_index"), kbEntry.Pick("kb_value"))},
	{"KDSKBENT", Ptr(kbEntry)},
	{"KDGKBSENT", Fill(kbSentry.Pick("kb_func"), kbSentry.Pick("kb_string"))},
	{"KDSKBSENT", Ptr(kbSentry)},
	{"KDGETKEYCODE", FillFrom(kbKeycode.Pick("scancode", "keycode"), X32, kbKeycode.Pick())},
	{"KDSETKEYCODE", Ptr(kbKeycode)},
	{"KDSIGACCEPT", Word(In, showAccepted)},
	{"KDKBDREP", Change(kbdRepeat, kbdRepeat)},
	{"KDGKBDIACR", Out(kbDiacrs)},
	{"KDSKBDIACR", Ptr(kbDiacrs)},
	{"KDGKBDIACRUC", Out(kbDiacrsUnicode)},
	{"KDSKBDIACRUC", Ptr(kbDiacrsUnicode)},
	{"PIO_UNIMAPCLR", Ptr(unimapInit)},
	{"PIO_UNIMAP", Ptr(unimapDesc)},
	{"GIO_UNIMAP", FillFromAlways(unimapDesc.Pick("entry_ct"), U16, unimapAnswer.Pick("entries"))},
	{"PIO_FONTX", Ptr(consoleFontDesc)},
	{"GIO_FONTX", Change(consoleFontPlace, consoleFontDesc)},
	{"KDFONTOP", ChangeWhere(fontAnswers, consoleFontOp, Succeeded, consoleFontOp.Pick("width", "height", "charcount", "data"))},
	{"KDENABIO KDDISABIO KDMAPDISP KDUNMAPDISP PIO_FONTRESET", nil},
}

// pitTicks is how many ticks a second the timer that makes sounds has.
const pitTicks = 1193182

// showSound shows a sound's period, and its frequency.
func showSound(c *Call, v View) {
	n := v.Uint(c.WordSize())
	c.Out.Number(n, output.Unsigned)
	if n == 0 || uint32(pitTicks/n) == 0 {
		c.Out.Comment(output.Gloss, "off")
		return
	}
	c.Out.Comment(output.Gloss, strconv.FormatUint(pitTicks/n, 10)+" Hz")
}

// showTone shows a sound's length and period.
func showTone(c *Call, v View) {
	ticks, count := v.Uint(4)>>16, v.Uint(4)&0xffff
	text := c.Alloc(16)[:0]
	if ticks != 0 {
		text = append(strconv.AppendUint(text, ticks, 10), "<<16|"...)
	}
	c.Out.Text(output.AsString(strconv.AppendUint(text, count, 10)))
	if ticks == 0 || count == 0 {
		c.Out.Comment(output.Gloss, "off")
		return
	}
	c.Out.Comment(output.Gloss, strconv.FormatUint(pitTicks/count, 10)+" Hz, "+strconv.FormatUint(ticks, 10)+" ms")
}

// showPort shows an I/O port, and which it is of those that may be opened.
func showPort(c *Call, v View) {
	const first, last = 0x3b4, 0x3df // GPFIRST, GPLAST
	port := v.Uint(c.WordSize())
	c.Out.Number(port, output.Hex)
	if port >= first && port <= last {
		c.Out.Comment(output.Gloss, "GPFIRST + "+strconv.FormatUint(port-first, 10))
	}
}

// showAccepted shows the signal that is to tell of a key.
func showAccepted(c *Call, v View) {
	n := v.Uint(c.WordSize())
	if n >= 1<<31-1 {
		c.Out.Number(n, output.Unsigned)
		return
	}
	Signal.Show(c, v)
}

// screenMap is what the characters of a console are in Unicode.
var screenMap = Array(ShownWith(SameLayout(2), In, showUnicode), Func(func(*Call) uint64 { return 256 }))

// showUnicode shows a character of a screenMap: it may be a glyph of the font.
func showUnicode(c *Call, v View) {
	const base, mask = 0xf000, 0x1ff // UNI_DIRECT_BASE, UNI_DIRECT_MASK
	n := v.Uint(2)
	if n&^mask != base {
		c.Out.Number(n, output.Hex)
		return
	}
	offset := "0"
	if n != base {
		offset = "0x" + strconv.FormatUint(n&mask, 16)
	}
	c.Out.Symbol(n, "UNI_DIRECT_BASE+"+offset, output.Hex)
}

// behind is the place of a last member that may be missing.
var behind = func() (l Layouts) {
	for _, abi := range Abis {
		l[abi] = Layout{Size: 0, Align: 1}
	}
	return l
}()

var kbEntry = Struct(Fields{
	{"kb_table", keyTable},
	{"kb_index", U8},
	{"kb_value", ShownWith(behind, In, showKey)},
})

// keyTable is one of the keymaps, or the set of the modifiers that choose it.
var keyTable Type = ShownWith(SameLayout(1), In, func(c *Call, v View) {
	n := v.Uint(1)
	if _, ok := tables.KDKeyTable.Lookup(n); ok {
		c.Out.Enum(n, tables.KDKeyTable, output.Hex)
	} else {
		c.Out.Flags(n, tables.KDKeymapFlags, output.Hex)
	}
})

// keySets are the keys by their type, KT_*.
var keySets = map[uint64]*tables.Set{
	1: tables.KDKeyFn, 2: tables.KDKeySpec, 3: tables.KDKeyPad, 4: tables.KDKeyDead,
	6: tables.KDKeyCursor, 7: tables.KDKeyShift, 9: tables.KDKeyASCII, 10: tables.KDKeyLock,
	12: tables.KDKeySlock, 14: tables.KDKeyBraille,
}

// showKey shows what a key does: its type and what it is of that.
func showKey(c *Call, v View) {
	b, ok := c.ReadAll(v.Addr, 2)
	if !ok {
		c.Out.Text("???")
		return
	}
	n := View{B: b}.Uint(2)
	c.Out.Number(n, output.Hex)
	kind, value := n>>8, byte(n)
	if set := keySets[kind]; set != nil {
		name, ok := set.Lookup(n)
		if !ok {
			name, ok = tables.KDKeySpecial.Lookup(n)
		}
		if ok {
			c.Out.Comment(output.Gloss, name)
			return
		}
	}
	text := append(c.Alloc(64)[:0], "K("...)
	if name, ok := tables.KDKeyType.Lookup(kind); ok {
		text = append(text, name...)
	} else {
		text = append(append(text, "0x"...), strconv.FormatUint(kind, 16)...)
	}
	text = append(text, ", "...)
	switch kind {
	case 0, 8, 11, 13: // KT_LATIN, KT_META, KT_LETTER, KT_DEAD2
		text = appendChar(text, value)
	default:
		if value != 0 {
			text = append(text, "0x"...)
		}
		text = strconv.AppendUint(text, uint64(value), 16)
	}
	c.Out.Comment(output.Gloss, output.AsString(append(text, ')')))
}

var kbSentry = Struct(Fields{
	{"kb_func", keyFunction},
	{"kb_string", ShownWith(behind, In, func(c *Call, v View) { c.ShowAt(v.Addr, StrN(512)) })},
})

// keyFunction is the number of a function key.
var keyFunction Type = ShownWith(SameLayout(1), In, func(c *Call, v View) {
	n := v.Uint(1)
	if name, ok := tables.KDKeyFn.Lookup(1<<8 | n); ok {
		c.Out.Symbol(n, "KVAL("+name+")", output.Hex)
	} else {
		c.Out.Number(n, output.Hex)
		c.Out.Comment(output.Gloss, "KVAL(K_???)")
	}
})

var kbKeycode = Struct(Fields{{"scancode", X32}, {"keycode", X32}})

var kbdRepeat = Struct(Fields{{"delay", Int}, {"period", Int}})

// accents are the last member of a struct, kb_cnt of them; a table has no more
// than 256.
func accents(elem Type) Type {
	return ShownWith(behind, In, func(c *Call, v View) {
		c.ShowRoom(v.Addr, elem, Ref("kb_cnt").Num(c), 256)
	})
}

var kbDiacrs = Struct(Fields{
	{"kb_cnt", Uint},
	{"kbdiacr", accents(kbDiacr)},
})

var kbDiacr = Struct(Fields{{"diacr", quotedChar}, {"base", quotedChar}, {"result", quotedChar}})

// quotedChar is a character: 'a'.
var quotedChar Type = ShownWith(SameLayout(1), In, func(c *Call, v View) { c.Out.Text(output.AsString(appendChar(c.Alloc(8)[:0], byte(v.Uint(1))))) })

// appendChar appends a character as C writes it.
func appendChar(text []byte, b byte) []byte {
	text = append(text, '\'')
	switch {
	case b == '\'' || b == '\\':
		text = append(text, '\\', b)
	case b >= ' ' && b < 0x7f:
		text = append(text, b)
	case b >= '\t' && b <= '\r':
		text = append(text, '\\', "tnvfr"[b-'\t'])
	default:
		const digits = "0123456789abcdef"
		text = append(text, '\\', 'x', digits[b>>4], digits[b&15])
	}
	return append(text, '\'')
}

var kbDiacrsUnicode = Struct(Fields{
	{"kb_cnt", Uint},
	{"kbdiacruc", accents(Struct(Fields{{"diacr", X32}, {"base", X32}, {"result", X32}}))},
})

var unimapInit = Struct(Fields{{"advised_hashsize", U16}, {"advised_hashstep", U16}, {"advised_hashlevel", U16}})

var unicodePair = Struct(Fields{{"unicode", X16}, {"fontpos", X16}})

// unimapDesc is a struct unimapdesc, and unimapAnswer one that the kernel was
// to fill: it does, as far as there is room, and tells how many entries it has.
var (
	unimapDesc   = Struct(Fields{{"entry_ct", U16}, {"entries", Ptr(Array(unicodePair, Ref("entry_ct")))}})
	unimapAnswer = Struct(Fields{
		{"entry_ct", U16},
		{"entries", Union(If(Any(Succeeded, FailedWith(unix.ENOMEM))), Arm(Ptr(Array(unicodePair, Entered)), 1), Arm(Addr))},
	})
)

// consoleFontDesc is a struct consolefontdesc, and consoleFontPlace one whose
// font is not filled yet.
var (
	consoleFontDesc = Struct(Fields{
		{"charcount", U16},
		{"charheight", U16},
		{"chardata", Ptr(Binary(Func(func(c *Call) uint64 { return min(Ref("charcount").Num(c), 512) * 32 })))},
	})
	consoleFontPlace = Struct(Fields{{"charcount", U16}, {"charheight", U16}, {"chardata", Addr}})
)

// Operations of KDFONTOP, which have use for different members.
var (
	fontSet        = Values(tables.KDFontOp, "KD_FONT_OP_SET")
	fontGet        = Values(tables.KDFontOp, "KD_FONT_OP_GET")
	fontSetDefault = Values(tables.KDFontOp, "KD_FONT_OP_SET_DEFAULT")
	fontCopy       = Values(tables.KDFontOp, "KD_FONT_OP_COPY")
	fontHasGlyphs  = Not(Is(Ref("op"), slices.Concat(fontSetDefault, fontCopy)...))
	fontAnswers    = Not(Is(Ref("op"), slices.Concat(fontSet, fontCopy)...))
)

var consoleFontOp = Struct(Fields{
	{"op", Enum(tables.KDFontOp)},
	{"flags", When(fontHasGlyphs, Flags(tables.KDFontFlags))},
	{"width", When(Not(Is(Ref("op"), fontCopy...)), Uint)},
	{"height", Uint},
	{"charcount", When(fontHasGlyphs, Uint)},
	{"data", When(Any(fontHasGlyphs, All(Is(Ref("op"), fontSetDefault...), Not((*Call).Exiting))), Union(Ref("op"),
		Arm(Ptr(fontGlyphs), fontSet...),
		Arm(Union(If((*Call).Exiting), Arm(Ptr(fontGlyphs), 1), Arm(Addr)), fontGet...),
		Arm(Ptr(NameIn(32)), fontSetDefault...), // MAX_FONT_NAME
		Arm(Addr)))},
})

// fontGlyphs are the bitmaps of a font, in rows of whole bytes.
var fontGlyphs = Binary(Func(func(c *Call) uint64 {
	const widest, height, most = 32, 32, 512
	return (min(Ref("width").Num(c), widest) + 7) / 8 * height * min(Ref("charcount").Num(c), most)
}))
