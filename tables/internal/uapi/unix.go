package main

import (
	"bufio"
	"cmp"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"trapline/tables/internal/xsys"
)

// collectUnix writes the integer constants of golang.org/x/sys/unix that no
// header has, under the name <unix>. The kernel defines them outside its UAPI
// headers, such as address families and message flags.
func collectUnix(file string, known map[string]bool) error {
	dir, err := xsys.Dir()
	if err != nil {
		return err
	}
	var all []named
	index := make(map[string]int)
	for t, goarch := range []string{"amd64", "386"} {
		err := unixConstants(dir, goarch, func(name, value string) {
			i, ok := index[name]
			if !ok {
				i = len(all)
				index[name] = i
				all = append(all, named{name: name})
			}
			all[i].values[t] = value
		})
		if err != nil {
			return err
		}
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	w.WriteString("<unix>\n")
	for _, c := range all {
		if known[c.name] {
			continue
		}
		c.write(w)
	}
	return cmp.Or(w.Flush(), f.Close())
}

// unixConstants type-checks the constants in the generated files of one
// architecture, and calls f for each in source order.
func unixConstants(dir, goarch string, f func(name, value string)) error {
	paths, err := filepath.Glob(filepath.Join(dir, "z*_linux*.go"))
	if err != nil {
		return err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, path := range paths {
		base := strings.TrimSuffix(filepath.Base(path), ".go")
		if strings.HasPrefix(base, "zsysnum") || !strings.HasSuffix(base, "_linux") && !strings.HasSuffix(base, "_linux_"+goarch) {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		files = append(files, file)
	}
	info := types.Info{Defs: make(map[*ast.Ident]types.Object)}
	conf := types.Config{
		IgnoreFuncBodies: true,
		FakeImportC:      true,
		Error:            func(error) {}, // imports and functions of other files
		Sizes:            types.SizesFor("gc", goarch),
	}
	conf.Check("unix", fset, files, &info) // reports the first error again
	var consts []*types.Const
	for _, obj := range info.Defs {
		if c, ok := obj.(*types.Const); ok && c.Exported() && c.Val().Kind() == constant.Int {
			consts = append(consts, c)
		}
	}
	if len(consts) < 1000 {
		return fmt.Errorf("%s: %d constants for %s", dir, len(consts), goarch)
	}
	slices.SortFunc(consts, func(a, b *types.Const) int { return cmp.Compare(a.Pos(), b.Pos()) })
	for _, c := range consts {
		value := c.Val().ExactString()
		if n, exact := constant.Uint64Val(c.Val()); exact {
			value = fmt.Sprintf("%#x", n)
		}
		f(c.Name(), value)
	}
	return nil
}
