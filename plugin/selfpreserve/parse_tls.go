package selfpreserve

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	pkgtls "github.com/coredns/coredns/plugin/pkg/tls"
)

// parseTLS reads the files here, so that one that is wrong stops the start and not the
// first promise. File names are relative to root, as those of the tls plugin.
func (p *parser) parseTLS(values []string) error {
	const want = "want CERT KEY CA, three PEM files"
	if len(values) != 3 {
		return fmt.Errorf("has %d values, %q: %s", len(values), values, want)
	}
	if slices.Contains(values, "") { // pkg/tls takes no CA for all those of the host
		return fmt.Errorf("%q has an empty name: %s", values, want)
	}
	files := slices.Clone(values)
	for i, file := range files {
		if !filepath.IsAbs(file) {
			files[i] = filepath.Join(p.root, file)
		}
	}
	config, err := pkgtls.NewTLSConfigFromArgs(files...)
	if err != nil {
		// A CA file without a certificate has no error of its own there.
		problem := strings.TrimSuffix(err.Error(), ": %!s(<nil>)")
		return fmt.Errorf("%q does not load: %s: %s", files, problem, want)
	}
	if err := neverVerifies(config); err != nil {
		return fmt.Errorf("%q: peers would not accept the certificate: %s: want one that a CA in the file CA has signed, for both server and client", files, err)
	}
	config.ClientCAs = config.RootCAs
	config.ClientAuth = tls.VerifyClientCertIfGiven
	p.tls = config
	return nil
}

// neverVerifies returns why peers, which have the same CA, would not accept the certificate at any
// time. Whether it is good now does not count: a server that is restarted after its certificate
// has expired, or whose clock is wrong until NTP has answered, has to answer queries all the same.
// It gets no promises, and the log says why. So the chain is tried at both ends of the
// certificate's own life, and a CA whose life does not reach there is given the benefit of the
// doubt. The name it has to have depends on how peers find it.
func neverVerifies(config *tls.Config) error {
	certificate := config.Certificates[0]
	leaf := certificate.Leaf
	between := x509.NewCertPool()
	for _, der := range certificate.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		options := x509.VerifyOptions{Roots: config.RootCAs, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{usage}}
		options.CurrentTime = leaf.NotBefore
		_, first := leaf.Verify(options)
		options.CurrentTime = leaf.NotAfter
		_, last := leaf.Verify(options)
		if first != nil && last != nil && !isExpired(first) && !isExpired(last) {
			return last
		}
	}
	return nil
}

func isExpired(err error) bool {
	invalid, ok := errors.AsType[x509.CertificateInvalidError](err)
	return ok && invalid.Reason == x509.Expired
}
