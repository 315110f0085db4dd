package selfpreserve

import (
	"crypto/tls"
	"net"
	"testing"
	"testing/synctest"
)

// pipes is a listener without sockets, for a synctest bubble.
type pipes struct {
	arrive chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.arrive:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { close(p.closed); return nil }

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// from is a client's end of a connection from that address.
func (p *pipes) from(address string) net.Conn {
	near, far := net.Pipe()
	p.arrive <- &addressed{far, address}
	return near
}

type addressed struct {
	net.Conn
	from string
}

func (a *addressed) RemoteAddr() net.Addr { return (&caller{from: a.from}).RemoteAddr() }

// In a bubble, bring connects clients to a node that knows 192.0.2.2 as a peer.
func inABubble(t *testing.T, config func(t *testing.T) *tls.Config, body func(s *still, p *pipes)) {
	conf := config(t)
	synctest.Test(t, func(t *testing.T) {
		s, p := newStill(t), &pipes{make(chan net.Conn), make(chan struct{})}
		s.conf.tls = conf
		s.notePeerIPs()
		server := serveOn(p, s.node, s.conf)
		body(s, p)
		server.close()
	})
}

func inTheClear(*testing.T) *tls.Config { return nil }
