package fleet

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/test/lab/apiserver"
)

// cluster is a Kubernetes with a pod for each simulated server, and one besides.
func cluster(t *testing.T, f *simulated) *apiserver.Server {
	labels := map[string]string{"k8s-app": "kube-dns"}
	pods := []apiserver.Object{apiserver.Pod("kube-system", "other", nil, "127.1.0.99")}
	for i := range f.servers {
		pods = append(pods, apiserver.Pod("kube-system", fmt.Sprint("coredns-", i), labels, ip(i)))
	}
	api := apiserver.Start(t, pods...)
	t.Setenv("KUBECONFIG", api.Kubeconfig(t))
	return api
}

func TestPodsAreAskedThroughTheAPIServer(t *testing.T) {
	f := simulate(t, 3)
	cluster(t, f)
	port := fmt.Sprint(f.port)
	said, code := f.run("--kubernetes", "k8s-app=kube-dns", "--port", port)
	if code != 0 || verdict(said) != "3 of 3 in service, 1 may leave now" {
		t.Errorf("%d: %s", code, said)
	}
	f.stop(2)
	said, code = f.run("--kubernetes", "k8s-app=kube-dns", "--port", port)
	if want := "× #2 ns2 unreachable - - - - - 0.1.0 through the API server: dial tcp #2: connect: connection refused; last heard"; code != 1 || !strings.HasPrefix(row(said, "#2"), want) {
		t.Errorf("%d: %s", code, said)
	}
	said, code = f.run("--kubernetes", "k8s-app=nothing")
	if code != 2 || said != "holdfast status: no pod in kube-system with the label k8s-app=nothing has an address\n" {
		t.Errorf("%d: %s", code, said)
	}
}

// The control plane is what fails first: whoever knows an address can ask without it.
func TestWithoutAControlPlaneTheAddressesAreAsked(t *testing.T) {
	f := simulate(t, 2)
	dead := httptest.NewServer(nil)
	dead.Close()
	api := apiserver.Start(t)
	api.URL = dead.URL
	t.Setenv("KUBECONFIG", api.Kubeconfig(t))
	said, code := f.run("--kubernetes", "k8s-app=kube-dns", f.address(1))
	if code != 0 || !strings.Contains(said, "2 of 2 in service") || !strings.Contains(said, "connection refused; asking the addresses directly") {
		t.Errorf("%d: %s", code, said)
	}
	said, code = f.run("--kubernetes", "k8s-app=kube-dns")
	if code != 2 || !strings.HasPrefix(said, "holdfast status: asking Kubernetes for pods: ") || !strings.Contains(said, "connection refused") {
		t.Errorf("%d: %s", code, said)
	}
}
