package selfpreserve

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// client talks to peers over HTTP, or HTTPS when tls is set.
type client struct {
	http *http.Client
	tls  bool
}

// newClient makes a client. It connects from the host of listen, if that is an address:
// peers know this server by it. serverName is what a peer's certificate has to name.
func newClient(listen string, config *tls.Config, serverName func(address string) string) *client {
	from := listenIP(listen)
	dialer := func(address string) *net.Dialer {
		var d net.Dialer
		if to, err := netip.ParseAddrPort(address); err == nil && from.IsValid() && !from.IsUnspecified() && from.Is4() == to.Addr().Is4() {
			d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
		}
		return &d
	}
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialer(address).DialContext(ctx, network, address)
	}
	dialTLS := func(ctx context.Context, network, address string) (net.Conn, error) {
		c := config.Clone()
		c.ServerName = serverName(address)
		return (&tls.Dialer{NetDialer: dialer(address), Config: c}).DialContext(ctx, network, address)
	}
	return &client{tls: config != nil, http: &http.Client{
		Transport: &http.Transport{
			DialContext: dial, DialTLSContext: dialTLS,
			DisableCompression:     true,
			MaxResponseHeaderBytes: wire.MaxBody,
			MaxIdleConnsPerHost:    2,
			IdleConnTimeout:        idle * 3 / 4, // before the peer closes it
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// idle is how long a connection without a request is kept: over some polls of a near
// peer, and not for long, since strangers may have many.
const idle = 10 * time.Second

func (c *client) close() { c.http.CloseIdleConnections() }

func (c *client) hello(ctx context.Context, address string, me wire.Hello) (wire.Hello, error) {
	var it wire.Hello
	header := http.Header{wire.HeaderID: {string(me.ID)}, wire.HeaderState: {me.State.String()}}
	if me.Outcome != "" {
		header.Set(wire.HeaderOutcome, string(me.Outcome))
	}
	err := c.exchange(ctx, http.MethodGet, address, "/peer", header, nil, &it, http.StatusOK)
	if err == nil {
		err = it.Validate()
	}
	return it, err
}

func (c *client) ask(ctx context.Context, address string, r promise.Request) (promise.Reply, error) {
	var b wire.Reply
	err := c.exchange(ctx, http.MethodPost, address, "/promise", http.Header{}, wire.AskOf(r), &b, http.StatusOK, http.StatusConflict)
	if err != nil {
		return promise.Reply{}, err
	}
	return b.To(r)
}

func (c *client) release(ctx context.Context, address string, from promise.ID, number uint64) error {
	return c.exchange(ctx, http.MethodDelete, address, "/promise", http.Header{}, wire.Release{ID: from, Number: number}, nil, http.StatusNoContent)
}

// exchange sends body and decodes the reply into reply, if its status is one of want.
func (c *client) exchange(ctx context.Context, method, address, path string, header http.Header, body, reply any, want ...int) error {
	scheme := "http://"
	if c.tls {
		scheme = "https://"
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		text = nil
	}
	// A zone's % has to be escaped in a URL (RFC 6874).
	request, err := http.NewRequestWithContext(ctx, method, scheme+strings.Replace(address, "%", "%25", 1)+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header = header
	request.Header.Set(wire.HeaderVersion, strconv.Itoa(wire.Version))
	// Each of these may be sent again when the peer has just closed a kept connection.
	request.Header["X-Idempotency-Key"] = nil
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return short(ctx, err)
	}
	defer response.Body.Close()
	switch status := response.StatusCode; {
	case slices.Contains(want, status) && reply == nil:
		return nil
	case slices.Contains(want, status):
		if err := wire.Decode(response.Body, false, reply); err != nil {
			return fmt.Errorf("its reply is unusable: %w", short(ctx, err))
		}
		return nil
	case status == http.StatusForbidden:
		return errors.New("it does not know this server as a peer")
	default:
		version, _ := wire.VersionOf(response.Header.Get(wire.HeaderVersion))
		return fmt.Errorf("it replied with HTTP status %d%s", status, versions(version))
	}
}

// short is what went wrong without the URL, which the reader knows.
func short(ctx context.Context, err error) error {
	// A dial whose time has just run out says so before the context does.
	if ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no reply in time")
	}
	if failed := refusedCertificate(err); failed != nil {
		return failed
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		if op.Op == remoteError {
			return fmt.Errorf("%s: %w", op.Op, op.Err)
		}
		return op.Err
	}
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
