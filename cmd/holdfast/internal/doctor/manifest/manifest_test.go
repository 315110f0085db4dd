package manifest

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// objects are those of a text.
func objects(t *testing.T, text string) *Objects {
	t.Helper()
	o := new(Objects)
	if err := o.Add("a.yaml", []byte(text)); err != nil {
		t.Fatal(err)
	}
	return o
}

const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: dns, namespace: a}\n"

func TestDocumentsListsAndJSONAreRead(t *testing.T) {
	const service = `{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "one"}}`
	for name, text := range map[string]string{
		"documents":         "---\n# a comment\n---\n" + deployment + "--- # another\n" + service + "\n---\n\n",
		"with CRLF":         strings.ReplaceAll("---\n"+deployment+"---\n"+service, "\n", "\r\n"),
		"a List":            `{"apiVersion": "v1", "kind": "List", "items": [` + service + `, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "dns"}}]}`,
		"a ServiceList too": deployment + "---\napiVersion: v1\nkind: ServiceList\nitems: [" + service + "]",
	} {
		o := objects(t, text)
		if len(o.Workloads) != 1 || o.Workloads[0].Name != "dns" || len(o.Services) != 1 || o.Services[0].Name != "one" || len(o.Ignored)+len(o.Odd) != 0 {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

func TestOtherKindsAreCounted(t *testing.T) {
	o := objects(t, "apiVersion: x.example/v1\nkind: Strange\nspec: {a: 1}\n---\napiVersion: v1\nkind: Secret\n---\napiVersion: v1\nkind: Secret\n---\napiVersion: policy/v1beta1\nkind: PodDisruptionBudget\n")
	if want := map[string]int{"x.example/v1 Strange": 1, "v1 Secret": 2, "policy/v1beta1 PodDisruptionBudget": 1}; !maps.Equal(o.Ignored, want) {
		t.Errorf("%v, want %v", o.Ignored, want)
	}
}

func TestFieldsThatTheAPIDoesNotHaveAreSaid(t *testing.T) {
	o := objects(t, "# first\n---\n"+deployment+"spec:\n  replica: 3\n  paused: true\n  paused: false\n")
	isSaid := func(want string) bool {
		return slices.ContainsFunc(o.Odd, func(odd string) bool { return strings.HasPrefix(odd, want) && !strings.Contains(odd, "\n") })
	}
	if len(o.Workloads) != 1 || len(o.Odd) != 2 || !isSaid(`a.yaml:3: unknown field "spec.replica"`) || !isSaid(`a.yaml:9: key "paused" already set in map`) {
		t.Errorf("%q of %+v", o.Odd, o.Workloads)
	}
}

func TestWhatIsNoManifestHasAFileAndALine(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\n---\n":                                "a.yaml:1: no apiVersion and kind: want manifests of Kubernetes",
		"just words":                                 "a.yaml:1: no apiVersion and kind",
		deployment + "---\n\n# x\nname: y\n":         "a.yaml:7: no apiVersion and kind",
		deployment + "spec: {replicas: many}\n":      "a.yaml:1: Deployment: ",
		deployment + "---\n" + deployment + "x: [\n": "a.yaml:9: did not find expected",
		"---\n" + deployment + "\tx: 1\n":            "a.yaml:5: found character that cannot start any token",
		deployment + "a: b: c\n":                     "a.yaml:4: mapping values are not allowed in this context",
		"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n": "a.yaml:1: a Kustomization is not rendered here",
		`{"apiVersion": "v1", "kind": "List", "items": [{"kind": 1}]}`:       "a.yaml, item 0:1: no apiVersion and kind",
	} {
		err := new(Objects).Add("a.yaml", []byte(text))
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q gives %v, want %s", text, err, want)
		}
	}
}

// serverOf is the container that is taken for a server, or nothing.
func serverOf(t *testing.T, containers string) string {
	t.Helper()
	var names []string
	for _, s := range objects(t, deployment+"spec: {template: {spec: {containers: ["+containers+"]}}}\n").Servers() {
		names = append(names, s.Container.Name)
	}
	return strings.Join(names, " ")
}

func TestServersAreKnownByImageCommandOrConf(t *testing.T) {
	for containers, want := range map[string]string{
		"{name: a, image: coredns/coredns}":                                                           "a",
		"{name: a, image: 'registry.example.org:5000/mirrored-coredns-coredns:1.2@sha256:00'}":        "a",
		"{name: a, image: ghcr.io/holdfastdns/holdfast:0.1.0}":                                        "a",
		"{name: a, image: holdfast, command: [/holdfast, heartbeat]}":                                 "",
		"{name: a, image: x, command: [/bin/coredns]}":                                                "a",
		"{name: a, image: coredns-autoscaler}":                                                        "",
		"{name: a, image: x, args: [-conf, /Corefile]}":                                               "a",
		"{name: a, image: x, args: [--conf=/Corefile]}":                                               "a",
		"{name: a, image: x, args: [-config, z]}":                                                     "",
		"{name: a, image: node-cache, args: [-conf, /etc/Corefile]}, {name: b, image: holdfast:1}":    "b",
		"{name: a, image: coredns:1}, {name: b, image: coredns:2}, {name: c, image: kube-rbac-proxy}": "a b",
	} {
		if have := serverOf(t, containers); have != want {
			t.Errorf("of %s it is %q, want %q", containers, have, want)
		}
	}
}

const corefiles = `
---
apiVersion: v1
kind: ConfigMap
metadata: {name: dns, namespace: a}
data: {Corefile: "one {$NAME} {%NAME%} {$OTHER}", zone: "two"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: dns, namespace: b}
data: {Corefile: "of another namespace"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: more}
data: {extra.override: "three"}
`

func TestTheCorefileIsTheOneThatTheContainerMounts(t *testing.T) {
	for name, tc := range map[string]struct {
		conf, mounts, volumes string
		want                  *Mounted
	}{
		"a ConfigMap": {"[-conf, /etc/dns/Corefile]", "[{name: v, mountPath: /etc/dns}]", "[{name: v, configMap: {name: dns}}]",
			&Mounted{Path: "/etc/dns/Corefile", Files: map[string]string{"/etc/dns/Corefile": "one value value {$OTHER}", "/etc/dns/zone": "two"}}},
		"an item of it": {"[-conf, /etc/dns/main]", "[{name: v, mountPath: /etc/dns}]", "[{name: v, configMap: {name: dns, items: [{key: Corefile, path: main}]}}]",
			&Mounted{Path: "/etc/dns/main", Files: map[string]string{"/etc/dns/main": "one value value {$OTHER}"}}},
		"one file of it": {"[-conf, /Corefile]", "[{name: v, mountPath: /Corefile, subPath: Corefile}]", "[{name: v, configMap: {name: dns}}]",
			&Mounted{Path: "/Corefile", Files: map[string]string{"/Corefile": "one value value {$OTHER}"}}},
		"where CoreDNS looks": {"[]", "[{name: v, mountPath: /}]", "[{name: v, configMap: {name: dns, items: [{key: Corefile, path: Corefile}]}}]",
			&Mounted{Path: "/Corefile", Files: map[string]string{"/Corefile": "one value value {$OTHER}"}}},
		"with another": {"[-conf, /etc/dns/Corefile]", "[{name: v, mountPath: /etc/dns}, {name: w, mountPath: /etc/dns/custom}]",
			"[{name: v, configMap: {name: dns, items: [{key: Corefile, path: Corefile}]}}, {name: w, projected: {sources: [{configMap: {name: more}}]}}]",
			&Mounted{Path: "/etc/dns/Corefile", Files: map[string]string{"/etc/dns/Corefile": "one value value {$OTHER}", "/etc/dns/custom/extra.override": "three"}}},
		"no ConfigMap of these": {"[-conf, /etc/dns/Corefile]", "[{name: v, mountPath: /etc/dns}]", "[{name: v, configMap: {name: nope}}]", nil},
		"no such file in it":    {"[-conf, /etc/dns/Other]", "[{name: v, mountPath: /etc/dns}]", "[{name: v, configMap: {name: dns}}]", nil},
		"no volume":             {"[-conf, /etc/dns/Corefile]", "[]", "[]", nil},
	} {
		text := deployment + "spec: {template: {spec: {containers: [{image: coredns, args: " + tc.conf + ", env: [{name: NAME, value: value}, {name: OTHER, valueFrom: {}}], volumeMounts: " + tc.mounts + "}], volumes: " + tc.volumes + "}}}" + corefiles
		have := objects(t, text).Servers()[0].Corefile
		if (have == nil) != (tc.want == nil) || have != nil && (have.Path != tc.want.Path || have.From != "ConfigMap a/dns" || !maps.Equal(have.Files, tc.want.Files)) {
			t.Errorf("%s: %+v, want %+v", name, have, tc.want)
		}
	}
}

func TestServicesSelectByLabelsInTheirNamespace(t *testing.T) {
	o := objects(t, deployment+"spec: {template: {metadata: {labels: {app: dns, tier: x}}}}\n")
	w := &o.Workloads[0]
	for selector, want := range map[string]bool{"{app: dns}": true, "{app: dns, tier: z}": false, "{}": false} {
		for namespace, same := range map[string]bool{"a": true, "b": false, "": true} {
			o.Services = objects(t, "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: '"+namespace+"'}\nspec: {selector: "+selector+"}\n").Services
			if have := len(o.ServicesOf(w)) == 1; have != (want && same) {
				t.Errorf("%s in %q: %t", selector, namespace, have)
			}
		}
	}
	o.Services = objects(t, "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: a}\n").Services
	if o.Service("a", "s") == nil || o.Service("a", "t") != nil || o.Service("b", "s") != nil {
		t.Error("a Service is not found by its name and namespace alone")
	}
}
