package decodetest

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	. "trapline/decode/internal/fake"
	"trapline/tables"
)

// Check runs samples of calls with the text that strace shows for them. To run a single
// one: -run 'TestFutex/i386_futex$', or 'TestFutex/x86_64_futex#02$' for the third of that
// call.
func Check(t *testing.T, samples []Wanted) {
	t.Helper()
	for _, tt := range samples {
		t.Run(fmt.Sprint(tt.Abi, "_", tt.Name), func(t *testing.T) {
			s := Named(t, tt.Abi, tt.Name, tt.Args...)
			s.Mem, s.Ret, s.Errno, s.Full = tt.Mem, tt.Ret, int(tt.Errno), tt.Full
			if got := s.Text(t); got != tt.Want {
				t.Errorf("\ngot  %s\nwant %s", got, tt.Want)
			}
		})
	}
}

// Wanted is a call and its text.
type Wanted struct {
	Abi   tables.ABI
	Name  string
	Args  []uint64
	Mem   FakeMemory
	Ret   int64
	Errno unix.Errno
	Full  bool
	Want  string
}

const (
	At0 = 0x7000 // where samples have their memory
	At1 = 0x7400
	At2 = 0x7800
)
