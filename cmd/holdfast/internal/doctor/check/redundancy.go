package check

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// replicasOf is how many servers a workload keeps at least, if the manifests say so. One on
// each node is not a number.
func replicasOf(s *Server) (int, bool) {
	w := s.Workload
	if w == nil || !isScaled(s) {
		return 0, false
	}
	for _, a := range s.Objects.Autoscalers {
		if target := a.Spec.ScaleTargetRef; target.Kind == w.Kind && target.Name == w.Name && a.Namespace == w.Namespace {
			if a.Spec.MinReplicas == nil {
				return 1, true
			}
			return int(*a.Spec.MinReplicas), true
		}
	}
	if w.Replicas != nil {
		return int(*w.Replicas), true
	}
	// The proportional autoscaler, which the chart has, takes its number from a ConfigMap.
	target := strings.ToLower("/" + w.Name)
	for _, other := range s.Objects.Workloads {
		for _, c := range other.Pod.Spec.Containers {
			for _, word := range append(c.Command, c.Args...) {
				if word = strings.ToLower(word); strings.Contains(word, "--target=") && strings.HasSuffix(word, target) {
					return 0, false
				}
			}
		}
	}
	return 1, true
}

func isScaled(s *Server) bool {
	return s.Workload.Kind == "Deployment" || s.Workload.Kind == "StatefulSet"
}

func oneReplica(s *Server, say sayer) bool {
	replicas, ok := replicasOf(s)
	switch {
	case !ok:
		return false
	case replicas == 1 && s.Workload.Replicas == nil:
		say("replicas is not set, which means one: while it restarts, nothing answers")
	case replicas <= 1:
		say("there may be as few as %d: while it restarts, nothing answers", replicas)
	}
	return true
}

func sameNode(s *Server, say sayer) bool {
	if s.Workload == nil || !isScaled(s) {
		return false
	}
	spec := s.Workload.Pod.Spec
	for _, c := range spec.TopologySpreadConstraints {
		if s.selects(c.LabelSelector) {
			return true
		}
	}
	if a := spec.Affinity; a != nil && a.PodAntiAffinity != nil {
		terms := append([]corev1.PodAffinityTerm(nil), a.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution...)
		for _, t := range a.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
			terms = append(terms, t.PodAffinityTerm)
		}
		for _, t := range terms {
			if s.selects(t.LabelSelector) {
				return true
			}
		}
	}
	say("neither topologySpreadConstraints nor podAntiAffinity keeps the servers apart: losing one node can mean losing all of them")
	return true
}

func (s *Server) selects(selector *metav1.LabelSelector) bool {
	return s.Workload.Selected(s.Workload.Namespace, selector)
}

func disruptionBudget(s *Server, say sayer) bool {
	if s.Workload == nil || !isScaled(s) {
		return false // who drains a node leaves those of a DaemonSet there
	}
	found := false
	for _, b := range s.Objects.Budgets {
		if !s.Workload.Selected(b.Namespace, b.Spec.Selector) {
			continue
		}
		found = true
		if replicas, ok := replicasOf(s); ok && replicas > 0 && !allowsAny(b, replicas) {
			say("PodDisruptionBudget %s allows no eviction with %d servers: a node that runs one of them cannot be drained", b.Name, replicas)
		}
	}
	if !found {
		say("no PodDisruptionBudget selects the pods: draining two nodes at once can take all of them")
	}
	return true
}

// allowsAny is whether one of so many healthy pods may be evicted.
func allowsAny(b *policyv1.PodDisruptionBudget, replicas int) bool {
	if b.Spec.MaxUnavailable != nil {
		away, err := intstr.GetScaledValueFromIntOrPercent(b.Spec.MaxUnavailable, replicas, true)
		return err != nil || away > 0
	}
	stay, err := intstr.GetScaledValueFromIntOrPercent(intstr.ValueOrDefault(b.Spec.MinAvailable, intstr.FromInt32(1)), replicas, true)
	return err != nil || stay < replicas
}
