package check

import (
	"net"
	"slices"
	"strings"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/manifest"
)

func minPeers(s *Server, say sayer) bool {
	if s.Corefile == nil || !s.Corefile.SelfPreserve.HasPeers() {
		return false
	}
	p := s.Corefile.SelfPreserve
	if len(p.PeerNames) == 0 {
		others := len(p.StaticPeers)
		isOwn := func(peer string) bool {
			host, _, err := net.SplitHostPort(peer)
			return p.Own != "" && (peer == p.Own || err == nil && host == p.Own)
		}
		if slices.ContainsFunc(p.StaticPeers, isOwn) {
			others--
		}
		if p.MinPeers > others {
			say("min_peers is %d, but peers static lists %s: no server can leave except by force", p.MinPeers, Count(others, "other server"))
		}
		return true
	}
	replicas, ok := replicasOf(s)
	if !ok {
		return false
	}
	if others := max(replicas-1, 0) + len(p.StaticPeers); p.MinPeers > others {
		say("min_peers is %d, but with %s each has %s: no server can leave except by force", p.MinPeers, Count(replicas, "replica"), Count(others, "peer"))
	}
	return true
}

// minPeersPercentage: each pod that is replaced has a new address, and the old one counts
// for ten minutes more.
func minPeersPercentage(s *Server, say sayer) bool {
	if s.Corefile == nil || s.Workload == nil {
		return false
	}
	p := s.Corefile.SelfPreserve
	if !p.HasPeers() || p.MinPercent == 0 || len(p.PeerNames) == 0 {
		return false
	}
	if p.MinPercent > 50 {
		say("min_peers is %d%%, and the addresses of replaced pods count for another 10 minutes: a rollout is held. Want a number, or at most 50%%", p.MinPercent)
	}
	return true
}

func peersService(s *Server, say sayer) (applies bool) {
	if s.Corefile == nil || s.Workload == nil || !s.Corefile.SelfPreserve.HasPeers() || len(s.Objects.Services) == 0 {
		return false
	}
	for _, name := range s.Corefile.SelfPreserve.PeerNames {
		namespace, service, ok := s.serviceOf(name)
		if !ok || !s.sees(namespace) {
			continue
		}
		applies = true
		found := s.Objects.Service(namespace, service)
		if found == nil {
			say("peers dns is %s, but there is no Service %s/%s", name, namespace, service)
			continue
		}
		if found.Spec.ClusterIP != corev1.ClusterIPNone {
			say("Service %s is not headless, so its name resolves to one virtual address instead of the servers' own: want clusterIP: None", service)
		}
		if !found.Spec.PublishNotReadyAddresses {
			say("Service %s leaves out servers that are not ready, such as one that is aside or leaving: want publishNotReadyAddresses: true", service)
		}
		if !s.Workload.Selected(found.Namespace, metav1.SetAsLabelSelector(found.Spec.Selector)) || len(found.Spec.Selector) == 0 {
			say("Service %s does not select the pods of %s", service, s.Workload.Workload)
		}
	}
	return applies
}

// sees is whether there would be the objects of a namespace: it is the workload's own, or
// one of which there is a Service.
func (s *Server) sees(namespace string) bool {
	return manifest.SameNamespace(namespace, s.Workload.Namespace) || slices.ContainsFunc(s.Objects.Services, func(o *corev1.Service) bool { return o.Namespace == namespace })
}

// serviceOf takes NAME.NAMESPACE.svc.ZONE apart, if the zone is one of kubernetes.
func (s *Server) serviceOf(name string) (namespace, service string, ok bool) {
	zone := s.Corefile.ClusterZones.Matches(name)
	labels := dns.SplitDomainName(strings.TrimSuffix(name, zone))
	if zone == "" || len(labels) != 3 || labels[2] != "svc" {
		return "", "", false
	}
	return labels[1], labels[0], true
}
