package selfpreserve

import (
	"crypto/tls"
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
	config.ClientCAs = config.RootCAs
	config.ClientAuth = tls.VerifyClientCertIfGiven
	p.tls = config
	return nil
}
