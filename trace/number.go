//go:build linux && amd64

package trace

import (
	"math"
	"strconv"
	"strings"
)

// ParseNumber reads a decimal number up to most, like strtoll(3): blanks and a
// plus sign may precede it. It returns false for anything else.
func ParseNumber(s string, most uint64) (n uint64, ok bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(trimBlanks(s), "+"), 10, 64)
	return n, err == nil && n <= most
}

// trimBlanks removes the blanks that C's number parsers skip (isspace(3)).
func trimBlanks(s string) string { return strings.TrimLeft(s, " \t\n\v\f\r") }

// ParseSize reads a positive number of bytes. The suffixes K, M and G are powers of 1024.
func ParseSize(s string) (uint64, bool) {
	shift := 0
	for i, unit := range []string{"K", "M", "G"} {
		if digits, ok := strings.CutSuffix(s, unit); ok {
			s, shift = digits, 10*(i+1)
			break
		}
	}
	n, ok := ParseNumber(s, math.MaxUint64>>shift)
	return n << shift, ok && n > 0
}
