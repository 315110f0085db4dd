package incidents

import (
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab"
)

// alerts are the rows of the table of what has fired, and when.
var alerts struct {
	sync.Mutex
	rows map[string][]string // by incident
}

// watch lets a real Prometheus with the alerts of build/monitoring watch a replay. Without one
// it returns nil, and alerted says so. Under the race detector servers are slow, and
// nothing is said of alerts.
func watch(t *testing.T, where lab.Place) *lab.Watch {
	t.Helper()
	if _, err := exec.LookPath("prometheus"); err != nil || lab.UnderRace() {
		return nil
	}
	return lab.NewWatch(lab.StartPrometheus(t, where))
}

// alerted adds what has fired in a replay to the table, and fails the test if that is not what
// the replay said.
func alerted(t *testing.T, incident string, w *lab.Watch) {
	t.Helper()
	t.Run("alerts", func(t *testing.T) {
		if lab.UnderRace() {
			return
		}
		lab.Tool(t, "prometheus", "prometheus")
		var rows []string
		for _, f := range w.Told(t) {
			rows = append(rows, fmt.Sprintf("| %s | %s | %s | %.0f s | %s |", incident, f.Phase, f.Alert, f.After.Seconds(), f.End()))
		}
		if len(rows) == 0 {
			rows = []string{fmt.Sprintf("| %s | | none | | |", incident)}
		}
		alerts.Lock()
		defer alerts.Unlock()
		if alerts.rows == nil {
			alerts.rows = make(map[string][]string)
		}
		alerts.rows[incident] = append(alerts.rows[incident], rows...)
	})
}

// alertTable is the table of alerts, or "" without any row.
func alertTable() string {
	alerts.Lock()
	defer alerts.Unlock()
	if len(alerts.rows) == 0 {
		return ""
	}
	head := fmt.Sprintf("\n| incident | what happens | alert, with periods %d times shorter | fires after | ends, after that is over |\n|---|---|---|--:|--:|\n", lab.Quicker)
	var b strings.Builder
	b.WriteString(head)
	for _, incident := range []string{"I1 blind resolver", "I2 query storm", "I3 discovery", "I4 anycast fleet", "I5 cluster DNS"} {
		for _, row := range alerts.rows[incident] {
			b.WriteString(row + "\n")
		}
	}
	return b.String()
}
