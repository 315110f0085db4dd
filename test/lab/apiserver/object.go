package apiserver

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// What the operator's command asks for, beside what informers do: one Service, which it
// reads and patches, and a namespace's pods by label.
var (
	oneService     = regexp.MustCompile(`^/api/v1/namespaces/([^/]+)/services/([^/]+)$`)
	podsOf         = regexp.MustCompile(`^/api/v1/namespaces/([^/]+)/pods$`)
	podProxy       = regexp.MustCompile(`^/api/v1/namespaces/([^/]+)/pods/http:([^/:]+):(\d+)/proxy(/.*)$`)
	serviceKind    = corev1.SchemeGroupVersion.WithKind("Service")
	podKind        = corev1.SchemeGroupVersion.WithKind("Pod")
	mergePatchType = "application/merge-patch+json"
)

// serveObject answers requests that are not for a collection of the whole cluster.
func (a *Server) serveObject(w http.ResponseWriter, r *http.Request) (served bool) {
	if m := podsOf.FindStringSubmatch(r.URL.Path); m != nil && r.Method == http.MethodGet {
		a.listPods(w, m[1], r.URL.Query().Get("labelSelector"))
		return true
	}
	if m := podProxy.FindStringSubmatch(r.URL.Path); m != nil && r.Method == http.MethodGet {
		a.proxy(w, r, m[1], m[2], m[3], m[4])
		return true
	}
	m := oneService.FindStringSubmatch(r.URL.Path)
	if m == nil {
		return false
	}
	switch r.Method {
	case http.MethodGet:
		service := a.Service(m[1], m[2])
		if service == nil {
			refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Sprintf("services %q not found", m[2]))
			return true
		}
		writeJSON(w, service)
	case http.MethodPatch:
		a.patchService(w, r, m[1], m[2])
	default:
		return false
	}
	return true
}

// Service returns a copy of a Service, or nil if there is none.
func (a *Server) Service(namespace, name string) *corev1.Service {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.stored[fmt.Sprint(serviceKind, namespace, name)]; s != nil {
		return s.object.(*corev1.Service).DeepCopy()
	}
	return nil
}

// patchService takes the merge patches of a heartbeat: of the externalName, on condition of
// a version.
func (a *Server) patchService(w http.ResponseWriter, r *http.Request, namespace, name string) {
	var patch struct {
		Metadata struct{ ResourceVersion string }
		Spec     struct{ ExternalName string }
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &patch)
	}
	if err != nil || r.Header.Get("Content-Type") != mergePatchType || patch.Spec.ExternalName == "" {
		a.t.Errorf("a patch of type %q, %q: %v", r.Header.Get("Content-Type"), body, err)
	}
	a.patching.Lock() // between its reading and its writing nobody else may write
	defer a.patching.Unlock()
	service := a.Service(namespace, name)
	switch {
	case service == nil:
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Sprintf("services %q not found", name))
		return
	case patch.Metadata.ResourceVersion != "" && patch.Metadata.ResourceVersion != service.ResourceVersion:
		refuse(w, http.StatusConflict, metav1.StatusReasonConflict, "the object has been modified")
		return
	}
	service.Spec.ExternalName = patch.Spec.ExternalName
	a.Put(service)
	writeJSON(w, service)
}

// proxy asks a pod at its first address.
func (a *Server) proxy(w http.ResponseWriter, r *http.Request, namespace, name, port, path string) {
	a.mu.Lock()
	s := a.stored[fmt.Sprint(podKind, namespace, name)]
	a.mu.Unlock()
	if s == nil {
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Sprintf("pods %q not found", name))
		return
	}
	to := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: net.JoinHostPort(s.object.(*corev1.Pod).Status.PodIPs[0].IP, port)})
			p.Out.URL.Path = path
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "error trying to reach service: "+err.Error())
		},
	}
	to.ServeHTTP(w, r)
}

func (a *Server) listPods(w http.ResponseWriter, namespace, selector string) {
	wanted, err := labels.Parse(selector)
	if err != nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	list := corev1.PodList{TypeMeta: metav1.TypeMeta{Kind: "PodList", APIVersion: "v1"}}
	found, version, _ := a.since(podKind, 0)
	list.ResourceVersion = strconv.Itoa(version)
	for _, s := range found {
		if pod := s.object.(*corev1.Pod); pod.Namespace == namespace && wanted.Matches(labels.Set(pod.Labels)) {
			list.Items = append(list.Items, *pod)
		}
	}
	writeJSON(w, &list)
}

func refuse(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	w.WriteHeader(code)
	writeJSON(w, &metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"},
		Status: metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message}) // #nosec G115 -- an HTTP status
}

func writeJSON(w io.Writer, object any) { _ = json.NewEncoder(w).Encode(object) }

// Pod is a pod of a server with addresses and labels.
func Pod(namespace, name string, labels map[string]string, ips ...string) Object {
	pod := &corev1.Pod{TypeMeta: typeMeta("Pod"), ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: maps.Clone(labels)}}
	for _, ip := range ips {
		pod.Status.PodIPs = append(pod.Status.PodIPs, corev1.PodIP{IP: ip})
	}
	return pod
}

// Kubeconfig writes a configuration for clients of the server and returns its name.
func (a *Server) Kubeconfig(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: lab\ncontexts: [{name: lab, context: {cluster: lab}}]\nclusters: [{name: lab, cluster: {server: %q}}]\n", a.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
