package examples

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/holdfastdns/holdfast/test/lab"
	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

// heartbeatManifests are those of heartbeat.yaml that have to fit each other.
type heartbeatManifests struct {
	Service        corev1.Service
	Role           rbacv1.Role
	RoleBinding    rbacv1.RoleBinding
	Deployment     appsv1.Deployment
	ServiceAccount corev1.ServiceAccount
}

func readHeartbeatManifests(t *testing.T) (m heartbeatManifests) {
	t.Helper()
	into := map[string]any{"Service": &m.Service, "Role": &m.Role, "RoleBinding": &m.RoleBinding, "Deployment": &m.Deployment, "ServiceAccount": &m.ServiceAccount}
	documents := yaml.NewYAMLToJSONDecoder(strings.NewReader(readExample(t, "kubernetes-heartbeat/heartbeat.yaml")))
	for {
		var raw json.RawMessage
		if err := documents.Decode(&raw); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		var kind metav1.TypeMeta
		if err := json.Unmarshal(raw, &kind); err != nil {
			t.Fatal(err)
		}
		strict := json.NewDecoder(bytes.NewReader(raw))
		strict.DisallowUnknownFields()
		if err := strict.Decode(into[kind.Kind]); err != nil {
			t.Fatalf("%s: %v", kind.Kind, err)
		}
		delete(into, kind.Kind)
	}
	if len(into) != 0 {
		t.Fatalf("there is no %v", into)
	}
	return m
}

// The manifest's own command writes the heartbeat, until the watch of a server freezes.
func TestExampleHeartbeatTellsThatTheWatchHasFrozen(t *testing.T) {
	t.Parallel()
	m := readHeartbeatManifests(t)
	const namespaceOfAll, name = "kube-system", "heartbeat"
	rule := m.Role.Rules[0]
	switch pod := m.Deployment.Spec.Template.Spec; {
	case m.Service.Namespace != namespaceOfAll || m.Service.Name != name || m.Service.Spec.Type != corev1.ServiceTypeExternalName,
		!slices.Equal(rule.ResourceNames, []string{name}) || !slices.Equal(rule.Verbs, []string{"get", "patch"}) || !slices.Equal(rule.Resources, []string{"services"}),
		m.RoleBinding.RoleRef.Name != m.Role.Name || m.RoleBinding.Subjects[0].Name != pod.ServiceAccountName,
		m.ServiceAccount.Name != pod.ServiceAccountName || m.Role.Namespace != namespaceOfAll || m.RoleBinding.Namespace != namespaceOfAll,
		*m.Deployment.Spec.Replicas != 2 || m.Deployment.Namespace != namespaceOfAll || m.ServiceAccount.Namespace != namespaceOfAll:
		t.Errorf("the manifests do not fit each other: %+v", m)
	}

	spec := corev1.ServiceSpec{ClusterIP: "10.96.0.1"}
	api := apiserver.Start(t, apiserver.Namespace("kube-system"), apiserver.Namespace("default"), apiserver.Service("default", "kubernetes", spec),
		apiserver.Service(namespaceOfAll, name, m.Service.Spec))
	startHeartbeat(t, m.Deployment.Spec.Template.Spec.Containers[0], api)
	const kubernetes = "kubernetes.default.svc.cluster.local."
	e := startClusterExample(t, "kubernetes-heartbeat", kubernetes, api, lab.StartUpstream(t).Addr,
		"max_age 60s", "max_age 4s\n        interval 1s")
	const status = `coredns_stalecheck_zone_status{status="%",zone="cluster.local."} 1`
	e.awaitMetric(t, strings.Replace(status, "%", "fresh", 1))
	lab.Until(t, "it is ready", func() bool { return e.Ready() == "200 OK" })
	beat := e.ask(t, "heartbeat.kube-system.svc.cluster.local.", dns.TypeCNAME)
	readme := readExample(t, "kubernetes-heartbeat/README.md")
	target := regexp.MustCompile(`(?m)^t\d+\.heartbeat\.invalid\.$`)
	if len(beat.Answer) != 1 || !target.MatchString(beat.Answer[0].(*dns.CNAME).Target) || !target.MatchString(readme) {
		t.Errorf("the heartbeat is not what the README shows:\n%v", beat)
	}
	typed, found := strings.CutPrefix(lab.Typed(t, "corefile-examples/kubernetes-heartbeat/README.md", 1)[0], "kubectl apply -f heartbeat.yaml\n")
	if !found {
		t.Errorf("the README shows %s", typed)
	}
	e.awaitShown(t, typed, target.String())

	api.Freeze(true)
	if !strings.Contains(readme, "; EDE: 3 (Stale Answer): (heartbeat is 75s old)\n") {
		t.Error("the README shows another mark than this test looks for")
	}
	mark := regexp.MustCompile(`^heartbeat is \d+s old$`)
	lab.Eventually(t, lab.Slow, func() string {
		reply := e.ask(t, kubernetes, dns.TypeA)
		told := lab.Explanations(reply)
		if _, high := lab.TTLs(reply); len(reply.Answer) != 1 || high > 30 || len(told) != 1 || told[0].InfoCode != dns.ExtendedErrorCodeStaleAnswer || !mark.MatchString(told[0].ExtraText) {
			return reply.String()
		}
		return ""
	})
	e.awaitMetric(t, strings.Replace(status, "%", "stale", 1))
	lab.Until(t, "it is unfit, and stays", func() bool { return strings.HasPrefix(e.Ready(), "200 PRESERVED: vital stalecheck: ") })
	api.Freeze(false)
	e.awaitMetric(t, strings.Replace(status, "%", "fresh", 1))
	lab.Until(t, "it is fit", func() bool { return e.Ready() == "200 OK" })
}

// startHeartbeat runs the container's command, faster than it would and as one who is outside
// the cluster.
func startHeartbeat(t *testing.T, c corev1.Container, api *apiserver.Server) {
	t.Helper()
	if !slices.Equal(c.Command, []string{"/holdfast"}) {
		t.Errorf("the command is %q", c.Command)
	}
	lab.StartDaemon(t, t.TempDir(), lab.Holdfast(t), append(c.Args, "--interval", "1s", "--kubeconfig", api.Kubeconfig(t))...)
}
