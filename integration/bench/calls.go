package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"text/tabwriter"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The cost of a call is the additional time that a program takes for additional calls. How
// many times slower than native a traced program is depends on the native cost of a call,
// which on some machines is a tenth of that on others. The cost that tracing adds to a
// call differs less.

// callsWork is a program that makes two calls for each of a number of bytes, in each of
// its threads.
type callsWork struct {
	name    string
	argv    func(bytes int) []string
	threads int
	goal    float64 // of buffered/native; 0: none
}

// callsPeer is a way to run it, with a number of bytes for which the run takes about a
// second.
type callsPeer struct {
	name  string
	argv  []string // before the program's
	bytes int
}

// cost is the cost of a call, or of a run.
type cost struct{ wall, processor time.Duration }

// reportCalls prints what a call costs.
func (b *bench) reportCalls(match *regexp.Regexp) error {
	log := filepath.Join(b.dir, "log")
	self := func(what string) func(int) []string {
		return func(bytes int) []string { return []string{b.self, "workload", what, strconv.Itoa(bytes)} }
	}
	works := []callsWork{
		{"1-byte read+write", func(bytes int) []string {
			return []string{"dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=" + strconv.Itoa(bytes), "status=none"}
		}, 1, 2.5},
		{"the same in Go", self("rw"), 1, 2.5},
		{"four threads of it", self("threads"), 4, 2},
		{"UDP sendto+recvfrom", self("datagrams"), 1, 0},
		{"1-byte sendmsg+recvmsg", self("messages"), 1, 0},
	}
	trapline := append([]string{b.trapline, "-f", "-o", log}, b.traplineFlags...)
	peers := []callsPeer{
		{"native", nil, 1_000_000},
		{"filtered", []string{b.self, "filtered"}, 1_000_000},
		{"buffered", append(slices.Clone(trapline), "--buffered=always"), 500_000},
		{"trapline", trapline, 10_000},
	}
	if b.strace != "" {
		peers = append(peers, callsPeer{"strace", []string{b.strace, "-f", "-o", log}, 10_000})
	}
	fmt.Println("\nWhat a call costs, in microseconds: wall-clock time, and processor time of program and tracer.")
	fmt.Println("filtered is untraced, under a seccomp filter that looks at each call's address.")
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "workload\ttime\t")
	for _, p := range peers {
		fmt.Fprintf(w, "%s\t", p.name)
	}
	fmt.Fprintln(w, "buffered/native\tgoal\t")
	for _, work := range works {
		if !match.MatchString(work.name) {
			continue
		}
		costs := make([][]cost, len(peers))
		for range b.turns {
			for i, p := range peers {
				c, err := work.perCall(&p)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", work.name, p.name, err)
				}
				costs[i] = append(costs[i], c)
			}
		}
		goal := "-"
		if work.goal > 0 {
			goal = fmt.Sprintf("<= %.1f", work.goal)
		}
		wall := func(c cost) time.Duration { return c.wall }
		processor := func(c cost) time.Duration { return c.processor }
		for _, row := range []struct {
			name string
			of   func(cost) time.Duration
			goal string
		}{{"wall", wall, goal}, {"processor", processor, "-"}} {
			fmt.Fprintf(w, "%s\t%s\t", work.name, row.name)
			times := make([][]time.Duration, len(peers))
			for i := range peers {
				for _, c := range costs[i] {
					times[i] = append(times[i], row.of(c))
				}
				fmt.Fprintf(w, "%s\t", microseconds(times[i]))
			}
			const native, buffered = 0, 2
			fmt.Fprintf(w, "%s\t%s\t\n", ratio(times[buffered], times[native]), row.goal)
		}
		w.Flush()
	}
	return nil
}

// perCall compares a run with a run that makes a tenth of the calls, so that the cost of
// the start cancels out.
func (work *callsWork) perCall(p *callsPeer) (cost, error) {
	few, err := runCost(append(slices.Clone(p.argv), work.argv(p.bytes/10/work.threads)...))
	if err != nil {
		return cost{}, err
	}
	many, err := runCost(append(slices.Clone(p.argv), work.argv(p.bytes/work.threads)...))
	if err != nil {
		return cost{}, err
	}
	calls := time.Duration(2 * (p.bytes - p.bytes/10))
	const parts = 1000 // of a nanosecond, which microseconds takes into account
	return cost{(many.wall - few.wall) * parts / calls, (many.processor - few.processor) * parts / calls}, nil
}

// runCost runs a command.
func runCost(argv []string) (cost, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w", argv[0], err)
	}
	return cost{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}, nil
}

// microseconds is the median of times in picoseconds, with the smallest and largest.
func microseconds(times []time.Duration) string {
	t := slices.Clone(times)
	slices.Sort(t)
	of := func(d time.Duration) float64 { return float64(d) / 1e6 }
	format := "%.3f (%.3f-%.3f)"
	if t[len(t)/2] > 10e6 {
		format = "%.1f (%.1f-%.1f)"
	}
	return fmt.Sprintf(format, of(t[len(t)/2]), of(t[0]), of(t[len(t)-1]))
}

// filtered executes a command under a seccomp filter that does the same work as the filter
// of buffered calls does for a call that passes: it looks at more than the number.
func filtered(argv []string) {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		fail(err)
	}
	const (
		address   = 8 // instruction_pointer of struct seccomp_data
		firstPage = 1 << 12
	)
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: address + 4},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: 0, Jf: 2},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: address},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: firstPage},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		fail(err)
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0); err != nil {
		fail(err)
	}
	fail(syscall.Exec(path, argv, os.Environ()))
}
