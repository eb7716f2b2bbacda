package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Video for Linux: linux/videodev2.h, drivers/media/v4l2-core/v4l2-ioctl.c.

var v4l2Ioctls = Ioctls{
	{"VIDIOC_QUERYCAP", Out(v4l2Capability)},
	{"VIDIOC_ENUM_FMT", Fill(v4l2Fmtdesc.Pick("index", "type"), v4l2Fmtdesc.Pick("flags", "description", "pixelformat"))},
	{"VIDIOC_G_FMT", Fill(v4l2Format.Pick("type"), v4l2Format.Pick(""))},
	{"VIDIOC_S_FMT VIDIOC_TRY_FMT", ChangeWhere(v4l2KnownFormat, v4l2Format, Succeeded, v4l2Format.Pick(""))},
	{"VIDIOC_REQBUFS", FillFrom(v4l2Requestbuffers.Pick("type", "memory", "count"), U32, v4l2Requestbuffers.Pick())},
	{"VIDIOC_CREATE_BUFS", Giving(RetUnsigned.With(remarkBuffers), Ptr(v4l2CreateBuffers.Pick("count", "memory", "format")))},
	{"VIDIOC_EXPBUF", Change(v4l2Exportbuffer.Pick("type", "index", "plane", "flags"), v4l2Exportbuffer.Pick("fd"))},
	{"VIDIOC_QUERYBUF VIDIOC_QBUF", v4l2FillBuffer(v4l2Buffer)},
	{"VIDIOC_DQBUF", v4l2FillDequeued(v4l2Buffer)},
	{"VIDIOC_QUERYBUF_TIME32 VIDIOC_QBUF_TIME32", v4l2FillBuffer(v4l2BufferTime32)},
	{"VIDIOC_DQBUF_TIME32", v4l2FillDequeued(v4l2BufferTime32)},
	{"VIDIOC_STREAMON VIDIOC_STREAMOFF", Ptr(v4l2BufType)},
	{"VIDIOC_G_FBUF", Out(v4l2Framebuffer)},
	{"VIDIOC_S_FBUF", Ptr(v4l2Framebuffer)},
	{"VIDIOC_G_PARM", Fill(v4l2Streamparm.Pick("type"), v4l2Streamparm.Pick(""))},
	{"VIDIOC_S_PARM", ChangeWhere(v4l2KnownParm, v4l2Streamparm, Succeeded, v4l2Streamparm.Pick(""))},
	{"VIDIOC_G_STD", Out(X64)},
	{"VIDIOC_S_STD", Ptr(X64)},
	{"VIDIOC_ENUMSTD", Fill(v4l2Standard.Pick("index"), v4l2Standard.Pick("name", "frameperiod", "framelines"))},
	{"VIDIOC_ENUMINPUT", Fill(v4l2Input.Pick("index"), v4l2Input.Pick(
		"name", "type", "audioset", "tuner", "std", "status", "capabilities"))},
	{"VIDIOC_G_INPUT", Out(U32)},
	{"VIDIOC_S_INPUT", Ptr(U32)},
	{"VIDIOC_G_TUNER", Fill(v4l2Tuner.Pick("index"), v4l2TunerState)},
	{"VIDIOC_S_TUNER", Change(v4l2Tuner, v4l2TunerState)},
	{"VIDIOC_G_CTRL", Fill(v4l2Control.Pick("id"), v4l2Control.Pick("value"))},
	{"VIDIOC_S_CTRL", FillFrom(v4l2Control, S32, v4l2Control.Pick())},
	{"VIDIOC_G_EXT_CTRLS", FillAlways(v4l2ExtControls.Pick("ctrl_class", "count"), v4l2ExtControls.Pick("controls", "error_idx"))},
	{"VIDIOC_S_EXT_CTRLS VIDIOC_TRY_EXT_CTRLS", ChangeWhere(Not(Is(Ref("count"), 0)),
		v4l2ExtControls.Pick("ctrl_class", "count", "controls"), Always, v4l2ExtControls.Pick("controls", "error_idx"))},
	{"VIDIOC_QUERYCTRL", FillFrom(v4l2Queryctrl.Pick("id"), v4l2CID, v4l2Queryctrl.Pick(
		"type", "name", "minimum", "maximum", "step", "default_value", "flags", "reserved"))},
	{"VIDIOC_QUERY_EXT_CTRL", FillFrom(v4l2QueryExtCtrl.Pick("id"), v4l2CID, v4l2QueryExtCtrl.Pick(
		"type", "name", "minimum", "maximum", "step", "default_value", "flags",
		"elem_size", "elems", "nr_of_dims", "dims", "reserved"))},
	{"VIDIOC_QUERYMENU", Change(v4l2Querymenu.Pick("id", "index"), v4l2Querymenu.Pick(""))},
	{"VIDIOC_CROPCAP", Fill(v4l2Cropcap.Pick("type"), v4l2Cropcap.Pick("bounds", "defrect", "pixelaspect"))},
	{"VIDIOC_G_CROP", Fill(v4l2Crop.Pick("type"), v4l2Crop.Pick("c"))},
	{"VIDIOC_S_CROP", Ptr(v4l2Crop)},
	{"VIDIOC_ENUM_FRAMESIZES", Fill(v4l2Frmsizeenum.Pick("index", "pixel_format"), v4l2Frmsizeenum.Pick("type", ""))},
	{"VIDIOC_ENUM_FRAMEINTERVALS", Fill(
		v4l2Frmivalenum.Pick("index", "pixel_format", "width", "height"), v4l2Frmivalenum.Pick("type", ""))},
}

