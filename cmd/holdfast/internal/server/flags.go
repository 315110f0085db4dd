package server

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// Flags say how to reach servers.
type Flags struct {
	tls                 bool
	ca, cert, key, name string
}

// AddTo adds them to a verb.
func (f *Flags) AddTo(flags *pflag.FlagSet) {
	flags.BoolVar(&f.tls, "tls", false, "speak TLS, as servers with tls in the Corefile do; --ca, --cert and --server-name imply it")
	flags.StringVar(&f.ca, "ca", "", "trust the CA certificates in this `FILE` instead of the system's")
	flags.StringVar(&f.cert, "cert", "", "present the certificate in this `FILE`, as orders from another host must")
	flags.StringVar(&f.key, "key", "", "key of --cert, in this `FILE`")
	flags.StringVar(&f.name, "server-name", "", "`NAME` that certificates must have, instead of the address or name that was given")
}

// Client makes a client by these flags.
func (f *Flags) Client() (*Client, error) {
	if f.cert == "" && f.key != "" || f.cert != "" && f.key == "" {
		return nil, cli.Usage("--cert %q, --key %q: want both or none", f.cert, f.key)
	}
	if !f.tls && f.ca == "" && f.cert == "" && f.name == "" {
		return newClient(nil), nil
	}
	config := &tls.Config{ServerName: f.name, MinVersion: tls.VersionTLS12}
	if f.ca != "" {
		text, err := os.ReadFile(f.ca) // #nosec G304 -- the user's own
		if err != nil {
			return nil, fmt.Errorf("--ca: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--ca: %s has no certificate in PEM", f.ca)
		}
	}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, fmt.Errorf("--cert and --key: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return newClient(config), nil
}
