//go:build linux && amd64

package report

import (
	"fmt"
	"testing"
)

// It does not matter how many reads a pipe's data takes if the total is the same; another
// total does.
func TestReadInParts(t *testing.T) {
	reads := func(sizes ...int) (steps []*step) {
		steps = append(steps, &step{key: 1, outcome: "0", weighs: true})
		for _, n := range sizes {
			steps = append(steps, &step{key: 2, outcome: fmt.Sprint(n), weighs: true, moves: n > 0, arrived: true, got: uint64(n)})
		}
		return append(steps, &step{key: 3, outcome: "0", weighs: true})
	}
	file := reads(6, 1, 0)
	for _, s := range file[1:4] {
		s.arrived, s.got = false, 0
	}
	for _, tt := range []struct {
		x, y    []*step
		matters bool
	}{
		{reads(6, 1, 0), reads(7, 0), false},
		{reads(2, 5), reads(1, 1, 1, 4), false},
		{reads(6, 1, 0), reads(6, 0), true},
		{reads(6), reads(), true},
		{reads(6, 0), reads(6), true},
		{reads(0), reads(), true},
		{file, reads(7, 0), true},
	} {
		for turn := range 2 {
			keys := new(numbering)
			c := &Comparison{a: newSide("a", keys), b: newSide("b", keys)}
			c.compareThreads(place{}, place{}, false, tt.x, tt.y, true)
			if got := c.count(weighsMost) > 0; got != tt.matters {
				t.Errorf("%d and %d calls, turn %d: it matters is %v", len(tt.x), len(tt.y), turn, got)
			}
			tt.x, tt.y = tt.y, tt.x
		}
	}
}