// Values of many structs.
var (
	v4l2BufType    = Enum(tables.V4L2BufType)
	v4l2Field      = Enum(tables.V4L2Field)
	v4l2Colorspace = Enum(tables.V4L2Colorspace)
	v4l2Memory     = Enum(tables.V4L2Memory)

	v4l2PixFmt  = fourCC(tables.V4L2PixFmt)
	v4l2SDRFmt  = fourCC(tables.V4L2SDRFmt)
	v4l2MetaFmt = fourCC(tables.V4L2MetaFmt)

	v4l2Rect = Struct(Fields{{"left", S32}, {"top", S32}, {"width", U32}, {"height", U32}})

	// struct v4l2_fract: 1/30
	v4l2Fract Type = ShownAs(Array(U32, Const(2)), func(c *Call, v View) {
		b := AppendUint(c.Alloc(21)[:0], v.Uint(4))
		c.Out.Text(output.AsString(AppendUint(append(b, '/'), v.At(4, 4).Uint(4))))
	})
)

// fourCC is a format named by four characters, and by a constant in set.
func fourCC(set *tables.Set) Type {
	return Value32(func(c *Call, code uint32) {
		c.Out.BeginNamed()
		c.Out.Number(uint64(code), output.Hex)
		c.Out.Named(output.WithoutPlain)
		c.Out.BeginMacro("v4l2_fourcc")
		for i := range 4 {
			c.Out.Elem()
			showChar(c, byte(code>>(8*i)))
		}
		c.Out.EndMacro()
		c.Out.EndNamed()
		if name, ok := set.Lookup(uint64(code)); ok {
			c.Out.Comment(output.Gloss, output.AsString(append(c.Alloc(len(name))[:0], name...)))
		}
	})
}

// showChar shows a character as a constant of C.
func showChar(c *Call, char byte) {
	b := append(c.Alloc(6)[:0], '\'')
	switch {
	case char == '\'' || char == '\\':
		b = append(b, '\\', char)
	case ' ' <= char && char <= '~':
		b = append(b, char)
	default:
		const digits = "0123456789abcdef"
		b = append(b, '\\', 'x', digits[char>>4], digits[char&15])
	}
	c.Out.Text(output.AsString(append(b, '\'')))
}

var v4l2Capability = Struct(Fields{
	{"driver", CharArray(16)},
	{"card", CharArray(32)},
	{"bus_info", CharArray(32)},
	{"version", KernelVersion},
	{"capabilities", Flags(tables.V4L2Capabilities)},
	Reserved("device_caps", Flags(tables.V4L2Capabilities)),
	{"_", Array(U32, Const(3))},
})

var v4l2Fmtdesc = Struct(Fields{
	{"index", U32},
	{"type", v4l2BufType},
	{"flags", Flags(tables.V4L2FmtFlags)},
	{"description", CharArray(32)},
	{"pixelformat", v4l2PixFmt},
	{"mbus_code", U32},
	{"_", Array(U32, Const(3))},
})

// v4l2RawData is room that has no other use.
var v4l2RawData = Inline(Struct(Fields{{"_", ByteArray(200)}}))

