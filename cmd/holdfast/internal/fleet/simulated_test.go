package fleet

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire"
)

// simulated is a fleet of servers on loopback addresses, all at one port, that say of
// themselves what a test wants.
type simulated struct {
	t    testing.TB
	port uint16
	now  time.Time // by all clocks, to a second

	mu      sync.Mutex
	asked   func()                   // if not nil, before each reply
	servers map[int]*simulatedServer // by the last numbers of its address
}

type simulatedServer struct {
	status  wire.Status
	encoded []byte // if not nil, what it replies
	server  *httptest.Server
}

// simulate starts n servers in service, each of which hears all others. Numbers begin at 1.
func simulate(t testing.TB, n int) *simulated {
	t.Helper()
	f := &simulated{t: t, now: time.Now().UTC().Truncate(time.Second), servers: make(map[int]*simulatedServer)}
	for i := range n {
		f.start(i + 1)
	}
	for i := range n {
		for j := range n {
			if i != j {
				f.knows(i+1, j+1, "serving")
			}
		}
	}
	return f
}

// ip is the address of a server: 127.1.0.1 and so on.
func ip(number int) string { return fmt.Sprintf("127.1.%d.%d", number/250, number%250) }

func (f *simulated) address(number int) string { return fmt.Sprintf("%s:%d", ip(number), f.port) }

func (f *simulated) start(number int) {
	f.t.Helper()
	ln, err := net.Listen("tcp", f.address(number))
	if err != nil {
		f.t.Fatal(err)
	}
	f.port = netip.MustParseAddrPort(ln.Addr().String()).Port()
	s := &simulatedServer{status: wire.Status{
		Schema: wire.StatusSchema, ID: promise.ID(fmt.Sprint("id-", number)), Name: fmt.Sprintf("ns%d", number), Version: "1.15.0", Holdfast: "0.1.0", Wire: 1,
		State: promise.Serving, Since: f.now.Add(-90 * time.Second), InService: true, MayLeave: 1, Departure: wire.Departure{OK: true}, MinPeers: 1,
	}}
	s.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if r.URL.Path != "/status" || r.Method != http.MethodGet {
			f.t.Errorf("somebody asks for %s %s", r.Method, r.URL)
		}
		if f.asked != nil {
			f.asked()
		}
		text := s.encoded
		if text == nil {
			text = encode(s.status)
		}
		w.Header().Set("Date", f.now.Format(http.TimeFormat))
		_, _ = w.Write(text)
	}))
	_ = s.server.Listener.Close()
	s.server.Listener = ln
	s.server.Start()
	f.t.Cleanup(s.server.Close)
	f.servers[number] = s
}

func encode(status wire.Status) []byte {
	text, _ := json.MarshalIndent(status, "", "  ") // as servers do
	return text
}

// encode makes what the servers reply once and for all.
func (f *simulated) encode() {
	for _, s := range f.servers {
		s.encoded = encode(s.status)
	}
}

// says changes what a server says of itself.
func (f *simulated) says(number int, change func(*wire.Status)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(&f.servers[number].status)
}

// knows makes who say of whom that it is in a state, and was last heard just now, or 40 s ago if it
// does not hear it.
func (f *simulated) knows(who, whom int, state string) {
	seen := f.now
	if state == Unreachable || state == Left {
		seen = seen.Add(-40 * time.Second)
	}
	address := f.address(whom)
	f.says(who, func(s *wire.Status) {
		for i := range s.Peers {
			if s.Peers[i].Address == address {
				s.Peers[i].State, s.Peers[i].LastSeen = state, &seen
				return
			}
		}
		s.Peers = append(s.Peers, wire.Peer{Address: address, ID: promise.ID(fmt.Sprint("id-", whom)), Name: fmt.Sprintf("ns%d", whom),
			Holdfast: "0.1.0", State: state, LastSeen: &seen, Says: &wire.Says{State: promise.Serving, Since: &seen}})
	})
}

// stop ends a server, which the others then do not hear.
func (f *simulated) stop(number int) {
	f.servers[number].server.Close()
	for other := range f.servers {
		if other != number {
			f.knows(other, number, Unreachable)
		}
	}
}

// run runs the verb and returns what it printed, with addresses as #1, and its exit code.
func (f *simulated) run(args ...string) (said string, code int) {
	f.t.Helper()
	var out, errs strings.Builder
	code = cli.Run(f.t.Context(), cli.Streams{Out: &out, Err: &errs}, append([]string{"status"}, args...), []cli.Verb{Verb})
	said = out.String() + errs.String()
	for i := min(len(f.servers), 20) + 5; i > 0; i-- {
		said = strings.ReplaceAll(said, f.address(i), fmt.Sprint("#", i))
	}
	return said, code
}

// row is a server's row of a table, with single spaces.
func row(said, server string) string {
	for line := range strings.Lines(said) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] == server {
			return strings.Join(fields, " ")
		}
	}
	return ""
}

// verdict is the last line, without the time.
func verdict(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	_, text, _ := strings.Cut(lines[len(lines)-1], " ")
	return text
}
