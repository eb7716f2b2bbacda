// Suite runs all tests and closes with what was tested where:
//
//	go run ./integration/suite
//	go run ./integration/suite -vm 6.1,6.12
//	go run ./integration/suite -- -short ./tracer ./decode
//
// It runs "go test ./...", or what follows "--". Go prints nothing of what a
// passing package skipped; suite counts it by what was missing, and prints a line
// for each. With -vm, all tests with 32-bit tracees run once more in a virtual
// machine with each of these kernels (../vm), whether this machine can run them
// or not, and must pass there.
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

// abi32 is the feature that a machine may lack for good and the virtual machine
// has (../need).
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	r, err := goTest(ctx, args)
	if err != nil {
		fail(err)
	}
	ok := !r.failed
	var guests []string
	if *kernels != "" {
		g, err := newGuest(ctx, r.needing(abi32))
		if err != nil {
			fail(err)
		}
		defer g.remove()
		for kernel := range strings.SplitSeq(*kernels, ",") {
			n, err := g.run(ctx, kernel)
			if err != nil {
				fmt.Fprintf(os.Stderr, "suite: Linux %s: %v\n", kernel, err)
			}
			ok = ok && err == nil && n.failed == 0
			guests = append(guests, fmt.Sprintf("tested in a virtual machine: %s on Linux %s, %d passed, %d failed", abi32, kernel, n.passed, n.failed))
		}
	}

	for _, line := range guests {
		fmt.Println(line)
	}
	for _, l := range r.lacking() {
		where := "not tested here"
		if l.feature == abi32 && *kernels != "" {
			where = "tested in the virtual machine alone"
		}
		fmt.Printf("%s: %s (%s), %d %s\n", where, l.feature, l.reason, l.tests, plural(l.tests, "test"))
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", r.count["pass"], r.count["fail"], r.count["skip"])
	if !ok {
		os.Exit(1)
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "suite: %v\n", err)
	os.Exit(1)
}
