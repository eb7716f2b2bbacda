//go:build linux && amd64

package recording

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Reader is an open recording. It keeps the index in memory, and none of the events.
// It may be used by several goroutines; each Cursor by one.
type Reader struct {
	file     io.ReaderAt
	closer   io.Closer
	size     int64
	info     Info
	blocks   []Block
	threads  []ThreadEvent
	complete bool
	damage   error // found instead of the next frame

	reached atomic.Uint64 // see Progress
}

// Open opens a recording. The error has the name of the file. A file whose end is
// missing is not an error: see Complete.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	stat, err := f.Stat()
	if err == nil && !stat.Mode().IsRegular() {
		err = fmt.Errorf("%s: a recording must be a regular file", path)
	}
	var r *Reader
	if err == nil {
		if r, err = NewReader(f, stat.Size()); err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	r.closer = f
	return r, nil
}

// ErrNotRecording says that a file is not a recording.
var ErrNotRecording = errors.New("this is not a recording of trapline")

// NewReader is Open for a recording of size bytes that is not a file.
func NewReader(file io.ReaderAt, size int64) (*Reader, error) {
	r := &Reader{file: file, size: size}
	offset, err := r.checkMagic()
	if err != nil {
		return nil, err
	}
	var h header
	switch err := readHeader(file, size, offset, &h); {
	case err == errShort, err == io.EOF:
		return nil, errors.New("the recording ends before it begins")
	case err != nil:
		return nil, err
	case h.kind != infoFrame:
		return nil, &DamageError{offset, "the description of the trace is not there"}
	}
	frames := frameReader{r: file}
	b, err := frames.read(offset, &h, nil)
	if err != nil {
		return nil, err
	}
	if err := r.info.parse(b); err != nil {
		return nil, &DamageError{offset, err.Error()}
	}
	offset += headerSize + int64(h.size)
	if !r.readIndex(&frames, offset) {
		r.blocks, r.threads = nil, nil
		if err := r.scan(&frames, offset); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// checkMagic reads the first line and returns where it ends.
func (r *Reader) checkMagic() (int64, error) {
	b := make([]byte, len(magic)+20)
	n, err := r.file.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		return 0, err
	}
	line, _, ended := strings.Cut(string(b[:n]), "\n")
	text, ok := strings.CutPrefix(line, magic)
	switch {
	case n == 0:
		return 0, errors.New("the file is empty")
	case !ok || !ended:
		return 0, ErrNotRecording
	case text != fmt.Sprint(version):
		return 0, fmt.Errorf("the recording has version %.20q of the format, of which this trapline knows only %d", text, version)
	}
	return int64(len(line) + 1), nil
}

// readIndex finds the index through the tail. It returns false if there is no index, or if
// it is damaged.
func (r *Reader) readIndex(frames *frameReader, first int64) bool {
	var tail, h header
	at := r.size - tailSize
	if at < first || readHeader(r.file, r.size, at, &tail) != nil || tail.kind != tailFrame {
		return false
	}
	if _, err := frames.read(at, &tail, nil); err != nil {
		return false
	}
	offset := tail.start
	if offset < first || offset >= at || readHeader(r.file, r.size, offset, &h) != nil || h.kind != indexFrame ||
		offset+headerSize+int64(h.size) != at {
		return false
	}
	b, err := frames.read(offset, &h, nil)
	if err != nil {
		return false
	}
	blocks, threads, err := parseIndex(b)
	if err != nil {
		return false
	}
	for i := range blocks {
		if o := blocks[i].Offset; o < first || o >= offset {
			return false
		}
	}
	r.blocks, r.threads, r.complete = blocks, threads, true
	return true
}

// scan finds the blocks of a file without an index by their headers.
func (r *Reader) scan(frames *frameReader, offset int64) error {
	var h header
	for {
		switch err := readHeader(r.file, r.size, offset, &h); {
		case err == io.EOF || err == errShort:
			return nil
		case err != nil:
			r.damage = err
			return nil
		}
		switch h.kind {
		case blockFrame:
			r.blocks = append(r.blocks, blockOf(&h, offset))
		case moreFrame:
			if len(r.blocks) == 0 {
				r.damage = &DamageError{offset, "the beginning of a block is not there"}
				return nil
			}
			r.blocks[len(r.blocks)-1].add(&h)
		case indexFrame:
			// This is either where the recorder stopped before the end of the file, or the
			// damaged place.
			if b, err := frames.read(offset, &h, nil); err != nil {
				r.damage = err
				return nil
			} else if _, threads, err := parseIndex(b); err == nil {
				r.threads = threads
			}
		case tailFrame:
			// The index before it is damaged, or does not agree with it.
			r.damage = &DamageError{offset, "the index is not what it should be"}
			return nil
		default:
			r.damage = &DamageError{offset, "there should be a block here"}
			return nil
		}
		offset += headerSize + int64(h.size)
	}
}

// Close closes the file.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// Info describes the recording.
func (r *Reader) Info() *Info { return &r.info }

// Complete reports whether the file has its end. If not, the recorder was killed, or could
// no longer write.
func (r *Reader) Complete() bool { return r.complete }

// Blocks are the parts of the recording, in order.
func (r *Reader) Blocks() []Block { return r.blocks }

// Threads are the events in the life of threads, in order. They are missing if the end of
// the recording is: then use a Cursor to find them.
func (r *Reader) Threads() []ThreadEvent { return r.threads }

// NumEvents is the number of events.
func (r *Reader) NumEvents() uint64 {
	if n := len(r.blocks); n > 0 {
		return r.blocks[n-1].FirstEvent + uint64(r.blocks[n-1].Events)
	}
	return 0
}

// NumCalls is the number of calls that were entered.
func (r *Reader) NumCalls() uint64 {
	if n := len(r.blocks); n > 0 {
		return r.blocks[n-1].FirstCall + uint64(r.blocks[n-1].Calls)
	}
	return 0
}

// Progress is the number of calls up to the one that a Cursor has read last, including it.
// It may be called from any goroutine.
func (r *Reader) Progress() uint64 { return r.reached.Load() }

// Missing says what is missing of what was read, if all of the recording was to be read:
// because the reader was interrupted, because reading failed with err, or because the
// recording lacks its end. It returns "" if nothing is missing.
func (r *Reader) Missing(interrupted bool, err error) string {
	read, all := r.Progress(), r.NumCalls()
	switch {
	case interrupted && read < all:
		return fmt.Sprintf("interrupted: the rest is missing after %d of %d calls", read, all)
	case err != nil:
		return fmt.Sprintf("the rest is missing after %d calls: %v", read, err)
	case !interrupted && !r.complete:
		return "the end of the recording is missing: the recorder was killed, or could not write"
	}
	return ""
}

// Start is the time of the first event.
func (r *Reader) Start() time.Time {
	if len(r.blocks) == 0 {
		return r.info.Start
	}
	return r.blocks[0].Start
}

// End is the time of the last event.
func (r *Reader) End() time.Time {
	if n := len(r.blocks); n > 0 {
		return r.blocks[n-1].End
	}
	return r.info.Start
}

// tailSize is the size of the tail: a header without contents.
var tailSize = int64(headerSize)
