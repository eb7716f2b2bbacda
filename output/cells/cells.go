// Package cells counts terminal columns. A character takes one column, two (as in
// Chinese), or none (an accent that is put on the letter before it).
package cells

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Width is the number of columns that a text takes on a terminal. The text has no control
// characters.
func Width(s string) (columns int) {
	for len(s) > 0 {
		bytes, width := first(s)
		s, columns = s[bytes:], columns+width
	}
	return columns
}

// Cut returns the beginning of a text, which takes at most so many columns. If the text is
// longer, the result ends with tail, within these columns if they suffice for tail.
func Cut(s string, columns int, tail string) string {
	if Width(s) <= columns {
		return s
	}
	columns -= Width(tail)
	if columns < 0 {
		return ""
	}
	end := 0
	for {
		bytes, width := first(s[end:])
		if columns -= width; columns < 0 {
			return s[:end] + tail
		}
		end += bytes
	}
}

// CutLeft removes so many columns from the beginning of a text, or one more if the cut
// would split a character.
func CutLeft(s string, columns int) string {
	for columns > 0 && len(s) > 0 {
		bytes, width := first(s)
		s, columns = s[bytes:], columns-width
	}
	return s
}

// Pad returns the blanks that fill a text up to so many columns.
func Pad(s string, columns int) string {
	return strings.Repeat(" ", max(0, columns-Width(s)))
}

// first is the size in bytes and in columns of the first character, with the accents that
// are put on it. The text is not empty.
func first(s string) (bytes, columns int) {
	if isASCII(s[0]) && (len(s) == 1 || isASCII(s[1])) {
		return 1, 1
	}
	character, columns := ansi.FirstGraphemeCluster(s, ansi.WcWidth)
	return len(character), columns
}

// isASCII reports whether a byte is a character that takes one column.
func isASCII(c byte) bool { return ' ' <= c && c < 0x7f }
