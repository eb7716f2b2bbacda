package ioctl

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/tables"
)

// Block devices: linux/fs.h, linux/blkpg.h, linux/blktrace_api.h,
// linux/blkzoned.h, linux/hdreg.h, linux/loop.h, linux/nbd.h.

var blockIoctls = Ioctls{
	{"BLKRASET BLKFRASET", Ulong},
	{"BLKSECTGET BLKROTATIONAL", &Out{To: U16}},
	{"BLKROGET BLKBSZGET BLKSSZGET BLKALIGNOFF", &Out{To: Int}},
	{"BLKROSET BLKBSZSET", &Ptr{To: Int}},
	{"BLKPBSZGET BLKIOMIN BLKIOOPT BLKDISCARDZEROES BLKGETZONESZ BLKGETNRZONES", &Out{To: Uint}},
	{"BLKRAGET BLKFRAGET", &Out{To: Long}},
	{"BLKGETSIZE", &Out{To: Ulong}},
	{"BLKGETSIZE64 BLKGETDISKSEQ", &Out{To: U64}},
	{"BLKDISCARD BLKSECDISCARD BLKZEROOUT", &Ptr{To: &Array{Of: U64, N: 2, Whole: true}}},
	{"BLKPG", &Ptr{To: blkpgIoctlArg}},
	{"BLKTRACESETUP", &Fill{
		In:  &Struct{Of: blkUserTraceSetup, Pick: Names{"act_mask", "buf_size", "buf_nr", "start_lba", "end_lba", "pid"}},
		Out: &Struct{Of: blkUserTraceSetup, Pick: Names{"name"}}}},
	{"BLKRRPART BLKFLSBUF BLKTRACESTART BLKTRACESTOP BLKTRACETEARDOWN", nil},
}

var blkpgIoctlArg = &Struct{Fields: Fields{
	{"op", &Enum{Set: &tables.BlkpgOps}},
	{"flags", Int},
	{"datalen", Int},
	{"data", &Ptr{To: blkpgPartition}},
}}

var blkpgPartition = &Struct{Fields: Fields{
	{"start", S64},
	{"length", S64},
	{"pno", Int},
	{"devname", CharArray(64)},
	{"volname", CharArray(64)},
}}

var blkUserTraceSetup = &Struct{Fields: Fields{
	{"name", CharArray(32)},
	{"act_mask", U16},
	{"buf_size", U32},
	{"buf_nr", U32},
	{"start_lba", U64},
	{"end_lba", U64},
	{"pid", PIDOf(ThreadGroup)},
}}

var hdioIoctls = Ioctls{
	{"HDIO_GETGEO", &Out{To: hdGeometry}},
	{"HDIO_DRIVE_CMD", &Change{In: hdDriveCmd, Out: hdDriveStatus, If: Test(driveAnswered)}},
}

// nativeHdioIoctls are requests that the kernel accepts only from programs of its
// own ABI.
var nativeHdioIoctls = Ioctls{
	{"HDIO_OBSOLETE_IDENTITY", &NamedArgument{Name: "identity", Of: &Out{To: &Bytes{Len: Const(142)}}}},
	{"HDIO_GET_IDENTITY", &NamedArgument{Name: "identity", Of: &Out{To: &Bytes{Len: Const(512)}}}},
	{"HDIO_GET_UNMASKINTR", &NamedArgument{Name: "unmaskintr", Of: &Out{To: Ulong}}},
	{"HDIO_SET_UNMASKINTR", &NamedArgument{Name: "unmaskintr", Of: Ulong}},
	{"HDIO_GET_MULTCOUNT", &NamedArgument{Name: "multcount", Of: &Out{To: Ulong}}},
	{"HDIO_SET_MULTCOUNT", &NamedArgument{Name: "multcount", Of: Ulong}},
	{"HDIO_GET_KEEPSETTINGS", &NamedArgument{Name: "keep_settings", Of: &Out{To: Ulong}}},
	{"HDIO_SET_KEEPSETTINGS", &NamedArgument{Name: "keep_settings", Of: Ulong}},
	{"HDIO_GET_32BIT HDIO_GET_NOWERR HDIO_GET_DMA HDIO_GET_WCACHE HDIO_GET_ACOUSTIC HDIO_GET_ADDRESS", &NamedArgument{Name: "arg", Of: &Out{To: Ulong}}},
	{"HDIO_SET_32BIT HDIO_SET_NOWERR HDIO_SET_DMA HDIO_SET_WCACHE HDIO_SET_ACOUSTIC HDIO_SET_ADDRESS", &NamedArgument{Name: "arg", Of: Ulong}},
	{"HDIO_SET_PIO_MODE HDIO_UNREGISTER_HWIF", &NamedArgument{Name: "arg", Of: Ulong}},
	{"HDIO_GET_NICE", &NamedArgument{Name: "arg", Of: &Out{To: &Flags{In: Xlong, Set: &tables.HdioNice}}}},
	{"HDIO_SET_NICE", &NamedArgument{Name: "arg", Of: &Flags{In: Xlong, Set: &tables.HdioNice}}},
	{"HDIO_GET_BUSSTATE", &NamedArgument{Name: "arg", Of: &Out{To: &Enum{In: Xlong, Set: &tables.HdioBusstates}}}},
	{"HDIO_SET_BUSSTATE", &NamedArgument{Name: "arg", Of: &Enum{In: Xlong, Set: &tables.HdioBusstates}}},
	{"HDIO_DRIVE_RESET HDIO_SCAN_HWIF", &NamedArgument{Name: "arg", Of: &Ptr{To: &List{Of: X32, Count: Func(func(*Call) uint64 { return 3 })}}}},
}

