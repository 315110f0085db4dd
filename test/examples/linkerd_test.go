package examples

import (
	"testing"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

// headless are a headless Service and the addresses that it has.
func headless(namespace, name string, port int32, addresses ...string) []apiserver.Object {
	spec := corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone, Ports: []corev1.ServicePort{{Name: "grpc", Port: port, Protocol: corev1.ProtocolTCP}}}
	slice := &discoveryv1.EndpointSlice{
		TypeMeta: metav1.TypeMeta{Kind: "EndpointSlice", APIVersion: discoveryv1.SchemeGroupVersion.String()},
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name + "-1",
			Labels: map[string]string{discoveryv1.LabelServiceName: name}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: addresses}},
		Ports:       []discoveryv1.EndpointPort{{Name: &spec.Ports[0].Name, Port: &port, Protocol: &spec.Ports[0].Protocol}},
	}
	return []apiserver.Object{apiserver.Service(namespace, name, spec), slice}
}

// scattered fails the test unless 20 answers have TTLs from lowest to highest, not all the
// same.
func (e *example) scattered(t *testing.T, name string, qtype uint16, rcode int, lowest, highest uint32) {
	t.Helper()
	seen := make(map[uint32]bool)
	for range 20 {
		reply := e.ask(t, name, qtype)
		low, high := lab.TTLs(reply)
		if reply.Rcode != rcode || low < lowest || high > highest {
			t.Fatalf("want rcode %d and TTLs of %d to %d:\n%v", rcode, lowest, highest, reply)
		}
		seen[low] = true
	}
	if len(seen) == 1 {
		t.Errorf("20 answers for %s have one TTL", name)
	}
}

func TestExampleLinkerdScattersTheControlPlane(t *testing.T) {
	t.Parallel()
	ports := []corev1.ServicePort{{Name: "grpc", Port: 8090, Protocol: corev1.ProtocolTCP}}
	api := apiserver.Start(t, append(headless("linkerd", "linkerd-dst-headless", 8086, "10.0.0.1", "10.0.0.2"),
		apiserver.Namespace("linkerd"), apiserver.Namespace("default"),
		apiserver.Service("linkerd", "linkerd-policy", corev1.ServiceSpec{ClusterIP: "10.96.0.90", Ports: ports}),
		apiserver.Service("default", "kubernetes", corev1.ServiceSpec{ClusterIP: "10.96.0.1", Ports: ports}))...)
	outside := lab.StartUpstream(t)
	const kubernetes = "kubernetes.default.svc.cluster.local."
	// TTL 0 is what the proxies had, and not kubernetes' default.
	e := startClusterExample(t, "linkerd", kubernetes, api, outside.Addr, "pods insecure", "pods insecure\n        ttl 0")
	for _, name := range []string{"linkerd-policy.linkerd.svc.cluster.local.", "linkerd-dst-headless.linkerd.svc.cluster.local."} {
		e.scattered(t, name, dns.TypeSRV, dns.RcodeSuccess, 33, 45)
	}
	e.scattered(t, "gone.linkerd.svc.cluster.local.", dns.TypeSRV, dns.RcodeNameError, 5, 8)
	for range 20 {
		if _, high := lab.TTLs(e.ask(t, kubernetes, dns.TypeA)); high > 5 {
			t.Errorf("a name of another namespace has TTL %d", high)
		}
	}
	if !e.Answers("example.com.") || !outside.WasAskedFor("example.com.") {
		t.Error("a name outside is not forwarded")
	}
	typed := lab.Typed(t, "corefile-examples/linkerd/README.md", 2)
	const scattered = `\s(3[3-9]|4[0-5])\s+IN\s+SRV\s`
	e.awaitShown(t, typed[0], `(?m)^linkerd-policy\S+`+scattered, `(?m)^linkerd-dst-headless\S+`+scattered, `(?m)^kubernetes\S+\s[0-5]\s+IN\s+A\s`)
	e.awaitShown(t, typed[1], `coredns_ttlfloor_responses_total\{reason="zero",`)
	lab.Until(t, "it is ready", func() bool { return e.Ready() == "200 OK" })
}
