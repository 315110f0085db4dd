package fleet

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// forwardedName has the addresses of a fleet, in the zone of an upstream.
const forwardedName = "peers.upstream.test."

// A server that finds nobody but itself is quiet about it: one line, and no error.
func TestPeersByDNSAreOnlyMyself(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		listen  string // before the port
		records []string
		line    string // the one of the log
	}{
		"one family":    {"127.0.0.1", []string{"A 127.0.0.1"}, "No peers are known: "},
		"both families": {"", []string{"A 127.0.0.1", "AAAA ::1"}, "No peers are known: "},
		// It does not know 127.0.0.2 as its own, and meets itself there.
		"by identity":  {"", []string{"A 127.0.0.1", "A 127.0.0.2"}, "No peers are known: "},
		"no addresses": {"127.0.0.1", []string{"TXT none"}, "Looking up peers " + lab.PeersName + " failed: no addresses"},
		"no such name": {"127.0.0.1", nil, "Looking up peers " + lab.PeersName + " failed: no addresses"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := lab.NewDiscovered(t, of.records...)
			m := f.Start(t, 1, of.listen+":"+f.HTTP, lab.Quick)
			alone := func() string {
				if s := m.Status(); m.Ready() != "200 OK" || s.KnownPeers != 0 || len(s.Peers) != 0 {
					return fmt.Sprintf("/ready %s, /status %+v", m.Ready(), s)
				}
				return ""
			}
			lab.Eventually(t, lab.Slow, alone)
			complains := func() string {
				complaints := m.Complaints()
				if len(complaints) != 1 || !strings.HasPrefix(complaints[0], "[WARNING] plugin/selfpreserve: "+of.line) {
					return fmt.Sprintf("the log complains of %q, want %q", complaints, of.line)
				}
				return ""
			}
			lab.Eventually(t, lab.Slow, complains)
			lab.Throughout(t, 3*time.Second, func() string {
				if told := complains(); told != "" {
					return told
				}
				return alone()
			})
			m.Terminate(t)
			lab.Until(t, "it is preserved", func() bool { return strings.HasPrefix(m.Ready(), "200 PRESERVED: SIGTERM, with 0 of 1 promises") })
			lab.AllPreserved(t, time.Second, m)
			if s := m.Status(); s.KnownPeers != 0 || s.Promises.Held != 0 {
				t.Errorf("it knows or leans on itself: %+v", s)
			}
		})
	}
}

// Of forty addresses three are peers. Some of the others refuse connections, and some
// take them and say nothing.
func TestPeersByDNSAreThreeOfForty(t *testing.T) {
	t.Parallel()
	var records []string
	for i := range 40 {
		records = append(records, fmt.Sprintf("A 127.0.0.%d", i+1))
	}
	f := lab.NewDiscovered(t, records...)
	for i := 11; i <= 20; i++ {
		mute, err := net.Listen("tcp", f.At(i)) // and never accepts
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = mute.Close() })
	}
	var fleet []*lab.Member
	for _, number := range []int{1, 38, 39, 40} { // more than are asked at once stand before the three
		fleet = append(fleet, f.Start(t, number, f.At(number), lab.Quick+"min_peers 3\n"))
	}
	first := fleet[0]
	want := []string{f.At(38), f.At(39), f.At(40)}
	lab.Until(t, "it finds the three", func() bool { return slices.Equal(first.Sees(), want) })
	if s := first.Status(); len(s.Peers) != 39 || slices.ContainsFunc(s.Peers, func(p lab.PeerStatus) bool { return p.Address == f.At(1) }) {
		t.Errorf("it lists %d peers, want all but itself", len(s.Peers))
	}
	for _, m := range fleet {
		if errors := m.Said("[ERROR]"); len(errors) > 0 {
			t.Errorf("%s complains: %q", m.HTTP, errors)
		}
	}
	first.Terminate(t)
	lab.AwaitGone(t, 1, first)
	if len(first.Said("Leaving service: enough peers have promised to stay")) != 1 {
		t.Error("it was not let go")
	}
	for _, m := range fleet[1:] {
		if r := m.Ready(); r != "200 OK" {
			t.Errorf("/ready of %s: %s", m.HTTP, r)
		}
	}
}

// Peers move: who is not found any more is asked no more, and counts for ten minutes unless it
// left on promises.
func TestPeersByDNSMove(t *testing.T) {
	t.Parallel()
	f := lab.NewDiscovered(t, "A 127.0.0.1", "A 127.0.0.2")
	first, second := f.Start(t, 1, f.At(1), lab.Quick), f.Start(t, 2, f.At(2), lab.Quick)
	first.AwaitPeers(t, 1)
	second.AwaitPeers(t, 1)
	second.Terminate(t)
	lab.AwaitGone(t, 1, second)

	f.Publish(t, "A 127.0.0.1", "A 127.0.0.3")
	third := f.Start(t, 3, f.At(3), lab.Quick)
	lists := func(known int, want ...string) {
		t.Helper()
		lab.Eventually(t, lab.Slow, func() string {
			var got []string
			s := first.Status()
			for _, p := range s.Peers {
				got = append(got, p.Address+" "+p.State)
			}
			if slices.Equal(got, want) && s.KnownPeers == known {
				return ""
			}
			return fmt.Sprintf("%d known peers, %q, want %q", s.KnownPeers, got, want)
		})
	}
	lists(1, f.At(3)+" serving")

	if err := third.Kill(); err != nil {
		t.Fatal(err)
	}
	f.Publish(t, "A 127.0.0.1", "A 127.0.0.4")
	f.Start(t, 4, f.At(4), lab.Quick)
	lists(2, f.At(4)+" serving")

	first.Terminate(t)
	lab.AwaitGone(t, 1, first)
	if len(first.Said("Leaving service: enough peers have promised to stay")) != 1 {
		t.Error("it was not let go")
	}
}

// What fails at a start and does not last is no news: the own listener opens after the
// plugins have started, and what it forwards to may come even later.
func TestPeersByDNSAreNotMissedAtTheStart(t *testing.T) {
	t.Parallel()
	var fail atomic.Bool
	fail.Store(true)
	upstream := lab.StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		if fail.Load() {
			m.Rcode = dns.RcodeServerFailure
		} else if r.Question[0].Qtype == dns.TypeA {
			rr, _ := dns.NewRR(r.Question[0].Name + " 5 IN A 127.0.0.2")
			m.Answer = append(m.Answer, rr)
		}
		_ = w.WriteMsg(m)
	})
	f := lab.NewDiscovered(t, "A 127.0.0.1")
	f.Start(t, 2, f.At(2), lab.Quick)
	f.Name = forwardedName
	// Five intervals are ten seconds.
	first := f.Start(t, 1, f.At(1), "promise 6s\ninterval 2s\ncanary "+forwardedName+"\n", "forward "+forwardedName+" "+upstream)
	lab.Until(t, "it starts", func() bool { return strings.HasPrefix(first.Ready(), "503 STARTING") })
	lab.Throughout(t, 3*time.Second, func() string { return strings.Join(first.Complaints(), "") })
	fail.Store(false)
	first.AwaitPeers(t, 1)
	if len(first.Complaints()) > 0 {
		t.Error(first.Complaints())
	}
}
