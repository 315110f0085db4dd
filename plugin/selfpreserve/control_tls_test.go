package selfpreserve

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

func TestWhoHasACertificateOfTheCAGivesOrders(t *testing.T) {
	config := tlsOf(t, "127.0.0.1", "peers.test")
	other := tlsOf(t, "127.0.0.1")
	anonymous := config.Clone()
	anonymous.Certificates = nil
	s, server, _ := listening(t, config)
	s.conf.control = true
	host, port := "127.0.0.1", strings.TrimPrefix(server.listener.Addr().String(), "127.0.0.1:")
	post := func(config *http.Transport, change func(*http.Request)) (int, error) {
		c := &http.Client{Transport: config}
		defer c.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), "POST", "https://"+host+":"+port+"/control", strings.NewReader(stays))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		change(r)
		response, err := c.Do(r)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
	named := func(r *http.Request) { r.Host = "peers.test" }
	if got, err := post(&http.Transport{TLSClientConfig: config}, named); got != 200 || err != nil || s.view.Load().Override.Kind != promise.Stay {
		t.Errorf("with a certificate, by name: %d, %v", got, err)
	}
	if got := s.whatChanged()[1]; !strings.HasPrefix(got, "operator at 127.0.0.1:") || !strings.Contains(got, "(CN=test server) ordered stay: the other site is down") {
		t.Error(got)
	}
	if got, err := post(&http.Transport{TLSClientConfig: config}, func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }); got != 403 || err != nil {
		t.Errorf("with a certificate, from a browser: %d, %v", got, err)
	}
	if got, err := post(&http.Transport{TLSClientConfig: anonymous}, named); got != 403 || err != nil {
		t.Errorf("from loopback without a certificate, by name: %d, %v", got, err)
	}
	// Not on the connection, but by the handler: from an address that is not loopback.
	remote := func(ca bool) string {
		r := httptest.NewRequest("POST", "https://192.0.2.1/control", strings.NewReader(stays))
		r.Header.Set("Content-Type", "application/json")
		r.RemoteAddr = "192.0.2.77:4711"
		chain := config
		if !ca {
			chain = other
		}
		leaf, err := leafOf(chain)
		if err != nil {
			t.Fatal(err)
		}
		r.TLS.PeerCertificates = leaf
		return s.serve(r)
	}
	if got := remote(true); !strings.HasPrefix(got, "200 ") {
		t.Errorf("from afar with a certificate: %s", got)
	}
	if got := remote(false); !strings.HasPrefix(got, "403 orders are accepted only from") {
		t.Errorf("from afar with a certificate of another CA: %s", got)
	}
	s.conf.tls = nil
	if got := remote(true); !strings.HasPrefix(got, "403 orders are accepted only from") {
		t.Errorf("from afar after a reload without tls: %s", got)
	}
}
