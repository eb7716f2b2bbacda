package integration

import (
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
)

// Trapline is killed at ptrace requests that it makes while it attaches to a process with
// threads, and soon after. The process continues as before.
func TestKilledWhileAttaching(t *testing.T) {
	need.All(t, need.Notifications, need.Time)
	const requests = 40 // the attach to six to ten threads, and some calls
	for _, flags := range [][]string{{}, {"-f"}, {"-f", "--colocate=always"}} {
		w := startWorkers(t)
		argv := slices.Concat([]string{trapline(t), "-o", os.DevNull}, flags, []string{"-p", fmt.Sprint(w.pid)})
		ways := maps.Clone(deaths)
		ways["SIGSTOP, SIGCONT and SIGTERM"] = func(pid int) {
			pause(pid)
			unix.Kill(pid, unix.SIGTERM)
		}
		for _, name := range slices.Sorted(maps.Keys(ways)) {
			t.Run(strings.Join(append(slices.Clone(flags), name), " "), func(t *testing.T) {
				for _, n := range samples(10, requests) {
					k := killer{at: n, kill: ways[name]}
					k.run(t, ptraceRequests, argv...)
					w.check(t, n)
				}
			})
		}
	}
}

// workers is a process that runs testdata/workers.
type workers struct {
	pid    int
	counts string // the file
	mask   unix.CPUSet
}

func startWorkers(t *testing.T) *workers {
	w := &workers{counts: filepath.Join(t.TempDir(), "counts")}
	if err := os.WriteFile(w.counts, make([]byte, 3*8), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program(t, "workers", "amd64"), w.counts)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	w.pid = cmd.Process.Pid
	if err := unix.SchedGetaffinity(w.pid, &w.mask); err != nil {
		t.Fatal(err)
	}
	w.awaitProgress(t)
	return w
}

// awaitProgress waits until each thread has counted further.
func (w *workers) awaitProgress(t *testing.T) {
	t.Helper()
	before := w.read(t)
	eventually(t, func() bool {
		now := w.read(t)
		return !slices.ContainsFunc([]int{0, 1, 2}, func(i int) bool { return now[i] == before[i] })
	})
}

func (w *workers) read(t *testing.T) (counts [3]uint64) {
	b, err := os.ReadFile(w.counts)
	if err != nil {
		t.Fatal(err)
	}
	binary.Decode(b, binary.NativeEndian, &counts)
	return counts
}

// check checks that the process works, untraced and with its own affinity.
func (w *workers) check(t *testing.T, request int) {
	t.Helper()
	w.awaitProgress(t)
	for _, tid := range threads(w.pid) {
		var mask unix.CPUSet
		err := unix.SchedGetaffinity(tid, &mask)
		if tracer, s := tracerOf(tid), state(tid); err != nil || tracer != "0" || s == "T" || s == "t" || mask != w.mask {
			t.Errorf("request %d: thread %d has tracer %s, state %s, mask %x, error %v", request, tid, tracer, s, mask[0], err)
		}
	}
}
