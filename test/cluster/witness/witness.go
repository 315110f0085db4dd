// Package witness sees what the cluster's DNS servers do: what each writes to its log, how
// each pod ends, and how many of them the Service leads to.
package witness

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"sync"
	"time"

	v1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"

	"github.com/holdfastdns/holdfast/test/cluster/follow"
	"github.com/holdfastdns/holdfast/test/cluster/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Server is one pod.
type Server struct {
	Name, Node string
	Begun      time.Time
	Gone       bool
	Code       *int32 // what its container ended with, if it was seen
	Log        []follow.Line
}

// Witness has seen all since Watch.
type Witness struct {
	mu      sync.Mutex
	servers map[string]*Server
	changes []change
}

// change is how many servers the Service leads to from some moment on.
type change struct {
	at             time.Time
	ready, serving int
}

// logs are those of DNS servers.
const logs = "/var/log/pods/kube-system_coredns-*/coredns/*.log"

// Watch begins to watch, and goes on until ctx is done.
func Watch(ctx context.Context, c *kube.Cluster) (*Witness, error) {
	w := &Witness{servers: make(map[string]*Server)}
	for _, n := range c.All() {
		cmd := n.Command(ctx, "/opt/inside/follow", logs)
		if _, err := cmd.StdinPipe(); err != nil { // it ends with us
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		go func() {
			w.read(out)
			_ = cmd.Wait()
		}()
	}
	with := func(selector string) informers.SharedInformerFactory {
		return informers.NewSharedInformerFactoryWithOptions(c.Client, 0, informers.WithNamespace("kube-system"),
			informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = selector }))
	}
	pods := with("k8s-app=kube-dns").Core().V1().Pods().Informer()
	slices := with("kubernetes.io/service-name=kube-dns").Discovery().V1().EndpointSlices().Informer()
	if _, err := pods.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { w.pod(o, false) },
		UpdateFunc: func(_, o any) { w.pod(o, false) },
		DeleteFunc: func(o any) { w.pod(o, true) },
	}); err != nil {
		return nil, err
	}
	count := func(any) { w.count(slices.GetStore().List()) }
	if _, err := slices.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: count, UpdateFunc: func(_, o any) { count(o) }, DeleteFunc: count}); err != nil {
		return nil, err
	}
	for _, i := range []cache.SharedIndexInformer{pods, slices} {
		go i.Run(ctx.Done())
	}
	if !cache.WaitForCacheSync(ctx.Done(), pods.HasSynced, slices.HasSynced) {
		return nil, fmt.Errorf("the API server gave no list of pods: %w", ctx.Err())
	}
	return w, nil
}

func (w *Witness) read(r io.Reader) {
	for in := json.NewDecoder(r); ; {
		var l follow.Line
		if in.Decode(&l) != nil {
			return
		}
		w.mu.Lock()
		s := w.server(l.Pod)
		s.Log = append(s.Log, l)
		w.mu.Unlock()
	}
}

// server is called with the lock.
func (w *Witness) server(name string) *Server {
	if w.servers[name] == nil {
		w.servers[name] = &Server{Name: name}
	}
	return w.servers[name]
}

func (w *Witness) pod(o any, gone bool) {
	if unknown, ok := o.(cache.DeletedFinalStateUnknown); ok {
		o = unknown.Obj
	}
	p, ok := o.(*v1.Pod)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.server(p.Name)
	s.Node, s.Begun, s.Gone = p.Spec.NodeName, p.CreationTimestamp.Time, gone
	for _, c := range p.Status.ContainerStatuses {
		if t := c.State.Terminated; t != nil {
			s.Code = &t.ExitCode
		}
	}
}

func (w *Witness) count(slices []any) {
	now := change{at: time.Now()}
	for _, o := range slices {
		s, ok := o.(*discovery.EndpointSlice)
		if !ok {
			continue
		}
		for _, e := range s.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				now.ready++
			}
			// What is ready, or would be if it did not terminate: the last resort.
			if e.Conditions.Serving == nil || *e.Conditions.Serving {
				now.serving++
			}
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes = append(w.changes, now)
}

// Servers are copies of those that there have been, by when they began.
func (w *Witness) Servers() []Server {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]Server, 0, len(w.servers))
	for _, s := range w.servers {
		c := *s
		c.Log = append([]follow.Line(nil), s.Log...)
		all = append(all, c)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Begun.Before(all[j].Begun) })
	return all
}

// Fewest are the fewest servers that the Service has led to since a moment: ready ones, and
// those that answer at all, which are the ones that terminate as well.
func (w *Witness) Fewest(since time.Time) (ready, serving int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ready, serving = -1, -1
	for i, c := range w.changes {
		if i+1 < len(w.changes) && w.changes[i+1].at.Before(since) {
			continue // it did not last till then
		}
		if ready < 0 || c.ready < ready {
			ready = c.ready
		}
		if serving < 0 || c.serving < serving {
			serving = c.serving
		}
	}
	return ready, serving
}
