//go:build linux && amd64

package recording

import (
	"bytes"
	"encoding/binary"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/flate"
)

const (
	// blockSize is the size at which a block is complete, before compression.
	blockSize = 512 << 10
	// compressionLevel is that of DEFLATE, from 1 to 9.
	compressionLevel = 6
	// quickLevel is the level for files in which no frame is larger than quickSize. Its
	// tables are smaller, and filling them is most of the work.
	quickLevel = 1
	quickSize  = 16 << 10
	// storedSize is the size up to which the first contents of a block are not compressed.
	storedSize = 1 << 10
	// flushDelay is how long events wait for more.
	flushDelay = 100 * time.Millisecond
)

// Writer writes a recording. Its methods are for one goroutine. A goroutine of its own
// compresses frames and writes them.
type Writer struct {
	path string
	file *os.File

	mu      sync.Mutex // what follows
	encoder *encoder
	h       header // of the frame being made
	fresh   bool   // no event is in it
	size    int    // of the frames of the block before it
	frames  int    // before it, in all
	waiting bool   // the timer runs
	closed  bool
	threads []ThreadEvent
	calls   uint64 // of all blocks
	events  uint64
	current map[int]*inCall // the last calls of threads
	inCalls int             // how many of these have not returned
	blocks  int             // before the one being made

	err   atomic.Pointer[error] // the first one
	timer *time.Timer
	full  chan pending
	spare chan contents
	done  chan struct{}

	// Of the goroutine that writes.
	flate  *flate.Writer // to out; nil until needed
	level  int           // of flate
	begun  bool          // flate has compressed something of the block
	out    bytes.Buffer
	offset int64
	index  []Block
}

// inCall is the last call of a thread.
type inCall struct {
	in      bool // it has not returned
	block   int  // in which it was entered
	ordinal uint64
}

// pending is a frame to be written.
type pending struct {
	h        header
	contents contents
}

// Create makes a file and writes the Info to it. The error is from the os package and
// has the name of the file.
func Create(path string, info *Info) (*Writer, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, err
	}
	w := &Writer{
		path: path, file: file, encoder: newEncoder(), fresh: true, current: make(map[int]*inCall),
		full: make(chan pending, 4), spare: make(chan contents, 6), done: make(chan struct{}),
	}
	if _, err := file.WriteString(firstLine()); err != nil {
		file.Close()
		return nil, err
	}
	w.offset = int64(len(firstLine()))
	w.put(&header{kind: infoFrame, start: info.Start.UnixNano()}, info.encode())
	if err := w.Err(); err != nil {
		file.Close()
		return nil, err
	}
	w.timer = time.AfterFunc(time.Hour, w.flush)
	w.timer.Stop()
	go w.writeOut()
	return w, nil
}

// Begin begins an event. It reports whether that is the first one of a block, which must
// tell again what is known of threads, and whether it is the first one of a frame. Put must
// follow.
func (w *Writer) Begin() (block, frame bool) {
	w.mu.Lock()
	return w.fresh && w.size == 0, w.fresh
}

// Knows reports, between Begin and Put, whether the frame has events of a thread.
func (w *Writer) Knows(tid int) bool {
	i, ok := w.encoder.byTID[tid]
	return ok && !w.fresh && w.encoder.threads[i].frame == w.frames
}

// Put adds the event that Begin has begun. It sets its Number and Ordinal.
func (w *Writer) Put(ev *Event) {
	defer w.mu.Unlock()
	if w.closed || w.Err() != nil {
		return
	}
	if w.fresh {
		w.fresh = false
		w.h = header{kind: moreFrame, firstEvent: w.events, firstCall: w.calls, start: ev.Time.UnixNano()}
		w.encoder.contents = w.buffers()
		if w.size == 0 {
			w.beginBlock()
		}
	}
	ev.Number = w.events
	w.number(ev)
	w.encoder.event(ev).frame = w.frames
	w.h.end = ev.Time.UnixNano()
	w.events++
	w.h.events++
	if w.size+w.encoder.size() >= blockSize {
		w.send()
		w.complete()
	} else if !w.waiting {
		w.waiting = true
		w.timer.Reset(flushDelay)
	}
}

// beginBlock makes the frame the first one of a block.
func (w *Writer) beginBlock() {
	w.h.kind = blockFrame
	w.encoder.history.reset(w.h.start)
	w.encoder.uvarint(uint64(w.inCalls))
	for tid, call := range w.current {
		if !call.in {
			continue
		}
		w.encoder.uvarint(uint64(tid))
		w.encoder.uvarint(uint64(w.blocks - call.block))
		w.encoder.uvarint(w.calls - call.ordinal)
	}
}

// number counts calls, and notes the events of threads for the index.
func (w *Writer) number(ev *Event) {
	switch ev.Kind {
	case Enter:
		ev.Ordinal = w.calls
		w.enters(ev.TID, inCall{true, w.blocks, ev.Ordinal})
		w.calls++
		w.h.calls++
	case Exec:
		if call := w.current[ev.FormerTID]; call != nil && call.in && ev.FormerTID != 0 {
			was := *call
			w.leaves(ev.FormerTID)
			w.enters(ev.TID, was)
		}
	case Exit:
		ev.Ordinal = NoCall
		if call := w.current[ev.TID]; call != nil && call.in {
			ev.Ordinal = call.ordinal
			call.in = false
			w.inCalls--
		}
	case Exited, Killed, Detached:
		w.leaves(ev.TID)
	}
	switch ev.Kind {
	case Created, Launched, Attached, Exec, Exited, Killed, Detached:
		w.threads = append(w.threads, ThreadEvent{
			Kind: ev.Kind, TID: ev.TID, Parent: ev.Parent, Number: ev.Number, Call: w.calls, Time: ev.Time, Status: ev.Status,
		})
	}
}

