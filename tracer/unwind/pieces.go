//go:build linux && amd64

package unwind

import (
	"debug/elf"
	"io"
)

// pieces is data that is read in pieces. Each piece is read when it is first needed, and
// memory for the other pieces is never touched.
type pieces struct {
	r    io.ReaderAt
	b    []byte
	read []bool // whether each piece was read
}

const pieceSize = 4096 // bytes

func newPieces(r io.ReaderAt, size int) *pieces {
	return &pieces{r: r, b: make([]byte, size), read: make([]bool, size/pieceSize+1)}
}

// isPlain reports whether a section can be read in pieces: the file contains all of it, and
// it is not compressed.
func isPlain(s *elf.Section) bool {
	return s.Type != elf.SHT_NOBITS && s.Flags&elf.SHF_COMPRESSED == 0 && s.Size <= maxSection && has(s, s.Size)
}

// has reports whether the file has at least size bytes.
func has(r io.ReaderAt, size uint64) bool {
	n, _ := r.ReadAt(make([]byte, 1), int64(size-1))
	return n == 1
}

// need reads n bytes from an offset on, unless they have been read already. Bytes that cannot
// be read are zero.
func (p *pieces) need(offset, n uint64) {
	size := uint64(len(p.b))
	if offset >= size || n == 0 {
		return
	}
	end := offset + min(n, size-offset)
	for at := offset &^ (pieceSize - 1); at < end; {
		from := at
		for ; at < end && !p.read[at/pieceSize]; at += pieceSize {
			p.read[at/pieceSize] = true
		}
		if at > from {
			p.r.ReadAt(p.b[from:min(at, size)], int64(from))
		} else {
			at += pieceSize
		}
	}
}
