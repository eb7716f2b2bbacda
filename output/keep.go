package output

import (
	"cmp"
	"slices"
)

// With Options.Keep, records go to rings in memory, one for each tracee, and are
// written only by Log.Dump.

// ring has the last records of one tracee.
type ring struct {
	pid  int
	kept []kept // at most Options.Keep
	next int    // the oldest of them, once kept is full
}

// kept is a complete record.
type kept struct {
	number uint64 // position among the log's records, to order those of several tracees
	text   []byte
}

// endedRoom is the number of bytes kept of the records of tracees that have ended.
var endedRoom = 64 << 20 // a variable, so that tests can change it

// memory has the rings of a Log.
type memory struct {
	count   uint64 // records so far
	live    []*Record
	ended   []*ring
	size    int // bytes in ended
	dropped int // tracees whose records were dropped from ended
}

// put writes part of a record. If there is a ring, it is a whole record.
func (r *Record) put(b []byte) {
	if r.ring == nil {
		r.out.write(b)
		return
	}
	if len(b) == 0 {
		return
	}
	m, g := &r.log.memory, r.ring
	m.count++
	if len(g.kept) < r.log.options.Keep {
		g.kept = append(g.kept, kept{m.count, slices.Clone(b)})
		return
	}
	k := &g.kept[g.next]
	k.number, k.text = m.count, append(Reusable(k.text), b...)
	g.next = (g.next + 1) % len(g.kept)
}

// remember starts to keep the records of a tracee.
func (m *memory) remember(r *Record) {
	r.ring = &ring{pid: r.tracee.PID}
	m.live = append(m.live, r)
}

// retire keeps the records of a tracee that has ended, as long as there is room.
func (m *memory) retire(r *Record) {
	m.live = slices.DeleteFunc(m.live, func(other *Record) bool { return other == r })
	m.ended = append(m.ended, r.ring)
	m.size += r.ring.size()
	n := 0
	for ; m.size > endedRoom && n < len(m.ended)-1; n++ {
		m.size -= m.ended[n].size()
		m.dropped++
	}
	m.ended = slices.Delete(m.ended, 0, n)
}

func (g *ring) size() (n int) {
	for _, k := range g.kept {
		n += cap(k.text)
	}
	return n
}

// Dump writes the kept records of all tracees, and drops them. If the format allows it,
// calls in progress follow, as far as they are known. Dump returns the number of ended
// tracees whose records were dropped for lack of room.
func (l *Log) Dump() (dropped int) {
	m := &l.memory
	var all []kept
	for _, g := range m.ended {
		all = append(all, g.kept...)
	}
	for _, r := range m.live {
		all = append(all, r.ring.kept...)
	}
	slices.SortFunc(all, func(a, b kept) int { return cmp.Compare(a.number, b.number) })
	for _, k := range all {
		l.shared.write(k.text)
	}
	for _, r := range m.live {
		if entries, ok := r.writer.(EntryWriter); ok && r.inCall && !r.open && l.options.Statuses == AllStatuses && l.options.Errnos == nil {
			l.shared.write(entries.Entry())
		}
		r.ring = &ring{pid: r.tracee.PID}
	}
	dropped = m.dropped
	m.ended, m.size, m.dropped = nil, 0, 0
	l.shared.flush()
	return dropped
}
