package scenario

import (
	"context"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/holdfastdns/holdfast/test/cluster/kube"
)

// servers are the pods of the cluster's DNS.
func (l *lab) servers(ctx context.Context) ([]v1.Pod, error) {
	list, err := l.Client.CoreV1().Pods("kube-system").List(ctx, metav1.ListOptions{LabelSelector: "k8s-app=kube-dns"})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// replicas are how many servers are asked for.
func (l *lab) replicas(ctx context.Context) (int, error) {
	d, err := l.Client.AppsV1().Deployments("kube-system").Get(ctx, "coredns", metav1.GetOptions{})
	if err != nil {
		return 0, err
	}
	return int(*d.Spec.Replicas), nil
}

// whole waits until there are as many servers as are asked for, all of them ready, and
// none beside them.
func (l *lab) whole(ctx context.Context) error {
	return kube.Until(ctx, 3*time.Minute, "all DNS servers", func() (bool, error) { return l.isWhole(ctx) })
}

func (l *lab) isWhole(ctx context.Context) (bool, error) {
	want, err := l.replicas(ctx)
	if err != nil {
		return false, err
	}
	pods, err := l.servers(ctx)
	if err != nil {
		return false, err
	}
	good := 0
	for _, p := range pods {
		if p.DeletionTimestamp == nil && ready(p) {
			good++
		}
	}
	return good == want && len(pods) == want, fmt.Errorf("%d pods, %d of them ready and not terminating; want %d", len(pods), good, want)
}

func ready(p v1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == v1.PodReady {
			return c.Status == v1.ConditionTrue
		}
	}
	return false
}

// quiet waits until all servers are there and, for Holdfast, have been for a promise's
// lifetime, since within that of its start none leaves.
func (l *lab) quiet(ctx context.Context) error {
	if err := l.whole(ctx); err != nil || l.side != holdfast {
		return err
	}
	const promise = 15 * time.Second
	return kube.Until(ctx, time.Minute, "the servers' first promise lifetime", func() (bool, error) {
		pods, err := l.servers(ctx)
		if err != nil {
			return false, err
		}
		for _, p := range pods {
			for _, c := range p.Status.ContainerStatuses {
				if c.State.Running == nil || time.Since(c.State.Running.StartedAt.Time) < promise+time.Second {
					return false, nil
				}
			}
		}
		return true, nil
	})
}
