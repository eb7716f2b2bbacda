//go:build linux && amd64

package tracer

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// After StopAt, a call that did not stop before stops, even in a process that is already
// patched. All calls are in order, even if tracer and tracee share a processor.
func TestStopAt(t *testing.T) {
	program := stepsProgram(t)
	for _, colocate := range []Colocation{ColocateAuto, ColocateAlways, ColocateNever} {
		t.Run(fmt.Sprint(colocate), func(t *testing.T) { testStopAt(t, program, colocate) })
	}
}

func testStopAt(t *testing.T, program string, colocate Colocation) {
	if err := CanBuffer(); err != nil {
		t.Skip(err)
	}
	tracer := newTracer(t, Options{
		Follow: true, Traced: func(tables.ABI, uint64) bool { return true }, Buffered: stepsCalls, Colocate: colocate,
	})
	defer tracer.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	const calls = 5000
	launch(t, tracer, Command{
		Path: program, Argv: []string{"steps", "5000", "read"}, Env: os.Environ(), Files: [3]*os.File{null, null, null},
	})
	kept, stopped, all, marks, late, keptLast := 0, 0, 0, 0, 0, false
	run(t, tracer, func(ev *Event) {
		if ev.Kind == Exit && ev.Call.NR == unix.SYS_GETPGID {
			if marks++; marks != all+1 { // the program calls it before each read
				late++
			}
		}
		if ev.Kind != Exit || ev.Call.NR != unix.SYS_READ || ev.Call.Ret != 1 {
			return
		}
		all++
		if keptLast = ev.Kept; keptLast {
			if kept++; kept == 200 {
				tracer.StopAt(unix.SYS_READ)
			}
		} else if kept >= 200 {
			stopped++
		}
	})
	if all != calls {
		t.Errorf("%d calls, not %d", all, calls)
	}
	if late > 0 {
		t.Errorf("%d calls are not in their order", late)
	}
	if kept < 200 || stopped < 100 || keptLast {
		t.Errorf("%d calls did not stop; after StopAt %d stopped; the last one did not stop: %v", kept, stopped, keptLast)
	}
}

// If requested, the time after a call of the only thread is noted.
func TestTimesOfEnds(t *testing.T) {
	if err := CanBuffer(); err != nil {
		t.Skip(err)
	}
	program := stepsProgram(t)
	for _, wanted := range []bool{false, true} {
		tracer := newTracer(t, Options{
			Follow: true, Traced: func(tables.ABI, uint64) bool { return true }, Buffered: stepsCalls, BufferedTimes: wanted,
		})
		null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		launch(t, tracer, Command{
			Path: program, Argv: []string{"steps", "1000", "read"}, Env: os.Environ(), Files: [3]*os.File{null, null, null},
		})
		null.Close()
		var begun time.Time
		kept, took := 0, 0
		run(t, tracer, func(ev *Event) {
			switch {
			case !ev.Kept || ev.Call.NR != unix.SYS_READ:
			case ev.Kind == Enter:
				begun = ev.Time
			default:
				kept++
				if ev.Time.After(begun) {
					took++
				}
			}
		})
		tracer.Close()
		// A call that is seen in progress is converted to a time twice.
		if kept < 500 || wanted && took != kept || !wanted && took > kept/2 {
			t.Errorf("times wanted: %v: of %d calls %d took some time", wanted, kept, took)
		}
	}
}
