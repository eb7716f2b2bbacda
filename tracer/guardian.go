package tracer

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The guardian is a process beside the tracer that has two duties. When the
// tracer is gone, however it died, it gives the pinned tracees their affinity
// masks back. And while tracees are pinned it gives those their masks back
// that have not stopped for a tick: they compute, or they sleep.
//
// Tracer and guardian share a table of who is pinned. The guardian never uses
// a processor while nothing stops.

// guardianName is argv[0] of this program when it is to be the guardian. It is
// not the program's own name, which people may be about to kill by.
const guardianName = "co-location guardian"

// tick is the guardian's period, in milliseconds.
const tick = 2

// busyTick is how many stops make a tick one that went into tracing; freeTick
// where tracer and tracees are on different processors and each stop takes longer.
const (
	busyTick = 80
	freeTick = 20
)

// pinned is the table that tracer and guardian share.
type pinTable struct {
	ready  atomic.Uint32 // set by the guardian when it is watching
	asleep atomic.Uint32 // set by the guardian when it waits to be woken
	ticks  atomic.Uint32 // counted by the guardian while it is awake
	stops  atomic.Uint32 // counted by the tracer: tells the guardian to stay awake
	used   atomic.Uint32 // slots at or above this one have never been used
	// runnable is how many pinned tracees wanted a processor at the last tick,
	// where it was not a busy one. It is set by the guardian.
	runnable atomic.Uint32
	_        [10]uint32
	slots    [pinSlots]pinSlot
}

// pinSlots bounds how many tracees can be pinned at a time.
const pinSlots = 1024

// pinSlot is one pinned tracee.
type pinSlot struct {
	state atomic.Uint32
	tid   atomic.Int32
	stops atomic.Uint32 // counted by the tracer
	seen  uint32        // the guardian's: stops at the last tick
	mask  unix.CPUSet   // the tracee's own
	pin   unix.CPUSet   // what it was pinned to
}

// The states of a slot. The tracer takes a slot from free to taken and gives it
// back; guardian and tracer may both end a pin, and who moves the slot from
// taken to releasing does it.
const (
	slotFree uint32 = iota
	slotTaken
	slotReleasing
	slotReleased // by the guardian; the tracer is still to give it back
)

// restore gives the tracee its own mask back, unless somebody else has given
// it another one meanwhile.
func (s *pinSlot) restore() {
	var now unix.CPUSet
	if unix.SchedGetaffinity(int(s.tid.Load()), &now) == nil && now == s.pin {
		unix.SchedSetaffinity(int(s.tid.Load()), &s.mask)
	}
}

// end ends a pin, and tells whether it was not ended already.
func (s *pinSlot) end(after uint32) bool {
	if !s.state.CompareAndSwap(slotTaken, slotReleasing) {
		return false
	}
	s.restore()
	s.state.Store(after)
	return true
}

// guardian is the tracer's side.
type guardian struct {
	table *pinTable
	wake  int         // a pipe: a byte wakes the guardian, its closing ends it
	dead  atomic.Bool // the guardian is gone: nobody may be pinned
	gone  chan bool   // closed when it has been waited for
}

// startGuardian starts the guardian without waiting for it: table.ready tells
// when it is there.
func startGuardian() (*guardian, error) {
	memory, err := unix.MemfdCreate("pinned tracees", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	table, err := mapTable(memory)
	if err != nil {
		unix.Close(memory)
		return nil, err
	}
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		unix.Close(memory)
		return nil, fmt.Errorf("pipe2: %w", err)
	}
	g := &guardian{table: table, wake: pipe[1], gone: make(chan bool)}
	// On another thread than the tracer's, whose children are tracees.
	go func() {
		defer close(g.gone)
		defer g.dead.Store(true)
		pid, err := forkGuardian(memory, pipe[0])
		unix.Close(memory)
		unix.Close(pipe[0])
		if err != nil {
			return
		}
		var status syscall.WaitStatus
		for {
			if _, err := syscall.Wait4(pid, &status, 0, nil); err != syscall.EINTR {
				break
			}
		}
		// Whoever killed it, its duty is ours now.
		g.dead.Store(true)
		table.restoreAll()
	}()
	return g, nil
}

