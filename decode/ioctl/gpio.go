package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// General purpose input and output lines: linux/gpio.h.

var gpioIoctls = Ioctls{
	{"GPIO_GET_CHIPINFO_IOCTL", &NamedArgument{Name: "info", Of: &Out{To: gpiochipInfo}}},
	{"GPIO_GET_LINEINFO_UNWATCH_IOCTL", &NamedArgument{Name: "offset", Of: &Ptr{To: &Struct{Fields: Fields{{"offset", U32}}}}}},
	{"GPIO_GET_LINEINFO_IOCTL GPIO_GET_LINEINFO_WATCH_IOCTL", &NamedArgument{Name: "info", Of: &Change{
		In: &Struct{Of: gpiolineInfo, Pick: Names{"line_offset"}}, Out: &Struct{Of: gpiolineInfo, Pick: Names{"flags", "name", "consumer"}}}}},
	{"GPIO_GET_LINEHANDLE_IOCTL", &NamedArgument{Name: "request", Of: &Change{
		In: &Struct{Of: gpiohandleRequest, Pick: Names{"lines", "lineoffsets", "flags", "default_values", "consumer_label"}}, Out: &Struct{Of: gpiohandleRequest, Pick: Names{"fd"}}}}},
	{"GPIO_GET_LINEEVENT_IOCTL", &NamedArgument{Name: "request", Of: &Change{
		In: &Struct{Of: gpioeventRequest, Pick: Names{"lineoffset", "handleflags", "eventflags", "consumer_label"}}, Out: &Struct{Of: gpioeventRequest, Pick: Names{"fd"}}}}},
	{"GPIOHANDLE_GET_LINE_VALUES_IOCTL", &NamedArgument{Name: "values", Of: &Out{To: gpiohandleData}}},
	{"GPIOHANDLE_SET_LINE_VALUES_IOCTL", &NamedArgument{Name: "values", Of: &Ptr{To: gpiohandleData}}},
	{"GPIOHANDLE_SET_CONFIG_IOCTL", &NamedArgument{Name: "config", Of: &Ptr{To: gpiohandleConfig}}},
	{"GPIO_V2_GET_LINEINFO_IOCTL GPIO_V2_GET_LINEINFO_WATCH_IOCTL", &NamedArgument{Name: "info", Of: &Change{
		In: &Struct{Of: gpioV2LineInfo, Pick: Names{"offset"}}, Out: &Struct{Of: gpioV2LineInfo, Pick: Names{"name", "consumer", "flags", "num_attrs", "attrs", "padding"}}}}},
	{"GPIO_V2_GET_LINE_IOCTL", &NamedArgument{Name: "request", Of: &Change{
		In:  &Struct{Of: gpioV2LineRequest, Pick: Names{"num_lines", "offsets", "consumer", "config", "event_buffer_size", "padding"}},
		Out: &Struct{Of: gpioV2LineRequest, Pick: Names{"fd"}}}}},
	{"GPIO_V2_LINE_SET_CONFIG_IOCTL", &NamedArgument{Name: "config", Of: &Ptr{To: gpioV2LineConfig}}},
	{"GPIO_V2_LINE_GET_VALUES_IOCTL", &NamedArgument{Name: "values", Of: &Change{In: &Struct{Of: gpioV2LineValues, Pick: Names{"mask"}}, Out: &Struct{Of: gpioV2LineValues, Pick: Names{"bits"}}}}},
	{"GPIO_V2_LINE_SET_VALUES_IOCTL", &NamedArgument{Name: "values", Of: &Ptr{To: gpioV2LineValues}}},
}

// Limits of linux/gpio.h: GPIO_MAX_NAME_SIZE, GPIOHANDLES_MAX (and
// GPIO_V2_LINES_MAX), GPIO_V2_LINE_NUM_ATTRS_MAX.
const (
	gpioNameSize = 32
	gpioMaxLines = 64
	gpioMaxAttrs = 10
)

var gpioName = CharArray(gpioNameSize)

var gpiochipInfo = &Struct{Fields: Fields{{"name", gpioName}, {"label", gpioName}, {"lines", U32}}}

var gpiolineInfo = &Struct{Fields: Fields{
	{"line_offset", U32}, {"flags", &Flags{Set: &tables.GpioLineFlags}}, {"name", gpioName}, {"consumer", gpioName},
}}

var gpiohandleRequest = &Struct{Fields: Fields{
	{"lineoffsets", &Array{Of: U32, N: gpioMaxLines, Used: Ref("lines")}},
	{"flags", &Flags{Set: &tables.GpioHandleFlags}},
	{"default_values", &Array{Of: U8, N: gpioMaxLines, Used: Ref("lines")}},
	{"consumer_label", gpioName},
	{"lines", U32},
	{"fd", FD},
}}

