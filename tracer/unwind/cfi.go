//go:build linux && amd64

package unwind

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// callFrames is a section with call frame information, .eh_frame or .debug_frame. A CIE
// contains what a group of functions has in common. An FDE describes how to find the caller
// from any place in one function.
type callFrames struct {
	data []byte
	rest *pieces // fills data when it is needed; nil if all data has been read
	addr uint64  // of data[0], in the address space of the file
	eh   bool    // .eh_frame, whose entries have a slightly different format
	word int     // size of an address in bytes

	table   searchTable // of .eh_frame_hdr, if there is one
	index   []indexed   // used without a table; made on first use
	scanned bool
	cies    map[uint64]*cie // by offset; nil for an invalid one
}

// cie is a Common Information Entry.
type cie struct {
	codeAlign uint64
	dataAlign int64
	ra        uint64 // register that holds the return address
	encoding  uint8  // of addresses in FDEs
	sized     bool   // its FDEs have augmentation data
	signal    bool   // the kernel calls the function, at any place in its caller
	program   cursor // initial instructions
}

// fde is a Frame Description Entry.
type fde struct {
	cie        *cie
	start, end uint64 // addresses of the function
	program    cursor
}

// indexed is the location of an FDE.
type indexed struct{ start, offset uint64 }

// find returns the FDE of the function at pc.
func (s *callFrames) find(pc uint64) (fde, bool) {
	f, ok := s.before(pc)
	return f, ok && f.start <= pc && pc < f.end
}

// before returns the FDE of the last function that starts at or before pc.
func (s *callFrames) before(pc uint64) (fde, bool) {
	var offset uint64
	if s.table.entries != nil {
		addr, ok := s.table.find(pc)
		if !ok || addr < s.addr {
			return fde{}, false
		}
		offset = addr - s.addr
	} else {
		i, exact := s.search(pc)
		if !exact {
			i--
		}
		if i < 0 {
			return fde{}, false
		}
		offset = s.index[i].offset
	}
	return s.fde(offset)
}

// after returns the start of the first function that starts at or after pc.
func (s *callFrames) after(pc uint64) (start uint64, ok bool) {
	if s.table.entries != nil {
		return s.table.after(pc)
	}
	if i, _ := s.search(pc); i < len(s.index) {
		return s.index[i].start, true
	}
	return 0, false
}

// search returns the place in the index of the first function that starts at or after pc, and
// whether one starts there.
func (s *callFrames) search(pc uint64) (i int, exact bool) {
	s.scan()
	return slices.BinarySearchFunc(s.index, pc, func(x indexed, pc uint64) int { return cmp.Compare(x.start, pc) })
}

// maxEntries bounds the entries read from a section without a search table.
const maxEntries = 1 << 22

// scan makes the index.
func (s *callFrames) scan() {
	if s.scanned {
		return
	}
	s.scanned = true
	const fewest = 20 // bytes of an FDE: its size, CIE, start, size, and at least 4 more
	s.index = make([]indexed, 0, min(len(s.data)/fewest, maxEntries))
	s.need(0, uint64(len(s.data)))
	offset := uint64(0)
	for range maxEntries {
		e, ok := s.entry(offset)
		if !ok {
			break
		}
		if f, ok := s.parseFDE(e); ok {
			s.index = append(s.index, indexed{f.start, offset})
		}
		offset = e.next
	}
	slices.SortFunc(s.index, func(a, b indexed) int { return cmp.Compare(a.start, b.start) })
}

// need makes sure that data contains n bytes from an offset on, as far as the section has
// them.
func (s *callFrames) need(offset, n uint64) {
	if s.rest != nil {
		s.rest.need(offset, n)
	}
}

// entry is a CIE or FDE before it is parsed.
type entry struct {
	next  uint64 // offset of the next entry
	isCIE bool
	cie   uint64 // offset of an FDE's CIE
	body  cursor
}

// entry reads the start of the entry at an offset. It returns false at the end
// of the entries.
func (s *callFrames) entry(offset uint64) (entry, bool) {
	const header = 4 + 8 // bytes of the size
	s.need(offset, header)
	c := at(s.data, s.addr, s.word, offset)
	size, idSize := c.unsigned(4), 4
	if size == 0 {
		return entry{}, false // a terminator
	}
	if size == math.MaxUint32 { // 64-bit DWARF
		size = c.unsigned(8)
		if !s.eh {
			idSize = 8
		}
	}
	idOffset := c.addr - s.addr
	s.need(idOffset, size)
	body := c.sub(size)
	if c.bad {
		return entry{}, false
	}
	e := entry{next: c.addr - s.addr}
	id := body.unsigned(idSize)
	if s.eh {
		e.isCIE, e.cie = id == 0, idOffset-id
	} else {
		e.isCIE, e.cie = id == math.MaxUint64>>(64-8*idSize), id
	}
	e.body = body
	return e, true
}

