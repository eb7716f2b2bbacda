package tables

import (
	"slices"
	"testing"
)

func TestConstant(t *testing.T) {
	for _, c := range []struct {
		abi  ABI
		name string
		want []uint64
	}{
		{X86_64, "O_CREAT", []uint64{0x40}},
		{X86_64, "AF_INET6", []uint64{10}},
		{I386, "F_GETLK64", []uint64{12}},
		{X86_64, "EACCES", []uint64{13}},
		{X86_64, "SIGKILL", []uint64{9}},
		{X86_64, "O_NOSUCH", nil},
		{X86_64, "", nil},
	} {
		if got := Constant(c.abi, c.name); !slices.Equal(got, c.want) {
			t.Errorf("%v %s: %#x, want %#x", c.abi, c.name, got, c.want)
		}
	}
	names := slices.Collect(ConstantNames)
	for _, name := range []string{"O_CREAT", "EACCES", "SIGKILL"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is not among the names", name)
		}
	}
}
