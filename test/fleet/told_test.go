package fleet

import "strings"

// What the log says.
const (
	asksToLeave = "[INFO] plugin/selfpreserve: Asks peers to stay, and stays in service till they promise: "
	comesBack   = "[WARNING] plugin/selfpreserve: Back in service: "
	fitAgain    = "[INFO] plugin/selfpreserve: Fit again, and in service"
)

// metric is the value of one of the plugin's metrics as it is printed, or "".
func (p *peer) metric(nameAndLabels string) string {
	_, text, err := p.Get(p.Metrics, "/metrics")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, "coredns_selfpreserve_"+nameAndLabels+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
