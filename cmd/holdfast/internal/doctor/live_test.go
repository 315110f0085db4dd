package doctor

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// running starts a server that says this of itself at /status, behind its id.
func running(t *testing.T, id, status string, clock time.Duration) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(clock).UTC().Format(http.TimeFormat))
		fmt.Fprintf(w, `{"id": %q, "name": %q, "version": "1.15.0", "state": "serving", %s}`, id, id, status)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestRunningServersAreJudgedFromOneOfThem(t *testing.T) {
	b := running(t, "b", `"peers": [], "min_peers": 1, "known_peers": 0`, -time.Hour)
	b.Start()
	a := running(t, "a", fmt.Sprintf(`"peers": [{"address": %q, "id": "b", "state": "serving"}], "min_peers": 2, "known_peers": 1`, b.Listener.Addr()), 0)
	a.Start()
	r := report(t, "", "--live", a.Listener.Addr().String())
	finds(t, r, "live-peers", "live-min-peers", "live-clocks")
	for id, want := range map[string]string{
		"live-peers":     fmt.Sprintf(": b (%s): does not know a (%s), and refuses requests for promises from there", b.Listener.Addr(), a.Listener.Addr()),
		"live-min-peers": fmt.Sprintf(": a (%s): 2 peers have to promise, but it knows only 1 peer: it can leave only by force", a.Listener.Addr()),
		"live-clocks":    fmt.Sprintf(": b (%s): its clock is 1h0m0s behind that of this host", b.Listener.Addr()),
	} {
		if have := said(r, id); have != want {
			t.Errorf("%s says %q, want %q", id, have, want)
		}
	}
	if len(r.Servers) != 2 {
		t.Errorf("the servers are %q", r.Servers)
	}
}

func TestTheCertificateOfARunningServerIsJudged(t *testing.T) {
	for id, left := range map[string]time.Duration{"fine": 20 * time.Hour, "over": -time.Hour} {
		s := running(t, id, `"peers": []`, 0)
		chain, key := keyPair(t, time.Now().Add(left))
		s.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{chain}, PrivateKey: key}}}
		s.StartTLS()
		r := report(t, "", "--live", s.Listener.Addr().String())
		if id == "fine" {
			finds(t, r)
			continue
		}
		finds(t, r, "certificate-expiry")
		if want := ": " + s.Listener.Addr().String() + ": expired at "; !strings.HasPrefix(said(r, "certificate-expiry"), want) {
			t.Errorf("it says %q", said(r, "certificate-expiry"))
		}
	}
}

// A server that cannot be asked is no finding, if it is the one that was named.
func TestNobodyToAskIsNoReport(t *testing.T) {
	gone := running(t, "gone", "", 0)
	gone.Start()
	gone.Close()
	address := gone.Listener.Addr().String()
	_, errs, code := runs(t, "", "--live", address)
	if code != 2 || !strings.HasPrefix(errs, "holdfast doctor: "+address+": ") || strings.Count(errs, "\n") != 1 {
		t.Errorf("it exits with %d and says %q", code, errs)
	}
	there := running(t, "there", `"peers": []`, 0)
	there.Start()
	finds(t, report(t, "", "--live", address+","+there.Listener.Addr().String()), "live-answers")
}
