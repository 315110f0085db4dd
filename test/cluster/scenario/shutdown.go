package scenario

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/holdfastdns/holdfast/test/cluster/kube"
)

// budget makes the kubelets delay a node's shutdown for that long, and for DNS servers, whose
// pods are critical, for a part of it.
func budget(all, critical time.Duration) func(context.Context, *lab) error {
	return func(ctx context.Context, l *lab) error {
		for _, n := range l.Nodes() {
			err := errors.Join(n.Inside(ctx, ": >/var/log/logind.log"),
				l.KubeletWith(ctx, n, fmt.Sprintf("shutdownGracePeriod: %s\nshutdownGracePeriodCriticalPods: %s\n", all, critical)))
			if err != nil {
				return err
			}
		}
		for _, n := range l.Nodes() {
			if err := kube.Until(ctx, time.Minute, "the kubelet of "+n.Name+" to delay a shutdown", func() (bool, error) {
				err := n.Inside(ctx, "grep -q 'delays a shutdown' /var/log/logind.log")
				return err == nil, err
			}); err != nil {
				return err
			}
		}
		return errors.Join(l.Settle(ctx), l.quiet(ctx))
	}
}

func noBudget(ctx context.Context, l *lab) error {
	var errs []error
	for _, n := range l.Nodes() {
		errs = append(errs, l.KubeletWith(ctx, n, ""))
	}
	return errors.Join(append(errs, l.Settle(ctx), l.quiet(ctx))...)
}

// shutdown shuts a node down that has a DNS server, by way of its kubelet, and starts it
// again some seconds later.
func shutdown(ctx context.Context, l *lab, o *outcome) error {
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
	n := l.node(victim.Spec.NodeName)
	begin := time.Now()
	if err := n.Kill(ctx, kube.Logind, "USR1"); err != nil {
		return err
	}
	err = kube.Until(ctx, 3*time.Minute, "the kubelet to let "+n.Name+" go", func() (bool, error) {
		err := n.Inside(ctx, "test -e /run/shutdown-ready")
		return err == nil, err
	})
	if err != nil {
		return err
	}
	o.note("the kubelet delays the shutdown by %s", time.Since(begin).Round(time.Second))
	const down = 15 * time.Second
	if err := errors.Join(n.Kill(ctx, kube.Kubelet, "KILL"), wait(ctx, down), l.Start(ctx, n, kube.Kubelet)); err != nil {
		return err
	}
	return kube.Until(ctx, 3*time.Minute, "all DNS servers", func() (bool, error) {
		// The pod that ended with its node stays in the API: as failed, or as done if it left in time.
		if _, err := l.Kubectl(ctx, "-n", "kube-system", "delete", "pod", "-l", "k8s-app=kube-dns", "--field-selector=status.phase!=Running,status.phase!=Pending"); err != nil {
			return false, err
		}
		return l.isWhole(ctx)
	})
}
