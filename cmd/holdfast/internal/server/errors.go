package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// errSlow is that a server has not answered, or not to the end.
var errSlow = errors.New("no answer in time")

// short is what went wrong, without the URL, which the reader knows.
func short(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(ctx.Err(), context.Canceled) || errors.Is(err, os.ErrDeadlineExceeded) {
		return errSlow
	}
	if of, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return certificate(of.Err)
	}
	if strings.Contains(err.Error(), "server gave HTTP response to HTTPS client") || strings.Contains(err.Error(), "first record does not look like a TLS handshake") {
		return fmt.Errorf("%w: it does not speak TLS: leave out --tls, --ca, --cert and --key", ErrNoUse)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Err != nil {
		if op.Op == "remote error" { // a TLS alert: it is the server that was not content
			return fmt.Errorf("it refuses our TLS: %w", op.Err)
		}
		return unwrapped(op.Err)
	}
	if of, ok := errors.AsType[*url.Error](err); ok {
		return of.Err
	}
	return err
}

// unwrapped is what the system says, without the name of its call.
func unwrapped(err error) error {
	if of, ok := errors.AsType[*os.SyscallError](err); ok {
		return of.Err
	}
	return err
}

// certificate is why a server's certificate is not trusted, and what to do about it.
func certificate(err error) error {
	if of, ok := errors.AsType[x509.CertificateInvalidError](err); ok && of.Reason == x509.Expired && of.Cert != nil {
		if now := time.Now(); now.Before(of.Cert.NotBefore) {
			return fmt.Errorf("its certificate is not valid before %s", of.Cert.NotBefore.UTC().Format(time.RFC3339))
		}
		return fmt.Errorf("its certificate expired at %s", of.Cert.NotAfter.UTC().Format(time.RFC3339))
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return errors.New("its certificate is signed by an unknown authority: name that authority's certificate with --ca")
	}
	if of, ok := errors.AsType[x509.HostnameError](err); ok {
		return fmt.Errorf("its certificate does not name %s: use --server-name with a name that it has", of.Host)
	}
	return fmt.Errorf("its certificate is not valid: %w", err)
}

// refusal is what an HTTP status other than 200 says.
func refusal(status int, body []byte) error {
	text := cli.OneLine(string(body))
	if strings.Contains(text, "HTTP request to an HTTPS server") {
		return fmt.Errorf("%w: it speaks TLS: use --tls, or --ca", ErrNoUse)
	}
	if len(text) > 200 || strings.HasPrefix(text, "<") {
		text = ""
	}
	return &Refused{Status: status, Text: text}
}

// Refused is a reply with an HTTP status other than 200.
type Refused struct {
	Status int
	Text   string // of the reply, in one line
}

func (r *Refused) Error() string {
	text := fmt.Sprintf("it replied with HTTP status %d", r.Status)
	if name := http.StatusText(r.Status); name != "" {
		text += " " + name
	}
	if r.Text != "" {
		text += ": " + r.Text
	}
	return text
}

// Unwrap says that it is an answer of no use.
func (r *Refused) Unwrap() error { return ErrNoUse }
