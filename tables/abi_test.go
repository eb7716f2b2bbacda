package tables

import "testing"

// TestEveryABI fails for an ABI that lacks a fact.
func TestEveryABI(t *testing.T) {
	names := make(map[string]bool)
	for i, abi := range ABIs {
		if abi != ABI(i) {
			t.Errorf("ABIs[%d] is %d", i, abi)
		}
		if abi.String() == "" || names[abi.String()] {
			t.Errorf("ABI %d is called %q", i, abi)
		}
		names[abi.String()] = true
		if abi.Bits() != 32 && abi.Bits() != 64 {
			t.Errorf("%v: %d bits", abi, abi.Bits())
		}
		for what, size := range map[string]int{
			"KernelWordSize": abi.KernelWordSize(), "Align8": abi.Align8(), "RegisterSize": abi.RegisterSize(),
		} {
			if size != 4 && size != 8 {
				t.Errorf("%v: %s is %d", abi, what, size)
			}
		}
		if abi.RegisterSize() < abi.WordSize() || abi.KernelWordSize() < abi.WordSize() {
			t.Errorf("%v: a word of %d bytes fits neither a register nor the kernel's word", abi, abi.WordSize())
		}
		for _, name := range []string{"read", "execve", "rt_sigreturn", "openat"} {
			s := ByName(abi, name)
			if s == nil || s.ABI != abi || Lookup(abi, InRegister(abi, uint64(s.NR))) != s {
				t.Errorf("%v: %s is %+v", abi, name, s)
			}
		}
		if IoctlsByName(abi)["TIOCGWINSZ"] == 0 {
			t.Errorf("%v has no ioctl TIOCGWINSZ", abi)
		}
	}
}
