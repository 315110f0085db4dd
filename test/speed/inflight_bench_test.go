package speed

import (
	"fmt"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

const inFlight = 10000

// BenchmarkMemoryInFlight has each row's server wait for an upstream that does not answer, with
// 10,000 queries at once, and prints the most memory that it had.
//
//	go test ./test/speed -run '^$' -bench MemoryInFlight -timeout 1h
func BenchmarkMemoryInFlight(b *testing.B) {
	binaries := map[bool]string{true: build(b, "github.com/coredns/coredns"), false: build(b, "./build/coredns")}
	hole := newHole(b)
	c := chain{name: "forward", zone: "example.org", corefile: ".:DNS {\n bind 127.0.0.1\n LINES\n forward . " + hole.addr + "\n}\n",
		staleness: "primary " + lab.StartPrimary(b, func(string) {}), queries: "canary.example.org A\n"}
	fmt.Println("\n| queries wait for an upstream | in flight | MB at rest | MB at most | KB a query |\n|---|--:|--:|--:|--:|")
	for _, r := range rows[:5] {
		b.Run(r.name, func(b *testing.B) {
			s := start(b, binaries[r.stock], c, r, "")
			defer s.End(syscall.SIGKILL) // it would wait for the queries
			rest := memory(b, s.Pid, "VmRSS")
			waiting := hole.fill(b, s.port)
			most := memory(b, s.Pid, "VmHWM")
			b.ReportMetric(most, "MB")
			b.ReportMetric(0, "ns/op")
			fmt.Printf("| %s | %d | %.0f | %.0f | %.1f |\n", r.name, waiting, rest, most, (most-rest)*1000/float64(waiting))
		})
	}
}

// memory is a field of proc(5)'s status, in MB.
func memory(b *testing.B, pid int, field string) float64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	m := regexp.MustCompile(field + `:\s+(\d+) kB`).FindSubmatch(status)
	if m == nil {
		b.Fatalf("no %s in %s", field, status)
	}
	kB, _ := strconv.ParseFloat(string(m[1]), 64)
	return kB * 1024 / 1e6
}

// hole is an upstream that answers nothing but the canary.
type hole struct {
	addr string
	mu   sync.Mutex
	seen map[string]bool
}

func newHole(b *testing.B) *hole {
	h := &hole{seen: map[string]bool{}}
	h.addr = lab.StartDNS(b, func(w dns.ResponseWriter, m *dns.Msg) {
		name := m.Question[0].Name
		if strings.HasPrefix(name, "canary.") {
			reply := new(dns.Msg).SetReply(m)
			rr, _ := dns.NewRR(name + " 60 IN A 192.0.2.1")
			reply.Answer = append(reply.Answer, rr)
			_ = w.WriteMsg(reply)
			return
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.seen[name] = true
	})
	return h
}

func (h *hole) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.seen)
}

// fill asks until as many different questions wait at the hole, and returns how many of them wait still.
func (h *hole) fill(b *testing.B, port string) (waiting int) {
	b.Helper()
	h.mu.Lock()
	clear(h.seen)
	h.mu.Unlock()
	conn, err := net.Dial("udp", "127.0.0.1:"+port)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	const batch = 200 // what a socket holds
	for i := range inFlight {
		query, err := lab.Query(fmt.Sprintf("q%d.example.org.", i), dns.TypeA).Pack()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := conn.Write(query); err != nil {
			b.Fatal(err)
		}
		if i%batch == batch-1 {
			lab.Until(b, "the upstream has been asked", func() bool { return h.count() > i-batch })
		}
	}
	// Those that were given up have been answered with SERVFAIL.
	given := 0
	buffer := make([]byte, dns.MinMsgSize)
	for conn.SetReadDeadline(time.Now().Add(time.Millisecond)) == nil {
		if _, err := conn.Read(buffer); err != nil {
			break
		}
		given++
	}
	return h.count() - given
}
