package fleet

import (
	"cmp"
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/server"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// member is one server, which may have several addresses.
type member struct {
	addresses []netip.AddrPort // the first is the one at which it was asked
	answer    *server.Answer   // nil if it does not answer
	err       error            // if so
	known     []report         // what peers say of it
}

// report is what a server says of a peer.
type report struct {
	by   *member
	peer wire.Peer
}

// hears is whether the peer answered when it was last polled.
func (r report) hears() bool {
	switch r.peer.State {
	case Unreachable, Left, unheard:
		return false
	}
	return true
}

// ago is when the peer was last heard, or false if it never was.
func (r report) ago() (time.Duration, bool) {
	if r.peer.LastSeen == nil {
		return 0, false
	}
	return max(0, r.by.answer.Now.Sub(*r.peer.LastSeen)), true
}

// unheard is a peer's state before its first poll.
const unheard = "unheard"

// members makes one server of the addresses at which the same process answers, or is known.
func members(replies map[netip.AddrPort]reply) []*member {
	byID := make(map[promise.ID]*member)
	byAddress := make(map[netip.AddrPort]*member)
	var all []*member
	add := func(id promise.ID, address netip.AddrPort, r reply) {
		m := byID[id]
		if m == nil || id == "" {
			m = &member{answer: r.Answer, err: r.err}
			all = append(all, m)
			byID[id] = m
		}
		m.addresses = append(m.addresses, address)
		byAddress[address] = m
	}
	addresses := make([]netip.AddrPort, 0, len(replies))
	for address := range replies {
		addresses = append(addresses, address)
	}
	slices.SortFunc(addresses, netip.AddrPort.Compare)
	lastKnown := make(map[netip.AddrPort]promise.ID) // of those that do not answer
	for _, address := range addresses {
		r := replies[address]
		if r.Answer == nil {
			continue
		}
		add(r.ID, address, r)
		for _, p := range r.Peers {
			if at, ok := server.PeerAddress(p.Address); ok && p.ID != "" {
				lastKnown[at] = p.ID
			}
		}
	}
	for _, address := range addresses {
		if r := replies[address]; r.Answer == nil {
			add(lastKnown[address], address, r)
		}
	}
	for _, m := range all {
		if m.answer == nil {
			continue
		}
		for _, p := range m.answer.Peers {
			at, ok := server.PeerAddress(p.Address)
			if !ok {
				continue
			}
			of := byAddress[at]
			if of == nil {
				of = byID[p.ID] // beyond the bound on addresses
			}
			if of != nil && of != m {
				of.known = append(of.known, report{m, p})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b *member) int { return a.addresses[0].Compare(b.addresses[0]) })
	return all
}

// server is what is shown of a member.
func (m *member) server() Server {
	s := Server{Address: m.addresses[0].String()}
	for _, other := range m.addresses[1:] {
		s.Others = append(s.Others, other.String())
	}
	if m.answer == nil {
		m.describeSilent(&s)
		return s
	}
	a := m.answer
	s.ID, s.Name, s.State, s.Why, s.InService = string(a.ID), a.Name, a.State.String(), a.Reason, a.InService
	s.Since, s.For = &a.Since, new(seconds(a.Now.Sub(a.Since)))
	s.Observe, s.MinPeers, s.KnownPeers, s.Given, s.Held = a.Observe, a.MinPeers, a.KnownPeers, a.Promises.Given, a.Promises.Held
	s.Holdfast, s.CoreDNS, s.Unread = a.Holdfast, a.Version, a.ReadyUnread(a.Now)
	if a.Schema > 0 {
		s.MayLeave = &a.MayLeave
	}
	if a.HoldDeadline != nil {
		s.HoldLeft = new(seconds(a.HoldDeadline.Sub(a.Now)))
	}
	if a.Override != nil {
		s.Override = a.Override.Kind
		if s.Why == "" {
			s.Why = "the operator ordered " + a.Override.Kind + ": " + a.Override.Reason
		}
	}
	for _, c := range a.Checks {
		if !c.OK {
			s.Failing = append(s.Failing, Check{c.Name, c.Reason})
		}
	}
	for _, z := range a.Zones {
		if zone := (Zone{z.Name, z.Verdict, z.Age, z.MaxAge, z.Reason}); s.Oldest == nil || zone.badness() > s.Oldest.badness() {
			s.Oldest = &zone
		}
		if z.NoPrimaryAnswers() {
			s.NoPrimary = append(s.NoPrimary, z.Name)
		}
	}
	return s
}

// badness orders zones: fresh, of unknown age, stale.
func (z Zone) badness() float64 {
	if z.Age == nil {
		return 1
	}
	return *z.Age / z.MaxAge
}

// describeSilent tells of a server that does not answer what its peers know of it.
func (m *member) describeSilent(s *Server) {
	s.State, s.Why = Unreachable, m.err.Error()
	if errors.Is(m.err, server.ErrNoUse) {
		s.State = Unusable
	}
	if len(m.known) == 0 {
		return
	}
	h := &Heard{Knows: len(m.known)}
	s.Heard = h
	newest := slices.MinFunc(m.known, func(a, b report) int {
		x, heardA := a.ago()
		y, heardB := b.ago()
		if heardA != heardB {
			return map[bool]int{true: -1, false: 1}[heardA]
		}
		return cmp.Compare(x, y)
	})
	for _, r := range m.known {
		if r.hears() {
			h.By = append(h.By, r.by.addresses[0].String())
		}
	}
	ago, ever := newest.ago()
	if !ever {
		return
	}
	h.Last, h.Ago = newest.by.addresses[0].String(), seconds(ago)
	s.ID, s.Name, s.Holdfast = string(newest.peer.ID), newest.peer.Name, newest.peer.Holdfast
	if says := newest.peer.Says; says != nil {
		h.State, h.Why = says.State.String(), says.Reason
	}
	if (newest.peer.State == Left || h.State == promise.Leaving.String()) && s.State == Unreachable {
		s.State = Left
	}
}
