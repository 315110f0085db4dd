package manifest

import (
	"path"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Workload is an object that makes pods from a template.
type Workload struct {
	Kind string
	metav1.ObjectMeta
	Replicas *int32 // nil if it is not written
	Pod      corev1.PodTemplateSpec
	Strategy *appsv1.DeploymentStrategy // of a Deployment
}

// String names it, as "Deployment kube-system/coredns".
func (w *Workload) String() string {
	if w.Namespace == "" {
		return w.Kind + " " + w.Name
	}
	return w.Kind + " " + w.Namespace + "/" + w.Name
}

// Server is a container that runs CoreDNS.
type Server struct {
	*Workload
	Container *corev1.Container
	Corefile  *Mounted // nil if the manifests do not have it
}

// Servers are the containers that run CoreDNS.
func (o *Objects) Servers() (found []Server) {
	for i := range o.Workloads {
		w := &o.Workloads[i]
		containers := w.Pod.Spec.Containers
		for _, isServer := range []func(*corev1.Container) bool{isNamedSo, hasCorefile} {
			before := len(found)
			for c := range containers {
				if isServer(&containers[c]) {
					found = append(found, Server{w, &containers[c], o.corefileOf(w, &containers[c])})
				}
			}
			if len(found) > before {
				break
			}
		}
	}
	return found
}

// isNamedSo goes by the image's name or the command's. Images of Holdfast have the
// operator's command too, which is no server.
func isNamedSo(c *corev1.Container) bool {
	if len(c.Command) > 0 {
		return path.Base(c.Command[0]) == "coredns"
	}
	image, _, _ := strings.Cut(path.Base(c.Image), "@")
	image, _, _ = strings.Cut(image, ":")
	return image == "holdfast" || strings.Contains(image, "coredns") && !strings.Contains(image, "autoscaler")
}

// hasCorefile goes by -conf, for builds of CoreDNS that have another name, such as
// node-cache.
func hasCorefile(c *corev1.Container) bool { _, ok := confOf(c); return ok }

func confOf(c *corev1.Container) (string, bool) {
	words := slices.Concat(c.Command, c.Args)
	for i, word := range words {
		name, value, given := strings.Cut(strings.TrimLeft(word, "-"), "=")
		switch {
		case !strings.HasPrefix(word, "-") || name != "conf":
		case given:
			return value, true
		case i+1 < len(words):
			return words[i+1], true
		}
	}
	return "", false
}

// Selected reports whether a selector, which selects nothing if it is nil, selects the pods.
// One that is not well-formed selects nothing.
func (w *Workload) Selected(namespace string, selector *metav1.LabelSelector) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && SameNamespace(namespace, w.Namespace) && s.Matches(labels.Set(w.Pod.Labels))
}

// SameNamespace reports whether two namespaces are the same. One that is not set, which kubectl
// would fill in, matches any.
func SameNamespace(a, b string) bool { return a == b || a == "" || b == "" }

// ServicesOf returns the Services that select a workload's pods.
func (o *Objects) ServicesOf(w *Workload) (found []*corev1.Service) {
	for _, s := range o.Services {
		if len(s.Spec.Selector) > 0 && w.Selected(s.Namespace, metav1.SetAsLabelSelector(s.Spec.Selector)) {
			found = append(found, s)
		}
	}
	return found
}

// Service returns the Service of that name.
func (o *Objects) Service(namespace, name string) *corev1.Service {
	for _, s := range o.Services {
		if s.Name == name && SameNamespace(s.Namespace, namespace) {
			return s
		}
	}
	return nil
}
