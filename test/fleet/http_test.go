package fleet

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coredns/coredns/coremain"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/internal/version"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire/schematest"
	"github.com/holdfastdns/holdfast/test/lab"
)

// What the manual says of HTTP and of metrics, seen by somebody with curl.
func TestSelfpreserveSpeaksHTTPAsItsManualSays(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, calm+"capacity 1000\n")
	p, other := f.all[0], f.all[1]
	p.Backend.Answers(dns.RcodeServerFailure)
	p.Start(t)
	other.Start(t)
	p.await(t, "503 STARTING|503 ASIDE: .*|200 PRESERVED: .*") // by how fast the machine is
	other.await(t, "200 OK")
	p.Backend.Answers(dns.RcodeSuccess)
	p.await(t, "200 OK")

	lab.Until(t, "it sees its peer serving, and that one may leave", func() bool {
		return slices.Equal(p.Sees(), []string{other.HTTP}) && p.Status().MayLeave == 1
	})
	status, body, err := p.Get(p.HTTP, "/status")
	if err != nil || status != http.StatusOK {
		t.Fatalf("/status: %d %v", status, err)
	}
	schematest.Status(t, body)
	var told wire.Status
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&told); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	host, _ := os.Hostname()
	recent := func(at time.Time) bool { return time.Since(at) > -time.Second && time.Since(at) < time.Minute }
	switch {
	case told.ID == "" || told.Name != host || told.Version != coremain.CoreVersion || told.Holdfast != version.Number(),
		told.State != promise.Serving || !recent(told.Since) || told.MayLeave != 1,
		len(told.Checks) != 1 || told.Checks[0].Name != "canary canary.test. A" || !told.Checks[0].OK || !recent(told.Checks[0].Since),
		len(told.Peers) != 1 || told.Peers[0].Address != other.HTTP || string(told.Peers[0].ID) != other.Status().ID || !recent(*told.Peers[0].LastSeen),
		told.Peers[0].Name != host || told.Peers[0].Holdfast != version.Number() || !recent(*told.Peers[0].Says.Since),
		told.MinPeers != 1 || told.KnownPeers != 1 || *told.Capacity != 1000 || told.Promises.Given != 0 || told.Promises.Held != 0,
		len(told.Changes) == 0 || !recent(told.Changes[0].Time):
		t.Errorf("/status is %s", body)
	}

	// A stranger may read, and nothing else.
	from := func(ip string) *http.Client {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
		return &http.Client{Timeout: lab.Patience, Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
	}
	const stranger = "127.0.0.9"
	send := func(from *http.Client, method, path, body string, want int) {
		t.Helper()
		r, err := http.NewRequest(method, "http://"+p.HTTP+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := from.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s %s: %d, want %d", method, path, resp.StatusCode, want)
		}
	}
	const asked = `{"id":"X","number":1,"lifetime_ms":3000}`
	for _, path := range []string{"/ready", "/status", "/peer"} {
		send(from(stranger), "GET", path, "", http.StatusOK)
		send(from(stranger), "POST", path, asked, http.StatusMethodNotAllowed)
	}
	send(from(stranger), "GET", "/", "", http.StatusOK)
	send(from(stranger), "GET", "/nothing", "", http.StatusNotFound)
	send(from(stranger), "POST", "/promise", asked, http.StatusForbidden)
	send(from(stranger), "DELETE", "/promise", `{"id":"X","number":1}`, http.StatusForbidden)
	peer := from(other.IP)
	send(peer, "POST", "/promise", asked+strings.Repeat(" ", 4096-len(asked)), http.StatusOK)
	send(peer, "POST", "/promise", asked+strings.Repeat(" ", 4097-len(asked)), http.StatusRequestEntityTooLarge)
	send(peer, "POST", "/promise", `{"id":"X","number":2,"lifetime_ms":3000,"more":1}`, http.StatusBadRequest)
	send(from(stranger), "DELETE", "/promise", `{"id":"X","number":1}`, http.StatusForbidden)
	if n := p.metric(`promises{direction="given"}`); n != "1" {
		t.Errorf("after one good POST %s promises are given", n)
	}
	send(peer, "DELETE", "/promise", `{"id":"X","number":1}`, http.StatusNoContent)
	if given := p.Status().Promises.Given; given != 0 {
		t.Errorf("after it is released %d promises are given", given)
	}
	lab.Until(t, "it says what it rejected", func() bool { return len(p.Said(" Rejected ")) > 0 })
	if lines := p.Said("[WARNING] plugin/selfpreserve: Rejected "); len(lines) != 1 || !strings.Contains(lines[0], "Rejected POST /promise from "+stranger+":") {
		t.Errorf("of what it rejected it logs %q", lines)
	}
	for metric, want := range map[string]string{
		`rejected_requests_total{reason="stranger"}`:  "3",
		`rejected_requests_total{reason="malformed"}`: "2",
		`peers{status="serving"}`:                     "1",
		`peers{status="unreachable"}`:                 "0",
		`fit{check="canary canary.test. A"}`:          "1",
	} {
		if got := p.metric(metric); got != want {
			t.Errorf("%s is %q, want %s", metric, got, want)
		}
	}
	for _, state := range []string{"starting", "serving", "asking", "aside", "leaving"} {
		want := map[bool]string{true: "1", false: "0"}[state == "serving"]
		if got := p.metric(fmt.Sprintf("state{state=%q}", state)); got != want {
			t.Errorf("while it serves, the metric of state %s is %q", state, got)
		}
	}

	// With one that steps aside, all that the manual lists is exported.
	p.Backend.Answers(dns.RcodeServerFailure)
	p.await(t, asideOnOne)
	listed := regexp.MustCompile("(?m)^\\* `(coredns_selfpreserve_\\w+)").FindAllStringSubmatch(lab.Read(t, "plugin/selfpreserve/README.md"), -1)
	if len(listed) < 7 {
		t.Errorf("the manual lists %d metrics", len(listed))
	}
	metrics := lab.Scrape(t, p.Metrics)
	if want := fmt.Sprintf("\ncoredns_holdfast_build_info{coredns=%q,revision=%q,version=%q} 1\n", coremain.CoreVersion, version.Unknown, version.Number()); !strings.Contains(metrics, want) {
		t.Errorf("%q is not exported", want)
	}
	for _, m := range listed {
		if !strings.Contains(metrics, "\n# TYPE "+m[1]+" ") {
			t.Errorf("%s is not exported", m[1])
		}
	}
}

