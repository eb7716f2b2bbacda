//go:build linux && amd64

package tracer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
	"trapline/tracer/unwind"
)

// space is the address space of a process, with what buffered calls need: the calls that are
// patched in it, and what is mapped for them. All threads of a process share one.
type space struct {
	pid   int // id of the process
	stops int // number of calls that stopped

	ready        bool // the stub is mapped
	refused      bool // calls in this space are never buffered again
	ownsStubPage bool // the program may have code at the page of the stub
	lost         bool // the program has replaced what is mapped for buffered calls

	threaded bool // several tasks have used it: calls that change known mappings stop
	lookup   buffered.Lookup
	arenas   []arena
	sites    map[uint64]*site  // by the address after the call
	holes    map[uint64]uint64 // for each hole, the address after the call that jumps to it
	free     []*buffered.Area  // areas of threads that have ended
	changing int               // number of threads in calls that changesActions reports
	areas    uint64            // number of areas that were ever made
	vforks   int               // number of calls that create a task to which an area can be lent
	spare    bool              // an area for such a task was made, or could not be made
	mapped   []mapping         // the known mappings; there may be more
	readAt   int               // value of stops when all mappings were read

	looked    bool             // eager has been determined
	eager     bool             // its first call was in a small file, and it is patched at once
	linked    bool             // its first call was in a dynamic linker: other files are mapped
	patchedIn []*buffered.Text // files in which calls were patched
	copied    bool             // it is that of a process made by fork, which has its parent's patched calls

	unpatched uint64 // the address after an rt_sigreturn that patchesReturn does not want patched

	lastSites [2]uint64 // where the last calls that stopped were made
	repeated  int       // how many of them in a row were made there
}

// site is a patched call, or one that cannot be patched.
type site struct {
	returns uint64 // the address after the call
	patched bool

	// load is the original instruction before the call, which often loads the call's number,
	// if that instruction was patched; otherwise nil.
	load       []byte
	trampoline uint64

	known *history // if it was patched before it stopped and not yet found in a ring
	key   uint64   // of known.used
}

// arena is a mapping that holds trampolines.
type arena struct {
	addr    uint64
	used    int
	returns []uint64 // for each trampoline, the address after its call
	loads   []uint8  // and the size of the instruction that is run at its second entry
}

// add records that the next trampoline belongs to a call.
func (a *arena) add(x *site) {
	a.used++
	a.returns = append(a.returns, x.returns)
	a.loads = append(a.loads, uint8(len(x.load)))
}

const (
	arenaSize   = 1 << 16
	arenaPlaces = arenaSize / buffered.TrampolineSize
)

// clone returns the space of a process made by fork. That process must make some calls before
// it gets an area, since many such processes soon execute another program.
func (s *space) clone(pid int) *space {
	c := *s
	c.pid, c.free, c.stops, c.changing, c.mapped, c.readAt, c.spare = pid, nil, 0, 0, nil, 0, false
	if !s.threaded {
		c.areas = 0 // otherwise its index leads to the areas of its parent's other threads
	}
	c.looked, c.eager, c.linked, c.copied = true, false, false, true
	c.arenas = slices.Clone(s.arenas)
	for i := range c.arenas {
		a := &c.arenas[i]
		a.returns, a.loads = slices.Clip(a.returns), slices.Clip(a.loads) // both processes will append to them
	}
	c.holes = maps.Clone(s.holes)
	c.sites = make(map[uint64]*site, len(s.sites))
	for returns, x := range s.sites {
		copied := *x
		copied.known = nil
		c.sites[returns] = &copied
	}
	return &c
}

// repeats notes where a call that has stopped was made, and reports whether the process
// seems to make calls in a loop: its last ones were made at no more than two places.
func (s *space) repeats(ip uint64) bool {
	if ip != s.lastSites[0] && ip != s.lastSites[1] {
		s.lastSites, s.repeated = [2]uint64{ip, s.lastSites[0]}, 0
	}
	s.repeated++
	return s.repeated > loopStops
}

// close releases the areas of threads that have ended.
func (s *space) close() {
	for _, a := range s.free {
		a.Close()
	}
	s.free = nil
}

