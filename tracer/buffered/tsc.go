//go:build linux && amd64

package buffered

import (
	"bytes"
	"os"
)

// HasStableTSC reports whether the time stamp counter is the same on all
// processors and never stops or changes its rate, as far as the kernel knows
// (/proc/cpuinfo).
func HasStableTSC() bool {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, 8192)
	n, _ := f.Read(b)
	_, flags, found := bytes.Cut(b[:n], []byte("\nflags"))
	flags, _, whole := bytes.Cut(flags, []byte("\n"))
	if !found || !whole {
		return false
	}
	words := bytes.Fields(flags)
	has := func(name string) bool {
		for _, w := range words {
			if string(w) == name {
				return true
			}
		}
		return false
	}
	return has("constant_tsc") && has("nonstop_tsc")
}
