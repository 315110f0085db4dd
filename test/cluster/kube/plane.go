package kube

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfastdns/holdfast/test/cluster/machine"
)

// The daemons of the control plane, by the names that Stop and Start take.
const (
	Etcd        = "etcd"
	Upstream    = "upstream"
	APIServer   = "kube-apiserver"
	Controllers = "kube-controller-manager"
	Scheduler   = "kube-scheduler"
	Containerd  = "containerd"
	Kubelet     = "kubelet"
	Proxy       = "kube-proxy"
	Bus         = "dbus-daemon"
	Logind      = "logind"
)

const programs = "/opt/kubernetes/"

// daemon is a command line, much as kubeadm's. The scheduler is not elected: one that is
// killed would else be back only when its lease has ended. The controllers are: they have to
// end when they lose the API server, as they do everywhere, or they would call all nodes
// dead when it is back.
func daemon(name, node, ip string) []string {
	const etc = machine.Etc
	switch name {
	case Etcd:
		return []string{"etcd", "--data-dir", "/var/lib/etcd-cluster", "--unsafe-no-fsync", "--log-level", "warn"}
	case Upstream:
		return []string{"/opt/inside/upstream", planeIP + ":53"}
	case APIServer:
		return []string{programs + name, "--etcd-servers=http://127.0.0.1:2379", "--service-cluster-ip-range=10.96.0.0/16",
			"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--client-ca-file=" + etc + "/ca.crt",
			"--tls-cert-file=" + etc + "/apiserver.crt", "--tls-private-key-file=" + etc + "/apiserver.key", "--secure-port=6443",
			"--advertise-address=" + planeIP, "--allow-privileged", "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
			"--service-account-key-file=" + etc + "/accounts.pub", "--service-account-signing-key-file=" + etc + "/accounts.key",
			"--kubelet-client-certificate=" + etc + "/kubelet-client.crt", "--kubelet-client-key=" + etc + "/kubelet-client.key"}
	case Controllers:
		return []string{programs + name, "--kubeconfig=" + etc + "/controllers.conf", "--root-ca-file=" + etc + "/ca.crt",
			"--service-account-private-key-file=" + etc + "/accounts.key", "--use-service-account-credentials",
			"--authorization-kubeconfig=" + etc + "/controllers.conf", "--authentication-kubeconfig=" + etc + "/controllers.conf"}
	case Scheduler:
		return []string{programs + name, "--leader-elect=false", "--kubeconfig=" + etc + "/scheduler.conf",
			"--authorization-kubeconfig=" + etc + "/scheduler.conf", "--authentication-kubeconfig=" + etc + "/scheduler.conf"}
	case Containerd:
		return []string{name, "--config", etc + "/containerd.toml"}
	case Bus:
		return []string{name, "--nofork", "--config-file=" + etc + "/dbus.conf"}
	case Logind:
		return []string{"/opt/inside/logind"}
	case Kubelet:
		return []string{programs + name, "--config=/run/kubelet.yaml", "--kubeconfig=" + etc + "/" + node + ".conf",
			"--node-ip=" + ip, "--hostname-override=" + node, "--cert-dir=/var/lib/kubelet/pki"}
	case Proxy:
		return []string{programs + name, "--config=" + etc + "/proxy.yaml", "--hostname-override=" + node}
	}
	panic("no daemon is called " + name)
}

// Start starts a daemon on a machine.
func (c *Cluster) Start(ctx context.Context, m *machine.Machine, name string) error {
	return m.Spawn(ctx, name, daemon(name, m.Name, m.IP)...)
}

// KubeletWith starts a kubelet again, with more in its configuration.
func (c *Cluster) KubeletWith(ctx context.Context, m *machine.Machine, more string) error {
	return errors.Join(
		m.Inside(ctx, fmt.Sprintf("cp "+machine.Etc+"/kubelet.yaml /run/kubelet.yaml; printf %%s '%s' >>/run/kubelet.yaml", more)),
		m.Kill(ctx, Kubelet, "KILL"),
		c.Start(ctx, m, Kubelet))
}
