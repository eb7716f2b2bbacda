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

// Folder is an environment variable that names a folder where the programs are
// already (BuildAll). Nothing is built then.
const Folder = "TRAPLINE_PROGRAMS"

// Program is a program, or a shared library, that can be built.
type Program struct {
	Name   string // of its file
	GOARCH string // of a Go program: amd64, 386
	source string // package, or file below testdata
	flags  []string
}

// Trapline is the program under test.
var Trapline = Program{Name: "trapline", GOARCH: "amd64", source: "trapline/cmd/trapline"}

// Go is the program testdata/NAME, for amd64 or 386.
func Go(name, goarch string) Program {
	return Program{Name: name + "-" + goarch, GOARCH: goarch, source: "trapline/integration/testdata/" + name}
}

// StrippedGo is the same without symbols and line numbers.
func StrippedGo(name, goarch string) Program {
	p := Go(name, goarch)
	p.Name += "-stripped"
	p.flags = []string{"-ldflags=-s -w"}
	return p
}

// C is testdata/cstack/SOURCE as gcc makes it with some flags, -m32 among them
// for i386.
func C(source string, flags ...string) Program {
	name := strings.Join(append([]string{source}, flags...), "")
	return Program{Name: name, source: "cstack/" + source, flags: flags}
}

// Sandbox does what a seccomp filter of a tracer's may disturb, in an ABI (-m64,
// -m32).
func Sandbox(abi string) Program {
	return Program{Name: "sandbox" + abi, source: "seccomp/sandbox.c", flags: []string{abi, "-O2", "-static", "-pthread"}}
}

// Visible prints all that a process can see of itself.
var Visible = Program{Name: "visible", source: "visible/visible.c", flags: []string{"-O1", "-pthread"}}

// all are the programs that tests with 32-bit tracees need, which a virtual
// machine may have to run.
var all = []Program{
	Trapline,
	Go("numbers", "386"), Go("numbers", "amd64"),
	Go("probe", "amd64"),
	Go("registers", "386"), Go("registers", "amd64"),
	Go("hello", "386"), Go("replyhi", "386"),
	Go("ipc", "386"), Go("socketcall", "386"),
	Go("sockets", "386"), Go("threads", "386"),
	Go("stack", "386"), Go("stack", "amd64"),
}

// builds are the programs built by this process, by path.
var builds sync.Map

// Path builds a program, once, and gives its path below dir. Where Folder is set
// the program must be there.
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

// Prebuilt is the folder of programs that are already built, or "".
func Prebuilt() string { return os.Getenv(Folder) }

func (p Program) build(path string) error {
	var cmd *exec.Cmd
	if p.GOARCH != "" {
		cmd = exec.Command("go", slices.Concat([]string{"build"}, p.flags, []string{"-o", path, p.source})...)
		cmd.Env = append(os.Environ(), "GOARCH="+p.GOARCH, "CGO_ENABLED=0")
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

// moduleRoot is the folder of this module, for any working directory below it.
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

// Chains are one program with each kind of call frame information that a C
// compiler leaves, for an ABI (-m64, -m32).
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
