package promise

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// tables returns the cells of all tables in a text whose lines begin with a prefix.
func tables(text, prefix string) [][]string {
	var rows [][]string
	for line := range strings.Lines(text) {
		line, ok := strings.CutPrefix(strings.TrimSpace(line), prefix)
		if line = strings.TrimSpace(line); !ok || !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|-") {
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	return rows
}

// stateTables returns the rows of the two tables in the package comment, by what stands
// in their first one or two cells.
func stateTables(t *testing.T) (states map[string][]string, moves map[string]string) {
	t.Helper()
	source, err := os.ReadFile("promise.go")
	if err != nil {
		t.Fatal(err)
	}
	states, moves = map[string][]string{}, map[string]string{}
	rows := tables(string(source), "//")
	second := slices.IndexFunc(rows, func(row []string) bool { return row[0] == "from" })
	if second < 1 || len(rows[0]) != 3 || len(rows[second]) != 3 {
		t.Fatalf("the package comment has not the tables that it had: %q", rows)
	}
	for _, row := range rows[1:second] {
		states[row[0]] = row
	}
	for _, row := range rows[second+1:] {
		moves[row[0]+" -> "+row[1]] = row[2]
	}
	return states, moves
}

func TestTheTableOfStatesIsThatOfTheCode(t *testing.T) {
	states, _ := stateTables(t)
	if len(states) != len(stateNames) {
		t.Errorf("the table has %d states, the code has %d", len(states), len(stateNames))
	}
	for i, name := range stateNames {
		row, ok := states[name]
		if !ok {
			t.Errorf("state %s is not in the table", name)
			continue
		}
		gives := map[ID]bool{}
		for _, asker := range []ID{"a", "c"} {
			m := New("b", usual)
			m.state, m.fitness.Fit, m.fitness.AllPassed, m.terminating = State(i), true, true, false
			m.fitness.Fit = m.state != Aside // one that is fit comes back before it promises
			Requested{Request{From: asker, Number: 1, Lifetime: time.Second}}.apply(m)
			gives[asker] = m.actions[len(m.actions)-1].(Answer).Granted
		}
		want := "no"
		switch {
		case gives["a"] && gives["c"]:
			want = "yes"
		case gives["a"]:
			want = "to lower ids"
		case gives["c"]:
			want = "to higher ids"
		}
		if row[2] != want {
			t.Errorf("%s gives promises: the table says %q, the code %q", name, row[2], want)
		}
		if ready := strings.HasPrefix(row[1], "200"); ready != State(i).InService() {
			t.Errorf("%s is in service: the table says %v, the code %v", name, ready, State(i).InService())
		}
	}
}

func TestTheTableOfTransitionsIsWhatIsSeen(t *testing.T) {
	moved := map[[2]State]bool{}
	for _, s := range []space{
		{servers: 1, alone: true, terminate: 1, sick: 2, restarts: 1},
		{servers: 2, minPeers: 1, terminate: 1, sick: 2, room: 1, steps: 12},
		{servers: 1, terminate: 1, sick: 1, overrides: 2, steps: 12},
		{servers: 2, minPeers: 1, sick: 1, restarts: 1, room: 1, steps: 12},
	} {
		if _, transcript := s.walk(moved); transcript != "" {
			t.Fatal("\n" + transcript)
		}
	}
	compareMoves(t, moved)
}

// compareMoves compares all pairs of states that were seen with the table.
func compareMoves(t *testing.T, moved map[[2]State]bool) {
	t.Helper()
	_, want := stateTables(t)
	seen := map[string]bool{}
	for move := range moved {
		seen[move[0].String()+" -> "+move[1].String()] = true
	}
	for _, move := range slices.Sorted(maps.Keys(seen)) {
		if _, ok := want[move]; !ok {
			t.Errorf("%s happens, and is not in the table", move)
		}
	}
	for _, move := range slices.Sorted(maps.Keys(want)) {
		if !seen[move] {
			t.Errorf("%s is in the table, and does not happen", move)
		}
	}
}

func TestTheGuideHasTheTablesOfThePackageComment(t *testing.T) {
	readme, err := os.ReadFile("../../../docs/selfpreserve.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(readme), "\n## States\n")
	if !ok {
		t.Fatal("docs/selfpreserve.md has no section States")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	source, err := os.ReadFile("promise.go")
	if err != nil {
		t.Fatal(err)
	}
	want, got := tables(string(source), "//"), tables(section, "")
	if len(want) == 0 || len(want) != len(got) {
		t.Fatalf("the tables have %d rows in the package comment and %d in docs/selfpreserve.md", len(want), len(got))
	}
	for i := range want {
		if !slices.Equal(want[i], got[i]) {
			t.Errorf("the package comment says %q, docs/selfpreserve.md %q", want[i], got[i])
		}
	}
}