var v4l2Format = Struct(Fields{
	{"type", v4l2BufType},
	{"", Union(Ref("type"),
		Arm(One("fmt.pix", v4l2PixFormat), v4l2Types("VIDEO_CAPTURE", "VIDEO_OUTPUT")...),
		Arm(One("fmt.pix_mp", v4l2PixFormatMplane), v4l2Types("VIDEO_CAPTURE_MPLANE", "VIDEO_OUTPUT_MPLANE")...),
		Arm(One("fmt.win", v4l2Window), v4l2Types("VIDEO_OVERLAY", "VIDEO_OUTPUT_OVERLAY")...),
		Arm(One("fmt.vbi", v4l2VBIFormat), v4l2Types("VBI_CAPTURE", "VBI_OUTPUT")...),
		Arm(One("fmt.sliced", v4l2SlicedVBIFormat), v4l2Types("SLICED_VBI_CAPTURE", "SLICED_VBI_OUTPUT")...),
		Arm(One("fmt.sdr", v4l2SDRFormat), v4l2Types("SDR_CAPTURE", "SDR_OUTPUT")...),
		Arm(One("fmt.meta", v4l2MetaFormat), v4l2Types("META_CAPTURE", "META_OUTPUT")...),
		Arm(v4l2RawData))},
})

// v4l2KnownFormat says that the format in a struct v4l2_format is shown.
var v4l2KnownFormat Cond = func(c *Call) bool {
	_, known := tables.V4L2BufType.Lookup(Ref("type").Num(c))
	return known
}

// v4l2Types are the values of V4L2_BUF_TYPE_ names.
func v4l2Types(names ...string) []uint64 {
	whole := make([]string, len(names))
	for i, name := range names {
		whole[i] = "V4L2_BUF_TYPE_" + name
	}
	return Values(tables.V4L2BufType, whole...)
}

var v4l2PixFormat = Struct(Fields{
	{"width", U32},
	{"height", U32},
	{"pixelformat", v4l2PixFmt},
	{"field", v4l2Field},
	{"bytesperline", U32},
	{"sizeimage", U32},
	{"colorspace", v4l2Colorspace},
	{"_", Array(U32, Const(5))}, // priv, flags, ycbcr_enc, quantization, xfer_func
})

var v4l2PixFormatMplane = Packed(Fields{
	{"width", U32},
	{"height", U32},
	{"pixelformat", v4l2PixFmt},
	{"field", v4l2Field},
	{"colorspace", v4l2Colorspace},
	{"plane_fmt", UpTo(v4l2PlanePixFormat, 8, Ref("num_planes"))},
	{"num_planes", U8},
	{"_", ByteArray(11)}, // flags, ycbcr_enc, quantization, xfer_func, reserved
})

var v4l2PlanePixFormat = Packed(Fields{
	{"sizeimage", U32}, {"bytesperline", U32}, {"_", Array(U16, Const(6))},
})

var v4l2Window = Struct(Fields{
	{"w", v4l2Rect},
	{"field", v4l2Field},
	{"chromakey", X32},
	{"clips", Needed(v4l2Clip, Ref("clipcount"))},
	{"clipcount", U32},
	{"bitmap", Addr},
	Reserved("global_alpha", X8),
})

var v4l2Clip = Struct(Fields{{"c", v4l2Rect}, {"_", Addr}})

var v4l2VBIFormat = Struct(Fields{
	{"sampling_rate", U32},
	{"offset", U32},
	{"samples_per_line", U32},
	{"sample_format", v4l2PixFmt},
	{"start", WholeArray(S32, 2)},
	{"count", WholeArray(U32, 2)},
	{"flags", Flags(tables.V4L2VBIFlags)},
	{"_", Array(U32, Const(2))},
})

var v4l2SlicedVBIFormat = Struct(Fields{
	{"service_set", FlagsOf(X16, tables.V4L2SlicedVBI)},
	{"service_lines", WholeArray(WholeArray(X16, 24), 2)},
	{"io_size", U32},
	{"_", Array(U32, Const(2))},
})

var v4l2SDRFormat = Packed(Fields{
	{"pixelformat", v4l2SDRFmt}, Reserved("buffersize", U32), {"_", ByteArray(24)},
})

var v4l2MetaFormat = Packed(Fields{
	{"dataformat", v4l2MetaFmt}, {"buffersize", U32}, {"width", U32}, {"height", U32}, {"bytesperline", U32},
}).Pick("dataformat", "buffersize")

