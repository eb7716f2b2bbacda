//go:build linux && amd64

package trace

import "testing"

// If all files are traced, the recorder sees all calls that change where paths lead.
func TestLacksMoves(t *testing.T) {
	for set, want := range map[string]bool{
		"all": false, "%file": false, "%file,read": false, "!read": false,
		"!rename": true, "%file,!symlink@32": true, "%%stat": true, "none": true, "%desc": true,
	} {
		s, err := ParseCalls(set)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.lacksMoves(); got != want {
			t.Errorf("%s: %v, want %v", set, got, want)
		}
	}
	if (*CallSet)(nil).lacksMoves() {
		t.Error("there is no set: want all calls")
	}
}
