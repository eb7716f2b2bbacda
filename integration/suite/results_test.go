package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// lines writes events as go test -json does.
func lines(t *testing.T, events ...event) string {
	t.Helper()
	var b strings.Builder
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// TestResults reads the output of go test -json for packages that pass, fail,
// and do not compile.
func TestResults(t *testing.T) {
	in := lines(t,
		event{Action: "start", Package: "p"},
		event{Action: "run", Package: "p", Test: "TestA"},
		event{Action: "output", Package: "p", Test: "TestA", Output: "=== RUN   TestA\n"},
		event{Action: "output", Package: "p", Test: "TestA", Output: "    a_test.go:3: needs strace\n"},
		event{Action: "pass", Package: "p", Test: "TestA"},
		event{Action: "output", Package: "p", Test: "TestB/sub", Output: "    b_test.go:3: needs i386\n"},
		event{Action: "output", Package: "p", Test: "TestB/sub", Output: "    b_test.go:3: not tested here: i386 (the kernel runs no 32-bit code)\n"},
		event{Action: "skip", Package: "p", Test: "TestB/sub"},
		event{Action: "pass", Package: "p", Test: "TestB"},
		event{Action: "output", Package: "p", Test: "TestC", Output: "    c_test.go:9: needs i386\n"},
		event{Action: "output", Package: "p", Test: "TestC", Output: "    c_test.go:9: not tested here: i386 (the kernel runs no 32-bit code)\n"},
		event{Action: "skip", Package: "p", Test: "TestC"},
		event{Action: "output", Package: "p", Output: "PASS\n"},
		event{Action: "output", Package: "p", Output: "ok  \tp\t0.1s\n"},
		event{Action: "pass", Package: "p"},

		event{Action: "output", Package: "q", Test: "TestGood", Output: "chatter\n"},
		event{Action: "pass", Package: "q", Test: "TestGood"},
		event{Action: "output", Package: "q", Test: "TestBad", Output: "=== RUN   TestBad\n"},
		event{Action: "output", Package: "q", Test: "TestBad", Output: "    q_test.go:1: wrong\n"},
		event{Action: "output", Package: "q", Test: "TestBad", Output: "--- FAIL: TestBad (0.00s)\n"},
		event{Action: "fail", Package: "q", Test: "TestBad"},
		event{Action: "output", Package: "q", Test: "TestCrash", Output: "panic: oh\n"},
		event{Action: "output", Package: "q", Output: "FAIL\tq\t0.2s\n"},
		event{Action: "fail", Package: "q"},

		event{Action: "build-output", ImportPath: "r", Output: "r.go:1: no\n"},
		event{Action: "build-fail", ImportPath: "r"},
		event{Action: "output", Package: "r", Output: "FAIL\tr [build failed]\n"},
		event{Action: "fail", Package: "r"},
	) + "go: a warning\n"
	var out strings.Builder
	r := newResults(&out)
	if err := r.read(strings.NewReader(in)); err != nil {
		t.Fatal(err)
	}
	want := "ok  \tp\t0.1s\n" +
		"--- FAIL: TestBad (0.00s)\n    q_test.go:1: wrong\npanic: oh\nFAIL\tq\t0.2s\n" +
		"r.go:1: no\nFAIL\tr [build failed]\ngo: a warning\n"
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", &out, want)
	}
	if got := r.lacking(); !slices.Equal(got, []lack{{abi32, "the kernel runs no 32-bit code", 2}}) {
		t.Errorf("lacking %+v", got)
	}
	if got := r.needing([]string{abi32}); !slices.Equal(got, []testName{{"p", "TestB/sub"}, {"p", "TestC"}}) {
		t.Errorf("needing %v", got)
	}
	if !slices.Equal(r.broken, []string{"r"}) {
		t.Errorf("broken packages %q", r.broken)
	}
	if r.count["pass"] != 3 || r.count["fail"] != 1 || r.count["skip"] != 2 {
		t.Errorf("counts %v", r.count)
	}
}

// A test counts as passed in a virtual machine only if its own line says so.
func TestPassedTests(t *testing.T) {
	got := passedTests([]byte("noise\r\n=== PACKAGE a\r\n=== RUN   TestX\r\n--- PASS: TestX (0.1s)\r\n    --- PASS: TestX/sub_test (0.0s)\r\n" +
		"--- SKIP: TestY (0s)\n--- FAIL: TestZ (0s)\n=== PACKAGE b\n--- PASS: TestY (0s)\n--- PASS: TestCut"))
	want := []testName{{"a", "TestX"}, {"a", "TestX/sub_test"}, {"b", "TestY"}}
	for _, name := range want {
		if !got[name] {
			t.Errorf("%v has not passed", name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %v", got)
	}
}

// The pattern chooses the tests named, whatever is in the names.
func TestPattern(t *testing.T) {
	g := guest{tests: []testName{{"a", "TestX"}, {"a", "TestY/go,_386"}, {"b", "TestZ"}, {"a", "TestW/chain.c-O2"}}}
	if got, want := g.pattern("a"), `^TestX$|^TestY$/^go,_386$|^TestW$/^chain\.c-O2$`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := g.packages(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("packages %v", got)
	}
}
