package selfpreserve

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
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
	maxHeaders  = 4096            // octets
)

// listen begins to serve n at conf's address.
func listen(n *node, conf *config) (*httpServer, error) {
	ln, err := net.Listen("tcp", conf.address)
	if err != nil {
		return nil, err
	}
	s := &httpServer{address: conf.address, listener: ln}
	s.tls.Store(conf.tls)
	s.http = &http.Server{
		Handler:           n.handler(),
		ReadHeaderTimeout: httpTimeout, ReadTimeout: httpTimeout, WriteTimeout: httpTimeout, IdleTimeout: idle,
		MaxHeaderBytes: maxHeaders,
		ErrorLog:       quiet(),
	}
	s.done.Go(func() { _ = s.http.Serve(secured{ln, &s.tls}) })
	return s, nil
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

// handler serves people and probes (/ready, /status), and peers (/peer, /promise).
func (n *node) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", n.serveReady)
	mux.HandleFunc("GET /status", n.serveStatus)
	mux.HandleFunc("GET /peer", n.servePoll)
	mux.HandleFunc("POST /promise", n.servePromise)
	mux.HandleFunc("DELETE /promise", n.serveRelease)
	return mux
}

// serveReady has no lock to wait for.
func (n *node) serveReady(w http.ResponseWriter, _ *http.Request) {
	v := n.view.Load()
	if !v.State.InService() {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = io.WriteString(w, readiness(v))
}

// readiness is the text of /ready.
func readiness(v *promise.View) string {
	switch v.State {
	case promise.Serving:
		return "OK"
	case promise.Asking:
		return "PRESERVED: " + v.Why
	case promise.Aside:
		return "ASIDE: " + v.Why
	}
	return strings.ToUpper(v.State.String())
}

// servePoll tells anybody who this server is, and heeds what a known peer says of itself.
func (n *node) servePoll(w http.ResponseWriter, r *http.Request) {
	it := wire.Hello{ID: promise.ID(r.Header.Get(wire.HeaderID))}
	if it.Check() == nil && it.State.UnmarshalText([]byte(r.Header.Get(wire.HeaderState))) == nil && n.isPeer(r) {
		n.mu.Lock()
		n.roster.Polled(n.now(), it.ID, it.State)
		n.mu.Unlock()
	}
	n.mu.Lock()
	me := n.me()
	n.mu.Unlock()
	writeJSON(w, http.StatusOK, me)
}

func (n *node) servePromise(w http.ResponseWriter, r *http.Request) {
	var body wire.Ask
	if !n.read(w, r, &body) {
		return
	}
	request, err := body.Request()
	if err != nil {
		n.reject(w, r, http.StatusBadRequest, malformed, err)
		return
	}
	reply := n.step(promise.Requested{Request: request})
	status := http.StatusOK
	if !reply.Granted {
		status = http.StatusConflict
	}
	writeJSON(w, status, wire.ReplyOf(reply))
}

func (n *node) serveRelease(w http.ResponseWriter, r *http.Request) {
	var body wire.Release
	if !n.read(w, r, &body) {
		return
	}
	if err := wire.CheckID(body.ID); err != nil {
		n.reject(w, r, http.StatusBadRequest, malformed, err)
		return
	}
	n.step(promise.Released{From: body.ID, Number: body.Number})
	w.WriteHeader(http.StatusNoContent)
}

// read decodes the body of a request that a peer may make. It is the one gate between
// the network and the machine.
func (n *node) read(w http.ResponseWriter, r *http.Request, into any) bool {
	if !n.isPeer(r) {
		n.reject(w, r, http.StatusForbidden, stranger, errors.New("only a known peer may ask this"))
		return false
	}
	if err := wire.Decode(http.MaxBytesReader(w, r.Body, wire.MaxBody+1), true, into); err != nil {
		n.reject(w, r, http.StatusBadRequest, malformed, err)
		return false
	}
	return true
}

// isPeer is whether a request comes from a peer: by a certificate that the CA has signed
// or, without TLS, from the address of one that is known.
func (n *node) isPeer(r *http.Request) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.conf.tls != nil {
		return r.TLS != nil && signedBy(n.conf.tls.ClientCAs, r.TLS.PeerCertificates)
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && n.roster.HasIP(n.now(), from.Addr())
}

// signedBy looks again at what the handshake has verified: a reload may have brought
// another CA since.
func signedBy(ca *x509.CertPool, chain []*x509.Certificate) bool {
	if len(chain) == 0 {
		return false
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: ca, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	return err == nil
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	_ = e.Encode(body)
}