var v4l2Requestbuffers = Struct(Fields{
	{"count", U32},
	{"type", v4l2BufType},
	{"memory", v4l2Memory},
	{"capabilities", X32},
	{"flags", X8},
	{"_", ByteArray(3)},
})

var v4l2CreateBuffers = Struct(Fields{
	{"index", U32},
	{"count", U32},
	{"memory", v4l2Memory},
	{"format", v4l2Format},
	{"_", Array(U32, Const(8))}, // capabilities, flags, max_num_buffers, reserved
})

var v4l2BuffersCreated = v4l2CreateBuffers.Pick("index", "count")

// remarkBuffers tells which buffers VIDIOC_CREATE_BUFS has made.
func remarkBuffers(c *Call) {
	if m, ok := c.ReadType(c.Register(2), v4l2BuffersCreated); ok {
		c.Out.BeginRemark(output.Aside)
		c.Out.Field("")
		v4l2BuffersCreated.Show(c, m)
		c.Out.EndRemark()
	}
}

var v4l2Exportbuffer = Struct(Fields{
	{"type", v4l2BufType},
	{"index", U32},
	{"plane", U32},
	{"flags", OpenFlags},
	{"fd", FD},
	{"_", Array(U32, Const(11))},
})

// v4l2Buffer is struct v4l2_buffer as the kernel takes it, with times of 64
// bits, and v4l2BufferTime32 the one of older programs.
var (
	v4l2Buffer       = v4l2BufferWith(Timeval64)
	v4l2BufferTime32 = v4l2BufferWith(Timeval32)
)

func v4l2BufferWith(timestamp Type) *StructType {
	return Struct(Fields{
		{"index", U32},
		{"type", v4l2BufType},
		{"bytesused", U32},
		{"flags", v4l2BufFlags{X32}},
		{"field", v4l2Field},
		{"timestamp", timestamp},
		{"timecode", v4l2Timecode},
		{"sequence", U32},
		{"memory", v4l2Memory},
		{"", Union(Ref("memory"),
			Arm(One("m.offset", X32), Values(tables.V4L2Memory, "V4L2_MEMORY_MMAP")...),
			Arm(One("m.userptr", Addr), Values(tables.V4L2Memory, "V4L2_MEMORY_USERPTR")...),
			Arm(Nothing))},
		{"length", U32},
		{"reserved2", U32},
		{"request_fd", FD},
		{"...", Dots},
	})
}

func v4l2FillBuffer(st *StructType) Type {
	return Fill(st.Pick("type", "index"), st.Pick("memory", "", "length", "bytesused", "flags", "..."))
}

func v4l2FillDequeued(st *StructType) Type {
	return Fill(st.Pick("type"), st.Pick("index", "memory", "", "length", "bytesused", "flags", "timestamp", "..."))
}

var v4l2Timecode = Struct(Fields{
	{"type", U32}, {"flags", X32},
	{"frames", U8}, {"seconds", U8}, {"minutes", U8}, {"hours", U8}, {"userbits", Array(X8, Const(4))},
})

// v4l2BufFlags are flags, a kind of timestamp, and where that was taken.
type v4l2BufFlags struct{ *Number }

func (t v4l2BufFlags) Show(c *Call, v View) {
	const kind, source = 0xe000, 0x70000 // V4L2_BUF_FLAG_TIMESTAMP_MASK, V4L2_BUF_FLAG_TSTAMP_SRC_MASK
	n := t.Value(c, v)
	c.Out.BeginNamed()
	c.Out.Number(n, output.Hex)
	c.Out.Named(output.WithoutPlain)
	if flags := n &^ (kind | source); flags != 0 {
		c.Out.Flags(flags, tables.V4L2BufFlags, output.Hex)
		c.Out.Or()
	}
	c.Out.Enum(n&kind, tables.V4L2BufTimestamp, output.Hex)
	c.Out.Or()
	c.Out.Enum(n&source, tables.V4L2BufTimestampSource, output.Hex)
	c.Out.EndNamed()
}

var v4l2Framebuffer = Struct(Fields{
	{"capability", X32}, {"flags", X32}, {"base", Addr}, {"_", Array(U32, Const(8))}, // fmt
})

var v4l2Streamparm = Struct(Fields{
	{"type", v4l2BufType},
	{"", Union(Ref("type"),
		Arm(One("parm.capture", v4l2Captureparm), v4l2Types("VIDEO_CAPTURE")...),
		Arm(One("parm.output", v4l2Outputparm), v4l2Types("VIDEO_OUTPUT")...),
		Arm(v4l2RawData))},
})

