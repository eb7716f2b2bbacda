package lang

import (
	"bytes"
	"testing"

	"trapline/tables"
)

// countedMemory is a page of memory that counts the reads.
type countedMemory struct {
	addr  uint64
	b     []byte
	reads int
}

func (m *countedMemory) ReadMemory(addr uint64, b []byte) int {
	m.reads++
	if addr < m.addr || addr >= m.addr+uint64(len(m.b)) {
		return 0
	}
	return copy(b, m.b[addr-m.addr:])
}

func TestReadsAreGathered(t *testing.T) {
	const page = 0x10000
	b := make([]byte, PageSize)
	for i := range b {
		b[i] = byte(i / 16)
	}
	for _, tt := range []struct {
		name  string
		read  [][2]uint64 // address and length
		reads int
	}{
		{"neighbours", [][2]uint64{{page + 900, 20}, {page + 800, 100}, {page, 8}, {page + 1016, 8}}, 1},
		{"two places in turn", [][2]uint64{{page, 8}, {page + 2048, 8}, {page + 8, 8}, {page + 2056, 8}}, 2},
		{"four places in turn", [][2]uint64{
			{page, 8}, {page + 1024, 8}, {page + 2048, 8}, {page + 3072, 8}, {page + 8, 8}, {page + 1032, 8}, {page + 2056, 8}, {page + 3080, 8},
		}, 4},
		{"across the end of what was read", [][2]uint64{{page, 8}, {page + 3072, 8}, {page + 2040, 16}, {page, 8}, {page + 3072, 8}}, 3},
		{"across a block's end", [][2]uint64{{page + 1020, 8}, {page + 1000, 100}, {page + 1500, 8}}, 1},
		{"on from a block", [][2]uint64{{page, 8}, {page + 1020, 8}, {page + 2000, 8}}, 2},
		{"large", [][2]uint64{{page, 2000}}, 1},
		{"across the page's end", [][2]uint64{{page + PageSize - 8, 16}, {page + PageSize - 16, 8}}, 1},
		{"nowhere", [][2]uint64{{page + PageSize, 8}}, 2},
	} {
		m := &countedMemory{addr: page, b: b}
		c := &Call{Decoder: NewDecoderOf(Catalogue{}, 0), Mem: m, ABI: tables.X86_64}
		for _, r := range tt.read {
			off := int(r[0] - page)
			want := b[min(off, len(b)):min(off+int(r[1]), len(b))]
			if got := c.Read(r[0], int(r[1])); !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes at %#x: got % x, want % x", tt.name, r[1], r[0], got, want)
			}
		}
		if m.reads != tt.reads {
			t.Errorf("%s: %d reads, want %d", tt.name, m.reads, tt.reads)
		}
		// Changes that the tracee makes before the next stop are seen.
		c.startStop()
		if c.Read(page, 8); m.reads != tt.reads+1 {
			t.Errorf("%s: the next stop did not read again", tt.name)
		}
	}
}
