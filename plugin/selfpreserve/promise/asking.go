package promise

import (
	"fmt"
	"slices"
	"time"
)

type (
	// Replied is a reply that has come, to the request that an Ask named Sent.
	Replied struct {
		Sent uint64
		To   string // the address that was asked
		Reply
	}
	// Failed is a request to which no usable reply has come.
	Failed struct {
		Sent uint64
		Why  string // for people
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
	before   ID // of the process that was known at that address when the promise came
	address  string
	number   uint64
	lifetime time.Duration // as it was granted, which may be shorter than was asked for
	until    time.Duration // by this server's view, which ends before the giver's
	renew    time.Duration // when to ask for its renewal
	capacity int           // that the giver sets aside
	lapsing  bool          // its last renewal did not come
}

// rank is in what order promises are kept.
func (h held) rank() int {
	if h.lapsing {
		return 1
	}
	return 0
}

// pending is a request that awaits its reply.
type pending struct {
	sent    uint64
	address string
	number  uint64
	renew   bool
	at      time.Duration // when it was sent: a grant counts from then
}

func (m *Machine) sendRequest(address string, number uint64, renew bool) {
	sent := number
	if renew {
		m.number++
		sent = m.number
	}
	m.pending = append(m.pending, pending{sent: sent, address: address, number: number, renew: renew, at: m.now})
	m.want(Ask{To: address, Sent: sent, Request: Request{
		From: m.id, Number: number, Renew: renew, Lifetime: m.settings.Lifetime, Load: m.load, Observe: m.settings.Observe,
	}})
}

// apply takes a grant if its round is still open. One that comes too late is released.
func (e Replied) apply(m *Machine) {
	p, found := m.takePending(e.Sent)
	if found {
		m.round.count(e.Reply)
	}
	i := m.findHeld(e.Number)
	lifetime := min(e.Lifetime, m.settings.Lifetime)
	until, renew := p.at+lifetime*(margin-1)/margin, p.at+renewal(lifetime)
	switch {
	case found && p.number != e.Number: // to another question
		m.giveUpOn(p)
	case !e.Granted && found:
		m.refusal = fmt.Sprintf("%s %s", p.address, e.Why)
		if i >= 0 { // it was to be renewed
			m.held[i].lapsing = true
		}
	case !e.Granted:
	case !found && i >= 0: // it came twice
	case !found, p.renew && i < 0:
		m.want(Release{e.To, e.Number})
	case !p.renew && until <= m.now+m.settings.Interval:
		m.refusal = fmt.Sprintf("%s promises for %s, too short to lean on", p.address, lifetime)
		m.want(Release{e.To, e.Number})
	case p.renew && m.held[i].giver == e.From:
		h := &m.held[i]
		h.lifetime, h.until, h.renew, h.capacity, h.lapsing = lifetime, max(h.until, until), renew, e.Capacity, false
	case !p.renew && e.From != m.id:
		m.addHeld(held{giver: e.From, address: p.address, number: e.Number, lifetime: lifetime, until: until, renew: renew, capacity: e.Capacity})
	}
}

// addHeld adds a promise. Two of one server, which may have two addresses, are one, also if
// it has restarted since it gave the first: then the address had the id of that one.
func (m *Machine) addHeld(h held) {
	h.before = h.giver
	for _, p := range m.peers {
		if p.Address == h.address && p.ID != "" {
			h.before = p.ID
		}
	}
	same := func(other held) bool {
		return slices.Contains([]ID{h.giver, h.before}, other.giver) || slices.Contains([]ID{h.giver, h.before}, other.before)
	}
	for i := slices.IndexFunc(m.held, same); i >= 0; i = slices.IndexFunc(m.held, same) {
		m.want(Release{m.held[i].address, m.held[i].number})
		m.held = slices.Delete(m.held, i, i+1)
	}
	m.held = append(m.held, h)
}

// apply ends a request. It may have been granted all the same, and is released.
func (e Failed) apply(m *Machine) {
	if p, found := m.takePending(e.Sent); found {
		m.round.others++
		m.refusal = fmt.Sprintf("%s: %s", p.address, e.Why)
		m.giveUpOn(p)
	}
}

func (m *Machine) giveUpOn(p pending) {
	if !p.renew {
		m.want(Release{p.address, p.number})
	} else if i := m.findHeld(p.number); i >= 0 {
		m.held[i].lapsing = true
	}
}

// findHeld returns the index of a promise held, or -1.
func (m *Machine) findHeld(number uint64) int {
	return slices.IndexFunc(m.held, func(h held) bool { return h.number == number })
}

// awaitsReply is whether a reply about the promise of that number is awaited.
func (m *Machine) awaitsReply(number uint64) bool {
	return slices.ContainsFunc(m.pending, func(p pending) bool { return p.number == number })
}

// takePending removes a request from those that await a reply.
func (m *Machine) takePending(sent uint64) (pending, bool) {
	i := slices.IndexFunc(m.pending, func(p pending) bool { return p.sent == sent })
	if i < 0 {
		return pending{}, false
	}
	p := m.pending[i]
	m.pending = slices.Delete(m.pending, i, i+1)
	return p, true
}

func (e PeersSeen) apply(m *Machine) {
	before := m.peers
	m.peers, m.knownPeers, m.jitter = slices.Clone(e.Peers), e.KnownPeers, e.Jitter
	m.dropRestarted(before)
}

// dropRestarted drops the promises of processes that are no more. While the server is
// aside it first asks for others. All are released: it may be the list of peers that is old.
func (m *Machine) dropRestarted(before []Peer) {
	replaced := func(h held, p Peer) bool { // the giver at h's or at another of its addresses, by another
		return p.ID != "" && p.ID != h.giver && (p.Address == h.address || slices.Contains(before, Peer{p.Address, h.giver}))
	}
	restarted := func(h held) bool {
		return slices.ContainsFunc(m.peers, func(p Peer) bool { return replaced(h, p) })
	}
	if m.state != Aside {
		for _, h := range m.held {
			if restarted(h) {
				m.want(Release{h.address, h.number})
			}
		}
		m.held = slices.DeleteFunc(m.held, restarted)
	}
	for i, h := range m.held {
		m.held[i].lapsing = h.lapsing || restarted(h)
	}
}
