package readme

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// What docs/ready.md has for ExaBGP keeps the route of a server that is aside, with a worse MED.
// The incidents' replay has the one that withdraws it, with a router.
func TestExaBGPRaisesTheMEDOfAServerThatIsAside(t *testing.T) {
	t.Parallel()
	healthcheck := lab.Tool(t, "exabgp-healthcheck", "exabgp")
	lab.Tool(t, "curl", "curl")
	shown := regexp.MustCompile(`(?m)^ +run exabgp-healthcheck --command "([^"]+)" (.*--down-metric.*);$`).FindStringSubmatch(lab.Read(t, "docs/ready.md"))
	if shown == nil {
		t.Fatal("docs/ready.md has no such command")
	}
	var aside atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if aside.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	check := strings.Replace(shown[1], "http://127.0.0.1:8182", server.URL, 1)
	args := append(strings.Fields(strings.Replace(shown[2], "--interval 2", "--interval 1", 1)), "--command", check)
	process := exec.Command(healthcheck, args...) // #nosec G204 -- of the page
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	acks, err := process.StdinPipe() // ExaBGP would answer here
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = acks.Close() }()
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = process.Process.Kill(); _ = process.Wait() }()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		_, _ = acks.Write([]byte("done\n"))
		switch lines.Text() {
		case "announce route 192.0.2.53/32 next-hop self med 100":
			aside.Store(true)
		case "announce route 192.0.2.53/32 next-hop self med 1000":
			if aside.Load() {
				return
			}
		default:
			t.Fatalf("it says %q", lines.Text())
		}
	}
	t.Errorf("it has ended: %v", lines.Err())
}
