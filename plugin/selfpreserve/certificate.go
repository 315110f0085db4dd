package selfpreserve

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// remoteError is what crypto/tls calls an alert of the other side (RFC 8446 section 6.2): it is
// the peer that was not content.
const remoteError = "remote error"

// certificateError is why a peer is not talked to: one of the two certificates is not accepted.
type certificateError struct {
	err   error
	peers *x509.Certificate // nil if it is ours that the peer does not accept
}

func (e *certificateError) Error() string { return e.err.Error() }

func (e *certificateError) Unwrap() error { return e.err }

// refusedCertificate returns such an error, if err is one.
func refusedCertificate(err error) error {
	if failed, ok := errors.AsType[*tls.CertificateVerificationError](err); ok && len(failed.UnverifiedCertificates) > 0 {
		return &certificateError{failed, failed.UnverifiedCertificates[0]}
	}
	// crypto/tls does not export its alerts. Those about certificates say so, and no others.
	op, ok := errors.AsType[*net.OpError](err)
	if ok && op.Op == remoteError && op.Err != nil && strings.Contains(op.Err.Error(), "certificate") {
		return &certificateError{err: fmt.Errorf("%s: %w", op.Op, op.Err)}
	}
	return nil
}

// tellCertificate writes a line when a peer is not heard because of a certificate, once for each
// reason, and when it is heard again. That it does not heal by itself, as a peer that is silent
// while the fleet starts does, is why it does not wait. Called with the lock.
func (n *node) tellCertificate(address netip.AddrPort, err error) {
	why := ""
	if failed, ok := errors.AsType[*certificateError](err); ok {
		why = n.whyNotAccepted(failed)
	}
	before := n.said.certificates[address]
	switch {
	case err != nil && why == "", why == before: // a peer that is silent has not mended it
	case why == "":
		delete(n.said.certificates, address)
		log.Infof("Contact with peer %s restored: certificates are accepted", address)
	default:
		n.said.certificates[address] = why
		n.record(fmt.Sprintf("no contact with peer %s", address), why)
		log.Warningf("No contact with peer %s: %s", address, why)
	}
}

func (n *node) whyNotAccepted(failed *certificateError) string {
	if failed.peers != nil {
		return fmt.Sprintf("its certificate, %s, fails the check against the CA of tls: %s", nameOf(failed.peers), wire.Line(reasonOf(failed)))
	}
	own := "this server's"
	if n.conf.tls != nil && len(n.conf.tls.Certificates) > 0 && n.conf.tls.Certificates[0].Leaf != nil {
		own = "this server's certificate, " + nameOf(n.conf.tls.Certificates[0].Leaf)
	}
	return fmt.Sprintf("it does not accept %s: %s", own, wire.Line(reasonOf(failed)))
}

// reasonOf leaves out the time at which a certificate was found to have expired: each poll would
// be a change.
func reasonOf(failed *certificateError) string {
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](failed); ok && invalid.Reason == x509.Expired && failed.peers != nil {
		return fmt.Sprintf("it is valid from %s to %s", failed.peers.NotBefore.UTC().Format("2006-01-02 15:04"), failed.peers.NotAfter.UTC().Format("2006-01-02 15:04"))
	}
	return failed.Error()
}

// nameOf is whose certificate it is, and who has issued it, by its own word.
func nameOf(c *x509.Certificate) string {
	return wire.Line(fmt.Sprintf("%q issued by %q", c.Subject, c.Issuer))
}
