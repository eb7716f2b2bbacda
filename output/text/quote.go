package text

import (
	"strconv"
	"unicode/utf8"

	"trapline/output"
)

// appendQuoted writes s as a C string literal with its quotes.
func appendQuoted(b []byte, s []byte, style output.StringStyle) []byte {
	b = append(b, '"')
	b = AppendEscaped(b, s, style, "")
	return append(b, '"')
}

// AppendEscaped writes s as the inside of a C string literal. It also escapes
// the bytes of special, as if they were not printable.
func AppendEscaped(b []byte, s []byte, style output.StringStyle, special string) []byte {
	if style == output.HexAll || style == output.HexNonASCII && !isText(s) {
		for _, c := range s {
			b = append(b, '\\', 'x', output.LowerHex[c>>4], output.LowerHex[c&15])
		}
		return b
	}
	plain := 0 // s[plain:i] needs no escapes
	readable := 0
	first := 0
	if special == "" {
		first = output.PlainASCII(s)
	}
	for i := first; i < len(s); i++ {
		c := s[i]
		esc := escapes[c]
		if esc == 0 && (special == "" || !has(special, c)) || i < readable {
			continue
		}
		if style == output.UTF8 && c >= utf8.RuneSelf {
			if readable = i + readableRune(s[i:]); readable > i {
				continue
			}
		}
		b = append(b, s[plain:i]...)
		plain = i + 1
		switch {
		case esc > 1:
			b = append(b, '\\', esc)
		case style == output.HexEscapes:
			b = append(b, '\\', 'x', output.LowerHex[c>>4], output.LowerHex[c&15])
		default:
			b = append(b, '\\')
			// The shortest octal escape that does not absorb a digit after it.
			long := i+1 < len(s) && '0' <= s[i+1] && s[i+1] <= '7'
			if long || c >= 0100 {
				b = append(b, '0'+c>>6)
			}
			if long || c >= 010 {
				b = append(b, '0'+c>>3&7)
			}
			b = append(b, '0'+c&7)
		}
	}
	return append(b, s[plain:]...)
}

// readableRune returns the length of the UTF-8 character that s begins with, or 0 if it is
// not printable.
func readableRune(s []byte) int {
	r, size := utf8.DecodeRune(s)
	if r == utf8.RuneError || !strconv.IsPrint(r) {
		return 0
	}
	return size
}

// appendPrintable writes s, but escapes unprintable bytes, so that control sequences of a
// tracee do not reach the terminal.
func appendPrintable[T string | []byte](b []byte, s T) []byte {
	plain := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c < ' ' || c > '~' {
			b = append(b, s[plain:i]...)
			b = append(b, '\\', '0'+c>>6, '0'+c>>3&7, '0'+c&7)
			plain = i + 1
		}
	}
	return append(b, s[plain:]...)
}

// escapes has the letter of a byte's symbolic escape, 1 for a byte that needs a
// numeric one, and 0 for a byte that is printed unchanged.
var escapes = [256]byte{
	1, 1, 1, 1, 1, 1, 1, 1, 1, 't', 'n', 'v', 'f', 'r', 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	0, 0, '"', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\\', 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
}

// isText reports whether s has only printable ASCII and white space.
func isText(s []byte) bool {
	for _, c := range s {
		if escapes[c] == 1 {
			return false
		}
	}
	return true
}

func has(s string, c byte) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == c {
			return true
		}
	}
	return false
}
