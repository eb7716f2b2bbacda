package decode

import (
	"testing"

	"trapline/decode/internal/walk"
)

// TestNamesInDescriptions looks up the names of constants and members that the
// descriptions of calls and ioctls have.
func TestNamesInDescriptions(t *testing.T) {
	n, problems := walk.Resolve(subsystems, ioctlRequests)
	for _, p := range problems {
		t.Error(p)
	}
	if n < 700 {
		t.Errorf("only %d descriptions have names", n)
	}
}
