package file

import (
	"testing"

	"trapline/decode/internal/clayout"
	"trapline/tables"
)

func TestFileLayoutsAgainstC(t *testing.T) {
	clayout.Compare(t, 34, fileStructs, fileStructs64, fileStructs32)
}

func TestStatmountLayout(t *testing.T) {
	if size := statmount.Layout(tables.X86_64).Size; size != statmountSize {
		t.Errorf("struct statmount has %d bytes, want %d", size, statmountSize)
	}
	for member, want := range map[string]int{"mnt_root": 104, "opt_num": 128, "opt_array": 132} {
		if off, _ := statmount.Offset(tables.X86_64, member); off != want {
			t.Errorf("%s at %d, want %d", member, off, want)
		}
	}
}

// fileStructs maps the structs to their names in C.
var fileStructs = []clayout.CStruct{
	{"asm-generic/fcntl.h", "struct f_owner_ex", ownerEx},
	{"asm-generic/poll.h", "struct pollfd", polled},
	{"asm-generic/poll.h", "struct pollfd", pollfd},
	{"asm-generic/statfs.h", "struct statfs", statfs},
	{"asm/stat.h", "struct __old_kernel_stat", oldStat},
	{"linux/aio_abi.h", "struct io_event", ioEvent},
	{"linux/dqblk_xfs.h", "struct fs_disk_quota", xfsQuota},
	{"linux/dqblk_xfs.h", "struct fs_qfilestat", xfsFileStat},
	{"linux/dqblk_xfs.h", "struct fs_qfilestatv", xfsFileStatV},
	{"linux/dqblk_xfs.h", "struct fs_quota_stat", xfsQuotaStat},
	{"linux/dqblk_xfs.h", "struct fs_quota_statv", xfsQuotaStatV},
	{"linux/eventpoll.h", "struct epoll_event", epollEvent},
	{"linux/fcntl.h", "struct delegation", delegation},
	{"linux/fs.h", "struct file_attr", fileAttr},
	{"linux/mman.h", "struct cachestat", cachestat},
	{"linux/mman.h", "struct cachestat_range", cachestatRange},
	{"linux/mount.h", "struct mnt_id_req", listRequest},
	{"linux/mount.h", "struct mnt_id_req", mountRequest},
	{"linux/mount.h", "struct mount_attr", mountAttr},
	{"linux/mount.h", "struct statmount", statmount},
	{"linux/nsfs.h", "struct ns_id_req", nsRequest},
	{"linux/openat2.h", "struct open_how", openHow},
	{"linux/quota.h", "struct if_dqblk", dqblk},
	{"linux/quota.h", "struct if_dqinfo", dqinfo},
	{"linux/quota.h", "struct if_nextdqblk", nextDqblk},
	{"linux/stat.h", "struct statx", statx},
	{"linux/utime.h", "struct utimbuf", utimbuf},
	{"linux/xattr.h", "struct xattr_args", xattrGetArgs},
	{"linux/xattr.h", "struct xattr_args", xattrSetArgs},
}

// Structs that exist, or have this layout, in one ABI only.
var (
	fileStructs64 = []clayout.CStruct{
		{"asm/stat.h", "struct stat", stat64Bit},
	}
	fileStructs32 = []clayout.CStruct{
		{"asm/stat.h", "struct stat", stat32Bit},
		{"asm/stat.h", "struct stat64", stat64OnI386},
		{"asm/statfs.h", "struct statfs64", statfs64},
	}
)
