// Bench measures what tracing costs: native, under a minimal ptrace loop on one
// processor (the floor), under strace where it is installed, and under trapline.
//
// Machines are noisy, so no absolute times are printed: the peers take turns,
// run by run, and the result is the median of the ratios between runs of one
// turn.
//
//	go run ./integration/bench             every workload
//	go run ./integration/bench -run 'ls|gcc' -n 9
//	go run ./integration/bench -strace /usr/local/bin/strace
//
// It prints one row per workload: how many times slower than native each tracer
// is, and how many times faster than strace trapline is.
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
		}
	}
	var (
		turns    = flag.Int("n", 5, "turns; each peer runs once a turn")
		only     = flag.String("run", "", "run only the workloads whose name matches this `regexp`")
		strace   = flag.String("strace", "strace", "the strace to compare with")
		trapline = flag.String("trapline", "", "the trapline to measure (default: built from this module)")
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

	b := &bench{dir: dir, turns: *turns, traplineFlags: strings.Fields(*extra)}
	if b.self, err = os.Executable(); err != nil {
		fail(err)
	}
	if b.trapline = *trapline; b.trapline == "" {
		b.trapline = filepath.Join(dir, "trapline")
		if out, err := exec.Command("go", "build", "-o", b.trapline, "trapline/cmd/trapline").CombinedOutput(); err != nil {
			fail(fmt.Errorf("go build: %v\n%s", err, out))
		}
	}
	if b.strace, err = exec.LookPath(*strace); err != nil {
		fmt.Fprintln(os.Stderr, "bench: no strace here; its columns stay empty")
	}

	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "workload\tfloor/native\tstrace/native\ttrapline/native\ttrapline/floor\tstrace/trapline\t")
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
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t\n", wl.name,
			ratio(times[floorPeer], times[native]), ratio(times[stracePeer], times[native]),
			ratio(times[traplinePeer], times[native]), ratio(times[traplinePeer], times[floorPeer]),
			ratio(times[stracePeer], times[traplinePeer]))
		w.Flush()
	}
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
	peers
)

type bench struct {
	dir, self        string
	strace, trapline string
	traplineFlags    []string
	turns            int
}

// measure runs a workload's peers in turn and returns each peer's times, turn
// by turn; a peer that cannot run the workload has no times.
func (b *bench) measure(wl *work) (times [peers][]time.Duration, err error) {
	for turn := -1; turn < b.turns; turn++ { // turn -1 warms up the caches
		for p := range peers {
			argv := b.argv(p, wl)
			if argv == nil {
				continue
			}
			d, err := wl.time(argv)
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
			return nil // the floor attaches to nothing and stops at every call
		}
		argv = []string{b.self, "floor"}
	case stracePeer:
		if b.strace == "" {
			return nil
		}
		argv = append([]string{b.strace, "-o", log}, wl.flags...)
	case traplinePeer:
		argv = append([]string{b.trapline, "-o", log}, b.traplineFlags...)
		argv = append(argv, wl.flags...)
	}
	if wl.follow && p != native {
		argv = append(argv, "-f")
	}
	if wl.attach {
		return append(append([]string{b.self, "workload", "attached"}, wl.argv...), argv...)
	}
	return append(argv, wl.argv...)
}

// ratio is the median of a[i]/b[i] with the smallest and largest, for runs of
// one turn.
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
