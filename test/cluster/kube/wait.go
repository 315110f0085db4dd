package kube

import (
	"context"
	"fmt"
	"os/exec"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Until looks until there is what is waited for, or it has taken too long.
func Until(ctx context.Context, limit time.Duration, what string, there func() (bool, error)) error {
	late := time.NewTimer(limit)
	defer late.Stop()
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	var last error
	for {
		ok, err := there()
		if ok {
			return nil
		}
		last = err
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return fmt.Errorf("waited %s in vain for %s: %w", limit, what, orNot(last))
		case <-look.C:
		}
	}
}

func orNot(err error) error {
	if err == nil {
		return fmt.Errorf("not there yet")
	}
	return err
}

// APIReady waits until the API server says that it is.
func (c *Cluster) APIReady(ctx context.Context) error {
	return Until(ctx, 2*time.Minute, "the API server", func() (bool, error) {
		_, err := c.Client.Discovery().RESTClient().Get().AbsPath("/readyz").Timeout(5 * time.Second).DoRaw(ctx)
		return err == nil, err
	})
}

// Settle waits until all nodes are ready.
func (c *Cluster) Settle(ctx context.Context) error {
	return Until(ctx, 2*time.Minute, "the nodes", func() (bool, error) {
		list, err := c.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		ready := 0
		for _, n := range list.Items {
			for _, cond := range n.Status.Conditions {
				if cond.Type == v1.NodeReady && cond.Status == v1.ConditionTrue {
					ready++
				}
			}
		}
		return ready == len(c.nodes), fmt.Errorf("%d of %d are ready", ready, len(c.nodes))
	})
}

// label says what each node is there for.
func (c *Cluster) label(ctx context.Context) error {
	if err := c.Settle(ctx); err != nil {
		return err
	}
	// A zone a node, and the clients in the first.
	for i, n := range c.nodes {
		zone := 'a' + i%c.options.Nodes
		if _, err := c.Kubectl(ctx, "label", "node", n.Name, fmt.Sprintf("topology.kubernetes.io/zone=%c", zone)); err != nil {
			return err
		}
	}
	_, err := c.Kubectl(ctx, "taint", "node", c.Clients().Name, "clients=only:NoSchedule")
	return err
}

// Kubectl runs kubectl as the administrator, and gives what it writes.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.tool(ctx, "kubectl", args...)
}

// Kubeadm runs kubeadm as the administrator.
func (c *Cluster) Kubeadm(ctx context.Context, args ...string) (string, error) {
	return c.tool(ctx, "kubeadm", args...)
}

func (c *Cluster) tool(ctx context.Context, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.parts.Programs+"/"+program, args...)
	cmd.Env = append(cmd.Environ(), "KUBECONFIG="+c.Kubeconfig())
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %v: %w: %s", program, args, err, out)
	}
	return string(out), nil
}