var hdGeometry = &Struct{Fields: Fields{
	{"heads", U8}, {"sectors", U8}, {"cylinders", U16}, {"start", Ulong},
}}

// hdDriveCmd is the argument of HDIO_DRIVE_CMD (struct hd_drive_cmd_hdr).
// hdDriveStatus is what replaces it.
var (
	hdDriveCmd = &Struct{Fields: Fields{
		{"command", &Enum{In: X8, Set: &tables.HdioDriveCmds}},
		{"sector_number", U8},
		{"feature", U8},
		{"sector_count", U8},
	}}
	hdDriveStatus = &Struct{Fields: Fields{
		{"status", X8},
		{"error", U8},
		{"nsector", U8},
		{"sector_count", Hidden{U8}},
		{"buf", &When{If: Not{&Is{N: Ref("sector_count"), Values: Nums{0}}}, Then: &Bytes{Len: Func(func(c *Call) uint64 {
			return 512 * Ref("sector_count").Num(c)
		}), Kind: Binary}}},
	}}
)

// driveAnswered reports whether a drive has executed a command, even if the
// command failed.
func driveAnswered(c *Call) bool { return !c.Failed() || c.Errno == int(tables.EIO) }

var loopIoctls = Ioctls{
	{"LOOP_GET_STATUS", &Out{To: loopInfo}},
	{"LOOP_SET_STATUS", &Ptr{To: loopInfo}},
	{"LOOP_GET_STATUS64", &Out{To: loopInfo64}},
	{"LOOP_SET_STATUS64", &Ptr{To: loopInfo64}},
	{"LOOP_CONFIGURE", &Ptr{To: loopConfig}},
	{"LOOP_CLR_FD LOOP_SET_CAPACITY LOOP_CTL_GET_FREE", nil},
	{"LOOP_SET_FD LOOP_CHANGE_FD", FD},
	{"LOOP_CTL_ADD LOOP_CTL_REMOVE", Int},
	{"LOOP_SET_DIRECT_IO LOOP_SET_BLOCK_SIZE", Ulong},
}

// loKeySize is LO_KEY_SIZE.
const loKeySize = 32

var loopInfo = &Struct{Fields: Fields{
	{"lo_number", Int},
	{"lo_device", Verbose{oldKernelDev{}}},
	{"lo_inode", Verbose{Ulong}},
	{"lo_rdevice", Verbose{oldKernelDev{}}},
	{"lo_offset", X32},
	{"lo_encrypt_type", &When{If: Test(loopEncrypted), Then: &Enum{In: X32, Set: &tables.LoopCryptTypes}}},
	{"lo_encrypt_key_size", &When{If: Test(loopEncrypted), Then: U32}},
	{"lo_flags", &Flags{Set: &tables.LoopFlags}},
	{"lo_name", CharArray(64)},
	{"lo_encrypt_key", &When{If: Test(loopEncrypted), Then: &Chars{N: loKeySize, Len: Ref("lo_encrypt_key_size")}}},
	{"lo_init", Verbose{&Array{Of: Xlong, N: 2, Whole: true}}},
	{"reserved", Verbose{&Array{Of: X8, N: 4, Whole: true}}},
}}

var loopInfo64 = &Struct{Fields: Fields{
	{"lo_device", Verbose{Dev64}},
	{"lo_inode", Verbose{U64}},
	{"lo_rdevice", Verbose{Dev64}},
	{"lo_offset", X64},
	{"lo_sizelimit", Verbose{U64}},
	{"lo_number", U32},
	{"lo_encrypt_type", &When{If: Test(loopEncrypted), Then: &Enum{Set: &tables.LoopCryptTypes}}},
	{"lo_encrypt_key_size", &When{If: Test(loopEncrypted), Then: U32}},
	{"lo_flags", &Flags{Set: &tables.LoopFlags}},
	{"lo_file_name", CharArray(64)},
	{"lo_crypt_name", &When{If: Test(loopEncrypted), Then: CharArray(64)}},
	{"lo_encrypt_key", &When{If: Test(loopEncrypted), Then: &Chars{N: loKeySize, Len: Ref("lo_encrypt_key_size")}}},
	{"lo_init", Verbose{&Array{Of: X64, N: 2, Whole: true}}},
}}

// loopEncrypted reports whether the details of the encryption are shown. Without
// -v they are omitted if there is no encryption.
func loopEncrypted(c *Call) bool { return !c.Abbrev || Ref("lo_encrypt_type").Num(c) != 0 }

var loopConfig = &Struct{Fields: Fields{
	{"fd", FD},
	{"block_size", U32},
	{"info", loopInfo64},
	{"__reserved", Reserved{&Array{Of: X64, N: 8, Whole: true}}},
}}

// oldKernelDev is __kernel_old_dev_t.
type oldKernelDev struct{}

// Layout implements Type.
func (oldKernelDev) Layout(abi tables.ABI) Layout {
	if abi == tables.I386 {
		return Layout{Size: 2, Align: 2}
	}
	return Ulong.Layout(abi)
}

func (t oldKernelDev) Show(c *Call, v View) { ShowDevice(c, v.Uint(t.Layout(c.ABI).Size)) }

var nbdIoctls = Ioctls{
	{"NBD_CLEAR_QUE NBD_CLEAR_SOCK NBD_DISCONNECT NBD_DO_IT NBD_PRINT_DEBUG", nil},
	{"NBD_SET_SOCK", FD},
	{"NBD_SET_BLKSIZE NBD_SET_SIZE NBD_SET_SIZE_BLOCKS NBD_SET_TIMEOUT", Ulong},
	{"NBD_SET_FLAGS", &Flags{Set: &tables.NbdFlags}},
}
