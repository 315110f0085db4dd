package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/miekg/dns"
)

// member is a server of a fleet: a process of the binary that has selfpreserve.
type member struct {
	*daemon
	dns, http, metrics string // its addresses
	dial               func(ctx context.Context, network, address string) (net.Conn, error)
	client             *http.Client
}

// newMember is a member without its process. A test ends what is left by SIGKILL: others
// would be held.
func newMember(dnsAddr, httpAddr, metrics string, dial func(ctx context.Context, network, address string) (net.Conn, error)) *member {
	return &member{dns: dnsAddr, http: httpAddr, metrics: metrics, dial: dial,
		client: &http.Client{Timeout: patience, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// run starts the member's process.
func (m *member) run(t *testing.T, dir string) {
	t.Helper()
	m.daemon = startDaemon(t, dir, binary(t), "-conf", "Corefile")
	t.Cleanup(func() { _ = m.Kill() })
}

// startMember starts a member with a Corefile.
func startMember(t *testing.T, corefile, dnsAddr, httpAddr, metrics string) *member {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Corefile"), []byte(corefile), 0o600); err != nil {
		t.Fatal(err)
	}
	m := newMember(dnsAddr, httpAddr, metrics, new(net.Dialer).DialContext)
	m.run(t, dir)
	return m
}

// get is the answer of one of the member's addresses.
func (m *member) get(address, path string) (status int, body string, err error) {
	response, err := m.client.Get("http://" + address + path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// ready is what /ready says, with its status in front.
func (m *member) ready() string {
	status, body, err := m.get(m.http, "/ready")
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", status, body)
}

// answers is whether the member answers a DNS query for name with NOERROR.
func (m *member) answers(name string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := m.dial(ctx, "udp", m.dns)
	if err != nil {
		return false
	}
	defer conn.Close()
	reply, _, err := (&dns.Client{Timeout: patience}).ExchangeWithConnContext(ctx, query(name, dns.TypeA), &dns.Conn{Conn: conn})
	return err == nil && reply.Rcode == dns.RcodeSuccess
}

// resolves counts how many of n names below a domain, that nobody has asked for yet, are
// answered.
func (m *member) resolves(n int, run, domain string) (answered int) {
	for i := range n {
		if m.answers(fmt.Sprintf("%s-%d.%s", run, i, domain)) {
			answered++
		}
	}
	return answered
}

func (m *member) gone() bool {
	select {
	case <-m.ended:
		return true
	default:
		return false
	}
}

// terminate sends SIGTERM.
func (m *member) terminate(t *testing.T) {
	t.Helper()
	if err := m.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// memberStatus is of /status what tests look at.
type memberStatus struct {
	ID         string                    `json:"id"`
	State      string                    `json:"state"`
	Reason     string                    `json:"reason"`
	KnownPeers int                       `json:"known_peers"`
	MinPeers   int                       `json:"min_peers"`
	Peers      []peerOf                  `json:"peers"`
	Promises   struct{ Given, Held int } `json:"promises"`
}

type peerOf struct{ Address, ID, State string }

// status is the zero status if the member does not answer.
func (m *member) status() (s memberStatus) {
	if _, body, err := m.get(m.http, "/status"); err == nil {
		_ = json.Unmarshal([]byte(body), &s)
	}
	return s
}

// sees are the addresses of the peers that the member has seen in service.
func (m *member) sees() (addresses []string) {
	for _, p := range m.status().Peers {
		if p.State == "serving" {
			addresses = append(addresses, p.Address)
		}
	}
	slices.Sort(addresses)
	return addresses
}

// awaitPeers waits until the member is in service and sees so many peers, and no other.
func (m *member) awaitPeers(t *testing.T, peers int) {
	t.Helper()
	eventually(t, slow, func() string {
		ready, s := m.ready(), m.status()
		ids := make(map[string]bool)
		for _, p := range s.Peers {
			if p.State == "serving" {
				ids[p.ID] = true
			}
		}
		if ready == "200 OK" && s.KnownPeers == peers && len(ids) == peers {
			return ""
		}
		return fmt.Sprintf("%s wants %d peers; /ready %s, /status %+v", m.http, peers, ready, s)
	})
}

// said are the lines of the member's log that have all of parts.
func (m *member) said(parts ...string) (lines []string) {
	for line := range strings.Lines(m.String()) {
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// complaints are the lines of the member's log that are warnings or errors.
func (m *member) complaints() []string {
	return slices.Concat(m.said("[WARNING]"), m.said("[ERROR]"))
}
