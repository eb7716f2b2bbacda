//go:build linux && amd64

package tracer

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// A dynamic linker makes most of the calls of a short program, before it sets the fs
// base by which trampolines find an area. Until then the thread has a provisional one,
// buffered.ProvisionalFS. The program must not notice: it is taken away where it would,
// and from then on the calls of the process stop. When the program sets its own fs
// base, its area goes with it.
//
// Other programs get none: one that reads its thread-local variables before it has an fs
// base has to crash, and what is at the provisional one, and before it, can be read.

var (
	errProvisional = errors.New("it asks for its fs base before it has one")
	errSignal      = errors.New("it got a signal before it had an fs base")
)

// withoutProvisional returns the fs base that a program has set.
func withoutProvisional(fs uint64) uint64 {
	if fs == buffered.ProvisionalFS {
		return 0
	}
	return fs
}

// endProvisional takes the provisional fs base away from a stopped tracee, if it has
// one.
func (t *Tracer) endProvisional(tr *Tracee, why error) bool {
	if fsOf(tr) != buffered.ProvisionalFS {
		return false
	}
	t.unpatchAll(tr, why)
	t.takeArea(tr)
	setFS(tr, 0)
	return true
}

// dumpsCore reports whether a signal's default action is to dump core, which has the
// fs base.
func dumpsCore(sig unix.Signal) bool {
	switch sig {
	case unix.SIGQUIT, unix.SIGILL, unix.SIGTRAP, unix.SIGABRT, unix.SIGBUS, unix.SIGFPE, unix.SIGSEGV, unix.SIGXCPU, unix.SIGXFSZ, unix.SIGSYS:
		return true
	}
	return false
}

// moveArea is for the end of a call that has set the fs base of a tracee: the index
// leads to its area by the new one.
func (t *Tracer) moveArea(tr *Tracee) {
	th := tr.buffered
	th.moving = false
	fs := fsOf(tr)
	own, err := t.wordAtFS(tr, fs)
	if err != nil {
		t.unpatchAll(tr, errNoFS) // trampolines would fault
	}
	if err != nil || !own || !isFree(tr, fs) {
		t.takeArea(tr)
		return
	}
	th.fs = fs
	th.aside = !th.link()
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
