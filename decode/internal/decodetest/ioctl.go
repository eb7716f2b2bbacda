package decodetest

import (
	"maps"
	"testing"

	"golang.org/x/sys/unix"

	. "trapline/decode/internal/fake"
	"trapline/tables"
)

// IoctlTest is an ioctl whose argument is the same under both ABIs, or is for
// one of them.
type IoctlTest struct {
	Request string
	Abis    []tables.ABI // nil for both
	Before  []byte       // what argp points to
	After   []byte       // at the exit-stop, if that is something else
	More    FakeMemory   // what is elsewhere
	Errno   unix.Errno
	Full    bool // -v
	Want    string
}

// Argp is where the argument of an IoctlTest lies.
const Argp = 0x7000

// memory is the tracee's with b behind argp.
func (tt *IoctlTest) memory(b []byte) FakeMemory {
	m := FakeMemory{Argp: b}
	maps.Copy(m, tt.More)
	return m
}

// Run compares both ABIs' line of the ioctl with what is wanted.
func (tt *IoctlTest) Run(t *testing.T) {
	t.Helper()
	abis := tt.Abis
	if abis == nil {
		abis = []tables.ABI{tables.X86_64, tables.I386}
	}
	for _, abi := range abis {
		op, ok := tables.IoctlsByName(abi)[tt.Request]
		if !ok {
			t.Fatalf("%v has no %s", abi, tt.Request)
		}
		s := Named(t, abi, "ioctl", 3, uint64(op), Argp)
		s.Mem, s.Errno, s.Full = tt.memory(tt.Before), int(tt.Errno), tt.Full
		if tt.After != nil {
			s.After = tt.memory(tt.After)
		}
		if got := s.Text(t); got != tt.Want {
			t.Errorf("%v: got  %s\nwant %s", abi, got, tt.Want)
		}
	}
}
