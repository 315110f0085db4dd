// Package promise decides whether a server may leave service: only while enough peers
// have promised to stay, and while it has not itself promised anybody to stay.
//
// It decides from events: what the checks say, which peers there are, SIGTERM, and what peers
// ask and reply. A Machine takes one event at a time, with the time since the process started,
// and returns actions: ask, release, answer, leave. It has no goroutine, clock, socket or
// log, and its user sees nothing of it but a View.
//
// Where to look: machine.go has the transitions between states, by the rule in rule.go.
// starting.go has those of a server that starts, and override.go those that an operator
// orders. giving.go and asking.go are the two halves of a promise, and round.go tries to get
// enough of them. wake.go is about time, view.go about what others may know of a machine, and
// events.go defines what goes in and out.
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
// No server holds promises and gives promises at the same time: only a server in service gives
// them, a serving one holds none, and an asking one drops all that it holds, and all that it has
// asked for, before it gives. So if G has promised X to stay and then leaves after all, every
// promise that G relied on when it left was given after the one to X.
//
// For each server that has left, look at the oldest promise that it relied on, and take the
// server X for which that is the newest. Suppose that G, one of those that promised X, had left
// too. Then all that G relied on would be newer than what it gave X, and so newer than the
// oldest of X's promises: we would have taken G instead of X. So all that promised X are still
// in service, at least min_peers of them, and they were fit when they last promised.
//
// No clock is needed for this, and a process that restarts changes nothing: it holds nothing at
// first, and what it holds later is newer. The waits serve other purposes:
//
//   - A promise ends by its giver's clock, so that a server can leave although the one that it
//     promised to has crashed, or its release was lost.
//   - It ends earlier by its holder's clock (margin), and a server does not leave within a
//     lifetime of its own start (startupWait). With these two a stronger statement holds as well:
//     a server out of service relies only on servers that are bound to stay now. Without them,
//     one that is aside might for a while rely on a giver that is free again, or that has
//     restarted and forgotten its promise, and a crash in that time would leave fewer than
//     min_peers less one.
//   - The pauses between rounds, patience with a reply and the limit of a round let others have
//     their turn. steady.go explains steadiness.
//
// An operator's order overrides the rule: see Override. A server that observes decides all
// this, but stays in service: see Settings.
package promise

import (
	"fmt"
	"slices"
)

// ID names a process. It is drawn at random when the process starts, so that a process that
// has restarted, and so has forgotten what it promised, has another ID.
type ID string

// State says whether a server is in service, and whether it is about to change that.
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
