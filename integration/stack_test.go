package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"trapline/integration/need"
	"trapline/integration/programs"
)

// frame is a line of -k.
type frame struct {
	file, symbol, addr, source string
}

var frameLine = regexp.MustCompile(`^ > (.*)\((?:(.+)\+0x[0-9a-f]+)?\) \[(0x[0-9a-f]+)\](?: (.+:\d+))?$`)

func withoutPIDs(log string) string { return pidColumn.ReplaceAllString(log, "") }

// stacks returns the stacks in a log, each after the line that begins with a
// prefix.
func stacks(t *testing.T, log, prefix string) [][]frame {
	t.Helper()
	var all [][]frame
	here := false
	for line := range strings.Lines(log) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, " > ") {
			if here = strings.HasPrefix(line, prefix); here {
				all = append(all, nil)
			}
			continue
		}
		m := frameLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("line %q", line)
		} else if here {
			last := len(all) - 1
			all[last] = append(all[last], frame{m[1], m[2], m[3], m[4]})
		}
	}
	return all
}

// hasFrames checks that a stack has some functions next to each other, and
// others somewhere after them.
func hasFrames(t *testing.T, stack []frame, together, behind []string) {
	t.Helper()
	var names []string
	for _, f := range stack {
		names = append(names, f.symbol)
	}
	i := slices.Index(names, together[0])
	if i < 0 || len(names) < i+len(together) || !slices.Equal(names[i:i+len(together)], together) {
		t.Errorf("%q, want %q in them", names, together)
		return
	}
	i += len(together)
	for _, name := range behind {
		n := slices.Index(names[i:], name)
		if n < 0 {
			t.Errorf("%q, want %q behind %q", names, name, names[:i])
			return
		}
		i += n + 1
	}
}

// sourceLine finds text in a file and returns -kk's form of that line.
func sourceLine(t *testing.T, path, text string) string {
	t.Helper()
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(source), text)
	if !found {
		t.Fatalf("%s has no %q", path, text)
	}
	return fmt.Sprintf("%s:%d", filepath.Base(path), strings.Count(before, "\n")+1)
}

// The call frame information of Go is in .debug_frame, that of C in .eh_frame.
func TestStackOfGo(t *testing.T) {
	need.All(t, need.X86)
	for _, arch := range []string{"amd64", "386"} {
		t.Run(arch, func(t *testing.T) {
			tr := trace(t, trapline(t), []string{"-kk", "-f", "-a0", "--signal=none", "-qq", "-e", "trace=chdir"}, program(t, "stack", arch))
			found := stacks(t, withoutPIDs(tr.log), "chdir(")
			if len(found) != 2 {
				t.Fatalf("%d stacks:\n%s", len(found), tr.log)
			}
			chain := []string{"main.inner", "main.middle", "main.outer"}
			hasFrames(t, found[0], append(chain, "main.main", "runtime.main"), nil)
			hasFrames(t, found[1], append(chain, "main.main.func1"), nil)
			want := sourceLine(t, "testdata/stack/main.go", "unix.Chdir(")
			for _, f := range found[0] {
				if f.symbol == "main.inner" && filepath.Base(f.source) != want {
					t.Errorf("main.inner is at %s, want %s", f.source, want)
				}
			}
		})
	}
}

// Without symbols and call frame information, frame pointers are left.
func TestStackOfStrippedGo(t *testing.T) {
	need.All(t, need.X86)
	addresses := func(path string) (list [][]string) {
		tr := trace(t, trapline(t), []string{"-k", "-f", "-e", "trace=chdir", "--signal=none"}, path)
		for _, s := range stacks(t, withoutPIDs(tr.log), "chdir(") {
			var addrs []string
			for _, f := range s {
				if f.symbol != "runtime.goexit.abi0" { // which has no caller
					addrs = append(addrs, f.addr)
				}
			}
			list = append(list, addrs)
		}
		return list
	}
	full, stripped := addresses(program(t, "stack", "amd64")), addresses(path(t, programs.StrippedGo("stack", "amd64")))
	if len(full) == 0 || !slices.EqualFunc(full, stripped, slices.Equal) {
		t.Errorf("full: %v\nstripped: %v", full, stripped)
	}
}

// cProgram returns the path of a C program for an ABI, -m64 or -m32.
func cProgram(t *testing.T, abi string, p programs.Program) string {
	t.Helper()
	if abi == "-m32" {
		need.All(t, need.I386)
	}
	if programs.Prebuilt() == "" {
		need.All(t, map[string]*need.Feature{"-m64": need.GCC, "-m32": need.GCC32}[abi])
	}
	return path(t, p)
}

func TestStackOfC(t *testing.T) {
	need.All(t, need.X86)
	for _, abi := range []string{"-m64", "-m32"} {
		for _, p := range programs.Chains(abi) {
			t.Run(p.Name, func(t *testing.T) {
				tr := trace(t, trapline(t), []string{"-k", "-a0", "-qq"}, cProgram(t, abi, p))
				calls := stacks(t, tr.log, "chdir(")
				signals := stacks(t, tr.log, "--- SIGUSR1")
				if len(calls) != 1 || len(signals) != 1 {
					t.Fatalf("%d stacks of chdir, %d of SIGUSR1:\n%s", len(calls), len(signals), tr.log)
				}
				hasFrames(t, calls[0], []string{"inner", "middle", "outer", "handler"}, []string{"raise", "main"})
				hasFrames(t, signals[0], []string{"raise", "main"}, nil)
			})
		}
	}
}

