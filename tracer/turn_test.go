//go:build linux && amd64

package tracer

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/tables"
)

// A stop that was not waited for is reported exactly once.
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
	programs["forger"] = func() { // signals to itself that claim to be other stops
		runtime.LockOSThread()
		code, _ := strconv.Atoi(os.Args[1])
		sig, _ := strconv.Atoi(os.Args[2])
		ignoring := sigaction{handler: 1} // SIG_IGN
		unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&ignoring)), 0, signalSetSize, 0, 0)
		for range forgeries {
			busy := 200
			for range busy {
				unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
			}
			info := [32]int32{2: int32(code)} // si_code
			unix.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(unix.Getpid()), uintptr(unix.Gettid()), uintptr(sig),
				uintptr(unsafe.Pointer(&info)), 0, 0)
		}
	}
}

const forgeries = 20

// forgeableCodes are the si_codes by which the kernel distinguishes other stops from
// signal-delivery-stops. Signals may have them as well.
var forgeableCodes = map[string]int{
	"syscall-stop":            int(stopSyscall),
	"PTRACE_EVENT_FORK":       int(unix.SIGTRAP) | unix.PTRACE_EVENT_FORK<<8,
	"PTRACE_EVENT_VFORK":      int(unix.SIGTRAP) | unix.PTRACE_EVENT_VFORK<<8,
	"PTRACE_EVENT_CLONE":      int(unix.SIGTRAP) | unix.PTRACE_EVENT_CLONE<<8,
	"PTRACE_EVENT_EXEC":       int(unix.SIGTRAP) | unix.PTRACE_EVENT_EXEC<<8,
	"PTRACE_EVENT_VFORK_DONE": int(unix.SIGTRAP) | unix.PTRACE_EVENT_VFORK_DONE<<8,
	"PTRACE_EVENT_EXIT":       int(unix.SIGTRAP) | unix.PTRACE_EVENT_EXIT<<8,
	"PTRACE_EVENT_SECCOMP":    int(unix.SIGTRAP) | unix.PTRACE_EVENT_SECCOMP<<8,
	"PTRACE_EVENT_STOP":       int(unix.SIGTRAP) | unix.PTRACE_EVENT_STOP<<8,
	"group-stop":              int(unix.SIGSTOP) | unix.PTRACE_EVENT_STOP<<8,
}

// A signal arrives whatever its siginfo, and its stop is not mistaken for another kind of
// stop.
func TestForgedSiginfo(t *testing.T) {
	getppid := func(abi tables.ABI, nr uint64) bool { return abi == tables.X86_64 && nr == unix.SYS_GETPPID }
	for name, code := range forgeableCodes {
		for _, sig := range []unix.Signal{unix.SIGUSR1, unix.SIGTRAP} {
			for _, opts := range []Options{
				{Colocate: ColocateAlways}, {Colocate: ColocateNever},
				{Colocate: ColocateAlways, Follow: true, Traced: getppid},
			} {
				t.Run(fmt.Sprintf("%s/%s/%d/filter=%v", name, unix.SignalName(sig), opts.Colocate, opts.Traced != nil), func(t *testing.T) {
					testForged(t, opts, code, sig)
				})
			}
		}
	}
}

func testForged(t *testing.T, opts Options, code int, sig unix.Signal) {
	tracer := newTracer(t, opts)
	launch(t, tracer, command("forger", strconv.Itoa(code), strconv.Itoa(int(sig))))
	signals, inCall := 0, map[*Tracee]bool{}
	run(t, tracer, func(ev *Event) {
		switch ev.Kind {
		case Signal:
			if ev.Signal == sig {
				signals++
			}
		case GroupStop:
			t.Error("a group-stop")
		case Enter, Exit:
			if opts.Traced != nil {
				return // the exit of a call may not be reported
			}
			if entered := ev.Kind == Enter; entered == inCall[ev.Tracee] {
				t.Fatalf("call %d is entered or left twice", ev.Call.NR)
			}
			inCall[ev.Tracee] = !inCall[ev.Tracee]
		}
	})
	if signals != forgeries {
		t.Errorf("%d signals, want %d", signals, forgeries)
	}
}
