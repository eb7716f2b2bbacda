package host

import (
	"os"
	"path/filepath"
	"testing"
)

// TestHasName checks files that are really called "x (deleted)", which is also
// the kernel's name for a deleted file x. A file may have several names.
func TestHasName(t *testing.T) {
	dir := t.TempDir()
	var l Local
	for _, tt := range []struct {
		name, other string
		remove      bool
		want        bool
	}{
		{name: "really (deleted)", want: true},
		{name: "gone", remove: true},
		{name: "linked", other: "link", remove: true},
		{name: "twice", other: "twice (deleted)", remove: true, want: true}, // the same file
	} {
		path := filepath.Join(dir, tt.name)
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if tt.other != "" {
			if err := os.Link(path, filepath.Join(dir, tt.other)); err != nil {
				t.Fatal(err)
			}
		}
		if tt.remove {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		fd := int(file.Fd())
		name := l.Descriptor(buf(), self, fd)
		if got := l.HasName(self, fd, name); got != tt.want {
			t.Errorf("%s has its name: %v, want %v", name, got, tt.want)
		}
	}
}
