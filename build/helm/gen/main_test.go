package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/internal/version"
)

func TestTheChartIsWhatItsSourcesSay(t *testing.T) {
	files, err := made("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if have, err := os.ReadFile(filepath.Join("..", name)); err != nil || string(have) != want { // #nosec G304 -- of the repository
			t.Errorf("%s is not what its source says (%v): run make gen", name, err)
		}
	}
	// A manifest or a monitoring object that comes to kustomization.yaml comes to the chart.
	for folder, in := range map[string]string{"kubernetes": "templates", "monitoring": "monitoring"} {
		text, err := os.ReadFile(filepath.Join("../..", folder, "kustomization.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		_, list, _ := strings.Cut(string(text), "\nresources:\n")
		for line := range strings.Lines(list) {
			name, ok := strings.CutPrefix(strings.TrimSpace(line), "- ")
			if !ok {
				break
			}
			if _, ok := files[in+"/"+name]; !ok {
				t.Errorf("the chart has no %s of build/%s", name, folder)
			}
		}
	}
}

func TestAManifestThatIsNotAsItWasIsRefused(t *testing.T) {
	changes := []change{{from: "replicas: 3", to: "replicas: {{ .Values.replicas }}"}}
	for manifest, want := range map[string]string{
		"spec:\n  replicas: 4\n":                 "has \"replicas: 3\" 0 times, want 1",
		"a:\n  replicas: 3\nb:\n  replicas: 3\n": "has \"replicas: 3\" 2 times, want 1",
		"a: '{{ b }}'\n":                         "has {{, which Helm would read",
	} {
		if _, err := template("x.yaml", manifest, changes); err == nil || !strings.Contains(err.Error(), "x.yaml "+want) {
			t.Errorf("%q: %v, want %q", manifest, err, want)
		}
	}
}

// The chart is released with the binary, and what it names as image.tag is the binary's.
func TestTheAppVersionIsTheBinarys(t *testing.T) {
	text, err := os.ReadFile("../Chart.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\nappVersion: "+version.Number()+"\n") {
		t.Errorf("Chart.yaml has another appVersion than %s", version.Number())
	}
}
