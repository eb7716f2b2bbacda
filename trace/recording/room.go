//go:build linux && amd64

package recording

import "unsafe"

// Room keeps bytes until it is emptied. It allocates memory in large pieces: many small
// objects would keep the garbage collector busy.
type Room struct {
	piece []byte // the one being filled, which is kept
}

const (
	leastPiece = 4 << 10 // bytes
	mostPiece  = 64 << 10
)

// Keep returns a copy of the concatenated parts that is valid until Empty, or nil if they
// are empty.
func (r *Room) Keep(parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if n == 0 {
		return nil
	}
	if n > cap(r.piece)-len(r.piece) {
		r.piece = make([]byte, 0, max(n, leastPiece, min(2*cap(r.piece), mostPiece)))
	}
	at := len(r.piece)
	for _, p := range parts {
		r.piece = append(r.piece, p...)
	}
	return r.piece[at:len(r.piece):len(r.piece)]
}

// KeepString is Keep for a string, as the key of a map.
func (r *Room) KeepString(b []byte) string {
	kept := r.Keep(b)
	return unsafe.String(unsafe.SliceData(kept), len(kept))
}

// Empty forgets what was kept.
func (r *Room) Empty() { r.piece = r.piece[:0] }
