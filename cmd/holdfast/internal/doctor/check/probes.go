package check

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func readinessProbe(s *Server, say sayer) bool {
	if s.Workload == nil || !s.hasEndpoints() {
		return false
	}
	probe := s.Workload.Container.ReadinessProbe
	if probe == nil {
		say("there is none: a pod gets queries before it can answer them, and until it is gone")
		return true
	}
	get, port := probe.HTTPGet, s.portOf(probe)
	switch {
	case get == nil && probe.TCPSocket != nil:
		say("it only checks that a port is open, which says nothing about whether queries are answered")
	case get == nil:
		return false // what a program or gRPC asks is not known
	case get.Path == "/health" || s.Corefile != nil && slices.Contains(s.Corefile.Ports.Health, port):
		say("it asks for %s on port %d, where health always returns 200, even during the lame duck: want /ready", get.Path, port)
	case s.Corefile == nil || port == 0:
	case s.Corefile.SelfPreserve != nil:
		s.asksSelfPreserve(get, port, say)
	case !slices.Contains(s.Corefile.Ports.Ready, port):
		say("it asks port %d, where nothing in the Corefile tells whether the server is ready: want ready in the Corefile", port)
	}
	return true
}

// asksSelfPreserve is for a server that decides about /ready together with others.
func (s *Server) asksSelfPreserve(get *corev1.HTTPGetAction, port int, say sayer) {
	ports, isTLS := s.Corefile.Ports, get.Scheme == corev1.URISchemeHTTPS
	switch {
	case slices.Contains(ports.Ready, port):
		say("it asks the ready plugin on port %d, where each server judges alone: want /ready of selfpreserve on port %d", port, ports.SelfPreserve)
	case port != ports.SelfPreserve:
		say("it asks port %d, where nothing in the Corefile tells whether the server is ready: want selfpreserve's port, %d", port, ports.SelfPreserve)
	case get.Path != "/ready":
		say("it asks selfpreserve for %q: want /ready", get.Path)
	case s.Corefile.SelfPreserve.TLS != isTLS && isTLS:
		say("it uses HTTPS, but selfpreserve has no tls")
	case s.Corefile.SelfPreserve.TLS != isTLS:
		say("it uses HTTP, but selfpreserve has tls: want scheme HTTPS")
	}
}

func livenessProbe(s *Server, say sayer) bool {
	if s.Workload == nil {
		return false
	}
	probe := s.Workload.Container.LivenessProbe
	if probe == nil || probe.HTTPGet == nil {
		return false
	}
	path, port := probe.HTTPGet.Path, s.portOf(probe)
	switch {
	case path == "/ready" || s.Corefile != nil && port != 0 && (slices.Contains(s.Corefile.Ports.Ready, port) || port == s.Corefile.Ports.SelfPreserve):
		say("it asks for %s on port %d: whatever makes every server unready restarts them all", path, port)
	case s.Corefile != nil && port != 0 && !slices.Contains(s.Corefile.Ports.Health, port):
		say("it asks port %d, where the Corefile has no health: the container will be restarted over and over", port)
	}
	return true
}

// portOf is the number of the port that a probe asks over HTTP, or 0 if it has a name that
// the container does not have.
func (s *Server) portOf(p *corev1.Probe) int {
	if p.HTTPGet == nil {
		return 0
	}
	port := p.HTTPGet.Port
	if port.Type == intstr.Int {
		return port.IntValue()
	}
	for _, c := range s.Workload.Container.Ports {
		if c.Name == port.StrVal {
			return int(c.ContainerPort)
		}
	}
	return 0
}
