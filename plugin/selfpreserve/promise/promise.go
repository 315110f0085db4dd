// Package promise decides whether a server may leave service: only while enough peers
// have promised to stay, and while it has itself promised nobody.
//
// It decides from events: what the checks say, who else is there, SIGTERM, and what peers
// ask and reply. A Machine takes one at a time, with the time since the process started,
// and returns actions: ask, release, answer, leave. It has no goroutine, clock, socket or
// log, and whoever uses it sees a View and nothing else.
//
// Where to look: machine.go goes from state to state, by the rule in rule.go, and
// starting.go into the first of them; override.go is the operator's word. giving.go and
// asking.go are the two halves of a promise, and round.go tries to get enough of them.
// wake.go is what time brings, view.go what others may know, events.go what goes in and out.
//
//	| state    | /ready        | gives promises |
//	|----------|---------------|----------------|
//	| starting | 503           | no             |
//	| serving  | 200           | yes            |
//	| asking   | 200 PRESERVED | to lower ids   |
//	| aside    | 503           | no             |
//	| leaving  | 503           | no             |
//
//	| from     | to      | when                                                          |
//	|----------|---------|---------------------------------------------------------------|
//	| starting | serving | all checks passed                                             |
//	| starting | leaving | SIGTERM: it was never in service                              |
//	| starting | aside   | unfit ever since its plugins were ready, for a promise's lifetime, and enough have promised |
//	| starting | asking  | the same, and too few of those that reply have promised, or nobody has replied for cold_start |
//	| serving  | asking  | unfit, or SIGTERM                                             |
//	| serving  | aside   | the operator says leave                                       |
//	| serving  | leaving | SIGTERM, and no peers configured                              |
//	| asking   | serving | fit again, and no SIGTERM                                     |
//	| asking   | aside   | enough have promised, or the operator says leave; no SIGTERM  |
//	| asking   | leaving | SIGTERM, and enough have promised, max_hold is over or the operator says leave |
//	| aside    | serving | fit again, and no SIGTERM; see "Too much load"                |
//	| aside    | asking  | promises ended, or no peers configured: too few would be left; or the operator says stay |
//	| aside    | leaving | SIGTERM, and enough promises still hold or the operator says leave |
//
// # Why enough stay
//
// Nobody holds promises and gives them at the same time: only a server in service gives, one
// that serves holds none, and one that asks drops all that it holds, and all that it has asked
// for, before it gives. So if G has promised X to stay and leaves after all, every promise that
// G then leaned on was given later than that one.
//
// Of all that have left take X, of whose promises the oldest is the newest. Had one of those
// that promised X left too, then all that it leaned on would be newer than what it gave X, and
// so newer than the oldest of X's: it would have to be taken instead of X. So all that promised
// X are in service: at least min_peers, and fit when they last promised.
//
// No clock is in this, and a process that restarts changes nothing: it holds nothing at first,
// and what it holds later is newer. The waits are for other things:
//
//   - A promise ends by its giver's clock, so that whoever has promised one that crashed, or
//     whose release was lost, can leave.
//   - It ends earlier by its holder's (margin), and a server does not leave within a lifetime
//     of its own start (startupWait): with those also the stronger sentence holds, that whoever
//     is out of service leans on servers that are bound to stay now. Without them one that
//     is aside might lean for a while on a giver that is free again, or has restarted and forgotten, and of a
//     crash in that time fewer would be left than min_peers less one.
//   - The pauses between rounds, patience with a reply and the limit of a round let others have
//     their turn. steadiness is in steady.go.
//
// The operator's word goes before the rule: see Override. A server that observes decides all
// this, and is in service all the same: see Settings.
package promise

import (
	"fmt"
	"slices"
)

// ID names a process. It is random and made when the process starts, so that one that
// has restarted, and has forgotten what it promised, is another.
type ID string

// State is what a server is doing about its own place in service.
type State uint8

// The states; the table in the package comment says what leads from one to another.
const (
	Starting State = iota
	Serving
	Asking
	Aside
	Leaving
)

var stateNames = [...]string{"starting", "serving", "asking", "aside", "leaving"}

// States returns all of them.
func States() []State { return []State{Starting, Serving, Asking, Aside, Leaving} }

func (s State) String() string { return stateNames[s] }

// InService reports whether clients are sent to a server in state s.
func (s State) InService() bool { return s == Serving || s == Asking }

// MarshalText implements encoding.TextMarshaler.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *State) UnmarshalText(text []byte) error {
	i := slices.Index(stateNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("state %q: want one of %q", text, stateNames)
	}
	*s = State(i) // #nosec G115 -- an index of five names
	return nil
}
