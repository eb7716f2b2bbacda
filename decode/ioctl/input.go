package ioctl

import (
	"math/bits"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Input devices: linux/input.h, drivers/input/evdev.c.

var inputIoctls = Ioctls{
	{"EVIOCGVERSION", &Out{To: X32}},
	{"EVIOCGEFFECTS", &Out{To: Uint}},
	{"EVIOCGID", &Out{To: inputID}},
	{"EVIOCGREP", &Out{To: &Array{Of: Uint, N: 2, Whole: true}}},
	{"EVIOCSREP", &Ptr{To: &Array{Of: Uint, N: 2, Whole: true}}},
	{"EVIOCGKEYCODE", &Out{To: inputKeycode}},
	{"EVIOCSKEYCODE", &Ptr{To: inputKeycode}},
	{"EVIOCGKEYCODE_V2", &Out{To: inputKeymapEntry}},
	{"EVIOCSKEYCODE_V2", &Ptr{To: inputKeymapEntry}},
	{"EVIOCSFF", &Ptr{To: ffEffect}},
	{"EVIOCRMFF", Int},
	{"EVIOCGRAB EVIOCREVOKE", Ulong},
	{"EVIOCSCLOCKID", &Ptr{To: Uint}},
}

// inputIoctl describes requests that evdev defines by macros, whose argument is a
// length, an axis or an event type.
func inputIoctl(op uint32) *Desc {
	switch IocDir(op) {
	case IocRead:
		nr := IocNR(op)
		if d := inputReads.Get()[nr]; d != nil {
			return d
		}
		switch {
		case nr&^0x3f == 0x40: // EVIOCGABS
			return &inputGetAxis
		case nr&^0x1f == 0x20: // EVIOCGBIT
			if d := inputBits.Get()[nr&0x1f]; d != nil {
				return d
			}
		}
		return &inputRead
	case IocWrite:
		if nr := IocNR(op); nr&^0x3f == 0xc0 { // EVIOCSABS
			return &inputSetAxis
		}
		return &inputWrite
	}
	return nil
}

var (
	inputRead    = Desc{Args: Args{{"argp", &Out{To: AtAddr(func(c *Call, addr uint64) { c.Out.Addr(addr) })}}}}
	inputWrite   = Desc{Args: Args{{"argp", Addr}}}
	inputGetAxis = Desc{Args: Args{{"argp", &Out{To: AtAddr(showAxis)}}}}
	inputSetAxis = Desc{Args: Args{{"argp", &Ptr{To: AtAddr(showAxis)}}}}
)

// inputReads are requests by number. They may have any size.
var inputReads = Lazy[map[uint32]*Desc]{Make: func() map[uint32]*Desc {
	return map[uint32]*Desc{
		0x06: inputString, // EVIOCGNAME
		0x07: inputString, // EVIOCGPHYS
		0x08: inputString, // EVIOCGUNIQ
		0x09: inputBitset(&tables.InputProps, 0x1f),
		0x0a: {Args: Args{{"argp", &Out{To: AtAddr(showSlots)}}}},
		0x18: inputBitset(&tables.InputKeys, 0x2ff),
		0x19: inputBitset(&tables.InputLEDs, 0x0f),
		0x1a: inputBitset(&tables.InputSounds, 0x07),
		0x1b: inputBitset(&tables.InputSwitches, 0x11),
	}
}}

// inputBits are the sets of events that EVIOCGBIT returns, by event type.
var inputBits = Lazy[map[uint32]*Desc]{Make: func() map[uint32]*Desc {
	return map[uint32]*Desc{
		0x00: inputBitset(&tables.EvdevEv, 0x1f),
		0x01: inputBitset(&tables.InputKeys, 0x2ff),
		0x02: inputBitset(&tables.InputRels, 0x0f),
		0x03: inputBitset(&tables.EvdevAbs, 0x3f),
		0x04: inputBitset(&tables.InputMisc, 0x07),
		0x05: inputBitset(&tables.InputSwitches, 0x11),
		0x11: inputBitset(&tables.InputLEDs, 0x0f),
		0x12: inputBitset(&tables.InputSounds, 0x07),
		0x14: inputBitset(&tables.InputRepeats, 0x01),
		0x15: inputBitset(&tables.InputEffects, 0x7f),
		0x16: {Args: Args{{"argp", &Out{To: Int}}}},
		0x17: inputBitset(&tables.InputEffectStatus, 0x01),
	}
}}

var inputString = &Desc{Args: Args{{"argp", &Out{To: &Bytes{Len: Result}}}}}

// inputBitset describes a set of bits numbered up to last. The result is its
// size.
func inputBitset(set *tables.Set, last uint64) *Desc {
	return &Desc{Args: Args{{"argp", &Out{To: AtAddr(func(c *Call, addr uint64) { showBitset(c, addr, set, last) })}}}}
}

func showBitset(c *Call, addr uint64, set *tables.Set, last uint64) {
	word := uint64(c.WordSize())
	count := last
	if n := Result.Num(c); n <= last/8 {
		count = 8 * n
	}
	size := (count + 8*word - 1) / (8 * word) * word
	b, ok := c.ReadAll(addr, int(size))
	if size == 0 || !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginNamed()
	c.Out.BeginArray()
	for i := uint64(0); i < size; i += word {
		c.Out.Elem()
		c.Out.Number(View{B: b[i:]}.Uint(int(word)), output.Hex)
	}
	c.Out.EndArray()
	c.Out.Named(output.BeforePlain)
	c.Out.BeginSet(false)
	const most = 4 // elements that are shown without -v
	shown := 0
	for i, x := range b {
		for ; x != 0; x &= x - 1 {
			bit := uint64(8*i + bits.TrailingZeros8(x))
			if bit >= count {
				break
			}
			if c.Abbrev && shown == most {
				c.Out.More()
				goto end
			}
			c.Out.Elem()
			c.Out.Enum(bit, set, output.Hex)
			shown++
		}
	}
end:
	c.Out.EndSet()
	c.Out.EndNamed()
}

// Sizes of struct input_absinfo in bytes: the original one, and that with the
// member resolution.
const (
	absinfoSize           = 20
	absinfoWithResolution = 24
)

// inputAbsinfo is struct input_absinfo.
var inputAbsinfo = &Struct{Fields: Fields{
	{"value", U32},
	{"minimum", U32},
	{"maximum", Verbose{U32}},
	{"fuzz", Verbose{U32}},
	{"flat", Verbose{U32}},
	{"resolution", Verbose{U32}},
}}

// showAxis shows a struct input_absinfo, as far as the size in the request goes.
func showAxis(c *Call, addr uint64) {
	size := int(IocSize(uint32(c.Args[1])))
	b, ok := c.ReadAll(addr, min(size, absinfoWithResolution))
	if size < absinfoSize || !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	inputAbsinfo.ShowMembers(c, View{B: b, Addr: addr})
	if !c.Abbrev && size > absinfoSize && size != absinfoWithResolution {
		c.Out.More()
	}
	c.Out.EndStruct()
}

// showSlots shows the values of one multitouch axis for all slots.
func showSlots(c *Call, addr uint64) {
	n := uint64(IocSize(uint32(c.Args[1])) / 4)
	code, ok := c.ReadUint(addr, 4)
	if n == 0 || !ok {
		c.Out.Addr(addr)
		return
	}
	c.Out.BeginStruct()
	c.Out.Field("code")
	c.Out.Enum(code, &tables.InputSlots, output.Hex)
	c.Out.Field("values")
	c.ShowArray(addr+4, Int, n-1)
	c.Out.EndStruct()
}

var inputID = &Struct{Fields: Fields{{"bustype", U16}, {"vendor", U16}, {"product", U16}, {"version", U16}}}

// inputKeycode is a scancode and the key that it maps to.
var inputKeycode = Tuple{Uint, &Enum{Set: &tables.InputKeys}}

var inputKeymapEntry = &Struct{Fields: Fields{
	{"flags", U8},
	{"len", U8},
	{"index", Verbose{U16}},
	{"keycode", Verbose{&Enum{Set: &tables.InputKeys}}},
	{"scancode", Verbose{&Array{Of: X8, N: 32, Whole: true}}},
}}

var ffEnvelope = &Struct{Fields: Fields{
	{"attack_length", U16}, {"attack_level", U16}, {"fade_length", U16}, {"fade_level", X16},
}}

var ffEffect = &Struct{Fields: Fields{
	{"type", &Enum{In: X16, Set: &tables.InputEffects}},
	{"id", S16},
	{"direction", U16},
	{"trigger", Verbose{&Struct{Fields: Fields{{"button", U16}, {"interval", U16}}}}},
	{"replay", Verbose{&Struct{Fields: Fields{{"length", U16}, {"delay", U16}}}}},
	{"", Verbose{&Union{On: Ref("type"), Set: &tables.InputEffects, Arms: Arms{
		{&NamedArm{Name: "constant", Type: &Struct{Fields: Fields{{"level", S16}, {"envelope", ffEnvelope}}}}, Names{"FF_CONSTANT"}},
		{&NamedArm{Name: "ramp", Type: &Struct{Fields: Fields{{"start_level", S16}, {"end_level", S16}, {"envelope", ffEnvelope}}}}, Names{"FF_RAMP"}},
		{&NamedArm{Name: "periodic", Type: ffPeriodicEffect}, Names{"FF_PERIODIC"}},
		{&NamedArm{Name: "rumble", Type: &Struct{Fields: Fields{{"strong_magnitude", U16}, {"weak_magnitude", U16}}}}, Names{"FF_RUMBLE"}},
		{EmptyArm, nil}}}}},
}}

var ffPeriodicEffect = &Struct{Fields: Fields{
	{"waveform", U16},
	{"period", U16},
	{"magnitude", S16},
	{"offset", S16},
	{"phase", U16},
	{"envelope", ffEnvelope},
	{"custom_len", U32},
	{"custom_data", Addr},
}}
