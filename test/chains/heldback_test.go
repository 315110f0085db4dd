package chains

import (
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin/pkg/dnstest"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// Answers are held back while the primary has newer data, and go out marked when it can
// answer no more. The zone's own serial is never held back.
func TestAnswersOfAStaleZoneAreHeldBackWhileItsPrimaryAnswers(t *testing.T) {
	t.Parallel()
	for action, rcode := range map[string]int{"servfail": dns.RcodeServerFailure, "refuse": dns.RcodeRefused} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			// A name of its own: a second server of this process with the same zone is
			// what a reload starts, and goes by what the first one has seen.
			origin := action + ".heldback.example."
			primary := dnstest.NewMultipleServer(func(w dns.ResponseWriter, r *dns.Msg) {
				m := new(dns.Msg).SetReply(r)
				m.Authoritative = true
				rr, _ := dns.NewRR(origin + " 300 IN SOA ns.example.org. h.example.org. 1001 7200 900 1209600 300")
				m.Answer = []dns.RR{rr}
				_ = w.WriteMsg(m)
			})
			begin := time.Now()
			const stalls = 2 * time.Second // what a busy machine may add
			s := embedded.Start(t, origin+":0 {\n bind 127.0.0.1\n stalecheck {\n primary "+primary.Addr+"\n max_age 1s\n interval 1s\n action "+action+
				"\n }\n tap $TAP\n cache\n file $DIR/db\n}", map[string]string{"db": strings.ReplaceAll(oldZone, "example.org.", origin)})
			held := func(name string, qtype uint16) string {
				reply := s.Ask(t, "udp", lab.QueryWithOPT(name, qtype, 1232))
				if codes := errorsOf(reply); reply.Rcode != rcode || len(reply.Answer) > 0 || len(codes) != 1 || codes[0] != dns.ExtendedErrorCodeInvalidData {
					return reply.String()
				}
				return ""
			}
			lab.Eventually(t, time.Second+2*time.Second+stalls, func() string { return held("www."+origin, dns.TypeA) })
			if took := time.Since(begin); took < time.Second {
				t.Errorf("held back after %s", took)
			}
			if told := held("gone."+origin, dns.TypeA); told != "" {
				t.Errorf("a denial is not held back:\n%s", told)
			}
			expectMark(t, s.Ask(t, "udp", lab.QueryWithOPT(origin, dns.TypeSOA, 1232)), dns.ExtendedErrorCodeStaleAnswer)

			primary.Close()
			lab.Eventually(t, 2*time.Second+stalls, func() string {
				if told := held("www."+origin, dns.TypeA); told == "" {
					return "it is still held back"
				}
				return ""
			})
			expectMark(t, s.Ask(t, "udp", lab.QueryWithOPT("www."+origin, dns.TypeA, 1232)), dns.ExtendedErrorCodeStaleAnswer)
		})
	}
}
