//go:build linux && amd64

package tracer

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

func init() {
	// Calls clone with the flags in the first argument. The new process calls
	// getppid after a while, and writes to the file in the second argument
	// whether it succeeded.
	programs["clone"] = func() {
		flags, _ := strconv.ParseUint(os.Args[1], 0, 64)
		fd, _ := unix.Open(os.Args[2], unix.O_WRONLY|unix.O_CREAT|unix.O_APPEND, 0o600)
		text := []byte("succeeded")
		runtime.LockOSThread()
		child, _, _ := unix.RawSyscall6(unix.SYS_CLONE, uintptr(flags)|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
		if child != 0 {
			var status unix.WaitStatus
			unix.Wait4(int(child), &status, 0, nil)
			return
		}
		// As after a fork, the Go runtime does not work here.
		pause := unix.Timespec{Nsec: 2e8}
		unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&pause)), 0, 0)
		if _, _, errno := unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0); errno != 0 {
			copy(text, "has error")
		}
		unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

// create launches a command that creates a process with some flags. It calls created when
// the child is in its first stop and the parent in its event. It returns the result of
// the child's getppid, and whether the child was seen.
func create(t *testing.T, flags uintptr, created func(tracer *Tracer, parent *Tracee, child int)) (outcome string, seen bool) {
	t.Helper()
	tracer := newTracer(t, Options{Follow: true, Traced: func(abi tables.ABI, nr uint64) bool {
		return abi == tables.X86_64 && (nr == unix.SYS_GETPPID || nr == unix.SYS_CLONE)
	}})
	file := t.TempDir() + "/outcome"
	launch(t, tracer, command("clone", strconv.Itoa(int(flags)), file))
	run(t, tracer, func(ev *Event) {
		switch {
		case ev.Kind != Enter:
		case ev.Call.NR == unix.SYS_GETPPID:
			seen = true
		case ev.Call.NR == unix.SYS_CLONE && ev.Call.Args[0]&unix.CLONE_VM == 0:
			parent := ev.Tracee
			tracer.current = nil
			tracer.resume(parent)
			awaitStop(t, parent.TID)
			child, errno := getEventMessage(parent.TID)
			if errno != 0 {
				t.Fatal(errno)
			}
			awaitStop(t, int(child))
			created(tracer, parent, int(child))
		}
	})
	b, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
	}
	return string(b), seen
}

// awaitStop waits for a stop of a tracee without consuming it.
func awaitStop(t *testing.T, tid int) {
	t.Helper()
	const options = unix.WSTOPPED | unix.WEXITED | unix.WNOWAIT | unix.WALL
	if err := unix.Waitid(unix.P_PID, tid, nil, options, nil); err != nil {
		t.Fatal(err)
	}
}

// If the creator of a process is killed before its event, the process is seen unless it was
// created with CLONE_UNTRACED.
func TestCreatorKilledWithFilter(t *testing.T) {
	for _, flags := range []uintptr{0, unix.CLONE_UNTRACED} {
		outcome, seen := create(t, flags, func(_ *Tracer, parent *Tracee, _ int) {
			unix.Kill(parent.TID, unix.SIGKILL)
		})
		if outcome != "succeeded" || seen != (flags == 0) {
			t.Errorf("flags %#x: the call %s, is seen: %v", flags, outcome, seen)
		}
	}
}

// A process that is held until its creator's event when the trace ends keeps its tracer.
func TestEndAmidBirthWithFilter(t *testing.T) {
	for _, killed := range []bool{false, true} {
		for _, flags := range []uintptr{0, unix.CLONE_UNTRACED} {
			outcome, seen := create(t, flags, func(tracer *Tracer, parent *Tracee, child int) {
				s, errno := tracer.waitNow(child)
				if errno != 0 || tracer.classify(s) != nil || tracer.tracees[child].state != held {
					t.Errorf("the child is not held: %v", errno)
				}
				if killed {
					unix.Kill(parent.TID, unix.SIGKILL)
				}
				tracer.DetachAll()
			})
			if outcome != "succeeded" || seen {
				t.Errorf("flags %#x, creator killed: %v: the call %s, is seen: %v", flags, killed, outcome, seen)
			}
		}
	}
}
