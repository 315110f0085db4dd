package main

import "github.com/holdfastdns/holdfast/internal/version"

// change is what a template has in place of text that its manifest has once, or so many times.
type change struct {
	from, to string
	times    int
}

var image = "image: ghcr.io/holdfastdns/holdfast:" + version.Number() + "\n"

const (
	anyImage  = "image: {{ printf \"%s:%s\" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}\n"
	keep      = "helm.sh/resource-policy: keep\n"
	keepAfter = "  annotations:\n    " + keep
)

// templates are the manifests that become templates, and what values change in them. What the
// cluster's DNS cannot do without is kept when the release goes: whoever goes back to another
// CoreDNS needs it too.
var templates = map[string][]change{
	"deployment.yaml": {
		{from: "  name: coredns\n  labels:\n", to: "  name: coredns\n" + keepAfter + "  labels:\n"},
		{from: "  # With fewer, lower min_peers in the Corefile to one less.\n  replicas: 3\n", to: "  replicas: {{ .Values.replicas }}\n"},
		{from: "        # Not published yet: see README.md for an image of your own.\n        " + image, to: "        " + anyImage},
		{from: "            memory: 70Mi\n", to: "            memory: {{ .Values.memory.request }}\n"},
		{from: "            memory: 170Mi\n", to: "            memory: {{ .Values.memory.limit }}\n"},
		{from: "          name: holdfast\n", to: "          name: {{ include \"holdfast.configmap\" . }}\n"},
	},
	"services.yaml": {
		{from: "  name: kube-dns\n", to: "  name: {{ .Values.service.name }}\n"},
		{from: "  annotations:\n", to: keepAfter},
		{from: "  # It cannot be changed, so a cluster that has another one refuses this: see README.md.\n  clusterIP: 10.96.0.10\n",
			to: "  # It cannot be changed, so a cluster that has another one refuses this.\n  clusterIP: {{ .Values.service.clusterIP | quote }}\n" +
				"  {{- with .Values.service.trafficDistribution }}\n  trafficDistribution: {{ . }}\n  {{- end }}\n"},
	},
	"rbac.yaml": {
		{from: "metadata:\n  name: coredns\n", to: "metadata:\n  name: coredns\n" + keepAfter},
		{from: "metadata:\n  name: system:coredns\n", to: "metadata:\n  name: system:coredns\n" + keepAfter, times: 2},
		{from: "- kind: ServiceAccount\n  name: coredns\n", to: "- kind: ServiceAccount\n  name: coredns\n  namespace: kube-system\n"},
	},
	"heartbeat.yaml": {
		{from: "        " + image, to: "        " + anyImage},
		{from: "svc.cluster.local", to: "svc.{{ .Values.clusterDomain }}"},
	},
	"disruptionbudget.yaml": nil,
	"networkpolicy.yaml":    nil,
}
