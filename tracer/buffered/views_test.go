//go:build linux && amd64

package buffered

import (
	"bytes"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mappedAreas returns the number of areas' files that this process has mapped.
func mappedAreas(t *testing.T) int {
	t.Helper()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Count(maps, []byte("/memfd:area"))
}

// TestViews tests that the files of areas that are no longer used are unmapped, and no others.
func TestViews(t *testing.T) {
	var v Views
	before := mappedAreas(t)
	open := map[uint64]*Area{}
	newOne := func(pid uint64) {
		fd := newFile(t)
		defer unix.Close(fd)
		a, err := v.NewArea(fd, 0x7f0000000000)
		if err != nil {
			t.Fatal(err)
		}
		a.Begin(int(pid))
		open[pid] = a
	}
	check := func(unused int) {
		t.Helper()
		for pid, a := range open {
			if got := a.load(areaPID); got != pid {
				t.Errorf("the area of process %d has the id %d", pid, got)
			}
		}
		if got := mappedAreas(t) - before; got != len(open)+unused {
			t.Errorf("%d areas are mapped, but %d are used and %d may be unused", got, len(open), unused)
		}
	}
	for pid := range uint64(3 * reservedViews / 2) {
		newOne(pid)
	}
	check(0)
	for pid := range uint64(unusedViews - 1) {
		open[2*pid].Close()
		delete(open, 2*pid)
	}
	v.Tidy()
	check(unusedViews - 1)
	open[1].Close()
	delete(open, 1)
	v.Tidy()
	check(0)
	for pid := uint64(2 * unusedViews); len(v.unused) < mostUnused-1; pid++ {
		newOne(1000 + pid)
		if a := open[pid]; a != nil {
			a.Close()
			delete(open, pid)
		} else {
			open[1000+pid].Close()
			delete(open, 1000+pid)
		}
	}
	check(mostUnused - 1)
	newOne(1)
	open[1].Close()
	delete(open, 1)
	check(0)
	for _, a := range open {
		a.Close()
	}
}

// TestViewsAfterFailure tests that no address space is used that a failure may have given up.
func TestViewsAfterFailure(t *testing.T) {
	var v Views
	addArea := func() uintptr {
		t.Helper()
		fd := newFile(t)
		defer unix.Close(fd)
		memory, err := v.add(fd)
		if err != nil {
			t.Fatal(err)
		}
		return uintptr(unsafe.Pointer(&memory[0]))
	}
	first := addArea()
	if _, err := v.add(-1); err == nil {
		t.Fatal("a file that is not open was mapped")
	}
	if next := addArea(); next > first && next < first+reservedViews*areaFile {
		t.Error("the next area is in the address space that was reserved before the failure")
	}
}
