package output_test

import (
	"bytes"
	"testing"

	"trapline/output"
)

// Each byte that is not plain is found, at each position of strings of each length.
func TestPlainASCII(t *testing.T) {
	for c := range 256 {
		plain := c >= ' ' && c < 0x7f && c != '"' && c != '\\'
		for size := 1; size < 30; size++ {
			for at := range size {
				s := bytes.Repeat([]byte{"x ~!#[]^"[size%8]}, size)
				s[at] = byte(c)
				want := at
				if plain {
					want = size
				}
				if got := output.PlainASCII(s); got != want || output.PlainASCII(string(s)) != want {
					t.Fatalf("%q: got %d, want %d", s, got, want)
				}
			}
		}
	}
	if got := output.PlainASCII(""); got != 0 {
		t.Errorf("an empty string: got %d", got)
	}
}
