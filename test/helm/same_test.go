package helm

import (
	"maps"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// kept are the objects that stay when the release goes: a cluster without any of them has no
// DNS, or none that can start.
var kept = []string{
	"ClusterRole system:coredns", "ClusterRoleBinding system:coredns", "ConfigMap holdfast-HASH", "Deployment coredns",
	"Service kube-dns", "ServiceAccount coredns",
}

// Whoever deploys the chart as it is gets the objects of kubectl apply -k, field by field.
// Only the suffix of the ConfigMap's name is another, and what Helm is to keep says so.
func TestTheChartGivesTheObjectsOfTheManifests(t *testing.T) {
	for _, monitoring := range []bool{false, true} {
		have := install(t, values{"monitoring": values{"enabled": monitoring}})
		want := kustomized(t, monitoring)
		if h, w := slices.Sorted(maps.Keys(have)), slices.Sorted(maps.Keys(want)); !slices.Equal(h, w) {
			t.Fatalf("monitoring %t: the chart has\n%q, the manifests\n%q", monitoring, h, w)
		}
		for name, object := range have {
			if h, w := text(t, bare(object)), text(t, bare(want[name])); h != w {
				t.Errorf("%s is\n%s\nwant\n%s", name, h, w)
			}
		}
	}
}

func TestTheDNSOutlivesTheRelease(t *testing.T) {
	for name, object := range install(t, values{"monitoring": values{"enabled": true}}) {
		if stays := object.GetAnnotations()["helm.sh/resource-policy"] == "keep"; stays != slices.Contains(kept, name) {
			t.Errorf("%s stays when the release goes: %t", name, stays)
		}
	}
}

// bare is an object without what the chart may have otherwise.
func bare(o *unstructured.Unstructured) *unstructured.Unstructured {
	o = o.DeepCopy()
	o.SetName(withoutHash(o.GetName()))
	annotations := o.GetAnnotations()
	delete(annotations, "helm.sh/resource-policy")
	if len(annotations) == 0 {
		annotations = nil
	}
	o.SetAnnotations(annotations)
	if volumes, ok, _ := unstructured.NestedSlice(o.Object, "spec", "template", "spec", "volumes"); ok {
		for _, v := range volumes {
			if name, ok, _ := unstructured.NestedString(v.(map[string]any), "configMap", "name"); ok {
				_ = unstructured.SetNestedField(v.(map[string]any), withoutHash(name), "configMap", "name")
			}
		}
		_ = unstructured.SetNestedSlice(o.Object, volumes, "spec", "template", "spec", "volumes")
	}
	return o
}

func text(t *testing.T, o *unstructured.Unstructured) string {
	t.Helper()
	y, err := yaml.Marshal(o.Object)
	if err != nil {
		t.Fatal(err)
	}
	return string(y)
}

// corefile is what the pods of the Deployment mount.
func corefile(t *testing.T, all objects) string {
	t.Helper()
	m := get[corev1.ConfigMap](t, all, "ConfigMap holdfast-HASH")
	if mounted := servers(t, all).Spec.Template.Spec.Volumes[0].ConfigMap.Name; mounted != m.Name {
		t.Errorf("the servers mount %s, the ConfigMap is %s", mounted, m.Name)
	}
	return m.Data["Corefile"]
}
