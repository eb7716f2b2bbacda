package ioctl_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestVideoIoctls(t *testing.T) {
	const (
		yuyv = 0x56595559
		cid  = 0x00980900 // V4L2_CID_BRIGHTNESS
	)
	zeros := func(n int) []byte { return make([]byte, n) }
	none := zeros(0)
	for _, tt := range []IoctlTest{
		{Request: "VIDIOC_QUERYCAP", Before: zeros(104),
			After: LE("vivid\x00", zeros(10), "card\x00", zeros(27), "bus", zeros(29), 6<<16|18<<8|3, 0x80000001, 1, zeros(12)),
			Want: `{driver="vivid", card="card", bus_info="bus", version=KERNEL_VERSION(6, 18, 3),` +
				` capabilities=V4L2_CAP_VIDEO_CAPTURE|V4L2_CAP_DEVICE_CAPS, device_caps=V4L2_CAP_VIDEO_CAPTURE}) = 0`},
		{Request: "VIDIOC_QUERYCAP", Before: zeros(104), Errno: tables.ENOTTY, Want: `0x7000) = -1 ENOTTY (Inappropriate ioctl for device)`},
		{Request: "VIDIOC_QUERYCAP", Before: zeros(103), Want: `0x7000) = 0`},
		{Request: "VIDIOC_ENUM_FMT", Before: LE(2, 1, zeros(56)), Errno: tables.EINVAL,
			Want: `{index=2, type=V4L2_BUF_TYPE_VIDEO_CAPTURE}) = -1 EINVAL (Invalid argument)`},
		{Request: "VIDIOC_ENUM_FMT", Before: LE(0, 1, 1, "YUYV 4:2:2\x00", zeros(21), yuyv, zeros(16)),
			Want: `{index=0, type=V4L2_BUF_TYPE_VIDEO_CAPTURE, flags=V4L2_FMT_FLAG_COMPRESSED, description="YUYV 4:2:2",` +
				` pixelformat=v4l2_fourcc('Y', 'U', 'Y', 'V') /* V4L2_PIX_FMT_YUYV */}) = 0`},
		{Request: "VIDIOC_ENUM_FMT", Before: LE(0, 1, 0, zeros(32), uint32(0xff5c2707), zeros(16)),
			Want: `{index=0, type=V4L2_BUF_TYPE_VIDEO_CAPTURE, flags=0, description="",` +
				` pixelformat=v4l2_fourcc('\x07', '\'', '\\', '\xff')}) = 0`},
		// A count is shown again if it has changed.
		{Request: "VIDIOC_REQBUFS", Before: LE(4, 1, 1, zeros(8)), After: LE(2, 1, 1, zeros(8)),
			Want: `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, memory=V4L2_MEMORY_MMAP, count=4 => 2}) = 0`},
		{Request: "VIDIOC_REQBUFS", Before: LE(4, 1, 1, zeros(8)),
			Want: `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, memory=V4L2_MEMORY_MMAP, count=4}) = 0`},
		{Request: "VIDIOC_EXPBUF", Before: LE(1, 0, 0, tables.O_CLOEXEC, zeros(48)), After: LE(1, 0, 0, tables.O_CLOEXEC, 5, zeros(44)),
			Want: `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, index=0, plane=0, flags=O_RDONLY|O_CLOEXEC} => {fd=5}) = 0`},
		{Request: "VIDIOC_STREAMON", Before: LE(1), Want: `[V4L2_BUF_TYPE_VIDEO_CAPTURE]) = 0`},
		// Parameters of other types than capture and output are not shown.
		{Request: "VIDIOC_S_PARM", Before: LE(1, 0x1000, 0, 1, 30, zeros(200)), After: LE(1, 0x1000, 0, 1, 25, zeros(200)),
			Want: `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, parm.capture={capability=V4L2_CAP_TIMEPERFRAME, capturemode=0, timeperframe=1/30, extendedmode=0, readbuffers=0}}` +
				` => {parm.capture={capability=V4L2_CAP_TIMEPERFRAME, capturemode=0, timeperframe=1/25, extendedmode=0, readbuffers=0}}) = 0`},
		{Request: "VIDIOC_S_PARM", Before: LE(3, zeros(200)), Want: `{type=V4L2_BUF_TYPE_VIDEO_OVERLAY}) = 0`},
		{Request: "VIDIOC_S_STD", Before: LE(uint64(0xb000)), Want: `[0xb000]) = 0`},
		{Request: "VIDIOC_S_CTRL", Before: LE(cid, -1), After: LE(cid, 0), Want: `{id=V4L2_CID_BRIGHTNESS, value=-1 => 0}) = 0`},
		{Request: "VIDIOC_G_CTRL", Before: LE(0xa31234, 0), After: LE(0xa31234, 7), Want: `{id=V4L2_CTRL_CLASS_DETECT+0x1234, value=7}) = 0`},
		{Request: "VIDIOC_G_CTRL", Before: LE(0x123, 0), Errno: tables.EINVAL, Want: `{id=0x123 /* V4L2_CID_??? */}) = -1 EINVAL (Invalid argument)`},
		{Request: "VIDIOC_QUERYCTRL", Before: LE(uint32(0x80000000), zeros(64)), After: LE(cid, 1, "Brightness\x00", zeros(21), zeros(28)),
			Want: `{id=V4L2_CTRL_FLAG_NEXT_CTRL|0 /* V4L2_CID_??? */ => V4L2_CID_BRIGHTNESS, type=V4L2_CTRL_TYPE_INTEGER, name="Brightness", ...}) = 0`},
		{Request: "VIDIOC_QUERYCTRL", Full: true, Before: LE(cid, 1, zeros(32), -1, 100, 1, 50, 0, zeros(8)),
			Want: `{id=V4L2_CID_BRIGHTNESS, type=V4L2_CTRL_TYPE_INTEGER, name="", minimum=-1, maximum=100, step=1, default_value=50, flags=0}) = 0`},
		// A menu item may have a name or a value: both are shown.
		{Request: "VIDIOC_QUERYMENU", Before: LE(cid, 1, zeros(36)), After: LE(cid, 1, "\x41\x00", zeros(34)),
			Want: `{id=V4L2_CID_BRIGHTNESS, index=1} => {name="A", value=65}) = 0`},
		{Request: "VIDIOC_ENUM_FRAMESIZES", Before: LE(0, yuyv, zeros(36)), After: LE(0, yuyv, 1, 640, 480, zeros(24)),
			Want: `{index=0, pixel_format=v4l2_fourcc('Y', 'U', 'Y', 'V') /* V4L2_PIX_FMT_YUYV */, type=V4L2_FRMSIZE_TYPE_DISCRETE, discrete={width=640, height=480}}) = 0`},
		{Request: "VIDIOC_ENUM_FRAMEINTERVALS", Before: LE(0, yuyv, 640, 480, 1, 1, 30, zeros(24)),
			Want: `{index=0, pixel_format=v4l2_fourcc('Y', 'U', 'Y', 'V') /* V4L2_PIX_FMT_YUYV */, width=640, height=480, type=V4L2_FRMIVAL_TYPE_DISCRETE, discrete=1/30}) = 0`},
		{Request: "VIDIOC_G_CROP", Before: LE(1, -8, 8, 640, 480),
			Want: `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, c={left=-8, top=8, width=640, height=480}}) = 0`},
		{Request: "VIDIOC_CROPCAP", Before: none, Want: `0x7000) = 0`},
	} {
		tt.Want = "ioctl(3, " + tt.Request + ", " + tt.Want
		tt.Run(t)
	}
}

