package kube

import (
	"context"
	"errors"

	"github.com/holdfastdns/holdfast/test/cluster/machine"
)

// Repair brings back what a scene that failed has left broken: cables and daemons.
func (c *Cluster) Repair(ctx context.Context) error {
	var errs []error
	again := func(m *machine.Machine, names ...string) {
		for _, name := range names {
			// Who was stopped is alive, and goes on.
			if m.Kill(ctx, name, "CONT") != nil {
				errs = append(errs, c.Start(ctx, m, name))
			}
		}
	}
	again(c.Plane, Etcd, Upstream, APIServer)
	errs = append(errs, c.APIReady(ctx))
	again(c.Plane, Controllers, Scheduler)
	for _, n := range c.nodes {
		errs = append(errs, n.Mend(ctx))
		again(n, Containerd, Bus, Logind, Kubelet, Proxy)
	}
	return errors.Join(errs...)
}
