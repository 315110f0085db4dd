package selfpreserve

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// read decodes the body of a request that a peer may make. It is the one gate between
// the network and the machine.
func (n *node) read(w http.ResponseWriter, r *http.Request, into any) bool {
	if !n.isPeer(r) {
		n.reject(w, r, http.StatusForbidden, stranger, errors.New("only known peers may send this"))
		return false
	}
	status := http.StatusBadRequest
	version, err := wire.VersionOf(r.Header.Get(wire.HeaderVersion))
	if err == nil {
		status, err = decodeBody(w, r, into)
	}
	if err == nil {
		return true
	}
	if status == http.StatusBadRequest && version > wire.Version {
		err = fmt.Errorf("%w%s", err, versions(version))
	}
	n.reject(w, r, status, malformed, err)
	return false
}

// decodeBody decodes the body of a request strictly. Its error is told with the HTTP status.
func decodeBody(w http.ResponseWriter, r *http.Request, into any) (status int, err error) {
	err = wire.Decode(http.MaxBytesReader(w, r.Body, wire.MaxBody+1), true, into)
	switch {
	case errors.Is(err, wire.ErrTooLong):
		return http.StatusRequestEntityTooLarge, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return http.StatusRequestTimeout, fmt.Errorf("the body did not arrive within %s", httpTimeout)
	}
	return http.StatusBadRequest, err
}

// versions says of a peer that is not understood that its version may be why.
func versions(of int) string {
	if of == wire.Version {
		return ""
	}
	return fmt.Sprintf(" (it speaks version %d of the protocol, this server %d)", of, wire.Version)
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

// Why a request of a peer is not taken.
const (
	stranger  = "stranger"
	malformed = "malformed"
)

// reject refuses a request that does not reach the machine, and counts it.
func (n *node) reject(w http.ResponseWriter, r *http.Request, status int, reason string, err error) {
	rejectedTotal.WithLabelValues(reason).Inc()
	n.refuse(w, r, status, err)
}

// refuse replies to a request with an error, and says so in the log at most once a minute. A
// server that has just started does not know its peers yet, and heals by itself.
func (n *node) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	n.mu.Lock()
	now := n.now()
	switch {
	case now < 2*n.conf.interval && status == http.StatusForbidden:
		log.Debugf("Rejected %s %s from %s: %s", r.Method, r.URL.Path, r.RemoteAddr, err)
	case n.said.rejected == 0 || now-n.said.rejected >= pauseOfRejections:
		n.said.rejected = now
		log.Warningf("Rejected %s %s from %s: %s", r.Method, r.URL.Path, r.RemoteAddr, err)
	}
	n.mu.Unlock()
	w.Header().Set("Connection", "close") // or net/http would wait for the rest of the body first
	http.Error(w, err.Error(), status)
}

// notePeerIPs publishes from where peers come. Called with the lock.
func (n *node) notePeerIPs() {
	ips := n.roster.IPs(n.now())
	n.peerIPs.Store(&ips)
}

// comesFromPeer is whether a peer has that address.
func (n *node) comesFromPeer(ip netip.Addr) bool {
	ips := n.peerIPs.Load()
	return ips != nil && (*ips)[ip]
}

// serverName is what the certificate of the peer at address has to name.
func (n *node) serverName(address string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.roster.ServerName(address)
}
