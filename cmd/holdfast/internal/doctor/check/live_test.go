package check_test

import (
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/check"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// status is of a server whose host has this name, and which hears these peers.
func status(name string, peers ...string) *wire.Status {
	s := &wire.Status{MinPeers: 1, KnownPeers: len(peers)}
	s.ID, s.Name, s.Version = promise.ID("id-"+name), name, "1.15.0"
	s.State, s.InService = promise.Serving, true
	for _, p := range peers {
		s.Peers = append(s.Peers, wire.Peer{Address: address(p), ID: promise.ID("id-" + p), State: "serving"})
	}
	return s
}

func address(name string) string { return name + ".example.org:8182" }

// server is one that was asked. Its clock is this host's, as well as anybody can tell.
func server(name string, peers ...string) check.LiveServer {
	return check.LiveServer{Address: address(name), Status: status(name, peers...), Clock: 300 * time.Millisecond, Doubt: 600 * time.Millisecond}
}

// three know each other; the last of them is what a test makes of it.
func three(change func(*check.LiveServer)) []check.LiveServer {
	all := []check.LiveServer{server("a", "b", "c"), server("b", "a", "c"), server("c", "a", "b")}
	change(&all[2])
	return all
}

func asIs(*check.LiveServer) {}

func silent(s *check.LiveServer) { s.Status, s.Why = nil, "no answer within 5s" }

// unheard makes a and b call c unreachable.
func unheard(all []check.LiveServer) []check.LiveServer {
	for _, s := range all[:2] {
		s.Status.Peers[1].State = "unreachable"
	}
	return all
}

var _ = add("live-answers",
	example{name: "all", live: three(asIs)},
	example{name: "one does not", live: unheard(three(silent)), finds: "c.example.org:8182: no answer within 5s"},
	example{name: "one not to us", live: three(silent)},
)

var _ = add("live-peers",
	example{name: "all", live: three(asIs)},
	example{name: "one does not know another", live: three(func(s *check.LiveServer) { s.Status.Peers = s.Status.Peers[1:] }), finds: "c (c.example.org:8182): does not know a (a.example.org:8182)"},
	example{name: "one does not reach another", live: three(func(s *check.LiveServer) { s.Status.Peers[0].State = "unreachable" }), finds: "c (c.example.org:8182): gets no answer from a (a.example.org:8182)"},
	example{name: "one knows another's address alone", live: three(func(s *check.LiveServer) { s.Status.Peers[0].ID = "" })},
	example{name: "one knows another at another address", live: three(func(s *check.LiveServer) { s.Status.Peers[0].Address = "[2001:db8::1]:8182" })},
	example{name: "one knows none of five", live: append([]check.LiveServer{server("x")}, server("a", "b", "c", "d", "x"), server("b", "a", "c", "d", "x"), server("c", "a", "b", "d", "x"), server("d", "a", "b", "c", "x")),
		finds: "does not know a (a.example.org:8182), b (b.example.org:8182), c (c.example.org:8182) and 1 more"},
)

var _ = add("live-min-peers",
	example{name: "as many as there are", live: three(func(s *check.LiveServer) { s.Status.MinPeers = 2 })},
	example{name: "more", live: three(func(s *check.LiveServer) { s.Status.MinPeers = 3 }), finds: "c (c.example.org:8182): 3 peers have to promise, but it knows only 2 peers"},
	example{name: "alone by choice", live: []check.LiveServer{server("a")}},
)

// off puts the clock of each server apart from this host's.
func off(clocks ...time.Duration) []check.LiveServer {
	all := three(asIs)
	for i := range clocks {
		all[i].Clock = clocks[i]
	}
	return all[:len(clocks)]
}

var _ = add("live-clocks",
	example{name: "as well as anybody can tell", live: off(-5*time.Second, 0, 600*time.Millisecond)},
	example{name: "one that may be near enough", live: off(-time.Second, 0, 5400*time.Millisecond)},
	example{name: "one ahead", live: off(0, 0, 7*time.Second), finds: "c (c.example.org:8182): its clock is 7s ahead of that of this host"},
	example{name: "one behind", live: off(0, 0, -90*time.Second), finds: "c (c.example.org:8182): its clock is 1m30s behind that of this host"},
	example{name: "ours", live: off(time.Hour, time.Hour, time.Hour+time.Second), finds: "the clock of this host is 1h0m1s behind that of all 3 servers"},
	example{name: "one of one", live: []check.LiveServer{{Address: address("a"), Status: status("a"), Clock: time.Minute, Doubt: time.Second}}, finds: "1m0s ahead"},
	example{name: "no Date", live: []check.LiveServer{{Address: address("a"), Status: status("a")}}},
)

var _ = add("live-versions",
	example{name: "the same", live: three(asIs)},
	example{name: "two", live: three(func(s *check.LiveServer) { s.Status.Version = "1.14.2" }), finds: "CoreDNS 1.14.2 on c (c.example.org:8182); CoreDNS 1.15.0 on a (a.example.org:8182), b (b.example.org:8182): fine during a rollout"},
	example{name: "two of Holdfast", live: three(func(s *check.LiveServer) { s.Status.Holdfast = "0.2.0" }), finds: "Holdfast 0.2.0, CoreDNS 1.15.0 on c (c.example.org:8182)"},
)

var _ = add("live-observe",
	example{name: "none", live: three(asIs)},
	example{name: "one", live: three(func(s *check.LiveServer) { s.Status.Observe = true }), finds: "observe is set on c (c.example.org:8182) but not on the other servers"},
	example{name: "one alone", live: []check.LiveServer{observing(server("a"))}},
	example{name: "all", live: []check.LiveServer{observing(server("a", "b")), observing(server("b", "a"))}},
)

func observing(s check.LiveServer) check.LiveServer {
	s.Status.Observe = true
	return s
}

// zone gives the last of three servers a zone.
func zone(verdict, why string) []check.LiveServer {
	return three(func(s *check.LiveServer) {
		s.Status.Zones = []wire.Zone{{Name: "example.org.", Verdict: verdict, Reason: why}}
	})
}

var _ = add("live-zones",
	example{name: "fresh", live: zone("fresh", "")},
	example{name: "old", live: zone("stale", "95s behind"), also: "live-stale"},
	example{name: "unknown", live: zone("unknown", "heartbeat: NXDOMAIN"), finds: "c (c.example.org:8182): the age of zone example.org. is unknown: heartbeat: NXDOMAIN"},
)

// withPrimaries gives the last of three servers a zone whose primaries have been silent so long.
func withPrimaries(seconds float64) []check.LiveServer {
	all := zone("fresh", "")
	all[2].Status.Zones[0].MaxAge, all[2].Status.Zones[0].PrimarySilence = 60, &seconds
	return all
}

var _ = add("live-primaries",
	example{name: "one answers", live: withPrimaries(8)},
	example{name: "a lost answer or two", live: withPrimaries(59)},
	example{name: "none does", live: withPrimaries(75), finds: "c (c.example.org:8182): no primary has given a usable answer about zone example.org. for 1m15s"},
	example{name: "no primaries", live: zone("fresh", "")},
)

var _ = add("live-stale",
	example{name: "fresh", live: zone("fresh", "")},
	example{name: "stale", live: zone("stale", "95s behind"), finds: "c (c.example.org:8182): zone example.org. is stale: 95s behind"},
	example{name: "of unknown age", live: zone("unknown", "heartbeat: NXDOMAIN"), also: "live-zones"},
)

// being puts the last of three servers into a state.
func being(state promise.State, why string, change func(*wire.Status)) []check.LiveServer {
	return three(func(s *check.LiveServer) {
		s.Status.State, s.Status.Reason, s.Status.InService = state, why, state.InService()
		change(s.Status)
	})
}

var _ = add("live-fit",
	example{name: "all serve", live: three(asIs)},
	example{name: "one leaves", live: being(promise.Leaving, "SIGTERM", func(*wire.Status) {})},
	example{name: "one is aside", live: being(promise.Aside, "canary a. A: SERVFAIL, with 1 of 1 promises", func(*wire.Status) {}),
		finds: "c (c.example.org:8182): has stepped aside: canary a. A: SERVFAIL, with 1 of 1 promises"},
	example{name: "one would step aside", live: being(promise.Asking, "canary a. A: SERVFAIL", func(*wire.Status) {}),
		finds: "c (c.example.org:8182): wants to step aside, but stays in service: canary a. A: SERVFAIL"},
	example{name: "one is held", live: being(promise.Asking, "SIGTERM, with 0 of 1 promises", func(s *wire.Status) { s.HoldDeadline = &now }),
		finds: "c (c.example.org:8182): got SIGTERM, but too few peers promise to stay: SIGTERM, with 0 of 1 promises"},
	example{name: "one has just started", live: being(promise.Starting, "", func(*wire.Status) {}), finds: "c (c.example.org:8182): has not come into service yet"},
	example{name: "one observes", live: being(promise.Aside, "canary a. A: SERVFAIL", func(s *wire.Status) { s.Observe = true }), also: "live-observe",
		finds: "c (c.example.org:8182): would be aside if it were not observing only: canary a. A: SERVFAIL"},
)

// read gives the last of three servers, in service for an hour, a reader of /ready.
func read(ready *wire.Ready) []check.LiveServer {
	return three(func(s *check.LiveServer) { s.Now, s.Status.Since, s.Status.Ready = now, now.Add(-time.Hour), ready })
}

var _ = add("live-ready",
	example{name: "somebody does", live: read(&wire.Ready{LastAsked: new(now.Add(-2 * time.Second))})},
	example{name: "nobody any more", live: read(&wire.Ready{LastAsked: new(now.Add(-time.Minute))}), finds: "c (c.example.org:8182): nobody has asked for /ready for 1m00s"},
	example{name: "nobody ever", live: read(&wire.Ready{}), finds: "c (c.example.org:8182): nobody has asked for /ready"},
	example{name: "nobody says", live: three(asIs)},
)
