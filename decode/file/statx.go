package file

import (
	. "trapline/decode/kernel"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

// showStatxFlags shows the flags of statx(2): two bits say how to synchronize
// with a remote file system, the others are those of other calls with a path.
func showStatxFlags(c *Call, v uint64) {
	const types = tables.AT_STATX_FORCE_SYNC | tables.AT_STATX_DONT_SYNC
	sync, flags := v&types, v&^types
	if sync == 0 {
		c.Out.Enum(sync, &tables.StatxSync, output.Hex)
	} else {
		c.Out.Flags(sync, &tables.StatxSync, output.Hex)
	}
	if flags != 0 {
		c.Out.Join(output.Or)
		c.Out.Flags(flags, &tables.StatxFlags, output.Hex)
	}
}

var statxMask = &Flags{Set: &tables.StatxMask}

var statxTime = &Dated{Of: &Struct{Fields: Fields{{"tv_sec", S64}, {"tv_nsec", U32}, {"_", Pad(4)}}}}

// statx is struct statx. Its member stx_mask tells which members are filled.
var statx = &Struct{C: "statx", Fields: Fields{
	{"stx_mask", statxMask},
	{"stx_blksize", Verbose{U32}},
	{"stx_attributes", &Flags{In: X64, Set: &tables.StatxAttributes}},
	{"stx_nlink", Verbose{inStatx(tables.STATX_NLINK, U32)}},
	{"stx_uid", Verbose{inStatx(tables.STATX_UID, ID)}},
	{"stx_gid", Verbose{inStatx(tables.STATX_GID, ID)}},
	{"stx_mode", inStatx(tables.STATX_TYPE|tables.STATX_MODE, FileMode16)},
	{"_", Pad(2)},
	{"stx_ino", Verbose{inStatx(tables.STATX_INO, U64)}},
	{"stx_size", inStatx(tables.STATX_SIZE, U64)},
	{"stx_blocks", Verbose{inStatx(tables.STATX_BLOCKS, U64)}},
	{"stx_attributes_mask", Verbose{&Flags{In: X64, Set: &tables.StatxAttributes}}},
	{"stx_atime", Verbose{inStatx(tables.STATX_ATIME, statxTime)}},
	{"stx_btime", Verbose{inStatx(tables.STATX_BTIME, statxTime)}},
	{"stx_ctime", Verbose{inStatx(tables.STATX_CTIME, statxTime)}},
	{"stx_mtime", Verbose{inStatx(tables.STATX_MTIME, statxTime)}},
	{"stx_rdev_major", Verbose{U32}},
	{"stx_rdev_minor", Verbose{U32}},
	{"stx_dev_major", Verbose{U32}},
	{"stx_dev_minor", Verbose{U32}},
	{"stx_mnt_id", Verbose{inStatx(tables.STATX_MNT_ID, X64)}},
	{"stx_dio_mem_align", Verbose{inStatx(tables.STATX_DIOALIGN, U32)}},
	{"stx_dio_offset_align", Verbose{inStatx(tables.STATX_DIOALIGN, U32)}},
	{"stx_subvol", Verbose{inStatx(tables.STATX_SUBVOL, X64)}},
	{"stx_atomic_write_unit_min", Verbose{whenAtomic(U32)}},
	{"stx_atomic_write_unit_max", Verbose{whenAtomic(U32)}},
	{"stx_atomic_write_segments_max", Verbose{whenAtomic(U32)}},
	{"stx_dio_read_offset_align", Verbose{inStatx(tables.STATX_DIO_READ_ALIGN, U32)}},
	{"stx_atomic_write_unit_max_opt", Verbose{whenAtomic(U32)}},
	{"_", Pad(4 + 8*8)},
}}

// inStatx is a member that is valid if stx_mask has one of the bits.
func inStatx(bits uint64, t Type) Type {
	return &When{If: &Has{N: Ref("stx_mask"), Values: Nums{bits}}, Then: t}
}

// whenAtomic is a member about atomic writes. It is valid if an attribute says
// so.
func whenAtomic(t Type) Type {
	return &When{If: &Has{N: Ref("stx_attributes"), Values: Nums{tables.STATX_ATTR_WRITE_ATOMIC}}, Then: t}
}
