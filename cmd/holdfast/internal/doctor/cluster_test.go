package doctor

import (
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

func TestWhatIsDeployedIsJudgedLikeItsManifests(t *testing.T) {
	api := apiserver.Start(t)
	for _, file := range []string{root + "/build/kubernetes/testdata/kubeadm-deployment.yaml", root + "/build/kubernetes/testdata/kubeadm-service.yaml",
		"testdata/wild/kubeadm-configmap.yaml", "testdata/wild/helm.yaml", heartbeat} {
		for _, object := range apiserver.FromFile(t, file) {
			api.Put(object)
		}
	}
	config := []string{"--kubeconfig", api.Kubeconfig(t), "--kubernetes"}
	r := report(t, "", config...)
	finds(t, r, "lame-duck", "disruption-budget")
	if have := strings.Join(r.Servers, ", "); have != "Deployment kube-system/coredns" {
		t.Errorf("the servers are %s", have)
	}
	finds(t, report(t, "", append(config, "--namespace", "default")...), "rollout", "one-replica", "same-node", "disruption-budget")

	_, errs, code := runs(t, "", append(config, "--namespace", "empty")...)
	if code != 2 || !strings.HasPrefix(errs, "holdfast doctor: no workload here seems to run CoreDNS") {
		t.Errorf("it exits with %d and says %q", code, errs)
	}
	// Else there would seem to be no disruption budget.
	api.Forbid("poddisruptionbudgets")
	_, errs, code = runs(t, "", config...)
	if want := "holdfast doctor: reading the poddisruptionbudgets of kube-system: poddisruptionbudgets is forbidden: "; code != 2 || !strings.HasPrefix(errs, want) {
		t.Errorf("it exits with %d and says %q, want %q", code, errs, want)
	}
	if _, errs, code = runs(t, "", "--kubernetes", "--kubeconfig", "nope"); code != 2 || !strings.Contains(errs, "no access to Kubernetes: ") {
		t.Errorf("it exits with %d and says %q", code, errs)
	}
}
