//go:build linux && amd64

package unwind

import (
	"golang.org/x/sys/unix"
)

// DefaultLimit is the default maximum number of frames of a walk.
const DefaultLimit = 256

// Options control what a stack contains.
type Options struct {
	Limit  int  // of frames in one walk; 0 is DefaultLimit
	Source bool // also find source lines

	// Demangle returns the name to show for a symbol; nil shows symbols as they are.
	// It is called once for each place.
	Demangle func(symbol string) string
}

// Frame is a frame of a call stack: a function that is being executed.
type Frame struct {
	// PC is the address of the instruction being executed. In a function that
	// has called another one it is the last byte of the call.
	PC uint64

	// File is the path of the file that contains PC, as in /proc/PID/maps, or
	// "[vdso]", or "". Addr is PC in the file's own address space, as
	// addr2line(1) expects it.
	File string
	Addr uint64

	// Symbol is the name of the function, or "" if unknown. Mangled is its name in
	// the file's symbol table, if Options.Demangle made another one of it. Offset is
	// the distance of PC from its start.
	Symbol, Mangled string
	Offset          uint64

	// Source and Line are the place in the source code, with Options.Source; ""
	// and 0 if unknown.
	Source string
	Line   int
}

// Unwinder walks stacks. It caches the files that it has read. It must be used
// by one goroutine.
type Unwinder struct {
	options    Options
	generation uint64 // incremented when mappings may have changed

	files map[identity]*file
	vdsos []vdsoFile

	text   []byte // for readProc
	memory pages
	interp interpreter
	eval   evaluator
}

// New makes an Unwinder.
func New(o Options) *Unwinder {
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	return &Unwinder{options: o, files: map[identity]*file{}, generation: 1}
}

// MappingsChanged must be called when a thread may have replaced mapped code, by mmap or
// mremap. It need not be called for mappings that were removed, or added at a new address.
// Threads may share their address space, so it invalidates all Mappings.
func (u *Unwinder) MappingsChanged() { u.generation++ }

// Walk appends the frames of a stopped thread's stack to frames, the innermost
// first. tid is the thread's id in /proc. more says that there are more frames
// than Options.Limit.
func (u *Unwinder) Walk(m *Mappings, tid int, user *unix.PtraceRegs, mem Memory, frames []Frame) (_ []Frame, more bool) {
	return u.walkFrom(m, tid, user, false, mem, frames)
}

// walkFrom is Walk. If few is set, only the program counter and the stack pointer are known.
func (u *Unwinder) walkFrom(m *Mappings, tid int, user *unix.PtraceRegs, few bool, mem Memory, frames []Frame) (_ []Frame, more bool) {
	u.memory.reset(mem)
	w := walk{u: u, mappings: m, tid: tid, regs: fromUser(user), exact: true}
	if few {
		w.regs.known = 1<<w.regs.sp | 1<<w.regs.ra
	}
	if m.generation != u.generation {
		w.readMaps()
	}
	for n := 0; ; n++ {
		pc := w.regs.pc()
		f, d := w.locate()
		if d.mapping == nil && !w.exact {
			return frames, false // the outermost function has no caller, or this is invalid
		}
		if n == u.options.Limit {
			return frames, true
		}
		frames = append(frames, f)
		sp, _ := w.regs.get(w.regs.sp)
		if !w.step(&d) {
			return frames, false
		}
		if above, _ := w.regs.get(w.regs.sp); w.regs.pc() == pc && above == sp {
			return frames, false
		}
	}
}

// walk is the state of a walk between two frames.
type walk struct {
	u        *Unwinder
	mappings *Mappings
	tid      int
	fresh    bool // mappings were read in this walk

	regs registers
	// exact means that the instruction at the program counter is executed next: in the
	// innermost frame, and in a frame that a signal has interrupted. In other frames the
	// program counter is the address after a call, which may belong to another function if
	// the call never returns.
	exact bool
}

// description is what is known about an address of code.
type description struct {
	mapping *mapping // nil if there is none
	file    *file    // of mapping, or nil
	addr    uint64   // in file, or the offset in the mapped file if file is nil
	bias    uint64   // added to addresses in the file to get those in memory
	fde     fde
	hasFDE  bool

	sigreturn bool // a signal trampoline recognized by its code
}

