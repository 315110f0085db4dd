// Package kubernetes has the manifests, which are no Go. What is Go here tests that the API
// server would take them as they are meant, and that they and the Corefiles agree.
package kubernetes

import (
	"os"
	"regexp"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// objects are what kubectl apply -k would send, by kind and name.
type objects map[string]runtime.Object

// strictly refuses fields that the API does not have and fields that are given twice.
var strictly = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

// built is a folder as kubectl builds it, with its load restrictor.
func built(t *testing.T, folder string) objects {
	t.Helper()
	return builtOf(t, filesys.MakeFsOnDisk(), folder)
}

func builtOf(t *testing.T, disk filesys.FileSystem, folder string) objects {
	t.Helper()
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, folder)
	if err != nil {
		t.Fatal(err)
	}
	found := make(objects)
	for _, r := range all.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		object, kind, err := strictly.Decode(text, nil, nil)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		named, err := meta.Accessor(object)
		if err != nil {
			t.Fatal(err)
		}
		// The suffix is kustomize's.
		name := kind.Kind + " " + regexp.MustCompile(`-[0-9a-z]{10}$`).ReplaceAllString(named.GetName(), "-HASH")
		if found[name] != nil {
			t.Errorf("two of %s", name)
		}
		if namespace := named.GetNamespace(); namespace != "kube-system" && kind.Group != "rbac.authorization.k8s.io" {
			t.Errorf("%s is in %q", name, namespace)
		}
		found[name] = object
	}
	return found
}

// get is one of them, of a type.
func get[T runtime.Object](t *testing.T, from objects, name string) T {
	t.Helper()
	object, ok := from[name].(T)
	if !ok {
		t.Fatalf("%s is a %T", name, from[name])
	}
	return object
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file) // #nosec G304 -- the repository's
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryObjectIsOneOfKubernetesAPI(t *testing.T) {
	for folder, want := range map[string][]string{
		".": {
			"ClusterRole system:coredns", "ClusterRoleBinding system:coredns", "ConfigMap holdfast-HASH",
			"Deployment coredns", "Deployment heartbeat", "NetworkPolicy coredns", "PodDisruptionBudget coredns",
			"Role heartbeat", "RoleBinding heartbeat",
			"Service coredns-peers", "Service heartbeat", "Service kube-dns", "ServiceAccount coredns", "ServiceAccount heartbeat",
		},
		"nodelocal": {
			"ConfigMap node-local-dns-HASH", "ConfigMap node-local-dns-interface-HASH",
			"DaemonSet node-local-dns", "Service kube-dns-upstream",
		},
	} {
		var names []string
		for name := range built(t, folder) {
			names = append(names, name)
		}
		if slices.Sort(names); !slices.Equal(names, want) {
			t.Errorf("%s has %q, want %q", folder, names, want)
		}
	}
}

// kustomize loads no file from outside its folder, so there are two of each Corefile.
func TestTheCorefilesAreThoseOfTheExamples(t *testing.T) {
	for folder, example := range map[string]string{".": "kubernetes", "nodelocal": "nodelocal"} {
		file := "../../corefile-examples/" + example + "/Corefile"
		want := read(t, file)
		if read(t, folder+"/Corefile") != want {
			t.Errorf("%s/Corefile is not %s: copy it", folder, file)
		}
		mapped := false
		for _, object := range built(t, folder) {
			m, ok := object.(*corev1.ConfigMap)
			mapped = mapped || ok && m.Data["Corefile"] == want
		}
		if !mapped {
			t.Errorf("no ConfigMap of %s has %s", folder, file)
		}
	}
}
