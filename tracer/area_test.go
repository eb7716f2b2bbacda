//go:build linux && amd64

package tracer

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"trapline/tracer/buffered"
)

// A file that is not that of a new area is neither changed nor mapped as one.
func TestAreaOfAnotherFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	memfd := func(flags int, seals, size int) *os.File {
		t.Helper()
		fd, err := unix.MemfdCreate("test", flags|unix.MFD_CLOEXEC)
		if err != nil {
			t.Fatal(err)
		}
		f := os.NewFile(uintptr(fd), "memfd")
		if err := f.Truncate(int64(size)); err != nil {
			t.Fatal(err)
		}
		if seals != 0 {
			if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
				t.Fatal(err)
			}
		}
		return f
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what string
		f    *os.File
		ok   bool
	}{
		{"an ordinary file", file, false},
		{"a file without seals", memfd(0, 0, 0), false},
		{"the file of an area in use", memfd(unix.MFD_ALLOW_SEALING, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL, buffered.AreaFileSize), false},
		{"a file with data", memfd(unix.MFD_ALLOW_SEALING, 0, 5), false},
		{"a new file", memfd(unix.MFD_ALLOW_SEALING, 0, 0), true},
	} {
		before, err := test.f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		tracer := &Tracer{buffered: &bufferedState{}}
		a, err := tracer.mapArea(int(test.f.Fd()), buffered.AreaAddr(0))
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", test.what, err)
		}
		if a != nil {
			a.Close()
		}
		if after, err := test.f.Stat(); err != nil || !test.ok && after.Size() != before.Size() {
			t.Errorf("%s has %d bytes, before it had %d (%v)", test.what, after.Size(), before.Size(), err)
		}
		test.f.Close()
	}
	if text, err := os.ReadFile(name); err != nil || !bytes.Equal(text, []byte("text")) {
		t.Errorf("the ordinary file has %q (%v)", text, err)
	}
}
