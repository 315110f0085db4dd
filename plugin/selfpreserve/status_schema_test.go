package selfpreserve

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"
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
}

func (a agedZones) EachZone(tell func(zone, verdict, why string, age, maxAge time.Duration)) {
	for _, z := range a {
		tell(z.zone, z.verdict, z.why, z.age, z.maxAge)
	}
}

func TestStatusIsAsItsSchemaSaysInEveryState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := full(t)
		s.showZones(agedZones{{"a.test.", "fresh", "", 0, time.Minute}, {"b.test.", "unknown", "primary: no answer", -1, time.Minute}})
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
		f.nodes[2].conf.observe = true
		f.sever(between(1))
		time.Sleep(30 * time.Second)
		f.kill(f.nodes[1])
		time.Sleep(30 * time.Second)
		for _, m := range f.nodes {
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

func TestTheLastHundredChangesAreTheNewestFirst(t *testing.T) {
	s := newStill(t)
	for i := range 150 {
		s.clock += time.Second
		s.mu.Lock()
		s.record(fmt.Sprint("change ", i), "")
		s.mu.Unlock()
	}
	got := s.status(time.Unix(1000, 0)).Changes
	if len(got) != 100 || got[0].What != "change 149" || got[99].What != "change 50" || got[0].Time.Unix() != 1000 || got[99].Time.Unix() != 901 {
		t.Errorf("%d changes, from %+v to %+v", len(got), got[0], got[len(got)-1])
	}
}

// whatChanged are the changes in order, without times.
func (n *node) whatChanged() (all []string) {
	for _, c := range n.shown.Load().changes {
		text := c.what
		if c.why != "" {
			text += ": " + c.why
		}
		all = append([]string{text}, all...)
	}
	return all
}

func TestTheHistoryHasWhatHappenedToAServerAndItsPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		m := f.nodes[0]
		m.fails("SERVFAIL")
		time.Sleep(5 * time.Second)
		f.kill(f.nodes[1])
		time.Sleep(11 * time.Second)
		m.heals()
		time.Sleep(3 * time.Second)
		m.run(f.dependencies(m)) // a reload
		name := hostName()
		want := []string{
			"state serving",
			"peer 10.0.0.2:8182 (" + name + ") serving",
			`check "canary test. A" fails: SERVFAIL`,
			"state asking: canary test. A: SERVFAIL",
			"state aside: canary test. A: SERVFAIL, has 1 of 1 promises",
			"peer 10.0.0.2:8182 (" + name + ") unreachable",
			"state asking: canary test. A: SERVFAIL",
			"stays in service: canary test. A: SERVFAIL",
			"no peer answers",
			`check "canary test. A" passes`,
			"state serving",
			"reload",
		}
		got := slices.DeleteFunc(m.whatChanged(), func(what string) bool { // as fast as the peer starts
			return strings.HasSuffix(what, "starting")
		})
		if len(got) != len(want) {
			t.Fatalf("%q", got)
		}
		for i := range got {
			if !strings.HasPrefix(got[i], want[i]) {
				t.Errorf("%d: %q, want %q", i, got[i], want[i])
			}
		}
	})
}

func TestOnePollInVainIsNoChangeOfAPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		before := len(f.nodes[0].whatChanged())
		f.sever(between(1))
		time.Sleep(1300 * time.Millisecond)
		if got := f.nodes[0].status(time.Now()).Peers[0].State; got != "unreachable" {
			t.Errorf("the last poll has failed, and the peer is %s", got)
		}
		f.sever(func(int, int) bool { return false })
		time.Sleep(5 * time.Second)
		if got := f.nodes[0].whatChanged()[before:]; len(got) != 0 {
			t.Errorf("%q", got)
		}
	})
}

// What a peer says of itself is seen by others, also when it has fallen silent, and by its
// own word since when.
func TestStatusTellsWhatAPeerHasLastSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3, near(1))
		sick, onlooker := f.nodes[1], f.nodes[0]
		sick.fails("SERVFAIL")
		time.Sleep(8 * time.Second)
		since := sick.status(time.Now()).Since
		f.kill(sick)
		time.Sleep(time.Minute)
		it := onlooker.status(time.Now()).Peers[0]
		if it.State != "unreachable" || it.Name != hostName() || it.Says == nil || it.Says.State != promise.Aside || it.Says.Since == nil ||
			!it.Says.Since.Equal(since) || !strings.HasPrefix(it.Says.Reason, "canary test. A: SERVFAIL") || time.Since(*it.LastSeen) < 55*time.Second {
			t.Errorf("%+v, which says %+v; want aside since %s", it, it.Says, since)
		}
	})
}

