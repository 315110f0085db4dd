package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/zone"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/ask"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// recordTTL is short, since a cache between would make the heartbeat older than the data.
const recordTTL = 5 // seconds

// updater writes a TXT record by UPDATE (RFC 2136).
type updater struct {
	address string // IP:port of the primary
	name    string
	zone    string // "" until the primary has told
	key     *key   // nil for updates that are not signed
	timeout time.Duration
}

func (u *updater) String() string { return u.address }

// Write replaces the record, on condition that it still is what was read.
func (u *updater) Write(ctx context.Context, now time.Time) error {
	if u.zone == "" {
		found, err := zone.Of(ctx, u.timeout, u.address, u.name)
		if err != nil {
			return err
		}
		u.zone = found
	}
	return unlessOvertaken(func() error {
		before, err := u.read(ctx)
		if err != nil {
			return err
		}
		for _, rr := range before {
			text := strings.Join(rr.(*dns.TXT).Txt, "")
			switch at, reason := verdict.ReadHeartbeat([]string{text}, nil, now); {
			case reason == verdict.BadHeartbeat:
				return noHeartbeat(u.name, text)
			case reason == verdict.Clock:
				return ahead(u.name, []string{text}, nil, now)
			case reason == "" && !at.Before(now.Truncate(time.Second)):
				return nil
			}
		}
		return u.replace(ctx, before, now)
	})
}

// read returns the TXT records that are there.
func (u *updater) read(ctx context.Context) (before []dns.RR, err error) {
	query := new(dns.Msg)
	query.SetQuestion(u.name, dns.TypeTXT)
	query.RecursionDesired = false
	asking, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	reply, _, failure := ask.Server(asking, "tcp", u.address, query)
	switch {
	case failure != "":
		return nil, fmt.Errorf("%s: %s", u.address, failure)
	case reply.Rcode == dns.RcodeRefused: // its questions may be for others alone
		return nil, fmt.Errorf("%s refuses a query for %s", u.address, u.name)
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("%s answers %s to a query for %s", u.address, dns.RcodeToString[reply.Rcode], u.name)
	}
	for _, rr := range reply.Answer {
		if txt, ok := rr.(*dns.TXT); ok && strings.EqualFold(txt.Hdr.Name, u.name) {
			before = append(before, txt)
		}
	}
	return before, nil
}

func (u *updater) replace(ctx context.Context, before []dns.RR, now time.Time) error {
	beat := &dns.TXT{Hdr: dns.RR_Header{Name: u.name, Rrtype: dns.TypeTXT, Class: dns.ClassINET, Ttl: recordTTL},
		Txt: []string{strconv.FormatInt(now.Unix(), 10)}}
	m := new(dns.Msg)
	m.SetUpdate(u.zone)
	if len(before) > 0 {
		m.Used(before)
	} else {
		m.RRsetNotUsed([]dns.RR{beat})
	}
	m.RemoveRRset([]dns.RR{beat})
	m.Insert([]dns.RR{beat})
	reply, err := u.send(ctx, m)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", u.address, err)
	case reply.Rcode == dns.RcodeNXRrset || reply.Rcode == dns.RcodeYXRrset:
		return errOvertaken
	case reply.Rcode != dns.RcodeSuccess:
		return fmt.Errorf("%s answers %s to the update of %s%s", u.address, dns.RcodeToString[reply.Rcode], u.zone, u.why(reply))
	}
	return nil
}

// why explains what the primary said of the signature.
func (u *updater) why(reply *dns.Msg) string {
	switch t := reply.IsTsig(); {
	case u.key == nil:
		return ", which was not signed"
	case t != nil && t.Error != dns.RcodeSuccess:
		return fmt.Sprintf(", signed with %s: %s", u.key, dns.RcodeToString[int(t.Error)])
	}
	return fmt.Sprintf(", signed with %s", u.key)
}

// send sends a message over TCP and checks the signature of the answer.
func (u *updater) send(ctx context.Context, m *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	client := &dns.Client{Net: "tcp", Timeout: u.timeout}
	if u.key != nil {
		client.TsigSecret = map[string]string{u.key.name: u.key.secret}
		m.SetTsig(u.key.name, u.key.algorithm, 300, time.Now().Unix())
	}
	conn, err := client.DialContext(ctx, u.address)
	if err != nil {
		return nil, plainly(err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	reply, _, err := client.ExchangeWithConnContext(ctx, m, conn)
	switch {
	case errors.Is(err, dns.ErrTime):
		return nil, errors.New("the clocks of primary and writer are more than 5 minutes apart")
	case reply != nil && reply.Rcode == dns.RcodeNotAuth: // it may not be able to sign
		return reply, nil
	case err != nil:
		return nil, plainly(err)
	case reply.Opcode != dns.OpcodeUpdate || !reply.Response:
		return nil, errors.New("the answer is not to an update")
	case u.key != nil && reply.Rcode == dns.RcodeSuccess && reply.IsTsig() == nil:
		return nil, errors.New("the answer is not signed")
	}
	return reply, nil
}

// plainly says what of an error an operator has to know.
func plainly(err error) error {
	var netErr net.Error
	if errors.Is(err, net.ErrClosed) || errors.As(err, &netErr) && netErr.Timeout() {
		return errors.New("no answer in time")
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}
