package main

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"

	"trapline/integration/need"
)

// integration is the package with the tests that need virtual machines.
const integration = "trapline/integration"

// variables are the names of features in the source of tests.
var variables = map[string]*need.Feature{"FunctionGraph": need.FunctionGraph, "OwnMachine": need.OwnMachine, "I386": need.I386}

// testsNeeding returns the tests of a package that name one of some features in their
// source, as need.FunctionGraph.
func testsNeeding(ctx context.Context, pkg string, features []string) ([]testName, error) {
	folder, err := packageFolder(ctx, pkg)
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		return nil, err
	}
	var tests []testName
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("tests of %s: %w", pkg, err)
		}
		for _, d := range tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") && names(f, features) {
				tests = append(tests, testName{pkg, f.Name.Name})
			}
		}
	}
	return tests, nil
}

// names reports whether a function refers to one of some features.
func names(f *ast.FuncDecl, features []string) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			x, ok := s.X.(*ast.Ident)
			v := variables[s.Sel.Name]
			found = found || ok && x.Name == "need" && v != nil && slices.Contains(features, v.Name())
		}
		return !found
	})
	return found
}
