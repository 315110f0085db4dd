// Package fleet tests selfpreserve with processes of the binary that are each other's peers,
// on loopback and on hosts that are cut off from each other.
package fleet

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/lab"
)

// fleet is what these tests do with one.
type fleet struct {
	*lab.Fleet
	all []*peer
}

type peer struct{ *lab.Peer }

// hasty are options that are as short as a busy machine allows.
const hasty = "promise 2s\n interval 500ms\n max_hold 10s\n canary canary.test\n"

// newFleet makes a fleet of n servers and starts none of them.
func newFleet(t *testing.T, n int, options string) *fleet {
	t.Helper()
	f := &fleet{Fleet: lab.NewFleet(t, n, options)}
	for _, p := range f.All {
		f.all = append(f.all, &peer{p})
	}
	return f
}

// runFleet starts n servers and waits until all are in service.
func runFleet(t *testing.T, n int, options string) *fleet {
	t.Helper()
	f := newFleet(t, n, options)
	for _, p := range f.all {
		p.Start(t)
	}
	for _, p := range f.all {
		p.await(t, "200 OK")
	}
	return f
}

// runMatureFleet also waits until nobody is within a promise's lifetime of its start,
// when it may not leave.
func runMatureFleet(t *testing.T, n int, options string) *fleet {
	t.Helper()
	f := runFleet(t, n, options)
	promise, err := time.ParseDuration(regexp.MustCompile(`promise (\S+)`).FindStringSubmatch(options)[1])
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(promise)
	return f
}

// signal sends a signal to all, as much at one instant as can be.
func (f *fleet) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	for _, p := range f.all {
		p.SendSignal(t, s)
	}
}

// reload has it take a Corefile, and waits until the log says this once more.
func (p *peer) reload(t *testing.T, corefile, outcome string) {
	t.Helper()
	p.Configure(t, corefile)
	p.Reload(t, outcome)
}

const reloaded = "Reloading complete"

// await waits until /ready says what matches the pattern.
func (p *peer) await(t *testing.T, pattern string) {
	t.Helper()
	want := regexp.MustCompile("^(?:" + pattern + ")$")
	lab.Eventually(t, 3*lab.Patience, func() string {
		if p.Gone() {
			t.Fatalf("%s has ended: %v", p.IP, p.Err)
		}
		if told := p.Ready(); !want.MatchString(told) {
			return fmt.Sprintf("/ready of %s is %q, want %q", p.IP, told, pattern)
		}
		return ""
	})
}

// whoSaid are those whose log has this since they were last started.
func (f *fleet) whoSaid(line string) []*peer {
	return f.who(func(p *peer) bool { return len(p.Said(line)) > 0 })
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

// What the log says.
const (
	asksToLeave = "[INFO] plugin/selfpreserve: SIGTERM: asking peers to stay, in service until enough have promised "
	comesBack   = "[WARNING] plugin/selfpreserve: Back in service: "
	fitAgain    = "[INFO] plugin/selfpreserve: Fit again and in service"
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
