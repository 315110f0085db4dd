package kubernetes

import (
	"encoding/json"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// applied is what becomes of an object of kubeadm's, which kubectl apply has not made, when
// kubectl apply puts another in its place.
func applied[T runtime.Object](t *testing.T, file string, ours, into T) T {
	t.Helper()
	live, _, err := strictly.Decode([]byte(read(t, file)), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	now, err := json.Marshal(live)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(ours)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := strategicpatch.NewPatchMetaFromStruct(into)
	if err != nil {
		t.Fatal(err)
	}
	patch, err := strategicpatch.CreateThreeWayMergePatch(nil, want, now, schema, true)
	if err != nil {
		t.Fatal(err)
	}
	then, err := strategicpatch.StrategicMergePatch(now, patch, into)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(then, into); err != nil {
		t.Fatal(err)
	}
	return into
}

// What cannot be changed stays, and nothing of kubeadm's is left that would be in the way.
func TestItGoesOverWhatKubeadmHasMade(t *testing.T) {
	all, ours, c, _ := server(t)
	d := applied(t, "testdata/kubeadm-deployment.yaml", ours, new(appsv1.Deployment))
	if d.Name != ours.Name || d.Namespace != ours.Namespace || !equality.Semantic.DeepEqual(d.Spec.Selector, ours.Spec.Selector) {
		t.Errorf("%s in %s selects %v", d.Name, d.Namespace, d.Spec.Selector)
	}
	then := d.Spec.Template.Spec
	if len(then.Containers) != 1 || len(then.Volumes) != 1 {
		t.Fatalf("%d containers and %d volumes", len(then.Containers), len(then.Volumes))
	}
	slices.SortFunc(then.Containers[0].Ports, func(a, b corev1.ContainerPort) int {
		place := func(p corev1.ContainerPort) int { return slices.Index(c.Ports, p) }
		return place(a) - place(b)
	})
	// kubeadm's preference for a host without a server stays, as the README says. It keeps
	// no pod from any host.
	if a := then.Affinity; a.NodeAffinity != nil || a.PodAffinity != nil || len(a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution) != 0 {
		t.Errorf("where the pods may run is bound by %+v", a)
	}
	then.Affinity = nil
	then.Containers[0].LivenessProbe.SuccessThreshold = 0 // 1, its default
	if !equality.Semantic.DeepEqual(then, ours.Spec.Template.Spec) {
		have, _ := json.MarshalIndent(then, "", " ")
		t.Errorf("the pods become\n%s", have)
	}
	if !equality.Semantic.DeepEqual(d.Spec.Strategy, ours.Spec.Strategy) || *d.Spec.Replicas != 3 {
		t.Errorf("%d replicas, rolled by %+v", *d.Spec.Replicas, d.Spec.Strategy)
	}

	service := get[*corev1.Service](t, all, "Service kube-dns")
	s := applied(t, "testdata/kubeadm-service.yaml", service, new(corev1.Service))
	if s.Spec.ClusterIP != "10.96.0.10" { // of kubeadm's, and not to be changed
		t.Errorf("the Service moves to %s", s.Spec.ClusterIP)
	}
	if !equality.Semantic.DeepEqual(s, service) {
		t.Errorf("the Service becomes %+v", s)
	}
}
