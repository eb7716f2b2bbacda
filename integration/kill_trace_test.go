package integration

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// everyRequest is an environment variable. If it is set, trapline is killed at each ptrace
// request in turn, which takes hours; otherwise only at some.
const everyRequest = "TRAPLINE_KILL_EVERY"

// samples returns some ptrace requests, spread evenly over all.
func samples(some, all int) (at []int) {
	step := max(all/some, 1)
	if os.Getenv(everyRequest) != "" {
		step = 1
	}
	for n := 1 + step/2; n <= all; n += step {
		at = append(at, n)
	}
	return at
}

var ptraceRequests = []string{fmt.Sprint(unix.SYS_PTRACE)}

// counting is a command that creates processes and ends: it writes some lines to
// a file, and then creates two others.
type counting struct{ out, done, after, log string }

const countedLines = 3

func newCounting(t *testing.T) *counting {
	dir := t.TempDir()
	return &counting{filepath.Join(dir, "out"), filepath.Join(dir, "done"), filepath.Join(dir, "after"), filepath.Join(dir, "log")}
}

// under is the command line of trapline that traces the command to the log.
func (c *counting) under(t *testing.T, flags ...string) []string {
	script := `for i in 1 2 3; do /bin/true; (exit 3); echo $i >>` + c.out + `; done; : >` + c.done + `; : >` + c.after
	return slices.Concat([]string{trapline(t), "-o", c.log}, flags, []string{"sh", "-c", script})
}

// traced runs trapline, which is not killed, and returns how many ptrace
// requests it makes and the events of the trace.
func (c *counting) traced(t *testing.T, argv []string) (requests int, seen map[string]int) {
	var all killer
	all.run(t, ptraceRequests, argv...)
	return all.seen, events(t, c.log)
}

// progress is how far the command has got.
type progress struct {
	lines       int
	done, after bool
}

func (p progress) complete() bool { return p.done && p.after && p.lines == countedLines }

// killedAt runs trapline and does something to it at a ptrace request.
func (c *counting) killedAt(t *testing.T, n int, kill func(int), argv []string) (progress, unix.WaitStatus) {
	t.Helper()
	os.Remove(c.out)
	os.Remove(c.done)
	os.Remove(c.after)
	k := killer{at: n, kill: kill}
	k.run(t, ptraceRequests, argv...)
	written, _ := os.ReadFile(c.out)
	_, err := os.Stat(c.done)
	_, afterErr := os.Stat(c.after)
	return progress{strings.Count(string(written), "\n"), err == nil, afterErr == nil}, k.ending
}

// Trapline is killed, or stopped for a moment, at ptrace requests that it makes
// while it traces a command. The command continues to its end.
func TestKilledWhileTracing(t *testing.T) {
	need.All(t, need.Notifications, need.Time)
	for _, flags := range [][]string{{"-f"}, {"-f", "--colocate=always"}, {"-D", "-f"}} {
		c := newCounting(t)
		argv := c.under(t, flags...)
		all, want := c.traced(t, argv)
		for _, name := range []string{"SIGKILL", "SIGSTOP and SIGKILL"} {
			t.Run(strings.Join(append(slices.Clone(flags), name), " "), func(t *testing.T) {
				for _, n := range samples(4, all) {
					if p, _ := c.killedAt(t, n, deaths[name], argv); !p.complete() && p != (progress{}) {
						t.Errorf("at request %d of %d: the command got to: %+v", n, all, p)
					}
				}
			})
		}
		t.Run(strings.Join(append(slices.Clone(flags), "SIGSTOP and SIGCONT"), " "), func(t *testing.T) {
			for _, n := range samples(4, all) {
				c.killedAt(t, n, pause, argv)
				if got := events(t, c.log); !maps.Equal(got, want) {
					t.Errorf("at request %d of %d: traced %v, want %v", n, all, got, want)
				}
			}
		})
	}
}

// Trapline is sent signals that end a trace at its ptrace requests. What they do
// depends on -I.
func TestInterruptedWhileTracing(t *testing.T) {
	need.All(t, need.Notifications, need.Time)
	for _, flags := range [][]string{{"-I1", "-f"}, {"-I2", "-f"}, {"-I2", "-f", "--colocate=always"}, {"-I2", "-D", "-f"}, {"-I3", "-f"}} {
		c := newCounting(t)
		argv := c.under(t, flags...)
		all, want := c.traced(t, argv)
		for name, sig := range map[string]unix.Signal{"SIGTERM": unix.SIGTERM, "SIGQUIT": unix.SIGQUIT} {
			t.Run(strings.Join(append(slices.Clone(flags), name), " "), func(t *testing.T) {
				for _, n := range samples(4, all) {
					p, ending := c.killedAt(t, n, deaths[name], argv)
					log, _ := os.ReadFile(c.log)
					died := ending.Signaled() && ending.Signal() == sig
					var right bool
					switch {
					case p == progress{} && died: // before the command
						right = true
					case flags[0] == "-I1": // trapline dies, the command continues
						right = died && p.complete()
					case flags[0] == "-I3": // nothing happens
						right = ending == 0 && p.complete() && maps.Equal(events(t, c.log), want)
					case p.done && !p.after && !strings.Contains(string(log), c.done): // the call had begun when it got the signal
						right = died
					case p.done: // it had done everything except its last action, as the trace shows
						right = strings.Contains(string(log), c.done)
					default: // the command gets the signal as well, and dies
						right = died
					}
					if !right {
						t.Errorf("at request %d of %d: ended with %#x, the command got to: %+v, trace\n%s", n, all, ending, p, log)
					}
				}
			})
		}
	}
}

// events counts, in a trace of that command, the ends of processes and the calls that are
// equally frequent in each run.
func events(t *testing.T, log string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, match := range regexp.MustCompile(`\b(execve\(|write\(1,)|\+\+\+ .* \+\+\+`).FindAllString(string(text), -1) {
		count[match]++
	}
	return count
}

// pause stops a process for a moment.
func pause(pid int) {
	unix.Kill(pid, unix.SIGSTOP)
	awaitState(pid, 'T')
	time.Sleep(5 * time.Millisecond)
	unix.Kill(pid, unix.SIGCONT)
}

// With --kill-on-exit tracees die with trapline: the command would not end by itself. The
// filter with which this test stops trapline disables --seccomp-bpf.
func TestKilledWithTracees(t *testing.T) {
	need.All(t, need.Notifications, need.Time)
	command := []string{"sh", "-c", `/bin/true; (exit 3); sleep 1000`}
	argv := slices.Concat([]string{trapline(t), "-o", os.DevNull, "-f", "--kill-on-exit"}, command)
	for _, name := range []string{"SIGKILL", "SIGSTOP and SIGKILL"} {
		t.Run(name, func(t *testing.T) {
			for _, n := range samples(4, 40) { // it makes more than these
				k := killer{at: n, kill: deaths[name]}
				k.run(t, ptraceRequests, argv...)
			}
		})
	}
}
