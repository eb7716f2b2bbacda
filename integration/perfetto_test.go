package integration

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/output/outputtest"
)

// TestPerfetto checks that --format=perfetto has the same calls as --json, with the
// same results, and the same signals and ends.
func TestPerfetto(t *testing.T) {
	command := []string{"sh", "-c", "cat /nonexistent 2>/dev/null; kill -USR1 $$"}
	var want []string
	for line := range strings.Lines(trace(t, trapline(t), []string{"-f", "--format=json"}, command...).log) {
		var e struct {
			Event, Name, Signal string
			Ret                 json.RawMessage
			Error               struct{ Errno int }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.Event == "syscall" {
			want = append(want, fmt.Sprintf("%s %d", e.Name, e.Error.Errno))
		} else if e.Signal != "" {
			want = append(want, e.Signal)
		}
	}
	log := trace(t, trapline(t), []string{"-f", "--format=perfetto"}, command...).log
	var got, names []string
	flows := 0
	for _, e := range outputtest.ChromeEvents(t, log) {
		switch {
		case e.Phase == "X" || e.Phase == "B":
			errno, _ := e.Args["errno"].(json.Number)
			got = append(got, fmt.Sprintf("%s %s", e.Name, cmp.Or(string(errno), "0")))
		case e.Phase == "i" && e.Cat == "signal":
			got = append(got, e.Name)
		case e.Phase == "i" && strings.HasPrefix(e.Name, "killed by "):
			got = append(got, strings.TrimPrefix(e.Name, "killed by "))
		case e.Phase == "M" && e.Name == "process_name":
			names = append(names, fmt.Sprint(e.Args["name"]))
		case e.Phase == "s" && e.Name == "create":
			flows++
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(got) < 50 || !slices.Equal(got, want) {
		t.Errorf("in Perfetto's format:\n%q\nin JSON:\n%q", got, want)
	}
	if !slices.Contains(names, "sh") || !slices.Contains(names, "cat") || flows != 1 {
		t.Errorf("names of processes %q, %d flows from creators to what they created, want sh, cat and 1", names, flows)
	}
}

// TestPerfettoOfThreads checks that each thread's creation is a flow to it, and
// that flows of wakes lead to waits that returned 0.
func TestPerfettoOfThreads(t *testing.T) {
	log := trace(t, trapline(t), []string{"-f", "--format=perfetto"}, program(t, "threads", "amd64"), t.TempDir()).log
	events := outputtest.ChromeEvents(t, log)
	created, flowTo := 0, map[int]bool{}
	for _, e := range events {
		switch {
		case e.Phase == "i" && e.Name == "start" && e.Args["how"] == "created", strings.HasPrefix(e.Name, "start "):
			created++
		case e.Phase == "f" && e.Name == "create":
			flowTo[*e.TID] = true
		case e.Phase == "f" && e.Name == "wake":
			if !slices.ContainsFunc(events, func(s outputtest.ChromeEvent) bool {
				return s.Phase == "X" && s.Name == "futex" && *s.TID == *e.TID && s.Begin <= e.Begin && e.Begin <= s.End &&
					fmt.Sprint(s.Args["ret"]) == "0" && strings.HasPrefix(fmt.Sprint(s.Args["futex_op"]), "FUTEX_WAIT")
			}) {
				t.Errorf("a wake that leads to no wait: %+v", e)
			}
		}
	}
	if created < 4 || len(flowTo) != created {
		t.Errorf("%d threads were created, flows lead to %d", created, len(flowTo))
	}
}

// TestPerfettoWake checks a wake that is certain: Python's locks are futexes.
func TestPerfettoWake(t *testing.T) {
	need.All(t, need.Python3)
	log := trace(t, trapline(t), []string{"-f", "--format=perfetto"}, "python3", "-c", `
import threading, time
lock = threading.Lock()
lock.acquire()
t = threading.Thread(target=lock.acquire)
t.start()
def waits(): # for the lock: whoever waits for the interpreter has a time limit, the fourth argument
    of = "/proc/self/task/%d/" % t.native_id
    call = open(of + "syscall").read().split()
    return call[0] == "202" and call[4] == "0x0" and open(of + "stat").read().rsplit(")", 1)[1].split()[0] == "S"
while not waits(): time.sleep(0.01)
lock.release()
t.join()
`).log
	wakes := 0
	for _, e := range outputtest.ChromeEvents(t, log) {
		if e.Phase == "f" && e.Name == "wake" && *e.TID != *e.PID {
			wakes++
		}
	}
	if wakes == 0 {
		t.Error("no flow from the release of the lock to the thread that waited for it")
	}
}

// TestPerfettoRefuses checks what this format cannot do.
func TestPerfettoRefuses(t *testing.T) {
	for _, flag := range []string{"-c", "-C", "-A"} {
		_, stderr, state := run(t, "--format=perfetto", "-o", t.TempDir()+"/log", flag, "true")
		if state.ExitCode() != 1 || strings.Count(stderr, "mutually exclusive") != 1 {
			t.Errorf("%s: status %d, %q", flag, state.ExitCode(), stderr)
		}
	}
}

// TestPerfettoErrors checks that a message which comes before the trace is a line of
// text, and that one in the trace is an event of a whole document.
func TestPerfettoErrors(t *testing.T) {
	need.All(t, need.Live) // messages of the recorder are text
	for args, want := range map[string]string{
		"-s x true":             "invalid -s argument: 'x'\n",
		"-e trace=opennat true": "invalid system call 'opennat': did you mean openat?\n",
		"no-such-command":       "Cannot find executable 'no-such-command'\n",
	} {
		_, stderr, state := run(t, append([]string{"--format=perfetto"}, strings.Fields(args)...)...)
		if prefix := trapline(t) + ": "; state.ExitCode() != 1 || !strings.HasPrefix(stderr, prefix+want) {
			t.Errorf("%s: status %d, %q, want %q", args, state.ExitCode(), stderr, prefix+want)
		}
	}
	_, stderr, _ := run(t, "--format=perfetto", "-p", "2147483647")
	if !slices.ContainsFunc(outputtest.ChromeEvents(t, stderr), func(e outputtest.ChromeEvent) bool { return e.Cat == "message" }) {
		t.Errorf("no message: %s", stderr)
	}
}
