package file_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	. "trapline/decode/internal/decodetest"
	. "trapline/decode/internal/fake"
	. "trapline/decode/lang"
	"trapline/output"
	"trapline/tables"
)

const (
	atName = 0x1000 // "name\0"
	atData = 0x2000
)

// fsSample is a call with a file name at atName and data at atData.
type fsSample struct {
	abi   tables.ABI
	name  string
	args  []uint64
	data  []byte
	after []byte // at atData at the exit-stop, if not data
	ret   int64
	errno unix.Errno
	full  bool
	want  string
}

func (tt *fsSample) sample(t testing.TB) Sample {
	s := Named(t, tt.abi, tt.name, tt.args...)
	s.Mem = FakeMemory{atName: []byte("name\x00"), atData: tt.data}
	if tt.after != nil {
		s.After = FakeMemory{atName: []byte("name\x00"), atData: tt.after}
	}
	s.Ret, s.Errno, s.Full = tt.ret, int(tt.errno), tt.full
	return s
}

func run(t *testing.T, samples []fsSample) {
	t.Helper()
	for i := range samples {
		tt := &samples[i]
		got := tt.sample(t).Text(t)
		// The result is aligned to a column, which does not matter here.
		call, result, _ := strings.Cut(got, ") ")
		if got := call + ") " + strings.TrimLeft(result, " "); got != tt.want {
			t.Errorf("%v:\n got %s\nwant %s", tt.abi, got, tt.want)
		}
	}
}

func TestOpen(t *testing.T) {
	const cwd = 1<<32 - 100 // AT_FDCWD in 32 bits
	run(t, []fsSample{
		{name: "openat", args: []uint64{cwd, atName, tables.O_RDONLY | tables.O_CLOEXEC, 0x1234}, ret: 3,
			want: `openat(AT_FDCWD, "name", O_RDONLY|O_CLOEXEC) = 3`},
		{name: "openat", args: []uint64{7, atName, tables.O_CREAT | tables.O_WRONLY, 0o640}, ret: 3,
			want: `openat(7, "name", O_WRONLY|O_CREAT, 0640) = 3`},
		{name: "openat", args: []uint64{cwd, atName, tables.O_TMPFILE | tables.O_RDWR, 0}, errno: tables.EISDIR,
			want: `openat(AT_FDCWD, "name", O_RDWR|O_TMPFILE, 000) = -1 EISDIR (Is a directory)`},
		{name: "openat", args: []uint64{cwd, atName, tables.O_DIRECTORY}, ret: 3,
			want: `openat(AT_FDCWD, "name", O_RDONLY|O_DIRECTORY) = 3`},
		{abi: tables.I386, name: "open", args: []uint64{atName, 0o100000}, ret: 3,
			want: `open("name", O_RDONLY|O_LARGEFILE) = 3`},
		{name: "openat2", args: []uint64{cwd, atName, atData, 24}, data: Pack(t, uint64(tables.O_RDWR), uint64(0), uint64(tables.RESOLVE_BENEATH)), ret: 4,
			want: `openat2(AT_FDCWD, "name", {flags=O_RDWR, resolve=RESOLVE_BENEATH}, 24) = 4`},
		{name: "openat2", args: []uint64{cwd, atName, atData, 32},
			data: Pack(t, uint64(tables.O_CREAT), uint64(0o600), uint64(0), "\x00\x01\x00\x00\x00\x00\x00\x00"), errno: tables.E2BIG,
			want: `openat2(AT_FDCWD, "name", {flags=O_RDONLY|O_CREAT, mode=0600, resolve=0, /* bytes 24..31 */ "\x00\x01\x00\x00\x00\x00\x00\x00"}, 32) = -1 E2BIG (Argument list too long)`},
		{name: "openat2", args: []uint64{cwd, atName, atData, 23}, data: make([]byte, 24), errno: tables.EINVAL,
			want: `openat2(AT_FDCWD, "name", 0x2000, 23) = -1 EINVAL (Invalid argument)`},
		{name: "pipe2", args: []uint64{atData, tables.O_CLOEXEC}, after: Pack(t, uint32(3), uint32(4)),
			want: `pipe2([3, 4], O_CLOEXEC) = 0`},
		{name: "memfd_create", args: []uint64{atName, tables.MFD_CLOEXEC | tables.MFD_HUGETLB | 21<<tables.MFD_HUGE_SHIFT}, ret: 3,
			want: `memfd_create("name", MFD_CLOEXEC|MFD_HUGETLB|21<<MFD_HUGE_SHIFT) = 3`},
		{name: "umask", args: []uint64{0o22}, ret: 0o77, want: `umask(022) = 077`},
		{name: "close_range", args: []uint64{3, 1<<32 - 1, tables.CLOSE_RANGE_CLOEXEC}, want: `close_range(3, 4294967295, CLOSE_RANGE_CLOEXEC) = 0`},
	})
}

