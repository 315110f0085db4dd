package kubernetes

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// admits tells whether a policy of ingress lets pods of its namespace that have these
// labels in, or with none of them anybody.
func admits(t *testing.T, policy *networkingv1.NetworkPolicy, from labels.Set, protocol corev1.Protocol, port int) bool {
	t.Helper()
	for _, rule := range policy.Spec.Ingress {
		who := len(rule.From) == 0
		for _, peer := range rule.From {
			if peer.NamespaceSelector != nil || peer.IPBlock != nil {
				t.Errorf("the policy admits %+v, which is more than the peers", peer)
				continue
			}
			s, err := metav1.LabelSelectorAsSelector(peer.PodSelector)
			if err != nil {
				t.Fatal(err)
			}
			who = who || from != nil && s.Matches(from)
		}
		where := len(rule.Ports) == 0
		for _, p := range rule.Ports {
			where = where || *p.Protocol == protocol && p.Port.IntValue() == port
		}
		if who && where {
			return true
		}
	}
	return false
}

func TestNobodyButThePeersReachesTheirPort(t *testing.T) {
	all, d, _, _ := server(t)
	policy := get[*networkingv1.NetworkPolicy](t, all, "NetworkPolicy coredns")
	pods := labels.Set(d.Spec.Template.Labels)
	of, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
	if err != nil {
		t.Fatal(err)
	}
	if of.Empty() || !of.Matches(pods) || len(policy.Spec.PolicyTypes) != 1 || policy.Spec.PolicyTypes[0] != networkingv1.PolicyTypeIngress {
		t.Errorf("the policy is for %s, of %s", policy.Spec.PolicyTypes, of)
	}
	for _, c := range []struct {
		who      string
		from     labels.Set
		protocol corev1.Protocol
		port     int
		want     bool
	}{
		{"anybody", nil, corev1.ProtocolUDP, 53, true},
		{"anybody", nil, corev1.ProtocolTCP, 53, true},
		{"anybody", nil, corev1.ProtocolTCP, 9153, true},
		{"anybody", nil, corev1.ProtocolTCP, 8182, false},
		{"anybody", nil, corev1.ProtocolTCP, 8080, false},
		{"another pod", labels.Set{"k8s-app": "kube-proxy"}, corev1.ProtocolTCP, 8182, false},
		{"a peer", pods, corev1.ProtocolTCP, 8182, true},
	} {
		if have := admits(t, policy, c.from, c.protocol, c.port); have != c.want {
			t.Errorf("%s is admitted at %s %d: %t", c.who, c.protocol, c.port, have)
		}
	}
}