// TestVideoIoctlsByABI checks requests whose structs contain pointers or times.
func TestVideoIoctlsByABI(t *testing.T) {
	const clips, controls, text = 0x8000, 0x9000, 0xa000
	native, compat := []tables.ABI{tables.X86_64}, []tables.ABI{tables.I386}
	rect := LE(1, 2, 3, 4)
	zeros := func(n int) []byte { return make([]byte, n) }

	overlay := func(count int) []byte { return LE(3, 0, rect, 1, 0, uint64(clips), count, 0, uint64(0), zeros(152)) }
	const shown = `{type=V4L2_BUF_TYPE_VIDEO_OVERLAY, fmt.win={w={left=1, top=2, width=3, height=4}, field=V4L2_FIELD_NONE, chromakey=0, `
	clip := FakeMemory{clips: LE(rect, uint64(0))}
	control := func(id, size int, value uint64) []byte { return LE(id, size, 0, value) }
	set := FakeMemory{controls: append(control(0x980900, 0, 1<<32|7), control(0x980901, 2, text)...), text: []byte("ab")}
	extControls := func(count, errorIdx int) []byte { return LE(0x980000, count, errorIdx, 0, 0, 0, uint64(controls)) }
	const two = `controls=[{id=V4L2_CID_BRIGHTNESS, size=0, value=7, value64=4294967303}, {id=V4L2_CID_CONTRAST, size=2, string="ab"}]`

	for _, tt := range []IoctlTest{
		{Request: "VIDIOC_S_FMT", Before: overlay(1), More: clip,
			Want: shown + `clips=[{c={left=1, top=2, width=3, height=4}}], clipcount=1, bitmap=NULL}}` +
				` => {fmt.win={w={left=1, top=2, width=3, height=4}, field=V4L2_FIELD_NONE, chromakey=0, clips=[{c={left=1, top=2, width=3, height=4}}], clipcount=1, bitmap=NULL}}) = 0`},
		// A format is not shown again if it could not be shown completely.
		{Request: "VIDIOC_S_FMT", Before: overlay(2), More: clip,
			Want: shown + `clips=[{c={left=1, top=2, width=3, height=4}}, ... /* 0x8018 */], clipcount=2, bitmap=NULL}}) = 0`},
		{Request: "VIDIOC_S_FMT", Before: overlay(0), More: clip, Want: shown + `clips=[], clipcount=0, bitmap=NULL}}) = 0`},
		{Request: "VIDIOC_S_FMT", Before: LE(99, zeros(204)), Want: `{type=0x63 /* V4L2_BUF_TYPE_??? */}) = 0`},
		{Request: "VIDIOC_G_FMT", Before: LE(13, 0, 0x48505356, 512, zeros(192)),
			Want: `{type=V4L2_BUF_TYPE_META_CAPTURE, fmt.meta={dataformat=v4l2_fourcc('V', 'S', 'P', 'H') /* V4L2_META_FMT_VSP1_HGO */, buffersize=512}}) = 0`},
		{Request: "VIDIOC_CREATE_BUFS", Before: LE(0, 4, 1, 0, 99, zeros(240)), After: LE(2, 3, 1, 0, 99, zeros(240)),
			Want: `{count=4, memory=V4L2_MEMORY_MMAP, format={type=0x63 /* V4L2_BUF_TYPE_??? */}}) = 0 ({index=2, count=3})`},
		// Controls are shown again even if they could not be set.
		{Request: "VIDIOC_S_EXT_CTRLS", Before: extControls(2, 1), More: set, Errno: tables.ERANGE,
			Want: `{ctrl_class=V4L2_CTRL_CLASS_USER, count=2, ` + two + `} => {` + two + `, error_idx=1}) = -1 ERANGE (Numerical result out of range)`},
		{Request: "VIDIOC_S_EXT_CTRLS", Before: extControls(0, 1), Errno: tables.EINVAL,
			Want: `{ctrl_class=V4L2_CTRL_CLASS_USER, count=0}) = -1 EINVAL (Invalid argument)`},
		{Request: "VIDIOC_G_EXT_CTRLS", Before: extControls(1, 1), Errno: tables.EINVAL,
			Want: `{ctrl_class=V4L2_CTRL_CLASS_USER, count=1, controls=0x9000, error_idx=1}) = -1 EINVAL (Invalid argument)`},
	} {
		tt.Want = "ioctl(3, " + tt.Request + ", " + tt.Want
		tt.Abis = native
		tt.Run(t)
	}

	const buffer = `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, index=1, memory=V4L2_MEMORY_MMAP, m.offset=0x4000, length=2, bytesused=0,` +
		` flags=V4L2_BUF_FLAG_DONE|V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC|V4L2_BUF_FLAG_TSTAMP_SRC_EOF, timestamp={tv_sec=-1, tv_usec=5}, ...}) = 0`
	head, code := LE(1, 1, 0, 0x2004, 0), zeros(16)
	for _, tt := range []IoctlTest{
		{Request: "VIDIOC_DQBUF", Abis: native, Before: LE(head, 0, int64(-1), int64(5), code, 0, 1, uint64(0x4000), 2, 0, 0, 0)},
		{Request: "VIDIOC_DQBUF", Abis: compat, Before: LE(head, int64(-1), int64(5), code, 0, 1, 0x4000, 2, 0, 0)},
		{Request: "VIDIOC_DQBUF_TIME32", Abis: native, Before: LE(head, -1, 5, code, 0, 1, 0, uint64(0x4000), 2, 0, 0, 0)},
		{Request: "VIDIOC_DQBUF_TIME32", Abis: compat, Before: LE(head, -1, 5, code, 0, 1, 0x4000, 2, 0, 0)},
	} {
		tt.Want = "ioctl(3, " + tt.Request + ", " + buffer
		tt.Run(t)
	}
}
