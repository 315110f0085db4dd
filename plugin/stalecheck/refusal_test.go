package stalecheck

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/dnstest"
	"github.com/coredns/coredns/plugin/test"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

func TestHeldBackOnlyWhileSomebodyElseHasNewerData(t *testing.T) {
	for _, action := range []string{"servfail", "refuse"} {
		t.Run(action, func(t *testing.T) {
			s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n action "+action+"\n}").seen(t, "example.org.", behind95)
			s.Next = returning(0, errors.New("the backend was asked"))
			got, code := serve(t, s, query("www.example.org. A"))
			rcode := map[string]int{"servfail": dns.RcodeServerFailure, "refuse": dns.RcodeRefused}[action]
			if code != dns.RcodeSuccess || got.Rcode != rcode || len(got.Answer) > 0 {
				t.Errorf("returned %d and wrote %v", code, got)
			}
			if want := []dns.EDNS0_EDE{{InfoCode: dns.ExtendedErrorCodeInvalidData, ExtraText: behindText}}; !slices.Equal(ede(got), want) {
				t.Errorf("EDE %v, want %v", ede(got), want)
			}

			s.seen(t, "example.org.", behindADeadPrimary)
			s.Next = answering(message(t, "www.example.org. A", "www.example.org. 300 IN A 10.0.0.1"))
			if got, _ := serve(t, s, query("www.example.org. A")); len(got.Answer) != 1 || len(ede(got)) != 1 || ede(got)[0].InfoCode != dns.ExtendedErrorCodeStaleAnswer {
				t.Errorf("nobody else can answer, and it is %v", got)
			}

			// Not served, but not stale yet: the backend is asked all the same.
			s = newCheck(t, "stalecheck {\n primary 192.0.2.1\n action "+action+"\n}").seen(t, "example.org.", servedNoMore)
			s.seen(t, "example.org.", func(h *verdict.History) { h.ObserveReference(0, 2026112105, "", at) })
			reply := message(t, "www.example.org. A", "www.example.org. 300 IN A 10.0.0.1")
			s.Next = answering(reply)
			if got, _ := serve(t, s, query("www.example.org. A")); len(got.Answer) != 1 {
				t.Errorf("the zone is fresh, and its answer is %v", got)
			}
		})
	}
}

// Peers find out by our serial that they are ahead, or that they are not.
func TestTheZonesSerialIsNotHeldBack(t *testing.T) {
	for question, held := range map[string]bool{"EXAMPLE.org. SOA": false, "www.example.org. SOA": true, "example.org. NS": true} {
		s := newCheck(t, "stalecheck {\n primary 192.0.2.1\n action refuse\n}").seen(t, "example.org.", behind95)
		s.Next = answering(message(t, question))
		got, _ := serve(t, s, query(question))
		if (got.Rcode == dns.RcodeRefused) != held || len(ede(got)) != 1 {
			t.Errorf("%s: %v", question, got)
		}
	}
}

// A plugin that returns SERVFAIL has written nothing.
func TestSERVFAILOfAZoneThatTheBackendDoesNotServe(t *testing.T) {
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		seen func(*verdict.History)
		want []dns.EDNS0_EDE // none: it is passed on
	}{
		"never loaded":    {neverServed, []dns.EDNS0_EDE{{InfoCode: dns.ExtendedErrorCodeNotReady, ExtraText: "zone is not loaded yet"}}},
		"served no more":  {servedNoMore, []dns.EDNS0_EDE{{InfoCode: dns.ExtendedErrorCodeInvalidData, ExtraText: "zone is no longer served"}}},
		"stale and gone":  {func(h *verdict.History) { behindADeadPrimary(h); neverServed(h) }, []dns.EDNS0_EDE{{InfoCode: dns.ExtendedErrorCodeInvalidData, ExtraText: behindText}}},
		"stale":           {behind95, nil},
		"fresh":           {func(h *verdict.History) { h.ObserveOwn(1, 1000, "", at) }, nil},
		"nothing is seen": {func(*verdict.History) {}, nil},
	} {
		for how, next := range map[string]struct {
			rcode int
			err   error
		}{"returned": {dns.RcodeServerFailure, broken}, "written": {dns.RcodeSuccess, broken}} {
			t.Run(name+" "+how, func(t *testing.T) {
				s := newCheck(t, withPrimary).seen(t, "example.org.", tc.seen)
				s.Next = returning(next.rcode, next.err)
				if how == "written" {
					written := answering(message(t, "www.example.org. A", "rcode: SERVFAIL"))
					s.Next = plugin.HandlerFunc(func(ctx context.Context, w dns.ResponseWriter, r *dns.Msg) (int, error) {
						_, _ = written.ServeDNS(ctx, w, r)
						return next.rcode, next.err
					})
				}
				rec := dnstest.NewRecorder(new(test.ResponseWriter))
				code, err := s.ServeDNS(context.Background(), rec, query("www.example.org. A"))
				if !errors.Is(err, broken) {
					t.Errorf("the error of the backend is %v", err)
				}
				if !slices.Equal(ede(rec.Msg), tc.want) {
					t.Errorf("EDE %v, want %v", ede(rec.Msg), tc.want)
				}
				if marked := tc.want != nil; marked && (code != dns.RcodeSuccess || rec.Msg.Rcode != dns.RcodeServerFailure) {
					t.Errorf("returned %d and wrote %v", code, rec.Msg)
				} else if !marked && code != next.rcode {
					t.Errorf("returned %d, want %d", code, next.rcode)
				}
			})
		}
	}
}

func TestOtherRcodesAreReturnedAsTheyAre(t *testing.T) {
	for _, rcode := range []int{dns.RcodeRefused, dns.RcodeFormatError, dns.RcodeNotImplemented, dns.RcodeNameError} {
		s := newCheck(t, withPrimary).seen(t, "example.org.", servedNoMore)
		s.Next = returning(rcode, nil)
		if got, code := serve(t, s, query("www.example.org. A")); got != nil || code != rcode {
			t.Errorf("returned %d and wrote %v, want %d", code, got, rcode)
		}
	}
}
