package wire

import (
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// Status is the body of GET /status. It is for people; the names are kept.
type Status struct {
	Hello
	Since      time.Time `json:"since"`            // in this state
	Reason     string    `json:"reason,omitempty"` // for it
	Checks     []Check   `json:"checks"`
	Peers      []Peer    `json:"peers"` // without this server
	MinPeers   int       `json:"min_peers"`
	KnownPeers int       `json:"known_peers"`
	Promises   Promises  `json:"promises"`
	Load       *int      `json:"load_qps,omitempty"`
	Capacity   *int      `json:"capacity_qps,omitempty"`
}

// Check is how a check of this server is.
type Check struct {
	Name   string    `json:"name"`
	OK     bool      `json:"ok"` // when it was last made
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since"`
}

// Peer is how a peer is.
type Peer struct {
	Address  string     `json:"address"`
	ID       promise.ID `json:"id,omitempty"`
	State    string     `json:"state"` // a state's name, unreachable, or unheard before the first poll
	LastSeen *time.Time `json:"last_seen,omitempty"`
}

// Promises are how many are in force.
type Promises struct {
	Given int `json:"given"`
	Held  int `json:"held"`
}
