package monitoring

import (
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/holdfastdns/holdfast/build/monitoring"
	"github.com/holdfastdns/holdfast/test/lab"
)

// strictly refuses fields that the API does not have and fields that are given twice.
func strictly(t *testing.T) runtime.Decoder {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, monitoringv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
}

// The README's overlay brings what it says, beside the manifests as they are.
func TestTheComponentAddsWhatTheReadmeSays(t *testing.T) {
	_, shown, _ := strings.Cut(lab.Read(t, "build/monitoring/README.md"), "~~~ yaml\napiVersion: kustomize")
	shown, _, ok := strings.Cut("apiVersion: kustomize"+shown, "~~~")
	if !ok || strings.Count(shown, "holdfast/build/") != 2 {
		t.Fatalf("the README's overlay is %q", shown)
	}
	// kustomize takes no absolute paths, and the overlay is nobody's but this test's.
	disk := filesys.MakeFsInMemory()
	copyAll(t, disk, "build/kubernetes", "kustomization.yaml", "rbac.yaml", "deployment.yaml", "services.yaml", "disruptionbudget.yaml", "networkpolicy.yaml", "heartbeat.yaml", "Corefile")
	copyAll(t, disk, "build/monitoring", "kustomization.yaml", "service.yaml", "servicemonitor.yaml", "prometheusrule.yaml", "dashboard.json")
	if err := disk.WriteFile("/own/kustomization.yaml", []byte(shown)); err != nil {
		t.Fatal(err)
	}
	added := make(map[string]runtime.Object)
	base := 0
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, "/own")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all.Resources() {
		name := r.GetKind() + " " + r.GetName()
		if !slices.Contains([]string{"Service coredns-metrics", "ServiceMonitor holdfast", "PrometheusRule holdfast", "ConfigMap holdfast-dashboard"}, name) {
			base++
			continue
		}
		if r.GetNamespace() != "kube-system" {
			t.Errorf("%s is in %q", name, r.GetNamespace())
		}
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		if added[name], _, err = strictly(t).Decode(text, nil, nil); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
	}
	if base != 14 || len(added) != 4 {
		t.Errorf("%d objects of the base, %d added", base, len(added))
	}
	scrapes(t, added["Service coredns-metrics"].(*corev1.Service), added["ServiceMonitor holdfast"].(*monitoringv1.ServiceMonitor))
	hasTheRules(t, added["PrometheusRule holdfast"].(*monitoringv1.PrometheusRule))
	c := added["ConfigMap holdfast-dashboard"].(*corev1.ConfigMap)
	if c.Labels["grafana_dashboard"] != "1" || c.Data["holdfast.json"] != lab.Read(t, "build/monitoring/dashboard.json") {
		t.Errorf("the ConfigMap has labels %v and %d octets", c.Labels, len(c.Data["holdfast.json"]))
	}
}

func copyAll(t *testing.T, disk filesys.FileSystem, folder string, files ...string) {
	t.Helper()
	for _, file := range files {
		if err := disk.WriteFile("/holdfast/"+folder+"/"+file, []byte(lab.Read(t, folder+"/"+file))); err != nil {
			t.Fatal(err)
		}
	}
}

// scrapes says that the monitor finds the Service, once, and that the Service has all servers.
func scrapes(t *testing.T, s *corev1.Service, m *monitoringv1.ServiceMonitor) {
	t.Helper()
	for label, value := range m.Spec.Selector.MatchLabels {
		if s.Labels[label] != value {
			t.Errorf("the monitor wants %s=%s of the Service, which has %q", label, value, s.Labels[label])
		}
	}
	others := lab.Read(t, "build/kubernetes/services.yaml")
	if len(m.Spec.Selector.MatchLabels) < 2 || strings.Contains(others, "app.kubernetes.io/component") {
		t.Error("the monitor finds kube-dns too: each server counts twice")
	}
	if !s.Spec.PublishNotReadyAddresses || s.Spec.ClusterIP != "None" || s.Spec.Selector["k8s-app"] != "kube-dns" {
		t.Errorf("the Service leaves servers out: %+v", s.Spec)
	}
	if e := m.Spec.Endpoints; len(e) != 1 || e[0].Port != s.Spec.Ports[0].Name || e[0].Interval != "10s" {
		t.Errorf("the monitor scrapes %+v", e)
	}
}

// hasTheRules says that the object is read as what Prometheus reads.
func hasTheRules(t *testing.T, r *monitoringv1.PrometheusRule) {
	t.Helper()
	rules := 0
	for _, g := range r.Spec.Groups {
		for _, rule := range g.Rules {
			if rules++; rule.Alert == "" || rule.Expr.String() == "" || rule.Annotations["runbook_url"] == "" {
				t.Errorf("%+v", rule)
			}
		}
	}
	if want := strings.Count(monitoring.Rules, "- alert: "); rules != want || want < 20 {
		t.Errorf("%d rules, want %d", rules, want)
	}
}
