package examples

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

// The servers of build/kubernetes with their Corefile, in the middle of a rollout: three,
// and the new one, which find each other by their headless Service. One of them is told to
// go, and then the others all at once.
func TestExampleKubernetesRollsAndKeepsTwo(t *testing.T) {
	t.Parallel()
	lab.TakeTurn(t)
	const pods, promise = 4, 2 * time.Second
	text := readExample(t, "kubernetes/Corefile")
	port, peers := lab.FreePort(t), lab.FreePort(t)
	slice := &discoveryv1.EndpointSlice{
		TypeMeta: metav1.TypeMeta{Kind: "EndpointSlice", APIVersion: discoveryv1.SchemeGroupVersion.String()},
		ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "coredns-peers-1",
			Labels: map[string]string{discoveryv1.LabelServiceName: "coredns-peers"}},
		AddressType: discoveryv1.AddressTypeIPv4,
	}
	for i := range pods {
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{Addresses: []string{fmt.Sprintf("127.0.0.%d", i+1)}})
	}
	api := apiserver.Start(t, apiserver.Namespace("kube-system"), apiserver.Namespace("default"), slice,
		apiserver.Service("kube-system", "coredns-peers", corev1.ServiceSpec{ClusterIP: corev1.ClusterIPNone}),
		apiserver.Service("default", "kubernetes", corev1.ServiceSpec{ClusterIP: "10.96.0.1"}))
	api.Beat("kube-system", "heartbeat")
	upstream := lab.StartDNS(t, func(w dns.ResponseWriter, r *dns.Msg) {
		m := new(dns.Msg).SetReply(r)
		rr, _ := dns.NewRR(r.Question[0].Name + " 0 IN A 192.0.2.80")
		m.Answer = []dns.RR{rr}
		_ = w.WriteMsg(m)
	})

	var fleet []*lab.Member
	metrics := lab.FreePort(t)
	health, ready := lab.FreePort(t), lab.FreePort(t)
	for i := range pods {
		ip := fmt.Sprintf("127.0.0.%d", i+1)
		// Where it listens and whom it asks is the test's, and the times are short. All of
		// it has to be there: what is not replaced would be at a port of somebody's.
		own := text
		for _, r := range [][2]string{
			{".:53 {", ".:" + port + " {\n bind " + ip},
			{"prometheus :9153", "prometheus " + ip + ":" + metrics},
			{"health {", "health " + ip + ":" + health + " {"},
			{"    ready\n", "    ready " + ip + ":" + ready + "\n"},
			{"selfpreserve :8182 {", "selfpreserve " + ip + ":" + peers + " {\n interval 500ms\n promise " + promise.String()},
			{"peers dns coredns-peers.kube-system.svc.cluster.local", "peers dns coredns-peers.kube-system.svc.cluster.local:" + peers},
			{"lameduck 10s", "lameduck 1s"},
			{"max_hold 20s", "max_hold 10m"},
			{"kubernetes cluster.local in-addr.arpa ip6.arpa {", "kubernetes cluster.local in-addr.arpa ip6.arpa {\n endpoint " + api.URL},
			{"/etc/resolv.conf", upstream},
		} {
			if strings.Count(own, r[0]) != 1 {
				t.Fatalf("the Corefile has %d times %q", strings.Count(own, r[0]), r[0])
			}
			own = strings.Replace(own, r[0], r[1], 1)
		}
		fleet = append(fleet, lab.StartMember(t, own, ip+":"+port, ip+":"+peers, ip+":"+metrics))
	}
	for _, m := range fleet {
		m.AwaitPeers(t, pods-1)
		for _, name := range []string{"kubernetes.default.svc.cluster.local.", "www.example.org."} {
			if !m.Answers(name) {
				t.Errorf("%s does not answer %s", m.DNS, name)
			}
		}
		lab.Eventually(t, lab.Slow, func() string {
			told := lab.Scrape(t, m.Metrics)
			for _, want := range []string{
				`coredns_stalecheck_zone_status{status="fresh",zone="cluster.local."} 1`,
				`coredns_ttlfloor_responses_total{reason="spread",server="dns://` + m.DNS + `",view="",zone="."}`,
			} {
				if !strings.Contains(told, want) {
					return "no " + want + " in\n" + told
				}
			}
			return ""
		})
	}
	(&example{fleet[0]}).awaitShown(t, lab.Typed(t, "corefile-examples/kubernetes/README.md", 1)[0], `^kubernetes\S+\s(2[2-9]|30)\s+IN\s+A\s+10\.96\.0\.1\n`,
		`\ncoredns_selfpreserve_state\S* `, `\ncoredns_stalecheck_zone_status\{status="fresh",zone="cluster\.local\."\} 1\n`, `\ncoredns_ttlfloor_`)
	for _, m := range fleet {
		if s := m.Status(); s.MinPeers != 2 {
			t.Errorf("%d have to stay", s.MinPeers)
		}
	}

	fleet[0].Terminate(t)
	lab.Eventually(t, lab.Slow, func() string {
		if !fleet[0].Gone() {
			return "it is still there: " + fleet[0].Ready()
		}
		return ""
	})
	if len(fleet[0].Said("Leaving service: enough peers have promised to stay")) != 1 {
		t.Errorf("it left otherwise:\n%s", fleet[0])
	}

	others := fleet[1:]
	for _, m := range others {
		m.Terminate(t)
	}
	two := func() string {
		gone, stay := 0, 0
		for _, m := range others {
			if m.Gone() {
				gone++
			} else if strings.HasPrefix(m.Ready(), "200 PRESERVED: SIGTERM") && m.Answers("kubernetes.default.svc.cluster.local.") {
				stay++
			}
		}
		if gone != 1 || stay != 2 {
			return fmt.Sprintf("%d have gone and %d stay", gone, stay)
		}
		return ""
	}
	lab.Eventually(t, lab.Slow, two)
	lab.Throughout(t, 2*promise, two)
}
