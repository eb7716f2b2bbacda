package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// General purpose input and output lines: linux/gpio.h.

var gpioIoctls = Ioctls{
	{"GPIO_GET_CHIPINFO_IOCTL", Called("info", Out(gpiochipInfo))},
	{"GPIO_GET_LINEINFO_UNWATCH_IOCTL", Called("offset", Ptr(Struct(Fields{{"offset", U32}})))},
	{"GPIO_GET_LINEINFO_IOCTL GPIO_GET_LINEINFO_WATCH_IOCTL", Called("info", Change(
		gpiolineInfo.Pick("line_offset"), gpiolineInfo.Pick("flags", "name", "consumer")))},
	{"GPIO_GET_LINEHANDLE_IOCTL", Called("request", Change(
		gpiohandleRequest.Pick("lines", "lineoffsets", "flags", "default_values", "consumer_label"), gpiohandleRequest.Pick("fd")))},
	{"GPIO_GET_LINEEVENT_IOCTL", Called("request", Change(
		gpioeventRequest.Pick("lineoffset", "handleflags", "eventflags", "consumer_label"), gpioeventRequest.Pick("fd")))},
	{"GPIOHANDLE_GET_LINE_VALUES_IOCTL", Called("values", Out(gpiohandleData))},
	{"GPIOHANDLE_SET_LINE_VALUES_IOCTL", Called("values", Ptr(gpiohandleData))},
	{"GPIOHANDLE_SET_CONFIG_IOCTL", Called("config", Ptr(gpiohandleConfig))},
	{"GPIO_V2_GET_LINEINFO_IOCTL GPIO_V2_GET_LINEINFO_WATCH_IOCTL", Called("info", Change(
		gpioV2LineInfo.Pick("offset"), gpioV2LineInfo.Pick("name", "consumer", "flags", "num_attrs", "attrs", "padding")))},
	{"GPIO_V2_GET_LINE_IOCTL", Called("request", Change(
		gpioV2LineRequest.Pick("num_lines", "offsets", "consumer", "config", "event_buffer_size", "padding"),
		gpioV2LineRequest.Pick("fd")))},
	{"GPIO_V2_LINE_SET_CONFIG_IOCTL", Called("config", Ptr(gpioV2LineConfig))},
	{"GPIO_V2_LINE_GET_VALUES_IOCTL", Called("values", Change(gpioV2LineValues.Pick("mask"), gpioV2LineValues.Pick("bits")))},
	{"GPIO_V2_LINE_SET_VALUES_IOCTL", Called("values", Ptr(gpioV2LineValues))},
}

// Limits of linux/gpio.h: GPIO_MAX_NAME_SIZE, GPIOHANDLES_MAX (and
// GPIO_V2_LINES_MAX), GPIO_V2_LINE_NUM_ATTRS_MAX.
const (
	gpioNameSize = 32
	gpioMaxLines = 64
	gpioMaxAttrs = 10
)

var gpioName = CharArray(gpioNameSize)

var gpiochipInfo = Struct(Fields{{"name", gpioName}, {"label", gpioName}, {"lines", U32}})

var gpiolineInfo = Struct(Fields{
	{"line_offset", U32}, {"flags", Flags(tables.GpioLineFlags)}, {"name", gpioName}, {"consumer", gpioName},
})

var gpiohandleRequest = Struct(Fields{
	{"lineoffsets", UpTo(U32, gpioMaxLines, Ref("lines"))},
	{"flags", Flags(tables.GpioHandleFlags)},
	{"default_values", UpTo(U8, gpioMaxLines, Ref("lines"))},
	{"consumer_label", gpioName},
	{"lines", U32},
	{"fd", FD},
})

var gpioeventRequest = Struct(Fields{
	{"lineoffset", U32},
	{"handleflags", Flags(tables.GpioHandleFlags)},
	{"eventflags", Flags(tables.GpioEventFlags)},
	{"consumer_label", gpioName},
	{"fd", FD},
})

var gpiohandleData = Struct(Fields{{"values", Array(U8, Const(gpioMaxLines))}})

var gpiohandleConfig = Struct(Fields{
	{"flags", Flags(tables.GpioHandleFlags)},
	{"default_values", Array(U8, Const(gpioMaxLines))},
	{"_", Pad(16)},
})

// gpioV2LineAttribute is struct gpio_v2_line_attribute: what the union at its
// end holds is said by id, unless something is in the padding.
var gpioV2LineAttribute = Struct(Fields{
	{"id", Unseen(U32)},
	{"padding", Unseen(X32)},
	{"", Union(gpioAttrKind,
		Arm(One("flags", FlagsOf(X64, tables.GpioV2LineFlags)), Values(tables.GpioV2AttrIDs, "GPIO_V2_LINE_ATTR_ID_FLAGS")...),
		Arm(One("values", X64), Values(tables.GpioV2AttrIDs, "GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES")...),
		Arm(One("debounce_period_us", U32), Values(tables.GpioV2AttrIDs, "GPIO_V2_LINE_ATTR_ID_DEBOUNCE")...),
		Arm(Nothing))},
})

// gpioV2UnknownAttribute is one of which the meaning is not known.
var gpioV2UnknownAttribute = Struct(Fields{{"id", U32}, Reserved("padding", X32), {"data", X64}})

var gpioAttrKind = Func(func(c *Call) uint64 {
	if Ref("padding").Num(c) != 0 {
		return 0
	}
	return Ref("id").Num(c)
})

// gpioAttribute shows an attribute: what is known as a member of the struct
// around it, everything else under name.
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

var gpioV2LineConfig = Struct(Fields{
	{"flags", FlagsOf(X64, tables.GpioV2LineFlags)},
	{"num_attrs", U32},
	Reserved("padding", WholeArray(X32, 5)),
	{"attrs", When(Not(Is(Ref("num_attrs"), 0)), UpTo(Struct(Fields{
		{"", gpioAttribute{"attr"}}, {"mask", X64},
	}), gpioMaxAttrs, Ref("num_attrs")))},
})

var gpioV2LineInfo = Struct(Fields{
	{"name", gpioName},
	{"consumer", gpioName},
	{"offset", U32},
	{"num_attrs", U32},
	{"flags", FlagsOf(X64, tables.GpioV2LineFlags)},
	{"attrs", When(Not(Is(Ref("num_attrs"), 0)), UpTo(gpioAttribute{""}, gpioMaxAttrs, Ref("num_attrs")))},
	Reserved("padding", WholeArray(X32, 4)),
})

var gpioV2LineRequest = Struct(Fields{
	{"offsets", UpTo(U32, gpioMaxLines, Ref("num_lines"))},
	{"consumer", gpioName},
	{"config", gpioV2LineConfig},
	{"num_lines", U32},
	Reserved("event_buffer_size", U32),
	Reserved("padding", WholeArray(X32, 5)),
	{"fd", FD},
})

var gpioV2LineValues = Struct(Fields{{"bits", X64}, {"mask", X64}})
