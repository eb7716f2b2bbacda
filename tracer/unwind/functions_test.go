//go:build linux && amd64

package unwind

import (
	"debug/elf"
	"os"
	"testing"
)

// After finds the function that Before finds first at the addresses that follow, with a
// search table and without one.
func TestFunctionAfter(t *testing.T) {
	for _, path := range []string{"/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/bin/busybox"} {
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		defer f.Close()
		e, err := elf.NewFile(f)
		if err != nil {
			t.Fatal(err)
		}
		code := e.Section(".text")
		if code == nil || e.Section(".eh_frame") == nil {
			continue
		}
		for _, tabled := range []bool{true, false} {
			functions, err := ReadFunctions(f)
			if err != nil {
				t.Fatal(err)
			}
			if !tabled {
				functions.file.frames[0].table = searchTable{}
			}
			const most = 1 << 12 // bytes
			for addr := code.Addr; addr < code.Addr+min(code.Size, most); addr += 7 {
				want := addr
				for start, _, ok := functions.Before(want); !ok || start != want; start, _, ok = functions.Before(want) {
					want++
				}
				if start, ok := functions.After(addr); !ok || start != want {
					t.Fatalf("%s: the function after %#x starts at %#x, %v, want %#x", path, addr, start, ok, want)
				}
			}
			if start, ok := functions.After(1 << 62); ok {
				t.Errorf("%s: the function after all others starts at %#x", path, start)
			}
		}
	}
}
