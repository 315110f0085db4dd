package helm

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func servers(t *testing.T, all objects) appsv1.Deployment {
	t.Helper()
	return get[appsv1.Deployment](t, all, "Deployment coredns")
}

func TestHelmLintFindsNothing(t *testing.T) {
	for _, m := range lint.AllWithKubeVersion(chart, nil, "kube-system", nil).Messages {
		// That there is no icon.
		if m.Severity > support.InfoSev {
			t.Error(m)
		}
	}
}

// As the README says, of the chart as it is and with values.
func TestDoctorFindsNothing(t *testing.T) {
	for _, given := range []values{nil, {"replicas": 2}, {"replicas": 9, "clusterDomain": "k8s.example.com", "canary": "example.net"}} {
		manifests, err := rendered("kube-system", given)
		if err != nil {
			t.Fatal(err)
		}
		doctor := exec.Command("go", "-C", root, "run", "./cmd/holdfast", "doctor", "-")
		doctor.Stdin = strings.NewReader(strings.Join(manifests, "\n---\n"))
		if said, err := doctor.CombinedOutput(); err != nil || !strings.Contains(string(said), "√ no findings in 16 checks of Deployment kube-system/coredns\n") {
			t.Errorf("%v: %v\n%s", given, err, said)
		}
	}
}

func TestValuesChangeWhatTheySay(t *testing.T) {
	all := install(t, values{
		"replicas": 5, "image": values{"repository": "registry.example.org/holdfast", "tag": "0.2.0-1"},
		"memory":        values{"request": "200Mi", "limit": "400Mi"},
		"service":       values{"name": "dns", "clusterIP": "10.43.0.10", "trafficDistribution": "PreferSameZone"},
		"clusterDomain": "k8s.example.com", "upstream": "192.0.2.1 192.0.2.2", "canary": "example.net",
	})
	d, service := servers(t, all), get[corev1.Service](t, all, "Service dns")
	c := d.Spec.Template.Spec.Containers[0]
	if *d.Spec.Replicas != 5 || c.Resources.Requests.Memory().String() != "200Mi" || c.Resources.Limits.Memory().String() != "400Mi" {
		t.Errorf("%d replicas with %+v", *d.Spec.Replicas, c.Resources)
	}
	if service.Spec.ClusterIP != "10.43.0.10" || service.Spec.TrafficDistribution == nil || *service.Spec.TrafficDistribution != corev1.ServiceTrafficDistributionPreferSameZone {
		t.Errorf("the Service is %+v", service.Spec)
	}
	writer := get[appsv1.Deployment](t, all, "Deployment heartbeat").Spec.Template.Spec.Containers[0]
	for _, of := range []corev1.Container{c, writer} {
		if of.Image != "registry.example.org/holdfast:0.2.0-1" {
			t.Errorf("%s has image %s", of.Name, of.Image)
		}
	}
	if writer.Args[1] != "heartbeat.kube-system.svc.k8s.example.com" {
		t.Errorf("the writer does %q", writer.Args)
	}
	source, err := os.ReadFile(root + "/build/kubernetes/Corefile")
	if err != nil {
		t.Fatal(err)
	}
	want := string(source)
	for _, r := range [][2]string{
		{"min_peers 2\n", "min_peers 4\n"}, {"canary example.com\n", "canary example.net\n"},
		{"success cluster.local example.com\n", "success k8s.example.com example.net\n"}, {"denial cluster.local example.com\n", "denial k8s.example.com example.net\n"},
		{"forward . /etc/resolv.conf {", "forward . 192.0.2.1 192.0.2.2 {"}, {"cluster.local", "k8s.example.com"},
	} {
		if !strings.Contains(want, r[0]) {
			t.Fatalf("the Corefile has no %q", r[0])
		}
		want = strings.ReplaceAll(want, r[0], r[1])
	}
	if have := corefile(t, all); have != want {
		t.Errorf("the Corefile is\n%s\nwant\n%s", have, want)
	}
}

// A Corefile of one's own is taken as it is, and a change of it is a rollout.
func TestAnotherCorefileIsARollout(t *testing.T) {
	const own = ".:53 {\n    # {{ none of Helm's }}\n    forward . 192.0.2.1\n\n    whoami\n}\n"
	all, before := install(t, values{"corefile": own}), install(t, nil)
	if have := corefile(t, all); have != own {
		t.Errorf("the Corefile is %q, want %q", have, own)
	}
	if servers(t, all).Spec.Template.Spec.Volumes[0].ConfigMap.Name == servers(t, before).Spec.Template.Spec.Volumes[0].ConfigMap.Name {
		t.Error("the pods mount the same ConfigMap as before")
	}
	if *servers(t, before).Spec.Replicas != 3 || get[corev1.Service](t, before, "Service kube-dns").Spec.TrafficDistribution != nil {
		t.Error("other defaults than the manifests'")
	}
}

func TestMonitoringHasTheLabelsThatItIsChosenBy(t *testing.T) {
	all := install(t, values{"monitoring": values{"enabled": true, "labels": values{"release": "stack"}}})
	for _, name := range []string{"ServiceMonitor holdfast", "PrometheusRule holdfast", "ConfigMap holdfast-dashboard", "Service coredns-metrics"} {
		if all[name] == nil || all[name].GetLabels()["release"] != "stack" || len(all[name].GetLabels()) < 2 {
			t.Errorf("%s: %v", name, all[name].GetLabels())
		}
	}
}

// What cannot work is refused before anything is deployed.
func TestMisuseIsRefused(t *testing.T) {
	for want, c := range map[string]struct {
		namespace string
		values
	}{
		"want --namespace kube-system": {"default", nil},
		"replicas":                     {"kube-system", values{"replicas": 1}},
		"trafficDistribution":          {"kube-system", values{"service": values{"trafficDistribution": "PreferSame"}}},
		"replicaCount":                 {"kube-system", values{"replicaCount": 3}},
		"upstream":                     {"kube-system", values{"upstream": "192.0.2.1 {"}},
		"clusterDomain":                {"kube-system", values{"clusterDomain": "cluster.local {"}},
	} {
		if _, err := rendered(c.namespace, c.values); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s %v: %v, want %q", c.namespace, c.values, err, want)
		}
	}
}
