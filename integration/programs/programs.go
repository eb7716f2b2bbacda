// Package programs builds what the tests of package integration run: trapline
// and the programs in ../testdata. It builds them as tests need them, or all at
// once for a machine without a compiler (../vm).
package programs

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Folder is an environment variable that names a folder with the programs
// already built (by BuildAll). Nothing is built then.
const Folder = "TRAPLINE_PROGRAMS"

// Program is a program, or a shared library, that can be built.
type Program struct {
	Name   string // name of its file
	GOARCH string // processor of a Go program: amd64, 386
	cgo    bool   // of a Go program: built with cgo, as go build does where there is a C compiler
	source string // package, or file below testdata
	flags  []string

	changes []change // of a Go program
}

// Trapline is the program under test.
var Trapline = Program{Name: "trapline", GOARCH: "amd64", source: "trapline/cmd/trapline"}

// WithCgo is Trapline as go build makes it if there is a C compiler.
var WithCgo = Program{Name: "cgo/trapline", GOARCH: "amd64", cgo: true, source: Trapline.source}

// Replay takes Trapline's place: it records with Recorder, and replays.
var (
	Replay   = Program{Name: "replay/trapline", GOARCH: "amd64", source: "trapline/cmd/trapline/internal/replay"}
	Recorder = Program{Name: "replay/live/trapline", GOARCH: "amd64", source: Trapline.source}
)

// Interrupted makes calls that are interrupted in many ways.
var Interrupted = Program{Name: "interrupted", source: "buffered/interrupted.c", flags: []string{"-m64", "-O1", "-pthread"}}

// Hardships does what is difficult if calls are patched.
var Hardships = Program{Name: "hardships", source: "buffered/hardships.cc",
	flags: []string{"-m64", "-O1", "-fnon-call-exceptions", "-fasynchronous-unwind-tables", "-rdynamic", "-pthread", "-lstdc++"}}

// Low has its code at the address of the stub.
var Low = Program{Name: "low", source: "buffered/low.c",
	flags: []string{"-m64", "-O1", "-nostdlib", "-static", "-no-pie", "-fcf-protection=none", "-Wl,-Ttext-segment=0x1f000", "-Wl,--build-id=none"}}

// Small is the same program at an ordinary address.
var Small = Program{Name: "small", source: "buffered/low.c", flags: []string{"-m64", "-O1", "-nostdlib", "-static", "-no-pie"}}

// Rseq registers and unregisters areas of restartable sequences.
var Rseq = Program{Name: "restartable", source: "buffered/rseq.c", flags: []string{"-m64", "-O1"}}

// Sockets sends and receives messages in all ways.
var Sockets = Program{Name: "messages", source: "buffered/sockets.c", flags: []string{"-m64", "-O1", "-pthread"}}

// Bench is the program with the workloads of benchmarks.
var Bench = Program{Name: "bench", GOARCH: "amd64", source: "trapline/integration/bench"}

// LinkedBench is Bench linked by the C compiler, as programs with cgo are.
var LinkedBench = Program{Name: "bench-linked", GOARCH: "amd64", cgo: true, source: Bench.source, flags: []string{"-ldflags=-linkmode=external"}}

// Go is the program testdata/NAME, for amd64 or 386.
func Go(name, goarch string) Program {
	return Program{Name: name + "-" + goarch, GOARCH: goarch, source: "trapline/integration/testdata/" + name}
}

// StrippedGo is Go without symbols and line numbers.
func StrippedGo(name, goarch string) Program {
	p := Go(name, goarch)
	p.Name += "-stripped"
	p.flags = []string{"-ldflags=-s -w"}
	return p
}

// C is testdata/cstack/SOURCE compiled by gcc with some flags, including -m32
// for i386.
func C(source string, flags ...string) Program {
	name := strings.Join(append([]string{source}, flags...), "")
	return Program{Name: name, source: "cstack/" + source, flags: flags}
}

// Sandbox tests what a tracer's seccomp filter might disturb, in an ABI (-m64, -m32).
func Sandbox(abi string) Program {
	return Program{Name: "sandbox" + abi, source: "seccomp/sandbox.c", flags: []string{abi, "-O2", "-static", "-pthread"}}
}

// Visible prints everything that a process can see of itself.
var Visible = Program{Name: "visible", source: "visible/visible.c", flags: []string{"-O1", "-pthread"}}

// Waiting has processes that wait for each other in many ways.
var Waiting = Program{Name: "waiting", source: "waiting/waiting.c", flags: []string{"-m64", "-O1", "-pthread"}}

// all are the programs for tests with 32-bit tracees, which may have to run in
// a virtual machine.
var all = []Program{
	Trapline,
	Go("numbers", "386"), Go("numbers", "amd64"),
	Go("probe", "amd64"),
	Go("registers", "386"), Go("registers", "amd64"),
	Go("hello", "386"), Go("replyhi", "386"),
	Go("ipc", "386"), Go("socketcall", "386"),
	Go("sockets", "386"), Go("threads", "386"), Go("conditions", "386"),
	Go("stack", "386"), Go("stack", "amd64"),
	Go("kernelpath", "amd64"), Go("limits", "amd64"),
}

// builds are the programs built by this process, by path.
var builds sync.Map

// Path builds a program, once, and returns its path below dir. If Folder is
// set, the program must be there.
func (p Program) Path(dir string) (string, error) {
	if folder := Prebuilt(); folder != "" {
		path := filepath.Join(folder, p.Name)
		_, err := os.Stat(path)
		return path, err
	}
	path := filepath.Join(dir, p.Name)
	once, _ := builds.LoadOrStore(path, sync.OnceValue(func() error { return p.build(path) }))
	return path, once.(func() error)()
}

// Prebuilt returns the folder of programs that are already built, or "".
func Prebuilt() string { return os.Getenv(Folder) }

func (p Program) build(path string) error {
	var cmd *exec.Cmd
	if p.GOARCH != "" {
		flags, err := overlay(path, p.changes)
		if err != nil {
			return err
		}
		cmd = exec.Command("go", slices.Concat([]string{"build"}, p.flags, flags, []string{"-o", path, p.source})...)
		enabled := "CGO_ENABLED=0"
		if p.cgo {
			enabled = "CGO_ENABLED=1"
		}
		cmd.Env = append(os.Environ(), "GOARCH="+p.GOARCH, enabled)
	} else {
		root, err := moduleRoot()
		if err != nil {
			return err
		}
		source := filepath.Join(root, "integration/testdata", p.source)
		cmd = exec.Command("gcc", slices.Concat([]string{"-o", path, source}, p.flags)...)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return nil
}

// moduleRoot returns the folder of this module, from any working directory
// below it.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// BuildAll builds all programs of tests with 32-bit tracees into a folder.
func BuildAll(folder string) error {
	for _, p := range slices.Concat(all, Chains("-m32"), []Program{Restorer("-m32"), Sandbox("-m32")}) {
		if err := p.build(filepath.Join(folder, p.Name)); err != nil {
			return err
		}
	}
	return nil
}

// Chains is one program with each kind of call frame information that a C
// compiler can produce, for an ABI (-m64, -m32).
func Chains(abi string) []Program {
	return []Program{
		C("chain.c", "-O2", abi), // .eh_frame
		C("chain.c", "-O1", "-fno-omit-frame-pointer", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables", abi), // none
		C("chain.c", "-O2", "-g", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables", abi),                      // .debug_frame
		C("chain.c", "-O2", "-static", abi),
	}
}

// Restorer returns from a signal handler through a trampoline of its own.
func Restorer(abi string) Program { return C("restorer.c", abi, "-O2") }
