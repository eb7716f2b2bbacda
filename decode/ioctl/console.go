package ioctl

import (
	"strconv"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Virtual consoles: linux/kd.h, linux/keyboard.h.

var consoleIoctls = Ioctls{
	{"KIOCSOUND", &Shown{As: Ulong, At: In, By: showSound}},
	{"KDMKTONE", &Shown{As: Ulong, At: In, By: showTone}},
	{"KDGETLED", &Out{To: &Flags{In: X8, Set: &tables.KDLed}}},
	{"KDSETLED", &Flags{In: X8, Set: &tables.KDLed}},
	{"KDGKBLED", &Out{To: &Flags{In: X8, Set: &tables.KDDefaultLed}}},
	{"KDSKBLED", &Flags{In: X8, Set: &tables.KDDefaultLed}},
	{"KDGKBTYPE", &Out{To: &Enum{In: X8, Set: &tables.KDKbdType}}},
	{"KDADDIO KDDELIO", &Shown{As: Ulong, At: In, By: showPort}},
	{"KDSETMODE", &Enum{Set: &tables.KDMode}},
	{"KDGETMODE", &Out{To: &Enum{Set: &tables.KDMode}}},
	{"KDSKBMODE", &Enum{In: Int, Set: &tables.KDKbdMode}},
	{"KDGKBMODE", &Out{To: &Enum{In: Int, Set: &tables.KDKbdMode}}},
	{"KDSKBMETA", &Enum{Set: &tables.KDMeta}},
	{"KDGKBMETA", &Out{To: &Enum{Set: &tables.KDMeta}}},
	{"PIO_SCRNMAP", &Ptr{To: &Bytes{Len: Const(256), Kind: Binary}}},
	{"GIO_SCRNMAP", &Out{To: &Bytes{Len: Const(256), Kind: Binary}}},
	{"PIO_FONT", &Ptr{To: &Bytes{Len: Const(8192), Kind: Binary}}},
	{"GIO_FONT", &Out{To: &Bytes{Len: Const(8192), Kind: Binary}}},
	{"PIO_CMAP", &Ptr{To: &Bytes{Len: Const(48), Kind: Binary}}},
	{"GIO_CMAP", &Out{To: &Bytes{Len: Const(48), Kind: Binary}}},
	{"PIO_UNISCRNMAP", &Ptr{To: screenMap}},
	{"GIO_UNISCRNMAP", &Out{To: screenMap}},
	{"KDGKBENT", &Fill{In: &Struct{Of: kbEntry, Pick: Names{"kb_table", "kb_index"}}, Out: &Struct{Of: kbEntry, Pick: Names{"kb_value"}}}},
	{"KDSKBENT", &Ptr{To: kbEntry}},
	{"KDGKBSENT", &Fill{In: &Struct{Of: kbSentry, Pick: Names{"kb_func"}}, Out: &Struct{Of: kbSentry, Pick: Names{"kb_string"}}}},
	{"KDSKBSENT", &Ptr{To: kbSentry}},
	{"KDGETKEYCODE", &Fill{In: &Struct{Of: kbKeycode, Pick: Names{"scancode", "keycode"}}, Again: X32, Out: &Struct{Of: kbKeycode, Pick: Names{}}}},
	{"KDSETKEYCODE", &Ptr{To: kbKeycode}},
	{"KDSIGACCEPT", &Shown{As: Ulong, At: In, By: showAccepted}},
	{"KDKBDREP", &Change{In: kbdRepeat, Out: kbdRepeat}},
	{"KDGKBDIACR", &Out{To: kbDiacrs}},
	{"KDSKBDIACR", &Ptr{To: kbDiacrs}},
	{"KDGKBDIACRUC", &Out{To: kbDiacrsUnicode}},
	{"KDSKBDIACRUC", &Ptr{To: kbDiacrsUnicode}},
	{"PIO_UNIMAPCLR", &Ptr{To: unimapInit}},
	{"PIO_UNIMAP", &Ptr{To: unimapDesc}},
	{"GIO_UNIMAP", &Fill{In: &Struct{Of: unimapDesc, Pick: Names{"entry_ct"}}, Again: U16, Out: &Struct{Of: unimapAnswer, Pick: Names{"entries"}}, Always: true}},
	{"PIO_FONTX", &Ptr{To: consoleFontDesc}},
	{"GIO_FONTX", &Change{In: consoleFontPlace, Out: consoleFontDesc}},
	{"KDFONTOP", &Change{In: consoleFontOp, Out: &Struct{Of: consoleFontOp, Pick: Names{"width", "height", "charcount", "data"}}, If: Succeeded, Where: fontAnswers}},
	{"KDENABIO KDDISABIO KDMAPDISP KDUNMAPDISP PIO_FONTRESET", nil},
}

// pitTicks is the frequency, in Hz, of the timer that makes sounds.
const pitTicks = 1193182

// showSound shows the period of a sound, and its frequency.
func showSound(c *Call, v View) {
	n := v.Uint(c.WordSize())
	c.Out.Number(n, output.Unsigned)
	if n == 0 || uint32(pitTicks/n) == 0 {
		c.Out.Comment(output.Gloss, "off")
		return
	}
	c.Out.Comment(output.Gloss, strconv.FormatUint(pitTicks/n, 10)+" Hz")
}

// showTone shows the duration and period of a sound.
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

// showPort shows an I/O port, relative to the first one that may be enabled.
func showPort(c *Call, v View) {
	const first, last = 0x3b4, 0x3df // GPFIRST, GPLAST
	port := v.Uint(c.WordSize())
	c.Out.Number(port, output.Hex)
	if port >= first && port <= last {
		c.Out.Comment(output.Gloss, "GPFIRST + "+strconv.FormatUint(port-first, 10))
	}
}

// showAccepted shows the signal that announces a key.
func showAccepted(c *Call, v View) {
	n := v.Uint(c.WordSize())
	if n >= 1<<31-1 {
		c.Out.Number(n, output.Unsigned)
		return
	}
	Signal.Show(c, v)
}

// screenMap maps the characters of a console to Unicode.
var screenMap = &List{Of: &Shown{As: U16, By: showUnicode}, Count: Func(func(*Call) uint64 { return 256 })}

// showUnicode shows a value of a screenMap, which may be a glyph of the font.
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

// behind is the position of a last member that may be absent.
const behind = Pad(0)

var kbEntry = &Struct{Fields: Fields{
	{"kb_table", keyTable},
	{"kb_index", U8},
	{"kb_value", &Shown{As: behind, By: showKey}},
}}

// keyTable is the number of a keymap, which is the set of modifiers that select
// it.
var keyTable = &Shown{As: U8, By: func(c *Call, v View) {
	n := v.Uint(1)
	if _, ok := tables.KDKeyTable.Lookup(n); ok {
		c.Out.Enum(n, &tables.KDKeyTable, output.Hex)
	} else {
		c.Out.Flags(n, &tables.KDKeymapFlags, output.Hex)
	}
}}

// keySets are the names of keys by type, KT_*.
var keySets = Lazy[map[uint64]*tables.Set]{Make: func() map[uint64]*tables.Set {
	return map[uint64]*tables.Set{
		1: &tables.KDKeyFn, 2: &tables.KDKeySpec, 3: &tables.KDKeyPad, 4: &tables.KDKeyDead,
		6: &tables.KDKeyCursor, 7: &tables.KDKeyShift, 9: &tables.KDKeyASCII, 10: &tables.KDKeyLock,
		12: &tables.KDKeySlock, 14: &tables.KDKeyBraille,
	}
}}

// showKey shows the action of a key: its type, and a value of that type.
func showKey(c *Call, v View) {
	b, ok := c.ReadAll(v.Addr, 2)
	if !ok {
		c.Out.Text("???")
		return
	}
	n := View{B: b}.Uint(2)
	c.Out.Number(n, output.Hex)
	kind, value := n>>8, byte(n)
	if set := keySets.Get()[kind]; set != nil {
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

var kbSentry = &Struct{Fields: Fields{
	{"kb_func", keyFunction},
	{"kb_string", &Shown{As: behind, By: func(c *Call, v View) { c.ShowAt(v.Addr, StrN(512)) }}},
}}

// keyFunction is the number of a function key.
var keyFunction = &Shown{As: U8, By: func(c *Call, v View) {
	n := v.Uint(1)
	if name, ok := tables.KDKeyFn.Lookup(1<<8 | n); ok {
		c.Out.Symbol(n, "KVAL("+name+")", output.Hex)
	} else {
		c.Out.Number(n, output.Hex)
		c.Out.Comment(output.Gloss, "KVAL(K_???)")
	}
}}

var kbKeycode = &Struct{Fields: Fields{{"scancode", X32}, {"keycode", X32}}}

var kbdRepeat = &Struct{Fields: Fields{{"delay", Int}, {"period", Int}}}

// accents are kb_cnt elements at the end of a struct. A table has at most 256.
type accents struct{ elem Type }

// Layout implements Type.
func (*accents) Layout(tables.ABI) Layout { return Layout{Size: 0, Align: 1} }

func (t *accents) Show(c *Call, v View) { c.ShowRoom(v.Addr, t.elem, Ref("kb_cnt").Num(c), 256) }

var kbDiacrs = &Struct{Fields: Fields{
	{"kb_cnt", Uint},
	{"kbdiacr", &accents{kbDiacr}},
}}

var kbDiacr = &Struct{Fields: Fields{{"diacr", quotedChar}, {"base", quotedChar}, {"result", quotedChar}}}

// quotedChar is a character: 'a'.
var quotedChar = &Shown{As: U8, By: func(c *Call, v View) { c.Out.Text(output.AsString(appendChar(c.Alloc(8)[:0], byte(v.Uint(1))))) }}

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

var kbDiacrsUnicode = &Struct{Fields: Fields{
	{"kb_cnt", Uint},
	{"kbdiacruc", &accents{&Struct{Fields: Fields{{"diacr", X32}, {"base", X32}, {"result", X32}}}}},
}}

var unimapInit = &Struct{Fields: Fields{{"advised_hashsize", U16}, {"advised_hashstep", U16}, {"advised_hashlevel", U16}}}

var unicodePair = &Struct{Fields: Fields{{"unicode", X16}, {"fontpos", X16}}}

// unimapDesc is a struct unimapdesc. unimapAnswer is one that the kernel fills as
// far as there is room, and in which it returns the number of its entries.
var (
	unimapDesc   = &Struct{Fields: Fields{{"entry_ct", U16}, {"entries", &Ptr{To: &List{Of: unicodePair, Count: Ref("entry_ct")}}}}}
	unimapAnswer = &Struct{Fields: Fields{
		{"entry_ct", U16},
		{"entries", &Union{On: If{Any{Succeeded, FailedWith(tables.ENOMEM)}}, Arms: Arms{{&Ptr{To: &List{Of: unicodePair, Count: Entered}}, Nums{1}}, {Addr, nil}}}},
	}}
)

// consoleFontDesc is a struct consolefontdesc. consoleFontPlace is one whose font
// has not been written yet.
var (
	consoleFontDesc = &Struct{Fields: Fields{
		{"charcount", U16},
		{"charheight", U16},
		{"chardata", &Ptr{To: &Bytes{Len: Func(func(c *Call) uint64 { return min(Ref("charcount").Num(c), 512) * 32 }), Kind: Binary}}},
	}}
	consoleFontPlace = &Struct{Fields: Fields{{"charcount", U16}, {"charheight", U16}, {"chardata", Addr}}}
)

// Operations of KDFONTOP, which use different members.
var (
	fontIsDefault = &Is{N: Ref("op"), Set: &tables.KDFontOp, Values: Names{"KD_FONT_OP_SET_DEFAULT"}}
	fontIsCopied  = &Is{N: Ref("op"), Set: &tables.KDFontOp, Values: Names{"KD_FONT_OP_COPY"}}
	fontHasGlyphs = &Not{Any{fontIsDefault, fontIsCopied}}
	fontAnswers   = &Not{&Is{N: Ref("op"), Set: &tables.KDFontOp, Values: Names{"KD_FONT_OP_SET", "KD_FONT_OP_COPY"}}}
)

var consoleFontOp = &Struct{Fields: Fields{
	{"op", &Enum{Set: &tables.KDFontOp}},
	{"flags", &When{If: fontHasGlyphs, Then: &Flags{Set: &tables.KDFontFlags}}},
	{"width", &When{If: Not{fontIsCopied}, Then: Uint}},
	{"height", Uint},
	{"charcount", &When{If: fontHasGlyphs, Then: Uint}},
	{"data", &When{If: Any{fontHasGlyphs, All{fontIsDefault, Not{Test((*Call).Exiting)}}}, Then: fontData}},
}}

var fontData = &Union{On: Ref("op"), Set: &tables.KDFontOp, Arms: Arms{
	{&Ptr{To: fontGlyphs}, Names{"KD_FONT_OP_SET"}},
	{&Union{On: If{Test((*Call).Exiting)}, Arms: Arms{{&Ptr{To: fontGlyphs}, Nums{1}}, {Addr, nil}}}, Names{"KD_FONT_OP_GET"}},
	{&Ptr{To: &Bytes{Len: Const(32), Kind: Terminated}}, Names{"KD_FONT_OP_SET_DEFAULT"}}, // MAX_FONT_NAME
	{Addr, nil},
}}

// fontGlyphs are the bitmaps of a font, in rows of whole bytes.
var fontGlyphs = &Bytes{Len: Func(func(c *Call) uint64 {
	const widest, height, most = 32, 32, 512
	return (min(Ref("width").Num(c), widest) + 7) / 8 * height * min(Ref("charcount").Num(c), most)
}), Kind: Binary}
