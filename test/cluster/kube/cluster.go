// Package kube makes a cluster of machines: etcd and the control plane on one, and kubelets
// and kube-proxies on the others, each the real program.
package kube

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/holdfastdns/holdfast/test/cluster/machine"
	"github.com/holdfastdns/holdfast/test/cluster/parts"
)

// Options are what differs from one cluster to another.
type Options struct {
	Proxy string // kube-proxy's mode: iptables or nftables
	// Nodes besides the last one, which takes no DNS servers: there are the clients.
	Nodes int
}

// Cluster is one that runs.
type Cluster struct {
	Plane  *machine.Machine
	nodes  []*machine.Machine
	Client kubernetes.Interface

	parts   *parts.Parts
	options Options
	run     string // its name
	dir     string // its files, which machines have at machine.Etc
}

const planeIP = "172.30.0.2"

// Address of the Service of the cluster's DNS.
const Address = "10.96.0.10"

func pods(node int) string { return fmt.Sprintf("10.244.%d.0/24", node+1) }

// Up makes a cluster and waits until its nodes are ready. What it has made by then is
// machine.Remove's to take away, also when it fails.
func Up(ctx context.Context, p *parts.Parts, run, dir string, o Options) (*Cluster, error) {
	c := &Cluster{parts: p, options: o, run: run, dir: dir}
	for i := range o.Nodes + 1 {
		c.nodes = append(c.nodes, &machine.Machine{Name: fmt.Sprintf("n%d", i+1), IP: fmt.Sprintf("172.30.0.%d", 11+i)})
	}
	if err := c.files(); err != nil {
		return nil, err
	}
	if err := machine.Wire(ctx); err != nil {
		return nil, err
	}
	ready := make(chan error, len(c.nodes))
	for i := range c.nodes {
		go func() { ready <- c.node(ctx, i) }()
	}
	err := c.plane(ctx)
	for range c.nodes {
		if e := <-ready; err == nil {
			err = e
		}
	}
	if err != nil {
		return nil, err
	}
	return c, c.label(ctx)
}

// plane starts the control plane, and waits for its API server.
func (c *Cluster) plane(ctx context.Context) (err error) {
	if c.Plane, err = machine.Start(ctx, c.parts, c.run, "plane", planeIP, c.dir); err != nil {
		return err
	}
	for i, n := range c.nodes {
		if err := c.Plane.Inside(ctx, "ip route replace "+pods(i)+" via "+n.IP); err != nil {
			return err
		}
		if err := machine.Route(ctx, pods(i), n.IP); err != nil {
			return err
		}
	}
	for _, name := range []string{Etcd, Upstream, APIServer} {
		if err := c.Start(ctx, c.Plane, name); err != nil {
			return err
		}
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 50, 100
	if c.Client, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	if err := c.APIReady(ctx); err != nil {
		return err
	}
	// They end at once if the API server is not there yet.
	for _, name := range []string{Controllers, Scheduler} {
		if err := c.Start(ctx, c.Plane, name); err != nil {
			return err
		}
	}
	return nil
}

// node starts a machine with a runtime that has all images, a kubelet and a kube-proxy.
func (c *Cluster) node(ctx context.Context, i int) error {
	planned := c.nodes[i]
	n, err := machine.Start(ctx, c.parts, c.run, planned.Name, planned.IP, c.dir)
	if err != nil {
		return err
	}
	*planned = *n
	routes := ""
	for j, other := range c.nodes {
		if j != i {
			routes += "ip route replace " + pods(j) + " via " + other.IP + "\n"
		}
	}
	if err := n.Inside(ctx, "mkdir -p /run/cni/net.d /run/dbus /var/log /var/lib/kubelet\ncp "+machine.Etc+"/kubelet.yaml /run/\ncp "+machine.Etc+"/"+n.Name+".conflist /run/cni/net.d/\nsysctl -qw net.ipv4.ip_forward=1\n"+routes); err != nil {
		return err
	}
	if err := c.Start(ctx, n, Containerd); err != nil {
		return err
	}
	err = Until(ctx, time.Minute, "containerd on "+n.Name, func() (bool, error) {
		return n.Inside(ctx, "ctr version >/dev/null") == nil, nil
	})
	if err != nil {
		return err
	}
	images := "ctr -n k8s.io images import " + machine.Etc + "/images.tar >/dev/null"
	for name, made := range names {
		images += "\nctr -n k8s.io images tag " + made + " " + name + " >/dev/null"
	}
	if err := n.Inside(ctx, images); err != nil {
		return err
	}
	for _, name := range []string{Bus, Proxy} {
		if err := c.Start(ctx, n, name); err != nil {
			return err
		}
	}
	if err := Until(ctx, time.Minute, "the message bus on "+n.Name, func() (bool, error) {
		err := n.Inside(ctx, "test -S /run/dbus/system_bus_socket")
		return err == nil, err
	}); err != nil {
		return err
	}
	for _, name := range []string{Logind, Kubelet} {
		if err := c.Start(ctx, n, name); err != nil {
			return err
		}
	}
	return nil
}

// names are those that manifests have for the images that were made here.
var names = map[string]string{
	// Stock is the same binary, so that only manifests and Corefile differ.
	"registry.k8s.io/coredns/coredns:v1.14.2": parts.Holdfast,
	"registry.example.org/holdfast:0.2.0-1":   parts.Holdfast,
	// That of manifests to which no overlay gives another.
	"ghcr.io/holdfastdns/holdfast:0.2.0": parts.Holdfast,
	// A stand-in: the original is in no module.
	"registry.k8s.io/dns/k8s-dns-node-cache:1.26.7": parts.NodeCache,
}

// Kubeconfig is the administrator's.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.dir, "admin.conf") }

// KubeadmConfig is what kubeadm is told of the cluster.
func (c *Cluster) KubeadmConfig() string { return filepath.Join(c.dir, "kubeadm.yaml") }

// Nodes are those that take DNS servers.
func (c *Cluster) Nodes() []*machine.Machine { return c.nodes[:c.options.Nodes] }

// Clients is the node that takes none.
func (c *Cluster) Clients() *machine.Machine { return c.nodes[c.options.Nodes] }

// All are all nodes.
func (c *Cluster) All() []*machine.Machine { return c.nodes }
