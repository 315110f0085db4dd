package audience

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// socket is one source port that many questions leave by, also at the same time.
type socket struct {
	conn net.Conn

	mu      sync.Mutex
	waiting map[uint16]chan<- result // by the question's id
}

type result struct {
	reply *dns.Msg
	err   error
}

func keep(server string) (*socket, error) {
	conn, err := net.Dial("udp", server)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, waiting: make(map[uint16]chan<- result)}
	go s.read()
	return s, nil
}

func (s *socket) ask(m *dns.Msg, patience time.Duration) (*dns.Msg, error) {
	packet, err := m.Pack()
	if err != nil {
		return nil, err
	}
	got := make(chan result, 1)
	s.mu.Lock()
	s.waiting[m.Id] = got
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.waiting, m.Id)
	}()
	if _, err := s.conn.Write(packet); err != nil {
		return nil, err
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case r := <-got:
		return r.reply, r.err
	case <-late.C:
		return nil, os.ErrDeadlineExceeded
	}
}

// read hands answers to who waits for them, until the socket is closed. An ICMP error says
// of no question in particular that it was refused: all that wait share it.
func (s *socket) read() {
	buf := make([]byte, dns.MaxMsgSize)
	for {
		n, err := s.conn.Read(buf)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			s.all(result{err: err})
			continue
		}
		m := new(dns.Msg)
		if m.Unpack(buf[:n]) != nil {
			continue
		}
		s.mu.Lock()
		if waits := s.waiting[m.Id]; waits != nil {
			waits <- result{reply: m}
			delete(s.waiting, m.Id)
		}
		s.mu.Unlock()
	}
}

func (s *socket) all(r result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, waits := range s.waiting {
		waits <- r
		delete(s.waiting, id)
	}
}
