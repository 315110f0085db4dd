package kubernetes

import (
	"maps"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// cluster is what kube-scheduler looks at before it lets a pod onto a host, as far as the
// manifests use it: pkg/scheduler/framework/plugins of Kubernetes 1.36, interpodaffinity and
// podtopologyspread. No pod here tolerates the taint of a host that is closed.
type cluster struct {
	t      *testing.T
	closed []bool // hosts that are cordoned, or tainted otherwise
	pods   []*placed
}

type placed struct {
	host        int
	terminating bool
	labels      labels.Set
	spec        corev1.PodSpec
}

// of is a pod of a Deployment, of its revision HASH.
func (c *cluster) of(d *appsv1.Deployment, hash string) *placed {
	c.t.Helper()
	spec := d.Spec.Template.Spec
	known := spec.Affinity == nil || spec.Affinity.NodeAffinity == nil && spec.Affinity.PodAffinity == nil
	for _, on := range spec.Containers {
		for _, p := range on.Ports {
			known = known && p.HostPort == 0
		}
	}
	for _, s := range spec.TopologySpreadConstraints {
		known = known && s.MinDomains == nil && s.NodeAffinityPolicy == nil
	}
	if !known || spec.HostNetwork {
		c.t.Fatalf("%s asks for what this scheduler does not know: see what it does while an old pod terminates", d.Name)
	}
	set := labels.Set{appsv1.DefaultDeploymentUniqueLabelKey: hash}
	maps.Copy(set, d.Spec.Template.Labels)
	return &placed{labels: set, spec: spec}
}

// place puts a pod on the fullest host of those that it may be on: the scheduler prefers one
// for reasons that no manifest knows. If there is none, it is pending.
func (c *cluster) place(d *appsv1.Deployment, hash string) bool {
	c.t.Helper()
	p, best := c.of(d, hash), -1
	for host, closed := range c.closed {
		if !closed && c.spread(p, host) && c.apart(p, host) && (best < 0 || len(c.on(host)) > len(c.on(best))) {
			best = host
		}
	}
	if p.host = best; best >= 0 {
		c.pods = append(c.pods, p)
	}
	return best >= 0
}

// on are the pods of a host that do not terminate.
func (c *cluster) on(host int) (pods []*placed) {
	for _, p := range c.pods {
		if p.host == host && !p.terminating {
			pods = append(pods, p)
		}
	}
	return pods
}

// crowded tells whether a host has two pods.
func (c *cluster) crowded() bool {
	for host := range c.closed {
		if len(c.on(host)) > 1 {
			return true
		}
	}
	return false
}

// selects tells what a term of a pod has in view: its selector, and the values that the pod
// itself has for matchLabelKeys.
func (c *cluster) selects(p *placed, selector *metav1.LabelSelector, keys []string, other *placed) bool {
	c.t.Helper()
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		c.t.Fatal(err)
	}
	same := func(key string) bool { return p.labels[key] == other.labels[key] }
	return s.Matches(other.labels) && !slices.ContainsFunc(keys, func(key string) bool { return !same(key) })
}

// spread is podtopologyspread's Filter. It bypasses terminating pods (countPodsMatchSelector),
// and counts closed hosts as empty ones unless nodeTaintsPolicy is Honor.
func (c *cluster) spread(p *placed, host int) bool {
	for _, s := range p.spec.TopologySpreadConstraints {
		if s.WhenUnsatisfiable != corev1.DoNotSchedule {
			continue
		}
		if s.TopologyKey != corev1.LabelHostname {
			c.t.Fatalf("a spread over %s, which hosts may lack, is in the way", s.TopologyKey)
		}
		honor := s.NodeTaintsPolicy != nil && *s.NodeTaintsPolicy == corev1.NodeInclusionPolicyHonor
		have := make([]int32, len(c.closed))
		for _, other := range c.pods {
			if !other.terminating && c.selects(p, s.LabelSelector, s.MatchLabelKeys, other) {
				have[other.host]++
			}
		}
		least := have[host]
		for other, closed := range c.closed {
			if !closed || !honor {
				least = min(least, have[other])
			}
		}
		if have[host]+1-least > s.MaxSkew {
			return false
		}
	}
	return true
}

// apart is interpodaffinity's Filter of required anti-affinity, the pod's own and that of
// those which are there. It knows nothing of terminating.
func (c *cluster) apart(p *placed, host int) bool {
	repels := func(p, other *placed) bool {
		if p.spec.Affinity == nil || p.spec.Affinity.PodAntiAffinity == nil {
			return false
		}
		return slices.ContainsFunc(p.spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution, func(term corev1.PodAffinityTerm) bool {
			if term.TopologyKey != corev1.LabelHostname {
				c.t.Fatalf("anti-affinity over %s, which is more than a host", term.TopologyKey)
			}
			return c.selects(p, term.LabelSelector, term.MatchLabelKeys, other)
		})
	}
	return !slices.ContainsFunc(c.pods, func(other *placed) bool {
		return other.host == host && (repels(p, other) || repels(other, p))
	})
}
