package incidents

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// I3. Spegel v0.0.29 found its peers through a headless Service's name. It cut the list
// before it took itself out, compared identities that a DNS answer does not carry, took an
// empty list for success, compared addresses of one family, had the cluster's domain in its
// code, and alone it logged errors for ever. CoreDNS has no discovery that could fail like
// that: what "stock" has below is the same binary without selfpreserve, which finds nobody,
// looks for nobody, and goes when it is told to.

// Everybody's list is the same, so that one is first in it, one last, and one neither.
func TestReplayI3SelfIsFirstLastAndInTheMiddle(t *testing.T) {
	t.Parallel()
	for _, domain := range []string{"cluster.local", "corp.internal"} {
		t.Run(domain, func(t *testing.T) {
			t.Parallel()
			selfInTheList(t, domain)
		})
	}
}

func selfInTheList(t *testing.T, domain string) {
	t.Helper()
	n := lab.NewNetwork(t, 3)
	name := "coredns-peers.kube-system.svc." + domain
	zone := fmt.Sprintf("$ORIGIN %s.\n@ 300 IN SOA ns hostmaster 1 7200 900 1209600 300\n@ 300 IN NS ns\n", domain)
	var listed []string
	for _, h := range n.Hosts {
		zone += fmt.Sprintf("coredns-peers.kube-system.svc 5 IN A 10.8.0.%d\ncoredns-peers.kube-system.svc 5 IN AAAA fd00:8::%[1]d\n", h.Number)
		listed = append(listed, fmt.Sprintf("10.8.0.%d:8182", h.Number), fmt.Sprintf("[fd00:8::%d]:8182", h.Number))
	}
	for _, h := range n.Hosts {
		h.Start(t, map[string]string{
			"Corefile": fmt.Sprintf(".:53 {\n errors\n selfpreserve {\n peers dns %s\n min_peers 2\n max_hold 10m\n%s }\n file db %s\n}\n", name, lab.Quick, domain),
			"db":       zone,
		})
	}
	var found []string
	for _, h := range n.Hosts {
		// Both addresses of a peer are one peer, and both of the own are none.
		lab.Until(t, h.DNS+" finds the others", func() bool {
			seen := h.Sees()
			return h.Ready() == "200 OK" && h.Status().KnownPeers == 2 && len(seen) == 4 && !slices.ContainsFunc(seen, func(a string) bool {
				return !slices.Contains(listed, a) || a == listed[2*h.Number-2] || a == listed[2*h.Number-1]
			})
		})
		if complaints := h.Complaints(); len(complaints) != 0 {
			t.Errorf("host %d complains: %q", h.Number, complaints)
		}
		found = append(found, fmt.Sprint(h.Status().KnownPeers))
	}
	var order []string
	conn, err := n.Hosts[0].Namespace.Dial(t.Context(), "udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reply, _, err := (&dns.Client{Timeout: lab.Patience}).ExchangeWithConnContext(t.Context(), lab.Query(name+".", dns.TypeA), &dns.Conn{Conn: conn})
	if err != nil {
		t.Fatal(err)
	}
	for _, rr := range reply.Answer {
		order = append(order, rr.(*dns.A).A.String())
	}
	if want := []string{"10.8.0.1", "10.8.0.2", "10.8.0.3"}; !slices.Equal(order, want) {
		t.Errorf("the list is %q, want %q, or nobody is first and last", order, want)
	}
	// Had one taken itself for a peer, three would be there.
	last := n.Hosts[2].Member
	last.Terminate(t)
	lab.AwaitGone(t, 1, last)
	t.Logf("peers found in %s with self first, in the middle and last, on both families: %s of 2", domain, strings.Join(found, ", "))
}

// aloneFor is how long a lone instance has to be quiet. The incident's two minutes are CI's.
func aloneFor(t *testing.T) time.Duration {
	t.Helper()
	if os.Getenv("HOLDFAST_REPLAY") == "" {
		return 15 * time.Second
	}
	return replayTime(t)
}

func TestReplayI3LoneInstanceIsQuietAndStays(t *testing.T) {
	t.Parallel()
	f := lab.NewDiscovered(t, "A 127.0.0.1")
	alone := f.Start(t, 1, f.At(1), lab.Quick, f.Monitored(1))
	w := watch(t, lab.Here())
	stock := lab.StartMember(t, fmt.Sprintf(".:%s {\n bind 127.0.0.2\n errors\n file %s example.org\n}\n", f.DNS, f.DB), "127.0.0.2:"+f.DNS, "", "")
	lab.Until(t, "both answer", func() bool { return alone.Answers("www.example.org.") && stock.Answers("www.example.org.") })
	lab.Until(t, "it is in service", func() bool { return alone.Ready() == "200 OK" })
	const inService = "In service as "
	lines := func() (said []string) { // since it is in service
		_, after, _ := strings.Cut(alone.String(), inService)
		for line := range strings.Lines(after) {
			if strings.HasPrefix(line, "[") && !strings.HasPrefix(line, "[DEBUG]") {
				said = append(said, strings.TrimSpace(line))
			}
		}
		return said
	}
	const line = "[WARNING] plugin/selfpreserve: No peers are known: "
	lab.Until(t, "it says that it is alone", func() bool { return len(lines()) > 0 })
	w.Add(t, f.MetricsAt(1))
	w.Quiet(t, quietTime)
	d := aloneFor(t)
	lab.Throughout(t, d, func() string {
		if said := lines(); len(said) != 1 || !strings.HasPrefix(said[0], line) {
			return fmt.Sprintf("it says %q, want one line: %s", said, line)
		}
		if s := alone.Status(); alone.Ready() != "200 OK" || s.KnownPeers != 0 || len(s.Peers) != 0 {
			return fmt.Sprintf("/ready %s, /status %+v", alone.Ready(), s)
		}
		return ""
	})
	t.Logf("log lines of a lone instance in %s: %d, and %d of a stock one, which looks for nobody", d, len(lines()), len(stock.Said("[")))

	w.Phase("the lone one gets SIGTERM")
	alone.Terminate(t)
	stock.Terminate(t)
	told := time.Now()
	lab.AwaitGone(t, 1, stock)
	gone := time.Since(told)
	lab.AllPreserved(t, 3*time.Second, alone)
	w.Fires(t, "HoldfastHeld warning")
	alerted(t, "I3 discovery", w)
	replayed(t, "I3 discovery", "a replica that finds no peers receives SIGTERM", fmt.Sprintf("gone after %d ms", gone.Milliseconds()), fmt.Sprintf("still answers after %.0f s, one line in the log", time.Since(told).Seconds()))
}

func TestReplayI3ReplicasThatAppearLaterAreFound(t *testing.T) {
	t.Parallel()
	f := lab.NewDiscovered(t, "A 127.0.0.1")
	first := f.Start(t, 1, f.At(1), lab.Quick, f.Monitored(1))
	w := watch(t, lab.Here())
	w.Add(t, f.MetricsAt(1))
	lab.Until(t, "it says that it is alone", func() bool { return len(first.Complaints()) == 1 })
	w.Quiet(t, quietTime)

	// A rollout's name has the addresses before there is anybody at them.
	w.Phase("peers are listed that are not there yet")
	f.Publish(t, "A 127.0.0.3", "A 127.0.0.1", "A 127.0.0.2")
	lab.Until(t, "it has seen the list", func() bool { return len(first.Status().Peers) == 2 })
	w.Fires(t, "HoldfastNoPeerAnswers critical", "HoldfastNobodyMayLeave warning")
	w.Cure()
	begin := time.Now()
	second, third := f.Start(t, 2, f.At(2), lab.Quick), f.Start(t, 3, f.At(3), lab.Quick)
	for _, m := range []*lab.Member{first, second, third} {
		m.AwaitPeers(t, 2)
	}
	took := time.Since(begin)
	lab.Until(t, "it says so", func() bool { return len(first.Said("[INFO] plugin/selfpreserve: Peers answer again")) == 1 })
	complaints := len(first.Complaints()) + len(second.Complaints()) + len(third.Complaints())
	if complaints != 1 {
		t.Errorf("the log has %q %q %q", first.Complaints(), second.Complaints(), third.Complaints())
	}
	w.Ends(t)
	alerted(t, "I3 discovery", w)
	replayed(t, "I3 discovery", "replicas that start seconds later", "no discovery", fmt.Sprintf("find each other in %.1f s", took.Seconds()))
	third.Terminate(t)
	lab.AwaitGone(t, 1, third)
	if len(third.Said(lab.LogLeaves)) != 1 {
		t.Error("it was not let go")
	}
}
