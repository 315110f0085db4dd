package scenario

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/test/cluster/kube"
)

// deleteForced deletes all servers as nobody should: their pods are gone from the API, and
// from the name of the peers, while their processes still run.
func deleteForced(ctx context.Context, l *lab, o *outcome) error {
	if err := l.deletePods(ctx, "--force", "--grace-period=0"); err != nil {
		return err
	}
	return l.whole(ctx)
}

// kubeletRestarted restarts the kubelets while they wait for servers that do not go yet. They
// do not probe a pod again that they find terminating: it counts as ready through its lame
// duck, and who uses ports again loses what stock would lose.
func kubeletRestarted(ctx context.Context, l *lab, _ *outcome) error {
	if err := l.Plane.Kill(ctx, kube.Scheduler, "STOP"); err != nil {
		return err
	}
	begin := time.Now()
	if err := l.deletePods(ctx); err != nil {
		return err
	}
	if l.side == holdfast {
		if _, err := l.hear(ctx, 3, "asking peers to stay", begin, 30*time.Second, anybody); err != nil {
			return err
		}
	}
	var errs []error
	for _, n := range l.Nodes() {
		errs = append(errs, n.Kill(ctx, kube.Kubelet, "KILL"), l.Start(ctx, n, kube.Kubelet))
	}
	if err := errors.Join(append(errs, wait(ctx, 5*time.Second), l.Plane.Kill(ctx, kube.Scheduler, "CONT"))...); err != nil {
		return err
	}
	return l.whole(ctx)
}

// proxyRestarted restarts the audience's kube-proxies while the servers are replaced.
func proxyRestarted(ctx context.Context, l *lab, o *outcome) error {
	if _, err := l.Kubectl(ctx, "-n", "kube-system", "rollout", "restart", "deployment/coredns"); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- errors.Join(l.rolledOut(ctx), l.whole(ctx)) }()
	again := time.NewTicker(5 * time.Second)
	defer again.Stop()
	for restarts := 1; ; restarts++ {
		for _, n := range l.All() {
			if err := errors.Join(n.Kill(ctx, kube.Proxy, "KILL"), l.Start(ctx, n, kube.Proxy)); err != nil {
				return err
			}
		}
		select {
		case err := <-done:
			o.note("%d restarts of each kube-proxy", restarts)
			return err
		case <-again.C:
		}
	}
}

// scale goes 3, 10, 3, 1, 0 and back to 3; 3 stands for what it was.
func scale(ctx context.Context, l *lab, o *outcome) error {
	before, err := l.replicas(ctx)
	if err != nil {
		return err
	}
	for _, n := range []int{10, before, 1, 0} {
		gone := l.witness.Gone()
		if _, err := l.Kubectl(ctx, "-n", "kube-system", "scale", "deployment/coredns", fmt.Sprintf("--replicas=%d", n)); err != nil {
			return err
		}
		if err := l.quiet(ctx); err != nil {
			return err
		}
		left := l.witness.Left(gone)
		o.note("to %d: %s", n, left)
		if n == before && l.side == holdfast && left.Forced > 0 {
			return fmt.Errorf("on the way from 10 to %d %d left by force", n, left.Forced)
		}
	}
	_, err = l.Kubectl(ctx, "-n", "kube-system", "scale", "deployment/coredns", fmt.Sprintf("--replicas=%d", before))
	return errors.Join(err, l.whole(ctx))
}

// loose lets more servers run than there are nodes.
func loose(ctx context.Context, l *lab) error {
	if l.side == stock {
		return nil
	}
	for i := range 2 {
		patch := fmt.Sprintf(`[{"op":"replace","path":"/spec/template/spec/topologySpreadConstraints/%d/whenUnsatisfiable","value":"ScheduleAnyway"}]`, i)
		if _, err := l.Kubectl(ctx, "-n", "kube-system", "patch", "deployment/coredns", "--type=json", "-p", patch); err != nil {
			return err
		}
	}
	return errors.Join(l.rolledOut(ctx), l.quiet(ctx))
}

// undoLoose needs no more for stock.
func undoLoose(ctx context.Context, l *lab) error {
	if l.side == stock {
		return nil
	}
	return asItWas(ctx, l)
}

// corefile is Holdfast's with parts of it replaced.
func (l *lab) corefile(replace ...string) (string, error) {
	text, err := os.ReadFile(filepath.Join(l.parts.Root, "build/kubernetes/Corefile"))
	if err != nil {
		return "", err
	}
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(string(text), replace[i]) {
			return "", fmt.Errorf("build/kubernetes/Corefile has no %q", replace[i])
		}
	}
	return strings.NewReplacer(replace...).Replace(string(text)), nil
}

// rollout applies a broken Corefile and looks whether the rollout stops at its first server,
// as it must.
func (l *lab) rollout(ctx context.Context, o *outcome, corefile string) error {
	if err := l.write(corefile); err != nil {
		return err
	}
	if _, err := l.Kubectl(ctx, "apply", "-k", l.overlay); err != nil {
		return err
	}
	// Longer than a promise's lifetime, after which a server that was never fit may be ready.
	_, err := l.Kubectl(ctx, "-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=90s")
	if ctx.Err() != nil {
		return ctx.Err()
	}
	pods, failed := l.servers(ctx)
	if failed != nil {
		return failed
	}
	good := 0
	for _, p := range pods {
		if ready(p) && p.DeletionTimestamp == nil {
			good++
		}
	}
	var broken error
	if err != nil {
		o.note("the rollout stops, %d of %d pods are ready", good, len(pods))
	} else {
		broken = errors.New("the rollout went through")
	}
	return errors.Join(broken, l.apply(ctx), l.whole(ctx))
}

// brokenCanary rolls out a Corefile that parses and whose canary nobody answers.
func brokenCanary(ctx context.Context, l *lab, o *outcome) error {
	text, err := l.corefile("canary example.com", "canary example.com\n        canary nobody.invalid", "forward . /etc/resolv.conf {", "forward invalid. 192.0.2.53\n    forward . /etc/resolv.conf {")
	if err != nil {
		return err
	}
	return l.rollout(ctx, o, text)
}

// brokenBoth breaks the canary and the name of the peers: a server that hears nobody must not
// take that for a reason to come into service.
func brokenBoth(ctx context.Context, l *lab, o *outcome) error {
	text, err := l.corefile("canary example.com", "canary example.com\n        canary nobody.invalid", "forward . /etc/resolv.conf {", "forward invalid. 192.0.2.53\n    forward . /etc/resolv.conf {",
		"peers dns coredns-peers.", "peers dns nobody-there.")
	if err != nil {
		return err
	}
	return l.rollout(ctx, o, text)
}

// lameDuck makes the servers such that close their listeners d after /ready says that they
// go. What the audience of a restart loses then is what d is too short for.
func lameDuck(d time.Duration) func(context.Context, *lab) error {
	return func(ctx context.Context, l *lab) error {
		text, err := l.corefile("lameduck 10s", "lameduck "+d.String())
		if err != nil {
			return err
		}
		if err := l.write(text); err != nil {
			return err
		}
		if _, err := l.Kubectl(ctx, "apply", "-k", l.overlay); err != nil {
			return err
		}
		return errors.Join(l.rolledOut(ctx), l.quiet(ctx))
	}
}

// asItWas is Holdfast as the manual deploys it.
func asItWas(ctx context.Context, l *lab) error { return errors.Join(l.apply(ctx), l.whole(ctx)) }
