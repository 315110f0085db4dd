package kubernetes

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// What Kubernetes puts into the environment of a pod that starts after these Services.
const (
	kubeDNS  = "KUBE_DNS_SERVICE_HOST"
	upstream = "KUBE_DNS_UPSTREAM_SERVICE_HOST"
)

// node is the DaemonSet, its containers, and the server blocks of the caches' Corefile.
func node(t *testing.T) (all objects, d *appsv1.DaemonSet, theInterface, cache corev1.Container, bs []block) {
	t.Helper()
	t.Setenv(kubeDNS, "the address of kube-dns")
	t.Setenv(upstream, "the address of kube-dns-upstream")
	all = built(t, "nodelocal")
	d = get[*appsv1.DaemonSet](t, all, "DaemonSet node-local-dns")
	cs := d.Spec.Template.Spec.Containers
	if len(cs) != 2 || cs[0].Name != "interface" || cs[1].Name != "coredns" {
		t.Fatalf("the containers are %+v", cs)
	}
	return all, d, cs[0], cs[1], blocks(t, "nodelocal/Corefile")
}

func TestTheCacheIsAtTheAddressesThatItsInterfaceHas(t *testing.T) {
	_, d, on, cache, bs := node(t)
	const local = "169.254.20.10"
	// Kubernetes puts the value in the place of $(...).
	if i := slices.Index(on.Args, "-localip"); i < 0 || on.Args[i+1] != local+",$("+kubeDNS+")" {
		t.Errorf("the interface is made by %q", on.Args)
	}
	var keys []string
	for _, b := range bs {
		keys = append(keys, b.Keys...)
		if have := b.words("bind"); !slices.Equal(have, []string{local, "the address of kube-dns"}) {
			t.Errorf("%q are at %q", b.Keys, have)
		}
		if b.Tokens["selfpreserve"] != nil {
			t.Error("the caches of nodes are no peers of each other")
		}
	}
	if !slices.Equal(keys, []string{"cluster.local:53", "in-addr.arpa:53", "ip6.arpa:53", ".:53"}) {
		t.Errorf("the server blocks are of %q", keys)
	}
	health := bs[0].words("health")
	if !slices.Equal(health, []string{local + ":8080"}) {
		t.Errorf("health is at %q", health)
	}
	for _, c := range []corev1.Container{on, cache} {
		if get := c.LivenessProbe.HTTPGet; get.Path != "/health" || get.Host+":"+get.Port.String() != health[0] {
			t.Errorf("the probe of %s is %+v", c.Name, get)
		}
	}
	spec := d.Spec.Template.Spec
	if !spec.HostNetwork || spec.DNSPolicy != corev1.DNSDefault {
		t.Errorf("on the host's network: %t, dnsPolicy %s", spec.HostNetwork, spec.DNSPolicy)
	}
}

// node-cache makes its rules after a minute, if it is not told of a pidfile.
func TestWithoutACacheThereAreNoRules(t *testing.T) {
	_, _, on, _, _ := node(t)
	if slices.Contains(on.Args, "-pidfile") || slices.Contains(on.Args, "-skipteardown") {
		t.Errorf("node-cache is started with %q", on.Args)
	}
	p := on.LivenessProbe
	if ends := time.Duration(p.InitialDelaySeconds+(p.FailureThreshold-1)*p.PeriodSeconds+p.TimeoutSeconds) * time.Second; ends >= time.Minute {
		t.Errorf("it is ended after %s", ends)
	}
}

func TestTheCacheAsksTheServersByAServiceOfTheirOwn(t *testing.T) {
	all, _, on, _, bs := node(t)
	s := get[*corev1.Service](t, all, "Service kube-dns-upstream")
	if env := strings.ReplaceAll(strings.ToUpper(s.Name), "-", "_") + "_SERVICE_HOST"; env != upstream {
		t.Errorf("the address is in %s, the Corefile has %s", env, upstream)
	}
	if i := slices.Index(on.Args, "-upstreamsvc"); i < 0 || on.Args[i+1] != s.Name {
		t.Errorf("node-cache is told of %q", on.Args)
	}
	servers, _, _, _ := server(t)
	pods := get[*appsv1.Deployment](t, servers, "Deployment coredns").Spec.Template.Labels
	if !labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(pods)) || len(s.Spec.Selector) == 0 {
		t.Errorf("the Service selects %q, the servers have %q", s.Spec.Selector, pods)
	}
	var ports []string
	for _, p := range s.Spec.Ports {
		ports = append(ports, fmt.Sprintf("%d/%s to %s", p.Port, p.Protocol, p.TargetPort.String()))
	}
	if !slices.Equal(ports, []string{"53/UDP to 53", "53/TCP to 53"}) {
		t.Errorf("the Service has %q", ports)
	}
	for i, want := range []string{"the address of kube-dns-upstream", "the address of kube-dns-upstream", "/etc/resolv.conf"} {
		if have := bs[i].lines("forward")[0]; !slices.Equal(have, []string{"forward", ".", want}) {
			t.Errorf("%q: %q", bs[i].Keys, have)
		}
	}
}

func TestExampleNodelocalLeavesWithinTheGracePeriod(t *testing.T) {
	_, d, on, cache, bs := node(t)
	spec := d.Spec.Template.Spec
	if sum, grace := bs[0].duration("health", "lameduck")+closing, time.Duration(*spec.TerminationGracePeriodSeconds)*time.Second; sum >= grace {
		t.Errorf("it takes up to %s to go, and is killed after %s", sum, grace)
	}
	if !labels.SelectorFromSet(d.Spec.Selector.MatchLabels).Matches(labels.Set(d.Spec.Template.Labels)) || labels.Set(spec.NodeSelector)["kubernetes.io/os"] != "linux" {
		t.Errorf("it selects %q", d.Spec.Selector.MatchLabels)
	}
	_, _, c, _ := server(t)
	if cache.Image != c.Image {
		t.Errorf("the caches are %s, the servers %s", cache.Image, c.Image)
	}
	for _, v := range []struct {
		of   corev1.Container
		conf string
	}{{on, "/etc/coredns/Corefile.base"}, {cache, cache.Args[1]}} {
		i := slices.IndexFunc(spec.Volumes, func(s corev1.Volume) bool { return s.Name == v.of.VolumeMounts[0].Name })
		if have := path.Join(v.of.VolumeMounts[0].MountPath, spec.Volumes[i].ConfigMap.Items[0].Path); have != v.conf {
			t.Errorf("%s has %s, and reads %s", v.of.Name, have, v.conf)
		}
	}
	if s := cache.SecurityContext; *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !*s.RunAsNonRoot || s.Privileged != nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
		t.Errorf("the cache may do too much: %+v", s)
	}
}
