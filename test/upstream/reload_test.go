package upstream

import (
	"net/http"
	"strings"
	"testing"

	coretest "github.com/coredns/coredns/test"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/embedded"
)

// The Corefile of the page fails when its second server block listens, and that has to undo
// what the first has started.
func TestFailedReloadLeavesItsPluginsRunning(t *testing.T) {
	d := defect{t, "reload-failed.md"}
	health := "127.0.0.1:" + lab.FreePort(t)
	before := ".:" + lab.FreePort(t) + " {\n bind 127.0.0.1\n whoami\n}"
	if err := embedded.Validate(before); err != nil {
		t.Fatal(err)
	}
	instance, err := coretest.CoreDNSServer(before)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { coretest.CoreDNSServerStop(instance) })
	isHealthy := func() bool {
		response, err := http.Get("http://" + health + "/health") // #nosec G107 -- our own
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	}
	if isHealthy() {
		t.Fatal("somebody else listens there")
	}
	after := strings.NewReplacer("1053", lab.FreePort(t), "127.0.0.1:1054", health).Replace(d.block("corefile"))
	if _, err := instance.Restart(coretest.NewInput(after)); err == nil {
		t.Fatal("the reload did not fail")
	}
	d.stands(isHealthy(), "health of the Corefile that is not in force does not answer")
}
