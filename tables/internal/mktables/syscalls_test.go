package main

import (
	"strings"
	"testing"
)

// TestSyscallsAsInHeaders compares the system calls with those numbered by the
// headers in uapi/, which may be of a newer kernel than the .tbl files.
func TestSyscallsAsInHeaders(t *testing.T) {
	const dir = "../.."
	u, err := readUAPI(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, header string
		abis         []string
	}{
		{"syscall_64.tbl", "<asm/unistd_64.h>", []string{"common", "64"}},
		{"syscall_32.tbl", "<asm/unistd_32.h>", []string{"i386"}},
	} {
		rows, err := readTable(dir, c.file, c.abis)
		if err != nil {
			t.Fatal(err)
		}
		numbers := make(map[string]uint64)
		for _, constant := range u.consts[c.header] {
			if name, ok := strings.CutPrefix(constant.name, "__NR_"); ok {
				numbers[name] = constant.values[0]
			}
		}
		for _, r := range rows {
			if nr, ok := numbers[r.Name]; !ok || nr != uint64(r.Number) {
				t.Errorf("%s has %s as %d, %s as %d, %v", c.file, r.Name, r.Number, c.header, nr, ok)
			}
			delete(numbers, r.Name)
		}
		for name, nr := range numbers {
			t.Errorf("%s lacks %s, which is %d in %s", c.file, name, nr, c.header)
		}
	}
}
