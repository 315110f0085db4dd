package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
)

// Member is a server of a fleet: a process of the binary that has selfpreserve.
type Member struct {
	*Daemon
	DNS, HTTP, Metrics string // its addresses
	Dial               func(ctx context.Context, network, address string) (net.Conn, error)
	client             *http.Client
}

// NewMember is a member without its process. A test ends what is left by SIGKILL: others
// would be held.
func NewMember(dnsAddr, httpAddr, metrics string, dial func(ctx context.Context, network, address string) (net.Conn, error)) *Member {
	return &Member{DNS: dnsAddr, HTTP: httpAddr, Metrics: metrics, Dial: dial,
		client: &http.Client{Timeout: Patience, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Run starts the member's process.
func (m *Member) Run(t *testing.T, dir string) {
	t.Helper()
	m.Daemon = StartDaemon(t, dir, Binary(t), "-conf", "Corefile")
	t.Cleanup(func() { _ = m.Kill() })
}

// StartMember starts a member with a Corefile.
func StartMember(t *testing.T, corefile, dnsAddr, httpAddr, metrics string) *Member {
	t.Helper()
	dir := t.TempDir()
	Write(t, filepath.Join(dir, "Corefile"), corefile)
	m := NewMember(dnsAddr, httpAddr, metrics, new(net.Dialer).DialContext)
	m.Run(t, dir)
	return m
}

// Get is the answer of one of the member's addresses.
func (m *Member) Get(address, path string) (status int, body string, err error) {
	response, err := m.client.Get("http://" + address + path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// Ready is what /ready says, with its status in front.
func (m *Member) Ready() string {
	status, body, err := m.Get(m.HTTP, "/ready")
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", status, body)
}

// Answers is whether the member answers a DNS query for name with NOERROR.
func (m *Member) Answers(name string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	conn, err := m.Dial(ctx, "udp", m.DNS)
	if err != nil {
		return false
	}
	defer conn.Close()
	reply, _, err := (&dns.Client{Timeout: Patience}).ExchangeWithConnContext(ctx, Query(name, dns.TypeA), &dns.Conn{Conn: conn})
	return err == nil && reply.Rcode == dns.RcodeSuccess
}

// Resolves counts how many of n names below a domain, that nobody has asked for yet, are
// answered.
func (m *Member) Resolves(n int, run, domain string) (answered int) {
	for i := range n {
		if m.Answers(fmt.Sprintf("%s-%d.%s", run, i, domain)) {
			answered++
		}
	}
	return answered
}

// Gone is whether the process has ended.
func (m *Member) Gone() bool {
	select {
	case <-m.Ended:
		return true
	default:
		return false
	}
}

// MemberStatus is of /status what tests look at.
type MemberStatus struct {
	ID         string                    `json:"id"`
	State      string                    `json:"state"`
	Reason     string                    `json:"reason"`
	MayLeave   int                       `json:"may_leave"`
	KnownPeers int                       `json:"known_peers"`
	MinPeers   int                       `json:"min_peers"`
	Peers      []PeerStatus              `json:"peers"`
	Promises   struct{ Given, Held int } `json:"promises"`
}

type PeerStatus struct{ Address, ID, State string }

// Status is the zero status if the member does not answer.
func (m *Member) Status() (s MemberStatus) {
	if _, body, err := m.Get(m.HTTP, "/status"); err == nil {
		_ = json.Unmarshal([]byte(body), &s)
	}
	return s
}

// Sees are the addresses of the peers that the member has seen in service.
func (m *Member) Sees() (addresses []string) {
	for _, p := range m.Status().Peers {
		if p.State == "serving" {
			addresses = append(addresses, p.Address)
		}
	}
	slices.Sort(addresses)
	return addresses
}

// AwaitPeers waits until the member is in service and sees so many peers, and no other.
func (m *Member) AwaitPeers(t *testing.T, peers int) {
	t.Helper()
	Eventually(t, Slow, func() string {
		ready, s := m.Ready(), m.Status()
		ids := make(map[string]bool)
		for _, p := range s.Peers {
			if p.State == "serving" {
				ids[p.ID] = true
			}
		}
		if ready == "200 OK" && s.KnownPeers == peers && len(ids) == peers {
			return ""
		}
		return fmt.Sprintf("%s wants %d peers; /ready %s, /status %+v", m.HTTP, peers, ready, s)
	})
}

// What the log says when a server leaves, or takes itself out.
const (
	LogLeaves        = "[INFO] plugin/selfpreserve: Leaving service: enough peers have promised to stay"
	LogLeavesByForce = "[ERROR] plugin/selfpreserve: Leaving service by force after max_hold of "
	LogStepsAside    = "[WARNING] plugin/selfpreserve: Stepping aside, /ready is 503: "
)

// Said are the lines of the member's log that have all of parts.
func (m *Member) Said(parts ...string) (lines []string) {
	for line := range strings.Lines(m.String()) {
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// Complaints are the lines of the member's log that are warnings or errors.
func (m *Member) Complaints() []string {
	return slices.Concat(m.Said("[WARNING]"), m.Said("[ERROR]"))
}
