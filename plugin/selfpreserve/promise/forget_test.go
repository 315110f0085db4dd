package promise

import "slices"

// forget drops messages that cannot matter any more.
func (w *world) forget() {
	for k := 0; k < len(w.net); {
		if w.matters(w.net[k]) {
			k++
			continue
		}
		w.net = slices.Delete(w.net, k, k+1)
	}
}

func (w *world) matters(m *message) bool {
	from, to := w.servers[m.from], w.servers[m.to]
	awaited := m.asks && from.up && from.m.id == m.fromID && awaits(from.m, m.sent)
	switch {
	case !to.up:
		return awaited
	case m.asks: // old ones are refused
		return awaited || to.m.findGiven(m.fromID, m.request.Number) >= 0 ||
			!m.request.Renew && m.request.Number > to.m.highestNumber(m.fromID)
	case m.replies: // of use if it is awaited, or grants what is not held
		return to.m.id == m.toID && (m.reply.Granted || awaits(to.m, m.sent))
	}
	return to.m.findGiven(m.fromID, m.release) >= 0 || slices.ContainsFunc(w.net, func(n *message) bool {
		return n.asks && n.to == m.to && n.fromID == m.fromID && n.request.Number <= m.release
	})
}

func awaits(m *Machine, sent uint64) bool {
	return slices.ContainsFunc(m.pending, func(p pending) bool { return p.sent == sent })
}
