package ioctl

import (
	"golang.org/x/sys/unix"

	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// Block devices: linux/fs.h, linux/blkpg.h, linux/blktrace_api.h,
// linux/blkzoned.h, linux/hdreg.h, linux/loop.h, linux/nbd.h.

var blockIoctls = Ioctls{
	{"BLKRASET BLKFRASET", Ulong},
	{"BLKSECTGET BLKROTATIONAL", Out(U16)},
	{"BLKROGET BLKBSZGET BLKSSZGET BLKALIGNOFF", Out(Int)},
	{"BLKROSET BLKBSZSET", Ptr(Int)},
	{"BLKPBSZGET BLKIOMIN BLKIOOPT BLKDISCARDZEROES BLKGETZONESZ BLKGETNRZONES", Out(Uint)},
	{"BLKRAGET BLKFRAGET", Out(Long)},
	{"BLKGETSIZE", Out(Ulong)},
	{"BLKGETSIZE64 BLKGETDISKSEQ", Out(U64)},
	{"BLKDISCARD BLKSECDISCARD BLKZEROOUT", Ptr(WholeArray(U64, 2))},
	{"BLKPG", Ptr(blkpgIoctlArg)},
	{"BLKTRACESETUP", Fill(
		blkUserTraceSetup.Pick("act_mask", "buf_size", "buf_nr", "start_lba", "end_lba", "pid"),
		blkUserTraceSetup.Pick("name"))},
	{"BLKRRPART BLKFLSBUF BLKTRACESTART BLKTRACESTOP BLKTRACETEARDOWN", nil},
}

var blkpgIoctlArg = Struct(Fields{
	{"op", Enum(tables.BlkpgOps)},
	{"flags", Int},
	{"datalen", Int},
	{"data", Ptr(blkpgPartition)},
})

var blkpgPartition = Struct(Fields{
	{"start", S64},
	{"length", S64},
	{"pno", Int},
	{"devname", CharArray(64)},
	{"volname", CharArray(64)},
})

var blkUserTraceSetup = Struct(Fields{
	{"name", CharArray(32)},
	{"act_mask", U16},
	{"buf_size", U32},
	{"buf_nr", U32},
	{"start_lba", U64},
	{"end_lba", U64},
	{"pid", PIDOf(ThreadGroup)},
})

var hdioIoctls = Ioctls{
	{"HDIO_GETGEO", Out(hdGeometry)},
	{"HDIO_DRIVE_CMD", ChangeIf(driveAnswered, Ptr(hdDriveCmd), OutAlways(hdDriveStatus))},
}

// nativeHdioIoctls are the ones the kernel takes from its own ABI's programs
// only.
var nativeHdioIoctls = Ioctls{
	{"HDIO_OBSOLETE_IDENTITY", Called("identity", Out(Buf(Const(142))))},
	{"HDIO_GET_IDENTITY", Called("identity", Out(Buf(Const(512))))},
	{"HDIO_GET_UNMASKINTR", Called("unmaskintr", Out(Ulong))},
	{"HDIO_SET_UNMASKINTR", Called("unmaskintr", Ulong)},
	{"HDIO_GET_MULTCOUNT", Called("multcount", Out(Ulong))},
	{"HDIO_SET_MULTCOUNT", Called("multcount", Ulong)},
	{"HDIO_GET_KEEPSETTINGS", Called("keep_settings", Out(Ulong))},
	{"HDIO_SET_KEEPSETTINGS", Called("keep_settings", Ulong)},
	{"HDIO_GET_32BIT HDIO_GET_NOWERR HDIO_GET_DMA HDIO_GET_WCACHE HDIO_GET_ACOUSTIC HDIO_GET_ADDRESS", Called("arg", Out(Ulong))},
	{"HDIO_SET_32BIT HDIO_SET_NOWERR HDIO_SET_DMA HDIO_SET_WCACHE HDIO_SET_ACOUSTIC HDIO_SET_ADDRESS", Called("arg", Ulong)},
	{"HDIO_SET_PIO_MODE HDIO_UNREGISTER_HWIF", Called("arg", Ulong)},
	{"HDIO_GET_NICE", Called("arg", Out(FlagsOf(Xlong, tables.HdioNice)))},
	{"HDIO_SET_NICE", Called("arg", FlagsOf(Xlong, tables.HdioNice))},
	{"HDIO_GET_BUSSTATE", Called("arg", Out(EnumOf(Xlong, tables.HdioBusstates)))},
	{"HDIO_SET_BUSSTATE", Called("arg", EnumOf(Xlong, tables.HdioBusstates))},
	{"HDIO_DRIVE_RESET HDIO_SCAN_HWIF", Called("arg", Ptr(Array(X32, Func(func(*Call) uint64 { return 3 }))))},
}

var hdGeometry = Struct(Fields{
	{"heads", U8}, {"sectors", U8}, {"cylinders", U16}, {"start", Ulong},
})

// hdDriveCmd is what HDIO_DRIVE_CMD takes (struct hd_drive_cmd_hdr), and
// hdDriveStatus what it leaves in its place.
var (
	hdDriveCmd = Struct(Fields{
		{"command", EnumOf(X8, tables.HdioDriveCmds)},
		{"sector_number", U8},
		{"feature", U8},
		{"sector_count", U8},
	})
	hdDriveStatus = Struct(Fields{
		{"status", X8},
		{"error", U8},
		{"nsector", U8},
		{"sector_count", Unseen(U8)},
		{"buf", When(Not(Is(Ref("sector_count"), 0)), Binary(Func(func(c *Call) uint64 {
			return 512 * Ref("sector_count").Num(c)
		})))},
	})
)

// driveAnswered says that a drive executed a command, even if that failed.
func driveAnswered(c *Call) bool { return !c.Failed() || c.Errno == int(unix.EIO) }

var loopIoctls = Ioctls{
	{"LOOP_GET_STATUS", Out(loopInfo)},
	{"LOOP_SET_STATUS", Ptr(loopInfo)},
	{"LOOP_GET_STATUS64", Out(loopInfo64)},
	{"LOOP_SET_STATUS64", Ptr(loopInfo64)},
	{"LOOP_CONFIGURE", Ptr(loopConfig)},
	{"LOOP_CLR_FD LOOP_SET_CAPACITY LOOP_CTL_GET_FREE", nil},
	{"LOOP_SET_FD LOOP_CHANGE_FD", FD},
	{"LOOP_CTL_ADD LOOP_CTL_REMOVE", Int},
	{"LOOP_SET_DIRECT_IO LOOP_SET_BLOCK_SIZE", Ulong},
}

// loKeySize is LO_KEY_SIZE.
const loKeySize = 32

var loopInfo = Struct(Fields{
	{"lo_number", Int},
	{"lo_device", Verbose(oldKernelDev)},
	{"lo_inode", Verbose(Ulong)},
	{"lo_rdevice", Verbose(oldKernelDev)},
	{"lo_offset", X32},
	{"lo_encrypt_type", When(loopEncrypted, EnumOf(X32, tables.LoopCryptTypes))},
	{"lo_encrypt_key_size", When(loopEncrypted, U32)},
	{"lo_flags", Flags(tables.LoopFlags)},
	{"lo_name", CharArray(64)},
	{"lo_encrypt_key", When(loopEncrypted, Chars(loKeySize, Ref("lo_encrypt_key_size")))},
	{"lo_init", Verbose(WholeArray(Xlong, 2))},
	{"reserved", Verbose(WholeArray(X8, 4))},
})

var loopInfo64 = Struct(Fields{
	{"lo_device", Verbose(Dev64)},
	{"lo_inode", Verbose(U64)},
	{"lo_rdevice", Verbose(Dev64)},
	{"lo_offset", X64},
	{"lo_sizelimit", Verbose(U64)},
	{"lo_number", U32},
	{"lo_encrypt_type", When(loopEncrypted, Enum(tables.LoopCryptTypes))},
	{"lo_encrypt_key_size", When(loopEncrypted, U32)},
	{"lo_flags", Flags(tables.LoopFlags)},
	{"lo_file_name", CharArray(64)},
	{"lo_crypt_name", When(loopEncrypted, CharArray(64))},
	{"lo_encrypt_key", When(loopEncrypted, Chars(loKeySize, Ref("lo_encrypt_key_size")))},
	{"lo_init", Verbose(WholeArray(X64, 2))},
})

// loopEncrypted leaves details of the encryption out of abbreviated structs
// when there is none.
func loopEncrypted(c *Call) bool { return !c.Abbrev || Ref("lo_encrypt_type").Num(c) != 0 }

var loopConfig = Struct(Fields{
	{"fd", FD},
	{"block_size", U32},
	{"info", loopInfo64},
	Reserved("__reserved", WholeArray(X64, 8)),
})

// oldKernelDev is __kernel_old_dev_t.
var oldKernelDev Type = &Device{Number: &Number{Layouts: kernelOldDev(), Signed: false, Base: output.Hex}}

var nbdIoctls = Ioctls{
	{"NBD_CLEAR_QUE NBD_CLEAR_SOCK NBD_DISCONNECT NBD_DO_IT NBD_PRINT_DEBUG", nil},
	{"NBD_SET_SOCK", FD},
	{"NBD_SET_BLKSIZE NBD_SET_SIZE NBD_SET_SIZE_BLOCKS NBD_SET_TIMEOUT", Ulong},
	{"NBD_SET_FLAGS", Flags(tables.NbdFlags)},
}

func kernelOldDev() Layouts {
	l := WordLayout()
	l[tables.I386] = Layout{Size: 2, Align: 2}
	return l
}
