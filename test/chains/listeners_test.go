package chains

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coredns/coredns/plugin/pkg/doh"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

func TestEveryListenerAnswersRaisedTTLs(t *testing.T) {
	for _, transport := range []string{"udp", "tcp", "tls", "https"} {
		t.Run(transport, func(t *testing.T) {
			scheme, tlsLine := "dns", ""
			if transport == "tls" || transport == "https" {
				scheme, tlsLine = transport, "tls $DIR/cert.pem $DIR/key.pem\n"
			}
			files := map[string]string{"db": clusterZone}
			certificate(t, files)
			s := embedded.Start(t, scheme+"://example.org:0 {\n bind 127.0.0.1\n"+tlsLine+steady+" file $DIR/db\n}", files)
			for _, name := range []string{"www.example.org.", "alias.example.org."} {
				if transport == "https" {
					expect(t, s, askHTTPS(t, s, lab.Query(name, dns.TypeA)), raised)
				} else {
					expect(t, s, s.Ask(t, transport, lab.Query(name, dns.TypeA)), raised)
				}
			}
		})
	}
}

// askHTTPS is ask over HTTPS (DoH).
func askHTTPS(t *testing.T, s *embedded.Server, m *dns.Msg) *dns.Msg {
	t.Helper()
	req, err := doh.NewRequest(http.MethodPost, s.TCP, "", m)
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
