package check

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/corefile"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/manifest"
)

// closing is how long CoreDNS takes at most to close its listeners.
const closing = 5 * time.Second

// defaultGrace is Kubernetes' terminationGracePeriodSeconds.
const defaultGrace = corev1.DefaultTerminationGracePeriodSeconds * time.Second

func gracePeriod(s *Server, say sayer) bool {
	if s.Corefile == nil || s.Workload == nil {
		return false
	}
	type part struct {
		name string
		time.Duration
	}
	parts := []part{{"preStop", preStop(s.Workload.Container)}, {"max_hold", s.hold()}, {"the lame duck", s.Corefile.Lameduck}, {"closing the listeners", closing}}
	var sum time.Duration
	var terms []string
	for _, p := range parts {
		if sum += p.Duration; p.Duration > 0 {
			terms = append(terms, fmt.Sprintf("%s for %s", p.Duration, p.name))
		}
	}
	grace, written := defaultGrace, "the default"
	if seconds := s.Workload.Pod.Spec.TerminationGracePeriodSeconds; seconds != nil {
		grace, written = time.Duration(*seconds)*time.Second, "terminationGracePeriodSeconds"
	}
	if grace <= sum {
		say("a pod is killed %s after SIGTERM (%s), but a shutdown can take %s: %s", grace, written, sum, strings.Join(terms, ", "))
	}
	return true
}

// hold is for how long SIGTERM can be held.
func (s *Server) hold() time.Duration {
	if p := s.Corefile.SelfPreserve; p.HasPeers() && !p.Observe {
		return p.MaxHold
	}
	return 0
}

// preStop is how long a container's hook sleeps, which the grace period counts. What others
// do nobody knows.
func preStop(c *corev1.Container) time.Duration {
	if c.Lifecycle == nil || c.Lifecycle.PreStop == nil {
		return 0
	}
	hook := c.Lifecycle.PreStop
	if hook.Sleep != nil {
		return time.Duration(hook.Sleep.Seconds) * time.Second
	}
	if hook.Exec != nil && len(hook.Exec.Command) == 2 && path.Base(hook.Exec.Command[0]) == "sleep" {
		if seconds, err := strconv.ParseFloat(strings.TrimSuffix(hook.Exec.Command[1], "s"), 64); err == nil {
			return time.Duration(seconds * float64(time.Second))
		}
	}
	return 0
}

func lameDuck(s *Server, say sayer) bool {
	if s.Corefile == nil {
		return false
	}
	duck := s.Corefile.Lameduck
	if s.Workload == nil { // what watches it is not known: any lame duck may do
		if !s.Corefile.SelfPreserve.HasPeers() {
			return false
		}
		if duck == 0 {
			say("health has no lameduck: the listeners close before anyone watching /ready has noticed")
		}
		return true
	}
	probe := s.Workload.Container.ReadinessProbe
	if probe == nil || !s.hasEndpoints() {
		return false
	}
	period, failures := timesOf(probe)
	switch notice := period * time.Duration(failures); {
	case duck == 0:
		say("health has no lameduck, but the readiness probe takes %s to notice: %d failures, %s apart", notice, failures, period)
	case duck <= notice:
		say("the lame duck is %s, but the readiness probe takes %s to notice: %d failures, %s apart", duck, notice, failures, period)
	}
	return true
}

// timesOf are a probe's, with Kubernetes' defaults.
func timesOf(p *corev1.Probe) (period time.Duration, failures int32) {
	period, failures = 10*time.Second, 3
	if p.PeriodSeconds > 0 {
		period = time.Duration(p.PeriodSeconds) * time.Second
	}
	if p.FailureThreshold > 0 {
		failures = p.FailureThreshold
	}
	return period, failures
}

// hasEndpoints is whether clients come to the pods through a Service. Caches on the nodes'
// own network do without, if the manifests have none for them.
func (s *Server) hasEndpoints() bool {
	return !s.Workload.Pod.Spec.HostNetwork || len(s.Objects.ServicesOf(s.Workload.Workload)) > 0
}

func rollout(s *Server, say sayer) bool {
	w := s.Workload
	if w == nil || w.Strategy == nil {
		return false
	}
	if w.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
		say("strategy Recreate stops every server before it starts the first new one")
		return true
	}
	replicas, ok := replicasOf(s)
	if !ok {
		return false
	}
	away := maxUnavailable(w.Workload, replicas)
	var p *corefile.SelfPreserve
	if s.Corefile != nil {
		p = s.Corefile.SelfPreserve
	}
	switch {
	case away >= replicas:
		say("maxUnavailable lets a rollout stop %d of %d servers before a new one is ready", away, replicas)
	case p.HasPeers() && replicas-away+len(p.StaticPeers) < p.MinPeers:
		say("maxUnavailable lets a rollout stop %d of %d servers at once, but min_peers requires %d to stay: a server that is stopped too early is held, and may leave by force",
			away, replicas, p.MinPeers)
	}
	return true
}

// maxUnavailable is how many the Deployment's controller lets be missing. If rounding makes
// that and maxSurge none, it is one.
func maxUnavailable(w *manifest.Workload, replicas int) int {
	quarter := intstr.FromString("25%")
	unavailable, surge := &quarter, &quarter
	if r := w.Strategy.RollingUpdate; r != nil {
		if r.MaxUnavailable != nil {
			unavailable = r.MaxUnavailable
		}
		if r.MaxSurge != nil {
			surge = r.MaxSurge
		}
	}
	away, err := intstr.GetScaledValueFromIntOrPercent(unavailable, replicas, false)
	more, surgeErr := intstr.GetScaledValueFromIntOrPercent(surge, replicas, true)
	if err != nil || surgeErr != nil {
		return 0 // the API would refuse it
	}
	if away == 0 && more == 0 {
		return 1
	}
	return away
}
