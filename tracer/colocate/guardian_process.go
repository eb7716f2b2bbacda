//go:build linux && amd64

package colocate

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// This file has the guardian's own code. The guardian is a fork of this process
// and does not call execve, since a Go program takes several milliseconds to
// start, during which no tracee could be pinned. A fork has only the thread
// that forked, and the Go runtime does not work in it. Therefore the guardian
// does not allocate, its stack does not grow (hence go:nosplit), all its
// signals are blocked, and it makes only raw system calls.
// signals are blocked, and it makes raw system calls only.

// guardianScratch is working memory of the guardian. It is part of the pin
// table because the guardian can neither allocate nor use much stack.
type guardianScratch struct {
	poll  pollFd
	bytes [64]byte
}

// pollFd is struct pollfd of poll(2).
type pollFd struct {
	fd      int32
	events  int16
	revents int16
}

// guardianName replaces the guardian's command line. It does not contain this
// program's name, so that killing the program by name does not kill the
// guardian.
const guardianName = "co-location guardian"

// guardianComm is the guardian's name as a thread: 16 bytes, the last one zero.
var guardianComm = [16]byte([]byte("co-location\x00\x00\x00\x00\x00"))

// commandLine is the memory where the kernel put this process's arguments, one
// after the other.
var commandLine = func() (text struct {
	start unsafe.Pointer
	size  uintptr
}) {
	if len(os.Args) == 0 || len(os.Args[0]) == 0 {
		return text
	}
	last := os.Args[len(os.Args)-1]
	text.start = unsafe.Pointer(unsafe.StringData(os.Args[0]))
	text.size = uintptr(len(os.Args[0]))
	if len(last) > 0 {
		text.size = uintptr(unsafe.Pointer(unsafe.StringData(last))) - uintptr(text.start) + uintptr(len(last))
	}
	return text
}()

var rootDirectory = [2]byte{'/'}

// forkGuardian forks the guardian, which inherits the table. The guardian exits
// when the other end of the pipe is closed.
func forkGuardian(table *pinTable, pipe, null int) (pid int, errno unix.Errno) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var all, before unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &before); err != nil {
		return 0, err.(unix.Errno)
	}
	child, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno == 0 && child == 0 {
		guard(table, uintptr(pipe), uintptr(null))
	}
	unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	return int(child), errno
}

// guard is the guardian's main function. It does not return.
//
//go:nosplit
//go:norace
func guard(table *pinTable, pipe, null uintptr) {
	daemonize(pipe, null)
	table.ready.Store(1)

	var stops uint32
	poll := &table.scratch.poll
	poll.fd, poll.events = guardianPipe, unix.POLLIN
	for {
		timeout := tick
		var fresh uint32 // stops since the last tick
		seen := table.stops.Load()
		if seen == stops && table.pinned.Load() == 0 {
			// No tracee has stopped for a tick, and none is pinned any more.
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
			n, _, errno := unix.RawSyscall(unix.SYS_READ, guardianPipe, uintptr(unsafe.Pointer(bytes)), unsafe.Sizeof(*bytes))
			if errno != 0 || n == 0 {
				break // the tracer is gone
			}
		}
		table.releaseIdle()
		table.countRunnable(fresh)
		table.ticks.Add(1)
	}
	table.restoreAll(0)
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

// guardianPipe is the descriptor of the pipe to the tracer.
const guardianPipe = 3

// daemonize detaches the guardian from what it inherited: the terminal, the
// working directory, open files, and the program's name.
//
//go:nosplit
//go:norace
func daemonize(pipe, null uintptr) {
	// If the tracer dies while the guardian is stopped, continue the guardian.
	unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGCONT), 0)
	// The guardian's mask shows which processors the cpuset has.
	unix.RawSyscall(unix.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(allProcessors), uintptr(unsafe.Pointer(&allProcessors)))
	unix.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
	unix.RawSyscall(unix.SYS_CHDIR, uintptr(unsafe.Pointer(&rootDirectory)), 0, 0)
	for fd := range uintptr(guardianPipe) {
		unix.RawSyscall(unix.SYS_DUP3, null, fd, 0)
	}
	unix.RawSyscall(unix.SYS_DUP3, pipe, guardianPipe, 0) // fails if pipe is guardianPipe already
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOSE_RANGE, guardianPipe+1, uintptr(^uint32(0)), 0); errno != 0 {
		for fd := uintptr(guardianPipe + 1); fd < 4096; fd++ { // Linux < 5.9
			unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
		}
	}

	unix.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(&guardianComm)), 0)
	for i := range commandLine.size {
		var b byte
		if i < uintptr(len(guardianName)) && i < commandLine.size-1 {
			b = guardianName[i]
		}
		*(*byte)(unsafe.Add(commandLine.start, i)) = b
	}
}

// releaseIdle ends the pins of tracees that have not stopped since the last
// tick, and counts the others.
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
			s.seen = stops
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
	g.setPath(tid)
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

// setPath writes the path of a task's stat file, /proc/TID/stat, to bytes.
//
//go:nosplit
//go:norace
func (g *guardianScratch) setPath(tid uint32) {
	const before, after = "/proc/", "/stat\x00"
	n := 0
	for i := range len(before) {
		g.bytes[n] = before[i]
		n++
	}
	divisor := uint32(1)
	for tid/divisor >= 10 {
		divisor *= 10
	}
	for ; divisor > 0; divisor /= 10 {
		g.bytes[n&63] = '0' + byte(tid/divisor%10)
		n++
	}
	for i := range len(after) {
		g.bytes[n&63] = after[i]
		n++
	}
}