var gpioeventRequest = &Struct{Fields: Fields{
	{"lineoffset", U32},
	{"handleflags", &Flags{Set: &tables.GpioHandleFlags}},
	{"eventflags", &Flags{Set: &tables.GpioEventFlags}},
	{"consumer_label", gpioName},
	{"fd", FD},
}}

var gpiohandleData = &Struct{Fields: Fields{{"values", &Array{Of: U8, N: gpioMaxLines}}}}

var gpiohandleConfig = &Struct{Fields: Fields{
	{"flags", &Flags{Set: &tables.GpioHandleFlags}},
	{"default_values", &Array{Of: U8, N: gpioMaxLines}},
	{"_", Pad(16)},
}}

// gpioV2LineAttribute is struct gpio_v2_line_attribute. id selects the member of
// the union at its end, unless the padding is not zero.
var gpioV2LineAttribute = &Struct{Fields: Fields{
	{"id", Hidden{U32}},
	{"padding", Hidden{X32}},
	{"", &Union{On: Func(gpioAttrKind), Set: &tables.GpioV2AttrIDs, Arms: Arms{
		{&NamedArm{Name: "flags", Type: &Flags{In: X64, Set: &tables.GpioV2LineFlags}}, Names{"GPIO_V2_LINE_ATTR_ID_FLAGS"}},
		{&NamedArm{Name: "values", Type: X64}, Names{"GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES"}},
		{&NamedArm{Name: "debounce_period_us", Type: U32}, Names{"GPIO_V2_LINE_ATTR_ID_DEBOUNCE"}},
		{EmptyArm, nil}}}},
}}

// gpioV2UnknownAttribute is an attribute whose id is unknown.
var gpioV2UnknownAttribute = &Struct{Fields: Fields{{"id", U32}, {"padding", Reserved{X32}}, {"data", X64}}}

func gpioAttrKind(c *Call) uint64 {
	if Ref("padding").Num(c) != 0 {
		return 0
	}
	return Ref("id").Num(c)
}

// gpioAttribute shows an attribute: a known one as members of the enclosing
// struct, others as a member called name.
type gpioAttribute struct{ name string }

func (t gpioAttribute) Layout(tables.ABI) Layout { return Layout{Size: 16, Align: 8} }

func (t gpioAttribute) Show(c *Call, v View) {
	c.Out.BeginStruct()
	t.ShowAsMembers(c, v)
	c.Out.EndStruct()
}

func (t gpioAttribute) ShowAsMembers(c *Call, v View) {
	id, padding := v.Uint(4), v.At(4, 4).Uint(4)
	if _, known := tables.GpioV2AttrIDs.Lookup(id); known && padding == 0 {
		gpioV2LineAttribute.ShowMembers(c, v)
		return
	}
	if t.name == "" {
		gpioV2UnknownAttribute.ShowMembers(c, v)
		return
	}
	c.Out.Field(t.name)
	gpioV2UnknownAttribute.Show(c, v)
}

var gpioV2LineConfig = &Struct{Fields: Fields{
	{"flags", &Flags{In: X64, Set: &tables.GpioV2LineFlags}},
	{"num_attrs", U32},
	{"padding", Reserved{&Array{Of: X32, N: 5, Whole: true}}},
	{"attrs", &When{If: Not{&Is{N: Ref("num_attrs"), Values: Nums{0}}}, Then: &Array{Of: &Struct{Fields: Fields{
		{"", gpioAttribute{"attr"}}, {"mask", X64},
	}}, N: gpioMaxAttrs, Used: Ref("num_attrs")}}},
}}

var gpioV2LineInfo = &Struct{Fields: Fields{
	{"name", gpioName},
	{"consumer", gpioName},
	{"offset", U32},
	{"num_attrs", U32},
	{"flags", &Flags{In: X64, Set: &tables.GpioV2LineFlags}},
	{"attrs", &When{If: Not{&Is{N: Ref("num_attrs"), Values: Nums{0}}}, Then: &Array{Of: gpioAttribute{""}, N: gpioMaxAttrs, Used: Ref("num_attrs")}}},
	{"padding", Reserved{&Array{Of: X32, N: 4, Whole: true}}},
}}

var gpioV2LineRequest = &Struct{Fields: Fields{
	{"offsets", &Array{Of: U32, N: gpioMaxLines, Used: Ref("num_lines")}},
	{"consumer", gpioName},
	{"config", gpioV2LineConfig},
	{"num_lines", U32},
	{"event_buffer_size", Reserved{U32}},
	{"padding", Reserved{&Array{Of: X32, N: 5, Whole: true}}},
	{"fd", FD},
}}

var gpioV2LineValues = &Struct{Fields: Fields{{"bits", X64}, {"mask", X64}}}
