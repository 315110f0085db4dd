package kubernetes

import (
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

var zonePatch = regexp.MustCompile("(?s)## Zones\n.*?~~~ yaml\n(patches:\n.*?)~~~\n")

// Questions go to all servers unless somebody wants them near the client: the README says
// why, and its patch does it.
func TestQuestionsGoToAllServersUnlessThePatchSaysOtherwise(t *testing.T) {
	all, _, _, _ := server(t)
	s := get[*corev1.Service](t, all, "Service kube-dns")
	if s.Spec.TrafficDistribution != nil || s.Spec.InternalTrafficPolicy != nil {
		t.Errorf("the Service prefers %v, and keeps inside %v", s.Spec.TrafficDistribution, s.Spec.InternalTrafficPolicy)
	}
	readme := read(t, "README.md")
	patch := zonePatch.FindStringSubmatch(readme)
	if patch == nil {
		t.Fatal("the README has no patch under Zones")
	}
	disk := filesys.MakeFsInMemory()
	for file, text := range map[string]string{
		"/base/kustomization.yaml": "namespace: kube-system\nresources:\n- services.yaml\n", "/base/services.yaml": read(t, "services.yaml"),
		"/own/kustomization.yaml": "resources:\n- ../base\n" + patch[1],
	} {
		if err := disk.WriteFile(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	s = get[*corev1.Service](t, builtOf(t, disk, "/own"), "Service kube-dns")
	if s.Spec.TrafficDistribution == nil || *s.Spec.TrafficDistribution != corev1.ServiceTrafficDistributionPreferSameZone {
		t.Errorf("with the patch it prefers %v", s.Spec.TrafficDistribution)
	}
	if !strings.Contains(readme, "`"+corev1.ServiceTrafficDistributionPreferClose+"`") {
		t.Error("the README has no name for older versions")
	}
}
