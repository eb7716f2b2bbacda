//go:build linux && amd64

package recording

import (
	"io"
	"sort"
	"time"
)

// Cursor reads the events of a recording one after the other. It has one block in
// memory.
type Cursor struct {
	r       *Reader
	frames  frameReader
	block   int // the next one to be read
	raw     []byte
	d       blockDecoder
	ev      Event
	offset  int64 // of the next frame of the block
	left    int   // events of the block that were not read
	inFrame int   // those of them that are in this frame
	number  uint64
	again   bool // Next returns the same event once more
	host    *Host
	calls   map[int]*current // by thread
	unused  []*current       // of calls that have returned
	older   map[int]older    // calls that were entered in earlier blocks, which have not been read
	next    uint64           // number of the next call
	shallow bool             // do not look for calls that were entered in earlier blocks
	part    *part            // of Part, else nil
	err     error
}

// current is a call that has not returned.
type current struct {
	Call
	ordinal uint64
}

// older says where a call was entered: in which block, and which call it is.
type older struct {
	block   int
	ordinal uint64
}

// Events returns a Cursor before the first event.
func (r *Reader) Events() *Cursor { return r.at(0) }

// at returns a Cursor before the first event of a block.
func (r *Reader) at(block int) *Cursor {
	return &Cursor{r: r, frames: frameReader{r: r.file}, block: block, host: newHost(), calls: make(map[int]*current)}
}

// SeekCall returns a Cursor before the entry of call n, counted from 0. It is at the
// end if there are not that many.
func (r *Reader) SeekCall(n uint64) (*Cursor, error) {
	block := sort.Search(len(r.blocks), func(i int) bool { return n < r.blocks[i].FirstCall+uint64(r.blocks[i].Calls) })
	return r.seek(block, func(ev *Event) bool { return ev.Kind == Enter && ev.Ordinal >= n })
}

// SeekEvent returns a Cursor before event n.
func (r *Reader) SeekEvent(n uint64) (*Cursor, error) {
	block := sort.Search(len(r.blocks), func(i int) bool { return n < r.blocks[i].FirstEvent+uint64(r.blocks[i].Events) })
	return r.seek(block, func(ev *Event) bool { return ev.Number >= n })
}

// SeekTime returns a Cursor before the first event at a time or after it.
func (r *Reader) SeekTime(at time.Time) (*Cursor, error) {
	block := sort.Search(len(r.blocks), func(i int) bool { return !r.blocks[i].End.Before(at) })
	return r.seek(block, func(ev *Event) bool { return !ev.Time.Before(at) })
}

// seek returns a Cursor before the first event, in a block or those after it, for which
// found is true.
func (r *Reader) seek(block int, found func(*Event) bool) (*Cursor, error) {
	c := r.at(block)
	for {
		ev, err := c.Next()
		if err == io.EOF {
			return c, nil
		}
		if err != nil {
			c.Close()
			return nil, err
		}
		if found(ev) {
			c.again = true
			return c, nil
		}
	}
}

// Host answers questions to the host interface, from the answers recorded at the event
// that Next has returned last, and at earlier ones in the same block.
func (c *Cursor) Host() *Host { return c.host }

// Close frees what the Cursor uses.
func (c *Cursor) Close() { c.raw, c.frames.in = nil, nil }

// Next returns the next event, which is valid until Next is called again. At the end
// it returns io.EOF, even if the recording is not complete. Any other error is final.
func (c *Cursor) Next() (*Event, error) {
	if c.again {
		c.again = false
		return &c.ev, nil
	}
	for {
		if ev, err := c.readEvent(); err != nil || c.part == nil || c.part.has(c, ev) {
			return ev, err
		}
	}
}

// readEvent reads the next event.
func (c *Cursor) readEvent() (*Event, error) {
	for c.err == nil && !c.d.more() {
		switch {
		case c.inFrame > 0:
			c.err = c.damaged("fewer events than there should be")
		case c.left > 0:
			c.err = c.nextFrame()
		default:
			c.err = c.nextBlock()
		}
	}
	if c.err != nil {
		return nil, c.err
	}
	if err := c.d.event(&c.ev); err != nil || c.inFrame == 0 || !c.host.learn(&c.ev.Answers) {
		c.err = c.damaged(errDamaged.Error())
		return nil, c.err
	}
	c.ev.Number = c.number
	c.number++
	c.left--
	c.inFrame--
	if err := c.settle(&c.ev); err != nil {
		c.err = err
		return nil, err
	}
	return &c.ev, nil
}

