// Suite runs all tests and ends with a summary of what was tested where:
//
//	go run ./integration/suite
//	go run ./integration/suite -vm 6.1,6.12
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
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// abi32 is the feature (../need) that this machine may permanently lack and the
// virtual machine has.
const abi32 = "i386"

func main() {
	kernels := flag.String("vm", "", "`kernels` of virtual machines for the tests with 32-bit tracees, separated by commas: 6.1,6.12")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: go run ./integration/suite [-vm KERNELS] [-- GO-TEST-FLAGS-AND-PACKAGES]")
		flag.PrintDefaults()
	}
	flag.Parse()
	args := flag.Args()
	if len(args) == 0 {
		args = []string{"./..."}
	}
	if !run(args, *kernels) {
		os.Exit(1)
	}
}

// run reports whether all tests passed.
func run(args []string, kernels string) bool {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if kernels != "" {
		if err := missingForGuest(); err != nil { // reported before all tests run
			fmt.Fprintf(os.Stderr, "suite: -vm: %v\n", err)
			return false
		}
	}
	r, err := goTest(ctx, args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "suite: %v\n", err)
		return false
	}
	ok := !r.failed
	if kernels != "" {
		lines, passed := inGuests(ctx, r.needing(abi32), kernels)
		ok = ok && passed
		for _, line := range lines {
			fmt.Println(line)
		}
	}
	for _, l := range r.lacking() {
		where := "not tested here"
		if l.feature == abi32 && kernels != "" {
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

// inGuests runs tests in a virtual machine with each of the kernels. It returns
// a closing line for each, and whether all passed.
func inGuests(ctx context.Context, tests []testName, kernels string) (lines []string, ok bool) {
	g, err := newGuest(ctx, tests)
	if err != nil {
		fmt.Fprintf(os.Stderr, "suite: -vm: %v\n", err)
		return nil, false
	}
	defer g.remove()
	ok = true
	for kernel := range strings.SplitSeq(kernels, ",") {
		kernel = strings.TrimSpace(kernel)
		n, err := g.run(ctx, kernel)
		if err != nil {
			fmt.Fprintf(os.Stderr, "suite: Linux %s: %v\n", kernel, err)
			ok = false
		}
		lines = append(lines, fmt.Sprintf("tested in a virtual machine: %s on Linux %s, %d passed, %d failed", abi32, kernel, n.passed, n.failed))
	}
	return lines, ok
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
