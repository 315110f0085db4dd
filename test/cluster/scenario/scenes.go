package scenario

import (
	"errors"
	"fmt"
	"time"

	"github.com/holdfastdns/holdfast/test/cluster/witness"
)

var both = []side{stock, holdfast}

// scenes are in the order in which they happen to each side.
var scenes = []scene{
	{name: "rolling restart", gate: true, on: both, do: restart, must: allOf(granted(3), few)},
	{name: "all pods are deleted", gate: true, on: both, do: deleteAll, must: allOf(granted(3), few)},
	{name: "all pods are deleted, replacements are 10 s late", gate: true, on: both, do: deleteAllLate(10 * time.Second), must: allOf(granted(3), few)},
	// Of max_hold 5 s are left for a pod to start, be found and promise: on a busy machine
	// one may come too late, and none shall notice.
	{name: "all pods are deleted, replacements are 15 s late", on: both, do: deleteAllLate(15 * time.Second), forced: 2, must: few},
	{name: "each node is drained", gate: true, on: both, do: drain, must: allOf(granted(3), few)},
	{name: "a Corefile that does not parse", gate: true, on: both, do: badCorefile, must: allOf(answering(3), granted(0), few)},
	{name: "all pods are deleted by force", on: both, do: deleteForced, forced: 3},
	{name: "the kubelets are restarted while servers are told to go", on: both, do: kubeletRestarted, forced: 2, must: fewNew},
	{name: "kube-proxy is restarted in a rollout", on: both, do: proxyRestarted, must: allOf(granted(3), few)},
	// Who hears of the cure after the others steps aside for so long, as two promise to stay.
	{name: "the API server is lost for longer than max_age", on: both, do: apiLost, must: allOf(answering(2), noneLeft, few)},
	{name: "one server's watch is frozen", on: both, do: frozen, must: allOf(noneLeft, few)},
	{name: "a node is cut off for 75 s", on: both, do: cutOff},
	{name: "the same, trafficDistribution: PreferSameZone", on: both, before: prefer("PreferSameZone"), do: cutOff, after: prefer("")},
	{name: "the same, trafficDistribution: PreferSameNode", on: both, before: prefer("PreferSameNode"), do: cutOff, after: prefer("")},
	{name: "rolling restart, trafficDistribution: PreferSameZone", on: both, before: prefer("PreferSameZone"), do: restart, after: prefer("")},
	{name: "a node is shut down, kubelet's budget 60 s, 50 s of it for critical pods", on: both, before: budget(60*time.Second, 50*time.Second), do: shutdown, after: noBudget, must: allOf(granted(1), few)},
	{name: "a node is shut down, kubelet's budget 30 s, 10 s of it for critical pods", on: both, before: budget(30*time.Second, 10*time.Second), do: shutdown, after: noBudget, forced: 1},
	{name: "NodeLocal: no DNS server for 30 s", on: []side{holdfast}, before: nodeLocal, do: cached(nobody), after: noNodeLocal, forced: 3},
	{name: "NodeLocal: the caches are restarted", on: []side{holdfast}, before: nodeLocal, do: cached(restartCaches), after: noNodeLocal},
	{name: "3, 10, 3, 1, 0 replicas", on: both, before: loose, do: scale, after: undoLoose, forced: 3},
	{name: "a Corefile that breaks a canary", on: []side{holdfast}, do: brokenCanary, must: allOf(answering(3), few)},
	{name: "a Corefile that breaks a canary and the peers", on: []side{holdfast}, do: brokenBoth, must: allOf(answering(3), few)},
	{name: "rolling restart, lame duck 0 s", on: []side{holdfast}, before: lameDuck(0), do: restart, after: asItWas},
	{name: "rolling restart, lame duck 2 s", on: []side{holdfast}, before: lameDuck(2 * time.Second), do: restart, after: asItWas},
	{name: "rolling restart, lame duck 5 s", on: []side{holdfast}, before: lameDuck(5 * time.Second), do: restart, after: asItWas},
	{name: "migration from kubeadm's CoreDNS", gate: true, on: []side{stock}, to: holdfast, do: migrate, must: scattered},
	{name: "back to kubeadm's CoreDNS", gate: true, on: []side{holdfast}, to: stock, do: back, forced: 2, must: few},
}

// granted wants as many servers to have left because enough had promised to stay, and none
// to have been killed.
func granted(n int) func(outcome) error {
	return func(o outcome) error {
		if o.left.Granted != n || o.left.Killed > 0 || o.left.Unseen > 0 {
			return fmt.Errorf("%s, want %d granted and none killed", o.left, n)
		}
		return nil
	}
}

// noneLeft wants all servers to have stayed.
func noneLeft(o outcome) error {
	if o.left != (witness.Left{}) {
		return fmt.Errorf("%s, want all to stay", o.left)
	}
	return nil
}

// few wants nearly all questions answered, and the others to be scattered. When kube-proxy
// forgets where it sent a question, an answer that is on its way is lost: some in a
// thousand, and those from ports that are used again more often.
func few(o outcome) error { return errors.Join(fewNew(o), o.atMost(samePorts, 10)) }

// scattered is for a migration, in which stock's servers leave, and lose what they lose.
func scattered(o outcome) error { return o.atMost(newPorts, 10) }

// fewNew is for what makes a server leave as stock's do: whoever uses ports again loses more.
func fewNew(o outcome) error { return o.atMost(newPorts, 2) }

func (o outcome) atMost(ports string, thousandths int) error {
	c := o.counts[ports]
	if c.Unanswered*1000 > c.Asked*thousandths || c.Gap > time.Second {
		return fmt.Errorf("%s: %d of %d went unanswered, for up to %s none was answered; want %d in a thousand, and a second, at most", ports, c.Unanswered, c.Asked, c.Gap, thousandths)
	}
	return nil
}

// answering wants that many servers to have answered at every moment.
func answering(n int) func(outcome) error {
	return func(o outcome) error {
		if o.serve < n {
			return fmt.Errorf("once only %d servers answered, want %d", o.serve, n)
		}
		return nil
	}
}

func allOf(musts ...func(outcome) error) func(outcome) error {
	return func(o outcome) error {
		var errs []error
		for _, m := range musts {
			errs = append(errs, m(o))
		}
		return errors.Join(errs...)
	}
}
