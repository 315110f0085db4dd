package apiserver

import (
	"bytes"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// kindsOf are the kinds whose lists of a namespace are served, by resource.
var kindsOf = map[string]string{
	"configmaps": "ConfigMap", "services": "Service", "deployments": "Deployment", "daemonsets": "DaemonSet", "statefulsets": "StatefulSet",
	"poddisruptionbudgets": "PodDisruptionBudget", "horizontalpodautoscalers": "HorizontalPodAutoscaler", "roles": "Role",
	"cronjobs": "CronJob",
}

var namespacedList = regexp.MustCompile(`^/apis?/(.+)/namespaces/([^/]+)/([^/]+)$`)

// Forbid has lists of a resource, such as roles, be refused as to somebody who may not read them.
func (a *Server) Forbid(resource string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forbidden = resource
}

// serveList answers requests for all objects of a kind in a namespace.
func (a *Server) serveList(w http.ResponseWriter, r *http.Request) (served bool) {
	m := namespacedList.FindStringSubmatch(r.URL.Path)
	if m == nil || r.Method != http.MethodGet || kindsOf[m[3]] == "" {
		return false
	}
	a.mu.Lock()
	forbidden := a.forbidden == m[3]
	a.mu.Unlock()
	if forbidden {
		refuse(w, http.StatusForbidden, metav1.StatusReasonForbidden, m[3]+` is forbidden: User "test" cannot list resource "`+m[3]+`"`)
		return true
	}
	of, err := schema.ParseGroupVersion(m[1])
	if err != nil {
		return false
	}
	kind := of.WithKind(kindsOf[m[3]])
	found, version, _ := a.since(kind, 0)
	items := make([]Object, 0, len(found))
	for _, s := range found {
		if s.object.GetNamespace() == m[2] {
			items = append(items, s.object)
		}
	}
	writeJSON(w, listOf(kind, items, version))
	return true
}

// listOf is a list as the API has it.
func listOf(kind schema.GroupVersionKind, items []Object, version int) map[string]any {
	return map[string]any{
		"kind": kind.Kind + "List", "apiVersion": kind.GroupVersion().String(),
		"metadata": metav1.ListMeta{ResourceVersion: strconv.Itoa(version)}, "items": items,
	}
}

// FromFile are the objects of a file, in YAML.
func FromFile(t testing.TB, file string) (found []Object) {
	t.Helper()
	text, err := os.ReadFile(file) // #nosec G304 -- the repository's
	if err != nil {
		t.Fatal(err)
	}
	for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		found = append(found, object.(Object))
	}
	return found
}
