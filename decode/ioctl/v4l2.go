package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Video for Linux: linux/videodev2.h, drivers/media/v4l2-core/v4l2-ioctl.c.

var v4l2Ioctls = Ioctls{
	{"VIDIOC_QUERYCAP", &Out{To: v4l2Capability}},
	{"VIDIOC_ENUM_FMT", &Fill{In: &Struct{Of: v4l2Fmtdesc, Pick: Names{"index", "type"}}, Out: &Struct{Of: v4l2Fmtdesc, Pick: Names{"flags", "description", "pixelformat"}}}},
	{"VIDIOC_G_FMT", &Fill{In: &Struct{Of: v4l2Format, Pick: Names{"type"}}, Out: &Struct{Of: v4l2Format, Pick: Names{""}}}},
	{"VIDIOC_S_FMT VIDIOC_TRY_FMT", &Change{In: v4l2Format, Out: &Struct{Of: v4l2Format, Pick: Names{""}}, If: Succeeded, Where: Test(v4l2KnownFormat)}},
	{"VIDIOC_REQBUFS", &Fill{In: &Struct{Of: v4l2Requestbuffers, Pick: Names{"type", "memory", "count"}}, Again: U32, Out: &Struct{Of: v4l2Requestbuffers, Pick: Names{}}}},
	{"VIDIOC_CREATE_BUFS", &Returning{Ret: &ResultWith{Ret: RetUnsigned, Remark: remarkBuffers}, Of: &Ptr{To: &Struct{Of: v4l2CreateBuffers, Pick: Names{"count", "memory", "format"}}}}},
	{"VIDIOC_EXPBUF", &Change{In: &Struct{Of: v4l2Exportbuffer, Pick: Names{"type", "index", "plane", "flags"}}, Out: &Struct{Of: v4l2Exportbuffer, Pick: Names{"fd"}}}},
	{"VIDIOC_QUERYBUF VIDIOC_QBUF", &Fill{
		In:  &Struct{Of: v4l2Buffer, Pick: Names{"type", "index"}},
		Out: &Struct{Of: v4l2Buffer, Pick: Names{"memory", "", "length", "bytesused", "flags", "..."}},
	}},
	{"VIDIOC_DQBUF", &Fill{
		In:  &Struct{Of: v4l2Buffer, Pick: Names{"type"}},
		Out: &Struct{Of: v4l2Buffer, Pick: Names{"index", "memory", "", "length", "bytesused", "flags", "timestamp", "..."}},
	}},
	{"VIDIOC_QUERYBUF_TIME32 VIDIOC_QBUF_TIME32", &Fill{
		In:  &Struct{Of: v4l2BufferTime32, Pick: Names{"type", "index"}},
		Out: &Struct{Of: v4l2BufferTime32, Pick: Names{"memory", "", "length", "bytesused", "flags", "..."}},
	}},
	{"VIDIOC_DQBUF_TIME32", &Fill{
		In:  &Struct{Of: v4l2BufferTime32, Pick: Names{"type"}},
		Out: &Struct{Of: v4l2BufferTime32, Pick: Names{"index", "memory", "", "length", "bytesused", "flags", "timestamp", "..."}},
	}},
	{"VIDIOC_STREAMON VIDIOC_STREAMOFF", &Ptr{To: v4l2BufType}},
	{"VIDIOC_G_FBUF", &Out{To: v4l2Framebuffer}},
	{"VIDIOC_S_FBUF", &Ptr{To: v4l2Framebuffer}},
	{"VIDIOC_G_PARM", &Fill{In: &Struct{Of: v4l2Streamparm, Pick: Names{"type"}}, Out: &Struct{Of: v4l2Streamparm, Pick: Names{""}}}},
	{"VIDIOC_S_PARM", &Change{In: v4l2Streamparm, Out: &Struct{Of: v4l2Streamparm, Pick: Names{""}}, If: Succeeded, Where: v4l2KnownParm}},
	{"VIDIOC_G_STD", &Out{To: X64}},
	{"VIDIOC_S_STD", &Ptr{To: X64}},
	{"VIDIOC_ENUMSTD", &Fill{In: &Struct{Of: v4l2Standard, Pick: Names{"index"}}, Out: &Struct{Of: v4l2Standard, Pick: Names{"name", "frameperiod", "framelines"}}}},
	{"VIDIOC_ENUMINPUT", &Fill{In: &Struct{Of: v4l2Input, Pick: Names{"index"}}, Out: &Struct{Of: v4l2Input,
		Pick: Names{"name", "type", "audioset", "tuner", "std", "status", "capabilities"}}}},
	{"VIDIOC_G_INPUT", &Out{To: U32}},
	{"VIDIOC_S_INPUT", &Ptr{To: U32}},
	{"VIDIOC_G_TUNER", &Fill{In: &Struct{Of: v4l2Tuner, Pick: Names{"index"}}, Out: v4l2TunerState}},
	{"VIDIOC_S_TUNER", &Change{In: v4l2Tuner, Out: v4l2TunerState}},
	{"VIDIOC_G_CTRL", &Fill{In: &Struct{Of: v4l2Control, Pick: Names{"id"}}, Out: &Struct{Of: v4l2Control, Pick: Names{"value"}}}},
	{"VIDIOC_S_CTRL", &Fill{In: v4l2Control, Again: S32, Out: &Struct{Of: v4l2Control, Pick: Names{}}}},
	{"VIDIOC_G_EXT_CTRLS", &Fill{In: &Struct{Of: v4l2ExtControls, Pick: Names{"ctrl_class", "count"}}, Out: &Struct{Of: v4l2ExtControls, Pick: Names{"controls", "error_idx"}}, Always: true}},
	{"VIDIOC_S_EXT_CTRLS VIDIOC_TRY_EXT_CTRLS", &Change{
		In: &Struct{Of: v4l2ExtControls, Pick: Names{"ctrl_class", "count", "controls"}}, Out: &Struct{Of: v4l2ExtControls, Pick: Names{"controls", "error_idx"}}, If: Always, Where: Not{&Is{N: Ref("count"), Values: Nums{0}}}}},
	{"VIDIOC_QUERYCTRL", &Fill{In: &Struct{Of: v4l2Queryctrl, Pick: Names{"id"}}, Again: v4l2CID, Out: &Struct{Of: v4l2Queryctrl,
		Pick: Names{"type", "name", "minimum", "maximum", "step", "default_value", "flags", "reserved"}}}},
	{"VIDIOC_QUERY_EXT_CTRL", &Fill{In: &Struct{Of: v4l2QueryExtCtrl, Pick: Names{"id"}}, Again: v4l2CID, Out: &Struct{Of: v4l2QueryExtCtrl,
		Pick: Names{"type", "name", "minimum", "maximum", "step", "default_value", "flags",
			"elem_size", "elems", "nr_of_dims", "dims", "reserved"}}}},
	{"VIDIOC_QUERYMENU", &Change{In: &Struct{Of: v4l2Querymenu, Pick: Names{"id", "index"}}, Out: &Struct{Of: v4l2Querymenu, Pick: Names{""}}}},
	{"VIDIOC_CROPCAP", &Fill{In: &Struct{Of: v4l2Cropcap, Pick: Names{"type"}}, Out: &Struct{Of: v4l2Cropcap, Pick: Names{"bounds", "defrect", "pixelaspect"}}}},
	{"VIDIOC_G_CROP", &Fill{In: &Struct{Of: v4l2Crop, Pick: Names{"type"}}, Out: &Struct{Of: v4l2Crop, Pick: Names{"c"}}}},
	{"VIDIOC_S_CROP", &Ptr{To: v4l2Crop}},
	{"VIDIOC_ENUM_FRAMESIZES", &Fill{In: &Struct{Of: v4l2Frmsizeenum, Pick: Names{"index", "pixel_format"}}, Out: &Struct{Of: v4l2Frmsizeenum, Pick: Names{"type", ""}}}},
	{"VIDIOC_ENUM_FRAMEINTERVALS", &Fill{
		In: &Struct{Of: v4l2Frmivalenum, Pick: Names{"index", "pixel_format", "width", "height"}}, Out: &Struct{Of: v4l2Frmivalenum, Pick: Names{"type", ""}}}},
}

