package page

import (
	"fmt"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// now is when everything is looked at.
var now = time.Date(2026, 11, 22, 3, 14, 15, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

// inService is a server of three that are well.
func inService() wire.Status {
	s := wire.Status{
		Schema: wire.StatusSchema, ID: "1f3870be274f6c49", Name: "ns1.example.org", Version: "1.15.0", Holdfast: "0.1.0", Wire: wire.Version,
		State: promise.Serving, Since: ago(76 * time.Hour), InService: true, MayLeave: 2, MinPeers: 1, KnownPeers: 2,
		Checks: []wire.Check{{Name: "ready file", OK: true, Since: ago(76 * time.Hour)}, {Name: "canary www.example.org. A", OK: true, Since: ago(76 * time.Hour)}},
		Zones:  []wire.Zone{{Name: "example.org.", Verdict: "fresh", Age: new(3.2), MaxAge: 60}, {Name: "example.net.", Verdict: "unknown", MaxAge: 60, Reason: "primary 192.0.2.53 did not answer: timeout"}},
	}
	for i := range 2 {
		s.Peers = append(s.Peers, wire.Peer{Address: fmt.Sprintf("192.0.2.%d:8182", i+2), ID: promise.ID(fmt.Sprint("id-", i)), Name: fmt.Sprintf("ns%d.example.org", i+2),
			Holdfast: "0.1.0", State: "serving", LastSeen: new(ago(time.Second)), Says: &wire.Says{State: promise.Serving, Since: new(ago(75 * time.Hour))}})
	}
	for i := range 6 {
		s.Changes = append(s.Changes, wire.Change{Time: ago(75*time.Hour + time.Duration(i)*time.Minute), What: fmt.Sprintf("peer 192.0.2.%d:8182 (ns%d.example.org) serving", i%2+2, i%2+2)})
	}
	s.Changes = append(s.Changes, wire.Change{Time: ago(76 * time.Hour), What: "state serving"})
	return s
}

// held is a server that holds SIGTERM: one peer has left, and the other is sick.
func held() wire.Status {
	s := inService()
	s.State, s.Since, s.Reason, s.MayLeave = promise.Asking, ago(8*time.Second), "SIGTERM, with 0 of 1 promises; 192.0.2.3:8182 is not fit", 0
	s.HoldDeadline = new(now.Add(12*time.Second + 400*time.Millisecond))
	s.Peers[0].State, s.Peers[0].LastSeen, s.Peers[0].Says = "left", new(ago(40*time.Second)), &wire.Says{State: promise.Leaving, Since: new(ago(40 * time.Second)), Reason: "SIGTERM"}
	s.Peers[1].State, s.Peers[1].Says = "asking", &wire.Says{State: promise.Asking, Since: new(ago(11 * time.Second)), Reason: "canary www.example.org. A: SERVFAIL, with 0 of 1 promises"}
	s.Changes = append([]wire.Change{
		{Time: ago(8 * time.Second), What: "state asking", Why: "SIGTERM, with 0 of 1 promises"},
		{Time: ago(11 * time.Second), What: "peer 192.0.2.3:8182 (ns3.example.org) asking", Why: "canary www.example.org. A: SERVFAIL"},
		{Time: ago(40 * time.Second), What: "peer 192.0.2.2:8182 (ns2.example.org) left"},
	}, s.Changes...)
	return s
}

// partitioned is a server that hears nobody.
func partitioned() wire.Status {
	s := inService()
	s.MayLeave = 0
	for i := range s.Peers {
		s.Peers[i].State, s.Peers[i].LastSeen = "unreachable", new(ago(90*time.Second))
	}
	s.Changes = append([]wire.Change{{Time: ago(84 * time.Second), What: "no peer answers"}}, s.Changes...)
	return s
}

// stale is a server that is aside, since its zone is old.
func stale() wire.Status {
	s := inService()
	s.State, s.Since, s.InService, s.MayLeave, s.Promises.Held = promise.Aside, ago(2*time.Minute), false, 1, 1
	s.Reason = "vital stalecheck: example.org. is 5m0s behind 192.0.2.53, with 1 of 1 promises"
	s.Checks = append(s.Checks, wire.Check{Name: "vital stalecheck", Reason: "example.org. is 5m0s behind 192.0.2.53", Since: ago(126 * time.Second)})
	s.Zones[0] = wire.Zone{Name: "example.org.", Verdict: "stale", Age: new(300.0), MaxAge: 60, Reason: "5m0s behind 192.0.2.53"}
	return s
}

// hostile is a server whose peer would like to be more than a name.
func hostile() wire.Status {
	const evil = `<script>document.title="broken"</script><img src=x onerror="document.title='broken'">`
	s := inService()
	s.Name, s.Reason = evil, evil
	s.Override = &wire.Override{Kind: "stay", Reason: evil}
	s.Peers[0].Name, s.Peers[0].State, s.Peers[0].Says.Reason = evil, "unreachable", evil
	s.Zones[0] = wire.Zone{Name: evil, Verdict: "stale", Reason: evil, MaxAge: 60}
	s.Checks[0].Name, s.Checks[0].Reason = evil, evil
	s.Changes[0].What, s.Changes[0].Why = evil, evil
	return s
}
