package fleet

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// flood is where many connections come from: a host with addresses that the server takes for
// peers, and others.
type flood struct {
	*lab.Host
	known, strange []string
}

// newFlood gives a host of a network addresses.
func newFlood(t *testing.T, h *lab.Host) flood {
	t.Helper()
	f := flood{Host: h}
	var batch strings.Builder
	for i := range 24 {
		f.known, f.strange = append(f.known, fmt.Sprintf("10.8.0.%d", 100+i)), append(f.strange, fmt.Sprintf("10.8.0.%d", 150+i))
		fmt.Fprintf(&batch, "addr add %s/24 dev eth0\naddr add %s/24 dev eth0\n", f.known[i], f.strange[i])
	}
	h.Namespace.Run(t, batch.String(), lab.Tool(t, "ip", "iproute2"), "-batch", "-")
	return f
}

// kept are the connections that a server has, by the address of the other end: those that are
// ESTABLISHED (01) in /proc/PID/net/tcp and tcp6 of proc(5), whose addresses are in hexadecimal.
func kept(t *testing.T, pid int, port string) map[string]int {
	t.Helper()
	all := make(map[string]int)
	for _, file := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, file))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) < 4 || fields[3] != "01" || !strings.HasSuffix(fields[1], ":"+port) {
				continue
			}
			hex, _, _ := strings.Cut(fields[2], ":")
			var b [4]byte // the last four octets, in the order of the machine: little-endian
			if _, err := fmt.Sscanf(hex[len(hex)-8:], "%02x%02x%02x%02x", &b[3], &b[2], &b[1], &b[0]); err != nil {
				t.Fatal(err)
			}
			all[net.IP(b[:]).String()]++
		}
	}
	return all
}

// Strangers on a host of their own, and whoever has addresses of peers, open 6,000 connections
// each. The server keeps 256 and 1024, and 64 of one address; probes are answered meanwhile and a
// peer gets its promise. With HOLDFAST_EXHAUSTIVE they are that many, and else 1,500. It is not
// parallel, as this process needs a descriptor for each.
func TestNetnsHalfOpenConnectionsOfManyAddressesCostLittle(t *testing.T) {
	const strangers, known, each = 256, 1024, 64 // as the manual says
	turns := 1
	if os.Getenv("HOLDFAST_EXHAUSTIVE") != "" {
		turns = 4
	}
	n := lab.NewNetwork(t, 3)
	from := newFlood(t, n.Hosts[2])
	for _, h := range n.Hosts[:2] {
		startHost(t, h, 2, "peers static 10.8.0.1 10.8.0.2 "+strings.Join(from.known, " "))
	}
	server, other := n.Hosts[0], n.Hosts[1]
	for _, h := range n.Hosts[:2] {
		lab.Until(t, "it sees the other", func() bool { return h.Ready() == "200 OK" && len(h.Sees()) == 1 })
	}
	const address = "10.8.0.1:8182"
	before := peakMemory(t, server.Pid)
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("10.8.0.3")}}
	probe := &http.Client{Timeout: lab.Patience, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, to string) (conn net.Conn, err error) {
		if failed := from.Inside(func() { conn, err = dialer.DialContext(ctx, network, to) }); failed != nil {
			return nil, failed
		}
		return conn, err
	}}}
	var took []time.Duration
	most := map[string]int{}
	for i := range turns * len(from.known) {
		i %= len(from.known)
		if err := from.Inside(func() {
			halfOpen(t, each, from.known[i], address)
			halfOpen(t, each, from.strange[i], address)
		}); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if err := readyAt(probe, address); err != nil { // which is behind those in the queue
			t.Fatal(err)
		}
		took = append(took, time.Since(begin))
		now := map[string]int{}
		for ip, count := range kept(t, server.Pid, "1FF6") { // 8182
			of := "known"
			if slices.Contains(from.strange, ip) {
				of = "strangers"
			}
			now[of] += count
			now["one address"] = max(now["one address"], count)
		}
		for of, count := range now {
			most[of] = max(most[of], count)
		}
	}
	slices.Sort(took)
	more := peakMemory(t, server.Pid) - before
	t.Logf("%d connections of strangers and as many of peers' addresses, of which at most %d, %d and %d of one address are kept: %d kB more than %d; /ready took %s in the median, %s at most",
		turns*len(from.known)*each, most["strangers"], most["known"], most["one address"], more, before, took[len(took)/2], took[len(took)-1])
	if most["strangers"] > strangers || most["known"] > known || most["one address"] > each {
		t.Errorf("%v are kept, want at most %d, %d and %d", most, strangers, known, each)
	}
	if most["strangers"] < 2*each || most["known"] < 2*each {
		t.Errorf("%v are kept: that is no load", most)
	}
	if more > 48<<10 && !lab.UnderRace() {
		t.Errorf("they need %d kB, want at most 48 MB", more)
	}
	other.Terminate(t)
	lab.Until(t, "a peer gets its promise", func() bool { return len(other.Said(lab.LogLeaves)) == 1 })
}
