//go:build linux && amd64

package tracer

import "golang.org/x/sys/unix"

// Past is what is known of a tracee of an earlier trace, at the current event.
type Past interface {
	ReadMemory(addr uint64, b []byte) int
	Registers(*Registers) error
	RegisterSet(note int, b []byte) (int, error)
	// Pieces yields the memory that is known.
	Pieces(yield func(p BufferedPiece))
	// Interrupted is Tracee.Interrupted.
	Interrupted() *Syscall
}

// NewPast returns a tracee of an earlier trace. It has no Tracer, and cannot be changed.
func NewPast(tid int, past Past) *Tracee { return &Tracee{TID: tid, past: past} }

// SetParent sets the creator of a tracee made by NewPast. It is nil if the creator is not
// traced or no longer traced.
func (tr *Tracee) SetParent(parent *Tracee) { tr.parent = parent }

// errPast is the error of an attempt to change such a tracee.
const errPast = unix.ESRCH
