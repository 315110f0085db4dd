package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/test/cluster/audience"
	"github.com/holdfastdns/holdfast/test/cluster/witness"
)

func TestTableHasStockBesideHoldfast(t *testing.T) {
	const name = "rolling restart"
	counts := func(lost int) map[string]audience.Count {
		return map[string]audience.Count{newPorts: {Asked: 100, Unanswered: lost, Gap: time.Duration(lost) * time.Second}, samePorts: {Asked: 90, Stale: 4}}
	}
	got := table([]outcome{
		{scene: name, side: stock, counts: counts(7), left: witness.Left{Asked: 2}, serve: 1, took: 9 * time.Second},
		{scene: name, side: holdfast, counts: counts(0), left: witness.Left{Granted: 3}, serve: 3, took: 80 * time.Second, notes: []string{"a note"}},
		{scene: name, side: holdfast, counts: counts(0), left: witness.Left{Granted: 2, Forced: 1}, serve: 2, took: 70 * time.Second},
	})
	for _, want := range []string{
		"| rolling restart | 7 of 100, 7s long | 0 of 90, 4 marked | 2 just went; 1 to 9s | 0 of 100 | 0 of 90, 4 marked | 3 granted; 3 to 1m20s; a note |\n",
		"| rolling restart (2) | – | – | – | 0 of 100 | 0 of 90, 4 marked | 2 granted, 1 forced; 2 to 1m10s |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestWhatMustHoldIsJudged(t *testing.T) {
	good := outcome{left: witness.Left{Granted: 3}, serve: 3}
	strict := scene{must: allOf(granted(3), answering(3))}
	if err := good.judge(strict); err != nil {
		t.Error(err)
	}
	for what, bad := range map[string]outcome{
		"one by force":       {left: witness.Left{Granted: 3, Forced: 1}, serve: 3},
		"one killed":         {left: witness.Left{Granted: 3, Killed: 1}, serve: 3},
		"one never granted":  {left: witness.Left{Granted: 2, Asked: 1}, serve: 3},
		"too few that serve": {left: witness.Left{Granted: 3}, serve: 2},
	} {
		if bad.judge(strict) == nil {
			t.Errorf("%s was found good", what)
		}
	}
	if err := (outcome{left: witness.Left{Forced: 2}}).judge(scene{forced: 2}); err != nil {
		t.Error(err)
	}
	quiet := map[string]audience.Count{newPorts: {Asked: 1000, Unanswered: 2, Gap: time.Second}, samePorts: {Asked: 1000, Unanswered: 10}}
	if err := few(outcome{counts: quiet}); err != nil {
		t.Error(err)
	}
	for what, bad := range map[string]map[string]audience.Count{
		"too many":                 {newPorts: {Asked: 1000, Unanswered: 3}},
		"too many from same ports": {samePorts: {Asked: 1000, Unanswered: 11}},
		"too long":                 {newPorts: {Asked: 9000, Unanswered: 3, Gap: 1001 * time.Millisecond}},
	} {
		if few(outcome{counts: bad}) == nil {
			t.Errorf("%s unanswered were found few", what)
		}
	}
	if noneLeft(good) == nil {
		t.Error("three left, and none was found to have")
	}
}

// What a run of the gate has to show stands in the issue: it may not get lost.
func TestGateHasWhatMatters(t *testing.T) {
	names := make(map[string]bool)
	for _, s := range scenes {
		if names[s.name] {
			t.Errorf("%q is there twice: the table would mix them", s.name)
		}
		names[s.name] = true
		if s.do == nil || len(s.on) == 0 {
			t.Errorf("%q does nothing", s.name)
		}
	}
	for _, want := range []string{"rolling restart", "all pods are deleted", "all pods are deleted, replacements are 10 s late", "each node is drained", "a Corefile that does not parse", "migration from kubeadm's CoreDNS", "back to kubeadm's CoreDNS"} {
		for _, s := range scenes {
			if s.name == want && s.gate {
				delete(names, want)
			}
		}
		if names[want] {
			t.Errorf("the gate has no %q", want)
		}
	}
}