func TestStat(t *testing.T) {
	regular := Pack(t, uint64(0xfe00), uint64(7), uint64(1), uint32(tables.S_IFREG|tables.S_ISUID|0o755), uint32(1000), uint32(100), uint32(0),
		uint64(0), uint64(4096), uint64(512), uint64(8), int64(0), uint64(0), int64(1), uint64(5), int64(-1), uint64(0), [3]uint64{})
	device := Pack(t, uint64(5), uint64(7), uint64(1), uint32(tables.S_IFCHR|0o666), uint32(0), uint32(0), uint32(0),
		uint64(0x103), uint64(0), uint64(4096), uint64(0), [9]uint64{})
	i386 := Pack(t, uint32(0xfe00), uint32(7), uint16(tables.S_IFDIR|0o700), uint16(2), uint16(65535), uint16(100), uint32(0),
		uint32(1<<31), uint32(4096), uint32(8), [8]uint32{})
	i386Stat64 := Pack(t, uint64(0xfe00), uint32(0), uint32(7), uint32(tables.S_IFREG|0o644), uint32(1), uint32(1000), uint32(100), uint64(0),
		uint32(0), uint64(1<<40), uint32(4096), uint64(1<<31), uint32(0), uint32(0), uint32(0), uint32(0), uint32(0), uint32(0), uint64(1<<33))
	run(t, []fsSample{
		{name: "stat", args: []uint64{atName, atData}, after: regular,
			want: `stat("name", {st_mode=S_IFREG|S_ISUID|0755, st_size=4096, ...}) = 0`},
		{name: "fstat", args: []uint64{3, atData}, after: device,
			want: `fstat(3, {st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}) = 0`},
		{name: "fstat", args: []uint64{3, atData}, after: regular[:100], want: `fstat(3, 0x2000) = 0`},
		{name: "fstat", args: []uint64{3, atData}, data: regular, errno: tables.EBADF, want: `fstat(3, 0x2000) = -1 EBADF (Bad file descriptor)`},
		{abi: tables.I386, name: "stat", args: []uint64{atName, atData}, after: i386,
			want: `stat("name", {st_mode=S_IFDIR|0700, st_size=2147483648, ...}) = 0`},
		{abi: tables.I386, name: "fstat64", args: []uint64{3, atData}, after: i386Stat64, full: true,
			want: `fstat64(3, {st_dev=makedev(0xfe, 0), st_ino=8589934592, st_mode=S_IFREG|0644, st_nlink=1, st_uid=1000, st_gid=100, ` +
				`st_blksize=4096, st_blocks=2147483648, st_size=1099511627776, st_atime=0, st_atime_nsec=0, st_mtime=0, st_mtime_nsec=0, ` +
				`st_ctime=0, st_ctime_nsec=0}) = 0`},
		{name: "mknodat", args: []uint64{3, atName, tables.S_IFBLK | 0o600, 0x801}, want: `mknodat(3, "name", S_IFBLK|0600, makedev(0x8, 0x1)) = 0`},
		{name: "mknodat", args: []uint64{3, atName, tables.S_IFIFO | 0o600, 0x801}, want: `mknodat(3, "name", S_IFIFO|0600) = 0`},
		{name: "mknodat", args: []uint64{3, atName, 0o150644, 0}, errno: tables.EINVAL, want: `mknodat(3, "name", 0150644) = -1 EINVAL (Invalid argument)`},
	})
}

