//go:build linux && amd64

package buffered

import "golang.org/x/sys/unix"

// Outcome is what Unwind has found out about a thread's call.
type Outcome uint8

const (
	NotBegun Outcome = iota // the thread is before the call now
	Returned                // it is behind it, and the record has not been completed: see Result
	Recorded                // it is behind it, and the record is in the ring
)

// Unwind moves a stopped thread out of the stub: back to the program's call, or
// behind it. It changes registers to what they are there without the stub. The
// Record of a call that has returned has the result; the area is changed so
// that the ring does not have it.
//
// What a thread has done follows from its place and from its area. A program that
// writes to the area can only make its own registers wrong.
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
		regs.Orig_rax = ^uint64(0) // no call is to be restarted
	}
	s.restore(regs, a)
	regs.Rax, regs.Rip, regs.Rcx, regs.R11 = result, r.IP, r.IP, a.load(areaFlags)
	if at >= s.labels[labelPublished] || a.load(areaHead) != base {
		return Recorded
	}
	r.Result, r.Chunks = int64(result), nil
	if kept > recChunks && kept <= maxRecord { // what was copied before the call is no longer there
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

// rewind moves a thread to the slow call of the trampoline that it came from.
func (s *Stub) rewind(regs *unix.PtraceRegs, slow uint64, a *Area) {
	regs.Rip, regs.Orig_rax = slow, ^uint64(0)
	a.Finish()
}
