package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfastdns/holdfast/test/cluster/kube"
)

// apiLost kills the API server for longer than max_age. All servers' data is as old: all
// have to say so, and none may step aside for it.
func apiLost(ctx context.Context, l *lab, o *outcome) error {
	pods, err := l.servers(ctx)
	if err != nil {
		return err
	}
	if l.side == holdfast {
		if err := l.beats(ctx); err != nil {
			return err
		}
	}
	begin := time.Now()
	if err := l.Plane.Kill(ctx, kube.APIServer, "KILL"); err != nil {
		return err
	}
	cure := func() error {
		if err := l.Start(ctx, l.Plane, kube.APIServer); err != nil {
			return err
		}
		if err := l.APIReady(ctx); err != nil {
			return err
		}
		// They have lost their lease, and a kubelet would start them again.
		if l.Plane.Alive(ctx, kube.Controllers) {
			return errors.New("the controllers live on without their lease")
		}
		return l.Start(ctx, l.Plane, kube.Controllers)
	}
	if l.side == stock {
		if err := wait(ctx, 80*time.Second); err != nil {
			return err
		}
		return errors.Join(cure(), l.whole(ctx))
	}
	flagged, err := l.hear(ctx, len(pods), isStale, begin, 2*time.Minute, anybody)
	if err != nil {
		return err
	}
	// Another while in which all are stale and could step aside.
	if err := wait(ctx, 20*time.Second); err != nil {
		return err
	}
	for _, p := range pods {
		if _, err := get(ctx, "http://"+p.Status.PodIP+":8182/ready"); err != nil {
			return err
		}
	}
	if n := len(l.said(asideNow, begin, anybody)); n > 0 {
		return fmt.Errorf("%d servers stepped aside though all were as old", n)
	}
	cured := time.Now()
	if err := cure(); err != nil {
		return err
	}
	clear, err := l.hear(ctx, len(pods), isFresh, cured, 2*time.Minute, anybody)
	if err != nil {
		return err
	}
	o.note("all say that they are old after %s, and no longer %s after the cure", flagged.Round(time.Second), clear.Round(time.Second))
	// Who hears of the cure later than others is old alone then, and right to.
	if n := len(l.said(asideNow, cured, anybody)); n > 0 {
		o.note("%d stepped aside after the cure, till they had heard of it", n)
	}
	return l.whole(ctx)
}

// frozen lets nothing through any more between one server and the API server, and closes
// nothing: a watch that is silent. That server has to say so, and to step aside.
func frozen(ctx context.Context, l *lab, o *outcome) error {
	pods, err := l.servers(ctx)
	if err != nil {
		return err
	}
	victim := pods[0]
	node := l.node(victim.Spec.NodeName)
	rules := func(do string) error {
		ip := victim.Status.PodIP
		return node.Inside(ctx, fmt.Sprintf("iptables -w -%s FORWARD -s %s -p tcp --dport 6443 -j DROP; iptables -w -%s FORWARD -d %s -p tcp --sport 6443 -j DROP", do, ip, do, ip))
	}
	if l.side == holdfast {
		if err := l.beats(ctx); err != nil {
			return err
		}
	}
	begin := time.Now()
	if err := rules("I"); err != nil {
		return err
	}
	if l.side == stock {
		if err := wait(ctx, 80*time.Second); err != nil {
			return err
		}
		o.note("the frozen one goes on as ready")
		return errors.Join(rules("D"), l.whole(ctx))
	}
	flagged, err := l.hear(ctx, 1, isStale, begin, 2*time.Minute, named(victim.Name))
	if err == nil {
		var aside time.Duration
		if aside, err = l.hear(ctx, 1, asideNow, begin, time.Minute, named(victim.Name)); err == nil {
			o.note("the frozen one says that it is old after %s, steps aside after %s", flagged.Round(time.Second), aside.Round(time.Second))
		}
	}
	thawed := time.Now()
	if err := errors.Join(err, rules("D")); err != nil {
		return err
	}
	back, err := l.hear(ctx, 1, backAgain, thawed, 2*time.Minute, named(victim.Name))
	if err != nil {
		return err
	}
	o.note("is back %s after the thaw", back.Round(time.Second))
	if n := len(l.said(asideNow, begin, anybody)); n != 1 {
		return fmt.Errorf("%d servers stepped aside, want the frozen one alone", n)
	}
	return l.whole(ctx)
}

// cutOff pulls a node's cable for a while. Its server must not leave: it sees nobody who
// promises. Clients outside lose what kube-proxy goes on sending there.
func cutOff(ctx context.Context, l *lab, o *outcome) error {
	pods, err := l.servers(ctx)
	if err != nil {
		return err
	}
	victim := pods[0]
	for _, p := range pods {
		// Not the node that the audience is on.
		if p.Spec.NodeName != l.Nodes()[0].Name {
			victim = p
		}
	}
	node := l.node(victim.Spec.NodeName)
	inside, err := l.listenOn(ctx, node)
	if err != nil {
		return err
	}
	begin := time.Now()
	if err := node.Cut(ctx); err != nil {
		return err
	}
	err = wait(ctx, 75*time.Second)
	aside := l.said(asideNow, begin, named(victim.Name))
	if err := errors.Join(err, node.Mend(ctx)); err != nil {
		return err
	}
	got, err := inside.end()
	if err != nil {
		return err
	}
	o.note("on the node that is cut off: %s", count(got[newPorts]))
	if len(aside) > 0 {
		return errors.New("the server that was cut off stepped aside")
	}
	// Once it hears its peers it may: it is still as old as it was.
	return l.whole(ctx)
}

// prefer makes the Service send to servers near the client, while they are ready.
func prefer(near string) func(context.Context, *lab) error {
	return func(ctx context.Context, l *lab) error {
		value := "null"
		if near != "" {
			value = fmt.Sprintf("%q", near)
		}
		_, err := l.Kubectl(ctx, "-n", "kube-system", "patch", "service/kube-dns", "--type=merge", "-p", `{"spec":{"trafficDistribution":`+value+`}}`)
		return err
	}
}
