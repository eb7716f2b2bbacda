package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestSetsUsed finds unused sets: neither Go code other than tests nor another
// set names them.
func TestSetsUsed(t *testing.T) {
	const dir = "../.."
	u, err := readUAPI(dir)
	if err != nil {
		t.Fatal(err)
	}
	byFile, err := loadSets(facts{dir, u})
	if err != nil {
		t.Fatal(err)
	}
	used, err := namesOfTables(filepath.Join(dir, ".."), false)
	if err != nil {
		t.Fatal(err)
	}
	for _, sets := range byFile {
		for _, s := range sets {
			for _, term := range s.terms {
				if other, ok := strings.CutPrefix(term, "@"); ok {
					used[other] = true
				}
			}
		}
	}
	for _, sets := range byFile {
		for _, s := range sets {
			if !used[s.name] {
				t.Errorf("tables/sets/%s:%d: nothing uses %s: remove it there, and run go generate ./tables", s.file, s.line, s.name)
			}
		}
	}
}

// namesOfTables returns the names of package tables that the Go code below root
// uses, except in generated files and, unless tests is true, in tests.
func namesOfTables(root string, tests bool) (map[string]bool, error) {
	names := make(map[string]bool)
	home := filepath.Join(root, "tables")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if path != root && (name == "testdata" || strings.HasPrefix(name, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		atHome := filepath.Dir(path) == home
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") && !tests || atHome && strings.HasPrefix(name, "z") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		pkg := nameOfImport(f, "trapline/tables")
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == pkg {
					names[n.Sel.Name] = true
				}
			case *ast.Ident:
				if atHome {
					names[n.Name] = true
				}
			}
			return true
		})
		return nil
	})
	return names, err
}

// nameOfImport returns a file's name for a package, or "" if it does not import
// it.
func nameOfImport(f *ast.File, path string) string {
	for _, imp := range f.Imports {
		if imp.Path.Value == strconv.Quote(path) {
			if imp.Name != nil {
				return imp.Name.Name
			}
			return filepath.Base(path)
		}
	}
	return ""
}

func TestNamesOfTables(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{
		"decode/a.go":      "package decode\nimport \"trapline/tables\"\nvar a = tables.Plain.Field",
		"decode/b.go":      "package decode\nimport facts \"trapline/tables\"\nvar b = f(facts.Renamed)",
		"decode/c.go":      "package decode\nvar c = tables.NotImported",
		"decode/a_test.go": "package decode\nimport \"trapline/tables\"\nvar t = tables.Test",
		"testdata/a.go":    "package main\nimport \"trapline/tables\"\nvar t = tables.Testdata",
		"tables/set.go":    "package tables\nvar home = &Home",
		"tables/zsets.go":  "package tables\nvar Made = &Set{}",
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	names, err := namesOfTables(root, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Plain", "Renamed", "Home"} {
		if !names[name] {
			t.Errorf("%s is not found", name)
		}
	}
	for _, name := range []string{"Field", "NotImported", "Test", "Testdata", "Made"} {
		if names[name] {
			t.Errorf("%s is found", name)
		}
	}
	names, err = namesOfTables(root, true)
	if err != nil || !names["Test"] {
		t.Errorf("what tests use is not found: %v, %v", names, err)
	}
}
