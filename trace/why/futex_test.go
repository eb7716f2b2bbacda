//go:build linux && amd64

package why

import (
	"testing"

	"trapline/tables"
)

// The futex that a call waits for is found.
func TestWaitsAt(t *testing.T) {
	const requeuePI, lockPI = 11, 6
	for name, tt := range map[string]struct {
		abi  tables.ABI
		nr   uint64
		args [6]uint64
		want futexWord
		ok   bool
	}{
		"wait":           {tables.X86_64, 202, [6]uint64{8, futexWait}, futexWord{8, false}, true},
		"wait, private":  {tables.X86_64, 202, [6]uint64{8, futexWaitBitset | futexPrivate}, futexWord{8, true}, true},
		"wait, realtime": {tables.X86_64, 202, [6]uint64{8, futexWaitBitset | 256}, futexWord{8, false}, true},
		"lock":           {tables.X86_64, 202, [6]uint64{8, lockPI}, futexWord{}, false},
		"requeue":        {tables.X86_64, 202, [6]uint64{8, requeuePI}, futexWord{}, false},
		"i386":           {tables.I386, 240, [6]uint64{8, futexWait}, futexWord{8, false}, true},
		"i386, time64":   {tables.I386, 422, [6]uint64{8, futexWait}, futexWord{8, false}, true},
		"futex_wait":     {tables.X86_64, 455, [6]uint64{8, 0x80, ^uint64(0), 2}, futexWord{8, false}, true},
		"its private":    {tables.X86_64, 455, [6]uint64{8, 0, 1, 0x82}, futexWord{8, true}, true},
		"i386's 202":     {tables.I386, 202, [6]uint64{8, futexWait}, futexWord{}, false},   // getegid32
		"x86-64's 240":   {tables.X86_64, 240, [6]uint64{8, futexWait}, futexWord{}, false}, // mq_open
		"futex_waitv":    {tables.X86_64, 449, [6]uint64{8, 2}, futexWord{}, false},
	} {
		got, ok := waitsAt(tt.abi, tt.nr, &tt.args)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: %+v, %v, want %+v, %v", name, got, ok, tt.want, tt.ok)
		}
	}
}
