// Package registers shows the registers of a tracee and tells why they changed.
//
// A Snapshot is what ptrace gives at one stop; the caller fills it in. It can
// list its registers (Snapshot.Registers), of which a caller chooses groups by
// Sets. A Transition says what happened between two snapshots: which call, with
// which arguments and result. Transition.Changes compares the snapshots, and
// gives each register that differs the first reason of a table (reasons.go)
// which applies. A change that no reason accounts for is marked as unexplained:
// somebody else has written that register.
//
// The results are output.Register and output.RegisterChange, which the formats
// know how to show. The package knows x86-64 and i386 only.
package registers

import "trapline/output"

// Sets is a set of groups of registers.
type Sets uint8

const (
	General  Sets = 1 << iota // general purpose, ip and flags, orig_rax
	Segment                   // segment selectors, fs_base and gs_base
	Float                     // x87 and SSE (NT_PRFPREG)
	Vector                    // all else that XSAVE saves (NT_X86_XSTATE)
	Default  = General | Segment
	Extended = Float | Vector
)

// Snapshot is the registers of a tracee at one stop.
type Snapshot struct {
	// User is the general registers, of which 32-bit code uses the lower halves.
	User User
	// Float is the 512 bytes of FXSAVE, Vector the whole of XSAVE's state in
	// the standard layout; each empty if it was not fetched.
	Float, Vector []byte
	// Components says where in Vector the parts are: see XSAVELayout.
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
