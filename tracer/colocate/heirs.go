//go:build linux && amd64

package colocate

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// When the tracer dies, its tracees run on. Until the guardian has restored the mask of a
// pinned tracee, that tracee may create a thread or a process, which inherits the pinned mask
// and is not in the pin table. The guardian looks for these tasks after it has restored all
// masks in the table: only another such task can pass one on after that. Threads of such tasks
// are found in the next round. Grandchildren that were created in the same moment are not.
//
// A task may have set the same mask itself. So only those count that are younger than the
// guardian may need to notice the tracer's death.

// heirRounds limits how often the guardian looks for such tasks.
const heirRounds = 8

// heirAge is the age, in hundredths of a second, from which on a task is none of them.
const heirAge = 100

// restoreHeirs restores the masks of tasks that have inherited a pin.
//
//go:nosplit
//go:norace
func (t *pinTable) restoreHeirs() {
	g := &t.scratch
	for range heirRounds {
		found := false
		for i := range t.used.Load() {
			s := &t.slots[i]
			if s.idle != pinnedAtEnd {
				continue
			}
			g.relatives = 0
			g.addThreads(uint32(s.tid.Load()))
			g.addChildren(uint32(s.tid.Load()))
			for k := range g.relatives {
				if g.restoreHeir(s, g.ids[k&(maxRelatives-1)]) {
					found = true
				}
			}
		}
		if !found {
			return
		}
	}
}

// maxRelatives limits the number of relatives of a task that are looked at. It is a power of
// two.
const maxRelatives = 1024

// add adds a task to the relatives.
//
//go:nosplit
//go:norace
func (g *guardianScratch) add(tid uint32) {
	if tid != 0 && g.relatives < maxRelatives {
		g.ids[g.relatives&(maxRelatives-1)] = tid
		g.relatives++
	}
}

// addThreads adds the threads of a task's process to the relatives.
//
//go:nosplit
//go:norace
func (g *guardianScratch) addThreads(tid uint32) {
	g.setPath(tid, "/task\x00")
	dir, _, errno := unix.RawSyscall(unix.SYS_OPEN, uintptr(unsafe.Pointer(&g.bytes)), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if errno != 0 {
		return // it has ended
	}
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_GETDENTS64, dir, uintptr(unsafe.Pointer(&g.entries)), unsafe.Sizeof(g.entries))
		if errno != 0 || n == 0 || n > unsafe.Sizeof(g.entries) {
			break
		}
		// struct linux_dirent64 of getdents64(2): the length of the entry is at offset 16,
		// and the name at 19.
		for at := uintptr(0); at+20 < n; {
			g.add(g.number(at+19, n))
			size := uintptr(g.entries[(at+16)&4095]) | uintptr(g.entries[(at+17)&4095])<<8
			if size == 0 {
				break
			}
			at += size
		}
	}
	unix.RawSyscall(unix.SYS_CLOSE, dir, 0, 0)
}

// addChildren adds the children of a thread to the relatives.
//
//go:nosplit
//go:norace
func (g *guardianScratch) addChildren(tid uint32) {
	n := g.append(0, "/proc/")
	n = g.append(g.appendID(n, tid), "/task/")
	g.append(g.appendID(n, tid), "/children\x00")
	fd, _, errno := unix.RawSyscall(unix.SYS_OPEN, uintptr(unsafe.Pointer(&g.bytes)), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if errno != 0 {
		return // it has ended, or the kernel has no such file
	}
	// More children than fit here were not created in this moment.
	size, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&g.entries)), unsafe.Sizeof(g.entries))
	unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	if errno != 0 || size > unsafe.Sizeof(g.entries) {
		return
	}
	for at := uintptr(0); at < size; at++ {
		g.add(g.number(at, size))
		for at < size && g.entries[at&4095] != ' ' {
			at++
		}
	}
}

// number returns the decimal number at an offset in entries, of which n bytes are used, or 0
// if there is none.
//
//go:nosplit
//go:norace
func (g *guardianScratch) number(at, n uintptr) (value uint32) {
	for ; at < n && at < unsafe.Sizeof(g.entries) && g.entries[at&4095] >= '0' && g.entries[at&4095] <= '9'; at++ {
		value = value*10 + uint32(g.entries[at&4095]-'0')
	}
	return value
}

// restoreHeir gives a task the mask of a slot if it is young and pinned as the slot says.
//
//go:nosplit
//go:norace
func (g *guardianScratch) restoreHeir(s *pinSlot, tid uint32) bool {
	size := unsafe.Sizeof(g.now)
	if _, _, errno := unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, uintptr(tid), size, uintptr(unsafe.Pointer(&g.now))); errno != 0 || g.now != s.pin {
		return false
	}
	if !g.isYoung(tid) {
		return false
	}
	_, _, errno := unix.RawSyscall(unix.SYS_SCHED_SETAFFINITY, uintptr(tid), size, uintptr(unsafe.Pointer(&s.mask)))
	return errno == 0
}

// isYoung reports whether a task was created less than heirAge ago.
//
//go:nosplit
//go:norace
func (g *guardianScratch) isYoung(tid uint32) bool {
	g.setPath(tid, "/stat\x00")
	fd, _, errno := unix.RawSyscall(unix.SYS_OPEN, uintptr(unsafe.Pointer(&g.bytes)), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if errno != 0 {
		return false
	}
	n, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&g.stat)), unsafe.Sizeof(g.stat))
	unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	if errno != 0 || n > unsafe.Sizeof(g.stat) {
		return false
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOCK_GETTIME, unix.CLOCK_BOOTTIME, uintptr(unsafe.Pointer(&g.time)), 0); errno != 0 {
		return false
	}
	// The name, in brackets, may contain anything. The time is the twentieth field after it:
	// proc_pid_stat(5).
	at := int(n) - 1
	for at >= 0 && g.stat[at&511] != ')' {
		at--
	}
	for range 20 {
		for at++; at < int(n) && g.stat[at&511] != ' '; at++ {
		}
	}
	var started int64
	for at++; at < int(n) && g.stat[at&511] >= '0' && g.stat[at&511] <= '9'; at++ {
		started = started*10 + int64(g.stat[at&511]-'0')
	}
	return started > 0 && g.time.Sec*100+g.time.Nsec/10_000_000-started < heirAge
}