func TestStackThroughTrampoline(t *testing.T) {
	need.All(t, need.X86)
	for _, abi := range []string{"-m64", "-m32"} {
		t.Run(abi, func(t *testing.T) {
			path := cProgram(t, abi, programs.Restorer(abi))
			tr := trace(t, trapline(t), []string{"-k", "-a0", "-qq", "--trace=chdir", "--signal=none"}, path)
			found := stacks(t, tr.log, "chdir(")
			if len(found) != 1 || !strings.Contains(tr.log, "(trampoline+0x0)") {
				t.Fatalf("%d stacks:\n%s", len(found), tr.log)
			}
			hasFrames(t, found[0], []string{"handler", "trampoline"}, []string{"raise", "main"})
		})
	}
}

// The stacks of a call that ended the tracee, of a call that began it, and of calls that
// are not shown.
func TestWhereStacksAre(t *testing.T) {
	need.All(t, need.X86)
	path := cProgram(t, "-m64", programs.C("chain.c", "-g"))
	tr := trace(t, trapline(t), []string{"-k", "-a0"}, path)
	if !regexp.MustCompile(`(?m)\Aexecve\(.* = 0\n > .*\n(?:[^ ].*\n)`).MatchString(tr.log) {
		t.Errorf("no stack of one frame behind execve:\n%s", tr.log)
	}
	if !regexp.MustCompile(`(?m)^exit_group\(0\) = \?\n\+\+\+ exited with 0 \+\+\+\n( > .*\n)+\z`).MatchString(tr.log) {
		t.Errorf("no stack behind the end:\n%s", tr.log)
	}
	tr = trace(t, trapline(t), []string{"-kk", "-a0", "-Z", "--trace=chdir,rt_sigaction", "--signal=none"}, path)
	all := stacks(t, tr.log, "")
	if found := stacks(t, tr.log, "chdir("); len(found) != 1 || len(all) != 2 { // and the exit line, without one
		t.Errorf("with -Z:\n%s", tr.log)
	} else if want := sourceLine(t, "testdata/cstack/chain.c", "chdir("); !slices.ContainsFunc(found[0], func(f frame) bool {
		return f.symbol == "inner" && filepath.Base(f.source) == want
	}) {
		t.Errorf("no inner at %s: %v", want, found[0])
	}
	tr = trace(t, trapline(t), []string{"-k", "--stack-trace-frame-limit=2", "--trace=chdir", "--signal=none", "-qq", "-a0"}, path)
	if !regexp.MustCompile(`\Achdir\(.*\n > .*\n > .*\n > too many stack frames\n\z`).MatchString(tr.log) {
		t.Errorf("two frames:\n%s", tr.log)
	}
}

// Trapline notices when a library is replaced by another one, even if the calls that map it
// are not shown and a filter lets calls pass.
func TestStackOfReplacedLibrary(t *testing.T) {
	need.All(t, need.X86)
	path := cProgram(t, "-m64", programs.C("replace.c", "-ldl"))
	names := []string{"first", "second", "first", "third"}
	var libraries []string
	for _, name := range names {
		libraries = append(libraries, cProgram(t, "-m64", programs.C("library.c", "-shared", "-fPIC", "-DNAME="+name)))
	}
	tr := trace(t, trapline(t), []string{"-k", "-f", "--trace=chdir", "-qq"}, append([]string{path}, libraries...)...)
	found := stacks(t, withoutPIDs(tr.log), "chdir(")
	if len(found) != len(names) {
		t.Fatalf("%d stacks:\n%s", len(found), tr.log)
	}
	for i, s := range found {
		hasFrames(t, s, []string{names[i], "call", "main"}, nil)
	}
}

// JSON has the same stacks as text.
func TestStackInJSON(t *testing.T) {
	need.All(t, need.X86)
	run := func(flags ...string) string {
		flags = append(flags, "-f", "-kk", "--trace=chdir", "--signal=none", "-qq")
		return trace(t, trapline(t), flags, program(t, "stack", "amd64")).log
	}
	var want []string
	for line := range strings.Lines(run()) {
		if strings.HasPrefix(line, " > ") {
			want = append(want, strings.TrimSuffix(line, "\n"))
		}
	}
	var got []string
	for line := range strings.Lines(run("--json")) {
		var e struct {
			Event string
			Stack []struct {
				IP, File, Addr, Symbol string
				Offset                 int
				Source                 string
				Line                   int
			}
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		for _, f := range e.Stack {
			if f.IP != f.Addr { // the program is not position-independent
				t.Errorf("ip %s, addr %s", f.IP, f.Addr)
			}
			s := fmt.Sprintf(" > %s(%s+%#x) [%s]", f.File, f.Symbol, f.Offset, f.Addr)
			if f.Source != "" {
				s += fmt.Sprintf(" %s:%d", f.Source, f.Line)
			}
			got = append(got, s)
		}
	}
	if len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("json:\n%s\ntext:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
