// Package scenario does to a cluster's DNS what happens to it, to stock CoreDNS as kubeadm
// deploys it and to Holdfast, and says what each lost and how each one's servers left.
package scenario

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/holdfastdns/holdfast/test/cluster/kube"
	"github.com/holdfastdns/holdfast/test/cluster/machine"
	"github.com/holdfastdns/holdfast/test/cluster/parts"
	"github.com/holdfastdns/holdfast/test/cluster/witness"
)

// side is who serves DNS.
type side string

const (
	stock    side = "stock"
	holdfast side = "Holdfast"
)

// lab is a cluster and what runs in it.
type lab struct {
	*kube.Cluster
	parts   *parts.Parts
	witness *witness.Witness
	side    side // that is deployed; empty: none, or not as it should be
	overlay string
}

func newLab(ctx context.Context, c *kube.Cluster, p *parts.Parts) (*lab, error) {
	l := &lab{Cluster: c, parts: p, overlay: filepath.Join(p.Run, "overlay")}
	var err error
	if l.witness, err = witness.Watch(ctx, c); err != nil {
		return nil, err
	}
	return l, l.clientPod(ctx)
}

// clientPod makes the pod whose network the audience asks from.
func (l *lab) clientPod(ctx context.Context) error {
	pod := &v1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: client, Namespace: "default"},
		Spec: v1.PodSpec{
			NodeName: l.Clients().Name,
			Containers: []v1.Container{{
				Name: client, Image: parts.Pause, Args: []string{client}, ImagePullPolicy: v1.PullNever,
			}},
		},
	}
	err := kube.Until(ctx, time.Minute, "the service account of the client pod", func() (bool, error) {
		_, err := l.Client.CoreV1().Pods("default").Create(ctx, pod, metav1.CreateOptions{})
		return err == nil, err
	})
	if err != nil {
		return err
	}
	_, err = l.Kubectl(ctx, "wait", "--for=condition=Ready", "--timeout=60s", "pod/"+client)
	return err
}

const client = "client"

const overlay = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- %s
images:
- name: ghcr.io/holdfastdns/holdfast
  newName: registry.example.org/holdfast
  newTag: 0.2.0-1
`

// write writes Holdfast's overlay, as build/kubernetes/README.md has it, with a Corefile
// of its own unless that is empty.
func (l *lab) write(corefile string) error {
	base, err := filepath.Rel(l.overlay, filepath.Join(l.parts.Root, "build/kubernetes"))
	if err != nil {
		return err
	}
	text := fmt.Sprintf(overlay, base)
	if err := os.RemoveAll(l.overlay); err != nil {
		return err
	}
	if err := os.MkdirAll(l.overlay, 0o755); err != nil {
		return err
	}
	if corefile != "" {
		text += "configMapGenerator:\n- name: holdfast\n  namespace: kube-system\n  behavior: replace\n  files:\n  - Corefile\n"
		if err := os.WriteFile(filepath.Join(l.overlay, "Corefile"), []byte(corefile), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(l.overlay, "kustomization.yaml"), []byte(text), 0o644)
}

// apply is the manual's "Deploy", to the end of the rollout.
func (l *lab) apply(ctx context.Context) error {
	if err := l.write(""); err != nil {
		return err
	}
	if _, err := l.Kubectl(ctx, "apply", "-k", l.overlay); err != nil {
		return err
	}
	return l.rolledOut(ctx)
}

func (l *lab) rolledOut(ctx context.Context) error {
	_, err := l.Kubectl(ctx, "-n", "kube-system", "rollout", "status", "deployment/coredns", "--timeout=240s")
	return err
}

// deploy makes a side be what serves, from nothing for stock: undoing Holdfast leaves its
// replicas and strategy.
func (l *lab) deploy(ctx context.Context, to side) error {
	if l.side == to {
		return nil
	}
	if to == holdfast && l.side != stock {
		// As a cluster comes to it, and can go back.
		if err := l.deploy(ctx, stock); err != nil {
			return err
		}
	}
	l.side = ""
	if to == stock {
		for _, args := range []string{
			"delete deployment/coredns configmap/coredns networkpolicy/coredns poddisruptionbudget/coredns service/coredns-peers --ignore-not-found --wait",
			"wait --for=delete pod -l k8s-app=kube-dns --timeout=120s",
		} {
			if _, err := l.Kubectl(ctx, append([]string{"-n", "kube-system"}, strings.Fields(args)...)...); err != nil {
				return err
			}
		}
		if _, err := l.Kubeadm(ctx, "init", "phase", "addon", "coredns", "--config", l.KubeadmConfig(), "--kubeconfig", l.Kubeconfig()); err != nil {
			return err
		}
		if err := l.rolledOut(ctx); err != nil {
			return err
		}
	} else if err := l.apply(ctx); err != nil {
		return err
	}
	l.side = to
	return nil
}

// node finds a node by its name.
func (l *lab) node(name string) *machine.Machine {
	for _, n := range l.All() {
		if n.Name == name {
			return n
		}
	}
	return nil
}
