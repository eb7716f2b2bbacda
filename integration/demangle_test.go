package integration

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"trapline/integration/need"
)

// Stacks show C++ and Rust names as in the source code. JSON has the names of the symbol
// table as well.
func TestDemangledStacks(t *testing.T) {
	need.All(t, need.X86)
	for _, c := range []struct {
		language string
		feature  *need.Feature
		compile  []string
		names    []string // the inner function before the outer one
		mangled  string   // what all of these names begin with in the file
	}{
		{"C++", need.GXX, []string{"g++", "-O1", "testdata/demangle/stack.cc"},
			[]string{"int ns::Walker::inner<int>(int)", "ns::outer(ns::Walker*, char const*)"}, "_ZN"},
		{"Rust", need.Rustc, []string{"rustc", "-O", "-C", "symbol-mangling-version=v0", "testdata/demangle/stack.rs"},
			[]string{"<stack::deep::Walker>::inner", "stack::deep::outer"}, "_R"},
	} {
		t.Run(c.language, func(t *testing.T) {
			need.All(t, c.feature)
			program := filepath.Join(t.TempDir(), "program")
			if out, err := exec.Command(c.compile[0], append(c.compile[1:], "-o", program)...).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			flags := []string{"-k", "-qq", "-e", "trace=chdir", "--signal=none"}
			log := trace(t, trapline(t), flags, program).log
			inner, outer := strings.Index(log, "("+c.names[0]+"+0x"), strings.Index(log, "("+c.names[1]+"+0x")
			if inner < 0 || outer < inner {
				t.Errorf("%q not in\n%s", c.names, log)
			}
			plain := trace(t, trapline(t), append(flags, "--no-demangle"), program).log
			if strings.Count(plain, "("+c.mangled) < 2 || strings.Contains(plain, c.names[0]) {
				t.Errorf("with --no-demangle\n%s", plain)
			}
			var call struct {
				Stack []struct{ Symbol, Demangled string }
			}
			record := trace(t, trapline(t), append(flags, "--json", "-e", "trace=chdir"), program).log
			for line := range strings.Lines(record) {
				if strings.Contains(line, `"event":"syscall"`) {
					if err := json.Unmarshal([]byte(line), &call); err != nil {
						t.Fatal(err)
					}
				}
			}
			found := 0
			for _, f := range call.Stack {
				if (f.Demangled == c.names[0] || f.Demangled == c.names[1]) && strings.HasPrefix(f.Symbol, c.mangled) {
					found++
				}
			}
			if found != 2 {
				t.Errorf("JSON: %+v", call.Stack)
			}
		})
	}
}
