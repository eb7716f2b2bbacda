package main

import (
	"fmt"
	"io"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// startTurns is how often a start is measured in each turn of the other workloads:
// it takes a few milliseconds.
const startTurns = 20

// starts are command lines that show what a start costs.
var starts = []struct {
	name string
	args []string
}{
	{"-V", []string{"-V"}},
	{"-o /dev/null true", []string{"-o", "/dev/null", "true"}},
}

// start is one start of a tracer.
type start struct {
	time   time.Duration
	faults int // page faults of the tracer and the command
}

// reportStarts writes a table of the page faults of starts, and of their times.
func (b *bench) reportStarts(w io.Writer) error {
	fmt.Fprintln(w, "start\tfaults of strace\tfaults of trapline\tstrace/trapline\t")
	for _, s := range starts {
		var strace, trapline []start
		for range startTurns * b.turns {
			for _, peer := range []struct {
				program string
				starts  *[]start
			}{{b.strace, &strace}, {b.trapline, &trapline}} {
				if peer.program == "" {
					continue
				}
				one, err := measureStart(peer.program, s.args)
				if err != nil {
					return fmt.Errorf("%s: %w", peer.program, err)
				}
				*peer.starts = append(*peer.starts, one)
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\n", s.name, faults(strace), faults(trapline), ratio(times(strace), times(trapline)))
	}
	return nil
}

func measureStart(program string, args []string) (start, error) {
	cmd := exec.Command(program, args...)
	began := time.Now()
	err := cmd.Run()
	s := start{time: time.Since(began)}
	if err == nil {
		s.faults = int(cmd.ProcessState.SysUsage().(*syscall.Rusage).Minflt)
	}
	return s, err
}

func times(starts []start) (list []time.Duration) {
	for _, s := range starts {
		list = append(list, s.time)
	}
	return list
}

// faults is the median of the page faults with the smallest and largest number.
func faults(starts []start) string {
	if len(starts) == 0 {
		return "-"
	}
	var n []int
	for _, s := range starts {
		n = append(n, s.faults)
	}
	slices.Sort(n)
	return fmt.Sprintf("%d (%d-%d)", n[len(n)/2], n[0], n[len(n)-1])
}
