package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"trapline/integration/need"
)

// event is a line of go test -json (go doc test2json).
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// results are the results of one run of go test.
type results struct {
	out     io.Writer
	tests   map[testName]*test
	count   map[string]int      // tests and sub-tests by outcome: pass, fail, skip
	pending map[string][]string // output of packages so far, without that of their tests
	broken  []string            // packages that failed without a failed test, for example because they do not compile
	failed  bool
}

type testName struct{ pkg, name string }

// test is a test or a sub-test.
type test struct {
	output []string
	ended  string          // outcome, or "" while it runs
	needs  map[string]bool // features
	lacks  string          // the missing feature
	reason string
}

// goTest runs go test with the given arguments. It prints the output of
// packages and of failed tests.
func goTest(ctx context.Context, args []string) (*results, error) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json", "-count=1", "-timeout=20m"}, args...)...)
	// When interrupted, both go and the tests exit, and clean up.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := newResults(os.Stdout)
	if err := r.read(out); err != nil {
		return nil, err
	}
	r.failed = cmd.Wait() != nil
	return r, ctx.Err()
}

func newResults(out io.Writer) *results {
	return &results{out: out, tests: make(map[testName]*test), count: make(map[string]int), pending: make(map[string][]string)}
}

func (r *results) read(from io.Reader) error {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var e event
		if json.Unmarshal(line, &e) != nil { // go test's own messages
			fmt.Fprintf(r.out, "%s", line)
			continue
		}
		r.add(e)
	}
}

func (r *results) add(e event) {
	switch {
	case e.Action == "build-output":
		fmt.Fprint(r.out, e.Output)
	case e.Test != "":
		r.addTest(e)
	case e.Action == "output":
		r.pending[e.Package] = append(r.pending[e.Package], e.Output)
	case e.Action == "pass" || e.Action == "skip":
		if p := r.pending[e.Package]; len(p) > 0 { // "ok  trapline/decode  1.6s"
			fmt.Fprint(r.out, p[len(p)-1])
		}
		delete(r.pending, e.Package)
	case e.Action == "fail":
		if !r.printFailed(e.Package) {
			r.broken = append(r.broken, e.Package)
		}
		fmt.Fprint(r.out, strings.Join(r.pending[e.Package], ""))
		delete(r.pending, e.Package)
	}
}

func (r *results) addTest(e event) {
	name := testName{e.Package, e.Test}
	t := r.tests[name]
	if t == nil {
		t = &test{needs: make(map[string]bool)}
		r.tests[name] = t
	}
	switch e.Action {
	case "output":
		if strings.HasPrefix(strings.TrimLeft(e.Output, " "), "--- ") {
			t.output = slices.Insert(t.output, 0, e.Output) // where go test puts it
		} else if !strings.HasPrefix(e.Output, "=== ") {
			t.output = append(t.output, e.Output)
		}
		if feature, lacking, ok := need.Parse(e.Output); ok {
			t.needs[feature] = true
			if lacking != "" {
				t.lacks, t.reason = feature, lacking
			}
		}
	case "pass", "fail", "skip":
		t.ended = e.Action
		r.count[e.Action]++
	}
}

// printFailed prints the output of a package's failed tests, and of those that
// were running when the package failed. It reports whether any failed.
func (r *results) printFailed(pkg string) (any bool) {
	for _, name := range r.sorted() {
		if t := r.tests[name]; name.pkg == pkg && (t.ended == "fail" || t.ended == "") {
			fmt.Fprint(r.out, strings.Join(t.output, ""))
			any = any || t.ended == "fail"
		}
	}
	return any
}

func (r *results) sorted() []testName {
	return slices.SortedFunc(maps.Keys(r.tests), func(a, b testName) int {
		return cmp.Or(cmp.Compare(a.pkg, b.pkg), cmp.Compare(a.name, b.name))
	})
}

// needing returns the tests that asked for one of some features, available or not.
func (r *results) needing(features []string) []testName {
	var names []testName
	for _, name := range r.sorted() {
		if slices.ContainsFunc(features, func(feature string) bool { return r.tests[name].needs[feature] }) {
			names = append(names, name)
		}
	}
	return names
}

// lack is a feature that the machine lacks.
type lack struct {
	feature, reason string
	tests           int
}

func (r *results) lacking() []lack {
	byFeature := make(map[string]*lack)
	for _, t := range r.tests {
		if t.ended != "skip" || t.lacks == "" {
			continue
		}
		l := byFeature[t.lacks]
		if l == nil {
			l = &lack{feature: t.lacks, reason: t.reason}
			byFeature[t.lacks] = l
		}
		l.tests++
	}
	var all []lack
	for _, name := range slices.Sorted(maps.Keys(byFeature)) {
		all = append(all, *byFeature[name])
	}
	return all
}
