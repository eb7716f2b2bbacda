//go:build linux && amd64

package tracer

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// leaveTrampoline moves a tracee from the slow call of a trampoline to the program's own
// call, to which the trampoline belongs.
func (t *Tracer) leaveTrampoline(tr *Tracee, returns uint64) {
	tr.call.IP = returns
	ptrace(unix.PTRACE_POKEUSR, tr.TID, unsafe.Offsetof(Registers{}.Rip), uintptr(returns))
	ptrace(unix.PTRACE_POKEUSR, tr.TID, unsafe.Offsetof(Registers{}.Rcx), uintptr(returns))
}

// redo makes a tracee repeat the call that it has entered, through the trampoline of the
// call, so that the tracee does not stop at the end of the call. It returns false if that is
// not possible.
func (t *Tracer) redo(tr *Tracee, x *site) bool {
	if x.trampoline == 0 || tr.buffered == nil || tr.buffered.aside {
		return false
	}
	var regs Registers
	if tr.Registers(&regs) != nil {
		return false
	}
	regs.Rip, regs.Rax, regs.Orig_rax = x.trampoline, regs.Orig_rax, ^uint64(0)
	if tr.SetRegisters(&regs) != nil {
		return false
	}
	tr.inCall = false
	t.resume(tr)
	return true
}

// place describes the code that makes a call.
type place struct {
	text  *buffered.Text // nil if the code cannot be patched
	bias  uint64         // difference between addresses in memory and in the file
	hole  uint64         // the call's hole; 0 if the instruction before the call is patched, see site.load
	found bool           // there is something to patch

	from, to uint64 // the addresses of the code
}

// placeOf finds the code of the file that contains a call. Only private mappings of files are
// patched.
func (t *Tracer) placeOf(tr *Tracee, x *site) (p place) {
	s := tr.space
	m := findMapping(s.mapped, x.returns-1)
	if m == nil {
		s.readAll(tr)
		m = findMapping(s.mapped, x.returns-1)
	}
	if m == nil || m.mode != "r-xp" || m.inode == 0 || x.returns-m.start < 2 {
		return p
	}
	p, _ = t.placeIn(tr, m)
	return p
}

// placeIn finds the code of the file in a mapping.
func (t *Tracer) placeIn(tr *Tracee, m *mapping) (p place, ok bool) {
	if !m.read {
		t.limitTexts()
		var err error
		if m.text, err = t.buffered.texts.of(tr.TID, m); err != nil {
			t.debugf("buffered: calls of %s stop: %v", m.name, err)
		}
		m.read = true
	}
	if m.text == nil {
		return p, false
	}
	p.text, p.bias = m.text, m.start-m.text.Address(m.offset)
	p.from, p.to = m.start, m.end
	return p, true
}

// findHole finds what to patch for a call in known code: a hole, or the instruction before the
// call. In a process with threads it prefers what can be written at once.
func (p *place) findHole(tr *Tracee, x *site) {
	returns := x.returns - p.bias
	hole, ok := p.text.Hole(returns)
	if ok && (hole == returns+buffered.OneByte || !isSplit(returns-callSize, callSize) || !tr.t.hasThreads(tr.space, tr)) {
		p.useHole(tr, hole, returns)
		return
	}
	load := p.text.Load(returns)
	if load != nil && ok && isSplit(returns-callSize-uint64(len(load)), buffered.JumpSize) {
		load = nil // neither can be written at once
	}
	if load != nil {
		if size := len(load) + callSize; p.isPristine(tr, returns-uint64(size), size) {
			x.load, p.found = load, true
		}
	} else if ok {
		p.useHole(tr, hole, returns)
	}
}

func (p *place) useHole(tr *Tracee, hole, returns uint64) {
	p.hole = hole + p.bias
	p.found = p.isPristine(tr, returns-callSize, callSize) && p.isPristine(tr, hole, buffered.JumpSize)
}

// isPristine reports whether code in memory is the same as in the file.
func (p *place) isPristine(tr *Tracee, addr uint64, size int) bool {
	b := make([]byte, size)
	return tr.ReadMemory(addr+p.bias, b) == len(b) && string(b) == string(p.text.Read(addr, size))
}

// install patches a call. With a hole it writes the trampoline, then in the hole a jump to
// the trampoline, and last the jump to the hole in place of the call. Otherwise it writes the
// trampoline, and a jump to it in place of the instruction before the call. If nothing
// can be patched, it only writes the trampoline, for redo.
func (t *Tracer) install(tr *Tracee, x *site, p place) {
	if p.text == nil {
		return
	}
	addr, ok := t.installTrampoline(tr, x)
	if !ok {
		return
	}
	x.trampoline = addr
	at, size := x.returns-callSize, uint64(callSize)
	if x.load != nil {
		at, size = at-uint64(len(x.load)), buffered.JumpSize
	}
	if x.load == nil && p.hole == x.returns+buffered.OneByte {
		size = 1
	}
	if !p.found || isSplit(at, size) && t.hasThreads(tr.space, tr) {
		return // another thread may be about to run it
	}
	if x.load != nil {
		x.patched = pokeJump(tr, at, addr+tr.space.lookup.LoadEntry())
		return
	}
	short := []byte{0xeb, byte(p.hole - x.returns)}
	if short = short[:size]; pokeJump(tr, p.hole, addr) && tr.poke(at, short) == len(short) {
		x.patched = true
		tr.space.noteHole(p.hole, x.returns)
	}
}

// noteHole records which call a hole belongs to.
func (s *space) noteHole(hole, returns uint64) {
	if s.holes == nil {
		s.holes = map[uint64]uint64{}
	}
	s.holes[hole] = returns
}

// isSplit reports whether a range of memory extends over two words, which cannot be written
// at the same time.
func isSplit(at, size uint64) bool {
	const wordSize = 8
	return at%wordSize+size > wordSize
}

// installTrampoline writes the trampoline for a call, and returns its address.
func (t *Tracer) installTrampoline(tr *Tracee, x *site) (addr uint64, ok bool) {
	s := tr.space
	a := s.arenaNear(x.returns)
	addr = a.addr + uint64(a.used)*buffered.TrampolineSize
	if t.writeCode(tr, addr, s.appendTrampoline(nil, addr, x)) != nil {
		return 0, false
	}
	a.add(x)
	return addr, true
}

// appendTrampoline appends the trampoline of a call, which will be at addr.
func (s *space) appendTrampoline(code []byte, addr uint64, x *site) []byte {
	code = s.lookup.AppendTrampoline(code, addr, x.returns)
	if x.load != nil {
		code = s.lookup.AppendLoad(code, x.load)
	}
	return code
}

// pokeJump writes a jump to an address.
func pokeJump(tr *Tracee, at, to uint64) bool {
	jump := jumpTo(at, to)
	return tr.poke(at, jump) == len(jump)
}

// jumpTo returns a jump from one address to another.
func jumpTo(at, to uint64) []byte {
	return binary.LittleEndian.AppendUint32([]byte{0xe9}, uint32(to-(at+buffered.JumpSize)))
}

// arenaNear returns an arena that a call can reach and that has space for a trampoline.
func (s *space) arenaNear(addr uint64) *arena {
	for i := range s.arenas {
		a := &s.arenas[i]
		if distance := max(a.addr, addr) - min(a.addr, addr); a.used < arenaPlaces && distance < 1<<31-1<<20 {
			return a
		}
	}
	return nil
}
