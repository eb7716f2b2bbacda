//go:build linux && amd64

package colocate

import (
	"unsafe"

	"golang.org/x/sys/unix"

	process "trapline/guardian"
)

// This file has the code that runs in the guardian. It follows the rules of package
// trapline/guardian.

// guardianScratch is working memory of the guardian. It is part of the pin
// table because the guardian can neither allocate nor use much stack.
type guardianScratch struct {
	poll    pollFd
	bytes   [64]byte
	entries [4096]byte  // of a directory, or the text of a children file
	now     unix.CPUSet // the mask of a task that may have inherited a pin
	stat    [512]byte   // its stat file
	time    unix.Timespec

	ids       [maxRelatives]uint32 // of tasks that may have inherited a pin
	relatives uint32               // how many they are
}

// pollFd is struct pollfd of poll(2).
type pollFd struct {
	fd      int32
	events  int16
	revents int16
}

// guardianName replaces the guardian's command line.
const guardianName = "co-location guardian"

// guardianComm is the guardian's name as a thread.
var guardianComm = process.Comm([]byte("co-location\x00\x00\x00\x00\x00"))

// guard is the guardian's main function. It does not return.
//
//go:nosplit
//go:norace
func guard(table *pinTable, pipe, null uintptr) {
	process.Detach(pipe, null, guardianName, &guardianComm)
	// The guardian's mask shows which processors the cpuset has.
	unix.RawSyscall(unix.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(allProcessors), uintptr(unsafe.Pointer(&allProcessors)))
	table.ready.Store(1)

	var stops uint32
	poll := &table.scratch.poll
	poll.fd, poll.events = process.Pipe, unix.POLLIN
	for {
		timeout := tick
		var fresh uint32 // stops since the last tick
		seen := table.stops.Load()
		if seen == stops && table.pinned.Load() == 0 {
			// No tracee has stopped for a tick, and none is pinned.
			table.asleep.Store(1)
			if table.stops.Load() == seen {
				timeout = -1
			} else {
				table.asleep.Store(0)
			}
		} else {
			fresh = seen - stops
			stops = seen
		}
		n, _, errno := unix.RawSyscall(unix.SYS_POLL, uintptr(unsafe.Pointer(poll)), 1, uintptr(timeout))
		if errno != 0 && errno != unix.EINTR {
			break
		}
		if errno == 0 && n > 0 {
			bytes := &table.scratch.bytes
			n, _, errno := unix.RawSyscall(unix.SYS_READ, process.Pipe, uintptr(unsafe.Pointer(bytes)), unsafe.Sizeof(*bytes))
			if errno != 0 || n == 0 {
				break // the tracer has exited
			}
		}
		table.releaseIdle()
		table.countRunnable(fresh)
		table.ticks.Add(1)
	}
	table.restoreAll(0)
	table.restoreHeirs()
	process.Exit()
}

// releaseIdle ends the pins of tracees that have not stopped since the last tick and compute,
// and of those that have slept for long. It counts the others.
//
//go:nosplit
//go:norace
func (t *pinTable) releaseIdle() {
	var pinned uint32
	for i := range t.used.Load() {
		s := &t.slots[i]
		if s.state.Load() != slotTaken {
			continue
		}
		if stops := s.stops.Load(); stops != s.seen {
			s.seen, s.idle = stops, 0
			pinned++
			continue
		}
		if s.idle++; s.idle < sleepTicks && !t.scratch.isRunnable(uint32(s.tid.Load())) {
			pinned++
			continue
		}
		s.end(slotReleased, 0)
	}
	t.pinned.Store(pinned)
}

// countRunnable counts the pinned tracees that want a processor, up to 2, if
// there were few stops since the last tick.
//
//go:nosplit
//go:norace
func (t *pinTable) countRunnable(stops uint32) {
	var runnable uint32
	if stops < busyTick {
		for i := range t.used.Load() {
			if s := &t.slots[i]; s.state.Load() == slotTaken && t.scratch.isRunnable(uint32(s.tid.Load())) {
				if runnable++; runnable > 1 {
					break
				}
			}
		}
	}
	t.runnable.Store(runnable)
}

// isRunnable reports whether a task is in state R.
//
//go:nosplit
//go:norace
func (g *guardianScratch) isRunnable(tid uint32) bool {
	g.setPath(tid, "/stat\x00")
	fd, _, errno := unix.RawSyscall(unix.SYS_OPEN, uintptr(unsafe.Pointer(&g.bytes)), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if errno != 0 {
		return false
	}
	n, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&g.bytes)), unsafe.Sizeof(g.bytes))
	unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	if errno != 0 || n > unsafe.Sizeof(g.bytes) {
		return false
	}
	// pid (name) state; the name, of up to 15 bytes, may contain anything.
	for i := int(n) - 3; i >= 0; i-- {
		if g.bytes[i] == ')' {
			return g.bytes[i+2] == 'R'
		}
	}
	return false
}

// setPath writes the path of a file about a task to bytes: /proc/TID and then after, which
// ends in a zero byte.
//
//go:nosplit
//go:norace
func (g *guardianScratch) setPath(tid uint32, after string) {
	n := g.append(0, "/proc/")
	n = g.appendID(n, tid)
	g.append(n, after)
}

// append writes a string to bytes at n, and returns the position after it.
//
//go:nosplit
//go:norace
func (g *guardianScratch) append(n int, s string) int {
	for i := range len(s) {
		g.bytes[n&63] = s[i]
		n++
	}
	return n
}

// appendID is append for a thread id.
//
//go:nosplit
//go:norace
func (g *guardianScratch) appendID(n int, tid uint32) int {
	divisor := uint32(1)
	for tid/divisor >= 10 {
		divisor *= 10
	}
	for ; divisor > 0; divisor /= 10 {
		g.bytes[n&63] = '0' + byte(tid/divisor%10)
		n++
	}
	return n
}
