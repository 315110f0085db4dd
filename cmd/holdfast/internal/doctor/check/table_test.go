package check_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/check"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/corefile"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/manifest"
)

// example is a change to what is good, after which a check finds something, or does not.
type example struct {
	name   string
	change []string           // pairs of what stands in the Corefile or the manifests once, and what is put there
	live   []check.LiveServer // instead of the Corefile and the manifests
	certs  []check.Certificate
	finds  string // part of what is said; a silent example has none
	also   string // another check that finds something, by its nature

	noCorefile bool // it is not known
}

// Each check has examples that it finds and such that it does not, by its ID.
var examples = map[string][]example{}

// add is for the files that have the examples of a section.
func add(id string, of ...example) bool {
	examples[id] = append(examples[id], of...)
	return true
}

var now = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// objectsOf keeps what is read: no check changes it.
var objectsOf = make(map[string]*manifest.Objects)

// input is what the example is of.
func (e example) input(t *testing.T) *check.Input {
	t.Helper()
	in := &check.Input{Now: now}
	if e.live != nil {
		in.Live = &check.Live{Servers: e.live}
		return in
	}
	text, manifests := goodCorefile, goodManifests
	for pair := range slices.Chunk(e.change, 2) {
		if n := strings.Count(text, pair[0]) + strings.Count(manifests, pair[0]); n != 1 {
			t.Fatalf("%q stands there %d times", pair[0], n)
		}
		text = strings.Replace(text, pair[0], pair[1], 1)
		manifests = strings.Replace(manifests, pair[0], pair[1], 1)
	}
	c, err := corefile.Read("", "Corefile", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	all := objectsOf[manifests]
	if all == nil {
		all = new(manifest.Objects)
		if err := all.Add("deployment.yaml", []byte(manifests)); err != nil {
			t.Fatal(err)
		}
		objectsOf[manifests] = all
	}
	in.Odd = all.Odd
	if e.noCorefile {
		c = nil
	}
	for _, w := range all.Servers() {
		in.Servers = append(in.Servers, check.Server{Name: w.String(), Corefile: c, Workload: &w, Objects: all, Certificates: e.certs})
	}
	if len(in.Servers) == 0 {
		in.Servers = []check.Server{{Name: "Corefile", Corefile: c, Objects: all, Certificates: e.certs}}
	}
	return in
}

func all(string) bool { return true }

// said are the findings, each behind its check's ID.
func said(results []check.Result) (found []string) {
	for _, r := range results {
		for _, f := range r.Findings {
			found = append(found, fmt.Sprintf("%s: %s", r.ID, f.Reason))
		}
		if (len(r.Findings) == 0) != (r.Result == check.Fine) {
			found = append(found, fmt.Sprintf("%s has %d findings and is %s", r.ID, len(r.Findings), r.Result))
		}
	}
	return found
}

func TestEachCheckFindsWhatItIsForAndNothingElse(t *testing.T) {
	for id, of := range examples {
		if !slices.ContainsFunc(check.Checks, func(c check.Check) bool { return c.ID == id }) {
			t.Errorf("there is no check %s", id)
		}
		for _, e := range of {
			t.Run(id+"/"+e.name, func(t *testing.T) {
				found := said(check.Run(e.input(t), func(id string) bool { return id != e.also }))
				if e.finds == "" {
					if len(found) > 0 {
						t.Errorf("it says %q", found)
					}
					return
				}
				if len(found) != 1 || !strings.HasPrefix(found[0], id+": ") || !strings.Contains(found[0], e.finds) {
					t.Errorf("it says %q, want one about %q", found, e.finds)
				}
			})
		}
	}
}

// A check that nobody has seen find something, or stay silent where it applies, is none.
func TestEachCheckHasAnExampleItFindsAndOneItDoesNot(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range check.Checks {
		if seen[c.ID] || c.ID == "" || c.Title == "" || c.Section == "" || c.Level != check.Wrong && c.Level != check.Warning {
			t.Errorf("check %+v is given twice or lacks something", c)
		}
		seen[c.ID] = true
		finds, silent := false, false
		for _, e := range examples[c.ID] {
			finds = finds || e.finds != ""
			applies := len(check.Run(e.input(t), func(id string) bool { return id == c.ID })) > 0
			silent = silent || e.finds == "" && applies
		}
		if !finds || !silent {
			t.Errorf("%s: an example that it finds: %t, one to which it applies and in which it finds nothing: %t", c.ID, finds, silent)
		}
	}
}

// "Not configured" is no finding: of what a server does not have nothing is said.
func TestChecksJudgeOnlyWhatAServerHas(t *testing.T) {
	results := func(e example) (ids []string) {
		for _, r := range check.Run(e.input(t), all) {
			ids = append(ids, r.ID)
		}
		return ids
	}
	bare := example{change: []string{goodCorefile, ".:53 {\n whoami\n}\n", goodManifests, ""}}
	always := []string{"unknown-plugin"} // of every Corefile
	if ids := results(bare); !slices.Equal(ids, always) {
		t.Errorf("of a bare Corefile %q are judged", ids)
	}
	alone := example{change: []string{goodCorefile, ".:53 {\n selfpreserve\n whoami\n}\n", goodManifests, ""}}
	if ids := results(alone); !slices.Equal(ids, always) {
		t.Errorf("of a server without peers %q are judged", ids)
	}
	stock := example{change: []string{goodCorefile, ".:53 {\n health {\n  lameduck 10s\n }\n ready\n forward . 192.0.2.1\n}\n", "port: ready", "port: 8181"}}
	want := []string{"unknown-plugin", "grace-period", "lame-duck", "rollout", "readiness-probe", "liveness-probe", "one-replica", "same-node", "disruption-budget", "manifest-fields"}
	if ids := results(stock); !slices.Equal(ids, want) {
		t.Errorf("of stock CoreDNS %q are judged, want %q", ids, want)
	}
	if found := said(check.Run(stock.input(t), all)); len(found) > 0 {
		t.Errorf("of stock CoreDNS it says %q", found)
	}
}
