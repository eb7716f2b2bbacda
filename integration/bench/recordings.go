package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// compareRecordings prints what recording costs, compared with writing text and JSON:
// ratios of times, and bytes a call.
func (b *bench) compareRecordings(match *regexp.Regexp) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "workload\tcalls\trecording/text\tjson/text\tbytes a call: recording\ttext\tjson\t")
	for _, wl := range workloads(b) {
		if !match.MatchString(wl.name) || wl.attach || len(wl.flags) > 0 || wl.missing() != "" {
			continue
		}
		if err := b.compareRecording(w, wl); err != nil {
			return fmt.Errorf("%s: %w", wl.name, err)
		}
		w.Flush()
	}
	return nil
}

// writers are the formats that compareRecordings compares.
var writers = [...]struct {
	name    string
	options []string // the file follows
}{{"text", []string{"-o"}}, {"recording", []string{"--record"}}, {"json", []string{"--json", "-o"}}}

func (b *bench) compareRecording(w *tabwriter.Writer, wl *work) error {
	var times [len(writers)][]time.Duration
	var sizes [len(writers)]float64
	for turn := -1; turn < b.turns; turn++ { // turn -1 warms up the caches
		for i, writer := range writers {
			file := filepath.Join(b.dir, writer.name)
			argv := slices.Concat([]string{b.trapline}, b.traplineFlags, writer.options, []string{file})
			if wl.follow {
				argv = append(argv, "-f")
			}
			d, err := wl.time(append(argv, wl.argv...), b.processor)
			if err != nil {
				return err
			}
			info, err := os.Stat(file)
			if err != nil {
				return err
			}
			sizes[i] = float64(info.Size())
			if turn >= 0 {
				times[i] = append(times[i], d)
			}
		}
	}
	calls, err := callsIn(filepath.Join(b.dir, writers[0].name))
	if err != nil {
		return err
	}
	n := float64(max(1, calls))
	fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%.1f\t%.1f\t%.1f\t\n", wl.name, calls,
		ratio(times[1], times[0]), ratio(times[2], times[0]), sizes[1]/n, sizes[0]/n, sizes[2]/n)
	return nil
}

// callsIn counts the calls in a text trace. A call in two parts counts at its beginning.
func callsIn(file string) (n int, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if !strings.Contains(line, " resumed>") && !strings.Contains(line, "+++ ") && !strings.Contains(line, "--- ") {
			n++
		}
	}
	return n, lines.Err()
}