// returnOf returns the address after the program's call, for a thread that is in a trampoline
// or in the hole that leads to it. slow reports whether the thread is after the slow call of
// the trampoline.
func (s *space) returnOf(ip uint64) (returns uint64, slow, ok bool) {
	for i := range s.arenas {
		a := &s.arenas[i]
		if offset := ip - a.addr; offset < arenaSize {
			if n := int(offset / buffered.TrampolineSize); n < len(a.returns) {
				return a.returns[n], offset%buffered.TrampolineSize == s.lookup.SlowCall(), true
			}
		}
	}
	return 0, false, false
}

// slowCallAt returns the address of the slow call of the trampoline at an address.
func (s *space) slowCallAt(ip uint64) uint64 {
	for i := range s.arenas {
		if offset := ip - s.arenas[i].addr; offset < arenaSize {
			return ip - offset%buffered.TrampolineSize + s.lookup.SlowCall() - callSize
		}
	}
	return ip
}

// interrupted returns, for a thread that is in a trampoline or in the hole that leads to it,
// the address where the thread would be in the program, and the address after the call.
func (s *space) interrupted(ip uint64) (at, returns uint64, ok bool) {
	if returns, ok = s.holes[ip]; ok {
		return returns - callSize, returns, true
	}
	for i := range s.arenas {
		a := &s.arenas[i]
		if offset := ip - a.addr; offset < arenaSize && offset%buffered.TrampolineSize == s.lookup.LoadEntry() {
			// The trampoline has not run the instruction before the call yet.
			if n := int(offset / buffered.TrampolineSize); n < len(a.returns) {
				return a.returns[n] - callSize - uint64(a.loads[n]), a.returns[n], true
			}
		}
	}
	returns, _, ok = s.returnOf(ip)
	return returns - callSize, returns, ok
}

// callSize is the size of a system call instruction.
const callSize = 2

// mapping is a line of /proc/PID/maps (proc_pid_maps(5)).
type mapping struct {
	start, end, offset uint64
	dev, inode         uint64 // of the file
	mode               string
	name               string

	text *buffered.Text // its code, if a call in it was examined; nil if it cannot be patched
	read bool           // text is set
}

// readAll reads all mappings of the process of a stopped tracee.
func (s *space) readAll(tr *Tracee) error {
	t := tr.t
	c := &t.buffered.scratch
	s.readAt = s.stops
	fd, err := t.mapsOf(tr, false)
	if err == nil && c.readMappings(fd) != nil {
		if fd, err = t.mapsOf(tr, true); err == nil {
			err = c.readMappings(fd)
		}
	}
	known := s.mapped
	if s.mapped = nil; err == nil {
		s.mapped = c.mapped
	}
	c.mapped = known[:0]
	for i := range known {
		old := &known[i]
		if !old.read {
			continue
		}
		if m := findMapping(s.mapped, old.start); m != nil && m.start == old.start && m.end == old.end && m.offset == old.offset && m.inode == old.inode {
			m.text, m.read = old.text, true
		}
	}
	return err
}

// scratch is memory that is used again for each process.
type scratch struct {
	text   []byte            // of /proc/PID/maps
	mapped []mapping         // no longer used, or read last
	code   []mapping         // see findCode
	sites  []knownSite       // see installKnown
	bytes  []byte            // code that is written or read
	names  map[string]string // names and modes of mappings, which are the same in most processes
}

// maxNames is how many names are kept.
const maxNames = 1000

// name returns a string with the content of b.
func (c *scratch) name(b []byte) string {
	if s, ok := c.names[string(b)]; ok {
		return s
	}
	if c.names == nil || len(c.names) >= maxNames {
		c.names = map[string]string{}
	}
	s := string(b)
	c.names[s] = s
	return s
}

// readMappings reads all mappings of a process from its /proc/PID/maps.
func (c *scratch) readMappings(fd int) error {
	c.text, c.mapped = c.text[:0], c.mapped[:0]
	for {
		c.text = slices.Grow(c.text, pageSize)
		n, err := unix.Pread(fd, c.text[len(c.text):cap(c.text)], int64(len(c.text)))
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		c.text = c.text[:len(c.text)+n]
	}
	for line := range bytes.Lines(c.text) {
		m, ok := c.parseMapping(bytes.TrimSuffix(line, []byte{'\n'}))
		if !ok {
			return errors.New("cannot parse a line of /proc/PID/maps")
		}
		c.mapped = append(c.mapped, m)
	}
	return nil
}

