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

// everyRequest is an environment variable. If it is set, trapline is killed at
// every ptrace request in turn, which takes hours; otherwise only at some.
const everyRequest = "TRAPLINE_KILL_EVERY"

// samples returns a few ptrace requests, spread evenly over all.
func samples(all int) (at []int) {
	const some = 4
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

// Trapline is killed at ptrace requests that it makes while it traces a command
// that creates processes and ends. The command continues to its end, unless
// trapline, like strace, passes on to it the signal that ended the trace.
func TestKilledWhileTracing(t *testing.T) {
	need.All(t, need.Notifications, need.Time)
	dir := t.TempDir()
	out, done, log := filepath.Join(dir, "out"), filepath.Join(dir, "done"), filepath.Join(dir, "log")
	const lines = 3
	command := []string{"sh", "-c", `for i in 1 2 3; do /bin/true; (exit 3); echo $i >>` + out + `; done; : >` + done}
	for _, flags := range [][]string{{"-f"}, {"-f", "--colocate=always"}, {"-D", "-f"}} {
		argv := slices.Concat([]string{trapline(t), "-I2", "-o", log}, flags, command)
		var all killer
		all.run(t, ptraceRequests, argv...)
		want := events(t, log)
		for _, name := range slices.Sorted(maps.Keys(deaths)) {
			t.Run(strings.Join(append(slices.Clone(flags), name), " "), func(t *testing.T) {
				for _, n := range samples(all.seen) {
					os.Remove(out)
					os.Remove(done)
					k := killer{at: n, kill: deaths[name]}
					k.run(t, ptraceRequests, argv...)
					written, _ := os.ReadFile(out)
					_, err := os.Stat(done)
					if err != nil && len(written) > 0 && strings.HasSuffix(name, "SIGKILL") || err == nil && strings.Count(string(written), "\n") != lines {
						t.Errorf("at request %d of %d: the command wrote %q, and its end: %v", n, all.seen, written, err)
					}
				}
			})
		}
		t.Run(strings.Join(append(slices.Clone(flags), "SIGSTOP and SIGCONT"), " "), func(t *testing.T) {
			for _, n := range samples(all.seen) {
				k := killer{at: n, kill: pause}
				k.run(t, ptraceRequests, argv...)
				if got := events(t, log); !maps.Equal(got, want) {
					t.Errorf("at request %d of %d: traced %v, want %v", n, all.seen, got, want)
				}
			}
		})
	}
}

// events counts the ends and the calls in a trace of that command, of calls
// those that are equally frequent each time.
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

// With --kill-on-exit tracees die with trapline: the command would not end by
// itself. The filter by which this test stops trapline keeps --seccomp-bpf from
// having an effect.
func TestKilledWithTracees(t *testing.T) {
	need.All(t, need.Notifications, need.Time)
	command := []string{"sh", "-c", `/bin/true; (exit 3); sleep 1000`}
	argv := slices.Concat([]string{trapline(t), "-o", os.DevNull, "-f", "--kill-on-exit"}, command)
	for _, name := range []string{"SIGKILL", "SIGSTOP and SIGKILL"} {
		t.Run(name, func(t *testing.T) {
			for _, n := range samples(40) { // it makes more
				k := killer{at: n, kill: deaths[name]}
				k.run(t, ptraceRequests, argv...)
			}
		})
	}
}
