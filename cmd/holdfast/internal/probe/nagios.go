package probe

import (
	"fmt"
	"strings"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
)

// nagios says a round as a monitoring plugin does
// (https://www.monitoring-plugins.org/doc/guidelines.html). Who is stale or down is
// critical, and who is behind or unknown a warning.
func (r *Round) nagios(maxAge float64) (cli.NagiosStatus, string) {
	status, worst := cli.NagiosOK, Server{}
	oldest := -1.0
	for _, s := range r.Servers {
		switch {
		case rank[s.State] >= rank[Stale]:
			status = max(status, cli.NagiosCritical)
		case s.State != Fresh:
			status = max(status, cli.NagiosWarning)
		}
		worst.Lag = max(worst.Lag, s.Lag)
		if s.Age != nil {
			oldest = max(oldest, *s.Age)
		}
	}
	if !r.OK() {
		status = max(status, cli.NagiosWarning)
	}
	data := []string{fmt.Sprintf("fresh=%d;;;0;%d", r.Fresh, len(r.Servers)), fmt.Sprintf("lag=%.0fs;0;%.0f;0", worst.Lag, maxAge)}
	if oldest >= 0 {
		data = append(data, fmt.Sprintf("age=%.0fs;;%.0f;0", oldest, maxAge))
	}
	// A | in the text would begin the figures.
	return status, strings.ReplaceAll(r.Verdict, "|", "/") + " | " + strings.Join(data, " ")
}
