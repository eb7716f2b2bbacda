package tracer

import (
	"runtime"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// A stop that was not waited for is reported once, whatever comes between.
func TestDelayInTurn(t *testing.T) {
	need.All(t, need.Processors)
	tracer := newTracer(t, Options{Follow: true, Colocate: ColocateAlways})
	tracee := launch(t, tracer, command("getppid", "1000000000"))
	var expected Kind
	turns, delays := 0, 0
	run(t, tracer, func(ev *Event) {
		if ev.Kind != Enter && ev.Kind != Exit || ev.Call.NR != unix.SYS_GETPPID {
			return
		}
		if expected != 0 && ev.Kind != expected {
			t.Fatalf("stop %d of kind %v, want %v", turns, ev.Kind, expected)
		}
		if expected = Enter; ev.Kind == Enter {
			expected = Exit
		}
		if !tracer.colocation.TakesTurns() {
			return
		}
		if turns++; turns%50 == 0 {
			ev.Delay = time.Millisecond
			delays++
		}
		if delays == 20 {
			tracer.DetachAll()
			unix.Kill(tracee.TID, unix.SIGKILL)
		}
	})
	if delays < 20 {
		t.Errorf("%d delays in %d turns", delays, turns)
	}
}

func init() {
	programs["forger"] = func() { // signals to itself that say they are syscall-stops
		runtime.LockOSThread()
		for range forgeries {
			busy := 200
			for range busy {
				unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
			}
			info := [32]int32{2: int32(stopSyscall)} // si_code
			unix.RawSyscall(unix.SYS_RT_SIGQUEUEINFO, uintptr(unix.Getpid()), uintptr(unix.SIGWINCH), uintptr(unsafe.Pointer(&info)))
		}
	}
}

const forgeries = 50

func TestForgedSiginfo(t *testing.T) {
	for _, colocate := range []Colocation{ColocateAlways, ColocateNever} {
		tracer := newTracer(t, Options{Colocate: colocate})
		launch(t, tracer, command("forger"))
		signals, inCall := 0, false
		run(t, tracer, func(ev *Event) {
			switch ev.Kind {
			case Signal:
				signals++
			case Enter, Exit:
				if entered := ev.Kind == Enter; entered == inCall {
					t.Fatalf("call %d is entered or left twice", ev.Call.NR)
				}
				inCall = !inCall
			}
		})
		if signals != forgeries {
			t.Errorf("%d signals, want %d", signals, forgeries)
		}
	}
}
