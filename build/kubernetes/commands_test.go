package kubernetes

import (
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/holdfastdns/holdfast/test/lab"
)

// What kubectl is told to act on in blocks that need a cluster is there: each object that is named
// is one of the manifests, and the label chooses pods.
func TestKubectlIsToldOfObjectsThatAreThere(t *testing.T) {
	known := make(map[string]bool) // "deployment/coredns"
	for _, folder := range []string{".", "nodelocal"} {
		for name, object := range built(t, folder) {
			kind, _, _ := strings.Cut(name, " ")
			named, err := meta.Accessor(object)
			if err != nil {
				t.Fatal(err)
			}
			known[strings.ToLower(kind)+"/"+named.GetName()] = true
		}
	}
	_, deployment, _, _ := server(t)
	label := "-l k8s-app=" + deployment.Spec.Template.Labels["k8s-app"]
	slashed := regexp.MustCompile(`\b(deployment|daemonset|service|serviceaccount|networkpolicy|poddisruptionbudget)/([a-z-]+)`)
	listed := regexp.MustCompile(`kubectl -n kube-system delete ((?:[a-z]+,)+[a-z]+) ([a-z-]+)`)
	looped := regexp.MustCompile(`for s in ([a-z ]+); do kubectl -n kube-system patch serviceaccount `)
	named := 0
	for _, page := range []string{"README.md", "build/kubernetes/README.md", "build/helm/README.md", "build/monitoring/runbook.md", "corefile-examples/nodelocal/README.md"} {
		for _, b := range lab.BlocksOf(lab.Read(t, page)) {
			var told []string
			for _, m := range slashed.FindAllStringSubmatch(b.Commands, -1) {
				told = append(told, m[0])
			}
			for _, m := range listed.FindAllStringSubmatch(b.Commands, -1) {
				for _, kind := range strings.Split(m[1], ",") {
					told = append(told, kind+"/"+m[2])
				}
			}
			for _, m := range looped.FindAllStringSubmatch(b.Commands, -1) {
				for _, name := range strings.Fields(m[1]) {
					told = append(told, "serviceaccount/"+name)
				}
			}
			for _, object := range told {
				if named++; !known[object] {
					t.Errorf("%s: there is no %s", page, object)
				}
			}
			for _, m := range regexp.MustCompile(`-l \S+`).FindAllString(b.Commands, -1) {
				if m != label {
					t.Errorf("%s: no pod has %s, want %s", page, m, label)
				}
			}
		}
	}
	if named < 15 {
		t.Errorf("%d objects are named, want those of build/kubernetes/README.md at least", named)
	}
}
