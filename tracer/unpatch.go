//go:build linux && amd64

package tracer

import (
	"trapline/tracer/buffered"
)

// dropSites forgets the patched calls in a range of addresses. If the memory remains mapped,
// it restores the calls first.
func (t *Tracer) dropSites(tr *Tracee, addr, size uint64, restore bool) {
	const widest = 256      // most bytes between a call and its hole
	if size%pageSize != 0 { // the kernel changes whole pages
		size += pageSize - size%pageSize
	}
	if !restore {
		for hole := range tr.space.holes {
			if hole >= addr && hole-addr < size {
				delete(tr.space.holes, hole)
			}
		}
	}
	for returns, x := range tr.space.sites {
		if returns+widest < addr || returns > addr && returns-addr >= size+widest {
			continue
		}
		if restore {
			x.restore(tr)
		}
		delete(tr.space.sites, returns)
	}
}

// restore writes the program's own instruction back. The jump in its hole remains, since a
// thread may be about to run it. If the memory cannot be written, the call remains patched.
func (x *site) restore(tr *Tracee) {
	if !x.patched {
		return
	}
	at, code := x.returns-callSize, []byte{0x0f, 0x05}
	if x.load != nil {
		at, code = at-uint64(len(x.load)), x.load[:buffered.JumpSize]
		if isSplit(at, buffered.JumpSize) && tr.t.hasThreads(tr.space, tr) {
			// Another thread must not run an instruction that is half written. The trampoline
			// jumps to the slow call instead.
			at, code = x.trampoline, tr.space.lookup.ToSlowCall()
		}
	}
	x.patched = tr.poke(at, code) != len(code)
}

// unpatchAll restores all patched calls of an address space, through a stopped tracee.
func (t *Tracer) unpatchAll(tr *Tracee, why error) {
	for _, x := range tr.space.sites {
		x.restore(tr)
	}
	t.refuse(tr.space, why)
}
