package selfpreserve

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/wire/schematest"
)

// A checker that asks for something else, or has ended, takes no server out of service.
func TestStatusAndMetricsTellWhenSomebodyLastReadReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := full(t)
		tells := func(want time.Time) {
			t.Helper()
			text := s.statusText()
			schematest.Status(t, text)
			asked, gauge := s.status(time.Now()).Ready.LastAsked, "ready_asked_timestamp_seconds 0\n"
			if !want.IsZero() {
				gauge = fmt.Sprintf("ready_asked_timestamp_seconds %d\n", want.Unix())
			}
			if (asked == nil) != want.IsZero() || asked != nil && !asked.Equal(want) {
				t.Errorf("the status tells %v, want %s", asked, want)
			}
			if got := gauges(t, s.node); !strings.Contains(got, gauge) {
				t.Errorf("%s\nwant %s", got, gauge)
			}
		}
		begin := time.Now()
		s.send("GET", "/status", "192.0.2.99:1", "")
		s.send("GET", "/peer", knownPeer, "")
		s.send("GET", "/readyz", "192.0.2.99:1", "")
		tells(time.Time{})
		s.send("GET", "/ready", "192.0.2.99:1", "")
		tells(begin)
		s.clock += 40 * time.Second
		time.Sleep(40 * time.Second)
		tells(begin)
		s.send("HEAD", "/ready", "192.0.2.99:1", "")
		tells(begin.Add(40 * time.Second))
	})
}

func TestReadyAnswersWhileTheMachineIsBusy(t *testing.T) {
	s := full(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	done := make(chan string)
	go func() { done <- s.send("GET", "/ready", "192.0.2.99:1", "") }()
	select {
	case got := <-done:
		if got != "200 OK" {
			t.Error(got)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("/ready waits for the machine")
	}
}
