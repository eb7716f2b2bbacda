//go:build linux && amd64

package colocate

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// When the tracer dies, its tracees run on. Until the guardian has restored the mask of a
// pinned tracee, that tracee may create a thread or a process, which inherits the pinned mask
// and is not in the pin table. The guardian looks for these tasks after it has restored all
// masks in the table: only another such task can pass one on after that. Threads of such tasks
// are found in the next round. Grandchildren that were created in the same moment are not.

// heirRounds limits how often the guardian looks for such tasks.
const heirRounds = 8

// restoreHeirs restores the masks of tasks that have inherited a pin.
//
//go:nosplit
//go:norace
func (t *pinTable) restoreHeirs() {
	for range heirRounds {
		found := false
		for i := range t.used.Load() {
			s := &t.slots[i]
			if s.state.Load() == slotReleased && t.scratch.restoreRelatives(s, uint32(s.tid.Load())) {
				found = true
			}
		}
		if !found {
			return
		}
	}
}

// restoreRelatives restores the masks of the threads of a task's process and of their
// children, if they are pinned as the slot says. It reports whether there were any.
//
//go:nosplit
//go:norace
func (g *guardianScratch) restoreRelatives(s *pinSlot, tid uint32) (found bool) {
	g.setPath(tid, "/task\x00")
	dir, _, errno := unix.RawSyscall(unix.SYS_OPEN, uintptr(unsafe.Pointer(&g.bytes)), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if errno != 0 {
		return false // it has ended
	}
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_GETDENTS64, dir, uintptr(unsafe.Pointer(&g.entries)), unsafe.Sizeof(g.entries))
		if errno != 0 || n == 0 || n > unsafe.Sizeof(g.entries) {
			break
		}
		// struct linux_dirent64 of getdents64(2): the length of the entry is at offset 16,
		// and the name at 19.
		for at := uintptr(0); at+20 < n; {
			thread := g.number(at+19, n)
			if thread != 0 && g.restoreHeir(s, thread) {
				found = true
			}
			size := uintptr(binary.LittleEndian.Uint16(g.entries[(at+16)&4095 : (at+16)&4095+2]))
			if size == 0 {
				break
			}
			at += size
		}
	}
	unix.RawSyscall(unix.SYS_CLOSE, dir, 0, 0)
	return g.restoreChildren(s, tid) || found
}

// restoreChildren is restoreRelatives for the children of one thread.
//
//go:nosplit
//go:norace
func (g *guardianScratch) restoreChildren(s *pinSlot, tid uint32) (found bool) {
	n := g.append(0, "/proc/")
	n = g.append(g.appendID(n, tid), "/task/")
	g.append(g.appendID(n, tid), "/children\x00")
	fd, _, errno := unix.RawSyscall(unix.SYS_OPEN, uintptr(unsafe.Pointer(&g.bytes)), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if errno != 0 {
		return false // it has ended, or the kernel has no such file
	}
	// More children than fit here were not created in this moment.
	size, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&g.entries)), unsafe.Sizeof(g.entries))
	unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	if errno != 0 || size > unsafe.Sizeof(g.entries) {
		return false
	}
	for at := uintptr(0); at < size; at++ {
		if child := g.number(at, size); child != 0 {
			if g.restoreHeir(s, child) {
				found = true
			}
			for at < size && g.entries[at] != ' ' {
				at++
			}
		}
	}
	return found
}

// number returns the decimal number at an offset in entries, of which n bytes are used, or 0
// if there is none.
//
//go:nosplit
//go:norace
func (g *guardianScratch) number(at, n uintptr) (value uint32) {
	for ; at < n && at < unsafe.Sizeof(g.entries) && g.entries[at] >= '0' && g.entries[at] <= '9'; at++ {
		value = value*10 + uint32(g.entries[at]-'0')
	}
	return value
}

// restoreHeir gives a task the mask of a slot if it is pinned as the slot says.
//
//go:nosplit
//go:norace
func (g *guardianScratch) restoreHeir(s *pinSlot, tid uint32) bool {
	size := unsafe.Sizeof(g.now)
	if _, _, errno := unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, uintptr(tid), size, uintptr(unsafe.Pointer(&g.now))); errno != 0 || g.now != s.pin {
		return false
	}
	_, _, errno := unix.RawSyscall(unix.SYS_SCHED_SETAFFINITY, uintptr(tid), size, uintptr(unsafe.Pointer(&s.mask)))
	return errno == 0
}
