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

// nodeLocal puts the example's cache on every node, and waits until questions go there.
func nodeLocal(ctx context.Context, l *lab) error {
	dir := filepath.Join(l.parts.Run, "nodelocal")
	base, err := filepath.Rel(dir, filepath.Join(l.parts.Root, "build/kubernetes/nodelocal"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text := fmt.Sprintf(overlay, base)
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o644); err != nil {
		return err
	}
	if _, err := l.Kubectl(ctx, "apply", "-k", dir); err != nil {
		return err
	}
	return l.nodeLocalReady(ctx)
}

func (l *lab) nodeLocalReady(ctx context.Context) error {
	if _, err := l.Kubectl(ctx, "-n", "kube-system", "rollout", "status", "daemonset/node-local-dns", "--timeout=240s"); err != nil {
		return err
	}
	for _, n := range l.All() {
		err := kube.Until(ctx, 3*time.Minute, "the rules of "+n.Name, func() (bool, error) {
			err := n.Inside(ctx, "iptables -w -t raw -S PREROUTING | grep -q 'NOTRACK\\|CT --notrack'")
			return err == nil, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func noNodeLocal(ctx context.Context, l *lab) error {
	_, err := l.Kubectl(ctx, "delete", "-k", filepath.Join(l.parts.Run, "nodelocal"), "--wait")
	return errors.Join(err, l.whole(ctx))
}

// nobody has no DNS server in the cluster for half a minute.
func nobody(ctx context.Context, l *lab, o *outcome) error {
	before, err := l.replicas(ctx)
	if err != nil {
		return err
	}
	scale := func(n int) error {
		_, err := l.Kubectl(ctx, "-n", "kube-system", "scale", "deployment/coredns", fmt.Sprintf("--replicas=%d", n))
		return errors.Join(err, l.whole(ctx))
	}
	if err := errors.Join(scale(0), wait(ctx, 30*time.Second)); err != nil {
		return err
	}
	return scale(before)
}

// restartCaches restarts the caches of the nodes one by one.
func restartCaches(ctx context.Context, l *lab, _ *outcome) error {
	if _, err := l.Kubectl(ctx, "-n", "kube-system", "rollout", "restart", "daemonset/node-local-dns"); err != nil {
		return err
	}
	return l.nodeLocalReady(ctx)
}

// throughCache wants the pod's questions to have gone to its node's cache.
func throughCache(ctx context.Context, l *lab, o *outcome) error {
	page, err := l.Clients().Run(ctx, "curl", "-s", "http://127.0.0.1:9253/metrics")
	if err != nil {
		return err
	}
	total := 0.0
	for line := range strings.Lines(page) {
		var n float64
		if strings.HasPrefix(line, "coredns_dns_requests_total{") {
			if _, err := fmt.Sscan(line[strings.LastIndex(line, " ")+1:], &n); err == nil {
				total += n
			}
		}
	}
	if total < 100 {
		return fmt.Errorf("the cache of the clients' node was asked %.0f times", total)
	}
	o.note("the clients' cache was asked %.0f times", total)
	return nil
}

// cached is a scene of clients that ask the caches of their nodes.
func cached(do func(context.Context, *lab, *outcome) error) func(context.Context, *lab, *outcome) error {
	return func(ctx context.Context, l *lab, o *outcome) error {
		return errors.Join(do(ctx, l, o), throughCache(ctx, l, o))
	}
}
