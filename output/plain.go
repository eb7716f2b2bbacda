package output

import "math/bits"

// PlainASCII returns the number of bytes at the beginning of s that are printable ASCII
// other than quotation marks and backslashes. No format escapes these.
func PlainASCII[T string | []byte](s T) int {
	const (
		ones = 0x0101010101010101 // 1 in each byte
		tops = 0x80 * ones        // the top bit of each byte
	)
	i := 0
	for ; i+8 <= len(s); i += 8 {
		// Eight bytes at once. Each term sets the top bits of bytes that are not plain. A
		// carry may also set the top bit of the byte after such a byte, but never of a
		// byte before it.
		w := s[i : i+8]
		x := uint64(w[7])<<56 | uint64(w[6])<<48 | uint64(w[5])<<40 | uint64(w[4])<<32 |
			uint64(w[3])<<24 | uint64(w[2])<<16 | uint64(w[1])<<8 | uint64(w[0])
		control, above := x-' '*ones, x|(x+ones) // < ' ' and > '~'
		quotes, backslashes := (x^'"'*ones)-ones, (x^'\\'*ones)-ones
		if found := (control | above | quotes | backslashes) & tops; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(s) && ' ' <= s[i] && s[i] <= '~' && s[i] != '"' && s[i] != '\\' {
		i++
	}
	return i
}
