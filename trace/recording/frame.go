//go:build linux && amd64

package recording

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"

	"github.com/klauspost/compress/flate"
)

// A file is magic and then frames: the information, blocks of events, the index and
// the tail. Each frame is a header of headerSize bytes and its contents, compressed. A
// block is one frame or several: those after the first one continue it, so that what was
// recorded can be read before the block is complete.

const (
	magic   = "trapline recording "
	version = 3

	headerSize = 64
	// mostRaw limits the size of a frame's contents.
	mostRaw = 64 << 20
	// mostBlock limits the size of the contents of a block's frames together, and that of
	// the answers in it.
	mostBlock = 2 * mostRaw
	// mostRatio is more than DEFLATE can compress anything to.
	mostRatio = 1 << 11
)

// firstLine is what a file begins with.
func firstLine() string { return fmt.Sprintf("%s%d\n", magic, version) }

// frameKind is the kind of a frame, as in files.
type frameKind uint32

const (
	infoFrame  frameKind = 'i' | 'n'<<8 | 'f'<<16 | 'o'<<24
	blockFrame frameKind = 'b' | 'l'<<8 | 'o'<<16 | 'c'<<24
	moreFrame  frameKind = 'm' | 'o'<<8 | 'r'<<16 | 'e'<<24 // of the block before it
	indexFrame frameKind = 'i' | 'n'<<8 | 'd'<<16 | 'x'<<24
	tailFrame  frameKind = 't' | 'a'<<8 | 'i'<<16 | 'l'<<24
)

// header is the header of a frame.
type header struct {
	kind       frameKind
	size       uint32 // of the contents in the file
	raw        uint32 // of the contents, not compressed
	checksum   uint32 // of the contents in the file
	firstEvent uint64
	firstCall  uint64
	events     uint32
	calls      uint32
	start, end int64  // times of the first and of the last event, in nanoseconds since 1970
	_          uint32 // 0
}

// checksum is the checksum of frames and headers. MakeTable builds the table of this
// polynomial once, at the first call.
func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// append writes a header, with its own checksum at the end.
func (h *header) append(b []byte) []byte {
	at := len(b)
	le := binary.LittleEndian
	b = le.AppendUint32(b, uint32(h.kind))
	b = le.AppendUint32(b, h.size)
	b = le.AppendUint32(b, h.raw)
	b = le.AppendUint32(b, h.checksum)
	b = le.AppendUint64(b, h.firstEvent)
	b = le.AppendUint64(b, h.firstCall)
	b = le.AppendUint32(b, h.events)
	b = le.AppendUint32(b, h.calls)
	b = le.AppendUint64(b, uint64(h.start))
	b = le.AppendUint64(b, uint64(h.end))
	b = le.AppendUint32(b, 0)
	return le.AppendUint32(b, checksum(b[at:]))
}

// parse reads a header. It returns false if the header is damaged.
func (h *header) parse(b []byte) bool {
	le := binary.LittleEndian
	if le.Uint32(b[headerSize-4:]) != checksum(b[:headerSize-4]) {
		return false
	}
	*h = header{
		kind: frameKind(le.Uint32(b)), size: le.Uint32(b[4:]), raw: le.Uint32(b[8:]), checksum: le.Uint32(b[12:]),
		firstEvent: le.Uint64(b[16:]), firstCall: le.Uint64(b[24:]), events: le.Uint32(b[32:]), calls: le.Uint32(b[36:]),
		start: int64(le.Uint64(b[40:])), end: int64(le.Uint64(b[48:])),
	}
	switch h.kind {
	case infoFrame, blockFrame, moreFrame, indexFrame, tailFrame:
	default:
		return false
	}
	return h.raw <= mostRaw && uint64(h.raw) <= uint64(h.size)*mostRatio && h.size <= mostRaw+mostRaw/64 && h.firstEvent <= math.MaxInt64 && h.firstCall <= math.MaxInt64
}

// DamageError says that a file is damaged, and where.
type DamageError struct {
	Offset int64 // in the file
	What   string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("the recording is damaged at byte %d: %s", e.Offset, e.What)
}

// errShort says that a frame is cut off at the end of the file.
var errShort = errors.New("the end is missing")

// readHeader reads the header at an offset. It returns io.EOF at the end of the file,
// and errShort if the file ends in the frame.
func readHeader(r io.ReaderAt, size, offset int64, h *header) error {
	var b [headerSize]byte
	switch left := size - offset; {
	case left == 0:
		return io.EOF
	case left < headerSize:
		return errShort
	}
	if _, err := r.ReadAt(b[:], offset); err != nil && err != io.EOF {
		return err
	}
	if !h.parse(b[:]) {
		return &DamageError{offset, "a header with a wrong checksum"}
	}
	if int64(h.size) > size-offset-headerSize {
		return errShort
	}
	return nil
}

// frameReader reads the contents of frames.
type frameReader struct {
	r  io.ReaderAt
	in []byte

	compressed bytes.Reader  // of in
	contents   io.ReadCloser // of compressed; nil before the first frame
}

// read appends the contents of the frame with that header to out, which may be nil. The
// frame continues the DEFLATE stream of the frame that was read before it if it is of the
// kind that does so.
func (f *frameReader) read(offset int64, h *header, out []byte) ([]byte, error) {
	rest := 0
	if h.kind == moreFrame {
		rest = f.compressed.Len() // the end of the frame before, without contents
	}
	size := rest + int(h.size)
	if cap(f.in) < size {
		f.in = append(make([]byte, 0, size), f.in...)
	}
	copy(f.in[:rest], f.in[len(f.in)-rest:])
	f.in = f.in[:size]
	in := f.in[rest:]
	if _, err := f.r.ReadAt(in, offset+headerSize); err != nil && err != io.EOF {
		return nil, err
	}
	if checksum(in) != h.checksum {
		return nil, &DamageError{offset, "contents with a wrong checksum"}
	}
	f.compressed.Reset(f.in)
	if h.raw == 0 {
		return out, nil
	}
	if f.contents == nil {
		f.contents = flate.NewReader(&f.compressed)
	} else if h.kind != moreFrame {
		if err := f.contents.(flate.Resetter).Reset(&f.compressed, nil); err != nil {
			return nil, err
		}
	}
	at := len(out)
	out = slices.Grow(out, int(h.raw))[:at+int(h.raw)]
	if _, err := io.ReadFull(f.contents, out[at:]); err != nil {
		return nil, &DamageError{offset, "contents that cannot be decompressed"}
	}
	return out, nil
}
