package wire

import (
	"time"

	"github.com/holdfastdns/holdfast/internal/span"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// StatusSchema is the version of the body of GET /status. It goes up when a field changes its
// meaning or goes; new fields leave it as it is.
const StatusSchema = 1

// Status is the body of GET /status. It is for people, and the names are kept. What each
// field means is in status.schema.json.
type Status struct {
	Schema       int           `json:"schema_version"`
	ID           promise.ID    `json:"id"`
	Name         string        `json:"name"`
	Version      string        `json:"version"`  // CoreDNS's
	Holdfast     string        `json:"holdfast"` // its version
	Wire         int           `json:"wire"`     // version of what it and its peers send each other
	State        promise.State `json:"state"`
	Since        time.Time     `json:"since"`            // in this state
	Reason       string        `json:"reason,omitempty"` // for it
	HoldDeadline *time.Time    `json:"hold_deadline,omitempty"`
	Observe      bool          `json:"observe"`
	Override     *Override     `json:"override,omitempty"`
	InService    bool          `json:"in_service"` // clients are to be sent here
	MayLeave     int           `json:"may_leave"`
	Departure    Departure     `json:"departure"`
	Checks       []Check       `json:"checks"`
	Peers        []Peer        `json:"peers"` // without this server
	MinPeers     int           `json:"min_peers"`
	KnownPeers   int           `json:"known_peers"`
	Promises     Promises      `json:"promises"`
	Load         *int          `json:"load_qps,omitempty"`
	Capacity     *int          `json:"capacity_qps,omitempty"`
	Zones        []Zone        `json:"zones"`
	Changes      []Change      `json:"changes"` // the newest first
	Ready        *Ready        `json:"ready,omitempty"`
}

// Ready is who reads GET /ready. Servers of before do not say.
type Ready struct {
	LastAsked *time.Time `json:"last_asked,omitempty"` // if it ever was
}

// readersPause is for how long nobody has to ask for /ready until it seems that nobody reads it:
// three times the period that Kubernetes gives a probe unless told otherwise, which is longer
// than that of any reader in docs/ready.md.
const readersPause = 30 * time.Second

// ReadyUnread says, for people, that nobody seems to read /ready, or "". now is by the server's
// clock. It does not say so of a server without peers, which never steps aside, and of one that
// somebody may be about to ask for the first time.
func (s *Status) ReadyUnread(now time.Time) string {
	switch {
	case s.Ready == nil, s.KnownPeers == 0 && len(s.Peers) == 0, now.Sub(s.Since) < readersPause:
		return ""
	case s.Ready.LastAsked == nil:
		return "nobody has asked for /ready"
	case now.Sub(*s.Ready.LastAsked) >= readersPause:
		return "nobody has asked for /ready for " + span.Short(now.Sub(*s.Ready.LastAsked))
	}
	return ""
}

// Departure says what would happen if the server had to leave now.
type Departure struct {
	OK  bool   `json:"ok"`            // it would go at once
	Why string `json:"why,omitempty"` // if not
}

// Override is an order that somebody gave by hand.
type Override struct {
	Kind   string    `json:"kind"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

// Check is the state of a check of this server.
type Check struct {
	Name   string    `json:"name"`
	OK     bool      `json:"ok"` // when it was last made
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since"`
}

// Peer is the state of a peer.
type Peer struct {
	Address  string     `json:"address"`
	ID       promise.ID `json:"id,omitempty"`
	Name     string     `json:"name,omitempty"`
	Holdfast string     `json:"holdfast,omitempty"`
	State    string     `json:"state"` // a state's name, unreachable, or unheard before the first poll
	LastSeen *time.Time `json:"last_seen,omitempty"`
	Says     *Says      `json:"says,omitempty"`
}

// Says is what a peer last said about itself. It stays when the peer falls silent.
type Says struct {
	State   promise.State `json:"state"`
	Since   *time.Time    `json:"since,omitempty"`
	Reason  string        `json:"reason,omitempty"`
	Observe bool          `json:"observe,omitempty"`
}

// Promises says how many promises are in force.
type Promises struct {
	Given int `json:"given"`
	Held  int `json:"held"`
}

// Zone says how old a zone is, according to a plugin that can tell.
type Zone struct {
	Name    string   `json:"zone"`
	Verdict string   `json:"verdict"`
	Age     *float64 `json:"age_seconds,omitempty"` // if anybody can tell
	MaxAge  float64  `json:"max_age_seconds"`
	Reason  string   `json:"reason,omitempty"`

	PrimarySilence *float64 `json:"primary_silence_seconds,omitempty"` // if it has primaries
}

// NoPrimaryAnswers is whether primaries are silent for so long that what they would say may be
// of another age by now: for one lost answer they are not.
func (z *Zone) NoPrimaryAnswers() bool {
	return z.PrimarySilence != nil && *z.PrimarySilence > z.MaxAge
}

// Change is an entry of the history of changes.
type Change struct {
	Time time.Time `json:"time"`
	What string    `json:"what"`
	Why  string    `json:"why,omitempty"`
}
