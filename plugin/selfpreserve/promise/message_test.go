package promise

// message is a request, a reply or a release.
type message struct {
	from, to int // servers
	fromID   ID  // who sends it
	toID     ID  // who is to get a reply; others go to who is there
	sent     uint64
	asks     bool
	replies  bool
	request  Request
	reply    Reply
	release  uint64 // number
}

// arrived is a request with the message that brought it.
type arrived struct{ *message }

func (arrived) apply(*Machine) {}

func (w *world) post(m *message) {
	if w.send != nil {
		w.send(m)
		return
	}
	w.net = append(w.net, m)
}

// deliver hands over a message, if there is who can take it.
func (w *world) deliver(m *message) error {
	to := w.servers[m.to]
	switch {
	case !to.up && m.asks && w.servers[m.from].m.id == m.fromID:
		return w.tell(m.from, Failed{m.sent, "connection refused"})
	case !to.up:
		return nil
	case m.asks:
		return w.tell(m.to, arrived{m})
	case !m.replies:
		return w.tell(m.to, Released{m.fromID, m.release})
	case to.m.id == m.toID:
		return w.tell(m.to, Replied{Sent: m.sent, To: w.servers[m.from].address, Reply: m.reply})
	}
	return nil
}
