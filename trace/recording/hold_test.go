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
		{"a directory was changed", func(a *Asked) { a.ChangingDirs(); a.ChangedDirs() }, "/1"},
		{"a directory is being changed", (*Asked).ChangingDirs, "/1"},
		{"all of it were closed", func(a *Asked) { a.ForgetDescriptors(1) }, "/2"},
		{"all of another process were closed", func(a *Asked) { a.ForgetDescriptors(2) }, "/1"},
		{"the number is another process's", func(a *Asked) { a.ForgetProcess(1) }, "/2"},
		{"another number is another process's", func(a *Asked) { a.ForgetProcess(2) }, "/1"},
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

// directoryHost answers each question otherwise than the one before.
type directoryHost struct {
	host.Unknown
	asked int
	in    string
}

func (h *directoryHost) WorkingDir(b []byte, process int) []byte {
	h.asked++
	return fmt.Appendf(b[:0], "%s%d", h.in, h.asked)
}

func (h *directoryHost) Descriptor(b []byte, process, _ int) []byte { return h.WorkingDir(b, process) }

// TestHoldDirectories is TestHold for directories of processes.
func TestHoldDirectories(t *testing.T) {
	for _, tt := range []struct {
		what   string
		before func(a *Asked)
		want   string
	}{
		{"nothing has happened", func(*Asked) {}, "/1"},
		{"descriptors were closed", func(a *Asked) { a.ForgetDescriptors(1); a.ForgetDescriptor(1, 3) }, "/1"},
		{"a directory was changed", func(a *Asked) { a.ChangingDirs(); a.ChangedDirs() }, "/2"},
		{"a directory is being changed", (*Asked).ChangingDirs, "/2"},
		{"the number is another process's", func(a *Asked) { a.ForgetProcess(1) }, "/2"},
		{"another number is another process's", func(a *Asked) { a.ForgetProcess(2) }, "/1"},
		{"anything may be otherwise", (*Asked).Forget, "/2"},
		{"a change has begun", (*Asked).Changing, "/2"},
	} {
		a := NewAsked(&directoryHost{in: "/"})
		a.Hold(true)
		var b [64]byte
		a.WorkingDir(b[:], 1)
		tt.before(a)
		if got := string(a.WorkingDir(b[:], 1)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
	}
}

// TestHoldPassing checks that names which the kernel may remove are asked each time.
func TestHoldPassing(t *testing.T) {
	for in, held := range map[string]bool{"/proc/7/": false, "/sys/class/": false, "/dev/pts/": false, "/process/": true, "/system/": true} {
		a := NewAsked(&directoryHost{in: in})
		a.Hold(true)
		var b [64]byte
		for i := 1; i <= 3; i++ {
			want := fmt.Sprintf("%s%d", in, i)
			if held {
				want = in + "1"
			}
			if got := string(a.Descriptor(b[:], 1, 3)); got != want {
				t.Errorf("%s, want %s", got, want)
			}
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
