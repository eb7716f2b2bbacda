//go:build linux && amd64

package buffered

import "golang.org/x/sys/unix"

// Outcome is what Unwind has found out about a thread's call.
type Outcome uint8

const (
	NotBegun Outcome = iota // the call was not made; the thread is now before it
	Returned                // the call was made, and the record is incomplete: see Result
	Recorded                // the call was made, and the record is in the ring
)

// Unwind moves a stopped thread out of the stub, to the program's call or after it. It sets
// the registers to the values that they would have there without the stub. For a call that
// has returned, it stores the result in the Record, and changes the area so that the call is
// not in the ring.
//
// It finds out what the thread has done from the thread's address and from its area. A
// program that writes to the area can only make its own registers wrong.
func (s *Stub) Unwind(regs *unix.PtraceRegs, a *Area, r *Record) Outcome {
	at := regs.Rip - StubAddr
	switch {
	case at < s.labels[labelMoved]:
		if regs.Rsp == a.Addr+areaStack {
			regs.Rsp = a.load(areaSP)
		}
		s.rewind(regs, regs.Rcx, a)
		return NotBegun
	case at < s.labels[labelSaved]:
		regs.Rsp = a.load(areaSP)
		s.rewind(regs, a.load(areaSlow), a)
		return NotBegun
	}
	copying := at >= s.labels[labelCopy]-labelSize && at < s.labels[labelComplete] // a jump leads to the label itself
	before := at < s.after || copying && uint32(a.load(areaPhase)) == 1<<BeforeCall
	base := a.load(areaInFlight) - 1
	if before {
		base = a.load(areaHead)
	}
	a.take(base%RingSize&^7, recChunks)
	r.decode(a.copied)
	registers := []*uint64{&regs.Rdi, &regs.Rsi, &regs.Rdx, &regs.R10, &regs.R8, &regs.R9}
	if at >= s.labels[labelFilled] {
		for i, register := range registers {
			*register = r.Args[i]
		}
	}
	if before {
		if at >= s.labels[labelFilled] {
			regs.Rax = r.NR
		}
		slow := a.load(areaSlow)
		s.restore(regs, a)
		s.rewind(regs, slow, a)
		return NotBegun
	}
	kept := regs.Rbp - regs.R14 // the size of the record so far: see stub_amd64.s
	result := uint64(r.Result)
	if at < s.labels[labelNoted] {
		result = regs.Rax
	} else {
		regs.Orig_rax = ^uint64(0) // the kernel must not restart a call
	}
	s.restore(regs, a)
	regs.Rax, regs.Rip, regs.Rcx, regs.R11 = result, r.IP, r.IP, a.load(areaFlags)
	if at >= s.labels[labelPublished] || a.load(areaHead) != base {
		return Recorded
	}
	r.Result, r.Chunks = int64(result), nil
	if kept > recChunks && kept <= maxRecord { // what was copied before the call is not in the area any more
		a.take(base%RingSize&^7, kept)
		r.Chunks = a.copied[recChunks:]
	}
	r.End = ReadTSC()
	a.Finish()
	return Returned
}

// restore restores the registers that the stub has saved.
func (s *Stub) restore(regs *unix.PtraceRegs, a *Area) {
	regs.Rsp, regs.Eflags = a.load(areaSP), a.load(areaFlags)
	regs.Rbx, regs.Rbp = a.load(areaBX), a.load(areaBP)
	regs.R12, regs.R13, regs.R14, regs.R15 = a.load(areaR12), a.load(areaR13), a.load(areaR14), a.load(areaR15)
}

// rewind moves a thread to the slow call of the trampoline from which it came.
func (s *Stub) rewind(regs *unix.PtraceRegs, slow uint64, a *Area) {
	regs.Rip, regs.Orig_rax = slow, ^uint64(0)
	a.Finish()
}
