//go:build linux && amd64

package tracer

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"trapline/tables"
)

func init() {
	// Installs a filter that applies SECCOMP_RET_TRACE with data to getppid,
	// waits, calls it, and writes the errno to a file.
	programs["ret-trace"] = func() {
		data, _ := strconv.Atoi(os.Args[1])
		runtime.LockOSThread()
		if err := installFilter(unix.SYS_GETPPID, unix.SECCOMP_RET_TRACE|uint32(data)); err != nil {
			os.Exit(2)
		}
		wait, _ := time.ParseDuration(os.Args[2])
		time.Sleep(wait)
		_, _, errno := unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
		os.WriteFile(os.Args[3], []byte(strconv.Itoa(int(errno))), 0o600)
	}
}

// installFilter installs a seccomp filter with an action for a call in this
// thread.
func installFilter(nr, action uint32) error {
	code, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetNR, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: nr, SkipFalse: 1},
		bpf.RetConstant{Val: action},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
	if err != nil {
		return err
	}
	filter := encodeFilter(code)
	program := struct {
		length uint16
		filter unsafe.Pointer
	}{uint16(len(code)), unsafe.Pointer(&filter[0])}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}

// A program's own SECCOMP_RET_TRACE makes its calls fail with ENOSYS, with any
// data, during the trace and after its end.
func TestForeignRetTrace(t *testing.T) {
	for _, tt := range []struct {
		name      string
		traced    uint64              // the traced call
		data      func(uint16) uint16 // the program's data, given the tracer's
		interrupt bool
	}{
		{"traced", unix.SYS_GETPPID, func(uint16) uint16 { return 0 }, false},
		{"traced, near the tracer's data", unix.SYS_GETPPID, func(ours uint16) uint16 { return ours + 1 }, false},
		{"not traced", unix.SYS_CHDIR, func(uint16) uint16 { return 0 }, false},
		{"not traced, with the tracer's data", unix.SYS_CHDIR, func(ours uint16) uint16 { return ours }, false},
		{"after the trace", unix.SYS_CHDIR, func(ours uint16) uint16 { return ours }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tracer := newTracer(t, Options{Follow: true, Traced: func(_ tables.ABI, nr uint64) bool { return nr == tt.traced }})
			file := t.TempDir() + "/errno"
			wait := "0s"
			if tt.interrupt {
				wait = "300ms"
			}
			launch(t, tracer, command("ret-trace", strconv.Itoa(int(tt.data(tracer.filterData))), wait, file))
			shown := false
			run(t, tracer, func(ev *Event) {
				switch {
				case ev.Kind == Exit && ev.Call.NR == unix.SYS_GETPPID:
					shown = true
					if ev.Call.Ret != -int64(unix.ENOSYS) || !ev.Call.IsError {
						t.Errorf("getppid is shown with %d", ev.Call.Ret)
					}
				case ev.Kind == Exit && ev.Call.NR == unix.SYS_PRCTL && ev.Call.Args[0] == unix.PR_SET_SECCOMP && tt.interrupt:
					tracer.DetachAll()
				}
			})
			if !shown && !tt.interrupt {
				t.Error("getppid is not shown")
			}
			if errno, err := os.ReadFile(file); err != nil || string(errno) != strconv.Itoa(int(unix.ENOSYS)) {
				t.Errorf("getppid: errno %q, %v", errno, err)
			}
		})
	}
}

// A process that has installed a filter also stops at calls that are not
// traced, since the filter may refuse any call.
func TestOwnFilterStopsAtEveryCall(t *testing.T) {
	tracer := newTracer(t, Options{Follow: true, Colocate: ColocateNever, Traced: func(tables.ABI, uint64) bool { return false }})
	launch(t, tracer, command("ret-trace", "0", "0s", t.TempDir()+"/errno"))
	installed := false
	before, after := 0, 0
	run(t, tracer, func(ev *Event) {
		switch {
		case ev.Kind != Enter:
		case ev.Call.NR == unix.SYS_PRCTL && ev.Call.Args[0] == unix.PR_SET_SECCOMP:
			installed = true
		case installed && ev.Call.NR == unix.SYS_OPENAT:
			after++
		case ev.Call.NR == unix.SYS_OPENAT:
			before++
		}
	})
	if before != 0 || after == 0 {
		t.Errorf("%d calls of openat are seen before the filter, %d behind it", before, after)
	}
}
