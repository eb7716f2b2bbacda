//go:build linux && amd64

package tracer

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapQuery is struct procmap_query of linux/fs.h: a question for one mapping of a process
// (PROCMAP_QUERY, Linux 6.11).
type mapQuery struct {
	size, flags, addr    uint64 // the question
	start, end           uint64 // the answer, from here on
	vmaFlags             uint64
	pageSize             uint64
	offset, inode        uint64
	major, minor         uint32
	nameSize, buildID    uint32
	nameAddr, buildIDPtr uint64
}

const (
	procmapQuery = 0xc0686611 // _IOWR('f', 17, struct procmap_query)

	// Flags of the question and the answer.
	queryReadable   = 0x01
	queryWritable   = 0x02
	queryExecutable = 0x04
	queryShared     = 0x08
	queryOrNext     = 0x10 // the mapping that contains the address, or the next one
	queryFile       = 0x20 // only mappings of files
)

// appendCodeMappings appends the private mappings of files that contain code, without their
// names, in the order of addresses. fd is the process's /proc/PID/maps. The error is ENOTTY if
// the kernel does not have the question.
func appendCodeMappings(list []mapping, fd int) ([]mapping, error) {
	const most = 1000 // far more libraries than programs have
	q := mapQuery{size: uint64(unsafe.Sizeof(mapQuery{})), flags: queryReadable | queryExecutable | queryFile | queryOrNext}
	for range most {
		switch _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), procmapQuery, uintptr(unsafe.Pointer(&q))); errno {
		case 0:
		case unix.ENOENT:
			return list, nil
		default:
			return list, errno
		}
		if q.vmaFlags&(queryWritable|queryShared) == 0 && q.inode != 0 {
			list = append(list, mapping{
				start: q.start, end: q.end, offset: q.offset,
				dev: unix.Mkdev(q.major, q.minor), inode: q.inode, mode: "r-xp",
			})
		}
		q.addr = q.end
	}
	return list, unix.E2BIG
}