// enters notes the call that a thread is in.
func (w *Writer) enters(tid int, now inCall) {
	call := w.current[tid]
	if call == nil {
		call = new(inCall)
		w.current[tid] = call
	}
	if !call.in {
		w.inCalls++
	}
	*call = now
}

// leaves forgets a thread.
func (w *Writer) leaves(tid int) {
	if call := w.current[tid]; call != nil && call.in {
		w.inCalls--
	}
	delete(w.current, tid)
}

// buffers returns empty sections.
func (w *Writer) buffers() (c contents) {
	select {
	case c = <-w.spare:
		for i := range c {
			c[i].b = c[i].b[:0]
		}
	default:
		c = newContents()
	}
	return c
}

// send hands the frame over to the other goroutine. w.mu is held.
func (w *Writer) send() {
	w.fresh, w.waiting = true, false
	w.size += w.encoder.size()
	w.frames++
	w.full <- pending{w.h, w.encoder.contents}
	w.encoder.contents = contents{}
}

// complete ends the block, whose events were sent. w.mu is held.
func (w *Writer) complete() {
	w.size = 0
	w.blocks++
}

// flush writes the frame whose events have waited long enough.
func (w *Writer) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting && !w.closed {
		w.send()
	}
}

// Err returns the first error in writing, with the name of the file, or nil.
func (w *Writer) Err() error {
	if err := w.err.Load(); err != nil {
		return *err
	}
	return nil
}

// writeOut compresses frames and writes them.
func (w *Writer) writeOut() {
	defer close(w.done)
	for p := range w.full {
		if w.Err() == nil {
			if p.h.kind == blockFrame {
				w.index = append(w.index, blockOf(&p.h, w.offset))
			} else {
				w.index[len(w.index)-1].add(&p.h)
			}
			parts := p.contents.parts()
			w.put(&p.h, parts[:]...)
		}
		if p.contents.size() <= 4*blockSize {
			select {
			case w.spare <- p.contents:
			default:
			}
		}
	}
}

// ownCodes is the size from which a part of a frame gets its own Huffman codes.
const ownCodes = 256

// put writes a frame.
func (w *Writer) put(h *header, contents ...[]byte) {
	size := 0
	for _, part := range contents {
		size += len(part)
	}
	if size > mostRaw {
		w.fail(&os.PathError{Op: "write", Path: w.path, Err: os.ErrInvalid})
		return
	}
	w.out.Reset()
	w.out.Write(make([]byte, headerSize))
	if h.kind != moreFrame {
		w.begun = false
	}
	switch {
	case size == 0:
	case size <= storedSize && !w.begun:
		w.store(size, contents)
	default:
		w.compress(size, contents)
	}
	frame := w.out.Bytes()
	body := frame[headerSize:]
	h.size, h.raw, h.checksum = uint32(len(body)), uint32(size), checksum(body)
	h.append(frame[:0])
	n, err := w.file.Write(frame)
	w.offset += int64(n)
	if err != nil {
		w.fail(err)
	}
}

// store appends uncompressed contents to w.out: as a stored block of a DEFLATE stream
// (RFC 1951, 3.2.4), to which nothing after it refers, and an empty one, after which
// decompressors give out what they have.
func (w *Writer) store(size int, contents [][]byte) {
	head := []byte{0}
	head = binary.LittleEndian.AppendUint16(head, uint16(size))
	head = binary.LittleEndian.AppendUint16(head, ^uint16(size))
	w.out.Write(head)
	for _, part := range contents {
		w.out.Write(part)
	}
	w.out.Write([]byte{0, 0, 0, 0xff, 0xff})
}

// compress appends contents to w.out. The DEFLATE stream of a block goes on from frame to
// frame, and never ends.
func (w *Writer) compress(size int, contents [][]byte) {
	level := quickLevel
	if size > quickSize {
		level = compressionLevel
	}
	if level > w.level {
		w.flate, _ = flate.NewWriter(&w.out, level) // the level is valid
		w.level = level
	} else if !w.begun {
		w.flate.Reset(&w.out)
	}
	w.begun = true
	for i, part := range contents {
		w.flate.Write(part) // a Buffer accepts everything
		if len(part) >= ownCodes && i < len(contents)-1 {
			w.flate.Flush()
		}
	}
	w.flate.Flush()
}

func (w *Writer) fail(err error) { w.err.CompareAndSwap(nil, &err) }

// Close writes the rest, the index and the end. It returns the first error.
func (w *Writer) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return w.Err()
	}
	if !w.fresh {
		w.send()
	}
	w.closed = true
	w.mu.Unlock()
	w.timer.Stop()
	close(w.full)
	<-w.done
	if w.Err() == nil {
		at := w.offset
		w.put(&header{kind: indexFrame, firstEvent: w.events, firstCall: w.calls}, encodeIndex(w.index, w.threads))
		w.put(&header{kind: tailFrame, firstEvent: w.events, firstCall: w.calls, start: at})
	}
	if err := w.file.Close(); err != nil {
		w.fail(err)
	}
	return w.Err()
}
