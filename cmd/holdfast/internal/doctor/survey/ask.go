// Package survey asks servers for what selfpreserve says at /status, and finds the others by
// what each says of its peers: one address is enough.
//
// It reads what anybody may read. So it takes HTTPS without a proof of who answers, and
// shows the certificate to its caller.
package survey

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// Answer is the result of asking a server.
type Answer struct {
	Address string       // host:port
	Status  *wire.Status // nil if there is none
	Err     error        // why

	// Clock is how far the server's clock is ahead of this host's, give or take Doubt: its
	// Date header has whole seconds. Doubt is 0 if it sent none.
	Clock, Doubt time.Duration

	Certificates []*x509.Certificate // that it showed, its own first
}

// defaultPort is selfpreserve's.
const defaultPort = "8182"

// maxStatus bounds what is read of a server, in octets: a fleet of a thousand is far below.
const maxStatus = 4 << 20

// HostPort is an address as a person writes it, with selfpreserve's port if it has none.
func HostPort(address string) (string, error) {
	const want = "want an IP address or a name, with or without a port, such as 192.0.2.1 or [2001:db8::1]:8182"
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]"), defaultPort
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%q has port %q: want one from 1 to 65535", address, port)
	}
	if host == "" || strings.ContainsAny(host, "/?#@ ") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
		return "", fmt.Errorf("%q is not a server address: %s", address, want)
	}
	return net.JoinHostPort(host, port), nil
}

// newClient makes one that goes through no proxy, keeps no connection and follows nobody.
func newClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: 16 << 10,
			TLSClientConfig:        &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- see the package's comment
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ask asks one server, by HTTP or else by HTTPS, each for as long as timeout.
func ask(ctx context.Context, client *http.Client, address string, timeout time.Duration) Answer {
	a := get(ctx, client, "http", address, timeout)
	if errors.Is(a.Err, errNotHTTP) {
		return get(ctx, client, "https", address, timeout)
	}
	return a
}

// errNotHTTP is what comes of HTTP where HTTPS is spoken.
var errNotHTTP = errors.New("it does not speak HTTP")

func get(ctx context.Context, client *http.Client, scheme, address string, timeout time.Duration) Answer {
	a := Answer{Address: address}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	at := url.URL{Scheme: scheme, Host: address, Path: "/status"}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		a.Err = err
		return a
	}
	sent := time.Now()
	response, err := client.Do(request)
	if err != nil {
		a.Err = whyNot(err, timeout)
		return a
	}
	defer response.Body.Close()
	a.Clock, a.Doubt = clockOf(response.Header.Get("Date"), sent, time.Now())
	if response.TLS != nil {
		a.Certificates = response.TLS.PeerCertificates
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxStatus+1))
	switch {
	case err != nil:
		a.Err = whyNot(err, timeout)
	case len(body) > maxStatus:
		a.Err = fmt.Errorf("it sent more than %d octets", maxStatus)
	case scheme == "http" && response.StatusCode == http.StatusBadRequest:
		a.Err = errNotHTTP
	case response.StatusCode != http.StatusOK:
		a.Err = fmt.Errorf("it replied %s: is selfpreserve running there?", response.Status)
	default:
		a.Status, a.Err = read(body)
	}
	return a
}

func read(body []byte) (*wire.Status, error) {
	s := new(wire.Status)
	if err := json.Unmarshal(body, s); err != nil {
		return nil, fmt.Errorf("its reply is not a /status document: %w", err)
	}
	if err := wire.ValidateID(s.ID); err != nil {
		return nil, fmt.Errorf("its reply is not a /status document: %w", err)
	}
	if len(s.Name) > wire.MaxText || len(s.Version) > wire.MaxText {
		return nil, fmt.Errorf("its reply is not a /status document: name or version is longer than %d octets", wire.MaxText)
	}
	return s, nil
}

func whyNot(err error, timeout time.Duration) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the URL, which the caller knows
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("no answer within %s", timeout)
	case strings.Contains(err.Error(), "malformed HTTP"):
		return errNotHTTP
	}
	return err
}

// clockOf compares a Date header with when it was asked for and came.
func clockOf(date string, sent, came time.Time) (clock, doubt time.Duration) {
	server, err := http.ParseTime(date)
	if err != nil {
		return 0, 0
	}
	half := came.Sub(sent) / 2
	return server.Add(time.Second / 2).Sub(sent.Add(half)).Round(time.Millisecond), half + time.Second/2
}
