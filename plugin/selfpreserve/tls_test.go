package selfpreserve

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/roster"
)

// tlsOf is the configuration that a Corefile makes of certificates for these names.
func tlsOf(t *testing.T, names ...string) *tls.Config {
	t.Helper()
	conf, err := parseText(withTLS(certificates(t, names...)))
	if err != nil {
		t.Fatal(err)
	}
	return conf.tls
}

// listening is a node with a listener on loopback, which knows 127.0.0.2 as a peer.
func listening(t *testing.T, config *tls.Config) (*still, *httpServer, string) {
	t.Helper()
	s := newStill(t)
	s.roster.Find(s.clock, staticPeers, addrs("127.0.0.2:8182"), nobody)
	s.conf.tls, s.conf.address = config, "127.0.0.1:0"
	server, err := listen(s.node, s.conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.close)
	return s, server, server.listener.Addr().String()
}

// number is the last of a promise that was asked for.
var number uint64 = 100

// askFor asks the server at address for a promise, from 127.0.0.2, and returns what it
// said, or why it said nothing.
func askFor(t *testing.T, address string, config *tls.Config, serverName string) string {
	t.Helper()
	number++
	c := newClient("127.0.0.2:8182", config, func(string) string { return serverName })
	defer c.close()
	r, err := c.ask(t.Context(), address, promise.Request{From: "id-a", Number: number, Lifetime: 6 * time.Second})
	switch {
	case err != nil:
		return err.Error()
	case !r.Granted:
		return "not granted: " + r.Why
	}
	if err := c.release(t.Context(), address, "id-a", number); err != nil {
		return err.Error()
	}
	return "granted"
}

func TestPeersTalkTLSByNameAndByAddress(t *testing.T) {
	config := tlsOf(t, "peers.test", "127.0.0.1", "::1")
	_, _, address := listening(t, config)
	other := tlsOf(t, "peers.test", "127.0.0.1")
	anonymous := config.Clone()
	anonymous.Certificates = nil
	for _, c := range []struct {
		config     *tls.Config
		name, want string
	}{
		{config, "peers.test", "granted"},
		{config, "127.0.0.1", "granted"},
		{config, "::1", "granted"},
		{config, "other.test", "tls: failed to verify certificate: x509: certificate is valid for peers.test, not other.test"},
		{config, "127.0.0.2", "tls: failed to verify certificate: x509: certificate is valid for 127.0.0.1, ::1, not 127.0.0.2"},
		{other, "peers.test", "tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{anonymous, "peers.test", "it does not know this server as a peer"},
		{nil, "", "it replied with HTTP status 400"}, // in the clear
	} {
		if got := askFor(t, address, c.config, c.name); !strings.HasPrefix(got, c.want) {
			t.Errorf("as %s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A peer of another CA trusts ours for the sake of the test, and is not trusted by us.
func TestAPeerOfAnotherCAIsRefused(t *testing.T) {
	config, other := tlsOf(t, "peers.test"), tlsOf(t, "peers.test")
	s, _, address := listening(t, config)
	before := s.everything()
	other.RootCAs = config.RootCAs
	other.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &other.Certificates[0], nil }
	if got := askFor(t, address, other, "peers.test"); got != "remote error: tls: unknown certificate authority" {
		t.Error(got)
	}
	if got := s.everything(); got != before {
		t.Errorf("changed\n%s\nto\n%s", before, got)
	}
}

func TestAReloadToAnotherCAEndsTheTrustInKeptConnections(t *testing.T) {
	config, other := tlsOf(t, "127.0.0.1"), tlsOf(t, "127.0.0.1")
	s, server, address := listening(t, config)
	kept := newClient("127.0.0.2:8182", config, func(string) string { return "127.0.0.1" })
	defer kept.close()
	if err := kept.release(t.Context(), address, "id-a", 7); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.conf.tls = other
	s.mu.Unlock()
	server.tls.Store(other)
	if err := kept.release(t.Context(), address, "id-a", 8); err == nil || err.Error() != "it does not know this server as a peer" {
		t.Errorf("on a connection of before: %v", err)
	}
}

// A probe needs no certificate.
func TestAnybodyMayAskForReadinessOverTLS(t *testing.T) {
	config := tlsOf(t, "127.0.0.1")
	_, _, address := listening(t, config)
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: config.RootCAs}}}
	defer c.CloseIdleConnections()
	for path, want := range map[string]string{"/ready": "OK", "/status": `{`, "/peer": `{`} {
		r, err := c.Get("https://" + address + path)
		if err != nil {
			t.Error(err)
			continue
		}
		body, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if r.StatusCode != 200 || !strings.HasPrefix(string(body), want) {
			t.Errorf("%s: %d %s", path, r.StatusCode, body)
		}
	}
}

func TestAReloadTurnsTheListenerToTLSAndBack(t *testing.T) {
	config := tlsOf(t, "127.0.0.1")
	s, server, address := listening(t, nil)
	kept := newClient("127.0.0.2:8182", nil, nil) // with a connection of before
	defer kept.close()
	for _, c := range []struct {
		now          *tls.Config
		plain, byTLS string
		kept         string
	}{
		{nil, "granted", "http: server gave HTTP response to HTTPS client", ""},
		{config, "it replied with HTTP status 400", "granted", "it does not know this server as a peer"},
		{nil, "granted", "http: server gave HTTP response to HTTPS client", ""},
	} {
		s.mu.Lock()
		s.conf.tls = c.now
		s.mu.Unlock()
		server.tls.Store(c.now)
		got := ""
		if err := kept.release(t.Context(), address, "id-a", 7); err != nil {
			got = err.Error()
		}
		if got != c.kept {
			t.Errorf("on a connection of before: %q, want %q", got, c.kept)
		}
		if got := askFor(t, address, nil, ""); !strings.HasPrefix(got, c.plain) {
			t.Errorf("in the clear: %s, want %s", got, c.plain)
		}
		if got := askFor(t, address, config, "127.0.0.1"); !strings.HasPrefix(got, c.byTLS) {
			t.Errorf("with TLS: %s, want %s", got, c.byTLS)
		}
	}
}

// What a certificate has to name is what the peer was found by.
func TestServerNames(t *testing.T) {
	s := newStill(t)
	s.roster.Find(0, roster.Source{Name: "peers.test."}, addrs("10.0.0.1:8182", "10.0.0.2:8182"), nobody)
	for address, want := range map[string]string{
		"10.0.0.1:8182": "peers.test", "192.0.2.2:8182": "192.0.2.2", "[fe80::2%eth0]:8182": "fe80::2", "[2001:db8::2]:8182": "2001:db8::2", "10.0.0.9:8182": "10.0.0.9",
	} {
		if got := s.serverName(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
