package selfpreserve

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writeCertificates makes a CA of its own and a certificate that it signed, for servers
// and clients with any of names, which are domain names or IP addresses. It writes the
// files cert.pem, key.pem and ca.pem into dir and returns where they are.
func writeCertificates(t testing.TB, dir string, names ...string) (cert, key, ca string) {
	t.Helper()
	return writeOddCertificates(t, dir, func(_, _ *x509.Certificate) {}, names...)
}

// writeOddCertificates is the same for certificates that a test makes odd.
func writeOddCertificates(t testing.TB, dir string, change func(ca, cert *x509.Certificate), names ...string) (cert, key, ca string) {
	t.Helper()
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "test server"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			server.IPAddresses = append(server.IPAddresses, ip)
		} else {
			server.DNSNames = append(server.DNSNames, name)
		}
	}
	for _, c := range []*x509.Certificate{authority, server} {
		c.NotBefore = time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC) // a synctest bubble begins in 2000
		c.NotAfter = time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	change(authority, server)
	newKey := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	write := func(name, kind string, der []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	authorityKey, serverKey := newKey(), newKey()
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	ca = write("ca.pem", "CERTIFICATE", der, err)
	der, err = x509.CreateCertificate(rand.Reader, server, authority, serverKey.Public(), authorityKey)
	cert = write("cert.pem", "CERTIFICATE", der, err)
	der, err = x509.MarshalPKCS8PrivateKey(serverKey)
	key = write("key.pem", "PRIVATE KEY", der, err)
	return cert, key, ca
}

// leafOf is the certificate that a configuration presents.
func leafOf(config *tls.Config) ([]*x509.Certificate, error) {
	leaf, err := x509.ParseCertificate(config.Certificates[0].Certificate[0])
	return []*x509.Certificate{leaf}, err
}
