package probe

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/ask"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// row is a server as it is asked: behind one address may be others for TCP than for UDP.
type row struct {
	server
	transport string // udp or tcp
}

// look is what a row has answered in one round.
type look struct {
	serial        uint32
	authoritative bool
	failure       verdict.Failure // why there is no serial, or ""
	rcode         int             // of the answer to the query for the SOA record
	beats         []beat          // of each heartbeat record
	nsid          string
	edes          []EDE
	latency       time.Duration // of the answer with the SOA record
	sent, lost    int           // queries
	at            time.Time     // when it was over
}

// beat is what a heartbeat record said.
type beat struct {
	at     time.Time
	reason verdict.Reason // "" if at is the time in it
}

// asker asks one row.
type asker struct {
	zone    string
	records []string // names of heartbeats
	timeout time.Duration
	now     func() time.Time
}

func (a *asker) look(ctx context.Context, r row) look {
	var l look
	reply, failure := a.ask(ctx, r, a.zone, dns.TypeSOA, &l)
	if failure == "" {
		l.rcode, l.authoritative = reply.Rcode, reply.Authoritative
		if failure = ask.RcodeFailure(reply.Rcode); failure == "" {
			l.serial, _, failure = ask.SOA(reply.Answer, a.zone)
		}
	}
	l.failure = failure
	for _, name := range a.records {
		if l.failure == verdict.Timeout || l.failure == verdict.Unreachable {
			l.beats = append(l.beats, beat{reason: verdict.NoAnswer}) // do not wait again
			continue
		}
		l.beats = append(l.beats, a.heartbeat(ctx, r, name, &l))
	}
	l.at = a.now()
	return l
}

// heartbeat asks for a TXT record. Many servers answer with a CNAME record if there is one
// in its place; CoreDNS's kubernetes wants to be asked for it.
func (a *asker) heartbeat(ctx context.Context, r row, name string, l *look) beat {
	found := beat{reason: verdict.NoHeartbeat}
	for _, qtype := range []uint16{dns.TypeTXT, dns.TypeCNAME} {
		reply, failure := a.ask(ctx, r, name, qtype, l)
		if failure != "" || reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError {
			return beat{reason: verdict.NoAnswer}
		}
		found.at, found.reason = ask.Heartbeat(name, reply.Answer, a.now())
		if found.reason != verdict.NoHeartbeat {
			break
		}
	}
	return found
}

// ask asks one question. Over UDP it asks again if no answer comes within half of the
// timeout, or if none can come: one lost datagram tells nothing of a server, and nor does a
// port that was closed for a moment.
func (a *asker) ask(ctx context.Context, r row, name string, qtype uint16, l *look) (*dns.Msg, verdict.Failure) {
	tries := map[string]int{"udp": 2, "tcp": 1}[r.transport]
	network := r.transport
	var reply *dns.Msg
	var failure verdict.Failure
	for try := 0; try < tries; try++ {
		query := question(name, qtype)
		asking, cancel := context.WithTimeout(ctx, a.timeout/time.Duration(tries))
		var took time.Duration
		reply, took, failure = ask.Server(asking, network, r.address, query)
		cancel()
		l.sent++
		if failure == verdict.Timeout || failure == verdict.Unreachable {
			l.lost++
			continue
		}
		if failure == "" {
			l.note(reply, took)
			if reply.Truncated {
				network, tries, try = "tcp", 1, -1
				continue
			}
		}
		break
	}
	return reply, failure
}

// question asks for the server's identifier (RFC 5001), too.
func question(name string, qtype uint16) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.RecursionDesired = false
	m.SetEdns0(1232, false) // https://www.dnsflagday.net/2020
	m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_NSID{Code: dns.EDNS0NSID}}
	return m
}

// note keeps what a reply says beside its records.
func (l *look) note(reply *dns.Msg, took time.Duration) {
	if l.latency == 0 {
		l.latency = took
	}
	opt := reply.IsEdns0()
	if opt == nil {
		return
	}
	for _, option := range opt.Option {
		switch o := option.(type) {
		case *dns.EDNS0_NSID:
			l.nsid = readable(o.Nsid)
		case *dns.EDNS0_EDE:
			ede := EDE{o.InfoCode, dns.ExtendedErrorCodeToString[o.InfoCode], cli.Printable(o.ExtraText)}
			if !slices.Contains(l.edes, ede) && len(l.edes) < maxEDEs {
				l.edes = append(l.edes, ede)
			}
		}
	}
}

// maxEDEs is how many explanations of a server are shown.
const maxEDEs = 4

// readable is an identifier as text if it is one, and else as the hexadecimal digits that
// miekg/dns makes of it.
func readable(nsid string) string {
	raw, err := hex.DecodeString(nsid)
	if err != nil {
		return ""
	}
	if text := string(raw); text == cli.Printable(text) && strings.TrimSpace(text) != "" {
		return text
	}
	return "0x" + nsid
}
