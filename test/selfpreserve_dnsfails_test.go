package test

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// A name that is of no use for a while changes nothing: its peers are kept, and promise.
func TestPeersByDNSAreKeptWhileTheNameFails(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]struct {
		rcode int
		told  string
	}{
		"SERVFAIL":     {dns.RcodeServerFailure, "SERVFAIL"},
		"no addresses": {dns.RcodeSuccess, "no addresses"},
		"no such name": {dns.RcodeNameError, "no addresses"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keptWhileTheNameFails(t, way.rcode, "plugin/selfpreserve: Peers of "+forwardedName+" are not found: "+way.told)
		})
	}
}

func keptWhileTheNameFails(t *testing.T, rcode int, told string) {
	t.Helper()
	var fail atomic.Bool
	upstream := startDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		switch {
		case fail.Load():
			m.Rcode = rcode
		case r.Question[0].Qtype == dns.TypeA:
			for i := range 3 {
				rr, _ := dns.NewRR(fmt.Sprintf("%s 5 IN A 127.0.0.%d", forwardedName, i+1))
				m.Answer = append(m.Answer, rr)
			}
		}
		_ = w.WriteMsg(m)
	})
	f := newDiscovered(t)
	f.name = forwardedName
	var fleet []*member
	start := func(number int) *member {
		return f.start(t, number, f.at(number), quick+"min_peers 2\n", "forward "+forwardedName+" "+upstream)
	}
	for i := range 3 {
		fleet = append(fleet, start(i+1))
	}
	for _, m := range fleet {
		m.awaitPeers(t, 2)
		if len(m.complaints()) > 0 {
			t.Errorf("%s complains before anything has failed: %q", m.http, m.complaints())
		}
	}

	fail.Store(true)
	for _, m := range fleet {
		until(t, m.http+" warns", func() bool { return len(m.complaints()) > 0 })
	}
	throughout(t, 2*time.Second, func() string {
		for _, m := range fleet {
			if lines := m.complaints(); len(lines) != 1 || lines[0] != "[WARNING] "+told+"; those found before are kept" {
				return fmt.Sprintf("%s complains: %q", m.http, lines)
			}
		}
		return ""
	})
	for _, m := range fleet {
		before, _, _ := strings.Cut(m.String(), "[WARNING]")
		// Of the first look-up one family may come before the listener is up: also a failure.
		if lines := strings.Count(before, "[DEBUG] plugin/selfpreserve: Peers of "+forwardedName+" are not found: "); lines < 4 {
			t.Errorf("%s: %d debug lines before the warning, want 4:\n%s", m.http, lines, before)
		}
		m.awaitPeers(t, 2)
	}
	// One that leaves is kept as well: it is found when it is back.
	last := fleet[2]
	last.terminate(t)
	awaitGone(t, 1, last)
	if len(last.said("Leaves service: enough peers have promised to stay")) != 1 {
		t.Error("it was not let go")
	}
	for _, m := range fleet[:2] {
		until(t, m.http+" has noticed", func() bool {
			return slices.ContainsFunc(m.status().Peers, func(p peerOf) bool { return p.Address == last.http && p.State == "unreachable" })
		})
	}
	start(3)
	for _, m := range fleet[:2] {
		m.awaitPeers(t, 2)
	}

	fail.Store(false)
	for _, m := range fleet[:2] {
		until(t, m.http+" finds them again", func() bool { return len(m.said("[INFO]", "Peers of "+forwardedName+" are found again")) == 1 })
	}
}
