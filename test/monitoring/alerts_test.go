package monitoring

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// What the incidents do not have happens here, to one fleet, one thing after the other. In the
// end there is data for every panel of the dashboard.
func TestAlertsFireWhenSomethingHappensAndEndWhenItIsOver(t *testing.T) {
	f := startFleet(t)
	f.Quiet(t, 25*time.Second) // longer than any alert waits but for HoldfastVersionsDiffer
	stale := []string{"HoldfastZoneStale warning", "HoldfastZoneStale critical", "HoldfastAnswersMarkedStale warning", "HoldfastUnfit warning", "HoldfastNobodyMayLeave warning"}

	f.Phase("the primary is gone")
	f.primary.End(syscall.SIGTERM)
	f.May("HoldfastAside warning")           // the first that finds out, if the others are fit for a moment longer
	f.May("HoldfastHeartbeatSilent warning") // till somebody has written to the primary that is back
	f.Fires(t, append(stale, "HoldfastPrimariesSilent warning", "HoldfastSecondaryExpiring warning", "HoldfastSecondaryExpiring critical", "HoldfastHeartbeatNotWritten warning")...)
	f.cured(t, func() { f.primary.Start(t) })

	f.Phase("the upstream is silent")
	f.upstream.Blind.Store(lab.Silent)
	f.May("HoldfastAside warning") // likewise
	f.Fires(t, "HoldfastUnfit warning", "HoldfastNobodyMayLeave warning", "CoreDNSErrorsHigh critical", "CoreDNSForwardUnhealthy warning", "CoreDNSForwardUnhealthy critical")
	f.May("CoreDNSErrorsHigh warning", "CoreDNSLatencyHigh warning", "CoreDNSLatencyHigh critical")
	f.cured(t, func() { f.upstream.Blind.Store(0) })

	f.Phase("nobody writes the heartbeat")
	f.writer.End(syscall.SIGTERM)
	f.May("HoldfastAside warning") // likewise
	f.Fires(t, append(stale, "HoldfastHeartbeatSilent warning")...)
	f.cured(t, func() { f.write(t) })

	f.Phase("a Corefile is wrong")
	file := filepath.Join(f.dirs[0], "Corefile")
	right, err := os.ReadFile(file) // #nosec G304 -- the test's own
	if err != nil {
		t.Fatal(err)
	}
	lab.Write(t, file, lab.Replaced(t, string(right), "max_age 8s", "max_age old"))
	f.Fires(t, "CoreDNSReloadFailed warning")

	f.Phase("an operator says stay")
	f.order(t, "stay")
	f.Fires(t, "HoldfastOverride warning")
	f.cured(t, func() { f.order(t, "resume") }, "CoreDNSReloadFailed warning") // which goes on for an hour

	f.Phase("a server is killed")
	_ = f.servers[2].Kill()
	f.Fires(t, "CoreDNSDown critical", "HoldfastNobodyMayLeave warning")

	f.Phase("the other two are told to go")
	f.servers[0].Terminate(t)
	f.servers[1].Terminate(t)
	f.Fires(t, "HoldfastHeld warning", "HoldfastForced critical")
	f.May("HoldfastNoPeerAnswers critical", "CoreDNSDown critical") // of those that have gone

	fmt.Printf("| what happens | alert, with periods %d times shorter | fires after | ends, after that is over |\n|---|---|--:|--:|\n", lab.Quicker)
	for _, a := range f.Told(t) {
		fmt.Printf("| %s | %s | %.0f s | %s |\n", a.Phase, a.Alert, a.After.Seconds(), a.End())
	}
	everyPanelHasData(t, f.Watch)
	drawPanels(t, f.Watch)
}

// order gives the second server an order.
func (f *fleet) order(t *testing.T, verb string) {
	t.Helper()
	t.Log(lab.Command(t, ".", lab.Holdfast(t), verb, f.servers[1].HTTP, "--reason", "work on its host"))
}
