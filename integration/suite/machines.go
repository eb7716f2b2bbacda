package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// machines are the virtual machines of a run of the suite.
//
// An emulated machine keeps one processor busy, and the tests of this machine wait most of
// the time. Which tests need a machine is certain only after they have run here, but some
// say so in their source. If there are two processors, those run in their machines beside
// this machine's tests. The rest follows.
type machines struct {
	parts *parts
	all   []*guests
	known sync.WaitGroup // boots for tests that are known in advance
}

// startKnown starts the machines for tests whose source says that they need one. First it
// builds what they need; the tests of this machine need most of that as well.
func (m *machines) startKnown(ctx context.Context) error {
	if runtime.NumCPU() < 2 {
		return nil
	}
	var boots []*boot
	for _, g := range m.all {
		if len(g.kernels) == 0 || slices.Contains(g.features, abi32) {
			continue // helper functions need i386 on behalf of tests
		}
		tests, err := testsNeeding(ctx, integration, g.features)
		if err != nil {
			return err
		}
		if len(tests) == 0 {
			continue
		}
		guest, err := m.parts.guest(ctx, tests, g.flags)
		if err != nil {
			return err
		}
		boots = append(boots, g.boot(guest)...)
	}
	m.known.Go(func() {
		for _, b := range boots {
			b.run(ctx)
		}
	})
	return nil
}

// boot adds a machine for each kernel.
func (g *guests) boot(guest *guest) []*boot {
	var boots []*boot
	for _, kernel := range g.kernels {
		boots = append(boots, &boot{guest: guest, kernel: kernel})
	}
	g.boots = append(g.boots, boots...)
	return boots
}

func (m *machines) wait() { m.known.Wait() }

// finish runs the tests that need a machine and have not yet run in one. For the tests of
// each guest it returns a line for the summary, and it reports whether all passed.
func (m *machines) finish(ctx context.Context, r *results) (lines []string, ok bool) {
	ok = true
	var boots []*boot
	for _, g := range m.all {
		if len(g.kernels) == 0 {
			continue
		}
		tests := slices.DeleteFunc(r.needing(g.features), g.covers)
		if len(tests) == 0 && (len(g.boots) > 0 || !slices.Contains(g.features, abi32)) {
			continue // all have run, or are of packages that were not asked for
		}
		guest, err := m.parts.guest(ctx, tests, g.flags)
		if err != nil {
			fmt.Fprintf(os.Stderr, "suite: -vm: %v\n", err)
			ok = false
			continue
		}
		boots = append(boots, g.boot(guest)...)
	}
	// Each has two processors (-smp of integration/vm), which its tests keep busy. With
	// fewer, tests that trace for minutes would not end in time.
	free := make(chan struct{}, max(1, runtime.NumCPU()/2))
	var running sync.WaitGroup
	for _, b := range boots {
		running.Go(func() {
			free <- struct{}{}
			b.run(ctx)
			<-free
		})
	}
	running.Wait()
	m.wait()
	for _, g := range m.all {
		for _, kernel := range g.kernels {
			passed, failed := 0, 0
			for _, b := range g.boots {
				if b.kernel == kernel {
					p, f := b.judge()
					passed, failed = passed+p, failed+f
					ok = ok && f == 0 && b.err == nil
				}
			}
			if passed+failed > 0 {
				lines = append(lines, fmt.Sprintf("tested in a virtual machine: %s on Linux %s, %d passed, %d failed", strings.Join(g.features, ", "), kernel, passed, failed))
			}
		}
	}
	return lines, ok
}

// covers reports whether a test, or a test that contains it, has run in a machine.
func (g *guests) covers(t testName) bool {
	whole, _, _ := strings.Cut(t.name, "/")
	return slices.ContainsFunc(g.boots, func(b *boot) bool { return slices.Contains(b.tests, testName{t.pkg, whole}) })
}
