package doctor

import (
	"strings"
	"testing"
)

// kubeadmManifests are what kubeadm makes.
func kubeadmManifests(t *testing.T) string {
	t.Helper()
	return text(t, root+"/build/kubernetes/testdata/kubeadm-deployment.yaml") + "---\n" +
		text(t, root+"/build/kubernetes/testdata/kubeadm-service.yaml") + "---\n" + text(t, "testdata/wild/kubeadm-configmap.yaml")
}

func TestTheREADMEShowsWhatItSaysOfKubeadms(t *testing.T) {
	out, _, _ := runs(t, kubeadmManifests(t), "-")
	var shown strings.Builder
	for section := range strings.SplitSeq(out, "\n\n") {
		head, body, isSection := strings.Cut(section, "-\n")
		if isSection { // without what is fine
			var bad []string
			for line := range strings.Lines(body + "\n") {
				if !strings.HasPrefix(line, "√") {
					bad = append(bad, line)
				}
			}
			if len(bad) == 0 {
				continue
			}
			section = head + "-\n" + strings.TrimSuffix(strings.Join(bad, ""), "\n")
		}
		shown.WriteString(section)
		if isSection {
			shown.WriteString("\n\n")
		}
	}
	if want := "~~~ txt\n" + shown.String() + "~~~\n"; !strings.Contains(text(t, root+"/cmd/holdfast/README.md"), want) {
		t.Errorf("the README does not show\n%s", want)
	}
}

func TestWhatIsWrongWithManifestsOfTheWild(t *testing.T) {
	kubeadm := kubeadmManifests(t)
	for name, tc := range map[string]struct {
		manifests string
		change    []string // pairs
		want      []string
		says      map[string]string
	}{
		"kubeadm": {
			manifests: kubeadm,
			want:      []string{"lame-duck", "disruption-budget"},
			says: map[string]string{
				"lame-duck": "Deployment kube-system/coredns: the lame duck is 5s, but the readiness probe takes 30s to notice: 3 failures, 10s apart",
			},
		},
		"kubeadm, scaled to one": {
			manifests: kubeadm, change: []string{"replicas: 2", "replicas: 1"},
			want: []string{"lame-duck", "rollout", "one-replica", "disruption-budget"},
		},
		"the Helm chart's defaults": {
			manifests: text(t, "testdata/wild/helm.yaml"),
			want:      []string{"rollout", "one-replica", "same-node", "disruption-budget"},
			says: map[string]string{
				"rollout": "Deployment default/dns-coredns: maxUnavailable lets a rollout stop 1 of 1 servers before a new one is ready",
			},
		},
		"the Helm chart's defaults until helm#204": {
			manifests: text(t, "testdata/wild/helm.yaml"),
			change:    []string{"lameduck 10s", "lameduck 5s", "periodSeconds: 5\n          timeoutSeconds: 5\n          failureThreshold: 1", "periodSeconds: 10\n          timeoutSeconds: 5\n          failureThreshold: 5"},
			want:      []string{"lame-duck", "rollout", "one-replica", "same-node", "disruption-budget"},
			says:      map[string]string{"lame-duck": "Deployment default/dns-coredns: the lame duck is 5s, but the readiness probe takes 50s to notice: 5 failures, 10s apart"},
		},
		"EKS": {
			manifests: text(t, "testdata/wild/eks.json"),
			want:      []string{"lame-duck", "disruption-budget"},
			says:      map[string]string{"lame-duck": "Deployment kube-system/coredns: the lame duck is 5s, but the readiness probe takes 30s to notice: 3 failures, 10s apart"},
		},
		"EKS with the lame duck that it advises": {
			manifests: text(t, "testdata/wild/eks.json"), change: []string{"lameduck 5s", "lameduck 30s"},
			want: []string{"grace-period", "lame-duck", "disruption-budget"},
			says: map[string]string{"grace-period": "Deployment kube-system/coredns: a pod is killed 30s after SIGTERM (terminationGracePeriodSeconds), but a shutdown can take 35s: 30s for the lame duck, 5s for closing the listeners"},
		},
		"EKS with a Corefile from before ready": {
			manifests: text(t, "testdata/wild/eks.json"), change: []string{`  ready\n`, ``},
			want: []string{"lame-duck", "readiness-probe", "disruption-budget"},
		},
		"OpenShift": {manifests: text(t, "testdata/wild/openshift.yaml")},
		"OpenShift before cluster-dns-operator#205": {
			manifests: text(t, "testdata/wild/openshift.yaml"),
			change: []string{"        health {\n            lameduck 20s\n        }\n        ready\n", "        health\n",
				"path: /ready, port: 8181, scheme: HTTP}\n          initialDelaySeconds: 10\n          periodSeconds: 3", "path: /health, port: 8080, scheme: HTTP}\n          initialDelaySeconds: 10\n          periodSeconds: 10"},
			want: []string{"lame-duck", "readiness-probe"},
			says: map[string]string{"readiness-probe": "DaemonSet openshift-dns/dns-default: it asks for /health on port 8080, where health always returns 200, even during the lame duck: want /ready"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			manifests := tc.manifests
			for i := 0; i < len(tc.change); i += 2 {
				if strings.Count(manifests, tc.change[i]) != 1 {
					t.Fatalf("%q does not stand there once", tc.change[i])
				}
				manifests = strings.Replace(manifests, tc.change[i], tc.change[i+1], 1)
			}
			r := report(t, manifests, "-")
			finds(t, r, tc.want...)
			for id, want := range tc.says {
				if have := said(r, id); have != want {
					t.Errorf("%s says %q, want %q", id, have, want)
				}
			}
			if len(r.Notes) > 0 {
				t.Errorf("it does not judge %q", r.Notes)
			}
		})
	}
}

// Who puts Holdfast's Corefile and image into a Deployment that is there, and nothing else.
func TestWhatIsWrongWithHoldfastInKubeadmsDeployment(t *testing.T) {
	dir := write(t, map[string]string{"coredns.yaml": text(t, root+"/build/kubernetes/testdata/kubeadm-deployment.yaml")})
	r := report(t, "", root+"/build/kubernetes/Corefile", dir)
	finds(t, r, "grace-period", "lame-duck", "rollout", "readiness-probe", "min-peers", "disruption-budget", "heartbeat-writer", "kubeadm-upgrade")
}
