package monitoring

import (
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/build/monitoring"
	"github.com/holdfastdns/holdfast/test/lab"
)

// chosen puts into an expression what Grafana does: all servers, and the window of a rate.
func chosen(expr string) string {
	return strings.NewReplacer("$job", ".+", "$instance", ".+", "$__rate_interval", "10s").Replace(expr)
}

// everyPanelHasData says that each expression of the dashboard, as it is committed, gave
// something while the fleet was watched.
func everyPanelHasData(t *testing.T, w *lab.Watch) {
	t.Helper()
	all := expressions(t)
	for _, expr := range all {
		samples := 0
		for _, s := range w.QueryRange(t, chosen(expr), w.Begin(), time.Now(), time.Second) {
			for _, sample := range s.Samples {
				if !math.IsNaN(sample.Value) {
					samples++
				}
			}
		}
		if samples == 0 {
			t.Errorf("the dashboard asks for nothing: %s", chosen(expr))
		}
	}
	t.Logf("%d expressions have data", len(all))
}

// expressions are all of dashboard.json, wherever they are.
func expressions(t *testing.T) (all []string) {
	t.Helper()
	var walk func(any)
	walk = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			if expr, ok := node["expr"].(string); ok {
				all = append(all, expr)
			}
			for _, child := range node {
				walk(child)
			}
		case []any:
			for _, child := range node {
				walk(child)
			}
		}
	}
	var dashboard any
	if err := json.Unmarshal([]byte(lab.Read(t, "build/monitoring/dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	walk(dashboard)
	rows, err := monitoring.Dashboard()
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	for _, r := range rows {
		for _, p := range r.Panels {
			want += len(p.Show)
		}
	}
	if len(all) != want || want < 30 {
		t.Errorf("dashboard.json has %d expressions, its source %d", len(all), want)
	}
	return all
}

// What Grafana needs to find it, and to ask: one uid, a tag, a data source that is chosen, and
// ids that are there once. No variable is asked for that is not there.
func TestTheDashboardIsOneThatGrafanaImports(t *testing.T) {
	var d struct {
		UID, Title string
		Tags       []string
		Templating struct{ List []struct{ Name, Type string } }
		Panels     []struct {
			ID         int
			Type       string
			Datasource struct{ Type, UID string }
			GridPos    struct{ X, Y, W, H int }
		}
	}
	text := lab.Read(t, "build/monitoring/dashboard.json")
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"__rate_interval": true, "__all": true}
	for _, v := range d.Templating.List {
		known[v.Name] = true
	}
	if d.UID != monitoring.UID || len(d.Tags) != 1 || d.Tags[0] != "coredns" || d.Templating.List[0].Type != "datasource" {
		t.Errorf("uid %s, tags %q, variables %v", d.UID, d.Tags, d.Templating.List)
	}
	for _, m := range regexp.MustCompile(`\$\{?(\w+)`).FindAllStringSubmatch(text, -1) {
		if !known[m[1]] {
			t.Errorf("there is no variable %s", m[1])
		}
	}
	taken, ids := make(map[[2]int]bool), make(map[int]bool)
	for _, p := range d.Panels {
		if p.Type != "row" && (p.Datasource.Type != "prometheus" || p.Datasource.UID != "${datasource}") || ids[p.ID] {
			t.Errorf("panel %+v", p)
		}
		ids[p.ID] = true
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if taken[at] || at[0] >= 24 {
					t.Fatalf("panel %d lies over another, or outside, at %v", p.ID, at)
				}
				taken[at] = true
			}
		}
	}
}
