package lang

import "testing"

// Reads of a KeptMemory return what was kept, from the pieces that are valid at that stop.
func TestKeptMemory(t *testing.T) {
	var m KeptMemory
	m.Reset()
	m.Keep(Piece{0x1000, []byte("in"), AnyTime, Whole})
	m.Keep(Piece{0x1002, []byte("put"), AnyTime, Whole})
	m.Keep(Piece{0x2000, []byte("before"), BeforeCall, Whole})
	m.Keep(Piece{0x3000, []byte("path\x00"), AnyTime, AtNUL})
	m.Keep(Piece{0x4ffe, []byte("ab"), AnyTime, Unreadable})
	m.Keep(Piece{0x6000, nil, AnyTime, Unreadable})
	for _, tt := range []struct {
		exit   bool
		addr   uint64
		n      int
		want   string
		misses int
	}{
		{false, 0x1000, 2, "in", 0},
		{false, 0x1000, 5, "input", 0}, // two pieces side by side
		{false, 0x1000, 6, "input", 1},
		{false, 0x2000, 6, "before", 1},
		{false, 0x3001, 100, "ath\x00", 1}, // a string's end is not a miss
		{false, 0x4ffe, 8, "ab", 1},        // and neither is what could not be read
		{false, 0x6000, 1, "", 1},
		{false, 0x5fff, 1, "", 2},
		{false, 0x7000, 4, "", 3},
		{true, 0x2000, 6, "", 4}, // it may have been overwritten
		{true, 0x7000, 4, "back", 4},
		{true, 0x1001, 2, "np", 4},
	} {
		if tt.exit && !m.exiting {
			m.Exit()
			m.Keep(Piece{0x7000, []byte("back"), IfSucceeded, Whole})
		}
		b := make([]byte, tt.n)
		b = b[:m.ReadMemory(tt.addr, b)]
		misses, first := m.Misses()
		if string(b) != tt.want || misses != tt.misses {
			t.Errorf("%d bytes at %#x: got %q and %d misses, want %q and %d", tt.n, tt.addr, b, misses, tt.want, tt.misses)
		}
		if want := (Miss{0x1000, 6, false}); misses > 0 && first != want {
			t.Errorf("the first miss is %+v, want %+v", first, want)
		}
	}
	m.Reset()
	if n := m.ReadMemory(0x1000, make([]byte, 1)); n != 0 {
		t.Error("the next call reads what the one before has left")
	}
}
