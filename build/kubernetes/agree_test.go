package kubernetes

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// closing is how long CoreDNS takes at most to close its listeners.
const closing = 5 * time.Second

// server is the Deployment and the one server block of its Corefile.
func server(t *testing.T) (all objects, d *appsv1.Deployment, c corev1.Container, b block) {
	t.Helper()
	all = built(t, ".")
	d = get[*appsv1.Deployment](t, all, "Deployment coredns")
	if n := len(d.Spec.Template.Spec.Containers); n != 1 {
		t.Fatalf("%d containers", n)
	}
	bs := blocks(t, "Corefile")
	if len(bs) != 1 {
		t.Fatalf("%d server blocks", len(bs))
	}
	return all, d, d.Spec.Template.Spec.Containers[0], bs[0]
}

func TestEverySelectorSelectsTheServers(t *testing.T) {
	all, d, _, _ := server(t)
	pod, spec := labels.Set(d.Spec.Template.Labels), d.Spec.Template.Spec
	selectors := map[string]*metav1.LabelSelector{
		"Deployment": d.Spec.Selector,
		"budget":     get[*policyv1.PodDisruptionBudget](t, all, "PodDisruptionBudget coredns").Spec.Selector,
	}
	for _, c := range spec.TopologySpreadConstraints {
		selectors["spread of "+c.TopologyKey] = c.LabelSelector
	}
	for _, name := range []string{"kube-dns", "coredns-peers"} {
		s := get[*corev1.Service](t, all, "Service "+name)
		selectors[name] = metav1.SetAsLabelSelector(s.Spec.Selector)
	}
	for of, selector := range selectors {
		s, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		if s.Empty() || !s.Matches(pod) {
			t.Errorf("the selector of %s, %q, does not select the pods, %q", of, s, pod)
		}
	}
	// kubeadm's, which a Deployment that is there would not give up.
	if want := map[string]string{"k8s-app": "kube-dns"}; !labels.Equals(d.Spec.Selector.MatchLabels, want) {
		t.Errorf("the Deployment selects %q, want %q", d.Spec.Selector.MatchLabels, want)
	}
}

