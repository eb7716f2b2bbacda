package decode

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pureUnix are the names in golang.org/x/sys/unix that do not query the kernel and mean
// the same on every processor. Constants are not among them: those of unix are for the
// processor that trapline is built for, those of package tables for the tracee's.
var pureUnix = []string{"ByteSliceToString", "Errno", "Major", "Minor", "Signal", "WaitStatus"}

// TestOnlyHostAsks: data that is not in memory comes from the host, so that a decoder can
// have another one. No other package of the decoder opens files, makes system calls or
// reads the clock.
func TestOnlyHostAsks(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (path == "host" || path == "internal" || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		for _, complaint := range asks(t, path) {
			t.Error(complaint)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// asks returns the queries to the machine in a source file.
func asks(t *testing.T, path string) (complaints []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	complain := func(n ast.Node, what string) {
		complaints = append(complaints, files.Position(n.Pos()).String()+": "+what+" belongs into decode/host")
	}
	for _, i := range file.Imports {
		switch name, _ := strconv.Unquote(i.Path.Value); name {
		case "os", "os/exec", "io/ioutil", "net", "syscall", "unsafe", "C":
			complain(i, "what needs "+name)
		case "golang.org/x/sys/unix":
			if i.Name != nil {
				complain(i, "unix by another name")
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			if !ok {
				break
			}
			name := n.Sel.Name
			switch {
			case pkg.Name != "unix" || slices.Contains(pureUnix, name):
			case strings.ToUpper(name) == name:
				complaints = append(complaints, files.Position(n.Pos()).String()+": unix."+name+
					" is of this machine: add it to tables/constants.txt and run go generate ./tables")
			default:
				complain(n, "unix."+name)
			}
			if pkg.Name == "time" && (name == "Now" || name == "Since" || name == "Until") {
				complain(n, "time."+name)
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING && strings.Contains(n.Value, "/proc/") {
				complain(n, n.Value)
			}
		}
		return true
	})
	return complaints
}