func TestAZoneOfTwoServerBlocksIsToldOnceAndAtItsWorst(t *testing.T) {
	s := newStill(t)
	s.showZones(
		agedZones{{"a.test.", "fresh", "", time.Second, time.Minute}, {"b.test.", "stale", "70s behind", 70 * time.Second, time.Minute}},
		agedZones{{"b.test.", "fresh", "", 2 * time.Second, time.Minute}, {"a.test.", "unknown", "no answer", -1, time.Minute}},
	)
	got := s.status(time.Now()).Zones
	if len(got) != 2 || got[0] != (wire.Zone{Name: "a.test.", Verdict: "unknown", MaxAge: 60, Reason: "no answer"}) ||
		got[1].Verdict != "stale" || *got[1].Age != 70 || got[1].Reason != "70s behind" {
		t.Errorf("%+v", got)
	}
}

// An older server says neither since when nor why, and answers all the same.
func TestAPeerOfBeforeSaysLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 2, near(1))
		m := f.nodes[0]
		old := &olderPeer{peerClient: m.client}
		m.mu.Lock()
		m.client = old
		m.mu.Unlock()
		time.Sleep(3 * time.Second)
		text := m.statusText()
		schematest.Status(t, text)
		it := m.status(time.Now())
		if p := it.Peers[0]; p.State != "serving" || p.Holdfast != "" || p.Says.Since != nil {
			t.Errorf("%+v %+v", p, p.Says)
		}
		if it.MayLeave != 1 { // this one, on the promise of the older; whether that one is bound nobody knows
			t.Errorf("%d may leave", it.MayLeave)
		}
	})
}

// olderPeer takes from what peers say what the first version did not have.
type olderPeer struct{ peerClient }

func (o *olderPeer) hello(ctx context.Context, address string, me wire.Hello) (wire.Hello, error) {
	it, err := o.peerClient.hello(ctx, address, me)
	it.Standing = nil
	return it, err
}

func TestWhatAPeerSaysOfItsStandingIsBounded(t *testing.T) {
	for standing, want := range map[string]string{
		`{"reason":"` + strings.Repeat("x", 257) + `"}`: "want at most 256 octets of text",
		`{"reason":"a\nb"}`:                             "want at most 256 octets of text",
		`{"reason":"\u202e"}`:                           "want at most 256 octets of text",
		`{"holdfast":"\u001b[2J"}`:                      "want at most 256 octets of text",
		`{"for_ms":-1}`:                                 "for_ms -1: want 0 to",
		`{"for_ms":9223372036854775807}`:                "for_ms 9223372036854775807: want 0 to",
		`{"load_qps":-1}`:                               "want 0 to 1000000000",
		`{"spare_qps":-1}`:                              "want 0 to 1000000000",
		`{"spare_qps":1000000001}`:                      "want 0 to 1000000000",
		`7`:                                             "cannot unmarshal",
	} {
		address, c := serving(t, saying(200, `{"id":"a","state":"serving","standing":`+standing+`}`))
		if _, err := c.hello(t.Context(), address, wire.Hello{ID: "id-me"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, want %s", standing, err, want)
		}
	}
}

// Whatever this server says of itself is taken by a peer.
func TestALongReasonIsCutToWhatAPeerTakes(t *testing.T) {
	s := newStill(t)
	s.step(promise.Fitness{Why: strings.Repeat("canary é.test. A: SERVFAIL\x00\n", 40)})
	me := s.me()
	if err := me.Validate(); err != nil || len(me.Standing.Reason) < wire.MaxText-1 || !strings.HasPrefix(me.Standing.Reason, "canary é.test. A: SERVFAIL  canary") {
		t.Errorf("%q, %v", me.Standing.Reason, err)
	}
}