func TestPortsOfServicesProbesAndCorefileAreTheSame(t *testing.T) {
	all, _, c, b := server(t)
	_, dns, _ := strings.Cut(b.Keys[0], ":")
	port := func(address string) int32 {
		n, err := strconv.ParseInt(strings.TrimPrefix(address, ":"), 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		return int32(n)
	}
	peers := port(b.word("selfpreserve"))
	const health, ready = int32(8080), int32(8181) // their defaults
	for _, name := range []string{"health", "ready"} {
		if given := b.words(name); len(given) != 0 {
			t.Fatalf("%s is at %q", name, given)
		}
	}
	listening := map[string]bool{dns + "/UDP": true, dns + "/TCP": true}
	for _, p := range []int32{port(b.word("prometheus")), health, ready, peers} {
		listening[fmt.Sprint(p, "/TCP")] = true
	}
	named := map[string]int32{}
	for _, p := range c.Ports {
		if at := fmt.Sprintf("%d/%s", p.ContainerPort, p.Protocol); !listening[at] {
			t.Errorf("the Corefile does not listen at %s, port %s", at, p.Name)
		}
		named[p.Name] = p.ContainerPort
	}
	if len(c.Ports) != len(listening) {
		t.Errorf("the container has %d ports, the Corefile %d", len(c.Ports), len(listening))
	}
	for service, want := range map[string][]string{"kube-dns": {"53/UDP", "53/TCP", "9153/TCP"}, "coredns-peers": {fmt.Sprint(peers, "/TCP")}} {
		var have []string
		for _, p := range get[*corev1.Service](t, all, "Service "+service).Spec.Ports {
			have = append(have, fmt.Sprintf("%d/%s", p.Port, p.Protocol))
			if p.TargetPort != intstr.FromInt32(p.Port) || !listening[have[len(have)-1]] {
				t.Errorf("%s has port %s, which leads to %s", service, have[len(have)-1], p.TargetPort.String())
			}
		}
		if !slices.Equal(have, want) {
			t.Errorf("%s has %q, want %q", service, have, want)
		}
	}
	for _, p := range []struct {
		probe *corev1.Probe
		path  string
		port  int32
	}{{c.ReadinessProbe, "/ready", peers}, {c.LivenessProbe, "/health", health}} {
		if get := p.probe.HTTPGet; get.Path != p.path || named[get.Port.StrVal] != p.port || get.Scheme != corev1.URISchemeHTTP {
			t.Errorf("the probe of %s asks for %+v, want port %d", p.path, get, p.port)
		}
	}
}

func TestTheServersFindEachOtherByTheHeadlessService(t *testing.T) {
	all, _, _, b := server(t)
	s := get[*corev1.Service](t, all, "Service coredns-peers")
	if s.Spec.ClusterIP != corev1.ClusterIPNone || !s.Spec.PublishNotReadyAddresses {
		t.Errorf("it has the address %q, and publishes who is not ready: %t", s.Spec.ClusterIP, s.Spec.PublishNotReadyAddresses)
	}
	want := []string{"dns", s.Name + "." + s.Namespace + ".svc." + b.words("kubernetes")[0]}
	if have := b.words("selfpreserve", "peers"); !slices.Equal(have, want) {
		t.Errorf("the peers are %q, want %q", have, want)
	}
}

func TestExampleKubernetesLeavesWithinTheGracePeriod(t *testing.T) {
	_, d, c, b := server(t)
	spec := d.Spec.Template.Spec
	duck := b.duration("health", "lameduck")
	grace := time.Duration(*spec.TerminationGracePeriodSeconds) * time.Second
	if sum := b.duration("selfpreserve", "max_hold") + duck + closing; sum >= grace {
		t.Errorf("it takes up to %s to go, and is killed after %s", sum, grace)
	}
	r := c.ReadinessProbe
	if notice := time.Duration(r.PeriodSeconds*r.FailureThreshold+r.TimeoutSeconds) * time.Second; notice >= duck {
		t.Errorf("the readiness probe takes %s to notice a lame duck of %s", notice, duck)
	}
}

func TestAsManyHaveToStayAsTheBudgetSays(t *testing.T) {
	all, d, _, b := server(t)
	stay, err := strconv.Atoi(b.word("selfpreserve", "min_peers"))
	if err != nil {
		t.Fatal(err)
	}
	away := get[*policyv1.PodDisruptionBudget](t, all, "PodDisruptionBudget coredns").Spec.MaxUnavailable.IntValue()
	if away != 1 || stay != int(*d.Spec.Replicas)-away {
		t.Errorf("%d have to stay, of %d of which %d may be away", stay, *d.Spec.Replicas, away)
	}
	// A new one in service before an old one goes, on as few hosts as there are replicas.
	roll := d.Spec.Strategy.RollingUpdate
	if roll.MaxSurge.IntValue() != 1 || roll.MaxUnavailable.String() != "0" {
		t.Errorf("a rollout surges by %s while %s are away", roll.MaxSurge, roll.MaxUnavailable)
	}
	// How hosts are shared is in placement_test.go.
	spread := d.Spec.Template.Spec.TopologySpreadConstraints
	if zones := spread[len(spread)-1]; zones.TopologyKey != corev1.LabelTopologyZone || zones.WhenUnsatisfiable != corev1.ScheduleAnyway {
		t.Errorf("the servers are spread by %+v", zones)
	}
}

func TestTheContainerReadsTheConfigMapAndCanDoNothingElse(t *testing.T) {
	all, d, c, _ := server(t)
	spec := d.Spec.Template.Spec
	volume, mount := spec.Volumes[0], c.VolumeMounts[0]
	var name string
	for _, object := range all {
		if m, ok := object.(*corev1.ConfigMap); ok {
			name = m.Name
		}
	}
	item := volume.ConfigMap.Items[0]
	if volume.Name != mount.Name || volume.ConfigMap.Name != name || item.Key != "Corefile" ||
		!slices.Equal(c.Args, []string{"-conf", path.Join(mount.MountPath, item.Path)}) {
		t.Errorf("the container reads %q, mounts %+v of %+v, and the ConfigMap is %s", c.Args, mount, volume, name)
	}
	if !*spec.SecurityContext.RunAsNonRoot || *spec.SecurityContext.RunAsUser != 65532 {
		t.Errorf("it runs as %d", *spec.SecurityContext.RunAsUser)
	}
	s := c.SecurityContext
	if *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) ||
		!slices.Equal(s.Capabilities.Add, []corev1.Capability{"NET_BIND_SERVICE"}) {
		t.Errorf("it may do too much: %+v", s)
	}
	if spec.PriorityClassName != "system-cluster-critical" || c.Resources.Requests.Cpu().IsZero() || c.Resources.Limits.Memory().IsZero() {
		t.Errorf("priority %q, resources %+v", spec.PriorityClassName, c.Resources)
	}
	if spec.DNSPolicy != corev1.DNSDefault {
		t.Errorf("it forwards to itself: dnsPolicy %s", spec.DNSPolicy)
	}
}

func TestTheServersMayReadWhatTheyServe(t *testing.T) {
	all, d, _, _ := server(t)
	account := get[*corev1.ServiceAccount](t, all, "ServiceAccount "+d.Spec.Template.Spec.ServiceAccountName)
	role := get[*rbacv1.ClusterRole](t, all, "ClusterRole system:coredns")
	binding := get[*rbacv1.ClusterRoleBinding](t, all, "ClusterRoleBinding system:coredns")
	if s := binding.Subjects[0]; len(binding.Subjects) != 1 || s.Kind != "ServiceAccount" || s.Name != account.Name || s.Namespace != account.Namespace {
		t.Errorf("the role is given to %+v", binding.Subjects)
	}
	if r := binding.RoleRef; r.Kind != "ClusterRole" || r.Name != role.Name || r.APIGroup != rbacv1.GroupName {
		t.Errorf("what is given is %+v", r)
	}
	var may []string
	for _, r := range role.Rules {
		for _, group := range r.APIGroups {
			for _, resource := range r.Resources {
				may = append(may, group+"/"+resource)
			}
		}
		if !slices.Equal(r.Verbs, []string{"list", "watch"}) {
			t.Errorf("they may %q", r.Verbs)
		}
	}
	if slices.Sort(may); !slices.Equal(may, []string{"/namespaces", "/pods", "/services", "discovery.k8s.io/endpointslices"}) {
		t.Errorf("they may read %q", may)
	}
}
