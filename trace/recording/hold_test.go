//go:build linux && amd64

package recording

import (
	"fmt"
	"testing"

	"trapline/decode/host"
)

// countingHost gives another answer each time that it is asked.
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

// TestHold checks when an answer is reused and when the host is asked.
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
		{"a frame begins", (*Asked).StartFrame, "/2"},
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

// directoryHost gives another answer each time that it is asked.
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

// TestHoldPassing checks that names that the kernel may remove are asked for each time.
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

// TestHoldNothing checks that a descriptor that does not exist is asked about again: it may
// be opened.
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

// TestHeldDoesNotAllocate checks that most questions are answered without an allocation.
func TestHeldDoesNotAllocate(t *testing.T) {
	a := NewAsked(&countingHost{})
	a.Hold(true)
	var b [64]byte
	a.Descriptor(b[:], 1, 3)
	if n := testing.AllocsPerRun(100, func() { a.Descriptor(b[:], 1, 3) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// namingHost gives another answer each time that it is asked.
type namingHost struct {
	host.Unknown
	asked int
}

func (h *namingHost) Command(b []byte, process int) ([]byte, bool) {
	h.asked++
	return fmt.Appendf(b[:0], "name %d", h.asked), process != 3
}

// TestHoldName checks when the name of a thread is asked for again.
func TestHoldName(t *testing.T) {
	for _, tt := range []struct {
		what   string
		before func(a *Asked)
		want   string
	}{
		{"nothing has happened", func(*Asked) {}, "name 1"},
		{"descriptors were closed", (*Asked).Forget, "name 1"},
		{"a change of descriptors has begun", (*Asked).Changing, "name 1"},
		{"it has changed", func(a *Asked) { a.AskCommand(nil, 1) }, "name 2"},
		{"that of another thread has changed", func(a *Asked) { a.AskCommand(nil, 2) }, "name 1"},
		{"the thread is another one", func(a *Asked) { a.ForgetProcess(1) }, "name 2"},
		{"another thread is another one", func(a *Asked) { a.ForgetProcess(2) }, "name 1"},
		{"the thread is another one that is known", func(a *Asked) { a.ForgetProcess(1); a.AskCommand(nil, 1); a.HoldName(1) }, "name 2"},
		{"it may have changed", func(a *Asked) { a.ForgetName(1) }, "name 2"},
		{"that of another thread may have changed", func(a *Asked) { a.ForgetName(2) }, "name 1"},
		{"any may have changed", (*Asked).ForgetNames, "name 2"},
		{"a frame begins", (*Asked).StartFrame, "name 2"},
		{"a block begins", (*Asked).StartBlock, "name 2"},
		{"not all changes are seen", func(a *Asked) { a.Hold(false) }, "name 2"},
	} {
		a := NewAsked(&namingHost{})
		a.Hold(true)
		a.HoldName(1)
		var b [64]byte
		a.Command(b[:], 1)
		tt.before(a)
		if got, ok := a.Command(b[:], 1); string(got) != tt.want || !ok {
			t.Errorf("%s: %s, %v, want %s", tt.what, got, ok, tt.want)
		}
	}
	a := NewAsked(&namingHost{})
	a.Hold(true)
	a.HoldName(3)
	var b [64]byte
	a.Command(b[:], 3)
	if a.Command(b[:], 3); a.Of.(*namingHost).asked != 2 {
		t.Error("a name that is not known is not asked again")
	}
}

// sharingHost uses the same pid namespace as the processes with numbers below 10; those
// with other numbers have ids that are larger by 100.
type sharingHost struct {
	host.Unknown
	looked int
}

func (h *sharingHost) SharesIDs(process int) bool {
	h.looked++
	return process < 10
}

func (h *sharingHost) Find(process, id int, _ host.IDKind) (own, found int) {
	return id + 100, id + 100
}

func (h *sharingHost) WorkingDir(b []byte, process int) []byte {
	return fmt.Appendf(b[:0], "/%d", process)
}

// TestSharedIDs checks that a namespace is examined once, and not for processes that
// inherit it.
func TestSharedIDs(t *testing.T) {
	h := &sharingHost{}
	a := NewAsked(h)
	find := func(process, want, looked int) {
		t.Helper()
		h.looked = 0
		if own, found := a.Find(process, 5, host.Thread); own != want || found != want || h.looked != looked {
			t.Errorf("5 of process %d is %d and %d after %d looks, want %d after %d", process, own, found, h.looked, want, looked)
		}
	}
	find(1, 105, 0) // not held
	a.Hold(true)
	find(0, 105, 0) // not that of a process
	find(1, 5, 1)
	find(1, 5, 0)
	a.InheritIDs(1, 2)
	find(2, 5, 0)
	find(12, 105, 1)
	find(12, 105, 1)
	a.InheritIDs(12, 13)
	find(13, 105, 1)
	a.ForgetProcess(1)
	find(1, 5, 1)
	find(2, 5, 0)
	a.StartFrame()
	find(2, 5, 1)
	a.StartBlock()
	find(2, 5, 1)
}

// TestInheritFiles checks that a new process inherits what is known of its creator, and
// nothing else.
func TestInheritFiles(t *testing.T) {
	for _, tt := range []struct {
		what   string
		before func(a *Asked)
		want   string
	}{
		{"nothing has happened", func(*Asked) {}, "/1"},
		{"a directory was changed", func(a *Asked) { a.ChangingDirs(); a.ChangedDirs() }, "/2"},
		{"a directory is being changed", (*Asked).ChangingDirs, "/2"},
		{"anything may be otherwise", (*Asked).Forget, "/2"},
		{"not all changes are seen", func(a *Asked) { a.Hold(false) }, "/2"},
	} {
		a := NewAsked(&sharingHost{})
		a.Hold(true)
		var b [64]byte
		a.WorkingDir(b[:], 1)
		tt.before(a)
		a.InheritFiles(1, 2)
		if got := string(a.WorkingDir(b[:], 2)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
	}
}
