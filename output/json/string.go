package json

import (
	"unicode/utf8"

	"trapline/output"
)

func (j *writer) string(s string) { j.buf, _ = AppendString(j.buf, s) }

// word writes a name of a description or of a set of flags as a string. These have no
// characters that JSON escapes.
func (j *writer) word(name string) {
	b := append(j.buf, '"')
	b = append(b, name...)
	j.buf = append(b, '"')
}

// bytes writes b as a string, and reports whether this was lossless.
func (j *writer) bytes(b []byte) (exact bool) {
	j.buf, exact = AppendString(j.buf, b)
	return exact
}

func (j *writer) hexString(b []byte) { j.buf = appendHexString(j.buf, b) }

// AppendHex writes the bytes of s as a JSON string of hexadecimal digits.
func AppendHex(b []byte, s string) []byte { return appendHexString(b, s) }

// appendHexString writes s as a JSON string of hexadecimal digits.
func appendHexString[T string | []byte](b []byte, s T) []byte {
	b = append(b, '"')
	for i := range len(s) {
		b = append(b, output.LowerHex[s[i]>>4], output.LowerHex[s[i]&15])
	}
	return append(b, '"')
}

// AppendString writes s as a JSON string. Each byte that is not UTF-8
// becomes U+FFFD, and the string is then not exact.
func AppendString[T string | []byte](b []byte, s T) (_ []byte, exact bool) {
	b = append(b, '"')
	i := output.PlainASCII(s)
	if i == len(s) {
		return append(append(b, s...), '"'), true
	}
	exact = true
	plain := 0 // s[plain:i] needs no escapes
	for i < len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			// A rune takes at most 4 bytes; converting them does not allocate.
			r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			switch {
			case r == utf8.RuneError && size == 1:
				exact = false
				b = append(b, s[plain:i]...)
				b = append(b, "\ufffd"...)
				plain = i + 1
			case r < 0xa0:
				// A control character, which terminals may interpret.
				b = append(b, s[plain:i]...)
				b = append(b, '\\', 'u', '0', '0', output.LowerHex[r>>4], output.LowerHex[r&15])
				plain = i + size
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
			i++
			continue
		}
		b = append(b, s[plain:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', output.LowerHex[c>>4], output.LowerHex[c&15])
		}
		i++
		plain = i
	}
	b = append(b, s[plain:]...)
	return append(b, '"'), exact
}
