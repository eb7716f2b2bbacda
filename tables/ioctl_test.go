package tables

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestAppendIoctlNames(t *testing.T) {
	for _, tt := range []struct {
		op   uint32
		want []string
	}{
		{unix.TCGETS, []string{"TCGETS"}},
		{unix.TCSETS, []string{"SNDCTL_TMR_START", "TCSETS"}},
		{unix.FICLONE, []string{"BTRFS_IOC_CLONE", "FICLONE"}},
		{0x12345678, nil},
		{0, nil},
		{0xffffffff, nil},
	} {
		for _, abi := range []ABI{X86_64, I386} {
			if got := AppendIoctlNames(nil, abi, tt.op); !slices.Equal(got, tt.want) {
				t.Errorf("%v: %#x is called %v, want %v", abi, tt.op, got, tt.want)
			}
		}
	}
	// The size of the argument, a struct with pointers, is in the number.
	if names := AppendIoctlNames(nil, X86_64, unix.TUNATTACHFILTER); !slices.Equal(names, []string{"TUNATTACHFILTER"}) {
		t.Errorf("TUNATTACHFILTER of x86_64 is called %v", names)
	}
	if names := AppendIoctlNames(nil, I386, unix.TUNATTACHFILTER); names != nil {
		t.Errorf("TUNATTACHFILTER of x86_64 is called %v on i386", names)
	}
}

// TestIoctlNumbers finds every request by the number that its name has, and no
// name under another number.
func TestIoctlNumbers(t *testing.T) {
	for abi := range ABI(NumABI) {
		numbers := make(map[uint32]int) // and how many requests have them
		byName := IoctlsByName(abi)
		for _, op := range byName {
			numbers[op]++
		}
		for op, want := range numbers {
			names := AppendIoctlNames(nil, abi, op)
			if len(names) != want || !slices.IsSorted(names) {
				t.Errorf("%v: %#x is called %v, want %d sorted names", abi, op, names, want)
			}
			for _, name := range names {
				if byName[name] != op {
					t.Errorf("%v: %#x is called %s, which is %#x", abi, op, name, byName[name])
				}
			}
		}
	}
}
