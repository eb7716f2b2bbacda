// Suite runs all tests and ends with a summary of what was tested where:
//
//	go run ./integration/suite
//	go run ./integration/suite -vm 6.1,6.12
//	go run ./integration/suite -graph 6.12 -- -run TestKernelPath ./integration
//	go run ./integration/suite -- -short ./tracer ./decode
//
// It runs "go test ./...", or go test with the flags and packages after "--",
// and prints a line for each package and the output of tests that fail. It
// ignores cached results, since go does not notice newly installed programs. Go
// does not show what a passing package skipped; suite counts skipped tests by
// missing feature, and prints a line for each.
//
// With -vm, all tests with 32-bit tracees also run in a virtual machine with
// each of the given kernels (../vm), even if this machine can run them, and
// must pass there. This requires gcc with -m32 and strace, in addition to QEMU.
//
// -graph is the same for tests that need ftrace's function_graph. They take several
// minutes for each kernel, as an emulated machine is slow to change its own code.
//
// -own is the same for tests that change limits of the whole machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// Features (../need) that this machine may permanently lack and the virtual machine has.
const (
	abi32         = "i386"
	functionGraph = "function-graph"
	ownMachine    = "own-machine"
)

// guests are virtual machines for the tests that need one of some features.
type guests struct {
	features []string
	kernels  []string // nil for none
	flags    []string // of ../vm
	boots    []*boot
}

// everything are the packages that are tested by default.
var everything = []string{"./..."}

func main() {
	kernels := flag.String("vm", "", "`kernels` of virtual machines for the tests that need i386, separated by commas: 6.1,6.12")
	graph := flag.String("graph", "", "`kernels` of virtual machines for the tests that need function-graph")
	own := flag.String("own", "", "`kernels` of virtual machines for the tests that need own-machine, separated by commas: 6.1,6.12")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./integration/suite [-vm KERNELS] [-graph KERNELS] [-own KERNELS] [-- GO-TEST-FLAGS-AND-PACKAGES]")
		flag.PrintDefaults()
	}
	flag.Parse()
	args := flag.Args()
	if len(args) == 0 {
		args = everything
	}
	// An emulated machine with several processors may crash when the kernel changes its
	// own code, as function_graph makes it do.
	if !run(args, []*guests{
		{features: []string{abi32}, kernels: list(*kernels)},
		{features: []string{functionGraph}, kernels: list(*graph), flags: []string{"-smp", "1"}},
		{features: []string{ownMachine}, kernels: list(*own)},
	}) {
		os.Exit(1)
	}
}

// list splits a flag.
func list(flag string) []string {
	var all []string
	for item := range strings.SplitSeq(flag, ",") {
		if item = strings.TrimSpace(item); item != "" {
			all = append(all, item)
		}
	}
	return all
}

// run reports whether all tests passed.
func run(args []string, all []*guests) bool {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	inGuest := make(map[string]bool) // features
	for _, g := range all {
		for _, feature := range g.features {
			inGuest[feature] = len(g.kernels) > 0
		}
	}
	var beside *machines
	if inGuest[abi32] || inGuest[functionGraph] || inGuest[ownMachine] {
		if err := missingForGuest(); err != nil { // reported before all tests run
			fmt.Fprintf(os.Stderr, "suite: -vm: %v\n", err)
			return false
		}
		p, err := newParts()
		if err != nil {
			fmt.Fprintf(os.Stderr, "suite: -vm: %v\n", err)
			return false
		}
		defer p.remove()
		beside = &machines{parts: p, all: all}
		if slices.Equal(args, everything) {
			err = beside.startKnown(ctx)
		}
		defer beside.wait()
		if err != nil {
			stop()
			fmt.Fprintf(os.Stderr, "suite: -vm: %v\n", err)
			return false
		}
	}
	r, err := goTest(ctx, args)
	if err != nil {
		stop()
		fmt.Fprintf(os.Stderr, "suite: %v\n", err)
		return false
	}
	ok := !r.failed
	if beside != nil {
		lines, passed := beside.finish(ctx, r)
		ok = ok && passed
		for _, line := range lines {
			fmt.Println(line)
		}
	}
	for _, l := range r.lacking() {
		where := "not tested here"
		if inGuest[l.feature] {
			where = "tested in the virtual machine alone"
		}
		fmt.Printf("%s: %s (%s), %d %s\n", where, l.feature, l.reason, l.tests, plural(l.tests, "test"))
	}
	for _, pkg := range r.broken {
		fmt.Printf("failed as a whole: %s\n", pkg)
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", r.count["pass"], r.count["fail"]+len(r.broken), r.count["skip"])
	return ok
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
