//go:build linux && amd64

package unwind

import (
	"bytes"
	"debug/elf"
	"io"
	"os"
	"testing"
)

// readerAt counts the bytes that are read.
type readerAt struct {
	io.ReaderAt
	bytes int
}

func (r *readerAt) ReadAt(b []byte, offset int64) (int, error) {
	r.bytes += len(b)
	return r.ReaderAt.ReadAt(b, offset)
}

func TestPieces(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdefg"), 2000)
	size := uint64(len(content))
	for _, tt := range []struct {
		offset, n uint64
		read      int // bytes, including those around the needed ones
	}{
		{0, 1, pieceSize},
		{pieceSize - 1, 1, pieceSize},
		{pieceSize - 1, 2, 2 * pieceSize},
		{pieceSize, 3 * pieceSize, 3 * pieceSize},
		{size - 1, 1, int(size % pieceSize)},
		{size - 1, 1 << 63, int(size % pieceSize)},
		{5, 0, 0},
		{size, 1, 0},
		{1 << 63, 1 << 63, 0},
		{0, 1<<64 - 1, int(size)},
	} {
		r := &readerAt{ReaderAt: bytes.NewReader(content)}
		p := newPieces(r, len(content))
		for range 2 { // the second lookup reads nothing
			if p.need(tt.offset, tt.n); r.bytes != tt.read {
				t.Errorf("%d bytes at %d: %d bytes were read, want %d", tt.n, tt.offset, r.bytes, tt.read)
			}
		}
		if tt.n > 0 && tt.offset < size {
			end := tt.offset + min(tt.n, size-tt.offset)
			if !bytes.Equal(p.b[tt.offset:end], content[tt.offset:end]) {
				t.Errorf("%d bytes at %d are wrong", tt.n, tt.offset)
			}
		}
		if p.need(0, size); !bytes.Equal(p.b, content) || r.bytes != len(content) {
			t.Errorf("after %d bytes at %d: the whole is wrong, or %d bytes were read", tt.n, tt.offset, r.bytes)
		}
	}
}

// Functions that are looked up by reading parts of the file are those of the whole file,
// and less is read.
func TestFunctionsInPieces(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{path, "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6"} {
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		defer f.Close()
		e, err := elf.NewFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var whole file
		whole.readCallFrames(e, false)
		if len(whole.frames) == 0 || !whole.frames[0].eh {
			continue // a Go program without cgo has none
		}
		r := &readerAt{ReaderAt: f}
		functions, err := ReadFunctions(r)
		if err != nil {
			t.Fatal(err)
		}
		eh, code, read := e.Section(".eh_frame"), e.Section(".text"), 0
		for addr := code.Addr; addr < code.Addr+code.Size; addr += code.Size/100 + 1 {
			d, found := whole.frames[0].before(addr)
			start, end, ok := functions.Before(addr)
			if ok != found || ok && (start != d.start || end != d.end) {
				t.Fatalf("%s: %#x is in %#x-%#x, %v, want %#x-%#x, %v", path, addr, start, end, ok, d.start, d.end, found)
			}
			if read == 0 {
				read = r.bytes
			}
		}
		if eh.Size > 1<<17 && functions.file.frames[0].table.entries != nil && read >= int(eh.Size) {
			t.Errorf("%s: %d bytes were read for one function", path, read)
		}
	}
}
