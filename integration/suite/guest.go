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
	parts  *parts
	tests  []testName
	flags  []string // of ../vm
	script string   // a file
}

// parts are the files for virtual machines, built once for all of them.
type parts struct {
	dir      string            // for build results
	programs string            // folder; "" if they are not built yet
	packages map[string]string // the folder of each package whose tests are built
	scripts  int
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

// missingForGuest reports what this machine lacks to run tests in a virtual machine.
func missingForGuest() error {
	for _, f := range []*need.Feature{need.QEMU, need.Busybox, need.GCC32, need.Strace} {
		if err := f.Err(); err != nil {
			return fmt.Errorf("requires %s: %w", f.Name(), err)
		}
	}
	return nil
}

// newParts makes an empty folder for parts.
func newParts() (*parts, error) {
	dir, err := os.MkdirTemp("", "suite")
	if err != nil {
		return nil, err
	}
	return &parts{dir: dir, packages: make(map[string]string)}, nil
}

func (p *parts) remove() { os.RemoveAll(p.dir) }

// guest builds what the tests need, unless it has already been built.
func (p *parts) guest(ctx context.Context, tests []testName, flags []string) (*guest, error) {
	if len(tests) == 0 {
		return nil, errors.New("no test that ran needs what the virtual machine is for")
	}
	if err := p.buildPrograms(ctx); err != nil {
		return nil, err
	}
	g := &guest{parts: p, tests: tests, flags: flags}
	for _, pkg := range g.packages() {
		if err := p.buildTests(ctx, pkg); err != nil {
			return nil, err
		}
	}
	p.scripts++
	g.script = filepath.Join(p.dir, fmt.Sprint("run", p.scripts))
	return g, os.WriteFile(g.script, []byte(g.commands()), 0o777)
}

// buildPrograms builds the test programs, and what runs virtual machines.
func (p *parts) buildPrograms(ctx context.Context) error {
	if p.programs != "" {
		return nil
	}
	built := filepath.Join(p.dir, "programs")
	for _, dir := range []string{built, p.testFolder()} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			return err
		}
	}
	if err := programs.BuildAll(built); err != nil {
		return err
	}
	if err := goBuild(ctx, "build", "-o", p.dir, "trapline/integration/vm"); err != nil {
		return err
	}
	p.programs = built
	return nil
}

func (p *parts) testFolder() string { return filepath.Join(p.dir, "tests") }

// buildTests builds the tests of a package.
func (p *parts) buildTests(ctx context.Context, pkg string) error {
	if p.packages[pkg] != "" {
		return nil
	}
	if err := goBuild(ctx, "test", "-c", "-vet=off", "-o", p.testFolder()+"/", pkg); err != nil {
		return err
	}
	folder, err := packageFolder(ctx, pkg)
	p.packages[pkg] = folder
	return err
}

func packageFolder(ctx context.Context, pkg string) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", pkg).Output()
	if err != nil {
		return "", fmt.Errorf("go list %s: %w", pkg, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// files are flags of ../vm for the files that the tests need.
func (g *guest) files() ([]string, error) {
	strace, err := exec.LookPath(need.StracePath())
	if err != nil {
		return nil, err
	}
	files := []string{"-file", g.parts.programs + ":" + guestPrograms, "-file", strace + ":/usr/bin/strace", "-file", g.script + ":/run/tests"}
	for _, pkg := range g.packages() {
		name := path.Base(pkg) + ".test"
		files = append(files, "-file", filepath.Join(g.parts.testFolder(), name)+":"+guestTests+"/"+name)
		testdata := filepath.Join(g.parts.packages[pkg], "testdata")
		if _, err := os.Stat(testdata); err == nil {
			files = append(files, "-file", testdata+":"+guestFolder(pkg)+"/testdata")
		}
	}
	return files, nil
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

// commands returns shell commands that run the tests of all packages. No feature may be
// missing.
func (g *guest) commands() string {
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

// boot is one virtual machine.
type boot struct {
	*guest
	kernel string
	passed map[testName]bool // set once it has run
	out    []byte            // of the tests
	err    error
}

// run runs the tests.
func (b *boot) run(ctx context.Context) {
	fmt.Printf("== %d tests in a virtual machine with Linux %s\n", len(b.tests), b.kernel)
	files, err := b.files()
	if err != nil {
		b.err = err
		return
	}
	args := slices.Concat([]string{"-kernel", b.kernel, "-timeout", "20m"}, b.flags, files, []string{"--", "/run/tests"})
	cmd := exec.CommandContext(ctx, filepath.Join(b.parts.dir, "vm"), args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // the end of this process ends the machine
	cmd.Stderr = os.Stderr
	b.out, b.err = cmd.Output()
	b.passed = passedTests(b.out)
}

// judge checks that all tests passed, and shows the output of the machine if not. A test
// that fails, is skipped or did not run counts as failed.
func (b *boot) judge() (passed, failed int) {
	var missing []string
	for _, t := range b.tests {
		if b.passed[t] {
			passed++
		} else {
			failed++
			missing = append(missing, t.pkg+" "+t.name)
		}
	}
	if failed > 0 || b.err != nil {
		os.Stdout.Write(b.out)
	}
	if b.err == nil && failed > 0 || b.err != nil && passed > 0 && failed > 0 {
		b.err = errors.New("did not pass: " + strings.Join(missing, ", "))
	}
	if b.err != nil {
		fmt.Fprintf(os.Stderr, "suite: Linux %s: %v\n", b.kernel, b.err)
	}
	return passed, failed
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