// Types that many structs use.
var (
	v4l2BufType    = &Enum{Set: &tables.V4L2BufType}
	v4l2Field      = &Enum{Set: &tables.V4L2Field}
	v4l2Colorspace = &Enum{Set: &tables.V4L2Colorspace}
	v4l2Memory     = &Enum{Set: &tables.V4L2Memory}

	v4l2PixFmt  = &fourCC{&tables.V4L2PixFmt}
	v4l2SDRFmt  = &fourCC{&tables.V4L2SDRFmt}
	v4l2MetaFmt = &fourCC{&tables.V4L2MetaFmt}

	v4l2Rect = &Struct{Fields: Fields{{"left", S32}, {"top", S32}, {"width", U32}, {"height", U32}}}

	// struct v4l2_fract: 1/30
	v4l2Fract = &Shown{As: &Array{Of: U32, N: 2}, By: func(c *Call, v View) {
		b := AppendUint(c.Alloc(21)[:0], v.Uint(4))
		c.Out.Text(output.AsString(AppendUint(append(b, '/'), v.At(4, 4).Uint(4))))
	}}
)

// fourCC is a format identified by four characters, with a constant in set.
type fourCC struct{ set *tables.Set }

// Layout implements Type.
func (*fourCC) Layout(abi tables.ABI) Layout { return U32.Layout(abi) }

