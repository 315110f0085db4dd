package selfpreserve

import (
	"net/http"
	"time"

	"github.com/coredns/coredns/coremain"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// status is what GET /status says. It is for people; the names are kept.
type status struct {
	hello
	Since      time.Time     `json:"since"`            // in this state
	Reason     string        `json:"reason,omitempty"` // for it
	Checks     []checkStatus `json:"checks"`
	Peers      []peerStatus  `json:"peers"` // without this server
	MinPeers   int           `json:"min_peers"`
	KnownPeers int           `json:"known_peers"`
	Promises   promises      `json:"promises"`
	Load       *int          `json:"load_qps,omitempty"`
	Capacity   *int          `json:"capacity_qps,omitempty"`
}

type checkStatus struct {
	Name   string    `json:"name"`
	OK     bool      `json:"ok"` // when it was last made
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since"`
}

type peerStatus struct {
	Address  string     `json:"address"`
	ID       promise.ID `json:"id,omitempty"`
	State    string     `json:"state"` // a state's name, unreachable, or unheard before the first poll
	LastSeen *time.Time `json:"last_seen,omitempty"`
}

type promises struct {
	Given int `json:"given"`
	Held  int `json:"held"`
}

// me is what this server says of itself. Called with the lock.
func (n *node) me() hello {
	return hello{ID: n.id, Name: hostName(), Version: coremain.CoreVersion, State: n.view.Load().State}
}

// status is called with the lock.
func (n *node) status(wall time.Time) status {
	now, v := n.now(), n.view.Load()
	at := func(d time.Duration) time.Time { return wall.Add(d - now).UTC().Truncate(time.Millisecond) }
	s := status{
		hello: n.me(), Since: at(v.Since), Reason: v.Why,
		Checks: []checkStatus{}, Peers: []peerStatus{},
		MinPeers: v.MinPeers, KnownPeers: n.roster.KnownPeers(now),
		Promises: promises{Given: v.Given, Held: v.Held},
	}
	for _, c := range n.checks.all {
		s.Checks = append(s.Checks, checkStatus{c.name, c.looked && c.fails == 0, c.reason, at(c.since)})
	}
	for _, p := range n.roster.Peers() {
		it := peerStatus{Address: p.Address.String(), ID: p.ID, State: p.Status}
		if p.ID != "" {
			seen := at(p.HeardAt)
			it.LastSeen = &seen
		}
		s.Peers = append(s.Peers, it)
	}
	if n.conf.capacity > 0 {
		load, capacity := v.Load, n.conf.capacity
		s.Load, s.Capacity = &load, &capacity
	}
	return s
}

func (n *node) serveStatus(w http.ResponseWriter, _ *http.Request) {
	n.mu.Lock()
	s := n.status(time.Now())
	n.mu.Unlock()
	writeJSON(w, http.StatusOK, s)
}
