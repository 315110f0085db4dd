package kubernetes

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// manifests are what is made of all kustomizations, and the examples' objects.
func manifests(t *testing.T) map[string]runtime.Object {
	t.Helper()
	all := make(map[string]runtime.Object)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch folder := filepath.Dir(path); {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case folder == "../../build/monitoring": // has objects of another API, which its own tests decode
		case d.Name() == "kustomization.yaml":
			for name, object := range built(t, folder) {
				all[folder+" "+name] = object
			}
		case strings.HasPrefix(path, "../../corefile-examples/") && filepath.Ext(path) == ".yaml":
			documents := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(read(t, path))))
			for {
				text, err := documents.Read()
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return err
				}
				object, kind, err := strictly.Decode(text, nil, nil)
				if err != nil {
					return fmt.Errorf("%s: %w", path, err)
				}
				all[path+" "+kind.Kind] = object
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// obstacle tells which pod of a Deployment would have to wait until another is gone, or
// share a host though there are enough: of its first ones, of those that replace them when
// all are deleted at once, and of a rollout.
func obstacle(t *testing.T, d *appsv1.Deployment, open, closed int) string {
	t.Helper()
	c := &cluster{t: t, closed: make([]bool, open+closed)}
	for host := open; host < len(c.closed); host++ {
		c.closed[host] = true
	}
	var before []*placed
	for _, step := range []struct {
		name, hash string
		allAtOnce  bool // the pods before are deleted, or one after the other
	}{{"the first pods", "a", true}, {"their replacements", "a", true}, {"the pods of a rollout", "b", false}} {
		for i := range *d.Spec.Replicas {
			if step.allAtOnce {
				terminate(before...)
			}
			if !c.place(d, step.hash) {
				return "one of " + step.name + " waits"
			}
			if !step.allAtOnce {
				terminate(before[i])
			}
		}
		if c.crowded() {
			return "two of " + step.name + " are on one host"
		}
		before = slices.DeleteFunc(slices.Clone(c.pods), func(p *placed) bool { return p.terminating })
		if step.allAtOnce {
			c.pods = before // those that were deleted have had the time to go
		}
	}
	return ""
}

func terminate(pods ...*placed) {
	for _, p := range pods {
		p.terminating = true
	}
}

// A server that is told to go waits for peers to promise, and its replacement is one of
// them: what keeps the replacement out while the old pod is there ends in a departure by
// force. Each is tried on as many hosts as there are replicas and on one more, with and
// without a host that takes none of them.
func TestNoOldPodKeepsItsReplacementOut(t *testing.T) {
	deployments := 0
	for name, object := range manifests(t) {
		switch d := object.(type) {
		case *appsv1.Deployment:
			deployments++
			for _, more := range []int{0, 1} {
				for _, closed := range []int{0, 1} {
					if found := obstacle(t, d, int(*d.Spec.Replicas)+more, closed); found != "" {
						t.Errorf("%s, with %d hosts more than replicas and %d closed: %s", name, more, closed, found)
					}
				}
			}
		case *appsv1.DaemonSet: // has its one place on each host: a replacement comes after
			if surge := d.Spec.UpdateStrategy.RollingUpdate.MaxSurge; surge != nil || d.Spec.Template.Spec.Affinity != nil {
				t.Errorf("%s surges by %s", name, surge)
			}
		case *appsv1.StatefulSet, *appsv1.ReplicaSet, *corev1.Pod:
			t.Errorf("nobody looks at where %s may run", name)
		}
	}
	if deployments < 2 {
		t.Errorf("%d Deployments, want those of the servers and of the heartbeat", deployments)
	}
}

func TestWhatWouldKeepAReplacementOutIsFound(t *testing.T) {
	term := corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}}}
	ofRevision := term
	ofRevision.MatchLabelKeys = []string{"pod-template-hash"}
	for _, c := range []struct {
		of           string
		change       func(*corev1.PodSpec)
		open, closed int
		want         string
	}{
		{"nothing", func(*corev1.PodSpec) {}, 3, 0, ""},
		{"anti-affinity", required(term), 4, 0, "one of their replacements waits"},
		{"anti-affinity of a revision", required(ofRevision), 3, 0, "one of their replacements waits"},
		{"anti-affinity, twice the hosts", required(term), 6, 0, ""},
		{"spread of all revisions", func(s *corev1.PodSpec) { s.TopologySpreadConstraints[0].MatchLabelKeys = nil }, 3, 1, "one of the pods of a rollout waits"},
		{"spread of all revisions, no host closed", func(s *corev1.PodSpec) { s.TopologySpreadConstraints[0].MatchLabelKeys = nil }, 3, 0, "two of the pods of a rollout are on one host"},
		{"no spread", func(s *corev1.PodSpec) { s.TopologySpreadConstraints = nil }, 3, 0, "two of the first pods are on one host"},
		{"too few hosts", func(*corev1.PodSpec) {}, 2, 1, "one of the first pods waits"},
	} {
		_, d, _, _ := server(t)
		c.change(&d.Spec.Template.Spec)
		if got := obstacle(t, d, c.open, c.closed); got != c.want {
			t.Errorf("%s: %q, want %q", c.of, got, c.want)
		}
	}
}

func required(terms ...corev1.PodAffinityTerm) func(*corev1.PodSpec) {
	return func(s *corev1.PodSpec) {
		s.TopologySpreadConstraints = nil
		s.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{RequiredDuringSchedulingIgnoredDuringExecution: terms}}
	}
}
