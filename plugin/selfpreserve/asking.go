package selfpreserve

import (
	"fmt"
	"slices"
	"time"
)

type (
	// reply is one that has come, to the request that ask named Sent.
	reply struct {
		sent uint64
		to   string // the address that was asked
		Reply
	}
	// failed is a request to which no usable reply has come.
	failed struct {
		sent uint64
		why  string // for people
	}
)

// asking is the half of a machine that asks for promises.
type asking struct {
	number  uint64 // the last that was used, for promises and for requests
	held    []held
	pending []pending
	round   round
	refusal string // the last, for people
}

// held is a promise of another server to stay.
type held struct {
	giver    ID
	address  string
	number   uint64
	lifetime time.Duration // as it was granted, which may be shorter than was asked for
	until    time.Duration // by this server's view, which ends before the giver's
	renew    time.Duration // when to ask for its renewal
	capacity int           // that the giver sets aside
	ending   bool          // its last renewal did not come
}

// pending is a request that awaits its reply.
type pending struct {
	sent    uint64
	address string
	number  uint64
	renew   bool
	at      time.Duration // when it was sent: a grant counts from then
}

func (m *machine) send(address string, number uint64, renew bool) {
	sent := number
	if renew {
		m.number++
		sent = m.number
	}
	m.pending = append(m.pending, pending{sent: sent, address: address, number: number, renew: renew, at: m.now})
	m.do(ask{To: address, Sent: sent, Request: Request{
		From: m.id, Number: number, Renew: renew, Lifetime: m.set.promise, Load: m.load,
	}})
}

// replied takes a grant if its round is still open. One that comes too late is released.
func (m *machine) replied(e reply) {
	p, found := m.take(e.sent)
	i := slices.IndexFunc(m.held, func(h held) bool { return h.number == e.Number })
	lifetime := min(e.Lifetime, m.set.promise)
	until, renew := p.at+lifetime*(margin-1)/margin, p.at+renewal(lifetime)
	switch {
	case found && p.number != e.Number: // to another question
		m.noReply(p)
	case !e.Granted && found:
		m.refusal = fmt.Sprintf("%s %s", p.address, e.Why)
		if p.renew && i >= 0 {
			m.held[i].ending = true
		}
	case !e.Granted:
	case !found && i >= 0: // it came twice
	case !found, p.renew && i < 0:
		m.do(letGo{e.to, e.Number})
	case !p.renew && until <= m.now+m.set.interval:
		m.refusal = fmt.Sprintf("%s promises for %s, too short to lean on", p.address, lifetime)
		m.do(letGo{e.to, e.Number})
	case p.renew && m.held[i].giver == e.From:
		h := &m.held[i]
		h.lifetime, h.until, h.renew, h.capacity, h.ending = lifetime, max(h.until, until), renew, e.Capacity, false
	case !p.renew && e.From != m.id:
		m.hold(held{giver: e.From, address: p.address, number: e.Number, lifetime: lifetime, until: until, renew: renew, capacity: e.Capacity})
	}
}

// hold adds a promise. Two of one server, which may have two addresses, are one.
func (m *machine) hold(h held) {
	if i := slices.IndexFunc(m.held, func(other held) bool { return other.giver == h.giver }); i >= 0 {
		m.do(letGo{m.held[i].address, m.held[i].number})
		m.held = slices.Delete(m.held, i, i+1)
	}
	m.held = append(m.held, h)
}

// unanswered ends a request. It may have been granted all the same, and is released.
func (m *machine) unanswered(e failed) {
	if p, found := m.take(e.sent); found {
		m.refusal = fmt.Sprintf("%s: %s", p.address, e.why)
		m.noReply(p)
	}
}

func (m *machine) noReply(p pending) {
	if !p.renew {
		m.do(letGo{p.address, p.number})
	} else if i := slices.IndexFunc(m.held, func(h held) bool { return h.number == p.number }); i >= 0 {
		m.held[i].ending = true
	}
}

// awaits is whether a reply about the promise of that number is awaited.
func (m *machine) awaits(number uint64) bool {
	return slices.ContainsFunc(m.pending, func(p pending) bool { return p.number == number })
}

// take removes a request from those that await a reply.
func (m *machine) take(sent uint64) (pending, bool) {
	i := slices.IndexFunc(m.pending, func(p pending) bool { return p.sent == sent })
	if i < 0 {
		return pending{}, false
	}
	p := m.pending[i]
	m.pending = slices.Delete(m.pending, i, i+1)
	return p, true
}

// forgetRestarted drops the promises of processes that are no more. While the server is
// aside it first asks for others. All are released: it may be the roster that is old.
func (m *machine) forgetRestarted() {
	gone := func(h held) bool {
		return slices.ContainsFunc(m.peers, func(p Peer) bool { return p.Address == h.address && p.ID != "" && p.ID != h.giver })
	}
	if m.state != Aside {
		for _, h := range m.held {
			if gone(h) {
				m.do(letGo{h.address, h.number})
			}
		}
		m.held = slices.DeleteFunc(m.held, gone)
	}
	for i, h := range m.held {
		m.held[i].ending = h.ending || gone(h)
	}
}
