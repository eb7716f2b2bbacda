package process

import (
	"bytes"
	"testing"

	. "trapline/decode/internal/fake"
	. "trapline/decode/lang"
	"trapline/tables"
)

// TestNothingBehindListsIsRead checks that the page after the end of a list is
// not read: a page that no process serves (userfaultfd) would block the reader.
func TestNothingBehindListsIsRead(t *testing.T) {
	const start = 0x10000
	for _, list := range []int{0, 1, 127, 128, 129, 300, 511} {
		m := &GuardedMemory{Start: start, B: bytes.Repeat([]byte{1}, PageSize)}
		clear(m.B[PageSize-8:])
		c := &Call{Decoder: NewDecoderOf(Catalogue{}, 32), Mem: m, ABI: tables.X86_64}
		if n, ok := countStrings(c, start+PageSize-8*uint64(list+1)); n != list || !ok || m.Beyond {
			t.Errorf("a list of %d: %d, terminated: %v, memory after it is read: %v", list, n, ok, m.Beyond)
		}
	}
}
