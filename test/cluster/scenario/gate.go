package scenario

import (
	"context"
	"errors"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/holdfastdns/holdfast/test/cluster/kube"
)

func restart(ctx context.Context, l *lab, _ *outcome) error {
	if _, err := l.Kubectl(ctx, "-n", "kube-system", "rollout", "restart", "deployment/coredns"); err != nil {
		return err
	}
	if err := l.rolledOut(ctx); err != nil {
		return err
	}
	return l.whole(ctx)
}

// deletePods deletes all servers, and does not wait.
func (l *lab) deletePods(ctx context.Context, more ...string) error {
	_, err := l.Kubectl(ctx, append([]string{"-n", "kube-system", "delete", "pod", "-l", "k8s-app=kube-dns", "--wait=false"}, more...)...)
	return err
}

func deleteAll(ctx context.Context, l *lab, _ *outcome) error {
	if err := l.deletePods(ctx); err != nil {
		return err
	}
	return l.whole(ctx)
}

// deleteAllLate has no scheduler for a while, as if nodes were slow to pull the image.
func deleteAllLate(late time.Duration) func(context.Context, *lab, *outcome) error {
	return func(ctx context.Context, l *lab, _ *outcome) error {
		if err := l.Plane.Kill(ctx, kube.Scheduler, "STOP"); err != nil {
			return err
		}
		err := errors.Join(l.deletePods(ctx), wait(ctx, late))
		if err := errors.Join(err, l.Plane.Kill(ctx, kube.Scheduler, "CONT")); err != nil {
			return err
		}
		return l.whole(ctx)
	}
}

// drain drains one node after the other, as for an upgrade.
func drain(ctx context.Context, l *lab, o *outcome) error {
	for _, n := range l.Nodes() {
		if _, err := l.Kubectl(ctx, "drain", n.Name, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s"); err != nil {
			return err
		}
		if _, err := l.Kubectl(ctx, "uncordon", n.Name); err != nil {
			return err
		}
		if err := l.quiet(ctx); err != nil {
			return err
		}
	}
	return nil
}

// badCorefile rolls out a Corefile that no server starts with: for stock by its ConfigMap
// and a restart, as its reload would keep the old one.
func badCorefile(ctx context.Context, l *lab, o *outcome) error {
	const bad = ".:53 {\n    errors\n    forwrad . /etc/resolv.conf\n}\n"
	deployments := l.Client.AppsV1().Deployments("kube-system")
	configs := l.Client.CoreV1().ConfigMaps("kube-system")
	mend := func() error { return l.apply(ctx) }
	if l.side == stock {
		config, err := configs.Get(ctx, "coredns", metav1.GetOptions{})
		if err != nil {
			return err
		}
		good := config.Data["Corefile"]
		set := func(text string) error {
			config, err := configs.Get(ctx, "coredns", metav1.GetOptions{})
			if err != nil {
				return err
			}
			config.Data["Corefile"] = text
			if _, err := configs.Update(ctx, config, metav1.UpdateOptions{}); err != nil {
				return err
			}
			_, err = l.Kubectl(ctx, "-n", "kube-system", "rollout", "restart", "deployment/coredns")
			return err
		}
		mend = func() error { return errors.Join(set(good), l.rolledOut(ctx)) }
		if err := set(bad); err != nil {
			return err
		}
	} else {
		if err := l.write(bad); err != nil {
			return err
		}
		if _, err := l.Kubectl(ctx, "apply", "-k", l.overlay); err != nil {
			return err
		}
	}
	err := kube.Until(ctx, 2*time.Minute, "a server that does not start", func() (bool, error) {
		pods, err := l.servers(ctx)
		if err != nil {
			return false, err
		}
		for _, p := range pods {
			for _, c := range p.Status.ContainerStatuses {
				if c.RestartCount >= 2 {
					return true, nil
				}
			}
		}
		return false, nil
	})
	if err != nil {
		return err
	}
	d, err := deployments.Get(ctx, "coredns", metav1.GetOptions{})
	if err != nil {
		return err
	}
	o.note("%d of %d servers go on with the old one", d.Status.ReadyReplicas, *d.Spec.Replicas)
	if err := mend(); err != nil {
		return err
	}
	return l.whole(ctx)
}

// migrate is the manual's "Deploy", over what kubeadm has put there.
func migrate(ctx context.Context, l *lab, _ *outcome) error {
	if err := l.apply(ctx); err != nil {
		return err
	}
	l.side = holdfast
	return l.whole(ctx)
}

// back is the manual's "Go back". The last two go by force: stock servers promise nothing.
func back(ctx context.Context, l *lab, o *outcome) error {
	sets, err := l.Client.AppsV1().ReplicaSets("kube-system").List(ctx, metav1.ListOptions{LabelSelector: "k8s-app=kube-dns"})
	if err != nil {
		return err
	}
	revision := ""
	for _, s := range sets.Items {
		if strings.Contains(s.Spec.Template.Spec.Containers[0].Image, "coredns/coredns:") {
			revision = s.Annotations["deployment.kubernetes.io/revision"]
		}
	}
	if revision == "" {
		return errors.New("no revision of kubeadm's is left")
	}
	if _, err := l.Kubectl(ctx, "-n", "kube-system", "rollout", "undo", "deployment/coredns", "--to-revision="+revision); err != nil {
		return err
	}
	if err := l.rolledOut(ctx); err != nil {
		return err
	}
	if _, err := l.Kubectl(ctx, "-n", "kube-system", "delete", "networkpolicy/coredns", "poddisruptionbudget/coredns", "service/coredns-peers"); err != nil {
		return err
	}
	return l.whole(ctx)
}
