//go:build linux && amd64

package trace

import (
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
