//go:build linux && amd64

package buffered

import (
	"bytes"
	"os"
	"slices"
)

// Missing returns the name of a feature that the processors lack, or "". According to
// /proc/cpuinfo, the time stamp counter must be the same on all processors and must never
// stop or change its rate, and SAHF must be allowed in 64-bit code.
func Missing() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "/proc/cpuinfo"
	}
	defer f.Close()
	b := make([]byte, 8192)
	n, _ := f.Read(b)
	_, flags, found := bytes.Cut(b[:n], []byte("\nflags"))
	flags, _, whole := bytes.Cut(flags, []byte("\n"))
	if !found || !whole {
		return "flags in /proc/cpuinfo"
	}
	words := bytes.Fields(flags)
	for _, name := range []string{"constant_tsc", "nonstop_tsc", "lahf_lm"} {
		if !slices.ContainsFunc(words, func(w []byte) bool { return string(w) == name }) {
			return name
		}
	}
	return ""
}
