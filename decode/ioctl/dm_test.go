package ioctl_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestDeviceMapperIoctls(t *testing.T) {
	const size, start = 400, 312
	// header is a struct dm_ioctl of version 4.37, followed by data.
	header := func(targets, flags uint32, data []byte) []byte {
		b := PackedBytes([8]uint32{4, 37, 0, size, start, targets, 1, flags}, [2]uint32{6, 0}, uint64(0xfd00), []byte("root"), make([]byte, 128-4), make([]byte, 136), data)
		return append(b, make([]byte, max(0, size-len(b)))...)
	}
	target := func(next uint32, params string) []byte {
		b := append(PackedBytes(uint64(0), uint64(2048), int32(0), next, []byte("linear"), make([]byte, 10)), params...)
		return append(b, make([]byte, 8-len(params)%8)...)
	}
	device := func(next uint32, event uint32) []byte {
		return PackedBytes(uint64(0xfd01), next, []byte("a\x00\x00\x00"), event, [2]uint32{})
	}
	for _, tt := range []IoctlTest{
		{Request: "DM_VERSION", Before: header(0, 0, nil),
			Want: `ioctl(3, DM_VERSION, [{version=[4, 37, 0], data_size=400, dev=makedev(0xfd, 0), name="root", flags=0}] => [{version=[4, 37, 0], data_size=400, dev=makedev(0xfd, 0), name="root", flags=0}]) = 0`},
		{Request: "DM_VERSION", Before: PackedBytes([4]uint32{3, 0, 0, size}, make([]byte, 300)), Errno: tables.EINVAL,
			Want: `ioctl(3, DM_VERSION, [{version=[3, 0, 0] /* unsupported device mapper ABI version */}]) = -1 EINVAL (Invalid argument)`},
		{Request: "DM_VERSION", Before: PackedBytes([4]uint32{4, 0, 0, 12}, make([]byte, 300)), Errno: tables.EINVAL,
			Want: `ioctl(3, DM_VERSION, [{version=[4, 0, 0], data_size=12 /* data_size too small */}]) = -1 EINVAL (Invalid argument)`},
		{Request: "DM_VERSION", Before: PackedBytes([4]uint32{4, 0, 0, 11}, make([]byte, 300)), Errno: tables.EINVAL,
			Want: `ioctl(3, DM_VERSION, 0x7000) = -1 EINVAL (Invalid argument)`},
		// After a failure the kernel's version and flags are shown.
		{Request: "DM_TABLE_CLEAR", Before: header(0, 0, nil), After: header(0, 1, nil), Errno: tables.ENXIO,
			Want: `ioctl(3, DM_TABLE_CLEAR, [{version=[4, 37, 0], data_size=400, dev=makedev(0xfd, 0), name="root", flags=0}] => [{version=[4, 37, 0], data_size=400, dev=makedev(0xfd, 0), name="root", flags=DM_READONLY_FLAG}]) = -1 ENXIO (No such device or address)`},
		// The event is used only to resume.
		{Request: "DM_DEV_SUSPEND", Before: header(0, 2, nil), Errno: tables.ENXIO,
			Want: `ioctl(3, DM_DEV_SUSPEND, [{version=[4, 37, 0], data_size=400, dev=makedev(0xfd, 0), name="root", flags=DM_SUSPEND_FLAG}]) = -1 ENXIO (No such device or address)`},
		{Request: "DM_DEV_SUSPEND", Before: header(0, 0, nil), Errno: tables.ENXIO,
			Want: `ioctl(3, DM_DEV_SUSPEND, [{version=[4, 37, 0], data_size=400, dev=makedev(0xfd, 0), name="root", event_nr=6, flags=0}]) = -1 ENXIO (No such device or address)`},
		{Request: "DM_TABLE_LOAD", Before: header(2, 0, append(target(40, "8:0 0"), target(48, "8:1 0")...)), Errno: tables.ENXIO, Full: true,
			Want: `ioctl(3, DM_TABLE_LOAD, [{version=[4, 37, 0], data_size=400, data_start=312, dev=makedev(0xfd, 0), name="root", target_count=2, flags=0}, {sector_start=0, length=2048, target_type="linear", string="8:0 0"}, ??? /* misplaced struct dm_target_spec */]) = -1 ENXIO (No such device or address)`},
		{Request: "DM_TABLE_STATUS", Before: header(0, 0, nil), After: header(1, 0, target(48, "x")), Full: true,
			Want: `ioctl(3, DM_TABLE_STATUS, [{version=[4, 37, 0], data_size=400, data_start=312, dev=makedev(0xfd, 0), name="root", flags=0}] => [{version=[4, 37, 0], data_size=400, data_start=312, dev=makedev(0xfd, 0), name="root", target_count=1, open_count=1, event_nr=6, flags=0}, {sector_start=0, length=2048, status=0, target_type="linear", string="x"}]) = 0`},
		{Request: "DM_LIST_DEVICES", Before: header(0, 0, nil), After: header(0, 0, append(device(28, 7), device(0, 0)...)), Full: true,
			Want: `ioctl(3, DM_LIST_DEVICES, [{version=[4, 37, 0], data_size=400, data_start=312, flags=0}] => [{version=[4, 37, 0], data_size=400, data_start=312, flags=0}, {dev=makedev(0xfd, 0x1), name="a", event_nr=7}, {dev=makedev(0xfd, 0x1), name="a"}]) = 0`},
		{Request: "DM_LIST_DEVICES", Before: header(0, 0, nil),
			Want: `ioctl(3, DM_LIST_DEVICES, [{version=[4, 37, 0], data_size=400, data_start=312, flags=0}] => [{version=[4, 37, 0], data_size=400, data_start=312, flags=0}, ...]) = 0`},
		{Request: "DM_TABLE_DEPS", Before: header(0, 0, PackedBytes(uint32(1), uint32(0), uint64(0x800))), Full: true,
			Want: `ioctl(3, DM_TABLE_DEPS, [{version=[4, 37, 0], data_size=400, data_start=312, dev=makedev(0xfd, 0), name="root", flags=0}] => [{version=[4, 37, 0], data_size=400, data_start=312, dev=makedev(0xfd, 0), name="root", target_count=0, open_count=1, event_nr=6, flags=0}, {count=1, deps=[makedev(0x8, 0)]}]) = 0`},
		{Request: "DM_TABLE_DEPS", Before: header(0, 0, PackedBytes(uint32(11), uint32(0), uint64(0x800))), Full: true,
			Want: `ioctl(3, DM_TABLE_DEPS, [{version=[4, 37, 0], data_size=400, data_start=312, dev=makedev(0xfd, 0), name="root", flags=0}] => [{version=[4, 37, 0], data_size=400, data_start=312, dev=makedev(0xfd, 0), name="root", target_count=0, open_count=1, event_nr=6, flags=0}, ??? /* misplaced struct dm_target_deps */]) = 0`},
		{Request: "DM_TARGET_MSG", Before: header(0, 0, append(PackedBytes(uint64(0)), "@stats_list"...)), After: header(0, 1<<16, []byte("0: 5")), Full: true,
			Want: `ioctl(3, DM_TARGET_MSG, [{version=[4, 37, 0], data_size=400, data_start=312, dev=makedev(0xfd, 0), name="root", flags=0}, {sector=0, message="@stats_list"}] => [{version=[4, 37, 0], data_size=400, data_start=312, dev=makedev(0xfd, 0), name="root", target_count=0, open_count=1, event_nr=6, flags=DM_DATA_OUT_FLAG}, {string="0: 5"}]) = 0`},
	} {
		tt.Run(t)
	}
}
