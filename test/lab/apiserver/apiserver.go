// Package apiserver is a Kubernetes API whose watches can freeze.
package apiserver

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
)

// Server is as much of a Kubernetes API server as CoreDNS's informers ask for: lists
// and watches, with initial events too, of namespaces, services and endpoint slices. Its
// watches can freeze: their connections stay, and nothing comes through them any more.
// object.go and list.go have what the operator's command asks for.
type Server struct {
	t   testing.TB
	URL string

	mu      sync.Mutex
	version int // of the last change, in the sense of resourceVersion
	stored  map[string]*stored
	frozen  bool
	wake    chan struct{} // closed when a watch may have something to send

	forbidden string // as of Forbid

	patching sync.Mutex // held from a patch's reading to its writing
}

// stored is an object that is there. Objects are replaced, never changed.
type stored struct {
	kind             schema.GroupVersionKind
	object           Object
	created, version int
}

// Object is what the server keeps.
type Object interface {
	runtime.Object
	metav1.Object
}

var collections = map[string]schema.GroupVersionKind{
	"/api/v1/namespaces":                       corev1.SchemeGroupVersion.WithKind("Namespace"),
	"/api/v1/services":                         corev1.SchemeGroupVersion.WithKind("Service"),
	"/apis/discovery.k8s.io/v1/endpointslices": discoveryv1.SchemeGroupVersion.WithKind("EndpointSlice"),
}

// Start runs an API server until the test ends. Servers that watch it have to
// be started after it, so that they stop before it.
func Start(t testing.TB, objects ...Object) *Server {
	t.Helper()
	a := &Server{t: t, stored: make(map[string]*stored), wake: make(chan struct{})}
	for _, o := range objects {
		a.Put(o)
	}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

// Put creates or replaces an object.
func (a *Server) Put(o Object) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.version++
	o.SetResourceVersion(strconv.Itoa(a.version))
	kind := o.GetObjectKind().GroupVersionKind()
	key, created := fmt.Sprint(kind, o.GetNamespace(), o.GetName()), a.version
	if before := a.stored[key]; before != nil {
		created = before.created
	}
	a.stored[key] = &stored{kind, o, created, a.version}
	a.wakeWatches()
}

// Freeze stops all watches, or lets all that they missed through.
func (a *Server) Freeze(frozen bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.frozen = frozen
	a.wakeWatches()
}

func (a *Server) wakeWatches() {
	close(a.wake)
	a.wake = make(chan struct{})
}

// since returns the objects of a kind that changed after a version, in the order of their
// changes, the version that these are of, and what is closed when there may be more.
func (a *Server) since(kind schema.GroupVersionKind, after int) (changed []*stored, version int, more <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.frozen {
		return nil, after, a.wake
	}
	for _, s := range a.stored {
		if s.kind == kind && s.version > after {
			changed = append(changed, s)
		}
	}
	slices.SortFunc(changed, func(x, y *stored) int { return x.version - y.version })
	return changed, a.version, a.wake
}

func (a *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if a.serveObject(w, r) || a.serveList(w, r) {
		return
	}
	kind, ok := collections[r.URL.Path]
	a.mu.Lock()
	if !ok || a.frozen { // who asks anew has noticed the freeze, which is not what is tested
		a.t.Errorf("the API server was asked for %s, frozen %t", r.URL, a.frozen)
	}
	a.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.URL.Query().Get("watch") == "true" {
		a.watch(w, r, kind)
		return
	}
	found, version, _ := a.since(kind, 0)
	items := make([]Object, 0, len(found))
	for _, s := range found {
		items = append(items, s.object)
	}
	writeJSON(w, listOf(kind, items, version))
}

func (a *Server) watch(w http.ResponseWriter, r *http.Request, kind schema.GroupVersionKind) {
	sent, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	initial := r.URL.Query().Get("sendInitialEvents") == "true"
	if initial {
		sent = 0
	}
	out := json.NewEncoder(w)
	event := func(of watch.EventType, object runtime.Object) {
		// An error means that the client has gone, which ends the request's context too.
		_ = out.Encode(metav1.WatchEvent{Type: string(of), Object: runtime.RawExtension{Object: object}})
	}
	for {
		changed, version, more := a.since(kind, sent)
		for _, s := range changed {
			if s.created > sent {
				event(watch.Added, s.object)
			} else {
				event(watch.Modified, s.object)
			}
		}
		if initial {
			end := new(metav1.PartialObjectMetadata)
			end.SetGroupVersionKind(kind)
			end.SetResourceVersion(strconv.Itoa(version))
			end.SetAnnotations(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
			event(watch.Bookmark, end)
			initial = false
		}
		w.(http.Flusher).Flush()
		sent = version
		select {
		case <-more:
		case <-r.Context().Done():
			return
		}
	}
}

// Beat keeps the present second in an ExternalName Service until the test ends.
func (a *Server) Beat(namespace, name string) {
	put := func(second int64) {
		a.Put(Service(namespace, name, corev1.ServiceSpec{
			Type: corev1.ServiceTypeExternalName, ExternalName: fmt.Sprintf("t%d.heartbeat.invalid", second)}))
	}
	written := time.Now().Unix()
	put(written)
	tick := time.NewTicker(100 * time.Millisecond) // soon after each second's begin
	ended := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		for {
			select {
			case now := <-tick.C:
				if now.Unix() != written {
					written = now.Unix()
					put(written)
				}
			case <-ended:
				return
			}
		}
	})
	a.t.Cleanup(func() { tick.Stop(); close(ended); beating.Wait() })
}

// Namespace is a namespace.
func Namespace(name string) Object {
	return &corev1.Namespace{TypeMeta: typeMeta("Namespace"), ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// Service is a Service.
func Service(namespace, name string, spec corev1.ServiceSpec) Object {
	return &corev1.Service{TypeMeta: typeMeta("Service"), Spec: spec,
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{Kind: kind, APIVersion: corev1.SchemeGroupVersion.String()}
}

// OutsideACluster gives kubernetes an API server by address: it looks for one in the pod
// that it runs in.
func OutsideACluster(corefile, url string) string {
	return kubernetesBlock.ReplaceAllString(corefile, "$0\n    endpoint "+url)
}

var kubernetesBlock = regexp.MustCompile(`(?m)^ *kubernetes .*\{$`)
