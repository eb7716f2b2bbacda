//go:build linux && amd64

package tracer

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// A dynamic linker makes most of the calls of a short program, and makes them before it sets
// the fs base by which trampolines find an area. Until then the tracer gives the thread a
// provisional fs base, buffered.ProvisionalFS. The program must not notice this. Where it
// could, the tracer removes the provisional fs base, and from then on the calls of the
// process stop. When the program sets its own fs base, the thread keeps its area.
//
// Other programs get no provisional fs base. A program that reads its thread-local variables
// before it has an fs base has to crash, but the memory at the provisional one, and before
// it, is readable.

var (
	errProvisional = errors.New("it asks for its fs base before it has one")
	errSignal      = errors.New("it got a signal before it had an fs base")
)

// withoutProvisional returns the fs base as the program has set it.
func withoutProvisional(fs uint64) uint64 {
	if fs == buffered.ProvisionalFS {
		return 0
	}
	return fs
}

// endProvisional removes the provisional fs base from a stopped tracee, if it has one.
func (t *Tracer) endProvisional(tr *Tracee, why error) bool {
	if fsOf(tr) != buffered.ProvisionalFS {
		return false
	}
	t.unpatchAll(tr, why)
	t.takeArea(tr)
	setFS(tr, 0)
	return true
}

// dumpsCore reports whether the default action of a signal is to dump core. A core dump
// contains the fs base.
func dumpsCore(sig unix.Signal) bool {
	switch sig {
	case unix.SIGQUIT, unix.SIGILL, unix.SIGTRAP, unix.SIGABRT, unix.SIGBUS, unix.SIGFPE, unix.SIGSEGV, unix.SIGXCPU, unix.SIGXFSZ, unix.SIGSYS:
		return true
	}
	return false
}

// moveArea is called after a call has set the fs base of a tracee. It makes the index point
// to the area by the new fs base.
func (t *Tracer) moveArea(tr *Tracee) {
	th := tr.buffered
	th.moving = false
	fs := fsOf(tr)
	own, err := t.wordAtFS(tr, fs)
	if err != nil {
		t.unpatchAll(tr, errNoFS) // trampolines would cause faults
	}
	if err != nil || !own || !isFree(tr, fs) {
		t.takeArea(tr)
		return
	}
	th.fs = fs
	th.aside = !th.link()
	t.patchLibraries(tr)
}

// fsOf returns the fs base of a stopped tracee.
func fsOf(tr *Tracee) (fs uint64) {
	ptraceData(unix.PTRACE_PEEKUSR, tr.TID, unsafe.Offsetof(Registers{}.Fs_base), unsafe.Pointer(&fs))
	return fs
}

// setFS sets the fs base of a stopped tracee.
func setFS(tr *Tracee, base uint64) {
	ptrace(unix.PTRACE_POKEUSR, tr.TID, unsafe.Offsetof(Registers{}.Fs_base), uintptr(base))
}