// parseMapping parses a line: START-END MODE OFFSET DEVICE INODE, blanks, NAME.
func (c *scratch) parseMapping(line []byte) (m mapping, ok bool) {
	field := func(end byte) (before []byte) {
		if i := bytes.IndexByte(line, end); i >= 0 {
			before, line = line[:i], line[i+1:]
			return before
		}
		before, line = line, nil
		return before
	}
	valid := true
	number := func(digits []byte, base uint64) (n uint64) {
		valid = valid && len(digits) > 0 && len(digits) <= 20
		for _, d := range digits {
			v := uint64(d - '0')
			if d >= 'a' {
				v = uint64(d-'a') + 10
			}
			valid = valid && v < base
			n = n*base + v
		}
		return n
	}
	m.start = number(field('-'), 16)
	m.end = number(field(' '), 16)
	m.mode = c.name(field(' '))
	m.offset = number(field(' '), 16)
	major := number(field(':'), 16)
	m.dev = unix.Mkdev(uint32(major), uint32(number(field(' '), 16)))
	m.inode = number(field(' '), 10)
	m.name = c.name(bytes.TrimLeft(line, " "))
	return m, valid
}

// forgetMappings is called before a tracee changes the mappings in a range of addresses. It
// keeps what is known of other addresses. With several threads it keeps nothing, because
// another thread may cause the mappings to be read before the change is made.
func (t *Tracer) forgetMappings(tr *Tracee, addr, size uint64) {
	s := tr.space
	if len(s.mapped) == 0 {
		return
	}
	if t.hasThreads(s, tr) {
		s.mapped = nil
		return
	}
	s.mapped = slices.DeleteFunc(s.mapped, func(m mapping) bool {
		return m.end > addr && (m.start < addr || m.start-addr < size)
	})
}

// findMapping returns the mapping that contains addr, or nil.
func findMapping(list []mapping, addr uint64) *mapping {
	i, found := slices.BinarySearchFunc(list, addr, func(m mapping, addr uint64) int {
		switch {
		case m.end <= addr:
			return -1
		case m.start > addr:
			return 1
		}
		return 0
	})
	if !found {
		return nil
	}
	return &list[i]
}

// placeNear returns an address for a mapping of this size that is less than 2 GiB from addr.
// It keeps a distance from the mapping below, which may grow, and from where the kernel will
// put the program's next mappings, so that these get the same addresses as without trapline.
// It never uses the space that a stack may need.
func placeNear(list []mapping, addr, size uint64) (uint64, bool) {
	const (
		near    = 1<<31 - 1<<24
		margin  = 1 << 20
		far     = 1 << 30 // distance below the next mapping, if there is enough space
		lowest  = buffered.IndexAddr + buffered.IndexSize
		highest = 1<<47 - 1<<16
	)
	best, bestDistance := uint64(0), uint64(math.MaxUint64)
	below := uint64(lowest)
	try := func(from, to uint64) {
		if to < from+size+margin {
			return
		}
		at := to - size - margin
		if to-from > 2*far {
			at = to - size - far
		}
		if at < from+margin {
			at = from + (to-from-size)/2
		}
		at &^= pageSize - 1
		distance := max(addr, at) - min(addr, at)
		if at >= from && distance < near && distance < bestDistance {
			best, bestDistance = at, distance
		}
	}
	for i := range list {
		if list[i].start > below && list[i].name != "[stack]" {
			try(below, list[i].start)
		}
		below = max(below, list[i].end)
	}
	return best, best != 0
}

const pageSize = 4096

// fileID identifies a version of a file.
type fileID struct {
	dev, inode uint64
	size       int64
	changed    unix.Timespec
	offset     uint64 // offset of the mapping
}

// texts are the files with patched calls. All processes share them.
type texts map[fileID]openText