func forkGuardian(memory, pipe int) (int, error) {
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(null)
	// The tracer's own standard files are not kept open by the guardian.
	return syscall.ForkExec("/proc/self/exe", []string{guardianName}, &syscall.ProcAttr{
		Dir:   "/",
		Files: []uintptr{uintptr(null), uintptr(null), uintptr(null), uintptr(memory), uintptr(pipe)},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
}

const tableSize = int(unsafe.Sizeof(pinTable{}))

func mapTable(fd int) (*pinTable, error) {
	if err := unix.Ftruncate(fd, int64(tableSize)); err != nil {
		return nil, fmt.Errorf("ftruncate: %w", err)
	}
	memory, err := unix.Mmap(fd, 0, tableSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	return (*pinTable)(unsafe.Pointer(&memory[0])), nil
}

// dismiss ends the guardian and waits for its end, so that it leaves no zombie
// to whoever inherits it.
func (g *guardian) dismiss() {
	unix.Close(g.wake)
	select {
	case <-g.gone:
	case <-time.After(100 * time.Millisecond):
	}
}

// stopped counts a stop, and wakes the guardian if it sleeps.
func (g *guardian) stopped() {
	g.table.stops.Add(1)
	if g.table.asleep.Load() != 0 && g.table.asleep.CompareAndSwap(1, 0) {
		unix.Write(g.wake, []byte{0})
	}
}

func init() {
	if len(os.Args) == 1 && os.Args[0] == guardianName {
		guard()
		os.Exit(0)
	}
}

// guard is the guardian's side.
func guard() {
	const memory, pipe = 3, 4
	unix.CloseRange(pipe+1, ^uint(0), 0)
	signal.Ignore()
	runtime.LockOSThread()
	name := []byte("co-location\x00")
	unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(&name[0])), 0, 0, 0)
	table, err := mapTable(memory)
	if err != nil {
		return
	}
	unix.SetNonblock(pipe, true)
	table.ready.Store(1)
	defer table.restoreAll()

	var stops uint32
	fds := []unix.PollFd{{Fd: pipe, Events: unix.POLLIN}}
	for {
		timeout := tick
		var fresh uint32 // stops since the last tick
		if seen := table.stops.Load(); seen == stops {
			// Nothing has stopped for a tick: nobody is pinned any more.
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
		n, err := unix.Poll(fds, timeout)
		if err != nil && err != unix.EINTR {
			return
		}
		if n > 0 {
			var bytes [64]byte
			if n, err := unix.Read(pipe, bytes[:]); n == 0 || err != nil && err != unix.EAGAIN {
				return // the tracer is gone
			}
		}
		table.releaseIdle()
		table.countRunnable(fresh)
		table.ticks.Add(1)
	}
}

// releaseIdle ends the pins of tracees that have not stopped since the last
// call.
func (t *pinTable) releaseIdle() {
	for i := range t.used.Load() {
		s := &t.slots[i]
		if s.state.Load() != slotTaken {
			continue
		}
		if stops := s.stops.Load(); stops != s.seen {
			s.seen = stops
			continue
		}
		s.end(slotReleased)
	}
}

// countRunnable counts the pinned tracees that want a processor, where stops,
// those since the last tick, were few.
func (t *pinTable) countRunnable(stops uint32) {
	var runnable uint32
	if stops < busyTick {
		for i := range t.used.Load() {
			if s := &t.slots[i]; s.state.Load() == slotTaken && isRunnable(int(s.tid.Load())) {
				if runnable++; runnable > 1 {
					break
				}
			}
		}
	}
	t.runnable.Store(runnable)
}

// isRunnable tells whether a task is in state R.
func isRunnable(tid int) bool {
	fd, err := unix.Open("/proc/"+strconv.Itoa(tid)+"/stat", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	// pid (name) state; the name, of up to 15 bytes, may contain anything.
	var text [64]byte
	n, _ := unix.Read(fd, text[:])
	end := bytes.LastIndexByte(text[:max(n, 0)], ')')
	return end >= 0 && end+2 < n && text[end+2] == 'R'
}

// restoreAll ends all pins.
func (t *pinTable) restoreAll() {
	for i := range t.used.Load() {
		if s := &t.slots[i]; !s.end(slotReleased) && s.state.Load() == slotReleasing {
			s.restore() // whoever began it is gone
		}
	}
}
