package decode_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// catalogue are the packages of descriptions.
var catalogue = []string{
	"decode/bpf", "decode/file", "decode/ioctl", "decode/ipc", "decode/kvm", "decode/memory", "decode/net", "decode/netlink",
	"decode/process", "decode/uring",
}

// mayImport lists for each package of the module, without tests, the packages that it may
// import: names of packages, "name/..." for those below as well. A package that is not
// listed follows the rule of the nearest listed one above it.
var mayImport = map[string][]string{
	"cmd/trapline":                {"cmd/trapline/early", "cmd/trapline/tui", "trace", "trace/report", "trace/nearest", "trace/recording", "decode", "output/...", "tables"},
	"cmd/trapline/early":          {"cmd/trapline/early/cthreads", "tracer"},
	"cmd/trapline/early/cthreads": {},
	"cmd/trapline/tui":            {"trace", "trace/recording", "output/...", "tables"},
	"trace":                       {"tracer/...", "decode", "decode/host", "decode/registers", "output/...", "socketcall", "tables", "trace/..."},
	"trace/condition":             {"tables", "trace/nearest"},
	"trace/explain":               {"tracer", "decode", "decode/host", "output", "tables"},
	"trace/nearest":               {},
	"trace/why":                   {"tracer/unwind", "decode", "decode/host", "output", "socketcall", "tables"},
	"trace/recording":             {"decode", "decode/host", "tables"},
	"trace/report":                {"trace", "trace/nearest", "trace/recording", "output/cells", "output/json", "tables"},

	"tracer":          {"tracer/...", "tables"},
	"tracer/colocate": {"guardian", "tables"},
	"tracer/unwind":   {"tables"},

	"decode":                  append([]string{"decode/host", "decode/kernel", "decode/lang", "output", "tables"}, catalogue...),
	"decode/host":             {"guardian", "tables"},
	"decode/registers":        {"output", "tables"},
	"decode/lang":             {"output", "tables"},
	"decode/kernel":           {"decode/host", "decode/lang", "output", "tables"},
	"decode/uring":            {"decode/host", "decode/kernel", "decode/lang", "output", "tables"},
	"decode/net":              {"decode/netlink", "decode/kernel", "decode/lang", "output", "tables"},
	"decode/internal/fake":    {"decode/host", "decode/kernel", "decode/lang", "integration/jsonlines", "output/...", "tables"},
	"decode/internal/walk":    {"tables"},
	"decode/internal/clayout": {"decode/lang", "integration/need", "tables"},
	"decode/internal/decodetest": {
		"decode", "decode/host", "decode/internal/fake", "decode/kernel", "decode/lang", "integration/jsonlines", "output/...",
		"tables",
	},

	"output":            {"socketcall", "tables"},
	"output/cells":      {},
	"output/csv":        {"output/...", "tables"},
	"output/json":       {"output", "socketcall", "tables"},
	"output/perfetto":   {"output/...", "tables"},
	"output/text":       {"output", "output/cells", "socketcall", "tables"},
	"output/outputtest": {"integration/jsonlines", "output", "tables"},
	"socketcall":        {"tables"},
	"tables":            {"tables/..."},
	"guardian":          {},

	"integration": {"..."}, // programs and tests that use everything
}

// TestImportsPointOneWay checks that packages import only those that ARCHITECTURE.md
// allows.
func TestImportsPointOneWay(t *testing.T) {
	for _, name := range catalogue {
		if mayImport[name] == nil {
			mayImport[name] = []string{"decode/kernel", "decode/lang", "output", "tables"}
		}
	}
	const root = ".."
	seen := make(map[string]bool)
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch base := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && name != root && (base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_")):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go"):
			return nil
		}
		pkg, err := filepath.Rel(root, filepath.Dir(name))
		if err != nil {
			return err
		}
		pkg = filepath.ToSlash(pkg)
		seen[pkg] = true
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range file.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			if to, ok := strings.CutPrefix(p, "trapline/"); ok && !allowed(pkg, to) {
				t.Errorf("%s: %s must not import %s", name, pkg, to)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range mayImport {
		if !seen[pkg] && pkg != "trace" && pkg != "integration" {
			t.Errorf("there is no package %s", pkg)
		}
	}
}

// allowed reports whether a package may import another.
func allowed(pkg, to string) bool {
	from := pkg
	for mayImport[from] == nil {
		if from == "." {
			return false
		}
		from = path.Dir(from)
	}
	return slices.ContainsFunc(mayImport[from], func(may string) bool {
		if may == "..." {
			return true
		}
		if above, ok := strings.CutSuffix(may, "/..."); ok {
			return to == above || strings.HasPrefix(to, above+"/")
		}
		return to == may
	})
}
