// Bench measures what tracing costs: native, under a minimal ptrace loop on one
// processor (the floor), under strace where it is installed, and under trapline.
//
// Machines are noisy, so ratios are printed: the peers take turns, run by run, and the
// result is the median of the ratios between runs of one turn. -calls prints the cost of
// one call: a ratio says little without the native cost of a call.
//
//	go run ./integration/bench             every workload
//	go run ./integration/bench -run 'ls|gcc' -n 9
//	go run ./integration/bench -strace /usr/local/bin/strace
//	go run ./integration/bench -cpu        processor times, if the machine is busy
//	go run ./integration/bench -calls      what a call costs
//	go run ./integration/bench -soak 1h
//	go run ./integration/bench -recordings
//
// It prints one row per workload: how many times slower than native each tracer
// is, and how many times faster than strace trapline is, stopping at each call and
// with --buffered=always, for which there are goals. Then it prints one row per kind
// of start: page faults, and how many times faster than strace trapline is. -run start
// prints these alone.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	// The benchmark is its own tracee and its own floor.
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "workload":
			workload(os.Args[2:])
			return
		case "floor":
			os.Exit(floor(os.Args[2:]))
		case "filtered":
			filtered(os.Args[2:])
			return
		}
	}
	var (
		one      = flag.Bool("one", false, "run everything on one processor")
		cpu      = flag.Bool("cpu", false, "measure the processor time of program and tracer, for a machine that is busy with other work")
		turns    = flag.Int("n", 5, "turns; each peer runs once a turn")
		only     = flag.String("run", "", "run only the workloads whose name matches this `regexp`")
		strace   = flag.String("strace", "strace", "the strace to compare with")
		trapline = flag.String("trapline", "", "the trapline to measure (default: built from this module)")
		soak     = flag.Duration("soak", 0, "only trace buffered calls for so long, and check that none is lost and memory does not grow")
		calls    = flag.Bool("calls", false, "only measure what a call costs, in microseconds of wall-clock and of processor time")
		records  = flag.Bool("recordings", false, "compare recording with writing text and JSON")
		extra    = flag.String("flags", "", "more flags for trapline, separated by blanks")
	)
	flag.Parse()
	match, err := regexp.Compile(*only)
	if err != nil {
		fail(err)
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		fail(err)
	}
	defer os.RemoveAll(dir)

	if *one {
		if err := stayOnOneProcessor(); err != nil {
			fail(err)
		}
	}
	b := &bench{dir: dir, turns: *turns, traplineFlags: strings.Fields(*extra), processor: *cpu}
	if b.self, err = os.Executable(); err != nil {
		fail(err)
	}
	if b.trapline = *trapline; b.trapline == "" {
		b.trapline = filepath.Join(dir, "trapline")
		build := exec.Command("go", "build", "-o", b.trapline, "trapline/cmd/trapline")
		build.Env = append(os.Environ(), "CGO_ENABLED=0") // as packages have it
		if out, err := build.CombinedOutput(); err != nil {
			fail(fmt.Errorf("go build: %v\n%s", err, out))
		}
	}
	if *soak > 0 {
		if err := b.soak(*soak); err != nil {
			fail(err)
		}
		return
	}
	if *records {
		if err := b.compareRecordings(match); err != nil {
			fail(err)
		}
		return
	}
	if b.strace, err = exec.LookPath(*strace); err != nil {
		fmt.Fprintln(os.Stderr, "bench: no strace here; its columns stay empty")
	}

	if *calls {
		if err := b.reportCalls(match); err != nil {
			fail(err)
		}
		return
	}

	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "workload\tfloor/native\tstrace/native\ttrapline/native\ttrapline/floor\tstrace/trapline\tbuffered/native\tgoal\tstrace/buffered\t")
	for _, wl := range workloads(b) {
		if !match.MatchString(wl.name) {
			continue
		}
		if why := wl.missing(); why != "" {
			fmt.Fprintf(os.Stderr, "bench: %s left out: %s\n", wl.name, why)
			continue
		}
		times, err := b.measure(wl)
		if err != nil {
			fail(fmt.Errorf("%s: %w", wl.name, err))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", wl.name,
			ratio(times[floorPeer], times[native]), ratio(times[stracePeer], times[native]),
			ratio(times[traplinePeer], times[native]), ratio(times[traplinePeer], times[floorPeer]),
			ratio(times[stracePeer], times[traplinePeer]),
			ratio(times[bufferedPeer], times[native]), wl.goalText(), ratio(times[stracePeer], times[bufferedPeer]))
		w.Flush()
	}
	if match.MatchString("start") {
		if err := b.reportStarts(w); err != nil {
			fail(err)
		}
		w.Flush()
	}
}