// v4l2KnownParm says that the parameters in a struct v4l2_streamparm are shown.
var v4l2KnownParm = Is(Ref("type"), v4l2Types("VIDEO_CAPTURE", "VIDEO_OUTPUT")...)

var v4l2Captureparm = Struct(Fields{
	{"capability", Flags(tables.V4L2StreamCapabilities)},
	{"capturemode", Flags(tables.V4L2CaptureMode)},
	{"timeperframe", v4l2Fract},
	{"extendedmode", X32},
	{"readbuffers", U32},
	{"_", Array(U32, Const(4))},
})

var v4l2Outputparm = Struct(Fields{
	{"capability", Flags(tables.V4L2StreamCapabilities)},
	{"outputmode", Flags(tables.V4L2CaptureMode)},
	{"timeperframe", v4l2Fract},
	{"extendedmode", X32},
	{"writebuffers", U32},
	{"_", Array(U32, Const(4))},
})

var v4l2Standard = Struct(Fields{
	{"index", U32},
	{"id", FlagsOf(X64, tables.V4L2Std)},
	{"name", CharArray(24)},
	{"frameperiod", v4l2Fract},
	{"framelines", U32},
	{"_", Array(U32, Const(4))},
})

var v4l2Input = Struct(Fields{
	{"index", U32},
	{"name", CharArray(32)},
	{"type", Enum(tables.V4L2InputType)},
	{"audioset", X32},
	{"tuner", U32},
	{"std", FlagsOf(X64, tables.V4L2Std)},
	{"status", Flags(tables.V4L2InputStatus)},
	{"capabilities", Flags(tables.V4L2InputCap)},
	{"_", Array(U32, Const(3))},
})

var v4l2Tuner = Struct(Fields{
	{"index", U32},
	{"name", CharArray(32)},
	{"type", Enum(tables.V4L2TunerType)},
	{"capability", Flags(tables.V4L2TunerCap)},
	{"rangelow", U32},
	{"rangehigh", U32},
	{"rxsubchans", Flags(tables.V4L2TunerSub)},
	{"audmode", Enum(tables.V4L2TunerMode)},
	{"signal", S32},
	{"afc", S32},
	{"_", Array(U32, Const(4))},
})

var v4l2TunerState = v4l2Tuner.Pick(
	"name", "type", "capability", "rangelow", "rangehigh", "rxsubchans", "audmode", "signal", "afc")

// v4l2CID is the id of a control, and v4l2NextCID one that may ask for the next
// control behind it.
var (
	v4l2CID     Type = &controlID{X32, false}
	v4l2NextCID Type = &controlID{X32, true}
)

type controlID struct {
	*Number
	next bool
}

func (t *controlID) Show(c *Call, v View) {
	const next = 0xc0000000 // V4L2_CTRL_FLAG_NEXT_CTRL, V4L2_CTRL_FLAG_NEXT_COMPOUND
	id := t.Value(c, v)
	if !t.next || id&next == 0 {
		showControlID(c, id)
		return
	}
	c.Out.BeginNamed()
	c.Out.Number(id, output.Hex)
	c.Out.Named(output.WithoutPlain)
	c.Out.Flags(id&next, tables.V4L2CtrlQuery, output.Hex)
	c.Out.Or()
	showControlID(c, id&^next)
	c.Out.EndNamed()
}

// showControlID shows the id of a control by its name or, if only its class has
// one, by that.
func showControlID(c *Call, id uint64) {
	const inClass = 0xffff // the rest of an id is its class
	class, classed := tables.V4L2CtrlClass.Lookup(id &^ inClass)
	if _, named := tables.V4L2CID.Lookup(id); named || !classed {
		c.Out.Enum(id, tables.V4L2CID, output.Hex)
		return
	}
	c.Out.BeginNamed()
	c.Out.Number(id, output.Hex)
	c.Out.Named(output.InComment)
	c.Out.Symbol(id&^inClass, class, output.Hex)
	c.Out.Plus()
	c.Out.Number(id&inClass, output.Hex)
	c.Out.EndNamed()
}

var v4l2Control = Struct(Fields{{"id", v4l2CID}, {"value", S32}})

