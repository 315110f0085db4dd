// Package helm renders build/helm as Helm does, and compares what comes out with what
// kustomize makes of build/kubernetes and build/monitoring.
package helm

import (
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const root, chart = "../..", "../../build/helm"

// values are what is given with --values and --set.
type values = map[string]any

// rendered returns the manifests that helm template prints, or its error.
func rendered(namespace string, given values) (manifests []string, err error) {
	c, err := loader.Load(chart)
	if err != nil {
		return nil, err
	}
	all, err := chartutil.ToRenderValues(c, given, chartutil.ReleaseOptions{Name: "holdfast", Namespace: namespace, IsInstall: true}, chartutil.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	files, err := engine.Render(c, all)
	if err != nil {
		return nil, err
	}
	for name, text := range files {
		if path.Ext(name) == ".yaml" {
			for _, m := range releaseutil.SplitManifests(text) {
				manifests = append(manifests, m)
			}
		}
	}
	return manifests, nil
}

// objects are by kind and name, less the suffix that follows what is in a ConfigMap.
type objects map[string]*unstructured.Unstructured

func install(t *testing.T, given values) objects {
	t.Helper()
	manifests, err := rendered("kube-system", given)
	if err != nil {
		t.Fatal(err)
	}
	return objectsOf(t, manifests)
}

var strictly = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

// objectsOf decodes, and refuses what the API of Kubernetes does not have. The objects of
// prometheus-operator, whose types are not here, promtool and build/monitoring look at.
func objectsOf(t *testing.T, manifests []string) objects {
	t.Helper()
	found := make(objects)
	for _, text := range manifests {
		var o unstructured.Unstructured
		if err := yaml.UnmarshalStrict([]byte(text), &o.Object); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if o.GroupVersionKind().Group != "monitoring.coreos.com" {
			if _, _, err := strictly.Decode([]byte(text), nil, nil); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
		}
		key := o.GetKind() + " " + withoutHash(o.GetName())
		if found[key] != nil {
			t.Errorf("two of %s", key)
		}
		found[key] = &o
	}
	return found
}

func withoutHash(name string) string {
	return regexp.MustCompile(`^holdfast-[0-9a-z]{10}$`).ReplaceAllString(name, "holdfast-HASH")
}

// kustomized is what kubectl kustomize prints of an overlay of build/kubernetes and, if it is
// asked for, build/monitoring.
func kustomized(t *testing.T, monitoring bool) objects {
	t.Helper()
	disk := filesys.MakeFsOnDisk()
	dir, err := filesys.NewTmpConfirmedDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.RemoveAll(dir.String()) })
	here, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	up, err := filepath.Rel(dir.String(), here) // kustomize takes no other path
	if err != nil {
		t.Fatal(err)
	}
	overlay := "resources:\n- " + up + "/build/kubernetes\n"
	if monitoring {
		overlay += "components:\n- " + up + "/build/monitoring\n"
	}
	if err := disk.WriteFile(dir.Join("kustomization.yaml"), []byte(overlay)); err != nil {
		t.Fatal(err)
	}
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(disk, dir.String())
	if err != nil {
		t.Fatal(err)
	}
	text, err := all.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return objectsOf(t, strings.Split(string(text), "\n---\n"))
}

// get is one of them, as its type.
func get[T any](t *testing.T, from objects, name string) (object T) {
	t.Helper()
	o := from[name]
	if o == nil {
		t.Fatalf("there is no %s", name)
	}
	text, err := yaml.Marshal(o.Object)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	return object
}
