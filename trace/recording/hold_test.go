//go:build linux && amd64

package recording

import (
	"fmt"
	"testing"

	"trapline/decode/host"
)

// countingHost answers each question otherwise than the one before.
type countingHost struct {
	host.Unknown
	asked int
}

func (h *countingHost) Descriptor(b []byte, process, fd int) []byte {
	h.asked++
	if fd < 0 {
		return nil
	}
	return fmt.Appendf(b[:0], "/%d", h.asked)
}

// TestHold checks when an answer is given again, and when the host is asked.
func TestHold(t *testing.T) {
	for _, tt := range []struct {
		what   string
		before func(a *Asked)
		want   string
	}{
		{"nothing has happened", func(*Asked) {}, "/1"},
		{"another descriptor was closed", func(a *Asked) { a.ForgetDescriptor(1, 4) }, "/1"},
		{"that of another process was closed", func(a *Asked) { a.ForgetDescriptor(2, 3) }, "/1"},
		{"it was closed", func(a *Asked) { a.ForgetDescriptor(1, 3) }, "/2"},
		{"anything may be otherwise", (*Asked).Forget, "/2"},
		{"a change has begun", (*Asked).Changing, "/2"},
		{"a change has ended", func(a *Asked) { a.Changing(); a.Changed() }, "/2"},
		{"a block begins", (*Asked).StartBlock, "/2"},
		{"not all changes are seen", func(a *Asked) { a.Hold(false) }, "/2"},
	} {
		a := NewAsked(&countingHost{})
		a.Hold(true)
		var b [64]byte
		a.Descriptor(b[:], 1, 3)
		tt.before(a)
		if got := string(a.Descriptor(b[:], 1, 3)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
	}
}

// TestHoldNothing checks that a descriptor that is not there is asked about again: it
// may be opened.
func TestHoldNothing(t *testing.T) {
	h := &countingHost{}
	a := NewAsked(h)
	a.Hold(true)
	var b [64]byte
	a.Descriptor(b[:], 1, -1)
	if a.Descriptor(b[:], 1, -1); h.asked != 2 {
		t.Errorf("asked %d times", h.asked)
	}
}

// TestHeldDoesNotAllocate keeps the way short that most questions take.
func TestHeldDoesNotAllocate(t *testing.T) {
	a := NewAsked(&countingHost{})
	a.Hold(true)
	var b [64]byte
	a.Descriptor(b[:], 1, 3)
	if n := testing.AllocsPerRun(100, func() { a.Descriptor(b[:], 1, 3) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
