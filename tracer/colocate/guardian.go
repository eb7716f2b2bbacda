//go:build linux && amd64

package colocate

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	process "trapline/guardian"
)

// The guardian is a process beside the tracer with two duties. When the tracer
// has exited, however it died, the guardian restores the affinity masks of the
// pinned tracees. And while tracees are pinned, it unpins those that have not
// stopped for a tick, because they compute or sleep.
//
// It does so at once if they compute, and after sleepTicks if they sleep: a shell that waits
// for a short command will stop again soon.
//
// Tracer and guardian share a table of the pinned tracees. The guardian never
// uses a processor while no tracee stops.

// tick is the guardian's period, in milliseconds.
const tick = 2

// pinnedAtEnd is the value of pinSlot.idle of a pin that restoreAll has ended.
const pinnedAtEnd = math.MaxUint32

// sleepTicks is the number of ticks after which a tracee that sleeps is unpinned.
const sleepTicks = 16

// busyTick is the number of stops in a tick from which on the tick counts as spent on
// tracing. freeTick is this number while tracer and tracees run on different processors,
// where each stop takes longer.
const (
	busyTick = 80
	freeTick = 20

	// denseTick is this number for tracees that are apart, such as short commands of a shell
	// script: they stop rarely, but each stop that wakes another processor costs more than
	// the rest of it.
	denseTick = 2
)

// pinTable is the memory that tracer and guardian share.
type pinTable struct {
	ready  atomic.Uint32 // set by the guardian when it begins to watch
	asleep atomic.Uint32 // set by the guardian when it waits to be woken
	ticks  atomic.Uint32 // counted by the guardian while it is awake
	stops  atomic.Uint32 // counted by the tracer; the guardian stays awake while this changes
	used   atomic.Uint32 // number of slots that have ever been used
	// runnable is the number of pinned tracees that wanted a processor at the last tick, or 2
	// if there were more. It is 0 if the last tick was busy. It is set by the guardian.
	runnable atomic.Uint32
	pinned   atomic.Uint32 // number of pinned tracees; set by the guardian
	_        [9]uint32
	slots    [pinSlots]pinSlot

	scratch guardianScratch
}

// pinSlots is the number of tracees that can be pinned at the same time.
const pinSlots = 1024

// pinSlot is the slot of one pinned tracee.
type pinSlot struct {
	state atomic.Uint32
	tid   atomic.Int32
	stops atomic.Uint32 // counted by the tracer
	seen  uint32        // stops at the last tick; used by the guardian only
	idle  uint32        // number of ticks in a row without a stop; used by the guardian only
	mask  unix.CPUSet   // the tracee's own mask, to be restored
	pin   unix.CPUSet   // the mask that it was pinned with
	now   unix.CPUSet   // its current mask; here, like whole, because it is too large for the stack of restore
	whole unix.CPUSet   // the mask of its cpuset
}

// The states of a slot. Only the tracer changes a slot from free to taken, and only the
// tracer frees it. Tracer and guardian may both end a pin: the one that changes the state
// from taken to releasing restores the mask.
const (
	slotFree uint32 = iota
	slotTaken
	slotReleasing
	slotReleased // the guardian has restored the mask; the tracer has yet to free the slot
)

// restore restores the tracee's own mask, unless another process has set a mask
// in the meantime. If the cpuset has lost the shared processor, the kernel has
// set the mask to the whole cpuset, which is then also the guardian's mask;
// restore overwrites it. The argument is the guardian's id, 0 in the guardian.
//
//go:nosplit
//go:norace
func (s *pinSlot) restore(guardian int32) {
	tid, size := uintptr(s.tid.Load()), unsafe.Sizeof(s.now)
	if _, _, errno := unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, tid, size, uintptr(unsafe.Pointer(&s.now))); errno != 0 {
		return
	}
	if s.now != s.pin {
		_, _, errno := unix.RawSyscall(unix.SYS_SCHED_GETAFFINITY, uintptr(guardian), size, uintptr(unsafe.Pointer(&s.whole)))
		if errno != 0 || s.now != s.whole || intersects(&s.now, &s.pin) {
			return
		}
	}
	unix.RawSyscall(unix.SYS_SCHED_SETAFFINITY, tid, size, uintptr(unsafe.Pointer(&s.mask)))
}

