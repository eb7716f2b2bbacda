//go:build linux && amd64

package tracer

import (
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

// The numbers of watched calls match the tables.
func TestWatchedNumbers(t *testing.T) {
	for _, abi := range tables.ABIs {
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

// Under each ABI, the engine recognizes the calls that it knows by number, and mistakes no
// other call for one of them.
func TestNumbersOfEveryABI(t *testing.T) {
	for _, abi := range tables.ABIs {
		execs, serves := 0, 0
		for call := range tables.Syscalls(abi) {
			want := call.Name == "execve" || call.Name == "execveat"
			if got := isExec(abi, uint64(call.NR)); got != want {
				t.Errorf("%v %s: isExec says %v", abi, call.Name, got)
			} else if got {
				execs++
			}
			const newUserfaultfd = 0xaa00
			want = call.Name == "userfaultfd" || call.Name == "ioctl" || call.Name == "mount" || call.Name == "fsmount"
			if got := servesMemory(abi, uint64(call.NR), &[6]uint64{1: newUserfaultfd}); got != want {
				t.Errorf("%v %s: servesMemory says %v", abi, call.Name, got)
			} else if got {
				serves++
			}
		}
		if execs != 2 || serves != 4 {
			t.Errorf("%v: %d calls execute a program and %d serve memory, want 2 and 4", abi, execs, serves)
		}
	}
}

// Each ABI is found from the audit architecture and the number in a register, and the
// filter checks it.
func TestABIOfEveryABI(t *testing.T) {
	found := make(map[tables.ABI]bool)
	all := func(tables.ABI, uint64) verdict { return stops }
	for _, a := range architectures(all) {
		for _, abi := range tables.ABIs {
			nr := tables.InRegister(abi, 1)
			if got, number := abiOf(a.audit, nr); got == abi && number == 1 {
				found[abi] = true
			}
		}
	}
	for _, abi := range tables.ABIs {
		if !found[abi] {
			t.Errorf("no audit architecture has calls of %v", abi)
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
