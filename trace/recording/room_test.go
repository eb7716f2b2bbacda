//go:build linux && amd64

package recording

import (
	"bytes"
	"testing"
)

// Bytes kept in a Room do not change until the Room is emptied, whatever their size.
func TestRoom(t *testing.T) {
	var r Room
	for range 2 {
		var kept, want [][]byte
		for n := range 300 {
			part := bytes.Repeat([]byte{byte(n)}, n*n/8)
			want = append(want, bytes.Join([][]byte{part, part}, []byte("/")))
			kept = append(kept, r.Keep(part, []byte("/"), part))
			clear(part) // what is kept is a copy
		}
		for i := range kept {
			if !bytes.Equal(kept[i], want[i]) {
				t.Fatalf("number %d, of %d bytes, has changed", i, len(want[i]))
			}
		}
		r.Empty()
	}
	if r.Keep() != nil || r.Keep(nil, []byte{}) != nil {
		t.Error("empty parts are not kept as nil")
	}
}
