package main

import (
	"slices"
	"testing"
)

func TestEachConditionAndEachTermOfOneIsAGuard(t *testing.T) {
	const source = `package a

func f(a, b, c bool, n int) bool {
	if x := n; x > 0 && (a || !b) {
		return true
	}
	switch {
	case a, n == 1:
	}
	switch n {
	case 1:
	}
	return a && b && g(func() bool { return a || c })
}
`
	all, err := find("a.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, g := range all {
		got = append(got, g.String())
	}
	want := []string{
		"a.go:4: if x > 0 && (a || !b)", "a.go:4: && x > 0", "a.go:4: && (a || !b)", "a.go:4: || a", "a.go:4: || !b",
		"a.go:8: case a", "a.go:8: case n == 1",
		"a.go:13: && g(func() bool { return a || c })", "a.go:13: && a", "a.go:13: && b", "a.go:13: || a", "a.go:13: || c",
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant\n%q", got, want)
	}
	if text := wrap([]byte("if a && b {}"), []guard{{broken: false, from: 3, to: 9}, {broken: true, from: 3, to: 4}, {broken: true, from: 8, to: 9}}, 7); text != "if breakable(7, false, breakable(8, true, a) && breakable(9, true, b)) {}" {
		t.Error(text)
	}
}

func TestABrokenGuardIsSeen(t *testing.T) {
	t.Chdir("../../../../..")
	all, binary, err := build(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if by := tried(binary, "", quick); by != "" {
		t.Fatalf("with no guard broken %s fails", by)
	}
	i := slices.IndexFunc(all, func(g guard) bool { return g.term == "m.suffice(m.held)" })
	if i < 0 {
		t.Fatal("the rule is not found")
	}
	if by := tried(binary, numbers([]int{i + 1}), quick); by == "" {
		t.Errorf("nobody sees that %s is broken", all[i])
	}
}
