package plugintest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// clocks are what package time has that reads a clock or waits. The rest, such as
// Duration and Time, is arithmetic.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}

// Pure fails the test unless the package whose tests run imports no more than these, reads
// no clock and starts no goroutine: what it decides follows from what it is told.
func Pure(t *testing.T, allowed ...string) {
	t.Helper()
	for _, what := range impurities(t, ".", allowed) {
		t.Error(what)
	}
}

// impurities are what the package in dir has and must not have, its tests apart.
func impurities(t *testing.T, dir string, allowed []string) (found []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	if len(names) == 0 {
		t.Fatalf("no Go files in %s", dir)
	}
	files := token.NewFileSet()
	add := func(at token.Pos, text string) {
		p := files.Position(at)
		found = append(found, fmt.Sprintf("%s:%d: %s", filepath.Base(p.Filename), p.Line, text))
	}
	for _, name := range names {
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		clock := "" // what this file calls package time
		for _, i := range file.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			switch {
			case !slices.Contains(allowed, path):
				add(i.Pos(), "imports "+path)
			case i.Name != nil && i.Name.Name == ".":
				add(i.Pos(), "imports "+path+" without its name")
			case path == "time" && i.Name != nil:
				clock = i.Name.Name
			case path == "time":
				clock = "time"
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				add(n.Pos(), "starts a goroutine")
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && clock != "" && x.Name == clock && slices.Contains(clocks, n.Sel.Name) {
					add(n.Pos(), "reads a clock: time."+n.Sel.Name)
				}
			}
			return true
		})
	}
	return found
}
