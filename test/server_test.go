package test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coredns/coredns/plugin/pkg/doh"
	coretest "github.com/coredns/coredns/test"

	"github.com/miekg/dns"
)

// server is a CoreDNS in this process. Addresses are those of its first listener;
// one that the transport does not have is empty.
type server struct {
	udp, tcp string
	dir      string // where $DIR of the Corefile is
	tap      *tap   // of the line "tap NAME", with the name of the test
}

// start runs a Corefile until the test ends. $DIR in it is a directory that has the
// files, $TAP is the argument of the tap, and port 0 is one that nobody else has: CoreDNS
// lets others share its ports, and so Linux may give one away twice.
func start(t *testing.T, corefile string, files map[string]string) *server {
	t.Helper()
	s := &server{dir: t.TempDir()}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { // after the server has stopped, so that all writers are done
		if s.tap == nil {
			return
		}
		for _, change := range s.tap.changed {
			t.Errorf("the backend's message was changed %s", change)
		}
	})
	corefile = strings.NewReplacer("$DIR", s.dir, "$TAP", t.Name(), ":0 {", ":"+freePort(t)+" {").Replace(corefile)
	instance, udp, tcp, err := coretest.CoreDNSServerAndPorts(corefile)
	if err != nil {
		t.Fatalf("%v\n%s", err, corefile)
	}
	t.Cleanup(func() {
		for _, err := range instance.ShutdownCallbacks() {
			t.Error(err)
		}
		if err := instance.Stop(); err != nil {
			t.Error(err)
		}
	})
	s.udp, s.tcp = loopback(udp), loopback(tcp)
	if found, ok := taps.Load(t.Name()); ok {
		s.tap = found.(*tap)
	}
	return s
}

func loopback(addr string) string { return strings.Replace(addr, "[::]", "127.0.0.1", 1) }

func query(name string, qtype uint16) *dns.Msg {
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	return m
}

// patience is for machines that stall: nothing here measures how fast an answer is.
const patience = 10 * time.Second

// ask exchanges m over a transport: udp, tcp, tls (DoT), https (DoH).
func (s *server) ask(t *testing.T, transport string, m *dns.Msg) *dns.Msg {
	t.Helper()
	client := dns.Client{Net: transport, Timeout: patience, TLSConfig: &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- our own
		TsigSecret: map[string]string{tsigKey: tsigSecret}}
	addr := s.tcp
	switch transport {
	case "udp":
		addr = s.udp
	case "tls":
		client.Net = "tcp-tls"
	case "https":
		return s.askHTTPS(t, m)
	}
	reply, _, err := client.Exchange(m, addr)
	if err != nil {
		t.Fatalf("%s: %v", transport, err)
	}
	return reply
}

func (s *server) askHTTPS(t *testing.T, m *dns.Msg) *dns.Msg {
	t.Helper()
	req, err := doh.NewRequest(http.MethodPost, s.tcp, "", m)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} // #nosec G402 -- our own
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err := doh.ResponseToMsg(resp)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

// certificate writes cert.pem and key.pem for 127.0.0.1 into files.
func certificate(t *testing.T, files map[string]string) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pair := s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	files["cert.pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}))
	files["key.pem"] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
}
