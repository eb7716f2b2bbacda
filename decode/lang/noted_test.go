package lang

import "testing"

// If a struct was read first, a string inside it does not truncate the struct.
func TestNotedStringInStruct(t *testing.T) {
	const addr = 0x1000
	text := []byte("head\x00name\x00tail")
	for _, tt := range []struct {
		name  string
		reads [][2]int // offset and length
		end   int      // of the string
		want  string   // what is noted at addr
	}{
		{"of its own", [][2]int{{0, len(text)}}, 5, "head\x00"},
		{"inside", [][2]int{{0, len(text)}, {5, 9}}, 10, string(text)},
		{"beyond", [][2]int{{0, 8}, {5, 9}}, 10, string(text[:8])},
	} {
		var m NotedMemory
		m.Start(&countedMemory{addr: addr, b: text})
		for _, r := range tt.reads {
			m.ReadMemory(addr+uint64(r[0]), make([]byte, r[1]))
		}
		m.endString(addr + uint64(tt.end))
		if got := string(m.Pieces()[0].B); got != tt.want {
			t.Errorf("%s: %q is noted, want %q", tt.name, got, tt.want)
		}
	}
}
