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

	"github.com/coredns/coredns/coremain"

	"github.com/holdfastdns/holdfast/internal/version"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// full is a node of which everything can be told.
func full(t *testing.T) *still {
	s := newStill(t)
	s.clock = 0
	s.conf.static = addrs("192.0.2.2:8182", "192.0.2.3:8182", "192.0.2.4:8182", "192.0.2.5:8182", "192.0.2.6:8182")
	s.conf.capacity = 1000
	s.roster = roster.New(s.id)
	s.roster.Find(time.Hour, staticPeers, s.conf.static, nobody)
	for i, id := range []promise.ID{"id-a", "id-b", "id-me", "id-a"} {
		s.roster.Answered(time.Duration(i)*time.Second, s.conf.static[i], id, promise.Serving)
	}
	s.roster.Describe(s.conf.static[0], aboutPeer(10*time.Second, wire.Hello{ID: "id-a", Name: "a.test", State: promise.Serving,
		Standing: &wire.Standing{Holdfast: "0.2.0", For: 4000, Promises: true}}))
	s.roster.Describe(s.conf.static[1], aboutPeer(10*time.Second, wire.Hello{ID: "id-b", Name: "b.test", State: promise.Serving,
		Standing: &wire.Standing{Holdfast: "0.2.0", For: 2000, Reason: "canary a. A: SERVFAIL", Bound: true}}))
	s.roster.Silent(s.conf.static[1])
	s.checks.add("canary a. A", func(context.Context) error { return nil })
	s.checks.add("vital file", func(context.Context) error { return nil })
	s.clock = time.Hour
	s.step(promise.Reload{Settings: s.conf.settings()})
	s.showChecks()
	s.showPeers()
	return s
}

// What is told besides, by the schema, is in status_schema_test.go.
func TestStatusHasTheseNames(t *testing.T) {
	local := time.Local
	time.Local = time.FixedZone("elsewhere", 3600)
	defer func() { time.Local = local }()
	synctest.Test(t, func(t *testing.T) {
		s := full(t)
		_ = s.checks.note(s.clock-time.Minute, []error{nil, context.DeadlineExceeded})
		s.showChecks()
		s.step(promise.LoadSeen{QPS: 250})
		s.send("POST", "/promise", knownPeer, `{"id":"id-a","number":1,"lifetime_ms":6000}`)
		s.clock += 1500 * time.Millisecond
		recorder := httptest.NewRecorder()
		s.handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/status", nil))
		if got := recorder.Header().Get("Content-Type"); got != "application/json" {
			t.Error(got)
		}
		got := recorder.Body.String()
		for _, own := range []string{`"name": "` + hostName() + `"`, `"version": "` + coremain.CoreVersion + `"`, `"holdfast": "` + version.Number() + `"`} {
			if !strings.Contains(got, own) {
				t.Errorf("no %s in %s", own, got)
			}
			name, _, _ := strings.Cut(own, ":")
			got = strings.Replace(got, own, name+`: "..."`, 1)
		}
		want, err := os.ReadFile("testdata/status.json")
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	})
}

func TestStatusOfALoneServerHasEmptyLists(t *testing.T) {
	s := newStill(t)
	s.roster = roster.New(s.id)
	s.step(promise.Fitness{Why: "canary a. A: SERVFAIL"})
	recorder := httptest.NewRecorder()
	s.handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/status", nil))
	var got map[string]any
	if err := json.Unmarshal(recorder.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"checks": "[]", "peers": "[]", "state": `"asking"`, "reason": `"canary a. A: SERVFAIL, with 0 of 1 promises; nobody else to ask"`, "load_qps": "null", "capacity_qps": "null"} {
		if text, _ := json.Marshal(got[name]); string(text) != want {
			t.Errorf("%s is %s, want %s", name, text, want)
		}
	}
}

// With the race detector: what is written as JSON is nobody else's any more.
func TestStatusIsReadWhileTheLoadChanges(t *testing.T) {
	s := full(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			s.step(promise.LoadSeen{QPS: i})
		}
	}()
	for range 200 {
		s.send("GET", "/status", "192.0.2.99:1", "")
	}
	<-done
}
