//go:build linux && amd64

package buffered_test

import (
	"bytes"
	"debug/elf"
	"os"
	"testing"

	"trapline/tracer/buffered"
	"trapline/tracer/unwind"
)

// holes looks for a hole for each system call of a file and returns the share
// found, in percent.
func holes(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	functions, err := unwind.ReadFunctions(f)
	if err != nil {
		t.Fatal(err)
	}
	e, err := elf.NewFile(f)
	if err != nil {
		t.Fatal(err)
	}
	section := e.Section(".text")
	code, err := section.Data()
	if err != nil {
		t.Fatal(err)
	}
	text, ok := buffered.NewText(f, functions, section.Offset)
	if !ok {
		t.Fatal("the text is in no segment")
	}
	calls, found, loads := 0, 0, 0
	taken := map[uint64]bool{}
	for at := 0; ; {
		i := bytes.Index(code[at:], []byte{0x0f, 0x05})
		if i < 0 {
			break
		}
		at += i + 2
		calls++
		hole, ok := text.Hole(section.Addr + uint64(at))
		if !ok {
			if text.LoadsNumber(section.Addr + uint64(at)) {
				loads++
			}
			continue
		}
		found++
		for i := range uint64(buffered.JumpSize) {
			if taken[hole+i] {
				t.Errorf("%s: the hole at %#x has two users", path, hole)
			}
			taken[hole+i] = true
		}
	}
	if calls == 0 {
		t.Skip(path, "has no system calls")
	}
	t.Logf("%s: %d of %d, and %d by the instruction before", path, found, calls, loads)
	return 100 * found / calls
}

func TestHoles(t *testing.T) {
	for _, test := range []struct {
		path string
		want int // percent at least
	}{
		{"/lib/x86_64-linux-gnu/libc.so.6", 50},
		{"/lib64/ld-linux-x86-64.so.2", 40},
		{"/bin/busybox", 50},
		{"/proc/self/exe", 50}, // a Go program
	} {
		t.Run(test.path, func(t *testing.T) {
			if got := holes(t, test.path); got < test.want {
				t.Errorf("%d %% of the calls have a hole", got)
			}
		})
	}
}
