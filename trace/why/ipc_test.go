//go:build linux && amd64

package why

import "testing"

// The operation of semop that has to wait is found.
func TestBlocked(t *testing.T) {
	for name, tt := range map[string]struct {
		values []uint16
		ops    []semOp
		want   int
	}{
		"too small":                    {[]uint16{1}, []semOp{{0, -2}}, 0},
		"large enough":                 {[]uint16{2}, []semOp{{0, -2}}, -1},
		"not 0":                        {[]uint16{1}, []semOp{{0, 0}}, 0},
		"0":                            {[]uint16{0}, []semOp{{0, 0}}, -1},
		"another one":                  {[]uint16{5, 0}, []semOp{{0, -5}, {1, -1}}, 1},
		"the first of two":             {[]uint16{0, 0}, []semOp{{0, -1}, {1, -1}}, 0},
		"enough by its own":            {[]uint16{0}, []semOp{{0, 1}, {0, -1}}, -1},
		"too small by its own":         {[]uint16{3}, []semOp{{0, -2}, {0, -2}}, -1},
		"changed and back":             {[]uint16{3}, []semOp{{0, -2}, {0, 2}, {0, -4}}, 2},
		"no such semaphore":            {[]uint16{3}, []semOp{{1, -2}}, -1},
		"behind one that is not there": {[]uint16{0}, []semOp{{1, 1}, {0, -1}}, -1},
		"no operation":                 {[]uint16{0}, nil, -1},
	} {
		if got := blocked(tt.values, tt.ops); got != tt.want {
			t.Errorf("%s: operation %d, want %d", name, got, tt.want)
		}
	}
}
