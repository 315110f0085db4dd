package selfpreserve

import (
	"crypto/tls"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

func TestAPeerThatIsNotHeardForItsCertificateIsALineOnceAChange(t *testing.T) {
	config, other := tlsOf(t, "127.0.0.1"), tlsOf(t, "peers.test")
	_, server, address := listening(t, config)
	at := netip.MustParseAddrPort(address)
	s := newStill(t)
	s.roster.Find(s.clock, roster.Source{Name: "peers.test.", Port: at.Port()}, []netip.AddrPort{at}, nobody)
	polls := func(mine, its *tls.Config) string {
		server.tls.Store(its)
		s.conf.tls = mine
		c := newClient("127.0.0.2:8182", mine, s.serverName)
		defer c.close()
		s.client = c
		return strings.Join(logged(t, func() {
			s.poll(t.Context(), at, s.me())
			s.poll(t.Context(), at, s.me())
		}), "\n")
	}
	const who = "[WARNING] No contact with peer ADDRESS: "
	const issued = `, "CN=test server" issued by "CN=test CA", fails the check against the CA of tls: `
	named := tlsOf(t, "peers.test", "127.0.0.1")
	late := named.Clone()
	late.Time = func() time.Time { return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }
	mistaken := other.Clone() // it accepts the peer, and has a certificate of another CA
	mistaken.RootCAs = named.RootCAs
	mistaken.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &other.Certificates[0], nil }
	for _, c := range []struct {
		name      string
		mine, its *tls.Config
		want      string
	}{
		{"accepted", named, named, ""},
		{"of another CA", named, other, who + "its certificate" + issued + "tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{"still so", named, other, ""},
		{"with another name", config, config, who + "its certificate" + issued + "tls: failed to verify certificate: x509: certificate is not valid for any names, but wanted to match peers.test"},
		{"accepted again", named, named, "[INFO] Contact with peer ADDRESS restored: certificates are accepted"},
		{"expired", late, named, who + "its certificate" + issued + "it is valid from 1999-01-01 00:00 to 2199-01-01 00:00"},
		{"in the clear", nil, named, ""},
		{"not accepted there", mistaken, named, who + `it does not accept this server's certificate, "CN=test server" issued by "CN=test CA": remote error: tls: unknown certificate authority`},
	} {
		got := strings.ReplaceAll(polls(c.mine, c.its), address, "ADDRESS")
		if c.want == "" && got != "" || !strings.HasPrefix(got, c.want) || strings.Contains(got, "\n") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.roster.Keep(func(roster.Source, netip.AddrPort) bool { return false })
	if s.recordPeers(s.clock); len(s.said.certificates) > 0 {
		t.Errorf("of a peer that is gone it remembers %q", s.said.certificates)
	}
}
