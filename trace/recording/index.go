//go:build linux && amd64

package recording

import (
	"time"

	"golang.org/x/sys/unix"
)

// Block says where a part of a recording is and what it contains.
type Block struct {
	Offset     int64  // in the file
	FirstEvent uint64 // number of its first event
	FirstCall  uint64 // number of the first call that is entered in it
	Events     int
	Calls      int // calls that are entered in it
	Start, End time.Time
}

func blockOf(h *header, offset int64) Block {
	return Block{
		Offset: offset, FirstEvent: h.firstEvent, FirstCall: h.firstCall, Events: int(h.events), Calls: int(h.calls),
		Start: time.Unix(0, h.start), End: time.Unix(0, h.end),
	}
}

// add adds a frame that continues the block.
func (b *Block) add(h *header) {
	b.Events += int(h.events)
	b.Calls += int(h.calls)
	b.End = time.Unix(0, h.end)
}

// ThreadEvent is an event in the life of a thread, stored in the index: the process tree
// can be drawn without reading the blocks.
type ThreadEvent struct {
	Kind   Kind // Launched, Attached, Created, Exec, Exited, Killed or Detached
	TID    int
	Parent int    // of Created; 0 if it is not traced
	Number uint64 // of the event
	Call   uint64 // number of the next call that is entered
	Time   time.Time
	Status unix.WaitStatus // of Exited and Killed
}

// encodeIndex returns the contents of the index's frame.
func encodeIndex(blocks []Block, threads []ThreadEvent) []byte {
	e := coder{}
	e.uvarint(uint64(len(blocks)))
	var last Block
	last.Start = time.Unix(0, 0)
	for _, b := range blocks {
		e.uvarint(uint64(b.Offset - last.Offset))
		e.uvarint(uint64(b.Events))
		e.uvarint(uint64(b.Calls))
		e.varint(b.Start.UnixNano() - last.Start.UnixNano())
		e.varint(b.End.UnixNano() - b.Start.UnixNano())
		last = b
	}
	e.uvarint(uint64(len(threads)))
	before := ThreadEvent{Time: time.Unix(0, 0)}
	for _, t := range threads {
		e.uvarint(uint64(t.Kind))
		e.uvarint(uint64(t.TID))
		e.uvarint(uint64(t.Parent))
		e.uvarint(t.Number - before.Number)
		e.uvarint(t.Call - before.Call)
		e.varint(t.Time.UnixNano() - before.Time.UnixNano())
		e.uvarint(uint64(t.Status))
		before = t
	}
	return e.b
}

// parseIndex reads the contents of the index's frame.
func parseIndex(b []byte) (blocks []Block, threads []ThreadEvent, err error) {
	d := decoder{b: b}
	var last Block
	last.Start = time.Unix(0, 0)
	for range d.count() {
		next := Block{
			Offset:     last.Offset + int64(d.uvarint()),
			FirstEvent: last.FirstEvent + uint64(last.Events), FirstCall: last.FirstCall + uint64(last.Calls),
			Events: d.id(), Calls: d.id(),
		}
		next.Start = last.Start.Add(time.Duration(d.varint()))
		next.End = next.Start.Add(time.Duration(d.varint()))
		if d.err != nil {
			return nil, nil, d.err
		}
		blocks, last = append(blocks, next), next
	}
	before := ThreadEvent{Time: time.Unix(0, 0)}
	for range d.count() {
		t := ThreadEvent{Kind: Kind(d.uvarint()), TID: d.id(), Parent: d.id()}
		t.Number, t.Call = before.Number+d.uvarint(), before.Call+d.uvarint()
		t.Time = before.Time.Add(time.Duration(d.varint()))
		t.Status = unix.WaitStatus(d.uvarint())
		if d.err != nil {
			return nil, nil, d.err
		}
		threads, before = append(threads, t), t
	}
	if len(d.b) > 0 {
		return nil, nil, errDamaged
	}
	return blocks, threads, d.err
}