// v4l2ExtControls have nothing to show behind the count if that is 0.
var v4l2ExtControls = Struct(Fields{
	{"ctrl_class", Enum(tables.V4L2CtrlClass)},
	{"count", U32},
	{"error_idx", When(func(c *Call) bool { return c.Failed() && Ref("count").Num(c) != 0 }, U32)},
	{"request_fd", FD},
	{"_", U32},
	{"controls", When(Not(Is(Ref("count"), 0)), Needed(v4l2ExtControl, Ref("count")))},
})

var v4l2ExtControl = Packed(Fields{
	{"id", Enum(tables.V4L2CID)},
	{"size", U32},
	{"_", U32},
	{"", Union(Ref("size"),
		Arm(Overlay(Fields{{"value", S32}, {"value64", S64}}), 0),
		Arm(One("string", Ptr(Buf(Ref("size"))))))},
})

var v4l2Queryctrl = Struct(Fields{
	{"id", v4l2NextCID},
	{"type", Enum(tables.V4L2CtrlType)},
	{"name", CharArray(32)},
	{"minimum", Verbose(S32)},
	{"maximum", Verbose(S32)},
	{"step", Verbose(S32)},
	{"default_value", Verbose(S32)},
	{"flags", Verbose(Flags(tables.V4L2CtrlFlags))},
	Reserved("reserved", Verbose(Array(X32, Const(2)))),
})

var v4l2QueryExtCtrl = Struct(Fields{
	{"id", v4l2NextCID},
	{"type", Enum(tables.V4L2CtrlType)},
	{"name", CharArray(32)},
	{"minimum", Verbose(S64)},
	{"maximum", Verbose(S64)},
	{"step", Verbose(U64)},
	{"default_value", Verbose(S64)},
	{"flags", Verbose(Flags(tables.V4L2CtrlFlags))},
	{"elem_size", Verbose(U32)},
	{"elems", Verbose(U32)},
	{"nr_of_dims", Verbose(U32)},
	{"dims", Verbose(UpTo(U32, 4, Ref("nr_of_dims")))},
	Reserved("reserved", Verbose(Array(X32, Const(32)))),
})

var v4l2Querymenu = Packed(Fields{
	{"id", v4l2CID},
	{"index", U32},
	{"", Overlay(Fields{{"name", CharArray(32)}, {"value", S64}})},
	{"_", U32},
})

var v4l2Cropcap = Struct(Fields{
	{"type", v4l2BufType}, {"bounds", v4l2Rect}, {"defrect", v4l2Rect}, {"pixelaspect", v4l2Fract},
})

var v4l2Crop = Struct(Fields{{"type", v4l2BufType}, {"c", v4l2Rect}})

var v4l2Frmsizeenum = Struct(Fields{
	{"index", U32},
	{"pixel_format", v4l2PixFmt},
	{"type", Enum(tables.V4L2FrmsizeType)},
	{"", Union(Ref("type"),
		Arm(One("discrete", Struct(Fields{{"width", U32}, {"height", U32}})),
			Values(tables.V4L2FrmsizeType, "V4L2_FRMSIZE_TYPE_DISCRETE")...),
		Arm(One("stepwise", v4l2FrmsizeStepwise), Values(tables.V4L2FrmsizeType, "V4L2_FRMSIZE_TYPE_STEPWISE")...),
		Arm(Nothing))},
	{"_", Array(U32, Const(2))},
})

var v4l2FrmsizeStepwise = Struct(Fields{
	{"min_width", U32}, {"max_width", U32}, {"step_width", U32},
	{"min_height", U32}, {"max_height", U32}, {"step_height", U32},
})

var v4l2Frmivalenum = Struct(Fields{
	{"index", U32},
	{"pixel_format", v4l2PixFmt},
	{"width", U32},
	{"height", U32},
	{"type", Enum(tables.V4L2FrmivalType)},
	{"", Union(Ref("type"),
		Arm(One("discrete", v4l2Fract), Values(tables.V4L2FrmivalType, "V4L2_FRMIVAL_TYPE_DISCRETE")...),
		Arm(One("stepwise", Struct(Fields{{"min", v4l2Fract}, {"max", v4l2Fract}, {"step", v4l2Fract}})),
			Values(tables.V4L2FrmivalType, "V4L2_FRMIVAL_TYPE_CONTINUOUS", "V4L2_FRMIVAL_TYPE_STEPWISE")...),
		Arm(Nothing))},
	{"_", Array(U32, Const(2))},
})
