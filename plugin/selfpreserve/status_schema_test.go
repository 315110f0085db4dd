package selfpreserve

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire/schematest"
)

// statusText is what GET /status says.
func (n *node) statusText() string {
	recorder := httptest.NewRecorder()
	n.handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/status", nil))
	return recorder.Body.String()
}

// agedZones is a plugin that can tell of zones.
type agedZones []struct {
	zone, verdict, why string
	age, maxAge        time.Duration
	silence            time.Duration
}

func (a agedZones) EachZone(tell func(zone, verdict, why string, age, maxAge, silence time.Duration)) {
	for _, z := range a {
		tell(z.zone, z.verdict, z.why, z.age, z.maxAge, z.silence)
	}
}

func TestStatusIsAsItsSchemaSaysInEveryState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := full(t)
		s.showZones(agedZones{{"a.test.", "fresh", "", 0, time.Minute, -1}, {"b.test.", "unknown", "primary: no answer", -1, time.Minute, time.Hour}})
		schematest.Status(t, s.statusText())
		s.checks.add("canary b. A", func(context.Context) error { return nil })
		s.showChecks()
		s.step(promise.Override{Kind: promise.Stay, Reason: "the other site is down"})
		s.step(promise.Fitness{Why: "canary a. A: SERVFAIL"})
		schematest.Status(t, s.statusText())
		s.step(promise.Override{Kind: promise.Resume})
		s.step(promise.Terminate{})
		schematest.Status(t, s.statusText())
		s.step(promise.Override{Kind: promise.Leave, Reason: "it is broken"})
		schematest.Status(t, s.statusText())

		f := newFleet(t, 3, near(1))
		f.nodes[0].fails("SERVFAIL")
		f.sever(between(1))
		time.Sleep(30 * time.Second)
		f.kill(f.nodes[1])
		time.Sleep(30 * time.Second)
		set := near(1)
		set.observe = true
		for _, m := range append(f.nodes, newFleet(t, 2, set).nodes...) {
			schematest.Status(t, m.statusText())
		}
	})
	alone := newNode("id-me", defaultConfig(), func() time.Duration { return 0 }, nil)
	schematest.Status(t, alone.statusText())
}

// showZones shows the zones of plugins.
func (s *still) showZones(plugins ...zoneTeller) {
	s.show(func(s *shown) { s.zones = plugins })
}

// Each field that the code can write is in the schema with a description, and no other.
func TestTheSchemaDescribesEachField(t *testing.T) {
	text, err := os.ReadFile("wire/status.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	var described, strict int
	var walk func(at string, v any)
	walk = func(at string, v any) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		if m["type"] == "object" {
			if strict++; m["additionalProperties"] != false {
				t.Errorf("%s takes fields that are not described", at)
			}
		}
		if properties, ok := m["properties"].(map[string]any); ok {
			for name, p := range properties {
				if text, _ := p.(map[string]any)["description"].(string); len(text) < 5 || !strings.HasSuffix(text, ".") && name != "schema_version" {
					t.Errorf("%s.%s has the description %q", at, name, text)
				}
				described++
			}
		}
		for name, inner := range m {
			walk(at+"."+name, inner)
		}
	}
	walk("", schema)
	if described < 40 || strict < 7 {
		t.Errorf("%d fields of %d objects", described, strict)
	}
}

func TestStatusAnswersWhileTheMachineIsBusy(t *testing.T) {
	s := full(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	done := make(chan string)
	go func() { done <- s.statusText() }()
	select {
	case got := <-done:
		schematest.Status(t, got)
	case <-time.After(10 * time.Second):
		t.Fatal("/status waits for the machine")
	}
	if metrics := gauges(t, s.node); !strings.Contains(metrics, "state serving 1") {
		t.Errorf("the metrics are %s", metrics)
	}
}

func TestAZoneOfTwoServerBlocksIsToldOnceAndAtItsWorst(t *testing.T) {
	s := newStill(t)
	s.showZones(
		agedZones{{"a.test.", "fresh", "", time.Second, time.Minute, -1}, {"b.test.", "stale", "70s behind", 70 * time.Second, time.Minute, time.Second}},
		agedZones{{"b.test.", "fresh", "", 2 * time.Second, time.Minute, 3 * time.Minute}, {"a.test.", "unknown", "no answer", -1, time.Minute, -1}},
	)
	got := s.status(time.Now()).Zones
	if len(got) != 2 || got[0] != (wire.Zone{Name: "a.test.", Verdict: "unknown", MaxAge: 60, Reason: "no answer"}) ||
		got[1].Verdict != "stale" || *got[1].Age != 70 || got[1].Reason != "70s behind" || *got[1].PrimarySilence != 180 {
		t.Errorf("%+v", got)
	}
}
