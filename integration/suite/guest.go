package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"trapline/integration/need"
	"trapline/integration/programs"
)

// guest runs tests in virtual machines. They have no compiler, so the test
// programs are built on this machine.
type guest struct {
	dir   string // for build results
	tests []testName
	flags []string // of ../vm
	files []string // the same, for files
}

// probeEvery is the part of the probe that an emulated machine completes in
// half a minute: one pattern in this many.
const probeEvery = 29

// Folders of the virtual machine.
const (
	guestSource   = "/src"
	guestPrograms = "/programs"
	guestTests    = "/tests"
)

// missingForGuest says what this machine lacks to run tests in a virtual
// machine.
func missingForGuest() error {
	for _, f := range []*need.Feature{need.QEMU, need.Busybox, need.GCC32, need.Strace} {
		if err := f.Err(); err != nil {
			return fmt.Errorf("requires %s: %w", f.Name(), err)
		}
	}
	return nil
}

// newGuest builds what the tests need.
func newGuest(ctx context.Context, tests []testName, flags []string) (*guest, error) {
	if len(tests) == 0 {
		return nil, errors.New("no test that ran needs what the virtual machine is for")
	}
	dir, err := os.MkdirTemp("", "suite")
	if err != nil {
		return nil, err
	}
	g := &guest{dir: dir, tests: tests, flags: flags}
	if err := g.build(ctx); err != nil {
		g.remove()
		return nil, err
	}
	return g, nil
}

func (g *guest) remove() { os.RemoveAll(g.dir) }

func (g *guest) build(ctx context.Context) error {
	built, tests := filepath.Join(g.dir, "programs"), filepath.Join(g.dir, "tests")
	for _, dir := range []string{built, tests} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			return err
		}
	}
	if err := programs.BuildAll(built); err != nil {
		return err
	}
	if err := goBuild(ctx, append([]string{"test", "-c", "-o", tests + "/"}, g.packages()...)...); err != nil {
		return err
	}
	if err := goBuild(ctx, "build", "-o", g.dir, "trapline/integration/vm"); err != nil {
		return err
	}
	g.files = []string{"-file", built + ":" + guestPrograms, "-file", tests + ":" + guestTests}
	strace, err := exec.LookPath(need.StracePath())
	if err != nil {
		return err
	}
	g.files = append(g.files, "-file", strace+":/usr/bin/strace")
	for _, pkg := range g.packages() {
		out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", pkg).Output()
		if err != nil {
			return fmt.Errorf("go list %s: %w", pkg, err)
		}
		testdata := filepath.Join(strings.TrimSpace(string(out)), "testdata")
		if _, err := os.Stat(testdata); err == nil {
			g.files = append(g.files, "-file", testdata+":"+guestFolder(pkg)+"/testdata")
		}
	}
	script := filepath.Join(g.dir, "run")
	g.files = append(g.files, "-file", script+":/run/tests")
	return os.WriteFile(script, []byte(g.script()), 0o777)
}

// goBuild runs a go command that builds a static program.
func goBuild(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, bytes.TrimSpace(out))
	}
	return nil
}

// packages returns the packages of the tests.
func (g *guest) packages() []string {
	var all []string
	for _, t := range g.tests {
		all = append(all, t.pkg)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// guestFolder is the folder in which a package's tests find their testdata.
func guestFolder(pkg string) string { return guestSource + strings.TrimPrefix(pkg, "trapline") }

// packageLine is printed before the output of a package's tests.
const packageLine = "=== PACKAGE "

// script runs the tests of all packages. No feature may be missing.
func (g *guest) script() string {
	s := "#!/bin/sh\nexport " + programs.Folder + "=" + guestPrograms + " " + need.MayLack + "= " + need.Own + "=1 STRACE=/usr/bin/strace" +
		fmt.Sprintf(" TRAPLINE_PROBE_EVERY=%d\nstatus=0\n", probeEvery)
	for _, pkg := range g.packages() {
		s += fmt.Sprintf("echo '%s%s'\nmkdir -p %[3]s; cd %[3]s\n%s/%s.test -test.v -test.timeout=15m -test.run='%s' || status=1\n",
			packageLine, pkg, guestFolder(pkg), guestTests, path.Base(pkg), g.pattern(pkg))
	}
	return s + "exit $status\n"
}

// pattern returns an argument for -test.run that selects exactly the package's
// tests.
func (g *guest) pattern(pkg string) string {
	var all []string
	for _, t := range g.tests {
		if t.pkg != pkg {
			continue
		}
		parts := strings.Split(t.name, "/")
		for i, part := range parts {
			part = strings.ReplaceAll(regexp.QuoteMeta(part), "'", ".") // a quote would end the shell's word
			parts[i] = "^" + part + "$"
		}
		all = append(all, strings.Join(parts, "/"))
	}
	return strings.Join(all, "|")
}

// numbers of tests
type numbers struct{ passed, failed int }

// run runs the tests on a kernel. A test that fails, is skipped or does not run
// counts as failed.
func (g *guest) run(ctx context.Context, kernel string) (numbers, error) {
	fmt.Printf("== %d tests in a virtual machine with Linux %s\n", len(g.tests), kernel)
	args := slices.Concat([]string{"-kernel", kernel, "-timeout", "20m"}, g.flags, g.files, []string{"--", "/run/tests"})
	cmd := exec.CommandContext(ctx, filepath.Join(g.dir, "vm"), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // the process ends its machine
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	passed := passedTests(out)
	if err != nil && len(passed) == 0 {
		os.Stdout.Write(out)
		return numbers{failed: len(g.tests)}, err
	}
	var n numbers
	var missing []string
	for _, t := range g.tests {
		if passed[t] {
			n.passed++
		} else {
			n.failed++
			missing = append(missing, t.pkg+" "+t.name)
		}
	}
	if n.failed > 0 || err != nil {
		os.Stdout.Write(out)
	}
	if n.failed > 0 {
		return n, errors.New("did not pass: " + strings.Join(missing, ", "))
	}
	return n, err
}

var passLine = regexp.MustCompile(`^ *--- PASS: (\S+) \(`)

// passedTests parses the output of several packages' tests with -test.v.
func passedTests(output []byte) map[testName]bool {
	passed := make(map[testName]bool)
	pkg := ""
	for line := range strings.Lines(string(output)) {
		line = strings.TrimRight(line, "\r\n")
		if name, ok := strings.CutPrefix(line, packageLine); ok {
			pkg = name
		} else if m := passLine.FindStringSubmatch(line); m != nil {
			passed[testName{pkg, m[1]}] = true
		}
	}
	return passed
}
