package selfpreserve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Peers would not accept these at any time, however well they load.
func TestParseRefusesACertificateThatNoPeerWouldAccept(t *testing.T) {
	cert, key, _ := writeCertificates(t, t.TempDir(), "peer.example.org")
	_, _, otherCA := writeCertificates(t, t.TempDir(), "peer.example.org")
	const want = "want one that a CA in the file CA has signed, for both server and client"
	refuses(t, withTLS(cert, key, otherCA), `tls ["`+cert+`" "`+key+`" "`+otherCA+`"]: peers would not accept the certificate: x509: certificate signed by unknown authority`, want)
	if _, err := parseText(withTLS(cert, key, cert)); err != nil { // peers that have it as their CA accept it
		t.Errorf("as its own CA: %v", err)
	}
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		cert, key, ca := writeOddCertificates(t, t.TempDir(), func(_, c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{usage} }, "peer.example.org")
		refuses(t, withTLS(cert, key, ca), "peers would not accept the certificate: x509: certificate specifies an incompatible key usage", want)
	}
	leaf, key, chain, root := writeChain(t)
	refuses(t, withTLS(leaf, key, root), "peers would not accept the certificate: x509: certificate signed by unknown authority", want)
	if _, err := parseText(withTLS(chain, key, root)); err != nil {
		t.Errorf("with the CA between: %v", err)
	}
}

// A server whose certificate has expired has to start: it answers queries, and gets no promises.
func TestACertificateThatIsNotGoodNowLetsTheServerStart(t *testing.T) {
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	for name, change := range map[string]func(ca, cert *x509.Certificate){
		"expired":                            func(_, c *x509.Certificate) { c.NotAfter = year(2001) },
		"not good yet":                       func(_, c *x509.Certificate) { c.NotBefore = year(2190) },
		"its CA has expired":                 func(ca, _ *x509.Certificate) { ca.NotAfter = year(2001) },
		"its CA is younger":                  func(ca, _ *x509.Certificate) { ca.NotBefore = year(2020) },
		"its CA is younger and lives less":   func(ca, _ *x509.Certificate) { ca.NotBefore, ca.NotAfter = year(2020), year(2021) },
		"both have expired":                  func(ca, c *x509.Certificate) { ca.NotAfter, c.NotAfter = year(2003), year(2002) },
		"for any use, as it does not say":    func(_, c *x509.Certificate) { c.ExtKeyUsage = nil },
		"for any use, and it says so itself": func(_, c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} },
	} {
		cert, key, ca := writeOddCertificates(t, t.TempDir(), change, "peer.example.org")
		if conf, err := parseText(withTLS(cert, key, ca)); err != nil || conf.tls == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, _, otherCA := writeCertificates(t, t.TempDir(), "peer.example.org")
	cert, key, _ := writeOddCertificates(t, t.TempDir(), func(_, c *x509.Certificate) { c.NotAfter = year(2001) }, "peer.example.org")
	refuses(t, withTLS(cert, key, otherCA), "x509: certificate signed by unknown authority", "want one that a CA in the file CA has signed")
}

// writeChain writes a certificate that a CA between the root and it has signed: alone, and with that
// CA behind it in one file.
func writeChain(t *testing.T) (leaf, key, chain, root string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, blocks ...*pem.Block) string {
		var text []byte
		for _, b := range blocks {
			text = append(text, pem.EncodeToMemory(b)...)
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	var above *x509.Certificate
	var aboveKey, ownKey *ecdsa.PrivateKey
	var blocks []*pem.Block // from the root down
	for i, name := range []string{"root", "between", "peer.example.org"} {
		c := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true, IsCA: i < 2,
			NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)}
		var err error
		if ownKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
		if above == nil {
			above, aboveKey = c, ownKey
		}
		der, err := x509.CreateCertificate(rand.Reader, c, above, ownKey.Public(), aboveKey)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, &pem.Block{Type: "CERTIFICATE", Bytes: der})
		above, aboveKey = c, ownKey
	}
	der, err := x509.MarshalPKCS8PrivateKey(ownKey)
	if err != nil {
		t.Fatal(err)
	}
	return write("leaf.pem", blocks[2]), write("key.pem", &pem.Block{Type: "PRIVATE KEY", Bytes: der}), write("chain.pem", blocks[2], blocks[1]), write("root.pem", blocks[0])
}
