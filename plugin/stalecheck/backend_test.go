package stalecheck

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/acl"
	"github.com/coredns/coredns/plugin/autopath"
	"github.com/coredns/coredns/plugin/cache"
	"github.com/coredns/coredns/plugin/rewrite"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

type named struct {
	plugin.Handler
	name string
}

func TestQueriesFromWithinEnterBelowCache(t *testing.T) {
	below := func(name string) plugin.Handler { return named{nil, "below " + name} }
	c := cache.New()
	c.Next = below("cache")
	handlers := map[string]plugin.Handler{
		"cache": c, "acl": acl.ACL{Next: below("acl")},
		"autopath": &autopath.AutoPath{Next: below("autopath")}, "rewrite": rewrite.Rewrite{Next: below("rewrite")},
	}
	for _, tc := range []struct {
		present []string
		want    string
	}{
		{nil, "below stalecheck"},
		{[]string{"rewrite"}, "below rewrite"},
		{[]string{"rewrite", "autopath"}, "below autopath"},
		{[]string{"rewrite", "autopath", "acl"}, "below acl"},
		{[]string{"rewrite", "autopath", "acl", "cache"}, "below cache"},
		{[]string{"rewrite", "cache"}, "below cache"},
	} {
		find := func(name string) plugin.Handler {
			for _, p := range tc.present {
				if p == name {
					return handlers[name]
				}
			}
			return nil
		}
		got, err := belowCache(find, below("stalecheck"))
		if err != nil || got.(named).name != tc.want {
			t.Errorf("with %q they enter %v, %v; want %s", tc.present, got, err, tc.want)
		}
	}
}

// Somebody's own cache: its memory must not pass for the backend.
func TestAnUnknownCacheIsAnError(t *testing.T) {
	s := newCheck(t, withPrimary)
	err := s.readFrom(func(string) plugin.Handler { return named{} })
	if err == nil || err.Error() != "cache is a stalecheck.named, which stalecheck cannot bypass" {
		t.Errorf("the error is %v", err)
	}
}

func TestReadingOurOwnSerial(t *testing.T) {
	const soa = "example.org. 300 IN SOA ns.example.org. h.example.org. 8 7200 900 1209600 300"
	for name, tc := range map[string]struct {
		backend plugin.Handler
		want    verdict.Failure
	}{
		"good":              {answering(message(t, "example.org. SOA", soa)), ""},
		"not authoritative": {answering(message(t, "example.org. SOA", soa)), ""}, // forward's are not
		"SERVFAIL returned": {returning(dns.RcodeServerFailure, nil), verdict.ServFail},
		"SERVFAIL written":  {answering(message(t, "example.org. SOA", "rcode: SERVFAIL", "authority: "+soa)), verdict.ServFail},
		"REFUSED":           {returning(dns.RcodeRefused, nil), verdict.Refused},
		"NXDOMAIN":          {answering(message(t, "example.org. SOA", "rcode: NXDOMAIN")), verdict.OtherRcode},
		"NODATA":            {answering(message(t, "example.org. SOA", "authority: org. 5 IN SOA a. b. 1 2 3 4 5")), verdict.NoSOA},
		"two":               {answering(message(t, "example.org. SOA", soa, soa)), verdict.SeveralSOAs},
		"nothing written":   {returning(dns.RcodeSuccess, nil), verdict.Malformed},
		"no backend":        {nil, verdict.Refused},
		"panic": {plugin.HandlerFunc(func(context.Context, dns.ResponseWriter, *dns.Msg) (int, error) {
			panic("a backend that is not there yet")
		}), verdict.Panicked},
	} {
		t.Run(name, func(t *testing.T) {
			b := backend{entry: tc.backend}
			for range 2 * maxPending { // no way out leaves a query behind
				serial, expire, failure := b.askOwn(t.Context(), "example.org.")
				if failure != tc.want {
					t.Fatalf("failure %q, want %q", failure, tc.want)
				}
				if failure == "" && (serial != 8 || expire != 1209600) {
					t.Errorf("serial %d, EXPIRE %d", serial, expire)
				}
			}
		})
	}
}

// A backend that hangs does not collect queries; one that has lost a few is still asked.
func TestABackendThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free, asked := make(chan struct{}), new(atomic.Int32)
		b := backend{entry: plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
			asked.Add(1)
			<-free
			return dns.RcodeRefused, nil
		})}
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), probeTimeout)
			if _, _, failure := b.askOwn(ctx, "example.org."); failure != verdict.Timeout {
				t.Errorf("failure %q", failure)
			}
			cancel()
		}
		if n := asked.Load(); n != maxPending {
			t.Errorf("it was asked %d times", n)
		}
		close(free)
		synctest.Wait()
		if _, _, failure := b.askOwn(t.Context(), "example.org."); failure != verdict.Refused {
			t.Errorf("once it is back: %q", failure)
		}
	})
}

func TestTheHeartbeatIsReadFromTheBackend(t *testing.T) {
	const name = "beat.example.org."
	beats := map[uint16]*dns.Msg{}
	var asked []uint16
	b := backend{entry: plugin.HandlerFunc(func(_ context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
		asked = append(asked, r.Question[0].Qtype)
		if m := beats[r.Question[0].Qtype]; m != nil {
			return dns.RcodeSuccess, w.WriteMsg(m)
		}
		return dns.RcodeServerFailure, nil
	})}
	cname := func(target string) *dns.Msg { return message(t, name+" CNAME", name+" 5 IN CNAME "+target) }
	txt := func(rdata string) *dns.Msg { return message(t, name+" TXT", name+" 5 IN TXT "+rdata) }
	nodata := message(t, name+" CNAME")
	for what, tc := range map[string]struct {
		cname, txt *dns.Msg
		want       time.Duration
		reason     verdict.Reason
		asked      int
	}{
		"a Service":            {cname("t1795262390.invalid."), nil, 10 * time.Second, "", 1}, // and nobody looks for its target
		"a Service ahead":      {cname("t1795269999.invalid."), nil, 0, verdict.Clock, 1},
		"a TXT":                {nodata, txt("1795262390"), 10 * time.Second, "", 2},
		"garbage":              {nodata, txt("soon"), 0, verdict.BadHeartbeat, 2},
		"an alias":             {cname("time.example.org."), message(t, name+" TXT", name+" 5 IN CNAME time.example.org.", "time.example.org. 5 IN TXT 1795262390"), 10 * time.Second, "", 2},
		"nothing":              {nodata, nodata, 0, verdict.NoHeartbeat, 2},
		"no such name":         {message(t, name+" CNAME", "rcode: NXDOMAIN"), message(t, name+" TXT", "rcode: NXDOMAIN"), 0, verdict.NoHeartbeat, 2},
		"a backend that fails": {nil, nil, 0, verdict.NoAnswer, 2},
	} {
		t.Run(what, func(t *testing.T) {
			asked, beats[dns.TypeCNAME], beats[dns.TypeTXT] = nil, tc.cname, tc.txt
			beat, reason := b.askHeartbeat(t.Context(), name, at)
			if reason != tc.reason || (reason == "" && at.Sub(beat) != tc.want) {
				t.Errorf("%s old, %q; want %s, %q", at.Sub(beat), reason, tc.want, tc.reason)
			}
			if len(asked) != tc.asked || asked[0] != dns.TypeCNAME {
				t.Errorf("the backend was asked for %v", asked)
			}
		})
	}
}
