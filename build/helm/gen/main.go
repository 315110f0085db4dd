// Command gen makes the chart of build/kubernetes and build/monitoring: the manifests become
// templates, the Corefile, the dashboard and the monitoring's objects files of the chart. So
// what a cluster gets is written once, comments and all.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:generate go run .

func main() {
	if err := run(".."); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// run writes the files into a chart, of the sources beside it.
func run(chart string) error {
	files, err := made(filepath.Join(chart, ".."))
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(chart, name), []byte(text), 0o644); err != nil { // #nosec G306 -- of the repository
			return err
		}
	}
	return nil
}

// copied are files of the chart that are as their sources in build.
var copied = map[string]string{
	"files/Corefile":                 "kubernetes/Corefile",
	"monitoring/dashboard.json":      "monitoring/dashboard.json",
	"monitoring/prometheusrule.yaml": "monitoring/prometheusrule.yaml",
	"monitoring/service.yaml":        "monitoring/service.yaml",
	"monitoring/servicemonitor.yaml": "monitoring/servicemonitor.yaml",
}

// made returns what is made, by name in the chart, of the sources in build.
func made(build string) (map[string]string, error) {
	files := make(map[string]string)
	for name, source := range copied {
		text, err := os.ReadFile(filepath.Join(build, source)) // #nosec G304 -- of the repository
		if err != nil {
			return nil, err
		}
		files[name] = string(text)
	}
	for name, changes := range templates {
		text, err := os.ReadFile(filepath.Join(build, "kubernetes", name)) // #nosec G304 -- of the repository
		if err != nil {
			return nil, err
		}
		if files["templates/"+name], err = template(name, string(text), changes); err != nil {
			return nil, err
		}
	}
	return files, nil
}

const head = "# Generated from build/kubernetes/%s; do not edit: go generate ./build/helm/gen\n"

// template makes a template of a manifest. The error names a change that does not fit: the
// manifest is not what it was.
func template(name, manifest string, changes []change) (string, error) {
	if strings.Contains(manifest, "{{") {
		return "", fmt.Errorf("%s has {{, which Helm would read", name)
	}
	for _, c := range changes {
		if n := strings.Count(manifest, c.from); n != max(c.times, 1) {
			return "", fmt.Errorf("%s has %q %d times, want %d", name, c.from, n, max(c.times, 1))
		}
		manifest = strings.ReplaceAll(manifest, c.from, c.to)
	}
	documents := strings.Split(manifest, "\n---\n")
	for i, d := range documents {
		// As kustomization.yaml has it for all of them.
		if !strings.Contains(d, "\nkind: ClusterRole") && !strings.Contains(d+"\n", "\n  namespace: kube-system\n") {
			d = strings.Replace(d, "\nmetadata:\n", "\nmetadata:\n  namespace: kube-system\n", 1)
		}
		documents[i] = d
	}
	return fmt.Sprintf(head, name) + strings.Join(documents, "\n---\n"), nil
}