// Through a hold /status says until when, and in a block that has stalecheck how old zones are.
func TestStatusTellsOfAHoldAndOfZones(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, "")
	p := f.all[0]
	stanza := "selfpreserve " + p.HTTP + " {\n peers static " + f.all[1].HTTP + "\n promise 1s\n interval 300ms\n max_hold 30s\n}\n"
	p.Configure(t, p.CorefileWith(stanza+"stalecheck example.org {\n primary "+p.IP+":1\n max_age 1h\n}"))
	p.Start(t)
	p.await(t, "200 OK")
	p.SendSignal(t, syscall.SIGTERM)
	p.await(t, "200 PRESERVED: SIGTERM, .*")
	_, body, err := p.Get(p.HTTP, "/status")
	if err != nil {
		t.Fatal(err)
	}
	schematest.Status(t, body)
	var told wire.Status
	if err := json.Unmarshal([]byte(body), &told); err != nil {
		t.Fatal(err)
	}
	if d := told.HoldDeadline; d == nil || time.Until(*d) < 20*time.Second || time.Until(*d) > 31*time.Second {
		t.Errorf("it is held until %v", d)
	}
	if z := told.Zones; len(z) != 1 || z[0].Name != "example.org." || z[0].Verdict != "unknown" || z[0].MaxAge != 3600 || z[0].Reason == "" {
		t.Errorf("zones %+v", z)
	}
	if told.MayLeave != 0 {
		t.Errorf("alone and held, it says that %d may leave", told.MayLeave)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
}

// A server that never came into service has nothing to preserve.
func TestServerThatNeverServedLeavesAtOnce(t *testing.T) {
	t.Parallel()
	p := newFleet(t, 2, "promise 1m\n interval 500ms\n max_hold 1h\n canary canary.test\n").all[0]
	p.Backend.Answers(dns.RcodeServerFailure)
	p.Start(t)
	p.await(t, "503 STARTING")
	p.SendSignal(t, syscall.SIGTERM)
	p.Exits(t, 0)
	if len(p.Said("[INFO] plugin/selfpreserve: Leaving before coming into service")) != 1 {
		t.Errorf("it logs\n%s", p)
	}
}
