package integration

import "testing"

// longer calls try with sleeps of more and more seconds, until it succeeds: something
// has to happen while a process sleeps, which on a busy machine may be late for a short
// sleep. What is wrong is wrong with each of them.
func longer(t *testing.T, try func(seconds string) error) {
	t.Helper()
	var err error
	for _, seconds := range []string{"1", "4", "16", "64"} {
		if err = try(seconds); err == nil {
			return
		}
		t.Logf("with a sleep of %s s: %v", seconds, err)
	}
	t.Error(err)
}
