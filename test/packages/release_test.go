package packages

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/holdfastdns/holdfast/internal/version"
	"github.com/holdfastdns/holdfast/test/lab"
)

// What make release has made for this machine, which the gate calls before it sets HOLDFAST_RELEASE.
func TestRelease(t *testing.T) {
	if os.Getenv("HOLDFAST_RELEASE") == "" {
		t.Skip("needs a release in bin/release: make release, and set HOLDFAST_RELEASE=1")
	}
	dir := filepath.Join(lab.Root, "bin/release")
	typed := lab.Typed(t, "docs/install.md", 2)
	if others := lab.Typed(t, "docs/releasing.md", 1); others[0] != typed[0] {
		t.Errorf("docs/releasing.md checks a download by %q, docs/install.md by %q", others[0], typed[0])
	}
	t.Run("checksums verify", func(t *testing.T) { checksumsVerify(t, dir, typed[0]) })
	t.Run("SBOMs name what is in the programs", func(t *testing.T) { sbomsNameWhatIsInThePrograms(t, dir) })
	t.Run("the archive needs no package", func(t *testing.T) { theArchiveNeedsNoPackage(t, dir, typed[1]) })
}

// shell types a page's commands, with the version that they leave open.
func shell(t *testing.T, dir, commands string) string {
	t.Helper()
	commands = strings.NewReplacer("VERSION", version.Number(), "linux_amd64", "linux_"+architecture(t)).Replace(commands)
	return lab.Command(t, dir, "bash", "-euc", commands)
}

// Each file has its line, and a file that is not what it was is noticed.
func checksumsVerify(t *testing.T, dir, command string) {
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	var want []string
	files, err := filepath.Glob(filepath.Join(copied, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if name := filepath.Base(file); !strings.HasSuffix(name, "_checksums.txt") {
			want = append(want, name+": OK")
		}
	}
	slices.Sort(want)
	verified := strings.Split(strings.TrimSpace(shell(t, copied, command)), "\n")
	slices.Sort(verified)
	if !slices.Equal(verified, want) || len(want) < 5 {
		t.Errorf("it verifies %q, want %q", verified, want)
	}
	if err := os.Truncate(files[0], 1); err != nil {
		t.Fatal(err)
	}
	if said := shell(t, copied, strings.TrimSpace(command)+" 2>&1 || true"); !strings.Contains(said, filepath.Base(files[0])+": FAILED\n") {
		t.Errorf("%s has another content, and it says %s", files[0], said)
	}
}

// An SBOM has the modules of its program, with the versions of go.mod.
func sbomsNameWhatIsInThePrograms(t *testing.T, dir string) {
	want := make(map[string]string)
	for _, module := range []string{"github.com/coredns/coredns", "github.com/miekg/dns"} {
		want[module] = strings.TrimSpace(lab.Command(t, lab.Root, "go", "list", "-m", "-f", "{{.Version}}", module))
	}
	files, err := filepath.Glob(filepath.Join(dir, "coredns_*.cdx.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no SBOM of the server: %v", err)
	}
	commands, err := filepath.Glob(filepath.Join(dir, "holdfast_*.cdx.json"))
	if err != nil || len(commands) < len(files) {
		t.Fatalf("%d SBOMs of the command: %v", len(commands), err)
	}
	for _, file := range slices.Concat(files, commands) {
		text, err := os.ReadFile(file) // #nosec G304 -- of the release
		if err != nil {
			t.Fatal(err)
		}
		type component struct{ Name, Version, PURL string }
		var sbom struct {
			BOMFormat, SpecVersion string
			Metadata               struct{ Component component }
			Components             []component
		}
		if err := json.Unmarshal(text, &sbom); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		has := make(map[string]string)
		for _, c := range sbom.Components {
			if !strings.HasPrefix(c.PURL, "pkg:golang/") || c.Version == "" {
				t.Errorf("%s: %+v", file, c)
			}
			has[c.Name] = c.Version
		}
		own := maps.Clone(want)
		if slices.Contains(commands, file) {
			delete(own, "github.com/coredns/coredns") // the command has none of it
		}
		for module, v := range own {
			if has[module] != v {
				t.Errorf("%s has %s %q, go.mod %s", file, module, has[module], v)
			}
		}
		if m := sbom.Metadata.Component; sbom.BOMFormat != "CycloneDX" || sbom.SpecVersion == "" || m.Name != "github.com/holdfastdns/holdfast" || m.Version != "v"+version.Number() {
			t.Errorf("%s is %s %s of %+v", file, sbom.BOMFormat, sbom.SpecVersion, m)
		}
	}
}

// The page's commands, in whose last one the Corefile is checked and not served: port 53 may
// be somebody's.
func theArchiveNeedsNoPackage(t *testing.T, dir, commands string) {
	lab.Tool(t, "setcap", "libcap2-bin")
	if os.Geteuid() == 0 {
		commands = lab.Replaced(t, commands, "sudo ", "")
	}
	work := t.TempDir()
	name := "holdfast_" + version.Number() + "_linux_" + architecture(t) + ".tar.gz"
	if err := os.Symlink(filepath.Join(dir, name), filepath.Join(work, name)); err != nil {
		t.Fatal(err)
	}
	if said := shell(t, work, lab.Replaced(t, commands, "./coredns -conf", "./coredns -check -conf")); said != "Corefile is fine\n" {
		t.Errorf("it says %s", said)
	}
}
