//go:build linux && amd64

package trace

import (
	"os/exec"
	"strings"
	"testing"

	"trapline/integration/need"
)

func TestDemangled(t *testing.T) {
	for name, want := range map[string]string{
		"_ZN2ns2f3Ei":                                      "ns::f3(int)",
		"_ZNSt6vectorIiSaIiEE9push_backEOi":                "std::vector<int, std::allocator<int> >::push_back(int&&)",
		"_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE": "core::fmt::Write::write_fmt",
		"_RNvC6_123foo3bar":                                "123foo::bar",
		"main":                                             "main",
		"_Z":                                               "_Z",
		"_ZN2ns2f3E":                                       "ns::f3",
		"_ZNotMangled":                                     "_ZNotMangled",
		"runtime.main":                                     "runtime.main",
		"":                                                 "",
	} {
		if got := demangled(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// C++ names are the ones that c++filt shows.
func TestDemangledAsByCxxfilt(t *testing.T) {
	need.All(t, need.Cxxfilt)
	names := []string{
		"_ZN2ns2f3Ei", "_ZNKSt5ctypeIcE8do_widenEc", "_ZN3fooIiLi3EE3barERKS0_", "_Z3addIdEvT_S0_", "_ZN12_GLOBAL__N_11fEv",
		"_ZZ4mainENKUlvE_clEv", "_ZTV3Foo", "_ZN3FooC1Ev", "_ZN3FooD0Ev",
	}
	cmd := exec.Command("c++filt")
	cmd.Stdin = strings.NewReader(strings.Join(names, "\n"))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if got := demangled(names[i]); got != want {
			t.Errorf("%s: %s, c++filt says %s", names[i], got, want)
		}
	}
}

// FuzzDemangled: demangling any name takes bounded time and space.
func FuzzDemangled(f *testing.F) {
	for _, seed := range []string{"_ZN2ns2f3Ei", "_RNvC6_123foo3bar", "_Z3addIdEvT_S0_", "_ZZ4mainENKUlvE_clEv"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if got := demangled(name); len(got) > max(len(name), 1<<maxDemangledPower) {
			t.Errorf("%q becomes %d bytes", name, len(got))
		}
	})
}
