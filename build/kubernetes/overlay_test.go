package kubernetes

import (
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
	remote  = regexp.MustCompile(`https://github\.com/holdfastdns/holdfast//build/kubernetes\?ref=v([0-9.]+)\n`)
)

// The README's overlay sets what it says, on the folder here instead of the one on GitHub.
func TestTheOverlayOfTheReadmeSetsWhatItSays(t *testing.T) {
	shown := overlay.FindStringSubmatch(read(t, "README.md"))
	if shown == nil || !remote.MatchString(shown[1]) {
		t.Fatalf("the README's overlay is %q", shown)
	}
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
		write("/base/"+file, read(t, file))
	}
	const corefile = ".:53 {\n    whoami\n}\n"
	write("/own/Corefile", corefile)
	write("/own/kustomization.yaml", remote.ReplaceAllString(shown[1], "../base\n"))

	all := builtOf(t, disk, "/own")
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

func TestTheVersionIsTheBinarys(t *testing.T) {
	_, _, c, _ := server(t)
	if _, tag, _ := strings.Cut(c.Image, ":"); tag != version.Number() {
		t.Errorf("the image is %s, the binary %s", c.Image, version.Number())
	}
	if ref := remote.FindStringSubmatch(read(t, "README.md")); ref[1] != version.Number() {
		t.Errorf("the README's overlay is on %s, the binary is %s", ref[1], version.Number())
	}
}
