// Package fleet is the verb status: the whole fleet as its servers see it. gather.go asks one
// server after the other whom it knows, merge.go makes one view of what all have said,
// sight.go says who hears whom, and text.go shows it.
package fleet

import (
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// Fleet is what one look at all servers has shown.
type Fleet struct {
	Schema    int       `json:"schema" jsonschema:"version of this schema"`
	At        time.Time `json:"at" jsonschema:"when the look was over"`
	Took      float64   `json:"took_seconds" jsonschema:"how long it took"`
	Servers   []Server  `json:"servers" jsonschema:"each server that was given, or that another knows"`
	InService int       `json:"in_service" jsonschema:"how many say that clients are to be sent to them"`
	MayLeave  *int      `json:"may_leave,omitempty" jsonschema:"how many could leave now by the rule; where servers differ, the least that one in service says; absent if none does"`
	OK        bool      `json:"ok" jsonschema:"whether there is nothing to tell: the exit code is 0"`
	Verdict   string    `json:"verdict" jsonschema:"the fleet in one sentence"`
}

// States beside those that servers have of themselves: starting, serving, asking, aside and
// leaving.
const (
	Left        = "left"        // it said that it leaves, and is gone
	Unreachable = "unreachable" // it does not answer
	Unusable    = "unusable"    // it answers something else
)

// Server is one server of the fleet, or what others know of it if it does not answer.
type Server struct {
	Address    string     `json:"address" jsonschema:"IP and port at which it was asked"`
	Others     []string   `json:"other_addresses,omitempty" jsonschema:"at which it answers or is known besides"`
	ID         string     `json:"id,omitempty" jsonschema:"of its process"`
	Name       string     `json:"name,omitempty" jsonschema:"of its host"`
	State      string     `json:"state" jsonschema:"starting, serving, asking, aside or leaving by its own word; or left, unreachable, or unusable if it does not answer as it should"`
	Since      *time.Time `json:"since,omitempty" jsonschema:"when it came into that state, by its own clock"`
	For        *float64   `json:"for_seconds,omitempty" jsonschema:"for how long it has been in that state"`
	Why        string     `json:"why,omitempty" jsonschema:"it is in that state, or cannot be asked"`
	InService  bool       `json:"in_service" jsonschema:"whether it says that clients are to be sent to it"`
	Observe    bool       `json:"observe,omitempty" jsonschema:"whether it only observes"`
	Override   string     `json:"override,omitempty" jsonschema:"what an operator has ordered: leave or stay"`
	HoldLeft   *float64   `json:"hold_seconds_left,omitempty" jsonschema:"while SIGTERM is held: in how many seconds it goes by force"`
	Failing    []Check    `json:"failing_checks,omitempty" jsonschema:"checks that did not pass when they were last made"`
	MinPeers   int        `json:"min_peers,omitempty" jsonschema:"how many peers have to promise before it may leave"`
	KnownPeers int        `json:"known_peers,omitempty" jsonschema:"how many other servers it counts"`
	Given      int        `json:"promises_given" jsonschema:"promises to stay in force, by this server to others"`
	Held       int        `json:"promises_held" jsonschema:"promises to stay in force, by others to this server"`
	MayLeave   *int       `json:"may_leave,omitempty" jsonschema:"how many servers could leave now, by what this one sees"`
	Oldest     *Zone      `json:"oldest_zone,omitempty" jsonschema:"of its zones, the one that is the nearest to its greatest age, or above it"`
	Unread     string     `json:"ready_unread,omitempty" jsonschema:"that nobody asks for /ready, in words: never or not in the last 30 s"`
	NoPrimary  []string   `json:"no_primary_answers,omitempty" jsonschema:"zones of which no primary has given a usable answer for longer than their greatest age"`
	Holdfast   string     `json:"holdfast,omitempty" jsonschema:"version of Holdfast"`
	CoreDNS    string     `json:"coredns,omitempty" jsonschema:"version of CoreDNS"`

	Heard *Heard `json:"heard,omitempty" jsonschema:"of one that does not answer: what peers know of it"`

	Hears       int      `json:"hears" jsonschema:"how many of the other servers it hears"`
	DoesNotHear []string `json:"does_not_hear,omitempty" jsonschema:"servers that answer, and that this one knows and does not hear"`
	DoesNotKnow []string `json:"does_not_know,omitempty" jsonschema:"servers that answer, and that this one does not have among its peers"`
}

// Check is one that does not pass.
type Check struct {
	Name string `json:"name" jsonschema:"of the check"`
	Why  string `json:"why,omitempty" jsonschema:"it does not pass"`
}

// Zone is how old a zone is.
type Zone struct {
	Name    string   `json:"zone" jsonschema:"its name"`
	Verdict string   `json:"verdict" jsonschema:"fresh, stale or unknown"`
	Age     *float64 `json:"age_seconds,omitempty" jsonschema:"absent if nobody can tell"`
	MaxAge  float64  `json:"max_age_seconds" jsonschema:"above which it is stale"`
	Why     string   `json:"why,omitempty" jsonschema:"it is stale, or nobody can tell"`
}

// Heard is what peers know of a server that does not answer.
type Heard struct {
	By    []string `json:"by,omitempty" jsonschema:"servers that hear it now, though it does not answer here"`
	Knows int      `json:"known_by" jsonschema:"how many of the servers that answer have it among their peers"`
	Last  string   `json:"last_by,omitempty" jsonschema:"the server that heard it last; absent if none ever did"`
	Ago   float64  `json:"seconds_ago" jsonschema:"when that was"`
	State string   `json:"state,omitempty" jsonschema:"what it last said of itself"`
	Why   string   `json:"why,omitempty" jsonschema:"likewise"`
}

var _ cli.Result = (*Fleet)(nil)

func seconds(d time.Duration) float64 { return float64(max(0, d).Milliseconds()) / 1000 }