// stayOnOneProcessor pins this thread, and thus the commands that it starts, to the first
// of its allowed processors.
func stayOnOneProcessor() error {
	var all, first unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	for i := range 8 * int(unsafe.Sizeof(all)) {
		if all.IsSet(i) {
			first.Set(i)
			break
		}
	}
	return unix.SchedSetaffinity(0, &first)
}

// goalText is the goal in the form of the table.
func (w *work) goalText() string {
	if w.goal == 0 {
		return "-"
	}
	return fmt.Sprintf("<= %.1f", w.goal)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

// peer is one way to run a workload.
type peer int

const (
	native peer = iota
	floorPeer
	stracePeer
	traplinePeer
	bufferedPeer
	peers
)

type bench struct {
	dir, self        string
	strace, trapline string
	traplineFlags    []string
	turns            int
	processor        bool // processor time is measured
}

// measure runs a workload's peers in turn and returns each peer's times, turn by turn. A
// peer that cannot run the workload has no times.
func (b *bench) measure(wl *work) (times [peers][]time.Duration, err error) {
	for turn := -1; turn < b.turns; turn++ { // turn -1 warms up the caches
		for p := range peers {
			argv := b.argv(p, wl)
			if argv == nil {
				continue
			}
			d, err := wl.time(argv, b.processor)
			if err != nil {
				return times, fmt.Errorf("%s: %w", argv[0], err)
			}
			if turn >= 0 {
				times[p] = append(times[p], d)
			}
		}
	}
	return times, nil
}

// argv returns the command that runs a workload under a peer, or nil.
func (b *bench) argv(p peer, wl *work) []string {
	log := filepath.Join(b.dir, "log")
	var argv []string
	switch p {
	case floorPeer:
		if wl.attach || len(wl.flags) > 0 {
			return nil // the floor cannot attach, and stops at every call
		}
		argv = []string{b.self, "floor"}
	case stracePeer:
		if b.strace == "" {
			return nil
		}
		argv = append([]string{b.strace, "-o", log}, wl.flags...)
	case traplinePeer, bufferedPeer:
		argv = append([]string{b.trapline, "-o", log}, b.traplineFlags...)
		argv = append(append(argv, wl.flags...), wl.own...)
		if p == bufferedPeer {
			if wl.attach || len(wl.flags) > 0 {
				return nil // no call is traced, or none can be buffered
			}
			argv = append(argv, "--buffered=always")
		}
	}
	if wl.follow && p != native {
		argv = append(argv, "-f")
	}
	if wl.attach {
		return append(append([]string{b.self, "workload", "attached"}, wl.argv...), argv...)
	}
	return append(argv, wl.argv...)
}

// ratio is the median of a[i]/b[i], with the smallest and largest; a[i] and b[i] are of the
// same turn.
func ratio(a, b []time.Duration) string {
	n := min(len(a), len(b))
	if n == 0 {
		return "-"
	}
	r := make([]float64, n)
	for i := range r {
		r[i] = float64(a[i]) / float64(b[i])
	}
	slices.Sort(r)
	return fmt.Sprintf("%.2f (%.2f-%.2f)", r[n/2], r[0], r[n-1])
}
