package selfpreserve

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
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
	s.roster.Silent(s.conf.static[1])
	s.checks.add("canary a. A", func(context.Context) error { return nil })
	s.checks.add("vital file", func(context.Context) error { return nil })
	s.clock = time.Hour
	s.step(promise.Reload{Settings: s.conf.settings()})
	return s
}

func TestStatusHasTheseNames(t *testing.T) {
	local := time.Local
	time.Local = time.FixedZone("elsewhere", 3600)
	defer func() { time.Local = local }()
	synctest.Test(t, func(t *testing.T) {
		s := full(t)
		_ = s.checks.note(s.clock-time.Minute, []error{nil, context.DeadlineExceeded})
		s.step(promise.LoadSeen{QPS: 250})
		s.send("POST", "/promise", knownPeer, `{"id":"id-a","number":1,"lifetime_ms":6000}`)
		s.clock += 1500 * time.Millisecond
		recorder := httptest.NewRecorder()
		s.handler().ServeHTTP(recorder, httptest.NewRequest("GET", "/status", nil))
		if got := recorder.Header().Get("Content-Type"); got != "application/json" {
			t.Error(got)
		}
		got := recorder.Body.String()
		for _, own := range []string{`"name": "` + hostName() + `"`, `"version": "` + s.me().Version + `"`} {
			if !strings.Contains(got, own) {
				t.Errorf("no %s in %s", own, got)
			}
			name, _, _ := strings.Cut(own, ":")
			got = strings.Replace(got, own, name+`: "..."`, 1)
		}
		const want = `{
  "id": "id-me",
  "name": "...",
  "version": "...",
  "state": "serving",
  "wire": 1,
  "since": "1999-12-31T23:59:58.5Z",
  "checks": [
    {
      "name": "canary a. A",
      "ok": true,
      "since": "1999-12-31T23:58:58.5Z"
    },
    {
      "name": "vital file",
      "ok": false,
      "reason": "context deadline exceeded",
      "since": "1999-12-31T23:58:58.5Z"
    }
  ],
  "peers": [
    {
      "address": "192.0.2.2:8182",
      "id": "id-a",
      "state": "serving",
      "last_seen": "1999-12-31T22:59:58.5Z"
    },
    {
      "address": "192.0.2.3:8182",
      "id": "id-b",
      "state": "unreachable",
      "last_seen": "1999-12-31T22:59:59.5Z"
    },
    {
      "address": "192.0.2.5:8182",
      "id": "id-a",
      "state": "serving",
      "last_seen": "1999-12-31T23:00:01.5Z"
    },
    {
      "address": "192.0.2.6:8182",
      "state": "unheard"
    }
  ],
  "min_peers": 1,
  "known_peers": 3,
  "promises": {
    "given": 1,
    "held": 0
  },
  "load_qps": 250,
  "capacity_qps": 1000
}
`
		if got != want {
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
	for name, want := range map[string]string{"checks": "[]", "peers": "[]", "state": `"asking"`, "reason": `"canary a. A: SERVFAIL, has 0 of 1 promises; nobody else to ask"`, "load_qps": "null", "capacity_qps": "null"} {
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
