package selfpreserve

import (
	"net/http"
	"time"

	"github.com/coredns/coredns/coremain"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// me is what this server says of itself. Called with the lock.
func (n *node) me() wire.Hello {
	return wire.Hello{ID: n.id, Name: hostName(), Version: coremain.CoreVersion, State: n.view.Load().State, Wire: wire.Version, Outcome: n.outcome}
}

// status is called with the lock.
func (n *node) status(wall time.Time) wire.Status {
	now, v := n.now(), n.view.Load()
	at := func(d time.Duration) time.Time { return wall.Add(d - now).UTC().Truncate(time.Millisecond) }
	s := wire.Status{
		Hello: n.me(), Since: at(v.Since), Reason: v.Why,
		Checks: []wire.Check{}, Peers: []wire.Peer{},
		MinPeers: v.MinPeers, KnownPeers: n.roster.KnownPeers(now),
		Promises: wire.Promises{Given: v.Given, Held: v.Held},
	}
	for _, c := range n.checks.all {
		s.Checks = append(s.Checks, wire.Check{Name: c.name, OK: c.looked && c.fails == 0, Reason: c.reason, Since: at(c.since)})
	}
	for _, p := range n.roster.Peers() {
		it := wire.Peer{Address: p.Address.String(), ID: p.ID, State: p.Status}
		if p.ID != "" {
			seen := at(p.HeardAt)
			it.LastSeen = &seen
		}
		s.Peers = append(s.Peers, it)
	}
	if n.conf.capacity > 0 {
		s.Load, s.Capacity = &v.Load, &n.conf.capacity
	}
	return s
}

func (n *node) serveStatus(w http.ResponseWriter, _ *http.Request) {
	n.mu.Lock()
	s := n.status(time.Now())
	n.mu.Unlock()
	writeJSON(w, http.StatusOK, s)
}