// end ends a pin, and sets the slot's state to after. It returns false if the pin has ended
// already or is being ended.
//
//go:nosplit
//go:norace
func (s *pinSlot) end(after uint32, guardian int32) bool {
	if !s.state.CompareAndSwap(slotTaken, slotReleasing) {
		return false
	}
	s.restore(guardian)
	s.state.Store(after)
	return true
}

// guardian is what the tracer knows about the guardian.
type guardian struct {
	table  *pinTable
	memory []byte       // memory of the table
	pid    atomic.Int32 // 0 until it has been forked
	wake   int          // write end of a pipe: a byte wakes the guardian, closing it ends the guardian
	closed atomic.Bool  // the guardian no longer watches, so no tracee may be pinned
	dead   atomic.Bool  // it has exited, and all masks have been restored
	gone   chan bool    // closed when the guardian has exited and was waited for
}

// startGuardian starts the guardian without waiting for it: table.ready is set
// when it is watching.
func startGuardian() (*guardian, error) {
	memory, err := unix.Mmap(-1, 0, int(unsafe.Sizeof(pinTable{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	table := (*pinTable)(unsafe.Pointer(&memory[0]))
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		unix.Munmap(memory)
		return nil, fmt.Errorf("pipe2: %w", err)
	}
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Munmap(memory)
		unix.Close(pipe[0])
		unix.Close(pipe[1])
		return nil, fmt.Errorf("open: %w", err)
	}
	g := &guardian{table: table, memory: memory, wake: pipe[1], gone: make(chan bool)}
	// This does not run on the tracer's thread, where wait4 would report the guardian among
	// the tracees.
	go func() {
		defer close(g.gone)
		pid, errno := process.Fork()
		if errno == 0 && pid == 0 {
			guard(table, uintptr(pipe[0]), uintptr(null))
		}
		unix.Close(pipe[0])
		unix.Close(null)
		if errno == 0 {
			g.pid.Store(int32(pid))
			awaitEnd(pid)
		}
		g.closed.Store(true)
		table.restoreAll(g.pid.Load())
		g.dead.Store(true)
	}()
	return g, nil
}

// awaitEnd waits until the guardian exits because it was dismissed or killed. If the guardian
// is stopped, awaitEnd kills it, since it could neither watch tracees nor notice the tracer's
// exit.
func awaitEnd(pid int) {
	for {
		var status unix.WaitStatus
		_, err := unix.Wait4(pid, &status, unix.WUNTRACED, nil)
		switch {
		case err == unix.EINTR:
		case err == nil && status.Stopped():
			unix.Kill(pid, unix.SIGKILL)
		default:
			return
		}
	}
}

// dismiss ends the guardian and waits for it, so that it does not become a zombie child of
// another process. It kills the guardian if that takes too long.
func (g *guardian) dismiss() {
	unix.Close(g.wake)
	select {
	case <-g.gone:
	case <-time.After(100 * time.Millisecond):
		if pid := g.pid.Load(); pid != 0 {
			unix.Kill(int(pid), unix.SIGKILL)
		}
		<-g.gone
	}
	unix.Munmap(g.memory)
}

// noteStop counts a stop and wakes the guardian if it sleeps.
func (g *guardian) noteStop() {
	g.table.stops.Add(1)
	if g.table.asleep.Load() != 0 && g.table.asleep.CompareAndSwap(1, 0) {
		unix.Write(g.wake, []byte{0})
	}
}

// restoreAll ends all pins, including those that the other process had begun to end.
//
//go:nosplit
//go:norace
func (t *pinTable) restoreAll(guardian int32) {
	for i := range t.used.Load() {
		s := &t.slots[i]
		switch {
		case s.end(slotReleased, guardian):
			s.idle = pinnedAtEnd
		case s.state.Load() == slotReleasing:
			s.restore(guardian) // the process that began to end this pin has exited
			s.idle = pinnedAtEnd
		}
	}
}
