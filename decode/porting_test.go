package decode_test

import (
	"bufio"
	"go/build/constraint"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// forX86 are the folders whose code runs on the processor that it traces. All other code
// compiles for any processor, except files whose names end in _amd64.
var forX86 = []string{"cmd/trapline", "trace", "tracer"}

// constraintForX86 begins each Go file of these folders.
const constraintForX86 = "//go:build linux && amd64"

// TestPorting keeps docs/porting.md true.
func TestPorting(t *testing.T) {
	page, err := os.ReadFile("../docs/porting.md")
	if err != nil {
		t.Fatal(err)
	}
	const root = ".."
	files := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		base := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (base == "testdata" || strings.HasPrefix(base, ".")):
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		stem := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(base, ".go"), ".s"), "_test")
		ofAMD64 := strings.HasSuffix(stem, "_amd64")
		if ofAMD64 && !strings.Contains(string(page), "`"+base+"`") && !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/porting.md does not name %s", name)
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		files++
		isForX86 := slices.ContainsFunc(forX86, func(folder string) bool { return strings.HasPrefix(name, folder+"/") })
		switch got := constraintOf(t, path); {
		case isForX86 && got != constraintForX86:
			t.Errorf("%s: begins with %q, want %q", name, got, constraintForX86)
		case !isForX86 && got != "":
			t.Errorf("%s: has the constraint %q: only %v are for some machines", name, got, forX86)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files == 0 {
		t.Error("there are no Go files")
	}
}

// constraintOf returns the build constraint of a Go file, "" if it has none.
func constraintOf(t *testing.T, path string) string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "package ") {
		if constraint.IsGoBuild(lines.Text()) {
			return lines.Text()
		}
	}
	return ""
}
