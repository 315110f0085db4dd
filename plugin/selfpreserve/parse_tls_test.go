package selfpreserve

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
)

func withTLS(files ...string) string {
	return "selfpreserve {\n tls " + strings.Join(files, " ") + "\n}"
}

// Peers show each other their certificates; a kubelet that asks for /ready has none.
func TestTLSIsMutual(t *testing.T) {
	conf, err := parseText(withTLS(certificates(t, "peer.example.org", "192.0.2.1")))
	if err != nil {
		t.Fatal(err)
	}
	strangers, err := parseText(withTLS(certificates(t, "peer.example.org")))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"peer.example.org", "192.0.2.1"} {
		client := conf.tls.Clone()
		client.ServerName = name
		if state, err := handshake(t, conf.tls, client); err != nil || len(state.VerifiedChains) == 0 {
			t.Errorf("a peer at %s: %v", name, err)
		}
	}
	plain := &tls.Config{RootCAs: conf.tls.RootCAs, ServerName: "peer.example.org"}
	if state, err := handshake(t, conf.tls, plain); err != nil || len(state.PeerCertificates) != 0 {
		t.Errorf("a client without a certificate: %v", err)
	}
	stranger := &tls.Config{RootCAs: conf.tls.RootCAs, ServerName: "peer.example.org", Certificates: strangers.tls.Certificates}
	// A client is asked for certificates of our CA, and has to insist on another.
	stranger.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return &strangers.tls.Certificates[0], nil
	}
	if _, err := handshake(t, conf.tls, stranger); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("a certificate of another CA: %v", err)
	}
	imposter := conf.tls.Clone()
	imposter.ServerName = "peer.example.org"
	if _, err := handshake(t, strangers.tls, imposter); err == nil {
		t.Error("a server of another CA is trusted")
	}
}

func certificates(t *testing.T, names ...string) string {
	cert, key, ca := writeCertificates(t, t.TempDir(), names...)
	return cert + " " + key + " " + ca
}

// handshake returns what the server makes of it. A net.Pipe would not do: both ends can
// be writing at once.
func handshake(t *testing.T, server, client *tls.Config) (tls.ConnectionState, error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	done := make(chan struct{})
	defer func() { <-done }()
	go func() {
		defer close(done)
		if conn, err := tls.Dial("tcp", ln.Addr().String(), client); err == nil {
			_, _ = conn.Read(make([]byte, 1))
			conn.Close()
		}
	}()
	raw, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	conn := tls.Server(raw, server)
	err = conn.Handshake()
	return conn.ConnectionState(), err
}

// The tls plugin does likewise.
func TestTLSFilesAreRelativeToRoot(t *testing.T) {
	dir := t.TempDir()
	cert, key, ca := writeCertificates(t, dir, "peer.example.org")
	for _, tc := range []struct{ root, work, stanza string }{
		{dir, "/", withTLS("cert.pem", "key.pem", "ca.pem")},
		{"", dir, withTLS("cert.pem", "key.pem", "ca.pem")},
		{"/nowhere", "/", withTLS(cert, key, ca)},
	} {
		t.Chdir(tc.work)
		c := caddy.NewTestController("dns", tc.stanza)
		dnsserver.GetConfig(c).Root = tc.root
		if conf, err := parse(c); err != nil || conf.tls == nil {
			t.Errorf("with root %q, in %s: %v", tc.root, tc.work, err)
		}
	}
}

func TestParseRefusesTLSFiles(t *testing.T) {
	const want = "want CERT KEY CA, three PEM files"
	dir := t.TempDir()
	cert, key, ca := writeCertificates(t, dir, "peer.example.org")
	_, otherKey, _ := writeCertificates(t, t.TempDir(), "peer.example.org")
	empty := filepath.Join(dir, "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing.pem")
	for _, tc := range []struct{ stanza, problem string }{
		{withTLS(), "tls has 0 values"},
		{withTLS(ca), "tls has 1 values"},
		{withTLS(cert, key), "tls has 2 values"},
		{withTLS(cert, key, ca, ca), "tls has 4 values"},
		{withTLS(cert, key, `""`), `tls ["` + cert + `" "` + key + `" ""] has an empty name`},
		{withTLS(missing, key, ca), `does not load: could not load TLS cert: open ` + missing + `: no such file or directory`},
		{withTLS(cert, missing, ca), `does not load: could not load TLS cert: open ` + missing + `: no such file or directory`},
		{withTLS(cert, key, missing), `does not load: error reading ` + missing},
		{withTLS(cert, otherKey, ca), `does not load: could not load TLS cert: tls: private key does not match public key`},
		{withTLS(empty, key, ca), `does not load: could not load TLS cert: tls: failed to find any PEM data in certificate input`},
		{withTLS(cert, key, empty), `does not load: could not read root certs: want`},
		{withTLS(key, cert, ca), `tls ["` + key + `" "` + cert + `" "` + ca + `"] does not load`},
	} {
		refuses(t, tc.stanza, tc.problem, want)
	}
	refuses(t, "selfpreserve {\n tls "+cert+" "+key+" "+ca+"\n tls "+cert+" "+key+" "+ca+"\n}", "tls is given twice", "want it once")
}
