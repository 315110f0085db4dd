package check

import (
	"path"
	"slices"
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/manifest"
)

func canaryCached(s *Server, say sayer) bool {
	if s.Corefile == nil || s.Corefile.SelfPreserve == nil || len(s.Corefile.SelfPreserve.Canaries) == 0 {
		return false
	}
	for _, c := range s.Corefile.SelfPreserve.Canaries {
		if how := c.Cached(); how != "" {
			say("canary %s: %s, so an old answer hides what has failed since", strings.TrimSuffix(c.Name, "."), how)
		}
	}
	return true
}

// heartbeatWriter looks for who may write a heartbeat that is a Service of the cluster. Who
// writes others cannot be seen in manifests.
func heartbeatWriter(s *Server, say sayer) (applies bool) {
	if s.Corefile == nil || s.Workload == nil {
		return false
	}
	for _, name := range s.Corefile.Heartbeats {
		namespace, service, ok := s.serviceOf(name)
		if !ok || !s.sees(namespace) {
			continue
		}
		applies = true
		if !slices.ContainsFunc(s.Objects.Roles, func(r *rbacv1.Role) bool { return mayWrite(r, namespace, service) }) && !s.hasWriter(namespace, service) {
			say("nothing here writes Service %s/%s: without a writer the age of the zone is unknown", namespace, service)
		}
	}
	return applies
}

func mayWrite(r *rbacv1.Role, namespace, service string) bool {
	return manifest.SameNamespace(r.Namespace, namespace) && slices.ContainsFunc(r.Rules, func(rule rbacv1.PolicyRule) bool {
		has := func(all []string, any ...string) bool {
			return slices.ContainsFunc(any, func(one string) bool { return slices.Contains(all, one) })
		}
		return has(rule.Resources, "services", "*") && has(rule.Verbs, "patch", "update", "*") &&
			(len(rule.ResourceNames) == 0 || has(rule.ResourceNames, service))
	})
}

// hasWriter is whether a container runs holdfast heartbeat for this Service. Its rights may be
// a ClusterRole's.
func (s *Server) hasWriter(namespace, service string) bool {
	return slices.ContainsFunc(s.Objects.Workloads, func(w manifest.Workload) bool {
		return slices.ContainsFunc(w.Pod.Spec.Containers, func(c corev1.Container) bool {
			words := slices.Concat(c.Command, c.Args)
			return len(words) > 1 && path.Base(words[0]) == "holdfast" && words[1] == "heartbeat" &&
				slices.ContainsFunc(words[2:], func(word string) bool {
					in, of, ok := s.serviceOf(dns.CanonicalName(word))
					return ok && of == service && manifest.SameNamespace(in, namespace)
				})
		})
	})
}
