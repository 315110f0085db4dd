package doctor

import (
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// built is a folder of build/kubernetes as kubectl kustomize prints it.
func built(t *testing.T, folder string) string {
	t.Helper()
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), root+"/build/kubernetes/"+folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := all.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const heartbeat = root + "/corefile-examples/kubernetes-heartbeat/heartbeat.yaml"

func TestNothingIsWrongWithOurManifests(t *testing.T) {
	for folder, judged := range map[string]int{".": 16, "nodelocal": 4} {
		r := report(t, built(t, folder), "-")
		finds(t, r)
		if len(r.Servers) != 1 || len(r.Checks) != judged || len(r.Notes) > 0 {
			t.Errorf("%s: %d checks of %q, want %d; not judged: %q", folder, len(r.Checks), r.Servers, judged, r.Notes)
		}
	}
}

func TestNothingIsWrongWithTheExamples(t *testing.T) {
	corefiles, err := filepath.Glob(root + "/corefile-examples/*/Corefile*")
	if err != nil || len(corefiles) < 10 {
		t.Fatalf("%d Corefiles, %v", len(corefiles), err)
	}
	manifests := []string{heartbeat}
	for _, name := range []string{"deployment", "services", "disruptionbudget", "rbac", "networkpolicy"} {
		manifests = append(manifests, root+"/build/kubernetes/"+name+".yaml")
	}
	deployed := 0
	for _, corefile := range corefiles {
		name, _ := filepath.Rel(root+"/corefile-examples", corefile)
		r := report(t, "", corefile)
		finds(t, r)
		if strings.Contains(text(t, corefile), "peers dns coredns-peers.kube-system") {
			r = report(t, "", append([]string{corefile}, manifests...)...)
			finds(t, r)
			deployed++
		}
		if t.Failed() {
			t.Fatalf("of %s", name)
		}
	}
	if deployed != 4 {
		t.Errorf("%d of the examples are for build/kubernetes", deployed)
	}
}
