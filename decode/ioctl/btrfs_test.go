package ioctl_test

import (
	"testing"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	"trapline/tables"
)

func TestBtrfsIoctls(t *testing.T) {
	uuid := []byte("\x01\x23\x45\x67\x89\xab\xcd\xef\xfe\xdc\xba\x98\x76\x54\x32\x10")
	key := func(tree, min, max uint64, items uint32) []byte {
		return PackedBytes(tree, min, max, [4]uint64{0, 1<<64 - 1, 0, 1<<64 - 1}, uint32(1), uint32(1<<32-1), items, make([]byte, 36))
	}
	const first, last = 256, 1<<64 - 256 // BTRFS_FIRST_FREE_OBJECTID, BTRFS_LAST_FREE_OBJECTID
	header := func(n uint32) []byte {
		return PackedBytes(uint64(7), uint64(257), uint64(0), uint32(1), n, make([]byte, n))
	}
	name := func(s string, size int) []byte { return append([]byte(s), make([]byte, size-len(s))...) }
	for _, tt := range []IoctlTest{
		{Request: "BTRFS_IOC_SYNC", Want: `ioctl(3, BTRFS_IOC_SYNC) = 0`},
		{Request: "BTRFS_IOC_SNAP_CREATE", Before: PackedBytes(int64(4), name("snap", 4088)),
			Want: `ioctl(3, BTRFS_IOC_SNAP_CREATE, {fd=4, name="snap"}) = 0`},
		{Request: "BTRFS_IOC_SUBVOL_CREATE_V2", Before: PackedBytes(int64(4), uint64(0), uint64(2), make([]byte, 32), name("v", 4040)),
			After: PackedBytes(int64(4), uint64(9), uint64(2), make([]byte, 32), name("v", 4040)),
			Want:  `ioctl(3, BTRFS_IOC_SUBVOL_CREATE_V2, {fd=4, flags=BTRFS_SUBVOL_RDONLY, name="v"} => {transid=9}) = 0`},
		{Request: "BTRFS_IOC_SUBVOL_GETFLAGS", Before: PackedBytes(uint64(2)),
			Want: `ioctl(3, BTRFS_IOC_SUBVOL_GETFLAGS, BTRFS_SUBVOL_RDONLY) = 0`},
		{Request: "BTRFS_IOC_BALANCE_V2", Before: PackedBytes(uint64(1), uint64(0), uint64(1), uint64(5), uint64(1), [5]uint64{0, 1<<64 - 1, 3, 1<<32 - 1}, uint64(2),
			make([]byte, 1024-16-72)), Errno: tables.EBUSY,
			Want: `ioctl(3, BTRFS_IOC_BALANCE_V2, {flags=BTRFS_BALANCE_DATA, data={profiles=BTRFS_BLOCK_GROUP_DATA, usage=5, devid=makedev(0, 0x1), pstart=0, pend=UINT64_MAX, vstart=3, vend=4294967295, target=0, flags=BTRFS_BALANCE_ARGS_USAGE}}) = -1 EBUSY (Device or resource busy)`},
		{Request: "BTRFS_IOC_DEV_INFO", Before: PackedBytes(uint64(1), make([]byte, 4088)),
			After: PackedBytes(uint64(1), uuid, uint64(10), uint64(20), make([]byte, 16+377*8), name("/dev/vdb", 1024)),
			Want:  `ioctl(3, BTRFS_IOC_DEV_INFO, {devid=makedev(0, 0x1)} => {uuid=01234567-89ab-cdef-fedc-ba9876543210, bytes_used=10, total_bytes=20, path="/dev/vdb"}) = 0`},
		{Request: "BTRFS_IOC_GET_DEV_STATS", Before: PackedBytes(uint64(1), uint64(6), uint64(0), make([]byte, 1008)),
			After: PackedBytes(uint64(1), uint64(6), uint64(1), [5]uint64{1, 2, 3, 4, 5}, make([]byte, 968)),
			Want:  `ioctl(3, BTRFS_IOC_GET_DEV_STATS, {devid=makedev(0, 0x1), nr_items=6, flags=0} => {nr_items=6, flags=BTRFS_DEV_STATS_RESET, [[BTRFS_DEV_STAT_WRITE_ERRS]=1, [BTRFS_DEV_STAT_READ_ERRS]=2, [BTRFS_DEV_STAT_FLUSH_ERRS]=3, [BTRFS_DEV_STAT_CORRUPTION_ERRS]=4, [BTRFS_DEV_STAT_GENERATION_ERRS]=5, ...]}) = 0`},
		{Request: "BTRFS_IOC_GET_SUPPORTED_FEATURES", Before: PackedBytes([9]uint64{1, 2, 0, 0, 0, 1}),
			Want: `ioctl(3, BTRFS_IOC_GET_SUPPORTED_FEATURES, [{compat_flags=0x1 /* BTRFS_FEATURE_COMPAT_??? */, compat_ro_flags=BTRFS_FEATURE_COMPAT_RO_FREE_SPACE_TREE_VALID, incompat_flags=0} /* supported */, {compat_flags=0, compat_ro_flags=0, incompat_flags=BTRFS_FEATURE_INCOMPAT_MIXED_BACKREF} /* safe to set */, {compat_flags=0, compat_ro_flags=0, incompat_flags=0} /* safe to clear */]) = 0`},
		// First the number of spaces, then the spaces.
		{Request: "BTRFS_IOC_SPACE_INFO", Before: PackedBytes([2]uint64{0, 0}), After: PackedBytes([2]uint64{0, 2}),
			Want: `ioctl(3, BTRFS_IOC_SPACE_INFO, {space_slots=0} => {total_spaces=2}) = 0`},
		{Request: "BTRFS_IOC_SPACE_INFO", Before: PackedBytes([2]uint64{2, 0}), After: PackedBytes([5]uint64{2, 1, 4, 10, 5}), Full: true,
			Want: `ioctl(3, BTRFS_IOC_SPACE_INFO, {space_slots=2} => {total_spaces=1, spaces=[{flags=BTRFS_BLOCK_GROUP_METADATA, total_bytes=10, used_bytes=5}]}) = 0`},
		// Without -v, bounds of a key that exclude nothing are omitted.
		{Request: "BTRFS_IOC_TREE_SEARCH", Before: key(1, first, last, 2), After: PackedBytes(key(1, first, last, 1), header(0)),
			Want: `ioctl(3, BTRFS_IOC_TREE_SEARCH, {key={tree_id=BTRFS_ROOT_TREE_OBJECTID, min_offset=0, max_offset=UINT64_MAX, min_transid=0, max_transid=UINT64_MAX, min_type=BTRFS_INODE_ITEM_KEY, max_type=UINT32_MAX, nr_items=2}} => {key={nr_items=1}, ...}) = 0`},
		{Request: "BTRFS_IOC_TREE_SEARCH", Before: key(1, first, 300, 9), After: PackedBytes(key(1, first, 300, 2), header(8), header(0)), Full: true,
			Want: `ioctl(3, BTRFS_IOC_TREE_SEARCH, {key={tree_id=BTRFS_ROOT_TREE_OBJECTID, min_objectid=BTRFS_FIRST_FREE_OBJECTID, max_objectid=300, min_offset=0, max_offset=UINT64_MAX, min_transid=0, max_transid=UINT64_MAX, min_type=BTRFS_INODE_ITEM_KEY, max_type=UINT32_MAX, nr_items=9}} => {key={nr_items=2}, buf=[{transid=7, objectid=257, offset=0, type=BTRFS_INODE_ITEM_KEY, len=8}, {transid=7, objectid=257, offset=0, type=BTRFS_INODE_ITEM_KEY, len=0}]}) = 0`},
		{Request: "BTRFS_IOC_TREE_SEARCH_V2", Before: PackedBytes(key(2, 0, last, 9), uint64(16)), After: PackedBytes(key(2, 0, last, 0), uint64(99)), Errno: tables.EOVERFLOW,
			Want: `ioctl(3, BTRFS_IOC_TREE_SEARCH_V2, {key={tree_id=BTRFS_EXTENT_TREE_OBJECTID, min_objectid=0, min_offset=0, max_offset=UINT64_MAX, min_transid=0, max_transid=UINT64_MAX, min_type=BTRFS_INODE_ITEM_KEY, max_type=UINT32_MAX, nr_items=9}, buf_size=16} => {buf_size=99}) = -1 EOVERFLOW (Value too large for defined data type)`},
		{Request: "BTRFS_IOC_INO_LOOKUP", Before: PackedBytes(uint64(0), uint64(257), make([]byte, 4080)), After: PackedBytes(uint64(5), uint64(257), name("dir/", 4080)),
			Want: `ioctl(3, BTRFS_IOC_INO_LOOKUP, {treeid=0, objectid=257} => {treeid=BTRFS_FS_TREE_OBJECTID, name="dir/"}) = 0`},
		{Request: "BTRFS_IOC_INO_LOOKUP", Before: PackedBytes(uint64(5), uint64(257), make([]byte, 4080)), After: PackedBytes(uint64(5), uint64(257), name("dir/", 4080)),
			Want: `ioctl(3, BTRFS_IOC_INO_LOOKUP, {treeid=BTRFS_FS_TREE_OBJECTID, objectid=257} => {name="dir/"}) = 0`},
		{Request: "BTRFS_IOC_INO_PATHS", Before: PackedBytes(uint64(257), uint64(64), make([]byte, 32), uint64(Argp+56), make([]byte, 64)),
			After: PackedBytes(uint64(257), uint64(64), make([]byte, 32), uint64(Argp+56), [4]uint32{40, 0, 1, 0}, uint64(8), name("a/b", 8)), Full: true,
			Want: `ioctl(3, BTRFS_IOC_INO_PATHS, {inum=257, size=64, fspath=0x7038} => {fspath={bytes_left=40, bytes_missing=0, elem_cnt=1, elem_missed=0, val=["a/b"]}}) = 0`},
		{Request: "BTRFS_IOC_DEV_REPLACE", Before: PackedBytes(uint64(1), make([]byte, 4096)), After: PackedBytes(uint64(1), uint64(0), uint64(1), uint64(123), [4]uint64{}, make([]byte, 4096)),
			Want: `ioctl(3, BTRFS_IOC_DEV_REPLACE, {cmd=BTRFS_IOCTL_DEV_REPLACE_CMD_STATUS} => {result=BTRFS_IOCTL_DEV_REPLACE_RESULT_NO_ERROR, status={replace_state=BTRFS_IOCTL_DEV_REPLACE_STATE_STARTED, progress_1000=123 /* 12.3% */, time_started=0, time_stopped=0, num_write_errors=0, num_uncorrectable_read_errors=0}}) = 0`},
	} {
		tt.Run(t)
	}
}
