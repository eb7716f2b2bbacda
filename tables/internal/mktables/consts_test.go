package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each constant of constants.txt is used.
func TestConstantsUsed(t *testing.T) {
	const dir = "../.."
	u, err := readUAPI(dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := readConstants(facts{dir, u})
	if err != nil {
		t.Fatal(err)
	}
	used, err := namesOfTables(filepath.Join(dir, ".."), true)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if !used[c.name] {
			t.Errorf("nothing uses %s: remove it from tables/constants.txt, and run go generate ./tables", c.name)
		}
	}
}

func TestReadConstants(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"<linux/fcntl.h> AT_FDCWD\n  SEEK_END\n# no more\n", ""},
		{"O_SUCH", "no header defines O_SUCH"},
		{"<linux/such.h> O_RDONLY", "no constants of <linux/such.h>"},
		{"SEEK_END SEEK_END", "SEEK_END stands here twice"},
		{"<asm/fcntl.h>", "no constants of <asm/fcntl.h>"},
		{"__BITS_PER_LONG", "__BITS_PER_LONG depends on the ABI"},
		{"F_GETLK64", "F_GETLK64 depends on the ABI"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "constants.txt"), []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		u, err := readUAPI("../..")
		if err != nil {
			t.Fatal(err)
		}
		all, err := readConstants(facts{dir, u})
		switch {
		case c.want == "" && (err != nil || len(all) != 2 || int64(all[0].value) != -100 || all[1].value != 2):
			t.Errorf("%q: %v, error %v", c.text, all, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%q: error %v, want %s", c.text, err, c.want)
		}
	}
}
