package trace

import (
	"strconv"
	"strings"
)

// ParseNumber reads a decimal number of at most most, as strtoll(3) does: blanks
// and a plus sign may come first. It is false for anything else.
func ParseNumber(s string, most uint64) (n uint64, ok bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(trimBlanks(s), "+"), 10, 64)
	return n, err == nil && n <= most
}

// trimBlanks takes away the blanks that C's number parsers skip (isspace(3)).
func trimBlanks(s string) string { return strings.TrimLeft(s, " \t\n\v\f\r") }
