package fleet

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
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
			keptWhileTheNameFails(t, way.rcode, "plugin/selfpreserve: Looking up peers "+forwardedName+" failed: "+way.told)
		})
	}
}

func keptWhileTheNameFails(t *testing.T, rcode int, told string) {
	t.Helper()
	var fail atomic.Bool
	upstream := lab.StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
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
	f := lab.NewDiscovered(t)
	f.Name = forwardedName
	var fleet []*lab.Member
	start := func(number int) *lab.Member {
		return f.Start(t, number, f.At(number), lab.Quick+"min_peers 2\n", "forward "+forwardedName+" "+upstream)
	}
	for i := range 3 {
		fleet = append(fleet, start(i+1))
	}
	for _, m := range fleet {
		m.AwaitPeers(t, 2)
		if len(m.Complaints()) > 0 {
			t.Errorf("%s complains before anything has failed: %q", m.HTTP, m.Complaints())
		}
	}

	fail.Store(true)
	for _, m := range fleet {
		lab.Until(t, m.HTTP+" warns", func() bool { return len(m.Complaints()) > 0 })
	}
	lab.Throughout(t, 2*time.Second, func() string {
		for _, m := range fleet {
			if lines := m.Complaints(); len(lines) != 1 || lines[0] != "[WARNING] "+told+"; those found before are kept" {
				return fmt.Sprintf("%s complains: %q", m.HTTP, lines)
			}
		}
		return ""
	})
	for _, m := range fleet {
		before, _, _ := strings.Cut(m.String(), "[WARNING]")
		// Of the first look-up one family may come before the listener is up: also a failure.
		if lines := strings.Count(before, "[DEBUG] plugin/selfpreserve: Looking up peers "+forwardedName+" failed: "); lines < 4 {
			t.Errorf("%s: %d debug lines before the warning, want 4:\n%s", m.HTTP, lines, before)
		}
		m.AwaitPeers(t, 2)
	}
	// One that leaves is kept as well: it is found when it is back.
	last := fleet[2]
	last.Terminate(t)
	lab.AwaitGone(t, 1, last)
	if len(last.Said("Leaving service: enough peers have promised to stay")) != 1 {
		t.Error("it was not let go")
	}
	for _, m := range fleet[:2] {
		lab.Until(t, m.HTTP+" has noticed", func() bool {
			return slices.ContainsFunc(m.Status().Peers, func(p lab.PeerStatus) bool { return p.Address == last.HTTP && p.State == "left" })
		})
	}
	start(3)
	for _, m := range fleet[:2] {
		m.AwaitPeers(t, 2)
	}

	fail.Store(false)
	for _, m := range fleet[:2] {
		lab.Until(t, m.HTTP+" finds them again", func() bool { return len(m.Said("[INFO]", "Looking up peers "+forwardedName+" works again")) == 1 })
	}
}
