package json

// entry is the state for Entry, which writes the record of an incomplete call and leaves
// the call unchanged.
type entry struct {
	buf    []byte // the record
	levels []level
	names  []memberName
	starts []int
}

const (
	callStart  = RecordStart + `"syscall"`
	entryStart = RecordStart + `"enter"`
)

// Entry implements output.EntryWriter: a copy of the record with all levels
// ended.
func (j *writer) Entry() []byte {
	e := &j.entry
	e.levels = append(e.levels[:0], j.levels...)
	e.names = append(e.names[:0], j.told.names...)
	e.starts = append(e.starts[:0], j.told.starts...)
	size, key, note, named, order := len(j.buf), j.key, len(j.note), len(j.named), j.order
	j.unwind()
	e.buf = append(append(e.buf[:0], entryStart...), j.buf[len(callStart):]...)
	e.buf = append(e.buf, '}', '\n')
	j.buf = j.buf[:size]
	j.levels = append(j.levels[:0], e.levels...)
	j.told.names = append(j.told.names[:0], e.names...)
	j.told.starts = append(j.told.starts[:0], e.starts...)
	j.key, j.note, j.named, j.order = key, j.note[:note], j.named[:named], order
	return e.buf
}
