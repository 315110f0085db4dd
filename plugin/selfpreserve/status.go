package selfpreserve

import (
	"fmt"
	"net/http"
	"time"

	"github.com/coredns/coredns/coremain"

	"github.com/holdfastdns/holdfast/internal/version"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// me is what this server says of itself to peers. Called with the lock.
func (n *node) me() wire.Hello {
	s := n.shown.Load()
	state := s.view.State
	if n.outcome != "" { // one that observes ends, whatever was decided
		state = promise.Leaving
	}
	return wire.Hello{
		ID: n.id, Name: hostName(), Version: coremain.CoreVersion, State: state, Wire: wire.Version, Outcome: n.outcome,
		Standing: wire.StandingOf(s.me, version.Number(), n.now()-s.view.Since, s.view.Why),
	}
}

// serveStatus has no lock to wait for.
func (n *node) serveStatus(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, n.status(time.Now()))
}

func (n *node) status(wall time.Time) wire.Status {
	now, shown := n.now(), n.shown.Load()
	v := shown.view
	at := func(d time.Duration) time.Time { return wall.Add(d - now).UTC().Truncate(time.Millisecond) }
	s := wire.Status{
		Schema: wire.StatusSchema, ID: n.id, Name: hostName(), Version: coremain.CoreVersion, Holdfast: version.Number(), Wire: wire.Version,
		State: v.State, Since: at(v.Since), Reason: v.Why, Observe: v.Observe, InService: v.InService, MayLeave: shown.mayLeave(),
		Checks: []wire.Check{}, Peers: []wire.Peer{}, Zones: shown.zoneAges(), Changes: []wire.Change{}, Ready: new(wire.Ready),
		MinPeers: v.MinPeers, KnownPeers: shown.known,
		Promises: wire.Promises{Given: v.Given, Held: v.Held},
	}
	s.Departure.Why = shown.whyNotLeave()
	s.Departure.OK = s.Departure.Why == ""
	if asked, ever := n.readyAsked(); ever {
		s.Ready.LastAsked = new(at(asked))
	}
	if shown.held() {
		s.HoldDeadline = new(at(v.Deadline))
	}
	if v.Override.Kind != "" {
		s.Override = &wire.Override{Kind: string(v.Override.Kind), Reason: v.Override.Reason, Since: at(shown.overrideSince)}
	}
	for _, c := range shown.checks {
		s.Checks = append(s.Checks, wire.Check{Name: c.name, OK: c.ok, Reason: c.reason, Since: at(c.since)})
	}
	for _, p := range shown.peers {
		s.Peers = append(s.Peers, peerStatus(p, at))
	}
	for _, c := range shown.changes {
		s.Changes = append(s.Changes, wire.Change{Time: at(c.at), What: c.what, Why: c.why})
	}
	if shown.conf.capacity > 0 {
		s.Load, s.Capacity = &v.Load, &shown.conf.capacity
	}
	return s
}

// held is whether SIGTERM has come and is held.
func (s *shown) held() bool {
	return s.view.Terminating && s.view.State == promise.Asking && !s.view.Observe
}

func peerStatus(p roster.Peer, at func(time.Duration) time.Time) wire.Peer {
	it := wire.Peer{Address: p.Address.String(), ID: p.ID, State: p.Status}
	if p.ID == "" {
		return it
	}
	it.LastSeen, it.Says = new(at(p.HeardAt)), &wire.Says{State: p.Said}
	about := p.AboutItself()
	if about == nil {
		return it
	}
	it.Name, it.Holdfast, it.Says.Observe = about.Name, about.Holdfast, about.Observes
	if about.Dated && about.State == p.Said {
		it.Says.Since, it.Says.Reason = new(at(about.Since)), about.Reason
	}
	return it
}

// mayLeave is how many servers could leave now, by what this one sees. A peer that is silent
// does not count, and one of which nobody knows whether it has promised stays.
func (s *shown) mayLeave() int {
	if !s.view.HasPeers {
		if s.view.State.InService() && !s.me.Bound {
			return 1 // alone by choice, it asks nobody
		}
		return 0
	}
	return promise.MayLeave(append(s.leanable(), s.me), s.view.MinPeers)
}

// leanable are the peers that answer, in service, as far as this server could lean on them.
func (s *shown) leanable() (servers []promise.Server) {
	for _, p := range s.peers {
		about := p.AboutItself()
		if about == nil || p.Status != promise.Serving.String() || about.Observes && !s.me.Observes {
			continue
		}
		servers = append(servers, about.Server)
	}
	return servers
}

// whyNotLeave is why this server would not go at once if it were told to leave, or "".
func (s *shown) whyNotLeave() string {
	v := s.view
	switch {
	case v.State == promise.Leaving, v.State == promise.Starting, v.Override.Kind == promise.Leave:
		return ""
	case v.Override.Kind == promise.Stay:
		return "the operator ordered stay: " + v.Override.Reason
	case v.State == promise.Asking && (v.Terminating || v.FailedRounds > 0): // and not one that only keeps from stepping aside again
		return v.Why
	case v.State == promise.Aside && v.Held < v.MinPeers:
		return fmt.Sprintf("it has only %d of %d promises", v.Held, v.MinPeers)
	case v.State == promise.Aside:
		return ""
	case v.Given > 0:
		return "it has itself promised to stay"
	case !v.HasPeers:
		return "" // alone by choice, it asks nobody
	case s.me.Bound:
		return "it started less than a promise's lifetime ago"
	}
	return s.me.WhyNotLeave(s.leanable(), v.MinPeers)
}

// zoneAges are the zones that plugins tell of. One in several server blocks is there once, by
// the worst that is known of it.
func (s *shown) zoneAges() []wire.Zone {
	zones, places := []wire.Zone{}, map[string]int{}
	for _, plugin := range s.zones {
		plugin.EachZone(func(name, verdict, why string, age, maxAge, silence time.Duration) {
			z := wire.Zone{Name: name, Verdict: verdict, MaxAge: maxAge.Seconds(), Reason: why}
			if age >= 0 {
				z.Age = new(age.Seconds())
			}
			if silence >= 0 {
				z.PrimarySilence = new(silence.Seconds())
			}
			i, found := places[name]
			if !found {
				places[name] = len(zones)
				zones = append(zones, z)
				return
			}
			silent := longer(z.PrimarySilence, zones[i].PrimarySilence)
			if badness(z) > badness(zones[i]) {
				zones[i] = z
			}
			zones[i].PrimarySilence = silent
		})
	}
	return zones
}

// longer is the longer of two times, of which each may be unknown.
func longer(a, b *float64) *float64 {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}

// badness orders what is known of a zone: fresh, of unknown age, too old.
func badness(z wire.Zone) float64 {
	if z.Age == nil {
		return 1
	}
	return *z.Age / z.MaxAge
}
