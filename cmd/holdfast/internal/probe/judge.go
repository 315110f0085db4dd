package probe

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// memory is what all rounds have shown of a row. A History measures lag as stalecheck does:
// from when something newer was first seen anywhere.
type memory struct {
	serials    *verdict.History
	beats      []*verdict.History // by record, with its Unix seconds in the place of a serial
	sent, lost int
}

func newMemory(records int, maxAge time.Duration) *memory {
	measure := func() *verdict.History {
		rules := verdict.Rules{MaxAge: maxAge, Sources: [verdict.NumSources]bool{verdict.Peers: true}}
		return verdict.New(rules, []verdict.Reference{{Source: verdict.Peers, Address: "the newest"}})
	}
	m := &memory{serials: measure()}
	for range records {
		m.beats = append(m.beats, measure())
	}
	return m
}

// lag is how long the data of a row has been behind the newest of the round.
func lag(h *verdict.History, own uint32, failure verdict.Failure, newest *uint32, now time.Time) verdict.Finding {
	h.ObserveOwn(own, 0, failure, now)
	if newest != nil {
		h.ObserveReference(0, *newest, "", now)
	}
	return h.Judge(now).Findings[verdict.Peers]
}

// newest is the serial that comes after all others, of those that were seen in a round.
type newest struct{ serial *uint32 }

func (n *newest) see(serial uint32) {
	if n.serial == nil || verdict.NewerSerial(serial, *n.serial) {
		n.serial = &serial
	}
}

// judge makes servers of what the rows have answered.
func (p *prober) judge(rows []row, looks []look, now time.Time) (servers []Server, serial *uint32) {
	var serials newest
	beats := make([]newest, len(p.records))
	for _, l := range looks {
		if l.failure == "" {
			serials.see(l.serial)
		}
		for i, b := range l.beats {
			if b.reason == "" {
				beats[i].see(unix(b.at))
			}
		}
	}
	seen := make(map[row]*memory, len(rows))
	for i, r := range rows {
		m := p.memories[r]
		if m == nil {
			m = newMemory(len(p.records), p.maxAge)
		}
		seen[r] = m
		servers = append(servers, p.judgeRow(r, &looks[i], m, serials.serial, beats, now))
	}
	p.memories = seen // those of rows that have gone are dropped
	return servers, serials.serial
}

func (p *prober) judgeRow(r row, l *look, m *memory, serial *uint32, beats []newest, now time.Time) Server {
	m.sent, m.lost = m.sent+l.sent, m.lost+l.lost
	s := Server{Address: r.address, Name: r.name, Transport: r.transport, NSID: l.nsid, EDE: l.edes, Sent: m.sent, Lost: m.lost}
	if l.latency > 0 {
		s.Latency = pointer(float64(l.latency.Microseconds()) / 1e6)
	}
	behind := lag(m.serials, l.serial, l.failure, serial, now)
	if own, known := m.serials.Own(); known {
		s.Serial = &own
	}
	var whys []string
	if s.Lag = seconds(behind.Age); s.Lag > 0 {
		whys = append(whys, behind.Text)
	}
	unread := 0
	for i, b := range l.beats {
		record := Record{Name: p.records[i], Reason: string(b.reason)}
		failure := verdict.Failure("")
		if b.reason != "" {
			failure = verdict.Timeout // what it said before counts
			unread++
		} else {
			age := max(now.Sub(b.at), 0)
			record.At, record.Age = pointer(b.at.UTC()), pointer(seconds(age))
			if s.Age == nil || *s.Age > *record.Age {
				s.Age = record.Age
			}
		}
		record.Lag = seconds(lag(m.beats[i], unix(b.at), failure, beats[i].serial, now).Age)
		s.Lag = max(s.Lag, record.Lag)
		s.Records = append(s.Records, record)
	}
	if len(whys) == 0 && s.Lag > 0 {
		whys = append(whys, fmt.Sprintf("heartbeat is %ds behind", int(s.Lag)))
	}
	p.settle(&s, l, unread, whys)
	return s
}

// settle decides on the state, the worst that applies, and says why.
func (p *prober) settle(s *Server, l *look, unread int, whys []string) {
	limit := seconds(p.maxAge)
	switch {
	case l.failure != "":
		s.State = Down
		whys = append([]string{failureText(l)}, whys...)
	case s.Lag > limit, s.Age != nil && *s.Age > limit:
		s.State = Stale
		if len(whys) == 0 {
			whys = append(whys, fmt.Sprintf("heartbeat is %ds old", int(*s.Age)))
		}
	case slices.ContainsFunc(s.EDE, EDE.stale): // it knows better: the rest is fresh only beside others that are as old
		s.State = Stale
	case s.Lag > 0:
		s.State = Behind
	case unread > 0:
		s.State = Unknown
		for _, r := range s.Records {
			if r.Reason != "" {
				whys = append(whys, r.Name+": "+r.Reason)
			}
		}
	default:
		s.State = Fresh
	}
	if l.failure == "" && !l.authoritative {
		whys = append(whys, string(verdict.NotAuthoritative))
	}
	for _, e := range s.EDE {
		whys = append(whys, e.String())
	}
	s.Why = strings.Join(whys, "; ")
}

func failureText(l *look) string {
	if l.failure == verdict.OtherRcode {
		return dns.RcodeToString[l.rcode]
	}
	return string(l.failure)
}

// stale is whether a server says of an answer that its data is old (RFC 8914, sections 4.4 and 4.20).
func (e EDE) stale() bool {
	return e.Code == dns.ExtendedErrorCodeStaleAnswer || e.Code == dns.ExtendedErrorCodeStaleNXDOMAINAnswer
}

func (e EDE) String() string {
	text := fmt.Sprintf("EDE %d", e.Code)
	if e.Name != "" {
		text += " " + e.Name
	}
	if e.Text != "" {
		text += ": " + e.Text
	}
	return text
}

// unix is a time as RFC 1982 can compare it.
func unix(at time.Time) uint32 { return uint32(at.Unix()) } // #nosec G115 -- modulo 2^32, as a serial