func (t *fourCC) Show(c *Call, v View) {
	code := uint32(v.Uint(4))
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
	if name, ok := t.set.Lookup(uint64(code)); ok {
		c.Out.Comment(output.Gloss, output.AsString(append(c.Alloc(len(name))[:0], name...)))
	}
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

var v4l2Capability = &Struct{Fields: Fields{
	{"driver", CharArray(16)},
	{"card", CharArray(32)},
	{"bus_info", CharArray(32)},
	{"version", &KernelVersion},
	{"capabilities", &Flags{Set: &tables.V4L2Capabilities}},
	{"device_caps", Reserved{&Flags{Set: &tables.V4L2Capabilities}}},
	{"_", &Array{Of: U32, N: 3}},
}}

var v4l2Fmtdesc = &Struct{Fields: Fields{
	{"index", U32},
	{"type", v4l2BufType},
	{"flags", &Flags{Set: &tables.V4L2FmtFlags}},
	{"description", CharArray(32)},
	{"pixelformat", v4l2PixFmt},
	{"mbus_code", U32},
	{"_", &Array{Of: U32, N: 3}},
}}

// v4l2RawData is the remaining size of a union.
var v4l2RawData = &Inline{Of: &Struct{Fields: Fields{{"_", Pad(200)}}}}

var v4l2Format = &Struct{Fields: Fields{
	{"type", v4l2BufType},
	{"", &Union{On: Ref("type"), Set: &tables.V4L2BufType, Arms: Arms{
		{&NamedArm{Name: "fmt.pix", Type: v4l2PixFormat}, Names{"V4L2_BUF_TYPE_VIDEO_CAPTURE", "V4L2_BUF_TYPE_VIDEO_OUTPUT"}},
		{&NamedArm{Name: "fmt.pix_mp", Type: v4l2PixFormatMplane}, Names{"V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE", "V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE"}},
		{&NamedArm{Name: "fmt.win", Type: v4l2Window}, Names{"V4L2_BUF_TYPE_VIDEO_OVERLAY", "V4L2_BUF_TYPE_VIDEO_OUTPUT_OVERLAY"}},
		{&NamedArm{Name: "fmt.vbi", Type: v4l2VBIFormat}, Names{"V4L2_BUF_TYPE_VBI_CAPTURE", "V4L2_BUF_TYPE_VBI_OUTPUT"}},
		{&NamedArm{Name: "fmt.sliced", Type: v4l2SlicedVBIFormat}, Names{"V4L2_BUF_TYPE_SLICED_VBI_CAPTURE", "V4L2_BUF_TYPE_SLICED_VBI_OUTPUT"}},
		{&NamedArm{Name: "fmt.sdr", Type: v4l2SDRFormat}, Names{"V4L2_BUF_TYPE_SDR_CAPTURE", "V4L2_BUF_TYPE_SDR_OUTPUT"}},
		{&NamedArm{Name: "fmt.meta", Type: v4l2MetaFormat}, Names{"V4L2_BUF_TYPE_META_CAPTURE", "V4L2_BUF_TYPE_META_OUTPUT"}},
		{v4l2RawData, nil}}}},
}}

// v4l2KnownFormat reports whether the format in a struct v4l2_format is shown.
func v4l2KnownFormat(c *Call) bool {
	_, known := tables.V4L2BufType.Lookup(Ref("type").Num(c))
	return known
}

var v4l2PixFormat = &Struct{Fields: Fields{
	{"width", U32},
	{"height", U32},
	{"pixelformat", v4l2PixFmt},
	{"field", v4l2Field},
	{"bytesperline", U32},
	{"sizeimage", U32},
	{"colorspace", v4l2Colorspace},
	{"_", &Array{Of: U32, N: 5}}, // priv, flags, ycbcr_enc, quantization, xfer_func
}}

var v4l2PixFormatMplane = &Struct{Packed: true, Fields: Fields{
	{"width", U32},
	{"height", U32},
	{"pixelformat", v4l2PixFmt},
	{"field", v4l2Field},
	{"colorspace", v4l2Colorspace},
	{"plane_fmt", &Array{Of: v4l2PlanePixFormat, N: 8, Used: Ref("num_planes")}},
	{"num_planes", U8},
	{"_", Pad(11)}, // flags, ycbcr_enc, quantization, xfer_func, reserved
}}

var v4l2PlanePixFormat = &Struct{Packed: true, Fields: Fields{
	{"sizeimage", U32}, {"bytesperline", U32}, {"_", &Array{Of: U16, N: 6}},
}}

var v4l2Window = &Struct{Fields: Fields{
	{"w", v4l2Rect},
	{"field", v4l2Field},
	{"chromakey", X32},
	{"clips", &Ptr{To: &List{Of: v4l2Clip, Count: Ref("clipcount")}, MustExist: true}},
	{"clipcount", U32},
	{"bitmap", Addr},
	{"global_alpha", Reserved{X8}},
}}

var v4l2Clip = &Struct{Fields: Fields{{"c", v4l2Rect}, {"_", Addr}}}

var v4l2VBIFormat = &Struct{Fields: Fields{
	{"sampling_rate", U32},
	{"offset", U32},
	{"samples_per_line", U32},
	{"sample_format", v4l2PixFmt},
	{"start", &Array{Of: S32, N: 2, Whole: true}},
	{"count", &Array{Of: U32, N: 2, Whole: true}},
	{"flags", &Flags{Set: &tables.V4L2VBIFlags}},
	{"_", &Array{Of: U32, N: 2}},
}}

var v4l2SlicedVBIFormat = &Struct{Fields: Fields{
	{"service_set", &Flags{In: X16, Set: &tables.V4L2SlicedVBI}},
	{"service_lines", &Array{Of: &Array{Of: X16, N: 24, Whole: true}, N: 2, Whole: true}},
	{"io_size", U32},
	{"_", &Array{Of: U32, N: 2}},
}}

var v4l2SDRFormat = &Struct{Packed: true, Fields: Fields{
	{"pixelformat", v4l2SDRFmt}, {"buffersize", Reserved{U32}}, {"_", Pad(24)},
}}

var v4l2MetaFormat = &Struct{Of: &Struct{Packed: true, Fields: Fields{
	{"dataformat", v4l2MetaFmt}, {"buffersize", U32}, {"width", U32}, {"height", U32}, {"bytesperline", U32},
}}, Pick: Names{"dataformat", "buffersize"}}

var v4l2Requestbuffers = &Struct{Fields: Fields{
	{"count", U32},
	{"type", v4l2BufType},
	{"memory", v4l2Memory},
	{"capabilities", X32},
	{"flags", X8},
	{"_", Pad(3)},
}}

var v4l2CreateBuffers = &Struct{Fields: Fields{
	{"index", U32},
	{"count", U32},
	{"memory", v4l2Memory},
	{"format", v4l2Format},
	{"_", &Array{Of: U32, N: 8}}, // capabilities, flags, max_num_buffers, reserved
}}

var v4l2BuffersCreated = &Struct{Of: v4l2CreateBuffers, Pick: Names{"index", "count"}}

// remarkBuffers shows the index range of the buffers that VIDIOC_CREATE_BUFS has
// created.
func remarkBuffers(c *Call) {
	if m, ok := c.ReadType(c.Register(2), v4l2BuffersCreated); ok {
		c.Outcome.BeginRemark(output.Aside)
		c.Out.Field("")
		v4l2BuffersCreated.Show(c, m)
		c.Outcome.EndRemark()
	}
}

var v4l2Exportbuffer = &Struct{Fields: Fields{
	{"type", v4l2BufType},
	{"index", U32},
	{"plane", U32},
	{"flags", &OpenFlags},
	{"fd", FD},
	{"_", &Array{Of: U32, N: 11}},
}}

// v4l2Buffer is struct v4l2_buffer as in the kernel, with 64-bit times.
// v4l2BufferTime32 is that of older programs.
var (
	v4l2Buffer = &Struct{Fields: Fields{
		{"index", U32},
		{"type", v4l2BufType},
		{"bytesused", U32},
		{"flags", v4l2BufFlags{X32}},
		{"field", v4l2Field},
		{"timestamp", &Timeval64},
		{"timecode", v4l2Timecode},
		{"sequence", U32},
		{"memory", v4l2Memory},
		{"", &Union{On: Ref("memory"), Set: &tables.V4L2Memory, Arms: Arms{
			{&NamedArm{Name: "m.offset", Type: X32}, Names{"V4L2_MEMORY_MMAP"}},
			{&NamedArm{Name: "m.userptr", Type: Addr}, Names{"V4L2_MEMORY_USERPTR"}},
			{EmptyArm, nil}}}},
		{"length", U32},
		{"reserved2", U32},
		{"request_fd", FD},
		{"...", &Abbreviated{}},
	}}
	v4l2BufferTime32 = &Struct{Of: v4l2Buffer, With: Fields{{"timestamp", &Timeval32}}}
)

var v4l2Timecode = &Struct{Fields: Fields{
	{"type", U32}, {"flags", X32},
	{"frames", U8}, {"seconds", U8}, {"minutes", U8}, {"hours", U8}, {"userbits", &Array{Of: X8, N: 4}},
}}

// v4l2BufFlags are flags, a kind of timestamp, and the event at which it is
// taken.
type v4l2BufFlags struct{ Number }

func (t v4l2BufFlags) Show(c *Call, v View) {
	const kind, source = 0xe000, 0x70000 // V4L2_BUF_FLAG_TIMESTAMP_MASK, V4L2_BUF_FLAG_TSTAMP_SRC_MASK
	n := t.Value(c, v)
	c.Out.BeginNamed()
	c.Out.Number(n, output.Hex)
	c.Out.Named(output.WithoutPlain)
	if flags := n &^ (kind | source); flags != 0 {
		c.Out.Flags(flags, &tables.V4L2BufFlags, output.Hex)
		c.Out.Join(output.Or)
	}
	c.Out.Enum(n&kind, &tables.V4L2BufTimestamp, output.Hex)
	c.Out.Join(output.Or)
	c.Out.Enum(n&source, &tables.V4L2BufTimestampSource, output.Hex)
	c.Out.EndNamed()
}

var v4l2Framebuffer = &Struct{Fields: Fields{
	{"capability", X32}, {"flags", X32}, {"base", Addr}, {"_", &Array{Of: U32, N: 8}}, // fmt
}}

var v4l2Streamparm = &Struct{Fields: Fields{
	{"type", v4l2BufType},
	{"", &Union{On: Ref("type"), Set: &tables.V4L2BufType, Arms: Arms{
		{&NamedArm{Name: "parm.capture", Type: v4l2Captureparm}, Names{"V4L2_BUF_TYPE_VIDEO_CAPTURE"}},
		{&NamedArm{Name: "parm.output", Type: v4l2Outputparm}, Names{"V4L2_BUF_TYPE_VIDEO_OUTPUT"}},
		{v4l2RawData, nil}}}},
}}

// v4l2KnownParm is the condition that the parameters in a struct v4l2_streamparm
// are shown.
var v4l2KnownParm = &Is{N: Ref("type"), Set: &tables.V4L2BufType, Values: Names{"V4L2_BUF_TYPE_VIDEO_CAPTURE", "V4L2_BUF_TYPE_VIDEO_OUTPUT"}}

var v4l2Captureparm = &Struct{Fields: Fields{
	{"capability", &Flags{Set: &tables.V4L2StreamCapabilities}},
	{"capturemode", &Flags{Set: &tables.V4L2CaptureMode}},
	{"timeperframe", v4l2Fract},
	{"extendedmode", X32},
	{"readbuffers", U32},
	{"_", &Array{Of: U32, N: 4}},
}}

var v4l2Outputparm = &Struct{Fields: Fields{
	{"capability", &Flags{Set: &tables.V4L2StreamCapabilities}},
	{"outputmode", &Flags{Set: &tables.V4L2CaptureMode}},
	{"timeperframe", v4l2Fract},
	{"extendedmode", X32},
	{"writebuffers", U32},
	{"_", &Array{Of: U32, N: 4}},
}}

var v4l2Standard = &Struct{Fields: Fields{
	{"index", U32},
	{"id", &Flags{In: X64, Set: &tables.V4L2Std}},
	{"name", CharArray(24)},
	{"frameperiod", v4l2Fract},
	{"framelines", U32},
	{"_", &Array{Of: U32, N: 4}},
}}

var v4l2Input = &Struct{Fields: Fields{
	{"index", U32},
	{"name", CharArray(32)},
	{"type", &Enum{Set: &tables.V4L2InputType}},
	{"audioset", X32},
	{"tuner", U32},
	{"std", &Flags{In: X64, Set: &tables.V4L2Std}},
	{"status", &Flags{Set: &tables.V4L2InputStatus}},
	{"capabilities", &Flags{Set: &tables.V4L2InputCap}},
	{"_", &Array{Of: U32, N: 3}},
}}

var v4l2Tuner = &Struct{Fields: Fields{
	{"index", U32},
	{"name", CharArray(32)},
	{"type", &Enum{Set: &tables.V4L2TunerType}},
	{"capability", &Flags{Set: &tables.V4L2TunerCap}},
	{"rangelow", U32},
	{"rangehigh", U32},
	{"rxsubchans", &Flags{Set: &tables.V4L2TunerSub}},
	{"audmode", &Enum{Set: &tables.V4L2TunerMode}},
	{"signal", S32},
	{"afc", S32},
	{"_", &Array{Of: U32, N: 4}},
}}

var v4l2TunerState = &Struct{Of: v4l2Tuner,
	Pick: Names{"name", "type", "capability", "rangelow", "rangehigh", "rxsubchans", "audmode", "signal", "afc"}}

// v4l2CID is the id of a control. v4l2NextCID may have a flag that asks for the
// next control after it.
var (
	v4l2CID     = &controlID{X32, false}
	v4l2NextCID = &controlID{X32, true}
)

type controlID struct {
	Number
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
	c.Out.Flags(id&next, &tables.V4L2CtrlQuery, output.Hex)
	c.Out.Join(output.Or)
	showControlID(c, id&^next)
	c.Out.EndNamed()
}

// showControlID shows the id of a control by its name or, if only its class is
// known, by the name of the class.
func showControlID(c *Call, id uint64) {
	const inClass = 0xffff // mask of the id within its class
	class, classed := tables.V4L2CtrlClass.Lookup(id &^ inClass)
	if _, named := tables.V4L2CID.Lookup(id); named || !classed {
		c.Out.Enum(id, &tables.V4L2CID, output.Hex)
		return
	}
	c.Out.BeginNamed()
	c.Out.Number(id, output.Hex)
	c.Out.Named(output.InComment)
	c.Out.Symbol(id&^inClass, class, output.Hex)
	c.Out.Join(output.Plus)
	c.Out.Number(id&inClass, output.Hex)
	c.Out.EndNamed()
}

var v4l2Control = &Struct{Fields: Fields{{"id", v4l2CID}, {"value", S32}}}

// v4l2ExtControls is a struct v4l2_ext_controls. If count is 0, the members after
// it are not shown.
var v4l2ExtControls = &Struct{Fields: Fields{
	{"ctrl_class", &Enum{Set: &tables.V4L2CtrlClass}},
	{"count", U32},
	{"error_idx", &When{If: Test(func(c *Call) bool { return c.Failed() && Ref("count").Num(c) != 0 }), Then: U32}},
	{"request_fd", FD},
	{"_", U32},
	{"controls", &When{If: Not{&Is{N: Ref("count"), Values: Nums{0}}}, Then: &Ptr{To: &List{Of: v4l2ExtControl, Count: Ref("count")}, MustExist: true}}},
}}

var v4l2ExtControl = &Struct{Packed: true, Fields: Fields{
	{"id", &Enum{Set: &tables.V4L2CID}},
	{"size", U32},
	{"_", U32},
	{"", &Union{On: Ref("size"), Arms: Arms{
		{&Inline{Of: &Struct{Union: true, Fields: Fields{{"value", S32}, {"value64", S64}}}}, Nums{0}},
		{&NamedArm{Name: "string", Type: &Ptr{To: &Bytes{Len: Ref("size")}}}, nil}}}},
}}

var v4l2Queryctrl = &Struct{Fields: Fields{
	{"id", v4l2NextCID},
	{"type", &Enum{Set: &tables.V4L2CtrlType}},
	{"name", CharArray(32)},
	{"minimum", Verbose{S32}},
	{"maximum", Verbose{S32}},
	{"step", Verbose{S32}},
	{"default_value", Verbose{S32}},
	{"flags", Verbose{&Flags{Set: &tables.V4L2CtrlFlags}}},
	{"reserved", Reserved{Verbose{&Array{Of: X32, N: 2}}}},
}}

var v4l2QueryExtCtrl = &Struct{Fields: Fields{
	{"id", v4l2NextCID},
	{"type", &Enum{Set: &tables.V4L2CtrlType}},
	{"name", CharArray(32)},
	{"minimum", Verbose{S64}},
	{"maximum", Verbose{S64}},
	{"step", Verbose{U64}},
	{"default_value", Verbose{S64}},
	{"flags", Verbose{&Flags{Set: &tables.V4L2CtrlFlags}}},
	{"elem_size", Verbose{U32}},
	{"elems", Verbose{U32}},
	{"nr_of_dims", Verbose{U32}},
	{"dims", Verbose{&Array{Of: U32, N: 4, Used: Ref("nr_of_dims")}}},
	{"reserved", Reserved{Verbose{&Array{Of: X32, N: 32}}}},
}}

var v4l2Querymenu = &Struct{Packed: true, Fields: Fields{
	{"id", v4l2CID},
	{"index", U32},
	{"", &Inline{Of: &Struct{Union: true, Fields: Fields{{"name", CharArray(32)}, {"value", S64}}}}},
	{"_", U32},
}}

var v4l2Cropcap = &Struct{Fields: Fields{
	{"type", v4l2BufType}, {"bounds", v4l2Rect}, {"defrect", v4l2Rect}, {"pixelaspect", v4l2Fract},
}}

var v4l2Crop = &Struct{Fields: Fields{{"type", v4l2BufType}, {"c", v4l2Rect}}}

var v4l2Frmsizeenum = &Struct{Fields: Fields{
	{"index", U32},
	{"pixel_format", v4l2PixFmt},
	{"type", &Enum{Set: &tables.V4L2FrmsizeType}},
	{"", &Union{On: Ref("type"), Set: &tables.V4L2FrmsizeType, Arms: Arms{
		{&NamedArm{Name: "discrete", Type: &Struct{Fields: Fields{{"width", U32}, {"height", U32}}}}, Names{"V4L2_FRMSIZE_TYPE_DISCRETE"}},
		{&NamedArm{Name: "stepwise", Type: v4l2FrmsizeStepwise}, Names{"V4L2_FRMSIZE_TYPE_STEPWISE"}},
		{EmptyArm, nil}}}},
	{"_", &Array{Of: U32, N: 2}},
}}

var v4l2FrmsizeStepwise = &Struct{Fields: Fields{
	{"min_width", U32}, {"max_width", U32}, {"step_width", U32},
	{"min_height", U32}, {"max_height", U32}, {"step_height", U32},
}}

var v4l2Frmivalenum = &Struct{Fields: Fields{
	{"index", U32},
	{"pixel_format", v4l2PixFmt},
	{"width", U32},
	{"height", U32},
	{"type", &Enum{Set: &tables.V4L2FrmivalType}},
	{"", &Union{On: Ref("type"), Set: &tables.V4L2FrmivalType, Arms: Arms{
		{&NamedArm{Name: "discrete", Type: v4l2Fract}, Names{"V4L2_FRMIVAL_TYPE_DISCRETE"}},
		{&NamedArm{Name: "stepwise", Type: &Struct{Fields: Fields{{"min", v4l2Fract}, {"max", v4l2Fract}, {"step", v4l2Fract}}}}, Names{"V4L2_FRMIVAL_TYPE_CONTINUOUS", "V4L2_FRMIVAL_TYPE_STEPWISE"}},
		{EmptyArm, nil}}}},
	{"_", &Array{Of: U32, N: 2}},
}}
