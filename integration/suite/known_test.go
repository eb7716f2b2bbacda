package main

import (
	"testing"
)

// Some tests name what they need in their source; helpers and comments do not count.
func TestTestsNeeding(t *testing.T) {
	for feature, want := range map[string]string{functionGraph: "TestKernelPathOfThread", ownMachine: "TestExplainAllFiles"} {
		tests, err := testsNeeding(t.Context(), integration, []string{feature})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, test := range tests {
			found = found || test == testName{integration, want}
			if test.name == "TestKernelPathAsleep" || test.name == "TestWhereI386" {
				t.Errorf("%s is taken to need %s", test.name, feature)
			}
		}
		if !found {
			t.Errorf("%s is not among those that need %s: %v", want, feature, tests)
		}
	}
}

// A test that has run in one machine does not run in another one, nor do its sub-tests.
func TestCovers(t *testing.T) {
	g := &guests{kernels: []string{"a", "b"}}
	boots := g.boot(&guest{tests: []testName{{"p", "TestX"}, {"p", "TestY"}}})
	if len(boots) != 2 || boots[1].kernel != "b" {
		t.Errorf("machines %v", boots)
	}
	for test, want := range map[testName]bool{{"p", "TestX"}: true, {"p", "TestX/part"}: true, {"q", "TestX"}: false, {"p", "TestXY"}: false} {
		if g.covers(test) != want {
			t.Errorf("%v: %v, want %v", test, !want, want)
		}
	}
}

// A test that did not run in its machine has failed.
func TestJudge(t *testing.T) {
	b := &boot{guest: &guest{tests: []testName{{"p", "TestX"}, {"p", "TestY"}}}, kernel: "1", passed: map[testName]bool{{"p", "TestX"}: true, {"p", "TestZ"}: true}}
	if passed, failed := b.judge(); passed != 1 || failed != 1 || b.err == nil {
		t.Errorf("%d passed, %d failed, error %v", passed, failed, b.err)
	}
	b.passed[testName{"p", "TestY"}], b.err = true, nil
	if passed, failed := b.judge(); passed != 2 || failed != 0 || b.err != nil {
		t.Errorf("%d passed, %d failed, error %v", passed, failed, b.err)
	}
}
