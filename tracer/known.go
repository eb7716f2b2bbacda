//go:build linux && amd64

package tracer

import (
	"cmp"
	"slices"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// The programs of one trace share files: they have the same dynamic linker and C library, and
// most of them make the same calls there. So if the first call of a new program is in a small
// file, such as the dynamic linker, the program is patched at once. The calls that many
// earlier programs have made are patched together, before they stop.

// history records which calls in a file earlier processes have made.
type history struct {
	processes int            // number of processes that were patched in this file and have ended
	used      map[uint64]int // number of processes that have made a call, by the address after the call in the file
	order     []uint64       // the keys of used, in the order in which they were added
	pages     map[uint64][]byte
}

// seldom is the number of processes of which one must have made a call for the call to be
// patched before it stops. To patch a call, with others, takes some microseconds, mostly for a
// page of code. A stop takes ten times as long.
const seldom = 8

// smallText is the maximum size in bytes of a file's code for which a new program is patched
// at its first call.
const smallText = 1 << 20

// isWorth reports whether a tracee's process is worth patching now: if it has made enough
// calls or makes them in a loop, or if its first call was in a small file. A static program
// must have set its fs base first.
func (t *Tracer) isWorth(tr *Tracee) bool {
	s := tr.space
	if tr.buffered != nil {
		return true
	}
	worth := s.repeats(tr.call.IP) || s.stops > lazyStops || s.ready && s.stops > lazyForked
	if !s.looked && (worth || t.buffered.stopped > lazyStops) {
		s.looked = true
		s.readAll(tr)
		m := findMapping(s.mapped, tr.call.IP-1)
		s.eager = m != nil && m.end-m.start <= smallText
		s.linked = m != nil && slices.ContainsFunc(s.mapped, func(other mapping) bool { return other.inode != 0 && other.inode != m.inode })
	}
	return worth || s.eager && (s.linked || fsOf(tr) != 0)
}

// isCheap reports whether the last call of a process can be patched without a call in its
// name. That is for those who make the same call after it: see installKnown.
func (s *space) isCheap(tr *Tracee) bool {
	return tr.buffered != nil && findMapping(s.mapped, tr.call.IP-1) != nil && s.arenaNear(tr.call.IP) != nil
}

// isFirst reports whether this is the first time that a process is patched in a file, and
// records it.
func (s *space) isFirst(text *buffered.Text) bool {
	if slices.Contains(s.patchedIn, text) {
		return false
	}
	s.patchedIn = append(slices.Clip(s.patchedIn), text)
	return true
}

// noteUse counts a call of a file that has stopped.
func (t *Tracer) noteUse(s *space, text *buffered.Text, returns uint64) {
	b := t.buffered
	h := b.histories[text]
	if h == nil {
		h = &history{used: map[uint64]int{}, pages: map[uint64][]byte{}}
		b.histories[text] = h
	}
	s.isFirst(text)
	h.note(returns)
}

func (h *history) note(returns uint64) {
	if h.used[returns]++; h.used[returns] == 1 {
		h.order = append(h.order, returns)
		slices.Sort(h.order)
	}
}

// countUsed counts those calls that were patched before they stopped, and that a thread has
// made according to its ring. Of a ring that has been filled it counts all calls of the process.
func (s *space) countUsed(a *buffered.Area) {
	count := func(x *site) {
		if x != nil && x.known != nil {
			x.known.note(x.key)
			x.known = nil
		}
	}
	if !a.Calls(func(ip uint64) { count(s.sites[ip]) }) {
		for _, x := range s.sites {
			count(x)
		}
	}
}

// countProcess counts a process that does not use its address space any more.
func (t *Tracer) countProcess(s *space) {
	if s.copied {
		return
	}
	for _, text := range s.patchedIn {
		if h := t.buffered.histories[text]; h != nil {
			h.processes++
		}
	}
}

// installKnown patches those calls of a file that enough of the earlier processes have made.
// The process must have a single thread, since another thread could run code that is half
// written.
func (t *Tracer) installKnown(tr *Tracee, p place) {
	s, h := tr.space, t.buffered.histories[p.text]
	if h == nil || t.hasThreads(s, tr) || !s.isFirst(p.text) {
		return
	}
	list := t.buffered.scratch.sites[:0]
	for _, returns := range h.order {
		at := returns + p.bias
		if seldom*h.used[returns] < h.processes || s.sites[at] != nil && s.sites[at].trampoline != 0 || at <= p.from || at > p.to {
			continue
		}
		x := &site{returns: at}
		hole, found := p.text.Hole(returns)
		if !found {
			x.load = p.text.Load(returns)
		}
		list = append(list, knownSite{x, hole})
	}
	t.buffered.scratch.sites = list
	a := s.arenaNear(p.bias + p.text.Address(0))
	if len(list) == 0 || a == nil || len(list) > arenaPlaces-a.used {
		return
	}
	t.installList(tr, p, h, a, list)
}

// patchLibraries is installKnown for all libraries of a process, once its dynamic linker
// has mapped them. Otherwise the first call of each one would stop.
func (t *Tracer) patchLibraries(tr *Tracee) {
	s := tr.space
	if !s.linked || s.refused || t.hasThreads(s, tr) || !s.findCode(tr) && s.readAll(tr) != nil {
		return
	}
	for i := range s.mapped {
		m := &s.mapped[i]
		if m.mode != "r-xp" || m.inode == 0 || !m.read && !t.buffered.texts.mayHave(m) {
			continue
		}
		if p, ok := t.placeIn(tr, m); ok && s.arenaNear(p.to) != nil {
			t.installKnown(tr, p)
		}
	}
}

// findCode adds those mappings of code to the known ones whose files other processes have as
// well. It returns false if all mappings must be read.
func (s *space) findCode(tr *Tracee) bool {
	t := tr.t
	fd, err := t.mapsOf(tr, false)
	if err != nil {
		return false
	}
	c := &t.buffered.scratch
	if c.code, err = appendCodeMappings(c.code[:0], fd); err != nil {
		return false
	}
	for i := range c.code {
		m := &c.code[i]
		if old := findMapping(s.mapped, m.start); old != nil && old.start == m.start && old.end == m.end &&
			old.offset == m.offset && old.inode == m.inode && old.dev == m.dev || !t.buffered.texts.mayHave(m) {
			continue
		}
		text, ok := t.buffered.texts.known(m)
		if !ok {
			return false
		}
		m.text, m.read, m.name = text.code, true, text.file.Name()
		s.mapped = slices.DeleteFunc(s.mapped, func(old mapping) bool { return old.end > m.start && old.start < m.end })
		at, _ := slices.BinarySearchFunc(s.mapped, m.start, func(m mapping, addr uint64) int { return cmp.Compare(m.start, addr) })
		s.mapped = slices.Insert(s.mapped, at, *m)
	}
	return true
}

// knownSite is a call to patch, with the address of its hole in the file, or 0. If there is
// neither a hole nor an instruction to patch, the call gets only a trampoline, for redo.
type knownSite struct {
	*site
	hole uint64
}

// installList patches calls. It writes all trampolines at once, and then each page of code at
// once.
func (t *Tracer) installList(tr *Tracee, p place, h *history, a *arena, list []knownSite) {
	s := tr.space
	from := a.addr + uint64(a.used)*buffered.TrampolineSize
	c := &t.buffered.scratch
	code := slices.Grow(c.bytes[:0], len(list)*buffered.TrampolineSize)
	for i, x := range list {
		x.trampoline = from + uint64(i)*buffered.TrampolineSize
		code = s.appendTrampoline(code, x.trampoline, x.site)
		for len(code) < (i+1)*buffered.TrampolineSize {
			code = append(code, 0)
		}
	}
	c.bytes = code
	if t.writeCode(tr, from, code) != nil {
		return
	}
	a.returns = slices.Grow(a.returns, len(list))
	for _, x := range list {
		a.add(x.site)
	}
	list = slices.DeleteFunc(list, func(x knownSite) bool {
		if x.hole != 0 || x.load != nil {
			return false
		}
		s.sites[x.returns] = x.site
		x.known, x.key = h, x.returns-p.bias
		return true
	})
	var pages []knownPage
	for len(list) > 0 {
		page := knownPage{addr: list[0].first(p) &^ uint64(pageSize-1)}
		n := 1
		for n < len(list) && list[n].isIn(p, page.addr) {
			n++
		}
		if list[0].isIn(p, page.addr) {
			page.list = list[:n]
			page.from, page.to = page.addr+pageSize, page.addr
			for i := range page.list {
				page.from, page.to = min(page.from, list[i].first(p)), max(page.to, list[i].last(p))
			}
			pages = append(pages, page)
		}
		list = list[n:]
	}
	if t.readPages(tr, pages) {
		for i := range pages {
			t.installPage(tr, p, h, &pages[i])
		}
	}
}

// knownPage has the calls to patch in one page of code.
type knownPage struct {
	addr, from, to uint64 // the page, and the part of it that is read
	list           []knownSite
	code           []byte // that part
}

// readPages reads the code of all pages at once.
func (t *Tracer) readPages(tr *Tracee, pages []knownPage) bool {
	const most = 1024 // IOV_MAX of linux/limits.h
	if len(pages) == 0 || len(pages) > most {
		return false
	}
	size := 0
	remote := make([]unix.RemoteIovec, len(pages))
	for i := range pages {
		n := int(pages[i].to - pages[i].from)
		remote[i] = unix.RemoteIovec{Base: uintptr(pages[i].from), Len: n}
		size += n
	}
	c := &t.buffered.scratch
	code := slices.Grow(c.bytes[:0], size)[:size]
	c.bytes = code
	local := []unix.Iovec{{Base: &code[0], Len: uint64(size)}}
	n, err := 0, error(unix.ENOSYS)
	if t.accessor == nil {
		n, err = unix.ProcessVMReadv(tr.TID, local, remote, 0)
	}
	for i := range pages {
		page := &pages[i]
		page.code, code = code[:page.to-page.from:page.to-page.from], code[page.to-page.from:]
		if (err != nil || n != size) && tr.ReadMemory(page.from, page.code) != len(page.code) {
			return false
		}
	}
	return true
}

// first and last return the first and the last address of what is patched for a call.
func (x *knownSite) first(p place) uint64 {
	at := x.returns - callSize
	if x.load != nil {
		return at - uint64(len(x.load))
	}
	return min(at, x.hole+p.bias)
}

func (x *knownSite) last(p place) uint64 {
	if x.load != nil {
		return x.returns
	}
	return max(x.returns, x.hole+p.bias+buffered.JumpSize)
}

// isIn reports whether everything that is patched for a call is in one page.
func (x *knownSite) isIn(p place, page uint64) bool {
	return x.first(p) >= page && x.last(p) <= page+pageSize
}

// installPage patches the calls in one page of code.
func (t *Tracer) installPage(tr *Tracee, p place, h *history, page *knownPage) {
	s, code, list := tr.space, page.code, page.list
	original := h.pages[page.addr-p.bias]
	if original == nil {
		original = slices.Clone(p.text.Read(page.addr-p.bias, pageSize))
		h.pages[page.addr-p.bias] = original
	}
	if page.to-page.addr > uint64(len(original)) {
		return // the file has become shorter
	}
	original = original[page.from-page.addr:]
	from, to := uint64(len(code)), uint64(0)
	for i := range list {
		x := &list[i]
		first, last := x.first(p)-page.from, x.last(p)-page.from
		at := x.returns - page.from
		switch {
		case x.load != nil:
			load := at - callSize - uint64(len(x.load))
			if string(code[load:at]) != string(original[load:at]) {
				continue
			}
			copy(code[load:], jumpTo(page.from+load, x.trampoline+s.lookup.LoadEntry()))
		default:
			hole := x.hole + p.bias - page.from
			if string(code[at-callSize:at]) != string(original[at-callSize:at]) ||
				string(code[hole:hole+buffered.JumpSize]) != string(original[hole:hole+buffered.JumpSize]) {
				continue
			}
			copy(code[hole:], jumpTo(page.from+hole, x.trampoline))
			copy(code[at-callSize:], []byte{0xeb, byte(hole - at)})
		}
		x.patched = true
		from, to = min(from, first), max(to, last)
	}
	if from >= to || t.writeCode(tr, page.from+from, code[from:to]) != nil {
		return
	}
	for _, x := range list {
		if !x.patched {
			continue
		}
		if x.load == nil {
			s.noteHole(x.hole+p.bias, x.returns)
		}
		s.sites[x.returns] = x.site
		x.known, x.key = h, x.returns-p.bias
	}
}
