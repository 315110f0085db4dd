package kubernetes

import (
	"maps"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/holdfastdns/holdfast/internal/version"
)

var (
	overlay = regexp.MustCompile("(?s)~~~ yaml\n(.*?)~~~\n")
	remote  = regexp.MustCompile("`https://github\\.com/holdfastdns/holdfast//build/kubernetes\\?ref=v([0-9.]+)`")
)

// The README's overlay sets what it says, from a folder beside the clone.
func TestTheOverlayOfTheReadmeSetsWhatItSays(t *testing.T) {
	shown := overlay.FindStringSubmatch(read(t, "README.md"))
	if shown == nil {
		t.Fatalf("the README's overlay is %q", shown)
	}
	const corefile = ".:53 {\n    whoami\n}\n"
	all := overlaid(t, shown[1], corefile)
	if names, base := len(all), len(built(t, ".")); names != base {
		t.Errorf("%d objects, %d without it", names, base)
	}
	d := get[*appsv1.Deployment](t, all, "Deployment coredns")
	if image := d.Spec.Template.Spec.Containers[0].Image; image != "registry.example.org/holdfast:0.2.0-1" || *d.Spec.Replicas != 5 {
		t.Errorf("%d replicas of %s", *d.Spec.Replicas, image)
	}
	if ip := get[*corev1.Service](t, all, "Service kube-dns").Spec.ClusterIP; ip != "10.43.0.10" {
		t.Errorf("the Service is at %s", ip)
	}
	m := get[*corev1.ConfigMap](t, all, "ConfigMap holdfast-HASH")
	if m.Data["Corefile"] != corefile || d.Spec.Template.Spec.Volumes[0].ConfigMap.Name != m.Name {
		t.Errorf("the pods mount %+v, and %s has %q", d.Spec.Template.Spec.Volumes, m.Name, m.Data)
	}
}

// overlaid is what a kustomization beside a clone makes of the manifests.
func overlaid(t *testing.T, kustomization, corefile string) objects {
	t.Helper()
	disk := filesys.MakeFsInMemory()
	write := func(file, text string) {
		if err := disk.WriteFile(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "Corefile") {
		write("/holdfast/build/kubernetes/"+file, read(t, file))
	}
	write("/own/Corefile", corefile)
	write("/own/kustomization.yaml", kustomization)
	return builtOf(t, disk, "/own")
}

func TestTheVersionIsTheBinarys(t *testing.T) {
	_, _, c, _ := server(t)
	if _, tag, _ := strings.Cut(c.Image, ":"); tag != version.Number() {
		t.Errorf("the image is %s, the binary %s", c.Image, version.Number())
	}
	if ref := remote.FindStringSubmatch(read(t, "README.md")); ref == nil || ref[1] != version.Number() {
		t.Errorf("the README's released base is %q, the binary is %s", ref, version.Number())
	}
}

// The patches that the README shows for some clusters do what it says.
func TestThePatchesOfTheReadmeApply(t *testing.T) {
	for heading, check := range map[string]func(all objects){
		"### A private registry": func(all objects) {
			for _, name := range []string{"coredns", "heartbeat"} {
				if s := get[*corev1.ServiceAccount](t, all, "ServiceAccount "+name); len(s.ImagePullSecrets) != 1 || s.ImagePullSecrets[0].Name != "holdfast-pull" {
					t.Errorf("ServiceAccount %s has the secrets %v", name, s.ImagePullSecrets)
				}
			}
		},
		"## Managed clusters": func(all objects) { // as in cmd/holdfast/internal/doctor/testdata/wild/eks.json
			want := map[string]string{"eks.amazonaws.com/component": "coredns", "k8s-app": "kube-dns"}
			d := get[*appsv1.Deployment](t, all, "Deployment coredns")
			if !maps.Equal(d.Spec.Selector.MatchLabels, want) || !maps.Equal(d.Spec.Template.Labels, want) {
				t.Errorf("the selector is %v, the pods have %v", d.Spec.Selector.MatchLabels, d.Spec.Template.Labels)
			}
		},
	} {
		_, text, _ := strings.Cut(read(t, "README.md"), "\n"+heading+"\n")
		text, _, _ = strings.Cut(text, "\n## ")
		patch := overlay.FindStringSubmatch(text)
		if patch == nil {
			t.Errorf("there is no patch under %s", heading)
			continue
		}
		check(overlaid(t, "resources:\n- ../holdfast/build/kubernetes\n"+patch[1], ""))
	}
}
