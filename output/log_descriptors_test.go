package output_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/output"
	"trapline/output/outputtest"
	"trapline/output/text"
)

// With more tracees than files that may be open, each file is complete and in order.
func TestFewDescriptors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	l, err := output.OpenLog(output.Destination{Name: name, Separate: true}, output.Options{Format: text.Format, Statuses: output.AllStatuses})
	if err != nil {
		t.Fatal(err)
	}
	const share = 3
	l.SetShare(share)
	const tracees, rounds = 20, 30
	records := make([]*output.Record, tracees)
	for i := range records {
		records[i] = outputtest.NewRecord(t, l, i)
	}
	for round := range rounds {
		for i, r := range records {
			outputtest.Call(r, fmt.Sprintf("call%d", round))
			outputtest.Finish(r, uint64(i))
			if (round+i)%7 == 0 {
				l.Flush() // as the flusher does at any time
			}
		}
		if opened := l.Opened(); opened > share {
			t.Fatalf("%d files are open", opened)
		}
	}
	for i, r := range records {
		if i%2 == 0 {
			r.Close()
		}
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if opened := l.Opened(); opened != 0 {
		t.Errorf("%d files stay open", opened)
	}
	for i := range records {
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

// If there are no more descriptors, other files are closed. If none is left to close, it is
// an error.
func TestNoDescriptors(t *testing.T) {
	name := filepath.Join(t.TempDir(), "log")
	l, err := output.OpenLog(output.Destination{Name: name, Separate: true}, output.Options{Format: text.Format, Statuses: output.AllStatuses})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	outputtest.NewRecord(t, l, 1)
	outputtest.NewRecord(t, l, 2)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	_, err = l.OpenFile(name, os.O_RDONLY)
	if limitErr := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); limitErr != nil {
		t.Fatal(limitErr)
	}
	if opened := l.Opened(); err == nil || opened != 0 {
		t.Errorf("%v with %d files open", err, opened)
	}
}