// describe looks up an address.
func (w *walk) describe(pc uint64) (d description) {
	if d.mapping = w.mapping(pc); d.mapping == nil {
		return d
	}
	x := d.mapping
	offset := pc - x.start + x.offset
	d.addr = offset
	if d.file = w.u.file(x, w.tid, &w.u.memory); d.file == nil {
		return d
	}
	addr, ok := d.file.address(offset)
	if !ok {
		d.file = nil
		return d
	}
	d.addr, d.bias = addr, pc-addr
	d.fde, d.hasFDE = d.file.fde(addr)
	return d
}

// inTrampoline reports whether it is a function to which the kernel makes a
// signal handler return.
func (d *description) inTrampoline() bool { return d.hasFDE && d.fde.cie.signal }

// locate describes the frame of the current registers.
func (w *walk) locate() (f Frame, d description) {
	f.PC = w.regs.pc()
	if !w.exact {
		f.PC--
	}
	d = w.describe(f.PC)
	if d.mapping == nil {
		return f, d
	}
	// A signal trampoline was not called, so PC is not after a call.
	switch {
	case w.exact:
	case d.inTrampoline():
		f.PC++
		d.addr++
	case (!d.hasFDE || d.addr+1 == d.fde.end) && w.isSigreturn(f.PC+1):
		f.PC++
		d = w.describe(f.PC)
		d.sigreturn = true
	}
	f.File, f.Addr = d.mapping.name, d.addr
	if d.file != nil {
		p := d.file.place(d.addr, w.u.options.Demangle)
		f.Symbol, f.Mangled, f.Offset, f.Source, f.Line = p.symbol, p.mangled, p.offset, p.source, p.line
	}
	return f, d
}

// mapping finds the mapping of an address. A thread that is not traced may have
// added it since the mappings were read; but an address close to zero marks the
// end of a stack, and is not worth another read.
func (w *walk) mapping(addr uint64) *mapping {
	if addr < pageSize || addr+pageSize < pageSize {
		return nil
	}
	x := w.mappings.find(addr)
	if x == nil && !w.fresh {
		w.readMaps()
		x = w.mappings.find(addr)
	}
	return x
}

// readMaps reads the mappings, at most once per walk.
func (w *walk) readMaps() {
	w.u.readMaps(w.mappings, w.tid)
	w.fresh = true
}

// step replaces the registers by those of the caller. It returns false if there
// is no caller or it cannot be found.
func (w *walk) step(d *description) bool {
	switch {
	case d.sigreturn:
		return w.stepBySigreturn()
	case d.hasFDE:
		if end, ok := w.stepByRow(d); ok || end {
			return ok
		}
	}
	return w.exact && w.stepFromLeaf(d) || w.stepByFramePointer()
}

// stepByRow steps by call frame information. end says that this is the
// outermost frame.
func (w *walk) stepByRow(d *description) (end, ok bool) {
	r, in, e := &w.regs, &w.u.interp, &w.u.eval
	if !in.rowAt(&d.fde, d.addr) {
		return false, false
	}
	e.regs, e.mem, e.bias, e.work = r, &w.u.memory, d.bias, &in.work
	cfa, ok := e.cfa(&in.row)
	if !ok {
		return false, false
	}
	caller := *r
	caller.set(r.sp, cfa)
	for i := range in.row.regs {
		rule := &in.row.regs[i]
		if rule.keeps() {
			continue
		}
		if v, ok := e.restore(rule, cfa); ok {
			caller.set(uint64(i), v)
		} else {
			caller.known &^= 1 << i
		}
	}
	ra := d.fde.cie.ra
	pc, ok := caller.get(ra)
	if !ok || in.row.regs[ra].keeps() {
		return true, false
	}
	caller.set(r.ra, pc)
	w.regs, w.exact = caller, d.fde.cie.signal
	return false, true
}

// WalkSleeper is Walk for a thread that sleeps in the kernel and is not stopped. Only its
// program counter and stack pointer are known, from /proc/PID/syscall. The walk ends where it
// needs another register that no frame has saved. is32 means that the thread runs 32-bit
// code.
func (u *Unwinder) WalkSleeper(m *Mappings, tid int, pc, sp uint64, is32 bool, mem Memory) (_ []Frame, more bool) {
	user := unix.PtraceRegs{Rip: pc, Rsp: sp}
	if is32 {
		user.Cs = code32
	}
	return u.walkFrom(m, tid, &user, true, mem, nil)
}
