//go:build linux && amd64

package tracer

import (
	"bytes"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// The tracer reads the rings less often while all threads wait in calls, and at the usual
// rate when one of them continues.
func TestIdleWhileAllWait(t *testing.T) {
	if err := CanBuffer(); err != nil {
		t.Skip(err)
	}
	program := buildProgram(t, "waits")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	const calls = 500 // then it waits in a call
	if _, err := w.Write(bytes.Repeat([]byte{'x'}, calls)); err != nil {
		t.Fatal(err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	tracer := newTracer(t, Options{
		Follow: true, Traced: func(tables.ABI, uint64) bool { return true }, Buffered: stepsCalls, Colocate: ColocateNever,
	})
	defer tracer.Close()
	launch(t, tracer, Command{Path: program, Argv: []string{"waits"}, Env: os.Environ(), Files: [3]*os.File{r, null, null}})
	r.Close()
	b := tracer.buffered
	look := func() time.Duration { // as if the tracer had read the ring and found nothing new
		b.looked, b.most = b.clock.last.Add(-time.Second), 0
		tracer.endReport()
		return b.idle
	}
	entered, exited, kept := 0, 0, 0
	run(t, tracer, func(ev *Event) {
		// The dynamic linker does not read from standard input.
		if ev.Kind != Enter && ev.Kind != Exit || ev.Call.NR != unix.SYS_READ || ev.Call.Args[0] != 0 {
			return
		}
		if ev.Kind == Exit {
			if exited++; exited == calls+1 {
				if got := look(); got != longIdle {
					t.Errorf("idle for %v when the thread has gone on, not %v", got, longIdle)
				}
			}
			return
		}
		if ev.Kept {
			kept++
		}
		if entered++; entered != calls+1 {
			return
		}
		for range 2 {
			if got := look(); got != 10*time.Millisecond {
				t.Errorf("idle for %v while the thread waits, not 10 ms", got)
			}
		}
		if _, err := w.Write([]byte{'y'}); err != nil {
			t.Error(err)
		}
		w.Close()
	})
	if exited != calls+2 || kept < calls/2 {
		t.Errorf("%d reads, %d of them without a stop", exited, kept)
	}
}
