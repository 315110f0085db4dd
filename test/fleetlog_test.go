package test

import (
	"io"
	"slices"
	"strings"
)

// What the log says.
const (
	leaves        = "[INFO] plugin/selfpreserve: Leaves service: enough peers have promised to stay"
	leavesByForce = "[ERROR] plugin/selfpreserve: Leaves service by force after max_hold of "
	asksToLeave   = "[INFO] plugin/selfpreserve: Asks peers to stay, and stays in service till they promise: "
	stepsAside    = "[WARNING] plugin/selfpreserve: Steps aside, /ready is 503: "
	comesBack     = "[WARNING] plugin/selfpreserve: Back in service: "
	fitAgain      = "[INFO] plugin/selfpreserve: Fit again, and in service"
)

// whoSaid are those whose log has this since they were last started.
func (f *fleet) whoSaid(line string) []*peer {
	return f.who(func(p *peer) bool { return len(p.said(line)) > 0 })
}

// others are all but those.
func (f *fleet) others(but ...*peer) []*peer {
	return f.who(func(p *peer) bool { return !slices.Contains(but, p) })
}

func (f *fleet) who(is func(*peer) bool) (found []*peer) {
	for _, p := range f.all {
		if is(p) {
			found = append(found, p)
		}
	}
	return found
}

// forced is how many have ever left by force.
func (f *fleet) forced() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.daemons {
		n += strings.Count(d.String(), leavesByForce)
	}
	return n
}

// metric is the value of one of the plugin's metrics as it is printed, or "".
func (p *peer) metric(nameAndLabels string) string {
	response, err := p.client.Get("http://" + p.ip + ":" + p.fleet.metrics + "/metrics")
	if err != nil {
		return ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "coredns_selfpreserve_"+nameAndLabels+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
