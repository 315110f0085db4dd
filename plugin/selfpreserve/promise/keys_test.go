package promise

import (
	"encoding/binary"
	"hash/maphash"
	"slices"
	"time"
)

// keys tells worlds apart that can have different futures. Times are whole units from
// now, rounded up, because time passes in units; numbers count by their order; messages
// by what is in them.
type keys struct {
	unit  time.Duration
	slow  bool
	seeds [2]maphash.Seed
	buf   []byte
	nums  [][]uint64
	lines [][]byte
}

func newKeys(servers int, unit time.Duration, slow bool) *keys {
	return &keys{unit: unit, slow: slow, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}, nums: make([][]uint64, servers)}
}

func (k *keys) of(w *world, left faults) [2]uint64 {
	k.number(w)
	k.buf = append(k.buf[:0], left.terminate, left.sick, left.doubtful, left.kills, left.restarts, left.overrides, left.sights, left.reloads, left.loads, left.doubles)
	for i, s := range w.servers {
		k.server(w, i, s)
	}
	for len(k.lines) < len(w.net) {
		k.lines = append(k.lines, nil)
	}
	lines := k.lines[:len(w.net)]
	for i, m := range w.net {
		asker := m.from
		if m.replies {
			asker = m.to
		}
		lines[i] = append(lines[i][:0], 0xff, byte(m.from), byte(m.to), bit(m.asks), bit(m.replies), bit(m.request.Renew), bit(m.request.Observe), bit(m.reply.Granted),
			k.rank(asker, m.sent), k.rank(asker, m.request.Number), k.rank(asker, m.reply.Number), k.rank(asker, m.release))
		lines[i] = append(append(lines[i], byte(m.request.Load), byte(m.reply.Capacity), byte(m.request.Lifetime/time.Second), byte(m.reply.Lifetime/time.Second)), m.fromID...)
	}
	slices.SortFunc(lines, slices.Compare)
	for _, line := range lines {
		k.buf = append(k.buf, line...)
	}
	return [2]uint64{maphash.Bytes(k.seeds[0], k.buf), maphash.Bytes(k.seeds[1], k.buf)}
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// at adds a time, as it is from now on: what is past is past.
func (k *keys) at(d time.Duration) {
	k.buf = binary.AppendUvarint(k.buf, uint64((max(0, d)+k.unit-1)/k.unit))
}

func (k *keys) server(w *world, i int, s *server) {
	k.buf = append(k.buf, bit(s.up), bit(s.gone), byte(s.restarts), bit(s.fit), bit(s.allPassed))
	for _, l := range s.lost {
		if l.until > w.now {
			k.buf = append(k.buf, 0xf9, byte(l.giver))
			k.at(l.until - w.now)
		}
	}
	if !s.up {
		return
	}
	m, now := s.m, w.clock(s)
	k.buf = append(k.buf, byte(m.state), bit(m.fitness.Fit), bit(m.fitness.AllPassed), bit(m.fitness.PluginsReady), bit(m.terminating), bit(m.round.open), bit(m.settings.Observe))
	k.buf = append(append(k.buf, m.override.Kind...), 0xf8, byte(m.load), byte(m.settings.MinPeers.Number), byte(m.sickRounds), byte(m.round.sick), byte(m.round.others), bit(m.yielded))
	k.at(m.settings.Lifetime)
	for _, p := range m.peers {
		k.buf = append(append(append(k.buf, p.Address...), p.ID...), 0xf6)
	}
	k.at(m.startupWait - now)
	if m.asides > 0 { // that one is forgotten takes longer than is walked
		k.buf = append(k.buf, 0xf7, byte(m.asides))
		k.at(m.steadyUntil() - now)
	}
	if m.state == Starting && m.fitness.PluginsReady {
		k.at(m.readyFrom + m.settings.Lifetime - now)
		k.at(m.readyFrom + m.settings.ColdStart - now)
	}
	if m.terminating {
		k.at(m.deadline - now)
	}
	if m.state == Asking || m.state == Aside || m.asksFromOutside() { // else a round begins anew
		k.at(m.round.due - now)
		if k.slow { // else any pause is over after a unit
			k.buf = append(k.buf, byte(m.round.failures))
		}
	}
	if m.round.open {
		k.at(m.round.until - now)
		for _, address := range m.round.toAsk {
			k.buf = append(k.buf, address...)
		}
	}
	slices.SortFunc(m.given, func(a, b given) int { return compare(a.to, a.number, b.to, b.number) })
	for _, g := range m.given {
		k.buf = append(append(k.buf, 0xfd, k.rank(w.owner(g.to), g.number), byte(g.load)), g.to...)
		k.at(g.until - now)
	}
	slices.SortFunc(m.askers, func(a, b asker) int { return compare(a.id, 0, b.id, 0) })
	for _, a := range m.askers {
		if slices.ContainsFunc(w.net, func(n *message) bool { return n.asks && n.to == i && n.fromID == a.id && n.request.Number <= a.number }) {
			k.buf = append(append(k.buf, 0xfc, k.rank(w.owner(a.id), a.number)), a.id...)
		} // else no request that it has not used yet can come late
	}
	for _, h := range m.held {
		k.buf = append(append(k.buf, 0xfb, bit(h.lapsing), k.rank(i, h.number), byte(h.capacity)), h.giver+"/"+h.before...)
		k.at(h.until - now)
		k.at(h.renew - now)
		k.at(h.lifetime)
	}
	for _, p := range m.pending {
		k.buf = append(append(k.buf, 0xfa, bit(p.renew), k.rank(i, p.number), k.rank(i, p.sent)), p.address...)
		k.at(p.at + m.settings.Patience() - now)
	}
}

func compare(a ID, m uint64, b ID, n uint64) int {
	switch {
	case a < b, a == b && m < n:
		return -1
	case a == b && m == n:
		return 0
	}
	return 1
}

// owner is the server whose process has or had this id.
func (w *world) owner(id ID) int { return int(id[1] - 'a') }

// number collects the numbers that each server's processes have in use anywhere.
func (k *keys) number(w *world) {
	for i := range k.nums {
		k.nums[i] = k.nums[i][:0]
	}
	for i, s := range w.servers {
		if !s.up {
			continue
		}
		for _, g := range s.m.given {
			k.use(w.owner(g.to), g.number)
		}
		for _, h := range s.m.held {
			k.use(i, h.number)
		}
		for _, p := range s.m.pending {
			k.use(i, p.number)
			k.use(i, p.sent)
		}
	}
	for _, m := range w.net {
		if m.replies {
			k.use(m.to, m.sent)
			k.use(m.to, m.reply.Number)
			continue
		}
		k.use(m.from, m.sent)
		k.use(m.from, m.request.Number)
		k.use(m.from, m.release)
	}
	for i := range k.nums {
		slices.Sort(k.nums[i])
		k.nums[i] = slices.Compact(k.nums[i])
	}
}

func (k *keys) use(owner int, n uint64) { k.nums[owner] = append(k.nums[owner], n) }

// rank is where n is among the numbers in use, or between which.
func (k *keys) rank(owner int, n uint64) byte {
	i, found := slices.BinarySearch(k.nums[owner], n)
	return byte(2*i) + bit(found)
}
