package decode

import (
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tables"
)

func TestStructLayout(t *testing.T) {
	// The i386 ABI aligns 8-byte members to 4 bytes.
	st := Struct(Fields{{"a", U8}, {"b", U64}, {"c", Ulong}, {"d", U16}})
	for _, tt := range []struct {
		abi        tables.ABI
		size       int
		a, b, c, d int
	}{
		{tables.X86_64, 32, 0, 8, 16, 24},
		{tables.I386, 20, 0, 4, 12, 16},
		{tables.X32, 24, 0, 8, 16, 20},
	} {
		if got := st.Layout(tt.abi).Size; got != tt.size {
			t.Errorf("%v: size %d, want %d", tt.abi, got, tt.size)
		}
		for name, want := range map[string]int{"a": tt.a, "b": tt.b, "c": tt.c, "d": tt.d} {
			if got, _ := st.Offset(tt.abi, name); got != want {
				t.Errorf("%v: offset of %s is %d, want %d", tt.abi, name, got, want)
			}
		}
	}
}

func TestArgumentRegisters(t *testing.T) {
	// A 64-bit offset takes two registers on i386.
	nr := func(abi tables.ABI) uint64 { return uint64(tables.ByName(abi, "pread64").NR) }
	for abi, want := range map[tables.ABI]int{tables.X86_64: 4, tables.I386: 5} {
		c := Call{ABI: abi, Sig: NewDecoder(Options{}, nil).Lookup(abi, nr(abi))}
		if got := c.NumArgs(); got != want {
			t.Errorf("%v: pread64 takes %d registers, want %d", abi, got, want)
		}
	}
}

// TestInjectedDescriptor has a result that no descriptor is as large as.
func TestInjectedDescriptor(t *testing.T) {
	s := named(t, tables.X86_64, "socket", unix.AF_INET, unix.SOCK_STREAM, 0)
	for ret, want := range map[int64]string{3: "3", 1<<32 + 3: "4294967299", -4096: "-4096"} {
		s.ret = ret
		if got := s.text(t); !strings.HasSuffix(got, " = "+want) {
			t.Errorf("%d: %s", ret, got)
		}
	}
}
