package decode_test

import (
	"strings"
	"testing"

	"trapline/decode"
	. "trapline/decode/internal/decodetest"
	. "trapline/decode/lang"
	"trapline/tables"
)

func TestArgumentRegisters(t *testing.T) {
	// A 64-bit offset takes two registers on i386.
	nr := func(abi tables.ABI) uint64 { return uint64(tables.ByName(abi, "pread64").NR) }
	for abi, want := range map[tables.ABI]int{tables.X86_64: 4, tables.I386: 5} {
		c := Call{ABI: abi, Sig: decode.NewDecoder(decode.Options{}, nil).Lookup(abi, nr(abi))}
		if got := c.NumArgs(); got != want {
			t.Errorf("%v: pread64 takes %d registers, want %d", abi, got, want)
		}
	}
}

// TestInjectedDescriptor has a result that is too large for a descriptor.
func TestInjectedDescriptor(t *testing.T) {
	s := Named(t, tables.X86_64, "socket", tables.AF_INET, tables.SOCK_STREAM, 0)
	for ret, want := range map[int64]string{3: "3", 1<<32 + 3: "4294967299", -4096: "-4096"} {
		s.Ret = ret
		if got := s.Text(t); !strings.HasSuffix(got, " = "+want) {
			t.Errorf("%d: %s", ret, got)
		}
	}
}
