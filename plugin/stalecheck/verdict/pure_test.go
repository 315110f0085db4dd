package verdict

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What a verdict follows from is what the caller hands in: no clock, network, log or
// goroutine of the package's own, and nothing of CoreDNS, so that a command can import it.
func TestThePackageIsPure(t *testing.T) {
	imports := []string{"fmt", "slices", "strconv", "strings", "time"}
	clock := []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	fset, read := token.NewFileSet(), 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		read++
		for _, spec := range file.Imports {
			if path, _ := strconv.Unquote(spec.Path.Value); spec.Name != nil || !slices.Contains(imports, path) {
				t.Errorf("%s: import of %s: want only %q, under their own names", fset.Position(spec.Pos()), path, imports)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%s: a goroutine", fset.Position(n.Pos()))
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, n.Sel.Name) {
					t.Errorf("%s: time.%s reads the clock: want now from the caller", fset.Position(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
	}
	if read == 0 {
		t.Error("no file was read")
	}
}

func TestAHistoryChangesOnlyByItsMethods(t *testing.T) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[History]()) {
		if field.IsExported() {
			t.Errorf("History.%s can be written by everybody", field.Name)
		}
	}
	references := []Reference{{Source: Primary, Address: "p0"}}
	h := New(asking(Primary), references)
	references[0].Address = "p1"
	if got := h.references[0].Address; got != "p0" {
		t.Errorf("a change of the caller's reference has become ours: %s", got)
	}
	report := h.Report(0)
	if report.Asked = true; h.references[0].Asked {
		t.Error("a change of what Report returned has become ours")
	}
}
