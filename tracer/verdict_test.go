package tracer

import (
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// The numbers of watched calls agree with the tables.
func TestWatchedNumbers(t *testing.T) {
	for abi := range tables.ABI(tables.NumABI) {
		for name, nr := range map[string]uint64{
			"prctl": watched[abi].prctl, "seccomp": watched[abi].seccomp,
			"clone": watched[abi].clone, "clone3": watched[abi].clone3,
		} {
			if call := tables.ByName(abi, name); call == nil || uint64(call.NR) != nr {
				t.Errorf("%v %s: %d, the table has %+v", abi, name, nr, call)
			}
		}
	}
}

// A filter stops the calls that may install another filter or create a task
// with CLONE_UNTRACED, and stopsFilter agrees with it on all calls.
func TestVerdict(t *testing.T) {
	const data = 0x1234
	tracer := newTracer(t, Options{Follow: true, Traced: func(abi tables.ABI, nr uint64) bool {
		return abi == tables.X86_64 && nr == unix.SYS_GETPPID || nr == maxNR
	}})
	run := filterOf(t, data, tracer.verdict)
	arches := map[tables.ABI]uint32{
		tables.X86_64: unix.AUDIT_ARCH_X86_64, tables.X32: unix.AUDIT_ARCH_X86_64, tables.I386: unix.AUDIT_ARCH_I386,
	}
	stopped := func(abi tables.ABI, nr, arg0 uint64) bool {
		t.Helper()
		inRegister := nr
		if abi == tables.X32 {
			inRegister |= tables.X32Bit
		}
		action := run(arches[abi], uint32(inRegister), arg0)
		if action != actionAllow && action != actionTrace|data {
			t.Errorf("%v %d: action %#x", abi, nr, action)
		}
		if stops := tracer.stopsFilter(abi, nr, arg0); stops != (action != actionAllow) {
			t.Errorf("%v %d(%#x): stopsFilter says %v, the filter %#x", abi, nr, arg0, stops, action)
		}
		return action != actionAllow
	}
	for abi := range arches {
		for nr := range uint64(maxNR + 2) {
			for _, arg0 := range []uint64{0, unix.PR_SET_SECCOMP, 1<<32 | unix.PR_SET_SECCOMP, unix.CLONE_UNTRACED, ^uint64(0)} {
				stopped(abi, nr, arg0)
			}
		}
		w := watched[abi]
		for _, tt := range []struct {
			name     string
			nr, arg0 uint64
			want     bool
		}{
			{"seccomp", w.seccomp, 1, true},
			{"prctl(PR_SET_SECCOMP)", w.prctl, unix.PR_SET_SECCOMP, true},
			{"prctl(PR_SET_SECCOMP), whose upper half is ignored", w.prctl, 7<<32 | unix.PR_SET_SECCOMP, true},
			{"prctl(PR_SET_NAME)", w.prctl, unix.PR_SET_NAME, false},
			{"clone", w.clone, unix.CLONE_VM | unix.CLONE_THREAD, false},
			{"clone(CLONE_UNTRACED)", w.clone, unix.CLONE_UNTRACED | uint64(unix.SIGCHLD), true},
			{"clone3", w.clone3, 0, true},
			{"read", uint64(tables.ByName(abi, "read").NR), 0, false},
		} {
			if got := stopped(abi, tt.nr, tt.arg0); got != tt.want {
				t.Errorf("%v %s: stops: %v, want %v", abi, tt.name, got, tt.want)
			}
		}
	}
}
