//go:build linux && amd64

package tracer

import "golang.org/x/sys/unix"

// Past is what is known of a tracee that was traced at another time, at the event
// that is being looked at.
type Past interface {
	ReadMemory(addr uint64, b []byte) int
	Registers(*Registers) error
	RegisterSet(note int, b []byte) (int, error)
	// Pieces yields the memory that is known.
	Pieces(yield func(p BufferedPiece))
	// Interrupted is Tracee.Interrupted.
	Interrupted() *Syscall
}

// NewPast returns a tracee that was traced at another time. It has no Tracer, and
// cannot be changed.
func NewPast(tid int, past Past) *Tracee { return &Tracee{TID: tid, past: past} }

// SetParent sets the creator of a tracee that NewPast has made; nil if it is not
// traced, or no longer.
func (tr *Tracee) SetParent(parent *Tracee) { tr.parent = parent }

// errPast is the error of changing such a tracee.
const errPast = unix.ESRCH
