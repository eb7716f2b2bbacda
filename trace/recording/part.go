//go:build linux && amd64

package recording

import (
	"io"
	"slices"
)

// part is what a Cursor on some blocks has to read: first the entries, in earlier blocks,
// of calls that end in these blocks, and then the blocks.
type part struct {
	entered []enteredIn // the earlier blocks that are still to be read
	wanted  map[uint64]int
	calls   map[int]*current // the entries found so far
	first   int
	end     int // the block after the last one
	reached bool
}

// enteredIn are calls that were entered in a block: their numbers, and the threads that
// are in them when the part begins.
type enteredIn struct {
	block int
	calls map[uint64]int
}

// Part returns a Cursor on count blocks from first on. Before their events come the
// entries, in earlier blocks, of calls that return in them or whose threads end in them.
// The Cursor reads only those earlier blocks that contain such entries.
func (r *Reader) Part(first, count int) (*Cursor, error) {
	end := min(first+count, len(r.blocks))
	entered, err := r.returning(first, end)
	if err != nil {
		return nil, err
	}
	c := r.at(first)
	c.part = &part{entered: entered, calls: make(map[int]*current), first: first, end: end}
	return c, nil
}

// returning finds the calls that end in some blocks and that were entered before them.
func (r *Reader) returning(first, end int) ([]enteredIn, error) {
	c := r.at(first)
	defer c.Close()
	if err := c.nextBlock(); err != nil {
		return nil, err
	}
	before := c.older
	c.older, c.shallow = nil, true // do not search earlier blocks
	c.part = &part{first: first, end: end, reached: true}
	byBlock := make(map[int]map[uint64]int)
	for len(before) > 0 {
		ev, err := c.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		tid := ev.TID
		if ev.Kind == Exec && ev.FormerTID != 0 {
			tid = ev.FormerTID
		}
		from, ok := before[tid]
		switch {
		case !ok:
			continue
		case ev.Kind == Exit || ev.Kind == Exec || ev.Kind.Ends():
			if byBlock[from.block] == nil {
				byBlock[from.block] = make(map[uint64]int)
			}
			byBlock[from.block][from.ordinal] = tid
		case ev.Kind != Enter:
			continue // it is still in the call
		}
		delete(before, tid)
	}
	var list []enteredIn
	for block, calls := range byBlock {
		list = append(list, enteredIn{block, calls})
	}
	slices.SortFunc(list, func(a, b enteredIn) int { return a.block - b.block })
	return list, nil
}

// has reports whether to return an event, and completes it.
func (p *part) has(c *Cursor, ev *Event) bool {
	if p.reached {
		return true
	}
	if ev.Kind != Enter {
		return false
	}
	tid, ok := p.wanted[ev.Ordinal]
	if !ok {
		return false
	}
	delete(p.wanted, ev.Ordinal)
	p.calls[tid] = &current{ev.Call, ev.Ordinal}
	ev.TID = tid // an execve may have changed it since
	if len(p.wanted) == 0 {
		c.d.b, c.left, c.inFrame = nil, 0, 0 // on to the next block
	}
	return true
}

// next moves the Cursor to the block to be read. It returns io.EOF at the end.
func (p *part) next(c *Cursor) error {
	switch {
	case p.reached:
		if c.block >= p.end {
			return io.EOF
		}
	case len(p.entered) > 0:
		c.block, p.wanted = p.entered[0].block, p.entered[0].calls
		p.entered = p.entered[1:]
		c.calls, c.shallow = make(map[int]*current), true
	default:
		c.block, c.calls, c.older = p.first, p.calls, nil
		c.shallow, p.reached = true, true
	}
	return nil
}
