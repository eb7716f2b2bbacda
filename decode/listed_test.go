package decode

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestDescriptionsAreListed finds descriptions of calls and ioctls that are not in any
// list, so that the calls would be shown as if they had no description. A variable of
// type Calls must be listed in its package's Groups, or be one of the Calls of a Rest;
// one of type Ioctls must be listed in Requests. Both lists must be in subsystems.go.
func TestDescriptionsAreListed(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, e := range entries {
		if !e.IsDir() || slices.Contains([]string{"internal", "lang", "kernel", "host", "registers"}, e.Name()) {
			continue
		}
		p := parseSources(t, e.Name())
		found += len(p.descriptions)
		for name, typ := range p.descriptions {
			if !p.listed[name] {
				t.Errorf("%s: %s is not in the package's list of %s", e.Name(), name, typ)
			}
		}
		for name := range p.lists {
			if name != "NativeRequests" && !face(t)[e.Name()+"."+name] {
				t.Errorf("%s.%s is not in subsystems.go", e.Name(), name)
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d variables are descriptions", found)
	}
}

// sources are the descriptions that a package's source declares and lists.
type sources struct {
	descriptions map[string]string // variables of type Calls or Ioctls, and the type
	lists        map[string]bool   // variables that list those
	listed       map[string]bool   // names in a list, or in the field Calls of a Rest
}

func parseSources(t *testing.T, dir string) sources {
	t.Helper()
	s := sources{make(map[string]string), make(map[string]bool), make(map[string]bool)}
	for _, file := range parseDir(t, dir) {
		for _, decl := range file.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.VAR {
				continue
			}
			for _, spec := range d.Specs {
				v := spec.(*ast.ValueSpec)
				for i, value := range v.Values {
					lit, ok := value.(*ast.CompositeLit)
					if !ok {
						continue
					}
					switch typ := typeName(lit.Type); typ {
					case "Calls", "Ioctls":
						s.descriptions[v.Names[i].Name] = typ
					case "[]Group", "[]Ioctls":
						s.lists[v.Names[i].Name] = true
						addNames(s.listed, lit)
					}
				}
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if kv, ok := n.(*ast.KeyValueExpr); ok {
				if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Calls" {
					addNames(s.listed, kv.Value)
				}
			}
			return true
		})
	}
	return s
}

// parseDir parses the files of a package, without its tests.
func parseDir(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// typeName is the name of a type without its package.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.ArrayType:
		return "[]" + typeName(e.Elt)
	}
	return ""
}

// addNames adds the names in an expression to a set.
func addNames(set map[string]bool, e ast.Expr) {
	ast.Inspect(e, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			set[id.Name] = true
		}
		return true
	})
}

// face returns the variables of other packages that subsystems.go names.
func face(t *testing.T) map[string]bool {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "subsystems.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	names := make(map[string]bool)
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := s.X.(*ast.Ident); ok {
				names[pkg.Name+"."+s.Sel.Name] = true
			}
		}
		return true
	})
	return names
}
