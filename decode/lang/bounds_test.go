package lang_test

import (
	"strings"
	"testing"

	. "trapline/decode/internal/fake"
	. "trapline/decode/lang"
	"trapline/tables"
)

// The page after the end of a string is not read: no process may serve it, and the read
// would block.
func TestNothingBehindStringsIsRead(t *testing.T) {
	const start = 0x10000
	for _, length := range []int{0, 1, 7, 255, 256, 257, 1023, 1024, 4000, 4094, 4095, 4096, 5000, 8191} {
		text := strings.Repeat("x", length)
		m := &GuardedMemory{Start: start, B: make([]byte, (length/PageSize+1)*PageSize)}
		at := start + uint64(len(m.B)-length-1)
		copy(m.B[at-start:], text)
		c := &Call{Decoder: NewDecoderOf(Catalogue{}, 32), Mem: m, ABI: tables.X86_64}
		for _, limit := range []int{32, 4095, 100000} {
			b, more, ok := c.ReadString(at, limit)
			if want := text[:min(limit, length)]; !ok || string(b) != want || more != (length > limit) {
				t.Errorf("of %d bytes, up to %d: %d bytes, more: %v, %v", length, limit, len(b), more, ok)
			}
		}
		if m.Beyond {
			t.Errorf("%d bytes: memory after the string is read", length)
		}
	}
}
