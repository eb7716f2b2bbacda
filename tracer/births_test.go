//go:build linux && amd64

package tracer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/integration/need"
	"trapline/tables"
)

// buildBirths builds testdata/births.c.
func buildBirths(t *testing.T) string {
	t.Helper()
	need.All(t, need.GCC64)
	path := t.TempDir() + "/births"
	if out, err := exec.Command("gcc", "-O1", "-w", "-pthread", "-o", path, "testdata/births.c").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// The tracer's tracees are the existing tasks, in whatever order the stops arrive. The
// available stops are handled in random order, except that the stops of one task keep
// their order.
func TestBirthsAndDeaths(t *testing.T) {
	path := buildBirths(t)
	getppid := func(abi tables.ABI, nr uint64) bool { return abi == tables.X86_64 && nr == unix.SYS_GETPPID }
	for name, opts := range map[string]Options{
		"all calls": {Follow: true},
		"filter":    {Follow: true, Traced: getppid},
		"debug":     {Follow: true},
	} {
		for seed := range uint64(12) {
			t.Run(fmt.Sprintf("%s/%d", name, seed), func(t *testing.T) {
				if name == "debug" {
					opts.Debug = func(line string) {
						if strings.Contains(line, "lost") {
							t.Error(line)
						}
					}
				}
				testBirths(t, path, opts, seed)
			})
		}
	}
}

func testBirths(t *testing.T, path string, opts Options, seed uint64) {
	tracer := newTracer(t, opts)
	first := launch(t, tracer, Command{Path: path, Argv: []string{"births", fmt.Sprint(seed)}, Env: os.Environ()})
	random := rand.New(rand.NewPCG(seed, 1))
	alive := map[*Tracee]bool{first: true}
	quiet := false
	run(t, tracer, func(ev *Event) {
		switch tr := ev.Tracee; ev.Kind {
		case Created:
			if alive[tr] {
				t.Errorf("%d is created twice", tr.TID)
			}
			alive[tr] = true
		case Exited, Killed:
			if !alive[tr] {
				t.Errorf("%d ends, but was not alive", tr.TID)
			}
			delete(alive, tr)
			if tr == first && ev.Status.ExitStatus() != 7 {
				t.Errorf("the first process ends with %#x", ev.Status)
			}
		case Exec:
			delete(alive, ev.Superseded)
		case Enter:
			if tr == first && ev.Call.NR == unix.SYS_GETPPID {
				quiet = true
				if len(alive) != 1 || len(tracer.tracees) != 1 || tracer.births.held != 0 || tracer.execs != 0 {
					t.Errorf("one process exists, the tracer knows %v, reported %d, holds %d, has %d in execve",
						tracer.tracees, len(alive), tracer.births.held, tracer.execs)
				}
			}
		}
		if random.IntN(4) == 0 {
			if err := tracer.collect(); err != nil {
				t.Fatal(err)
			}
			tracer.queue.shuffle(random)
		}
	})
	if !quiet {
		t.Error("the first process was not seen at its end")
	}
	if len(alive) != 0 {
		t.Errorf("%d tracees have no end", len(alive))
	}
}

// The trace can end at any time, and the program continues.
func TestBirthsAfterTheTrace(t *testing.T) {
	path := buildBirths(t)
	random := rand.New(rand.NewPCG(7, 1))
	for seed := range uint64(12) {
		for _, by := range []string{"DetachAll", "Interrupt"} {
			t.Run(fmt.Sprintf("%s/%d", by, seed), func(t *testing.T) {
				tracer := newTracer(t, Options{Follow: true})
				launch(t, tracer, Command{Path: path, Argv: []string{"births", fmt.Sprint(seed)}, Env: os.Environ()})
				events, last := 0, 100+random.IntN(3000)
				run(t, tracer, func(ev *Event) {
					if events++; events != last {
						return
					}
					if by == "DetachAll" {
						tracer.DetachAll()
					} else {
						go tracer.Interrupt(unix.SIGWINCH) // the signal has no effect
					}
				})
				if len(tracer.tracees) != 0 || tracer.births.held != 0 || tracer.execs != 0 {
					t.Errorf("at the end the tracer knows %v, holds %d, has %d in execve",
						tracer.tracees, tracer.births.held, tracer.execs)
				}
				if status, ok := tracer.AwaitCommand(); !ok || status.ExitStatus() != 7 {
					t.Errorf("the program ends with %#x, %v", status, ok)
				}
			})
		}
	}
}

// shuffle puts the stops in the queue in a random order that keeps the order of
// each task's.
func (q *queue) shuffle(random *rand.Rand) {
	if q.count < 2 {
		return
	}
	var stops []queuedStop
	for i := range q.count {
		stops = append(stops, q.ring[(q.first+i)&(len(q.ring)-1)])
	}
	mixed := slices.Clone(stops)
	random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	for i := range mixed {
		tid := mixed[i].tid
		k := slices.IndexFunc(stops, func(s queuedStop) bool { return s.tid == tid })
		q.ring[(q.first+i)&(len(q.ring)-1)] = stops[k]
		stops = slices.Delete(stops, k, k+1)
	}
}
