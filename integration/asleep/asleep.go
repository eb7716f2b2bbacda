// Package asleep starts processes for tests, and returns when they are in the state that
// the test needs. exec.Cmd.Start returns in the middle of execve, when the process has
// neither its arguments nor its name yet and, on a busy machine, long before it is in the
// expected call.
package asleep

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// timeout is how long a process may take to reach its state.
const timeout = time.Minute

// Sleeping are the calls in which sleep(1) sleeps, one or the other.
var Sleeping = []uintptr{unix.SYS_CLOCK_NANOSLEEP, unix.SYS_NANOSLEEP}

// Sleep starts sleep(1) for longer than any test takes, and returns when it sleeps. It is
// killed at the end of the test.
func Sleep(t testing.TB) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	Start(t, cmd, Sleeping...)
	return cmd
}

// Start starts a command, and returns when it sleeps in one of the calls. It is killed at
// the end of the test.
func Start(t testing.TB, cmd *exec.Cmd, calls ...uintptr) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	Await(t, cmd.Process.Pid, calls...)
}

// Await waits until a thread sleeps in one of the calls, and returns the call's
// arguments. It fails the test if the thread has ended, or if its state cannot be read.
func Await(t testing.TB, tid int, calls ...uintptr) (args [6]uint64) {
	t.Helper()
	for deadline := time.Now().Add(timeout); ; time.Sleep(time.Millisecond) {
		nr, args, err := Call(tid)
		if err != nil {
			t.Fatalf("what process %d does is not to be known: %v", tid, err)
		}
		for _, call := range calls {
			if nr == int64(call) && asleep(tid) {
				return args
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v process %d is in call %d, not asleep in one of %d", timeout, tid, nr, calls)
		}
	}
}

// Call returns the call in which a thread waits, and the call's arguments. The number is -1
// if the thread is not in a call or is running.
func Call(tid int) (nr int64, args [6]uint64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", tid))
	if err != nil {
		return -1, args, err
	}
	return parse(string(text))
}

// parse parses a file /proc/PID/syscall.
func parse(text string) (nr int64, args [6]uint64, err error) {
	fields := strings.Fields(text)
	if len(fields) == 0 || fields[0] == "running" || fields[0] == "-1" {
		return -1, args, nil
	}
	if len(fields) < 1+len(args) {
		return -1, args, fmt.Errorf("/proc/PID/syscall has %q", text)
	}
	if nr, err = strconv.ParseInt(fields[0], 10, 64); err != nil {
		return -1, args, err
	}
	for i := range args {
		if args[i], err = strconv.ParseUint(fields[1+i], 0, 64); err != nil {
			return -1, args, err
		}
	}
	return nr, args, nil
}

// asleep reports whether a thread sleeps in such a way that a signal can wake it. A thread
// that waits for a disk, or is stopped, is not in the expected state.
func asleep(tid int) bool {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", tid))
	end := strings.LastIndexByte(string(text), ')')
	return end >= 0 && strings.HasPrefix(string(text)[end+1:], " S ")
}
