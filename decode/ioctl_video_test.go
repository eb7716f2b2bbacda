package decode

import (
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

func TestVideoIoctls(t *testing.T) {
	const (
		yuyv = 0x56595559
		cid  = 0x00980900 // V4L2_CID_BRIGHTNESS
	)
	zeros := func(n int) []byte { return make([]byte, n) }
	none := zeros(0)
	for _, tt := range []ioctlTest{
		{request: "VIDIOC_QUERYCAP", before: zeros(104),
			after: le("vivid\x00", zeros(10), "card\x00", zeros(27), "bus", zeros(29), 6<<16|18<<8|3, 0x80000001, 1, zeros(12)),
			want: `{driver="vivid", card="card", bus_info="bus", version=KERNEL_VERSION(6, 18, 3),` +
				` capabilities=V4L2_CAP_VIDEO_CAPTURE|V4L2_CAP_DEVICE_CAPS, device_caps=V4L2_CAP_VIDEO_CAPTURE}) = 0`},
		{request: "VIDIOC_QUERYCAP", before: zeros(104), errno: unix.ENOTTY, want: `0x7000) = -1 ENOTTY (Inappropriate ioctl for device)`},
		{request: "VIDIOC_QUERYCAP", before: zeros(103), want: `0x7000) = 0`},
		{request: "VIDIOC_ENUM_FMT", before: le(2, 1, zeros(56)), errno: unix.EINVAL,
			want: `{index=2, type=V4L2_BUF_TYPE_VIDEO_CAPTURE}) = -1 EINVAL (Invalid argument)`},
		{request: "VIDIOC_ENUM_FMT", before: le(0, 1, 1, "YUYV 4:2:2\x00", zeros(21), yuyv, zeros(16)),
			want: `{index=0, type=V4L2_BUF_TYPE_VIDEO_CAPTURE, flags=V4L2_FMT_FLAG_COMPRESSED, description="YUYV 4:2:2",` +
				` pixelformat=v4l2_fourcc('Y', 'U', 'Y', 'V') /* V4L2_PIX_FMT_YUYV */}) = 0`},
		{request: "VIDIOC_ENUM_FMT", before: le(0, 1, 0, zeros(32), uint32(0xff5c2707), zeros(16)),
			want: `{index=0, type=V4L2_BUF_TYPE_VIDEO_CAPTURE, flags=0, description="",` +
				` pixelformat=v4l2_fourcc('\x07', '\'', '\\', '\xff')}) = 0`},
		// A count is shown again where it changes.
		{request: "VIDIOC_REQBUFS", before: le(4, 1, 1, zeros(8)), after: le(2, 1, 1, zeros(8)),
			want: `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, memory=V4L2_MEMORY_MMAP, count=4 => 2}) = 0`},
		{request: "VIDIOC_REQBUFS", before: le(4, 1, 1, zeros(8)),
			want: `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, memory=V4L2_MEMORY_MMAP, count=4}) = 0`},
		{request: "VIDIOC_EXPBUF", before: le(1, 0, 0, unix.O_CLOEXEC, zeros(48)), after: le(1, 0, 0, unix.O_CLOEXEC, 5, zeros(44)),
			want: `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, index=0, plane=0, flags=O_RDONLY|O_CLOEXEC} => {fd=5}) = 0`},
		{request: "VIDIOC_STREAMON", before: le(1), want: `[V4L2_BUF_TYPE_VIDEO_CAPTURE]) = 0`},
		// Parameters of other types than capture and output are not shown.
		{request: "VIDIOC_S_PARM", before: le(1, 0x1000, 0, 1, 30, zeros(200)), after: le(1, 0x1000, 0, 1, 25, zeros(200)),
			want: `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, parm.capture={capability=V4L2_CAP_TIMEPERFRAME, capturemode=0, timeperframe=1/30, extendedmode=0, readbuffers=0}}` +
				` => {parm.capture={capability=V4L2_CAP_TIMEPERFRAME, capturemode=0, timeperframe=1/25, extendedmode=0, readbuffers=0}}) = 0`},
		{request: "VIDIOC_S_PARM", before: le(3, zeros(200)), want: `{type=V4L2_BUF_TYPE_VIDEO_OVERLAY}) = 0`},
		{request: "VIDIOC_S_STD", before: le(uint64(0xb000)), want: `[0xb000]) = 0`},
		{request: "VIDIOC_S_CTRL", before: le(cid, -1), after: le(cid, 0), want: `{id=V4L2_CID_BRIGHTNESS, value=-1 => 0}) = 0`},
		{request: "VIDIOC_G_CTRL", before: le(0xa31234, 0), after: le(0xa31234, 7), want: `{id=V4L2_CTRL_CLASS_DETECT+0x1234, value=7}) = 0`},
		{request: "VIDIOC_G_CTRL", before: le(0x123, 0), errno: unix.EINVAL, want: `{id=0x123 /* V4L2_CID_??? */}) = -1 EINVAL (Invalid argument)`},
		{request: "VIDIOC_QUERYCTRL", before: le(uint32(0x80000000), zeros(64)), after: le(cid, 1, "Brightness\x00", zeros(21), zeros(28)),
			want: `{id=V4L2_CTRL_FLAG_NEXT_CTRL|0 /* V4L2_CID_??? */ => V4L2_CID_BRIGHTNESS, type=V4L2_CTRL_TYPE_INTEGER, name="Brightness", ...}) = 0`},
		{request: "VIDIOC_QUERYCTRL", full: true, before: le(cid, 1, zeros(32), -1, 100, 1, 50, 0, zeros(8)),
			want: `{id=V4L2_CID_BRIGHTNESS, type=V4L2_CTRL_TYPE_INTEGER, name="", minimum=-1, maximum=100, step=1, default_value=50, flags=0}) = 0`},
		// A menu item may have a name or a value: both are shown.
		{request: "VIDIOC_QUERYMENU", before: le(cid, 1, zeros(36)), after: le(cid, 1, "\x41\x00", zeros(34)),
			want: `{id=V4L2_CID_BRIGHTNESS, index=1} => {name="A", value=65}) = 0`},
		{request: "VIDIOC_ENUM_FRAMESIZES", before: le(0, yuyv, zeros(36)), after: le(0, yuyv, 1, 640, 480, zeros(24)),
			want: `{index=0, pixel_format=v4l2_fourcc('Y', 'U', 'Y', 'V') /* V4L2_PIX_FMT_YUYV */, type=V4L2_FRMSIZE_TYPE_DISCRETE, discrete={width=640, height=480}}) = 0`},
		{request: "VIDIOC_ENUM_FRAMEINTERVALS", before: le(0, yuyv, 640, 480, 1, 1, 30, zeros(24)),
			want: `{index=0, pixel_format=v4l2_fourcc('Y', 'U', 'Y', 'V') /* V4L2_PIX_FMT_YUYV */, width=640, height=480, type=V4L2_FRMIVAL_TYPE_DISCRETE, discrete=1/30}) = 0`},
		{request: "VIDIOC_G_CROP", before: le(1, -8, 8, 640, 480),
			want: `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, c={left=-8, top=8, width=640, height=480}}) = 0`},
		{request: "VIDIOC_CROPCAP", before: none, want: `0x7000) = 0`},
	} {
		tt.want = "ioctl(3, " + tt.request + ", " + tt.want
		tt.run(t)
	}
}

// Requests whose structs have pointers or times.
func TestVideoIoctlsByABI(t *testing.T) {
	const clips, controls, text = 0x8000, 0x9000, 0xa000
	native, compat := []tables.ABI{tables.X86_64}, []tables.ABI{tables.I386}
	rect := le(1, 2, 3, 4)
	zeros := func(n int) []byte { return make([]byte, n) }

	overlay := func(count int) []byte { return le(3, 0, rect, 1, 0, uint64(clips), count, 0, uint64(0), zeros(152)) }
	const shown = `{type=V4L2_BUF_TYPE_VIDEO_OVERLAY, fmt.win={w={left=1, top=2, width=3, height=4}, field=V4L2_FIELD_NONE, chromakey=0, `
	clip := fakeMemory{clips: le(rect, uint64(0))}
	control := func(id, size int, value uint64) []byte { return le(id, size, 0, value) }
	set := fakeMemory{controls: append(control(0x980900, 0, 1<<32|7), control(0x980901, 2, text)...), text: []byte("ab")}
	extControls := func(count, errorIdx int) []byte { return le(0x980000, count, errorIdx, 0, 0, 0, uint64(controls)) }
	const two = `controls=[{id=V4L2_CID_BRIGHTNESS, size=0, value=7, value64=4294967303}, {id=V4L2_CID_CONTRAST, size=2, string="ab"}]`

	for _, tt := range []ioctlTest{
		{request: "VIDIOC_S_FMT", before: overlay(1), more: clip,
			want: shown + `clips=[{c={left=1, top=2, width=3, height=4}}], clipcount=1, bitmap=NULL}}` +
				` => {fmt.win={w={left=1, top=2, width=3, height=4}, field=V4L2_FIELD_NONE, chromakey=0, clips=[{c={left=1, top=2, width=3, height=4}}], clipcount=1, bitmap=NULL}}) = 0`},
		// A format is not shown again where it could not be shown whole.
		{request: "VIDIOC_S_FMT", before: overlay(2), more: clip,
			want: shown + `clips=[{c={left=1, top=2, width=3, height=4}}, ... /* 0x8018 */], clipcount=2, bitmap=NULL}}) = 0`},
		{request: "VIDIOC_S_FMT", before: overlay(0), more: clip, want: shown + `clips=[], clipcount=0, bitmap=NULL}}) = 0`},
		{request: "VIDIOC_S_FMT", before: le(99, zeros(204)), want: `{type=0x63 /* V4L2_BUF_TYPE_??? */}) = 0`},
		{request: "VIDIOC_G_FMT", before: le(13, 0, 0x48505356, 512, zeros(192)),
			want: `{type=V4L2_BUF_TYPE_META_CAPTURE, fmt.meta={dataformat=v4l2_fourcc('V', 'S', 'P', 'H') /* V4L2_META_FMT_VSP1_HGO */, buffersize=512}}) = 0`},
		{request: "VIDIOC_CREATE_BUFS", before: le(0, 4, 1, 0, 99, zeros(240)), after: le(2, 3, 1, 0, 99, zeros(240)),
			want: `{count=4, memory=V4L2_MEMORY_MMAP, format={type=0x63 /* V4L2_BUF_TYPE_??? */}}) = 0 ({index=2, count=3})`},
		// Controls are shown again even when they could not be set.
		{request: "VIDIOC_S_EXT_CTRLS", before: extControls(2, 1), more: set, errno: unix.ERANGE,
			want: `{ctrl_class=V4L2_CTRL_CLASS_USER, count=2, ` + two + `} => {` + two + `, error_idx=1}) = -1 ERANGE (Numerical result out of range)`},
		{request: "VIDIOC_S_EXT_CTRLS", before: extControls(0, 1), errno: unix.EINVAL,
			want: `{ctrl_class=V4L2_CTRL_CLASS_USER, count=0}) = -1 EINVAL (Invalid argument)`},
		{request: "VIDIOC_G_EXT_CTRLS", before: extControls(1, 1), errno: unix.EINVAL,
			want: `{ctrl_class=V4L2_CTRL_CLASS_USER, count=1, controls=0x9000, error_idx=1}) = -1 EINVAL (Invalid argument)`},
	} {
		tt.want = "ioctl(3, " + tt.request + ", " + tt.want
		tt.abis = native
		tt.run(t)
	}

	const buffer = `{type=V4L2_BUF_TYPE_VIDEO_CAPTURE, index=1, memory=V4L2_MEMORY_MMAP, m.offset=0x4000, length=2, bytesused=0,` +
		` flags=V4L2_BUF_FLAG_DONE|V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC|V4L2_BUF_FLAG_TSTAMP_SRC_EOF, timestamp={tv_sec=-1, tv_usec=5}, ...}) = 0`
	head, code := le(1, 1, 0, 0x2004, 0), zeros(16)
	for _, tt := range []ioctlTest{
		{request: "VIDIOC_DQBUF", abis: native, before: le(head, 0, int64(-1), int64(5), code, 0, 1, uint64(0x4000), 2, 0, 0, 0)},
		{request: "VIDIOC_DQBUF", abis: compat, before: le(head, int64(-1), int64(5), code, 0, 1, 0x4000, 2, 0, 0)},
		{request: "VIDIOC_DQBUF_TIME32", abis: native, before: le(head, -1, 5, code, 0, 1, 0, uint64(0x4000), 2, 0, 0, 0)},
		{request: "VIDIOC_DQBUF_TIME32", abis: compat, before: le(head, -1, 5, code, 0, 1, 0x4000, 2, 0, 0)},
	} {
		tt.want = "ioctl(3, " + tt.request + ", " + buffer
		tt.run(t)
	}
}
