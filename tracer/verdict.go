//go:build linux && amd64

package tracer

import (
	"golang.org/x/sys/unix"

	"trapline/tables"
	"trapline/tracer/colocate"
)

// verdict is the action of the tracer's seccomp filter for the calls with a
// number.
type verdict uint8

const (
	passes            verdict = iota // the call does not stop
	stops                            // the call stops
	stopsToSetSeccomp                // for prctl: only PR_SET_SECCOMP stops
	stopsIfUntraced                  // for clone: only CLONE_UNTRACED stops
)

// stop reports whether a call with this first argument stops.
func (v verdict) stop(arg0 uint64) bool {
	switch v {
	case stopsToSetSeccomp:
		return uint32(arg0) == unix.PR_SET_SECCOMP
	case stopsIfUntraced:
		return arg0&unix.CLONE_UNTRACED != 0
	}
	return v == stops
}

// watchedNumbers are the numbers of calls at which a filtered tracee must stop
// regardless of Options.Traced.
type watchedNumbers struct{ prctl, seccomp, clone, clone3 uint64 }

// verdict returns the filter's verdict for a number of an ABI, without x32's
// bit.
func (t *Tracer) verdict(abi tables.ABI, nr uint64) verdict {
	if t.opts.Traced(abi, nr) || isExec(abi, nr) || servesMemory(abi, nr, new([6]uint64)) ||
		t.opts.Colocate != ColocateNever && colocate.ShowsMask(abi, nr) {
		return stops
	}
	switch w := &watched[abi]; nr {
	case w.seccomp, w.clone3: // clone3 has its flags in memory, which a filter cannot read
		return stops
	case w.prctl:
		return stopsToSetSeccomp
	case w.clone:
		return stopsIfUntraced
	}
	return passes
}

// stopsFilter reports whether the filter stops a call.
func (t *Tracer) stopsFilter(abi tables.ABI, nr, arg0 uint64) bool {
	return t.opts.Traced != nil && t.verdict(abi, min(nr, maxNR)).stop(arg0)
}

// watchCall does what a filtered tracee's syscall-enter-stop requires besides reporting it.
func (t *Tracer) watchCall(tr *Tracee) {
	if t.info.op == unix.PTRACE_SYSCALL_INFO_SECCOMP {
		t.refuseForOthers(tr)
	}
	call := &tr.call
	switch w := &watched[call.ABI]; call.NR {
	case w.seccomp, w.prctl:
		t.watchFilters(tr, call.NR == w.seccomp)
	case w.clone, w.clone3:
		tr.untracing = t.asksForUntraced(tr, call.NR == w.clone3)
	}
}