// TestModeStyles shows a value whose symbolic form has several parts, in all
// styles of -X.
func TestModeStyles(t *testing.T) {
	tt := fsSample{name: "mknodat", args: []uint64{3, atName, tables.S_IFBLK | 0o600, 0x801}}
	for names, want := range map[output.NameStyle]string{
		output.Abbrev:  "mknodat(3, \"name\", S_IFBLK|0600, makedev(0x8, 0x1)) = 0\n",
		output.Raw:     "mknodat(3, \"name\", 060600, 0x801) = 0\n",
		output.Verbose: "mknodat(3, \"name\", 060600 /* S_IFBLK|0600 */, 0x801 /* makedev(0x8, 0x1) */) = 0\n",
	} {
		if got := tt.sample(t).Record(t, output.Options{Names: names}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	tt = fsSample{name: "fcntl", args: []uint64{3, tables.F_GETFL}, ret: tables.O_RDWR}
	const want = "fcntl(3, 0x3) = 0x2 (flags O_RDWR)\n"
	if got := tt.sample(t).Record(t, output.Options{Names: output.Raw}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDirents(t *testing.T) {
	entry := func(name string, reclen uint16) []byte {
		b := Pack(t, uint64(5), uint64(9), reclen, byte(tables.DT_REG), name, byte(0))
		return append(b, make([]byte, max(0, int(reclen)-len(b)))...)
	}
	two := append(entry("a", 24), entry("bc", 24)...)
	run(t, []fsSample{
		{name: "getdents64", args: []uint64{3, atData, 1024}, after: two, ret: 48, want: `getdents64(3, 0x2000 /* 2 entries */, 1024) = 48`},
		{name: "getdents64", args: []uint64{3, atData, 1024}, after: two, ret: 48, full: true,
			want: `getdents64(3, [{d_ino=5, d_off=9, d_reclen=24, d_type=DT_REG, d_name="a"}, ` +
				`{d_ino=5, d_off=9, d_reclen=24, d_type=DT_REG, d_name="bc"}], 1024) = 48`},
		{name: "getdents64", args: []uint64{3, atData, 1024}, ret: 0, full: true, want: `getdents64(3, [], 1024) = 0`},
		{name: "getdents64", args: []uint64{3, atData, 16}, after: two, ret: 48, want: `getdents64(3, 0x2000, 16) = 48`},
		{name: "getdents64", args: []uint64{3, atData, 1024}, after: entry("a", 100), ret: 24, full: true,
			want: `getdents64(3, [{d_ino=5, d_off=9, d_reclen=100 /* 76 bytes overflow */, d_type=DT_REG, d_name="a"}], 1024) = 24`},
		{name: "getdents64", args: []uint64{3, atData, 1024}, after: entry("", 0), ret: 24,
			want: `getdents64(3, 0x2000 /* d_reclen 19 bytes underflow */ /* 1+ entries */, 1024) = 24`},
		{name: "getdents64", args: []uint64{3, atData, 1024}, after: append(entry("a", 24), 1, 2), ret: 26, full: true,
			want: `getdents64(3, [{d_ino=5, d_off=9, d_reclen=24, d_type=DT_REG, d_name="a"}, "\x01\x02"], 1024) = 26`},
		{name: "getdents64", args: []uint64{3, atData, 1024}, after: entry("a", 24), ret: 48, full: true,
			want: `getdents64(3, [{d_ino=5, d_off=9, d_reclen=24, d_type=DT_REG, d_name="a"}, ... /* 0x2018 */], 1024) = 48`},
		{name: "getdents64", args: []uint64{3, atData, 1024}, errno: tables.ENOTDIR, want: `getdents64(3, 0x2000, 1024) = -1 ENOTDIR (Not a directory)`},
		{abi: tables.I386, name: "readdir", args: []uint64{3, atData, 1}, after: Pack(t, uint32(5), uint32(6), uint16(3), "abc\x00"), ret: 1,
			want: `readdir(3, {d_ino=5, d_off=6, d_reclen=3, d_name="abc"}) = 1`},
	})
}

func TestTransfers(t *testing.T) {
	iov := Pack(t, uint64(atName), uint64(3), uint64(atName+3), uint64(9))
	iov32 := Pack(t, uint32(atName), uint32(3), uint32(atName+3), uint32(9))
	run(t, []fsSample{
		{name: "readv", args: []uint64{3, atData, 2}, after: iov, ret: 4,
			want: `readv(3, [{iov_base="nam", iov_len=3}, {iov_base="e", iov_len=9}], 2) = 4`},
		{abi: tables.I386, name: "readv", args: []uint64{3, atData, 2}, after: iov32, ret: 2,
			want: `readv(3, [{iov_base="na", iov_len=3}, {iov_base="", iov_len=9}], 2) = 2`},
		{name: "readv", args: []uint64{3, atData, 2}, data: iov, errno: tables.EBADF,
			want: `readv(3, [{iov_base=0x1000, iov_len=3}, {iov_base=0x1003, iov_len=9}], 2) = -1 EBADF (Bad file descriptor)`},
		{name: "writev", args: []uint64{3, atData, 3}, data: iov, ret: 2,
			want: `writev(3, [{iov_base="nam", iov_len=3}, {iov_base=0x1003, iov_len=9}, ... /* 0x2020 */], 3) = 2`},
		{name: "writev", args: []uint64{3, atData, 1 << 63}, data: iov, errno: tables.EINVAL,
			want: `writev(3, 0x2000, 9223372036854775808) = -1 EINVAL (Invalid argument)`},
		{name: "preadv2", args: []uint64{3, 0, 0, 5, 77, tables.RWF_NOWAIT}, want: `preadv2(3, NULL, 0, 5, RWF_NOWAIT) = 0`},
		{abi: tables.I386, name: "preadv2", args: []uint64{3, 0, 0, 5, 1, tables.RWF_NOWAIT}, want: `preadv2(3, NULL, 0, 4294967301, RWF_NOWAIT) = 0`},
		{abi: tables.I386, name: "_llseek", args: []uint64{3, 1, 2, atData, tables.SEEK_CUR}, after: Pack(t, uint64(1<<32+2)),
			want: `_llseek(3, 4294967298, [4294967298], SEEK_CUR) = 0`},
		{abi: tables.I386, name: "lseek", args: []uint64{3, 1<<32 - 1, tables.SEEK_END}, ret: 9, want: `lseek(3, -1, SEEK_END) = 9`},
		{abi: tables.I386, name: "fadvise64_64", args: []uint64{3, 1, 2, 3, 4, tables.FADV_DONTNEED},
			want: `fadvise64_64(3, 8589934593, 17179869187, POSIX_FADV_DONTNEED) = 0`},
		{name: "sendfile", args: []uint64{1, 3, atData, 9}, data: Pack(t, uint64(16)), after: Pack(t, uint64(25)), ret: 9,
			want: `sendfile(1, 3, [16 => 25], 9) = 9`},
		{name: "sendfile", args: []uint64{1, 3, atData, 9}, data: Pack(t, uint64(16)), ret: 0, want: `sendfile(1, 3, [16], 9) = 0`},
		{name: "splice", args: []uint64{3, atData, 1, 0, 9, tables.SPLICE_F_MOVE}, data: Pack(t, int64(-1)), ret: 9,
			want: `splice(3, [-1], 1, NULL, 9, SPLICE_F_MOVE) = 9`},
	})
}

func TestTimesOfFiles(t *testing.T) {
	run(t, []fsSample{
		{name: "utimensat", args: []uint64{3, atName, atData, 0}, data: Pack(t, int64(0), int64(tables.UTIME_NOW), int64(0), int64(tables.UTIME_OMIT)),
			want: `utimensat(3, "name", [UTIME_NOW, UTIME_OMIT], 0) = 0`},
		{abi: tables.I386, name: "utimensat", args: []uint64{3, atName, atData, 0}, data: Pack(t, int32(0), int32(0), int32(0), int32(-1)),
			errno: tables.EINVAL,
			want:  `utimensat(3, "name", [{tv_sec=0, tv_nsec=0}, {tv_sec=0, tv_nsec=4294967295}], 0) = -1 EINVAL (Invalid argument)`},
	})
}

func TestFcntl(t *testing.T) {
	lock := Pack(t, uint16(tables.F_WRLCK), uint16(tables.SEEK_SET), uint32(0), int64(-5), int64(10), uint32(77), uint32(0))
	lock32 := Pack(t, uint16(tables.F_WRLCK), uint16(tables.SEEK_SET), int32(-5), int32(10), uint32(77))
	lock64 := Pack(t, uint16(tables.F_WRLCK), uint16(tables.SEEK_SET), int64(-5), int64(10), uint32(77))
	run(t, []fsSample{
		{name: "fcntl", args: []uint64{3, tables.F_GETFD, 9}, ret: 1, want: `fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)`},
		{name: "fcntl", args: []uint64{3, tables.F_GETFD, 9}, want: `fcntl(3, F_GETFD) = 0`},
		{name: "fcntl", args: []uint64{3, tables.F_GETFL}, ret: tables.O_RDWR | tables.O_APPEND, want: `fcntl(3, F_GETFL) = 0x402 (flags O_RDWR|O_APPEND)`},
		{name: "fcntl", args: []uint64{3, tables.F_SETLK, atData}, data: lock,
			want: `fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=-5, l_len=10}) = 0`},
		{name: "fcntl", args: []uint64{3, tables.F_GETLK, atData}, after: lock,
			want: `fcntl(3, F_GETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=-5, l_len=10, l_pid=77}) = 0`},
		{abi: tables.I386, name: "fcntl64", args: []uint64{3, 5, atData}, after: lock32,
			want: `fcntl64(3, F_GETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=-5, l_len=10, l_pid=77}) = 0`},
		{abi: tables.I386, name: "fcntl64", args: []uint64{3, 12, atData}, after: lock64,
			want: `fcntl64(3, F_GETLK64, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=-5, l_len=10, l_pid=77}) = 0`},
		{abi: tables.I386, name: "fcntl", args: []uint64{3, 12, atData}, data: lock64, errno: tables.EINVAL,
			want: `fcntl(3, F_GETLK64, 0x2000) = -1 EINVAL (Invalid argument)`},
		{name: "fcntl", args: []uint64{3, tables.F_SETSIG, uint64(tables.SIGIO)}, want: `fcntl(3, F_SETSIG, SIGIO) = 0`},
		{name: "fcntl", args: []uint64{3, tables.F_GETLEASE}, ret: tables.F_UNLCK, want: `fcntl(3, F_GETLEASE) = 0x2 (F_UNLCK)`},
		{name: "fcntl", args: []uint64{3, 999, 16}, errno: tables.EINVAL, want: `fcntl(3, 0x3e7 /* F_??? */, 0x10) = -1 EINVAL (Invalid argument)`},
	})
}

func TestXattr(t *testing.T) {
	run(t, []fsSample{
		{name: "getxattr", args: []uint64{atName, atName, atData, 64}, after: []byte("on\x00"), ret: 3,
			want: `getxattr("name", "name", "on", 64) = 3`},
		{name: "getxattr", args: []uint64{atName, atName, atData, 0}, data: []byte("on\x00"), ret: 3,
			want: `getxattr("name", "name", 0x2000, 0) = 3`},
		{name: "getxattr", args: []uint64{atName, atName, atData, 64}, errno: tables.ENODATA,
			want: `getxattr("name", "name", 0x2000, 64) = -1 ENODATA (No data available)`},
		{name: "setxattr", args: []uint64{atName, atName, atData, 1 << 40, tables.XATTR_CREATE}, data: []byte("on"), errno: tables.E2BIG,
			want: `setxattr("name", "name", 0x2000, 1099511627776, XATTR_CREATE) = -1 E2BIG (Argument list too long)`},
		{name: "listxattr", args: []uint64{atName, atData, 9}, after: []byte("a\x00b\x00"), ret: 4, want: `listxattr("name", "a\0b\0", 9) = 4`},
	})
}

func TestHandles(t *testing.T) {
	run(t, []fsSample{
		{name: "name_to_handle_at", args: []uint64{3, atName, atData, atName, 0}, data: Pack(t, uint32(128), uint32(0)),
			after: Pack(t, uint32(4), uint32(1), "\x01\x02\x03\x04"),
			want:  `name_to_handle_at(3, "name", {handle_bytes=128 => 4, handle_type=1, f_handle="\x01\x02\x03\x04"}, [1701667182], 0) = 0`},
		{name: "name_to_handle_at", args: []uint64{3, atName, atData, 0, 0}, data: Pack(t, uint32(0), uint32(0)),
			after: Pack(t, uint32(8), uint32(0)), errno: tables.EOVERFLOW,
			want: `name_to_handle_at(3, "name", {handle_bytes=0 => 8}, NULL, 0) = -1 EOVERFLOW (Value too large for defined data type)`},
	})
}

func TestMounts(t *testing.T) {
	run(t, []fsSample{
		{name: "mount", args: []uint64{atName, atName, atName, tables.MS_RDONLY, atName}, want: `mount("name", "name", "name", MS_RDONLY, "name") = 0`},
		{name: "mount", args: []uint64{atName, atName, atName, tables.MS_REMOUNT, atName}, want: `mount("name", "name", 0x1000, MS_REMOUNT, "name") = 0`},
		{name: "mount", args: []uint64{atName, atName, atName, tables.MS_BIND, atName}, want: `mount("name", "name", 0x1000, MS_BIND, 0x1000) = 0`},
		{name: "mount", args: []uint64{atName, atName, atName, tables.MS_MGC_VAL, 0}, want: `mount("name", "name", "name", MS_MGC_VAL, NULL) = 0`},
		{name: "fsconfig", args: []uint64{3, tables.FSCONFIG_SET_BINARY, atName, atName, 2}, want: `fsconfig(3, FSCONFIG_SET_BINARY, "name", "\x6e\x61", 2) = 0`},
		{name: "fsconfig", args: []uint64{3, tables.FSCONFIG_SET_BINARY, atName, atName, 1<<20 + 1}, errno: tables.EINVAL,
			want: `fsconfig(3, FSCONFIG_SET_BINARY, "name", 0x1000, 1048577) = -1 EINVAL (Invalid argument)`},
		{name: "mount_setattr", args: []uint64{3, atName, 0, atData, 32}, data: Pack(t, uint64(tables.MOUNT_ATTR_IDMAP), uint64(0), uint64(tables.MS_PRIVATE), uint64(5)),
			want: `mount_setattr(3, "name", 0, {attr_set=MOUNT_ATTR_IDMAP, attr_clr=0, propagation=MS_PRIVATE, userns_fd=5}, 32) = 0`},
	})

	const statmountSize = 512
	whole := make([]byte, statmountSize)
	binary.LittleEndian.PutUint32(whole, statmountSize+9)
	binary.LittleEndian.PutUint64(whole[8:], ValueNamed(&tables.StatmountMask, "STATMOUNT_MNT_ROOT")|ValueNamed(&tables.StatmountMask, "STATMOUNT_OPT_ARRAY"))
	const root, optNum, optArray = 104, 128, 132 // offsets of members
	for off, v := range map[int]uint32{root: 100, optNum: 3, optArray: 5} {
		binary.LittleEndian.PutUint32(whole[off:], v)
	}
	whole = append(whole, "rot\x00\x00a\x00b\x00"...)
	const req = `statmount({size=3}, `
	s := fsSample{name: "statmount", args: []uint64{atName, atData, 1024, 0}, after: whole,
		want: req + `{size=521, mask=STATMOUNT_MNT_ROOT|STATMOUNT_OPT_ARRAY, mnt_root=0x64, opt_num=3, opt_array=["a", "b", ???]}, 1024, 0) = 0`}
	c := s.sample(t)
	c.Mem = FakeMemory{atName: Pack(t, uint32(3))}
	c.After = FakeMemory{atData: whole}
	if got := c.Text(t); got != s.want {
		t.Errorf("got  %s\nwant %s", got, s.want)
	}
}

func TestQuotas(t *testing.T) {
	command := func(name string, kind uint64) uint64 { return ValueNamed(&tables.QuotaCmd, name)<<8 | kind }
	run(t, []fsSample{
		{name: "quotactl", args: []uint64{command("Q_SYNC", 0), atName, 1, atData}, want: `quotactl(QCMD(Q_SYNC, USRQUOTA), "name") = 0`},
		{name: "quotactl", args: []uint64{command("Q_GETFMT", 1), 0, 1, atData}, after: Pack(t, uint32(4)),
			want: `quotactl(QCMD(Q_GETFMT, GRPQUOTA), NULL, [QFMT_VFS_V1]) = 0`},
	})
}

func TestAsynchronousIO(t *testing.T) {
	control := func(op uint16, buf, bytes uint64) []byte {
		return Pack(t, uint64(0x55), uint32(0), uint32(0), op, int16(0), uint32(3), buf, bytes, int64(8), uint64(0), uint32(0), uint32(0))
	}
	list := func(iocb []byte) []byte { return append(Pack(t, uint64(atData+8)), iocb...) }
	run(t, []fsSample{
		{name: "io_submit", args: []uint64{0x77, 1, atData}, data: list(control(1, atName, 4)), ret: 1,
			want: `io_submit(0x77, 1, [{aio_data=0x55, aio_lio_opcode=IOCB_CMD_PWRITE, aio_fildes=3, aio_buf="name", aio_nbytes=4, aio_offset=8}]) = 1`},
		{name: "io_submit", args: []uint64{0x77, 1, atData}, data: list(control(0, atName, 4)), ret: 1,
			want: `io_submit(0x77, 1, [{aio_data=0x55, aio_lio_opcode=IOCB_CMD_PREAD, aio_fildes=3, aio_buf=0x1000, aio_nbytes=4, aio_offset=8}]) = 1`},
		{name: "io_submit", args: []uint64{0x77, 1, atData}, data: list(control(5, 1, 0)), ret: 1,
			want: `io_submit(0x77, 1, [{aio_data=0x55, aio_lio_opcode=IOCB_CMD_POLL, aio_fildes=3, aio_buf=POLLIN}]) = 1`},
		{name: "io_submit", args: []uint64{0x77, 1<<64 - 1, atData}, data: list(control(5, 1, 0)), errno: tables.EINVAL,
			want: `io_submit(0x77, -1, 0x2000) = -1 EINVAL (Invalid argument)`},
	})
}
