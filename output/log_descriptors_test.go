package output

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// More tracees than files may be open: each file has all that it should, in order.
func TestFewDescriptors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	l, err := OpenLog(Destination{Name: name, Separate: true}, Options{Statuses: AllStatuses})
	if err != nil {
		t.Fatal(err)
	}
	l.share = 3
	const tracees, rounds = 20, 30
	traces := make([]Trace, tracees)
	for i := range traces {
		traces[i] = newTrace(t, l, i)
	}
	for round := range rounds {
		for i, tr := range traces {
			call(tr, fmt.Sprintf("call%d", round))
			finish(tr, uint64(i))
			if (round+i)%7 == 0 {
				l.Flush() // as the flusher does at any time
			}
		}
		if opened := l.opened.Load(); opened > l.share {
			t.Fatalf("%d files are open", opened)
		}
	}
	for i, tr := range traces {
		if i%2 == 0 {
			tr.Close()
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if opened := l.opened.Load(); opened != 0 {
		t.Errorf("%d files stay open", opened)
	}
	for i := range traces {
		var want strings.Builder
		for round := range rounds {
			fmt.Fprintf(&want, "call%d() = %d\n", round, i)
		}
		b, err := os.ReadFile(fmt.Sprintf("%s.%d", name, i))
		if err != nil || string(b) != want.String() {
			t.Errorf("tracee %d: %v\n%s", i, err, b)
		}
	}
}

// Without descriptors files are closed until there is one, and then it is an error.
func TestNoDescriptors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	l, err := OpenLog(Destination{Name: name, Separate: true}, Options{Statuses: AllStatuses})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	newTrace(t, l, 1)
	newTrace(t, l, 2)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	_, err = l.openFile(name, os.O_RDONLY)
	if limitErr := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); limitErr != nil {
		t.Fatal(limitErr)
	}
	if opened := l.opened.Load(); err == nil || opened != 0 {
		t.Errorf("%v with %d files open", err, opened)
	}
}
