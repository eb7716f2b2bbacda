package unwind

import (
	"golang.org/x/sys/unix"
)

// DefaultLimit is how many frames a walk gives by default.
const DefaultLimit = 256

// Options say what is wanted of a stack.
type Options struct {
	Limit  int  // of frames in one walk; 0 is DefaultLimit
	Source bool // find source lines, too
}

// Frame is a frame of a call stack, a function that is being executed.
type Frame struct {
	// PC is the address of the instruction being executed. In a function that
	// has called another it is that of the last byte of the call.
	PC uint64

	// File is the path of the file that PC is in, as in /proc/PID/maps, or
	// "[vdso]"; "" if it is in none. Addr is PC in the file's own address
	// space, as addr2line(1) takes it.
	File string
	Addr uint64

	// Symbol is the name of the function, as in the file's symbol table,
	// and Offset how far PC is from its start; "" if it is not known.
	Symbol string
	Offset uint64

	// Source and Line are the place in the program's source, with
	// Options.Source; "" and 0 if it is not known.
	Source string
	Line   int
}

// Unwinder walks stacks. It remembers the files that it has read. It is for one
// goroutine.
type Unwinder struct {
	options    Options
	generation uint64 // goes up when mappings may have changed

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

// MappingsChanged says that some thread may have mapped something else at an address
// where there was code: by mmap or mremap. What was unmapped, or mapped
// somewhere new, needs no telling. Threads may share their address space, so it
// concerns the Mappings of all.
func (u *Unwinder) MappingsChanged() { u.generation++ }

// Walk appends the frames of a stopped thread's stack to frames, the innermost first.
// tid is the thread's number below /proc.
// more says that there are more frames than Options.Limit.
func (u *Unwinder) Walk(m *Mappings, tid int, user *unix.PtraceRegs, mem Memory, frames []Frame) (_ []Frame, more bool) {
	u.memory.reset(mem)
	w := walk{u: u, mappings: m, tid: tid, regs: fromUser(user), exact: true}
	if m.generation != u.generation {
		w.readMaps()
	}
	for n := 0; ; n++ {
		pc := w.regs.pc()
		f, d := w.locate()
		if d.mapping == nil && !w.exact {
			return frames, false // the outermost function has no caller, or this is nonsense
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
	fresh    bool // mappings have been read in this walk

	regs registers
	// exact says that the instruction at the program counter is the one to be
	// executed next: in the innermost frame, and one that a signal has
	// interrupted. In others it is the one behind a call, which may be of
	// another function if the call never returns.
	exact bool
}

// description is what is known of a place in code.
type description struct {
	mapping *mapping // nil if it is in none
	file    *file    // of mapping, or nil
	addr    uint64   // in file, or offset in it where file is nil
	bias    uint64   // from addresses in file to those in memory
	fde     fde
	hasFDE  bool

	sigreturn bool // it is a signal trampoline known by its code
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

// inTrampoline says whether it is a function that the kernel makes a signal handler
// return to.
func (d *description) inTrampoline() bool { return d.hasFDE && d.fde.cie.signal }

// locate describes the frame that the registers are of.
func (w *walk) locate() (f Frame, d description) {
	f.PC = w.regs.pc()
	if !w.exact {
		f.PC--
	}
	d = w.describe(f.PC)
	if d.mapping == nil {
		return f, d
	}
	// A signal trampoline has not been called, and is not behind a call.
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
		p := d.file.place(d.addr)
		f.Symbol, f.Offset, f.Source, f.Line = p.symbol, p.offset, p.source, p.line
	}
	return f, d
}

// mapping finds the mapping of an address. A thread that is not traced may have
// added it since the mappings were read; but what is just next to zero is the end of a
// stack and not worth to look again.
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

// readMaps reads the mappings, once in a walk.
func (w *walk) readMaps() {
	w.u.readMaps(w.mappings, w.tid)
	w.fresh = true
}

// step makes the registers those of the caller. It is false if there is no caller, or
// none that can be found.
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

// stepByRow steps by call frame information. end says that this is the outermost
// frame.
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
