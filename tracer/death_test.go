//go:build linux && amd64

package tracer

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/tables"
)

// The signal that a process sends when it ends is reported after its end, even though both
// are available at once and the receiver is the newer tracee.
func TestSignalAfterDeath(t *testing.T) {
	need.All(t, need.GCC64)
	path := t.TempDir() + "/dying"
	if out, err := exec.Command("gcc", "-O1", "-w", "-o", path, "testdata/dying.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// The call in which the receiver sleeps must not stop, since that stop would come
	// first.
	traced := func(abi tables.ABI, nr uint64) bool {
		return abi == tables.X86_64 && (nr == unix.SYS_GETPPID || nr == unix.SYS_EXIT_GROUP)
	}
	for sender, sig := range map[string]unix.Signal{"group": unix.SIGHUP, "parent": unix.SIGUSR1} {
		for _, usage := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/usage=%v", sender, usage), func(t *testing.T) {
				opts := Options{Follow: true, Traced: traced, Usage: usage}
				testSignalAfterDeath(t, Command{Path: path, Argv: []string{"dying", sender}, Env: os.Environ()}, opts, sig)
			})
		}
	}
}

func testSignalAfterDeath(t *testing.T, c Command, opts Options, sig unix.Signal) {
	var dying, member *Tracee
	dies, both := false, false
	var order []string
	opts.Debug = func(line string) {
		// SIGCONT, which is sent together with SIGHUP, causes another stop before the one
		// for SIGHUP.
		if both && strings.HasPrefix(line, fmt.Sprintf("resume: %d,", member.TID)) && !strings.Contains(line, " with ") {
			awaitState(t, member, "t")
		}
	}
	tracer := newTracer(t, opts)
	first := launch(t, tracer, c)
	run(t, tracer, func(ev *Event) {
		tr := ev.Tracee
		switch {
		case ev.Kind == Created && dying == nil:
			dying = tr
		case ev.Kind == Created:
			member = tr
		case ev.Kind == Enter && tr == dying && ev.Call.NR == unix.SYS_EXIT_GROUP:
			// The next event is one of the first process, and is already available.
			awaitState(t, first, "t")
			if err := tracer.collect(); err != nil {
				t.Fatal(err)
			}
			dies = true
		case dies && !both:
			if tr != first {
				t.Fatalf("%v of %d, want an event of the first process", ev.Kind, tr.TID)
			}
			awaitState(t, dying, "Z")
			awaitState(t, member, "t")
			both = true
		case ev.Kind == Exited && tr == dying:
			order = append(order, "death")
		case dies && ev.Kind == Signal && tr == member:
			order = append(order, unix.SignalName(ev.Signal))
			if opts.Usage && ev.Usage.Minflt == 0 {
				t.Error("the signal's event has no resource usage")
			}
		}
	})
	if want := []string{"death", unix.SignalName(sig)}; !equal(order, want) {
		t.Errorf("events %q, want %q", order, want)
	}
}

// awaitState waits until a tracee is in a state of /proc/PID/status.
func awaitState(t *testing.T, tr *Tracee, state string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !strings.HasPrefix(statusField(tr.TID, "State"), state); {
		if time.Now().After(deadline) {
			t.Fatalf("%d is in state %s, want %s", tr.TID, statusField(tr.TID, "State"), state)
		}
		time.Sleep(time.Millisecond)
	}
}

// A tracee that is killed while its signal-delivery-stop is deferred is reported with the
// signal and then with its death, and no data about it remains.
func TestKilledWhilePutBehind(t *testing.T) {
	need.All(t, need.GCC64)
	path := t.TempDir() + "/receiver"
	if out, err := exec.Command("gcc", "-O1", "-w", "-o", path, "testdata/receiver.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	traced := func(abi tables.ABI, nr uint64) bool {
		return abi == tables.X86_64 && (nr == unix.SYS_GETPPID || nr == unix.SYS_KILL)
	}
	var sender, receiver *Tracee
	sent, seen, killed := false, false, false
	opts := Options{Follow: true, Traced: traced}
	opts.Debug = func(line string) {
		var tid int
		fmt.Sscanf(line, "wait: %d,", &tid)
		switch {
		case !sent || killed || tid == 0:
		case tid == receiver.TID:
			seen = true
		case seen && tid == sender.TID: // while the tracer looks for stops that must be reported first
			killed = true
			unix.Kill(receiver.TID, unix.SIGKILL)
			awaitState(t, receiver, "Z")
		}
	}
	tracer := newTracer(t, opts)
	first := launch(t, tracer, Command{Path: path, Argv: []string{"receiver"}, Env: os.Environ()})
	var order []string
	run(t, tracer, func(ev *Event) {
		switch tr := ev.Tracee; {
		case ev.Kind == Created && sender == nil && tr != first:
			sender = tr
		case ev.Kind == Created && receiver == nil && tr != first:
			receiver = tr
		case ev.Kind == Created && tr != first:
			t.Errorf("%d was created, after %d and %d", tr.TID, sender.TID, receiver.TID)
		case ev.Kind == Enter && tr == sender && ev.Call.NR == unix.SYS_KILL:
			// The sender continues to the exit of its call, so that both have stopped.
			sent = true
			tracer.resumeCurrent()
			awaitState(t, sender, "t")
			awaitState(t, receiver, "t")
		case ev.Kind == Signal && tr == receiver:
			order = append(order, unix.SignalName(ev.Signal))
		case ev.Kind == Killed && tr == receiver:
			order = append(order, "death")
		}
	})
	if !killed {
		t.Error("the receiver was not killed while its stop was deferred")
	}
	if want := []string{"SIGUSR1", "death"}; !equal(order, want) {
		t.Errorf("events %q, want %q", order, want)
	}
}
