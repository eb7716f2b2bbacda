// Package registers shows the registers of a tracee and explains why they have
// changed.
//
// A Snapshot has the registers at one stop, as ptrace returns them to the caller.
// Snapshot.Registers lists them; Sets select groups of registers. A Transition
// describes what happened between two snapshots: which call, with which arguments
// and result. Transition.Changes compares the snapshots and gives each register
// that differs the first applicable reason of a table (reasons.go). A change
// without a reason is marked as unexplained: something other than the call has
// changed that register.
//
// The results are of types output.Register and output.RegisterChange, which
// formats can show. The package knows only x86-64 and i386.
package registers

import "trapline/output"

// Sets is a set of groups of registers.
type Sets uint8

const (
	General  Sets = 1 << iota // general purpose, ip and flags, orig_rax
	Segment                   // segment selectors, fs_base and gs_base
	Float                     // x87 and SSE (NT_PRFPREG)
	Vector                    // everything else that XSAVE saves (NT_X86_XSTATE)
	Default  = General | Segment
	Extended = Float | Vector
)

// Snapshot is the registers of a tracee at one stop.
type Snapshot struct {
	// User has the general registers. 32-bit code uses their lower halves.
	User User
	// Float is the 512 bytes of FXSAVE, Vector the complete XSAVE state in
	// standard format. Each is empty if it was not fetched.
	Float, Vector []byte
	// Components are the positions of the parts of Vector: see XSAVELayout.
	Components []XSAVEComponent
}

// Registers appends to dst the registers of the snapshot that are in the sets.
// Registers of the extended state are listed only if they are not zero.
func (s *Snapshot) Registers(dst []output.Register, sets Sets) []output.Register {
	for i := range userRegisters {
		r := &userRegisters[i]
		if r.set&sets == 0 {
			continue
		}
		if reg, ok := r.in(s); ok {
			dst = append(dst, reg)
		}
	}
	for r := range extendedRegisters(s, sets) {
		if !isZero(r.reg.Wide) {
			dst = append(dst, r.reg)
		}
	}
	return dst
}
