// Package incidents replays the incidents that Holdfast must survive, with stock behaviour
// and with its plugins.
package incidents

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// incidents are what the replays have measured. A replay shows an incident with stock
// behaviour, and then without: each of its rows has a figure for either.
var incidents struct {
	sync.Mutex
	rows []string
}

// replayed adds a row to the table of the incidents: I1 to I5, what was counted, and the
// figures. It is printed at the end of the tests' output.
func replayed(t *testing.T, incident, what, stock, holdfast string) {
	t.Helper()
	incidents.Lock()
	defer incidents.Unlock()
	incidents.rows = append(incidents.rows, fmt.Sprintf("| %s | %s | %s | %s |", incident, what, stock, holdfast))
}

// incidentTable is the table as README.md has it, or "" without any row.
func incidentTable() string {
	incidents.Lock()
	defer incidents.Unlock()
	if len(incidents.rows) == 0 {
		return ""
	}
	slices.Sort(incidents.rows)
	return "| incident | what is counted | stock | Holdfast |\n|---|---|---|---|\n" + strings.Join(incidents.rows, "\n") + "\n"
}

func TestMain(m *testing.M) {
	code := m.Run()
	fmt.Print(incidentTable(), alertTable())
	os.Exit(code)
}

// The front page has a row for each that the replays add.
func TestREADMEHasTheRowsOfTheIncidents(t *testing.T) {
	_, table, _ := strings.Cut(lab.Read(t, "README.md"), "<!-- incidents -->\n")
	table, _, _ = strings.Cut(table, "\n\n")
	added := 0
	files, _ := filepath.Glob("*_test.go")
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\breplayed\(t, "([^"]+)", (?:"([^"]+)"|what)`).FindAllStringSubmatch(string(source), -1) {
			rows := [][]string{{"", m[2]}}
			if m[2] == "" { // I4 has a row for each scenario
				rows = regexp.MustCompile(`"[a-e]": "(\([a-e]\) [^"]+)"`).FindAllStringSubmatch(string(source), -1)
			}
			for _, row := range rows {
				added++
				if !strings.Contains(table, fmt.Sprintf("| %s | %s | ", m[1], row[1])) {
					t.Errorf("README.md has no row %q of %s", row[1], m[1])
				}
			}
		}
	}
	if lines := strings.Count(table, "\n") - 1; added != lines || added < 10 {
		t.Errorf("README.md has %d rows, the replays %d", lines, added)
	}
}