// openText is the code of a file that is kept open. The code is nil if it cannot be patched.
type openText struct {
	code *buffered.Text
	file *os.File
	fd   int // descriptor of the file
}

// maxTexts is how many texts are kept that no process uses any more.
const maxTexts = 100

// limitTexts forgets the files that no process uses if there are many: a trace may last long,
// and each program in it may be another file.
func (t *Tracer) limitTexts() {
	b := t.buffered
	if len(b.texts) < b.textsLimit {
		return
	}
	used := map[*buffered.Text]bool{}
	for _, tr := range t.tracees {
		if tr.space == nil {
			continue
		}
		for i := range tr.space.mapped {
			used[tr.space.mapped[i].text] = true
		}
		for _, code := range tr.space.patchedIn {
			used[code] = true
		}
	}
	for id, text := range b.texts {
		if text.code == nil {
			delete(b.texts, id)
		} else if !used[text.code] {
			delete(b.texts, id)
			delete(b.histories, text.code)
			text.file.Close()
		}
	}
	b.textsLimit = len(b.texts) + maxTexts
}

// mayHave reports whether a mapping looks like one of a file that has been looked at.
func (ts texts) mayHave(m *mapping) bool {
	for id, text := range ts {
		if id.inode == m.inode && id.offset == m.offset && text.code != nil {
			return true
		}
	}
	return false
}

// known returns the code of a file that is mapped, if the file is open and has not changed. An
// open file keeps its device and inode number. Where mappings have another device than stat
// shows, as in btrfs, and for files without code, it returns false.
func (ts texts) known(m *mapping) (text openText, ok bool) {
	for id, text := range ts {
		if id.inode != m.inode || id.offset != m.offset || id.dev != m.dev || text.code == nil {
			continue
		}
		var st unix.Stat_t
		if unix.Fstat(text.fd, &st) == nil && id == (fileID{st.Dev, st.Ino, st.Size, st.Ctim, m.offset}) {
			return text, true
		}
	}
	return openText{}, false
}

// of returns the code of the file that is mapped.
func (ts texts) of(pid int, m *mapping) (*buffered.Text, error) {
	if text, ok := ts.known(m); ok {
		return text.code, nil
	}
	path, st, err := findMapped(pid, m)
	if err != nil {
		return nil, err
	}
	id := fileID{st.Dev, st.Ino, st.Size, st.Ctim, m.offset}
	if text, ok := ts[id]; ok {
		return text.code, nil
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	if err := unix.Fstat(fd, &st); err != nil || (fileID{st.Dev, st.Ino, st.Size, st.Ctim, m.offset}) != id {
		unix.Close(fd)
		return nil, errors.New("another file has its name")
	}
	ts[id] = openText{} // replaced below if nothing fails
	f := os.NewFile(uintptr(fd), m.name)
	functions, err := unwind.ReadFunctions(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	const maxText = 64 << 20
	size := m.end - m.start
	if size > maxText {
		f.Close()
		return nil, fmt.Errorf("%s is too large", m.name)
	}
	text, ok := buffered.NewText(io.NewSectionReader(f, 0, math.MaxInt64), functions, m.offset)
	if !ok {
		f.Close()
		return nil, errors.New("it is not in any segment of the file")
	}
	ts[id] = openText{text, f, fd}
	return text, nil
}

// mapFile returns the link in /proc to the file that a process has mapped at these addresses.
func mapFile(pid int, start, end uint64) string {
	return "/proc/" + strconv.Itoa(pid) + "/map_files/" + strconv.FormatUint(start, 16) + "-" + strconv.FormatUint(end, 16)
}

// findMapped finds the file of a mapping. /proc/PID/map_files leads to the file even if it
// was deleted, but requires a capability.
func findMapped(pid int, m *mapping) (path string, st unix.Stat_t, err error) {
	proc := "/proc/" + strconv.Itoa(pid)
	path = mapFile(pid, m.start, m.end)
	if unix.Stat(path, &st) != nil {
		path = proc + "/root" + m.name
		err = unix.Stat(path, &st)
	}
	if err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Ino != m.inode {
		return "", st, fmt.Errorf("%s cannot be read", m.name)
	}
	return path, st, nil
}
