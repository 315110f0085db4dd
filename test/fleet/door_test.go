package fleet

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/holdfastdns/holdfast/test/lab"
)

// asStranger is a client at an address that is no peer's.
func asStranger(ip string) *http.Client {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(ip)}}
	return &http.Client{Timeout: lab.Patience, Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

// halfOpen keeps n connections from an address to a server, of which each has sent half a
// request, until the test ends.
func halfOpen(t *testing.T, n int, from, to string) {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: lab.Patience}
	for range n {
		conn, err := dialer.Dial("tcp", to)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, _ = fmt.Fprint(conn, "GET /status HTTP/1.1\r\nHost: a\r\n") // it may be closed already
	}
}

// peakMemory is the most that a process has had in memory, in kB: VmHWM of proc(5).
func peakMemory(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		lab.SkipWithout(t, "/proc", "run it on Linux")
	}
	kB, _ := strconv.Atoi(regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(string(status))[1])
	return kB
}

// Strangers open 12,000 connections and leave each in the midst of a request. The server
// needs little more memory, probes are answered, and a peer gets its promise. With
// HOLDFAST_EXHAUSTIVE they are that many, and else 1,500.
func TestHalfOpenConnectionsOfStrangersCostLittle(t *testing.T) {
	t.Parallel()
	connections := 1500
	if os.Getenv("HOLDFAST_EXHAUSTIVE") != "" {
		connections = 12000
	}
	f := runMatureFleet(t, 2, calm)
	p, other := f.all[0], f.all[1]
	before := peakMemory(t, p.Pid)
	halfOpen(t, connections, "127.0.1.9", p.HTTP)
	client := asStranger("127.0.1.10")
	var took []time.Duration
	for range 200 {
		begin := time.Now()
		response, err := client.Get("http://" + p.HTTP + "/ready")
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	more := peakMemory(t, p.Pid) - before
	t.Logf("%d connections: %d kB more than %d; /ready took %s in the median, %s at most", connections, more, before, took[len(took)/2], took[len(took)-1])
	if more > 16<<10 && !lab.UnderRace() {
		t.Errorf("%d connections need %d kB, want at most 16 MB", connections, more)
	}
	other.Terminate(t)
	lab.Until(t, "a peer gets its promise", func() bool { return len(other.Said(lab.LogLeaves)) == 1 })
	if n := p.metric(`dropped_connections_total{of="known"}`); n == "" || n == "0" {
		t.Errorf("%q connections are counted as dropped", n)
	}
	if len(p.Said("[WARNING] plugin/selfpreserve: Too many connections from peers or this host: ")) != 1 {
		t.Errorf("it logs\n%s", p)
	}
}

// A server that has no descriptor left for another connection takes one again when there is.
func TestAServerWithoutDescriptorsGoesOn(t *testing.T) {
	t.Parallel()
	const descriptors = 64
	sh := lab.Tool(t, "sh", "dash")
	dir, port, address := t.TempDir(), lab.FreePort(t), "127.0.0.1:"+lab.FreePort(t)
	lab.Write(t, filepath.Join(dir, "Corefile"), fmt.Sprintf(".:%s {\n bind 127.0.0.1\n errors\n whoami\n selfpreserve %s\n}\n", port, address))
	server := lab.StartDaemon(t, dir, sh, "-c", fmt.Sprintf("ulimit -n %d; exec %s -conf Corefile", descriptors, lab.Binary(t)))
	ready := func() bool { return readyAt(asStranger("127.0.1.10"), address) == nil }
	lab.Until(t, "it is ready", ready)

	// Others of this process use them up: clients of DNS over TCP, which CoreDNS keeps.
	var others []net.Conn
	for range 2 * descriptors {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		others = append(others, conn)
	}
	client := asStranger("127.0.1.10")
	client.Timeout = time.Second
	lab.Until(t, "the descriptors are used up", func() bool { return readyAt(client, address) != nil })
	for _, conn := range others {
		_ = conn.Close()
	}
	lab.Until(t, "it is ready again", ready)
	lab.AwaitAnswer(t, "127.0.0.1:"+port, lab.Query("example.org.", dns.TypeA))

	// Strangers use them up at the door: it gives some back.
	halfOpen(t, 2*descriptors, "127.0.1.9", address)
	lab.Until(t, "it is ready while strangers have its descriptors", ready)
	if strings.Contains(server.String(), "panic") {
		t.Errorf("it says\n%s", server)
	}
}
