//go:build linux && amd64

package tracer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/asleep"
	"trapline/tables"
)

// traceSleeping traces a program of testdata, and calls asleep when the tracer waits only
// for a stop and isIdle reports that the program is in the state in which the tracer should
// sleep. The tracer also sleeps while the program waits for a processor. Then the program
// either reaches that state, or stops because it has woken the tracer. If nothing wakes the
// tracer, the test does not end.
func traceSleeping(t *testing.T, name string, stdin *os.File, isIdle func(tid int) bool, asleep func(), event func(*Event)) {
	t.Helper()
	if err := CanBuffer(); err != nil {
		t.Skip(err)
	}
	program := buildProgram(t, name)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	var tracee *Tracee
	tracer := newTracer(t, Options{
		Follow: true, Traced: func(tables.ABI, uint64) bool { return true }, Buffered: stepsCalls, Colocate: ColocateNever,
		Debug: func(text string) {
			if !strings.Contains(text, "waits for a stop") {
				return
			}
			for !isIdle(tracee.TID) {
				if state := statusField(tracee.TID, "State"); state == "" || !strings.Contains("RSD", state[:1]) {
					return // it has stopped, or ended
				}
				time.Sleep(time.Millisecond)
			}
			asleep()
		},
	})
	defer tracer.Close()
	tracee = launch(t, tracer, Command{Path: program, Argv: []string{name}, Env: os.Environ(), Files: [3]*os.File{stdin, null, null}})
	stdin.Close()
	run(t, tracer, event)
}

// While a thread waits in a call, the tracer sleeps, and the end of the call wakes it.
func TestSleepWhileThreadWaits(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	const calls, naps = 500, 3
	if _, err := w.Write(bytes.Repeat([]byte{'x'}, calls)); err != nil {
		t.Fatal(err)
	}
	slept, read, exited, kept := 0, "", 0, 0
	waits := func(tid int) bool {
		nr, args, _ := asleep.Call(tid)
		return nr == unix.SYS_READ && args[0] == 0 && strings.HasPrefix(statusField(tid, "State"), "S")
	}
	traceSleeping(t, "waits", r, waits, func() {
		if slept++; slept > naps {
			w.Close()
			return
		}
		fmt.Fprint(w, slept)
	}, func(ev *Event) {
		if ev.Kind != Exit || ev.Call.NR != unix.SYS_READ || ev.Call.Args[0] != 0 {
			return
		}
		if exited++; exited <= calls {
			return
		}
		if ev.Kept {
			kept++
		}
		ev.Pieces(func(p BufferedPiece) { read += string(p.B) })
	})
	if slept != naps+1 || exited != calls+naps+1 {
		t.Errorf("the tracer slept %d times, and %d calls ended", slept, exited)
	}
	if kept != naps+1 || read != "123" {
		t.Errorf("%d calls that woke the tracer were kept, which read %q", kept, read)
	}
}

// While a thread computes, the tracer sleeps, and the beginning of a call wakes it.
func TestSleepWhileThreadComputes(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "byte"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(2); err != nil {
		t.Fatal(err)
	}
	own, err := os.OpenFile(f.Name(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	slept, events := 0, ""
	computes := func(int) bool {
		var bytes [2]byte
		own.ReadAt(bytes[:], 0)
		return bytes == [2]byte{0, 1}
	}
	traceSleeping(t, "spins", f, computes, func() {
		slept++
		own.WriteAt([]byte{1}, 0)
	}, func(ev *Event) {
		if (ev.Kind == Enter || ev.Kind == Exit) && ev.Call.NR == unix.SYS_READ && ev.Call.Args[2] == 0x5eed {
			events += fmt.Sprintf("%v kept %v. ", ev.Kind, ev.Kept)
		}
	})
	if want := fmt.Sprintf("%v kept true. %v kept true. ", Enter, Exit); slept != 1 || events != want {
		t.Errorf("the tracer slept %d times, and the last call was: %s", slept, events)
	}
}
