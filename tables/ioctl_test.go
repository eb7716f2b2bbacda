package tables

import (
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func TestIoctlNames(t *testing.T) {
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
			if got := IoctlNames(abi, tt.op); !slices.Equal(got, tt.want) {
				t.Errorf("%v: %#x is called %v, want %v", abi, tt.op, got, tt.want)
			}
		}
	}
	// The size of the argument, a struct with pointers, is in the number.
	if names := IoctlNames(X86_64, unix.TUNATTACHFILTER); !slices.Equal(names, []string{"TUNATTACHFILTER"}) {
		t.Errorf("TUNATTACHFILTER of x86_64 is called %v", names)
	}
	if names := IoctlNames(I386, unix.TUNATTACHFILTER); names != nil {
		t.Errorf("TUNATTACHFILTER of x86_64 is called %v on i386", names)
	}
}