// nextBlock reads the next block.
func (c *Cursor) nextBlock() error {
	blocks := c.r.blocks
	if c.part != nil {
		if err := c.part.next(c); err != nil {
			return err
		}
	}
	if c.block >= len(blocks) {
		if c.r.damage != nil {
			return c.r.damage
		}
		return io.EOF
	}
	b := &blocks[c.block]
	c.block++
	c.offset, c.left, c.number = b.Offset, b.Events, b.FirstEvent
	c.next, c.raw = b.FirstCall, c.raw[:0]
	c.host.Clear()
	return c.readFrame(blockFrame)
}

// nextFrame reads the next frame of the block.
func (c *Cursor) nextFrame() error { return c.readFrame(moreFrame) }

// readFrame reads the frame at c.offset, which must be of that kind.
func (c *Cursor) readFrame(kind frameKind) error {
	var h header
	if err := readHeader(c.r.file, c.r.size, c.offset, &h); err != nil {
		if err == errShort || err == io.EOF {
			err = c.damaged("a block ends before its end")
		}
		return err
	}
	if h.kind != kind || h.firstEvent != c.number || h.firstCall != c.next || h.events == 0 || int64(h.events) > int64(c.left) {
		return c.damaged("a block that is not the one in the index")
	}
	if len(c.raw)+int(h.raw) > mostBlock {
		return c.damaged("a block that is too large")
	}
	at := len(c.raw)
	var err error
	if c.raw, err = c.frames.read(c.offset, &h, c.raw); err != nil {
		return err
	}
	if kind == blockFrame {
		c.d.start(c.raw, h.start)
		c.readOlder()
	} else {
		c.d.frame(c.raw[at:])
	}
	if c.d.err != nil {
		return c.damaged(errDamaged.Error())
	}
	c.offset += headerSize + int64(h.size)
	c.inFrame = int(h.events)
	return nil
}

// damaged returns the error that says what is wrong with the block being read.
func (c *Cursor) damaged(what string) error { return &DamageError{c.r.blocks[c.block-1].Offset, what} }

// readOlder reads in which blocks the threads' current calls were entered.
func (c *Cursor) readOlder() {
	n := c.d.count()
	if c.shallow || c.older != nil { // they are not needed, or were read before
		for range n {
			c.d.id()
			c.d.id()
			c.d.uvarint()
		}
		return
	}
	c.older = make(map[int]older, n)
	for range n {
		tid, back, calls := c.d.id(), c.d.id(), c.d.uvarint()
		if block := c.block - 1; back > 0 && back <= block {
			c.older[tid] = older{block - back, c.r.blocks[block].FirstCall - calls}
		}
	}
}

// settle completes an event with what is known from earlier ones.
func (c *Cursor) settle(ev *Event) error {
	switch ev.Kind {
	case Enter:
		ev.Ordinal = c.next
		c.next++
		if !c.shallow {
			c.r.reached.Store(c.next)
		}
		call := c.calls[ev.TID]
		if call == nil {
			call = c.newCall()
			c.calls[ev.TID] = call
		}
		*call = current{ev.Call, ev.Ordinal}
		delete(c.older, ev.TID)
	case Exec:
		if err := c.find(max(ev.FormerTID, 0)); err != nil {
			return err
		}
		if call := c.calls[ev.FormerTID]; call != nil && ev.FormerTID != 0 {
			c.calls[ev.TID] = call
			delete(c.calls, ev.FormerTID)
		}
	case Exit:
		if err := c.find(ev.TID); err != nil {
			return err
		}
		ev.Ordinal = NoCall
		if call := c.calls[ev.TID]; call != nil {
			after := &ev.Call
			call.IP, call.SP = after.IP, after.SP
			call.Ret, call.IsError, call.EntrySeen = after.Ret, after.IsError, after.EntrySeen
			ev.Call, ev.Ordinal = call.Call, call.ordinal
			delete(c.calls, ev.TID)
			c.unused = append(c.unused, call)
		}
	case Exited, Killed, Detached:
		delete(c.calls, ev.TID)
		delete(c.older, ev.TID)
	}
	return nil
}

// newCall returns a current to be filled in.
func (c *Cursor) newCall() *current {
	if n := len(c.unused); n > 0 {
		call := c.unused[n-1]
		c.unused = c.unused[:n-1]
		return call
	}
	return new(current)
}

// find looks up a thread's current call in an earlier block that was not read.
func (c *Cursor) find(tid int) error {
	from, ok := c.older[tid]
	if !ok {
		return nil
	}
	block := from.block
	before := c.r.at(block)
	defer before.Close()
	before.shallow = true
	for before.block == block || before.left > 0 {
		if _, err := before.Next(); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	for tid, from := range c.older {
		if from.block != block {
			continue
		}
		delete(c.older, tid)
		for _, call := range before.calls { // an execve may have changed the id
			if call.ordinal == from.ordinal {
				c.calls[tid] = call
			}
		}
	}
	return nil
}
