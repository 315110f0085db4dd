package monitoring

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed dashboard.yaml
var dashboard []byte

// Row is a row of the dashboard.
type Row struct {
	Title  string  `json:"row"`
	Panels []Panel `json:"panels"`
}

// Panel is a panel of the dashboard. Unit is one of Grafana's, such as s or reqps.
type Panel struct {
	Title string   `json:"title"`
	Kind  string   `json:"kind"`
	About string   `json:"about"`
	Unit  string   `json:"unit"`
	Show  []Series `json:"show"`
}

// Series is an expression, and what the legend says of each series that comes of it.
type Series struct {
	Expr   string `json:"expr"`
	Legend string `json:"legend"`
}

// servers are those that are chosen by the variables of the dashboard.
const servers = `job=~"$job", instance=~"$instance"`

// Dashboard returns the rows of the dashboard, with expressions as Grafana has them. In a
// panel without a kind it is timeseries.
func Dashboard() (rows []Row, err error) {
	if err := yaml.UnmarshalStrict(dashboard, &rows); err != nil {
		return nil, err
	}
	for _, r := range rows {
		for i := range r.Panels {
			p := &r.Panels[i]
			if p.Kind == "" {
				p.Kind = "timeseries"
			}
			if p.Title == "" || len(p.Show) == 0 {
				return nil, errors.New("row " + r.Title + " has a panel without a title, or that shows nothing")
			}
			for j := range p.Show {
				p.Show[j].Expr = strings.ReplaceAll(p.Show[j].Expr, "$servers", servers)
			}
		}
	}
	return rows, nil
}

// UID is the dashboard's, by which links find it wherever it is imported.
const UID = "holdfast"

// object is JSON's.
type object = map[string]any

// source is the data source that is chosen above the dashboard.
var source = object{"type": "prometheus", "uid": "${datasource}"}

// DashboardJSON returns the dashboard in the form that Grafana imports.
func DashboardJSON() ([]byte, error) {
	rows, err := Dashboard()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err = e.Encode(object{
		"uid": UID, "title": "CoreDNS with Holdfast", "tags": []string{"coredns"},
		"description":   "Made of dashboard.yaml: see build/monitoring in github.com/holdfastdns/holdfast",
		"schemaVersion": 39, "editable": true, "refresh": "30s",
		"time":       object{"from": "now-6h", "to": "now"},
		"templating": object{"list": variables()},
		"panels":     laidOut(rows),
	})
	return out.Bytes(), err
}

// variables are what is chosen above the dashboard.
func variables() []object {
	query := func(name, label, expr string) object {
		return object{"name": name, "label": label, "type": "query", "datasource": source, "query": expr, "refresh": 2,
			"sort": 1, "multi": true, "includeAll": true, "allValue": ".+", "current": object{"text": "All", "value": "$__all"}}
	}
	return []object{
		{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
		query("job", "Job", "label_values(coredns_build_info, job)"),
		query("instance", "Server", `label_values(coredns_build_info{job=~"$job"}, instance)`),
	}
}
