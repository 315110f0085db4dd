package fleet

import (
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire/schematest"
	"github.com/holdfastdns/holdfast/test/lab"
)

// order gives an order as the manual says, and returns the HTTP status and what comes back.
func (p *peer) order(t *testing.T, action, reason string) (int, string) {
	t.Helper()
	response, err := http.Post("http://"+p.HTTP+"/control", "application/json", strings.NewReader(`{"action":"`+action+`","reason":"`+reason+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// An operator takes a server out of service and brings it back, keeps it through a SIGTERM, and lets
// go of one that nobody promises to replace.
func TestAnOperatorOverrulesTheRule(t *testing.T) {
	t.Parallel()
	lab.Tool(t, "curl", "curl")
	f := runMatureFleet(t, 2, hasty+"control\n")
	p, other := f.all[0], f.all[1]
	order := func(action, reason string) {
		t.Helper()
		status, body := p.order(t, action, reason)
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", action, status, body)
		}
		schematest.Status(t, body)
	}
	order("leave", "a disk fails")
	p.await(t, "503 ASIDE: the operator ordered leave: a disk fails")
	if value := p.metric(`override{kind="leave"}`); value != "1" {
		t.Errorf("the metric is %q", value)
	}
	order("resume", "the disk is new")
	p.await(t, "200 OK")
	stay := lab.Replaced(t, lab.Typed(t, "docs/operate.md", 1)[0], "127.0.0.1:8182", p.HTTP)
	schematest.Status(t, lab.Command(t, ".", "bash", "-c", strings.Replace(stay, "curl ", "curl -sS --fail ", 1)))
	p.SendSignal(t, syscall.SIGTERM)
	begin := time.Now()
	p.await(t, "200 PRESERVED: SIGTERM, and the operator ordered stay: the other site is being moved; leaves in \\d+s at the latest")
	lab.Until(t, "a hold is told of", func() bool { return len(p.Said("[WARNING] plugin/selfpreserve: Holding SIGTERM for at most ")) > 0 })
	order("resume", "now")
	lab.Until(t, "it leaves on a promise", func() bool {
		return len(p.Said(lab.LogLeaves+": "+other.HTTP+" (")) == 1
	})
	p.Exits(t, 0)
	if held := time.Since(begin); held < 5*time.Second || len(p.Said(lab.LogLeavesByForce)) > 0 {
		t.Errorf("it left after %s", held)
	}
	for _, line := range []string{"ordered leave: a disk fails", "ordered resume: the disk is new", "ordered stay: the other site is being moved", "ordered resume: now"} {
		if n := len(p.Said("[WARNING] plugin/selfpreserve: Operator at 127.0.0.1:", line)); n != 1 {
			t.Errorf("%q is logged %d times", line, n)
		}
	}

	other.SendSignal(t, syscall.SIGTERM)
	other.await(t, "200 PRESERVED: SIGTERM.*")
	if status, body := other.order(t, "leave", "the site is closed"); status != http.StatusOK {
		t.Errorf("%d %s", status, body)
	}
	other.Exits(t, 0)
	if len(other.Said("[WARNING] plugin/selfpreserve: Leaving service by order of the operator: the site is closed")) != 1 {
		t.Errorf("it logs\n%s", other)
	}
}
