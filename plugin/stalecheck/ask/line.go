package ask

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"

	"github.com/miekg/dns"
)

// Line asks one server over UDP, with one socket for all queries of about a second: who asks
// for ten thousand zones spends more on sockets than on queries. It is safe for concurrent use.
//
// A socket is not kept for longer, since a new port each time is what makes answers hard to
// forge (RFC 5452 section 9.2), and since a path that has lost its way to one of several servers
// behind an address keeps old ports on it (kubernetes issue 129617).
type Line struct {
	Address string // IP:port
	life    time.Duration

	mu     sync.Mutex
	socket *socket // the one for new queries, if there is any
}

// NewLine returns the line to the server at address. It has no socket until it is asked.
func NewLine(address string) *Line { return &Line{Address: address, life: socketLife} }

// socketLife is for how long a socket takes queries. It waits for their answers afterwards.
const socketLife = time.Second

// Ask sends query and returns the reply to it. It returns at the latest when ctx is done, which
// needs a deadline.
func (l *Line) Ask(ctx context.Context, query *dns.Msg) (*dns.Msg, verdict.Failure) {
	s, err := l.open(ctx)
	if err != nil {
		return nil, whyNoReply(err)
	}
	defer s.release()
	id, answer := s.expect()
	defer s.forget(id, answer)
	asked := *query
	asked.Id = id
	packed, err := asked.Pack()
	if err != nil {
		return nil, verdict.Malformed
	}
	if _, err := s.conn.Write(packed); err != nil {
		return nil, whyNoReply(err)
	}
	select {
	case a := <-answer:
		if a.err != nil {
			return nil, whyNoReply(a.err)
		}
		reply := new(dns.Msg)
		if err := reply.Unpack(a.packed); err != nil {
			return nil, whyNoReply(err)
		}
		if !isReplyTo(reply, query) {
			return nil, verdict.Mismatch
		}
		return reply, ""
	case <-ctx.Done():
		return nil, verdict.Timeout
	}
}

// open returns the socket for a new query, which has to be released.
func (l *Line) open(ctx context.Context) (*socket, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.socket; s != nil && s.take() {
		return s, nil
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", l.Address)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, waiting: make(map[uint16]chan answer), users: 2} // the query and the clock
	s.clock = time.AfterFunc(l.life, func() {
		l.mu.Lock()
		if l.socket == s {
			l.socket = nil
		}
		l.mu.Unlock()
		s.release()
	})
	l.socket = s
	go s.read()
	return s, nil
}

// Close closes the socket once the queries that it has are over.
func (l *Line) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.socket != nil && l.socket.clock.Stop() {
		l.socket.release()
	}
	l.socket = nil
}

// socket is one for the queries of a while.
type socket struct {
	conn  net.Conn
	clock *time.Timer // after which it takes no queries

	mu      sync.Mutex
	users   int                    // it is closed by the last
	failed  error                  // why nobody reads it any more
	waiting map[uint16]chan answer // by id
}

type answer struct {
	packed []byte
	err    error
}

// take reports whether the socket can have one more query, which then has to be released.
func (s *socket) take() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return false
	}
	s.users++
	return true
}

func (s *socket) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users == 0 {
		_ = s.conn.Close()
	}
}

// expect returns an id that no other query has, and where its answer will come from. There is soon
// one, as only some dozens wait at a time.
func (s *socket) expect() (uint16, chan answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		id := uint16(rand.Uint32()) // #nosec G404 G115 -- ChaCha8, seeded by the system
		if s.waiting[id] == nil {
			to := make(chan answer, 1)
			if s.waiting[id] = to; s.failed != nil { // since the query took the socket
				to <- answer{err: s.failed}
			}
			return id, to
		}
	}
}

// forget ends the wait for an answer to the query with id, which is another query's by now if the
// answer has come.
func (s *socket) forget(id uint16, of chan answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[id] == of {
		delete(s.waiting, id)
	}
}

// read hands answers to who waits for them until the socket is closed. Those that nobody waits for
// are late, or forged. An error, as the ICMP message that nobody has this port, is for all queries.
func (s *socket) read() {
	buffer := make([]byte, dns.DefaultMsgSize) // more than any query allows
	for {
		n, err := s.conn.Read(buffer)
		if err != nil {
			s.fail(err)
			return
		}
		if n < 2 {
			continue
		}
		id := uint16(buffer[0])<<8 | uint16(buffer[1])
		s.mu.Lock()
		to := s.waiting[id]
		delete(s.waiting, id)
		s.mu.Unlock()
		if to != nil {
			to <- answer{packed: append([]byte(nil), buffer[:n]...)}
		}
	}
}

func (s *socket) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = err
	for _, to := range s.waiting {
		to <- answer{err: err}
	}
	clear(s.waiting)
}
