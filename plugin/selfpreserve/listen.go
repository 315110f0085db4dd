package selfpreserve

import (
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// httpServer is the HTTP listener of a node. It outlives a reload that leaves its address.
type httpServer struct {
	http     *http.Server
	address  string
	listener net.Listener
	tls      atomic.Pointer[tls.Config]
	done     sync.WaitGroup
}

const (
	httpTimeout = 5 * time.Second // as health and ready have
	maxHeaders  = 4096            // octets; net/http reads as many more before it refuses

	// writeTimeout is longer than the time that a body may take: whoever is too slow is told.
	writeTimeout = httpTimeout + time.Second
)

// listen begins to serve n at conf's address.
func listen(n *node, conf *config) (*httpServer, error) {
	ln, err := net.Listen("tcp", conf.address)
	if err != nil {
		return nil, err
	}
	return serveOn(ln, n, conf), nil
}

func serveOn(ln net.Listener, n *node, conf *config) *httpServer {
	s := &httpServer{address: conf.address, listener: ln}
	s.tls.Store(conf.tls)
	s.http = &http.Server{
		Handler:     n.handler(),
		ReadTimeout: httpTimeout, WriteTimeout: writeTimeout, IdleTimeout: idle,
		MaxHeaderBytes: maxHeaders,
		ConnState:      used,
		ErrorLog:       quiet(),
	}
	bounded := &door{Listener: ln, isPeer: n.comesFromPeer, tell: n.tellDropped}
	s.done.Go(func() { _ = s.http.Serve(secured{bounded, &s.tls}) })
	return s
}

func (s *httpServer) close() {
	_ = s.http.Close()
	s.done.Wait()
}

// secured speaks TLS or not by the Corefile that is in force: a reload may change that.
type secured struct {
	net.Listener
	config *atomic.Pointer[tls.Config]
}

func (l secured) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if config := l.config.Load(); err == nil && config != nil {
		return tls.Server(conn, config), nil
	}
	return conn, err
}

// listeners are those of a process. A reload may bring another address, and the old one is
// served until the new Corefile is in force.
type listeners []*httpServer

// open listens at conf's address, unless that is so already.
func (l *listeners) open(n *node, conf *config) error {
	for _, s := range *l {
		if s.address == conf.address {
			s.tls.Store(conf.tls)
			return nil
		}
	}
	s, err := listen(n, conf)
	if err != nil {
		return err
	}
	*l = append(*l, s)
	return nil
}

// closeOthers closes the listeners whose address is not this.
func (l *listeners) closeOthers(address string) {
	*l = slices.DeleteFunc(*l, func(s *httpServer) bool {
		if s.address != address {
			s.close()
		}
		return s.address != address
	})
}
