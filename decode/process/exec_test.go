package process

import (
	"encoding/binary"
	"testing"

	. "trapline/decode/internal/fake"
	. "trapline/decode/lang"
	"trapline/tables"
)

func TestCountStrings(t *testing.T) {
	vector := func(words ...uint64) []byte {
		var b []byte
		for _, w := range words {
			b = binary.LittleEndian.AppendUint64(b, w)
		}
		return b
	}
	long := make([]uint64, 300) // more than one chunk
	for i := range long {
		long[i] = 1
	}
	const addr = 0x10000
	for _, tt := range []struct {
		name       string
		memory     []byte
		n          int
		terminated bool
	}{
		{"unreadable", nil, 0, false},
		{"empty", vector(0), 0, true},
		{"two", vector(1, 2, 0, 3), 2, true},
		{"no end", vector(1, 2), 2, false},
		{"half a pointer", vector(1, 2)[:12], 1, false},
		{"exactly one chunk", vector(long[:128]...), 128, false},
		{"long", append(vector(long...), vector(0)...), 300, true},
	} {
		c := &Call{Decoder: BareDecoder(), Mem: FakeMemory{addr: tt.memory}, ABI: tables.X86_64}
		if n, terminated := countStrings(c, addr); n != tt.n || terminated != tt.terminated {
			t.Errorf("%s: %d, %t; want %d, %t", tt.name, n, terminated, tt.n, tt.terminated)
		}
	}
}
