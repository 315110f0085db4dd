package audience

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/miekg/dns"
)

// Audience is who asks. Nothing is asked again: a resolver would, and hide what was lost.
type Audience struct {
	Server   string // address and port
	Names    []string
	Rate     int // questions a second
	Patience time.Duration
	// Ports is how many source ports are used again and again, as by a forwarder or a
	// program that keeps its socket. 0 is a new one for each question, as libc's.
	// Conntrack sends what comes from a port that it knows to where it sent it before.
	Ports int
}

// asker sends one question, and says what became of it.
type asker interface {
	ask(m *dns.Msg, patience time.Duration) (*dns.Msg, error)
}

// Ask asks until ctx is done, and waits for the last answers. It tells of the first one.
func (a Audience) Ask(ctx context.Context, answered func()) (Count, error) {
	askers := []asker{fresh(a.Server)}
	if a.Ports > 0 {
		askers = nil
		for range a.Ports {
			s, err := keep(a.Server)
			if err != nil {
				return Count{}, err
			}
			defer s.conn.Close()
			askers = append(askers, s)
		}
	}
	var (
		asked     sync.WaitGroup
		first     sync.Once
		questions []*question
	)
	tick := time.NewTicker(time.Second / time.Duration(a.Rate))
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			asked.Wait()
			all := make([]question, len(questions))
			for i, q := range questions {
				all[i] = *q
			}
			return sum(all), nil
		case <-tick.C:
		}
		m := new(dns.Msg)
		m.SetQuestion(a.Names[i%len(a.Names)], dns.TypeA)
		m.SetEdns0(1232, false)
		// By i/len(Names): with as many ports as names each would ask for one name only.
		q, via := &question{at: time.Now()}, askers[i/len(a.Names)%len(askers)]
		questions = append(questions, q)
		asked.Go(func() {
			if q.ends(via.ask(m, a.Patience)); q.why == "" {
				first.Do(answered)
			}
		})
	}
}

func (q *question) ends(reply *dns.Msg, err error) {
	if err != nil {
		q.why = reason(err)
		return
	}
	q.rcode = dns.RcodeToString[reply.Rcode]
	if opt := reply.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if ede, ok := o.(*dns.EDNS0_EDE); ok && ede.InfoCode == dns.ExtendedErrorCodeStaleAnswer {
				q.stale = true
			}
		}
	}
}

func reason(err error) string {
	var ne net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &ne) && ne.Timeout():
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "unreachable"
	case errors.Is(err, syscall.EPERM):
		return "not permitted"
	}
	return "other"
}

// fresh is a server that is asked from a new port each time.
type fresh string

func (server fresh) ask(m *dns.Msg, patience time.Duration) (*dns.Msg, error) {
	reply, _, err := (&dns.Client{Timeout: patience}).Exchange(m, string(server))
	return reply, err
}
