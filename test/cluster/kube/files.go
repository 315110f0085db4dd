package kube

import (
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/holdfastdns/holdfast/test/cluster/machine"
	"github.com/holdfastdns/holdfast/test/cluster/parts"
)

// files writes what the cluster's programs read.
func (c *Cluster) files() error {
	a, err := newAuthority(c.dir)
	if err != nil {
		return err
	}
	if err := a.accounts(); err != nil {
		return err
	}
	const api = "kubernetes"
	if _, _, err := a.sign("apiserver", "kube-apiserver", api, []string{api, api + ".default", api + ".default.svc", api + ".default.svc.cluster.local"},
		[]net.IP{net.ParseIP("10.96.0.1"), net.ParseIP("127.0.0.1"), net.ParseIP(planeIP)}); err != nil {
		return err
	}
	if _, _, err := a.sign("kubelet-client", "kube-apiserver-kubelet-client", "system:masters", nil, nil); err != nil {
		return err
	}
	users := [][3]string{
		{"admin", "kubernetes-admin", "system:masters"},
		{"controllers", "system:kube-controller-manager", ""},
		{"scheduler", "system:kube-scheduler", ""},
		{"proxy", "system:kube-proxy", ""},
	}
	for _, n := range c.nodes {
		users = append(users, [3]string{n.Name, "system:node:" + n.Name, "system:nodes"})
	}
	for _, u := range users {
		cert, key, err := a.sign(u[0], u[1], u[2], nil, nil)
		if err != nil {
			return err
		}
		if err := c.write(u[0]+".conf", fmt.Sprintf(kubeconfig, planeIP, encode(a.pem), encode(cert), encode(key))); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{
		"kubelet.yaml":    kubeletConfig,
		"proxy.yaml":      fmt.Sprintf(proxyConfig, c.options.Proxy),
		"containerd.toml": fmt.Sprintf(containerdConfig, parts.Pause),
		"kubeadm.yaml":    fmt.Sprintf(kubeadmConfig, planeIP, parts.Version),
		"dbus.conf":       busConfig,
		"resolv.conf":     "nameserver " + planeIP + "\n",
	} {
		if err := c.write(name, text); err != nil {
			return err
		}
	}
	for i, n := range c.nodes {
		if err := c.write(n.Name+".conflist", fmt.Sprintf(network, pods(i))); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) write(name, text string) error {
	return os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o644)
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

const kubeconfig = `apiVersion: v1
kind: Config
clusters: [{name: holdfast, cluster: {server: "https://%s:6443", certificate-authority-data: %s}}]
users: [{name: user, user: {client-certificate-data: %s, client-key-data: %s}}]
contexts: [{name: holdfast, context: {cluster: holdfast, user: user}}]
current-context: holdfast
`

// What differs from kubeadm's is due to nodes that are containers: cgroups of version 1,
// no systemd, and a disk that others fill.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: ` + machine.Etc + `/ca.crt}}
authorization: {mode: Webhook}
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
resolvConf: ` + machine.Etc + `/resolv.conf
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 50Mi, nodefs.available: "0%", imagefs.available: "0%", nodefs.inodesFree: "0%", imagefs.inodesFree: "0%"}
`

// What kubeadm puts its addon in with. It wants a runtime, and does not ask it.
const kubeadmConfig = `apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint: {advertiseAddress: %s}
nodeRegistration: {name: plane, criSocket: unix:///run/containerd/containerd.sock}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: %s
networking: {serviceSubnet: 10.96.0.0/16, dnsDomain: cluster.local}
`

// Conntrack's sizes belong to the machine that all nodes share: left alone.
const proxyConfig = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: %s
clientConnection: {kubeconfig: ` + machine.Etc + `/proxy.conf}
clusterCIDR: 10.244.0.0/16
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`

const containerdConfig = `version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%s"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/run/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
`

const network = `{"cniVersion": "0.4.0", "name": "holdfast", "plugins": [
  {"type": "ptp", "ipMasq": false, "ipam": {"type": "host-local", "dataDir": "/run/cni-ipam", "subnet": "%s", "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
`

// busConfig lets everybody on a node say everything.
const busConfig = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/><allow user="*"/></policy>
</busconfig>
`
