// Package wire is what servers and people say and hear over HTTP: the bodies of /peer,
// /promise and /status, and what of them is taken.
//
// It decides from a body alone whether it is well-formed, and turns it into what package
// promise takes, and back. Whatever comes from the network goes through here first. It
// imports no CoreDNS, so that a command can read a server's status with it.
//
// Peers say which Version of the wire they speak. Version 0, which does not say so, and 1 have
// the same bodies: promises are given and kept between them. A server takes a request of any
// version if it knows every field of it, and of a reply it takes what it knows. So whoever is
// not understood gets no promise, and stays.
//
// Where to look: wire.go has what peers send each other, with its limits, version.go the
// version, standing.go what a server says of its place in service, decode.go how a body is
// read, status.go what GET /status says, for which there is a schema in status.schema.json.
package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// What a poll says of the poller, which is heeded if the poller is a known peer.
const (
	HeaderID      = "Selfpreserve-Id"
	HeaderState   = "Selfpreserve-State"
	HeaderOutcome = "Selfpreserve-Outcome" // if the state is leaving
)

// Hello is the body of GET /peer: what servers say about themselves when one polls another.
type Hello struct {
	ID      promise.ID    `json:"id"`
	Name    string        `json:"name"` // of the host
	Version string        `json:"version"`
	State   promise.State `json:"state"`
	Wire    int           `json:"wire"` // version that it speaks

	Standing *Standing `json:"standing,omitempty"`
	// Outcome is granted or forced if the state is leaving; version 0 does not say.
	Outcome promise.Outcome `json:"outcome,omitempty"`
}

// LeavesOnPromises reports whether the server says that it leaves because enough have promised to stay.
func (h Hello) LeavesOnPromises() bool {
	return h.State == promise.Leaving && h.Outcome == promise.Granted
}

// Ask is the body of POST /promise.
type Ask struct {
	ID       promise.ID `json:"id"`
	Number   uint64     `json:"number"`
	Renew    bool       `json:"renew,omitempty"`
	Lifetime int64      `json:"lifetime_ms"`
	Load     int        `json:"load_qps,omitempty"`
	Observe  bool       `json:"observe,omitempty"` // the reply binds nobody who does not observe
}

// Reply is the body of the answer to POST /promise.
type Reply struct {
	ID       promise.ID `json:"id"`
	Number   uint64     `json:"number"`
	Granted  bool       `json:"granted"`
	Lifetime int64      `json:"lifetime_ms,omitempty"`
	Capacity int        `json:"capacity_qps,omitempty"`
	Why      string     `json:"why,omitempty"`
}

// Release is the body of DELETE /promise.
type Release struct {
	ID     promise.ID `json:"id"`
	Number uint64     `json:"number"`
}

// Limits of what a peer may say. A promise is never longer than the giver's own setting.
const (
	minLifetime = time.Second // as of the setting; a shorter one would end before it is of use
	maxLifetime = time.Hour
	MaxRate     = 1_000_000_000 // queries a second
	MaxText     = 256           // octets of an id, a name, a reason
)

// ValidateID returns what is wrong with an id.
func ValidateID(id promise.ID) error {
	printable := func(r rune) bool { return r > ' ' && r < 0x7f }
	if id == "" || len(id) > MaxText || slices.ContainsFunc([]rune(id), func(r rune) bool { return !printable(r) }) {
		return fmt.Errorf("id %.20q: want 1 to %d printable ASCII characters", id, MaxText)
	}
	return nil
}

// Validate returns what is wrong with h.
func (h Hello) Validate() error {
	if !IsLine(h.Name) || !IsLine(h.Version) || !IsLine(string(h.Outcome)) {
		return fmt.Errorf("name %.20q, version %.20q or outcome %.20q: want at most %d octets of text", h.Name, h.Version, h.Outcome, MaxText)
	}
	if err := h.Standing.validate(); err != nil {
		return err
	}
	return ValidateID(h.ID)
}

// AskOf makes the body of a request.
func AskOf(r promise.Request) Ask {
	return Ask{ID: r.From, Number: r.Number, Renew: r.Renew, Lifetime: r.Lifetime.Milliseconds(), Load: r.Load, Observe: r.Observe}
}

// Request returns what the body asks, or what is wrong with it.
func (a Ask) Request() (promise.Request, error) {
	r := promise.Request{From: a.ID, Number: a.Number, Renew: a.Renew, Load: a.Load, Observe: a.Observe}
	if err := ValidateID(a.ID); err != nil {
		return r, err
	}
	if a.Number == 0 {
		return r, errors.New("number 0: want a number that the asker has not used, 1 or higher")
	}
	if a.Lifetime < minLifetime.Milliseconds() || a.Lifetime > maxLifetime.Milliseconds() {
		return r, fmt.Errorf("lifetime_ms %d: want %d to %d", a.Lifetime, minLifetime.Milliseconds(), maxLifetime.Milliseconds())
	}
	if a.Load < 0 || a.Load > MaxRate {
		return r, fmt.Errorf("load_qps %d: want 0 to %d", a.Load, MaxRate)
	}
	r.Lifetime = time.Duration(a.Lifetime) * time.Millisecond
	return r, nil
}

// ReplyOf makes the body of a reply.
func ReplyOf(r promise.Reply) Reply {
	return Reply{ID: r.From, Number: r.Number, Granted: r.Granted, Lifetime: r.Lifetime.Milliseconds(), Capacity: r.Capacity, Why: r.Why}
}

// To returns the reply to r that the body is, or what is wrong with it.
func (b Reply) To(r promise.Request) (promise.Reply, error) {
	reply := promise.Reply{From: b.ID, Number: b.Number, Granted: b.Granted, Capacity: b.Capacity, Why: b.Why}
	if err := ValidateID(b.ID); err != nil {
		return reply, err
	}
	if b.Number != r.Number {
		return reply, fmt.Errorf("number %d: want that of the request, %d", b.Number, r.Number)
	}
	if b.Granted && (b.Lifetime < 1 || b.Lifetime > r.Lifetime.Milliseconds()) {
		return reply, fmt.Errorf("lifetime_ms %d: want 1 to what was asked for, %d", b.Lifetime, r.Lifetime.Milliseconds())
	}
	if b.Capacity < 0 || b.Capacity > r.Load {
		return reply, fmt.Errorf("capacity_qps %d: want 0 to the load of the request, %d", b.Capacity, r.Load)
	}
	if len(b.Why) > MaxText || strings.ContainsFunc(b.Why, unicode.IsControl) { // it is logged
		return reply, fmt.Errorf("why is %.20q: want at most %d octets and no control characters", b.Why, MaxText)
	}
	reply.Lifetime = time.Duration(b.Lifetime) * time.Millisecond
	return reply, nil
}
