// Package server asks one server of a fleet, at selfpreserve's HTTP listener. client.go asks,
// target.go finds addresses, flags.go has the TLS flags, and errors.go says in a few words
// what went wrong.
package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// maxBody bounds what is read of a server. A thousand peers, each with all that it may say, and
// as many zones, are below 2 MiB.
const maxBody = 8 << 20

// ErrNoUse means that a server answered, but not with what was asked for.
var ErrNoUse = errors.New("its answer is unusable")

// Client asks servers. It is for several goroutines.
type Client struct {
	http *http.Client
	tls  bool

	mu    sync.Mutex
	names map[string]string // of an address, that its certificate has to have
}

// newClient makes a client that speaks TLS if config is not nil.
func newClient(config *tls.Config) *Client {
	c := &Client{tls: config != nil, names: make(map[string]string)}
	dialTLS := func(ctx context.Context, network, address string) (net.Conn, error) {
		its := config.Clone()
		if its.ServerName == "" {
			its.ServerName = c.nameOf(address)
		}
		return (&tls.Dialer{Config: its}).DialContext(ctx, network, address)
	}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext: new(net.Dialer).DialContext, DialTLSContext: dialTLS,
			DisableCompression:     true, // what is small on the way could be huge here
			MaxResponseHeaderBytes: 64 << 10,
			MaxIdleConnsPerHost:    1,
			IdleConnTimeout:        7 * time.Second, // before the server closes it
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// nameOf is what the certificate of the server at an address has to name.
func (c *Client) nameOf(address string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if name := c.names[address]; name != "" {
		return name
	}
	host, _, _ := net.SplitHostPort(address)
	host, _, _ = strings.Cut(host, "%")
	return host
}

// Answer is what a server says about itself. Every text in it is one line, and safe to print.
type Answer struct {
	wire.Status
	Now time.Time // by the server's clock, to a second
}

// Status asks the server at an address how it is.
func (c *Client) Status(ctx context.Context, address netip.AddrPort) (*Answer, error) {
	return c.exchange(ctx, http.MethodGet, address, "/status", nil)
}

// Order gives an operator's order, and returns how the server is after it.
func (c *Client) Order(ctx context.Context, address netip.AddrPort, order wire.Control) (*Answer, error) {
	body, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	return c.exchange(ctx, http.MethodPost, address, "/control", body)
}

func (c *Client) exchange(ctx context.Context, method string, address netip.AddrPort, path string, body []byte) (*Answer, error) {
	// A zone's % has to be escaped in a URL (RFC 6874).
	request, err := http.NewRequestWithContext(ctx, method, c.Scheme()+"://"+strings.Replace(address.String(), "%", "%25", 1)+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "holdfast")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, short(ctx, err)
	}
	defer response.Body.Close() //nolint:errcheck // it was read
	now, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return read(ctx, response.StatusCode, response.Body, now)
}

// Scheme is http or https.
func (c *Client) Scheme() string {
	if c.tls {
		return "https"
	}
	return "http"
}

// Read reads what a server has replied to GET /status by way of somebody else.
func Read(ctx context.Context, body io.Reader) (*Answer, error) {
	return read(ctx, http.StatusOK, body, time.Now())
}

// read reads the reply to a request. now is by the server's clock.
func read(ctx context.Context, status int, body io.Reader, now time.Time) (*Answer, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	switch {
	case err != nil:
		return nil, short(ctx, err)
	case len(text) > maxBody:
		return nil, fmt.Errorf("%w: it is longer than %d MiB", ErrNoUse, maxBody>>20)
	case status != http.StatusOK:
		return nil, refusal(status, text)
	}
	it := &Answer{Now: now}
	if err := json.Unmarshal(text, &it.Status); err != nil {
		return nil, fmt.Errorf("%w: it is not JSON of selfpreserve's /status: %w", ErrNoUse, err)
	}
	if it.ID == "" {
		return nil, fmt.Errorf("%w: it is JSON, but not of selfpreserve's /status", ErrNoUse)
	}
	if it.Schema > wire.StatusSchema {
		return nil, fmt.Errorf("%w: its /status has schema version %d, but this holdfast knows %d; use that of Holdfast %s",
			ErrNoUse, it.Schema, wire.StatusSchema, it.Holdfast)
	}
	if it.Schema == 0 { // before it said so
		it.InService = it.State.InService()
	}
	clean(&it.Status)
	return it, nil
}

// clean makes each text one that can be printed as it is: servers may be anybody's.
func clean(s *wire.Status) {
	for _, text := range []*string{(*string)(&s.ID), &s.Name, &s.Version, &s.Holdfast, &s.Reason, &s.Departure.Why} {
		*text = cli.OneLine(*text)
	}
	if s.Override != nil {
		s.Override.Kind, s.Override.Reason = cli.OneLine(s.Override.Kind), cli.OneLine(s.Override.Reason)
	}
	for i := range s.Checks {
		s.Checks[i].Name, s.Checks[i].Reason = cli.OneLine(s.Checks[i].Name), cli.OneLine(s.Checks[i].Reason)
	}
	for i := range s.Peers {
		p := &s.Peers[i]
		for _, text := range []*string{(*string)(&p.ID), &p.Name, &p.Holdfast, &p.State} {
			*text = cli.OneLine(*text)
		}
		if p.Says != nil {
			p.Says.Reason = cli.OneLine(p.Says.Reason)
		}
	}
	for i := range s.Zones {
		z := &s.Zones[i]
		z.Name, z.Verdict, z.Reason = cli.OneLine(z.Name), cli.OneLine(z.Verdict), cli.OneLine(z.Reason)
	}
	s.Changes = nil // nobody here asks for them
}
