package zones

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/apiserver"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

const (
	watchMaxAge   = 3 * time.Second // of the Corefile below
	watchInterval = time.Second
	stall         = 2 * time.Second // what a busy machine may add
	capped        = 30              // stalecheck's default ttl

	// The names of kube-system and of cached are in the cache, those of default are not.
	clusterCorefile = `.:0 {
 bind 127.0.0.1
 stalecheck cluster.local {
  heartbeat heartbeat.kube-system.svc.cluster.local
  max_age 3s
  interval 1s
 }
 tap $TAP
 cache 300 kube-system.svc.cluster.local cached.svc.cluster.local
 kubernetes cluster.local {
  endpoint $APISERVER
  ttl 300
 }
 forward . $UPSTREAM
}
`
)

// clusterQuestions are of each kind of answer, with what marks one of a stale zone.
var clusterQuestions = []struct {
	name   string
	qtype  uint16
	rcode  int
	code   uint16
	cached bool
}{
	{"web.default.svc.cluster.local.", dns.TypeA, dns.RcodeSuccess, dns.ExtendedErrorCodeStaleAnswer, false},
	{"web.default.svc.cluster.local.", dns.TypeAAAA, dns.RcodeSuccess, dns.ExtendedErrorCodeStaleAnswer, false},
	{"gone.default.svc.cluster.local.", dns.TypeA, dns.RcodeNameError, dns.ExtendedErrorCodeStaleNXDOMAINAnswer, false},
	{"web.cached.svc.cluster.local.", dns.TypeA, dns.RcodeSuccess, dns.ExtendedErrorCodeStaleAnswer, true},
	{"gone.cached.svc.cluster.local.", dns.TypeA, dns.RcodeNameError, dns.ExtendedErrorCodeStaleNXDOMAINAnswer, true},
}

// A watch whose connection stays open while nothing comes through it any more is what
// nobody sees: kubernetes goes on answering what was true then.
func TestAnswersOfAClusterWhoseWatchHasFrozenAreFlagged(t *testing.T) {
	t.Parallel()
	spec := corev1.ServiceSpec{ClusterIP: "10.96.0.80"}
	api := apiserver.Start(t, apiserver.Namespace("kube-system"), apiserver.Namespace("default"), apiserver.Namespace("cached"),
		apiserver.Service("default", "web", spec), apiserver.Service("cached", "web", spec))
	api.Beat("kube-system", "heartbeat")
	var upstream atomic.Int64
	forwarder := lab.StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		upstream.Add(1)
		_ = w.WriteMsg(new(dns.Msg).SetReply(r))
	})
	s := embedded.Start(t, strings.NewReplacer("$APISERVER", api.URL, "$UPSTREAM", forwarder).Replace(clusterCorefile), nil)

	fresh := func() string { return whyNotFresh(t, s) }
	lab.Eventually(t, 2*watchInterval+stall, fresh)
	web := lab.QueryWithOPT("web.default.svc.cluster.local.", dns.TypeA, 1232)
	heartbeat := lab.Query("heartbeat.kube-system.svc.cluster.local.", dns.TypeCNAME)
	s.Ask(t, "udp", heartbeat)
	lab.Throughout(t, watchMaxAge+2*watchInterval, fresh)
	if reply := s.Ask(t, "udp", heartbeat); len(reply.Answer) != 1 || reply.Answer[0].Header().Ttl > 300-3 {
		t.Errorf("the heartbeat is not in the cache, past which it has to be read:\n%v", reply)
	}

	api.Freeze(true)
	frozen := time.Now()
	api.Put(apiserver.Service("default", "gone", spec))
	stale := func() string { return whyNotStale(t, s, frozen) }
	lab.Eventually(t, watchMaxAge+2*watchInterval+stall, stale)
	first := lab.Explanations(s.Ask(t, "udp", web))
	lab.Throughout(t, 2*watchInterval, stale)
	lab.Eventually(t, stall, func() string {
		if now := lab.Explanations(s.Ask(t, "udp", web)); now[0].ExtraText == first[0].ExtraText {
			return fmt.Sprintf("the age in %q does not grow", now[0].ExtraText)
		}
		return ""
	})

	api.Freeze(false)
	lab.Eventually(t, 2*watchInterval+stall, func() string {
		if reply := s.Ask(t, "udp", lab.Query("gone.default.svc.cluster.local.", dns.TypeA)); len(reply.Answer) != 1 {
			return fmt.Sprintf("the Service of which the watch told late is not there:\n%v", reply)
		}
		return whyMarked(t, s)
	})
	lab.Throughout(t, watchInterval, func() string { return whyMarked(t, s) })

	if n := upstream.Load(); n != 0 {
		t.Errorf("%d queries were forwarded, want none: nobody asked for what is outside the cluster", n)
	}
	s.Ask(t, "udp", lab.Query("www.example.org.", dns.TypeA))
	if upstream.Load() != 1 {
		t.Error("a query for what is outside the cluster was not counted as forwarded")
	}
}

