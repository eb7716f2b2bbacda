//go:build linux && amd64

package tui

import "testing"

// A line has exactly the window's width: a call that is too long loses arguments, or the
// end of its result, and shows nothing twice.
func TestFitCall(t *testing.T) {
	for _, tt := range []struct {
		text  string
		width int
		want  string
	}{
		{"brk(NULL) = 0x560ad38aa000", 26, "brk(NULL) = 0x560ad38aa000"},
		{"brk(NULL) = 0x560ad38aa000", 25, "brk(NULL) = 0x560ad38aa0…"},
		{"brk(NULL) = 0x560ad38aa000", 20, "brk(NULL) = 0x560ad…"},
		{"read(3, buffer, 832) = 832", 20, "read(3, buff…) = 832"},
		{"mmap(NULL, 8192, 3) = 0x7f4f8646a000", 24, "mmap(NULL, 8…) = 0x7f4f…"},
		{"f(1) = -1 ENOENT (No such file or directory)", 20, "f(1) = -1 ENOENT    "},
	} {
		if got := fitCall(tt.text, tt.width); got != tt.want {
			t.Errorf("%q in %d columns: %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}
