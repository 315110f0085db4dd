package page

import (
	"crypto/sha256"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

var now = time.Date(2026, 11, 22, 3, 14, 15, 0, time.UTC)

// get asks the handler of a server for a path.
func get(s wire.Status, path string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	Handler(func() (wire.Status, time.Time) { return s, now }).ServeHTTP(recorder, httptest.NewRequest("GET", path, nil))
	return recorder
}

func TestTheBrowserIsToldToLoadNothingFromElsewhere(t *testing.T) {
	for _, path := range []string{"/", "/static/page.css", "/static/page.js", "/static/icon.svg"} {
		r := get(wire.Status{}, path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		} {
			if got := r.Header().Get(name); got != want || r.Code != 200 {
				t.Errorf("%s: %d, %s is %q", path, r.Code, name, got)
			}
		}
	}
	text := get(wire.Status{}, "/").Body.String()
	for _, inline := range []string{" style=", "<style", " onclick=", "http://", "https://", "<script>", `="/`} { // what begins with / is elsewhere behind a proxy
		if strings.Contains(text, inline) {
			t.Errorf("the document has %q", inline)
		}
	}
	for _, path := range []string{"/nope", "/static/", "/static", "/static/nope", "/static/../page.html", "/page.html"} {
		if r := get(wire.Status{}, path); r.Code == 200 {
			t.Errorf("%s: %d", path, r.Code)
		}
	}
}

// The banner is what somebody reads first, and perhaps alone.
func TestTheBannerSaysHowTheServerIs(t *testing.T) {
	sick := "canary a. A: SERVFAIL, with 0 of 1 promises"
	peer := func(states ...string) (all []wire.Peer) {
		for _, s := range states {
			all = append(all, wire.Peer{Address: "192.0.2.2:8182", State: s})
		}
		return all
	}
	for want, s := range map[string]wire.Status{
		"good: In service. 1 may leave now. | ":                                                                             {State: promise.Serving, MayLeave: 1, Peers: peer("serving")},
		"good: In service. 0 may leave now. | It has found no peers.":                                                       {State: promise.Serving},
		"good: In service, by order: it is the last. 0 may leave now. | An operator ordered stay: it is the last":           {State: promise.Serving, Override: &wire.Override{Kind: "stay", Reason: "it is the last"}, Peers: peer("serving")},
		"odd: In service. 0 may leave now. | No answer from any peer (0 of 2). It may be cut off, so it stays in service.":  {State: promise.Serving, Peers: peer("unreachable", "unreachable")},
		"odd: In service. 0 may leave now. | No answer from 192.0.2.2:8182.":                                                {State: promise.Serving, Peers: peer("unreachable", "serving")},
		"good: In service. 0 may leave now. | ":                                                                             {State: promise.Serving, Peers: peer("left", "unheard")},
		"odd: In service. 0 may leave now. | Zone a. is stale: 70s behind":                                                  {State: promise.Serving, Peers: peer("serving"), Zones: []wire.Zone{{Name: "a.", Verdict: "stale", Reason: "70s behind"}}},
		"odd: PRESERVED: wants to leave (SIGTERM, with 0 of 1 promises), but must stay. It leaves in 12s at the latest. | ": {State: promise.Asking, Reason: "SIGTERM, with 0 of 1 promises", HoldDeadline: new(now.Add(12500 * time.Millisecond)), Peers: peer("serving")},
		"odd: PRESERVED: wants to leave (" + sick + "), but must stay. | ":                                                  {State: promise.Asking, Reason: sick, Peers: peer("serving")},
		"bad: ASIDE: out of service (" + sick + "). | ":                                                                     {State: promise.Aside, Reason: sick, Peers: peer("serving")},
		"bad: LEAVING: on its way out. | ":                                                                                  {State: promise.Leaving, Reason: "SIGTERM", Peers: peer("serving")},
		"none: STARTING: not in service yet: ready kubernetes. | ":                                                          {State: promise.Starting, Reason: "ready kubernetes", Peers: peer("serving")},
		"none: STARTING: not in service yet. | ":                                                                            {State: promise.Starting, Peers: peer("serving")},
		"good: Observing only. In service. 1 may leave now. | ":                                                             {State: promise.Serving, Observe: true, MayLeave: 1, Peers: peer("serving")},
		"odd: Observing only. In service; it would be held: " + sick + ". | ":                                               {State: promise.Asking, Observe: true, InService: true, Reason: sick, Peers: peer("serving")},
		"odd: Observing only. In service; it would step aside: " + sick + ". | ":                                            {State: promise.Aside, Observe: true, InService: true, Reason: sick, Peers: peer("serving")},
	} {
		v := viewOf(s, now)
		if got := v.Look + ": " + v.Banner + " | " + strings.Join(v.Notes, " "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What the README shows has to be this page, and the picture that was taken of it. Of which
// server it is, test/page knows.
func TestThePictureIsOfThisPage(t *testing.T) {
	kept, err := os.ReadFile("picture/page.sha256")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := os.ReadFile("picture/hold.png")
	if err != nil || len(picture) > 60_000 {
		t.Fatalf("the picture: %v, %d octets, want at most 60000", err, len(picture))
	}
	for what, sum := range map[string]string{"page": Sum(), "hold.png": fmt.Sprintf("%x", sha256.Sum256(picture))} {
		if !strings.Contains(string(kept), sum+"  "+what+"\n") {
			t.Errorf("%s has changed since the picture was taken: HOLDFAST_PICTURE=1 go -C test/page test -run Picture . makes it anew; look at it", what)
		}
	}
}