// whyNotFresh tells what about the answers and the metric is not as in a fresh cluster.
func whyNotFresh(t *testing.T, s *embedded.Server) string {
	t.Helper()
	for _, q := range clusterQuestions {
		if reply := s.Ask(t, "udp", lab.QueryWithOPT(q.name, q.qtype, 1232)); reply.Rcode != q.rcode {
			return fmt.Sprintf("want rcode %d:\n%v", q.rcode, reply)
		}
	}
	return whyMarked(t, s)
}

// whyMarked tells what about the answers or the metric says that the zone is stale.
func whyMarked(t *testing.T, s *embedded.Server) string {
	t.Helper()
	for _, q := range clusterQuestions {
		reply := s.Ask(t, "udp", lab.QueryWithOPT(q.name, q.qtype, 1232))
		if lowest, _ := lab.TTLs(reply); len(lab.Explanations(reply)) != 0 || lowest <= capped {
			return fmt.Sprintf("an answer is marked:\n%v", reply)
		}
	}
	if status := zoneStatus(t, "cluster.local."); status != "fresh" {
		return "the metric says " + status
	}
	return ""
}

// whyNotStale tells what about the answers and the metric does not say what has to be
// said of a cluster of which nothing was heard since frozen.
func whyNotStale(t *testing.T, s *embedded.Server, frozen time.Time) string {
	t.Helper()
	for _, q := range clusterQuestions {
		reply := s.Ask(t, "udp", lab.QueryWithOPT(q.name, q.qtype, 1232))
		if reply.Rcode != q.rcode {
			return fmt.Sprintf("want rcode %d, for nothing can have changed:\n%v", q.rcode, reply)
		}
		if _, highest := lab.TTLs(reply); highest > capped {
			return fmt.Sprintf("a TTL is above %d:\n%v", capped, reply)
		}
		if below, _ := lab.TTLs(s.Tap.Answer(reply)); (below < 300) != q.cached {
			t.Errorf("%s came from below with TTL %d: cached should be %t", q.name, below, q.cached)
		}
		told := lab.Explanations(reply)
		if len(told) != 1 || told[0].InfoCode != q.code {
			return fmt.Sprintf("want one Extended DNS Error %d:\n%v", q.code, reply)
		}
		var seconds int
		if _, err := fmt.Sscanf(told[0].ExtraText+"\n", "heartbeat is %ds old\n", &seconds); err != nil {
			return fmt.Sprintf("%q: %v", told[0].ExtraText, err)
		}
		// It was judged an interval ago, and the last heartbeat was written a second before.
		age, since := time.Duration(seconds)*time.Second, time.Since(frozen)
		if age < max(watchMaxAge, since-2*watchInterval-stall) || age > since+time.Second+stall {
			return fmt.Sprintf("%q, %s after the watch froze", told[0].ExtraText, since)
		}
	}
	if status := zoneStatus(t, "cluster.local."); status != "stale" {
		return "the metric says " + status
	}
	return ""
}
