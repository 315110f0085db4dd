package readme

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// What docs/ready.md has a timer do follows /ready. The packages' test has it with a real BIRD.
func TestTheLineForBIRDFollowsReady(t *testing.T) {
	lab.Tool(t, "curl", "curl")
	var status atomic.Int32
	status.Store(http.StatusOK)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) }))
	line := "birdc() { echo $*; }\n" + lab.Replaced(t, lab.Typed(t, "docs/ready.md", 1)[0], "http://127.0.0.1:8182", server.URL)
	does := func(want string) {
		t.Helper()
		if order := strings.TrimSpace(lab.Command(t, ".", "bash", "-c", line)); order != want {
			t.Errorf("at %d it tells BIRD to %s, want %s", status.Load(), order, want)
		}
	}
	does("enable dns")
	status.Store(http.StatusServiceUnavailable)
	does("disable dns")
	server.Close()
	does("disable dns")
}
