//go:build linux && amd64

package trace

import "testing"

func TestParseNumber(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "007": 7, "+7": 7, " 7": 7, "\t+7": 7, "100": 100,
		"": -1, "+": -1, "-0": -1, "-1": -1, "+-1": -1, "++1": -1, "+ 1": -1, "7 ": -1, "101": -1, "0x1": -1, "1_0": -1,
		"18446744073709551616": -1,
	} {
		n, ok := ParseNumber(s, 100)
		if ok != (want >= 0) || ok && n != uint64(want) {
			t.Errorf("%q: %d, %v; want %d", s, n, ok, want)
		}
	}
}
