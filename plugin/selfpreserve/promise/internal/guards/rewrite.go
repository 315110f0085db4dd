package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// guard is a condition of the code, or one term of it, that can be broken.
type guard struct {
	where  string // file:line
	term   string // as it stands there
	broken bool   // what it always is when it is broken
	kind   string // of the term: "if", "case", or the operator that it stands beside
	within int    // where the function begins that it is of, an octet of the file

	from, to int // octets of the file
}

func (g guard) file() string {
	file, _, _ := strings.Cut(g.where, ":")
	return file
}

func (g guard) String() string { return fmt.Sprintf("%s: %s %s", g.where, g.kind, g.term) }

// find returns the guards of a file: each condition of an if or of a case without a value,
// which is taken out by being false, and each term beside && or ||, which is taken out by
// being what changes nothing: true or false.
func find(name string, source []byte) ([]guard, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var all []guard
	within := 0
	add := func(kind string, e ast.Expr, broken bool) {
		from, to := fset.Position(e.Pos()), fset.Position(e.End())
		term := strings.Join(strings.Fields(string(source[from.Offset:to.Offset])), " ")
		all = append(all, guard{fmt.Sprintf("%s:%d", name, from.Line), term, broken, kind, within, from.Offset, to.Offset})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			within = fset.Position(n.Pos()).Offset
		case *ast.IfStmt:
			add("if", n.Cond, false)
		case *ast.SwitchStmt:
			for _, clause := range n.Body.List {
				for _, e := range clause.(*ast.CaseClause).List {
					if n.Tag == nil {
						add("case", e, false)
					}
				}
			}
		case *ast.BinaryExpr:
			if n.Op == token.LAND || n.Op == token.LOR {
				for _, e := range []ast.Expr{n.X, n.Y} {
					if term, ok := e.(*ast.BinaryExpr); !ok || term.Op != n.Op {
						add(n.Op.String(), e, n.Op == token.LAND)
					}
				}
			}
		}
		return true
	})
	return all, nil
}

// wrap returns the source with each guard in a call of breakable, which has its number, counted
// from first.
func wrap(source []byte, all []guard, first int) string {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { // the outer one first
		return cmp.Or(cmp.Compare(all[a].from, all[b].from), cmp.Compare(all[b].to, all[a].to))
	})
	opens, closes := map[int]string{}, map[int]string{}
	for _, i := range order {
		opens[all[i].from] += fmt.Sprintf("breakable(%d, %v, ", first+i, all[i].broken)
		closes[all[i].to] += ")"
	}
	var text strings.Builder
	for at := range len(source) + 1 {
		text.WriteString(closes[at] + opens[at])
		if at < len(source) {
			text.WriteByte(source[at])
		}
	}
	return text.String()
}

// breakableSource is what wrapped code calls. GUARDS has the numbers of those that are broken.
const breakableSource = `package promise

import (
	"os"
	"strconv"
	"strings"
)

func brokenGuards() (one, other int) {
	a, b, _ := strings.Cut(os.Getenv("GUARDS"), ",")
	one, _ = strconv.Atoi(a)
	other, _ = strconv.Atoi(b)
	return one, other
}

var brokenOne, brokenOther = brokenGuards()

func breakable(n int, broken, is bool) bool {
	if n == brokenOne || n == brokenOther {
		return broken
	}
	return is
}
`