// fde reads the FDE at an offset.
func (s *callFrames) fde(offset uint64) (fde, bool) {
	e, ok := s.entry(offset)
	if !ok {
		return fde{}, false
	}
	return s.parseFDE(e)
}

// parseFDE reads an FDE. It returns false if the entry is not one.
func (s *callFrames) parseFDE(e entry) (fde, bool) {
	if e.isCIE || e.body.bad {
		return fde{}, false
	}
	f := fde{cie: s.cie(e.cie)}
	if f.cie == nil {
		return fde{}, false
	}
	c := e.body
	f.start = c.pointer(f.cie.encoding, 0)
	f.end = f.start + c.pointer(f.cie.encoding&encForm, 0)
	if f.cie.sized {
		c.take(c.uleb())
	}
	f.program = c
	return f, !c.bad
}

// cie reads the CIE at an offset. It returns nil if there is no CIE or it is
// not supported.
func (s *callFrames) cie(offset uint64) *cie {
	if c, ok := s.cies[offset]; ok {
		return c
	}
	if s.cies == nil {
		s.cies = map[uint64]*cie{}
	}
	c := s.readCIE(offset)
	s.cies[offset] = c
	return c
}

func (s *callFrames) readCIE(offset uint64) *cie {
	e, ok := s.entry(offset)
	if !ok || !e.isCIE {
		return nil
	}
	c, r := &e.body, &cie{encoding: encAbsolute}
	version := c.u8()
	augmentation := c.text()
	switch version {
	case 1, 3:
	case 4:
		address, segment := c.u8(), c.u8()
		if int(address) != s.word || segment != 0 {
			return nil
		}
	default:
		return nil
	}
	r.codeAlign, r.dataAlign = c.uleb(), c.sleb()
	if version == 1 {
		r.ra = uint64(c.u8())
	} else {
		r.ra = c.uleb()
	}
	if letters, sized := strings.CutPrefix(augmentation, "z"); sized {
		r.sized = true
		data := c.sub(c.uleb())
		r.augment(letters, &data)
		c.bad = c.bad || data.bad
	} else if augmentation != "" {
		return nil
	}
	r.program = *c
	if c.bad {
		return nil
	}
	return r
}

// augment reads the data that the letters of an augmentation announce. It
// ignores unknown letters, which do not affect where the caller is.
func (r *cie) augment(letters string, data *cursor) {
	for _, letter := range letters {
		switch letter {
		case 'R':
			r.encoding = data.u8()
			data.bad = data.bad || r.encoding&encIndirect != 0
		case 'L':
			data.u8()
		case 'P':
			data.pointer(data.u8(), 0)
		case 'S':
			r.signal = true
		}
	}
}

// searchTable is the sorted table of .eh_frame_hdr.
type searchTable struct {
	addr    uint64 // of the section; entries are relative to it
	entries []byte // pairs of the address of a function and of its FDE, 4 bytes each
}

const searchEntry = 8 // bytes

// readSearchTable reads .eh_frame_hdr, and also returns the address of
// .eh_frame. It ignores a table in another encoding than that of linkers.
func readSearchTable(hdr []byte, addr uint64, word int) (t searchTable, ehFrame uint64, ok bool) {
	c := at(hdr, addr, word, 0)
	version, frameEncoding, countEncoding, tableEncoding := c.u8(), c.u8(), c.u8(), c.u8()
	ehFrame = c.pointer(frameEncoding, addr)
	if c.bad || version != 1 {
		return t, 0, false
	}
	if tableEncoding != encDataRelative|encS4 || countEncoding == encOmitted {
		return t, ehFrame, true
	}
	n := c.pointer(countEncoding, addr)
	if n > uint64(len(c.b))/searchEntry {
		return t, ehFrame, true
	}
	return searchTable{addr, c.take(n * searchEntry)}, ehFrame, true
}

// find returns the address of the FDE of the last function that starts at or
// before pc.
func (t searchTable) find(pc uint64) (uint64, bool) {
	i := t.search(pc)
	if i == 0 {
		return 0, false
	}
	return t.field(i-1, 4), true
}

// after returns the start of the first function that starts at or after pc.
func (t searchTable) after(pc uint64) (uint64, bool) {
	i := 0
	if pc > 0 {
		i = t.search(pc - 1)
	}
	if i == len(t.entries)/searchEntry {
		return 0, false
	}
	return t.field(i, 0), true
}

// search returns the place in the table of the first function that starts behind pc.
func (t searchTable) search(pc uint64) int {
	low, high := 0, len(t.entries)/searchEntry
	for low < high {
		mid := (low + high) / 2
		if t.field(mid, 0) <= pc {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// field returns the address at an offset of an entry.
func (t searchTable) field(i, offset int) uint64 {
	c := cursor{b: t.entries[i*searchEntry+offset:]}
	return t.addr + uint64(c.signed(4))
}
