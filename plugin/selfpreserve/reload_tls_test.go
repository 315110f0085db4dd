package selfpreserve

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestReloadToTLSAtTheSameADDRESS(t *testing.T) {
	before := goleak.IgnoreCurrent()
	address := httpAddress(t)
	files := certificates(t, "127.0.0.1") // CERT KEY CA
	instance := begin(t, nil, selfpreserving(address))
	instance = begin(t, instance, selfpreserving(address, "tls "+files))
	ca, err := os.ReadFile(strings.Fields(files)[2])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}}
	response, err := c.Get("https://" + address + "/peer")
	if err != nil {
		t.Error(err)
	} else {
		_ = response.Body.Close()
	}
	end(t, instance)
	goleak.VerifyNone(t, before)
}
