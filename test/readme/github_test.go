package readme

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/holdfastdns/holdfast/test/lab"
)

// workflow is as much of a workflow of GitHub Actions as ours use.
type workflow struct {
	Name        string
	On          map[string]any
	Permissions map[string]string
	Concurrency struct {
		Group            string
		CancelInProgress string `yaml:"cancel-in-progress"`
	}
	Jobs map[string]struct {
		RunsOn         string `yaml:"runs-on"`
		TimeoutMinutes int    `yaml:"timeout-minutes"`
		Steps          []struct {
			Uses, If, Run string
			With          map[string]string
		}
	}
}

// issueForm is as much of an issue form as ours use.
type issueForm struct {
	Name, Description string
	Labels            []string
	Body              []struct {
		Type, ID   string
		Attributes struct {
			Label, Description, Placeholder, Render string
			Options                                 []string
		}
		Validations struct{ Required bool }
	}
}

// decode reads a file, and refuses what the type does not have.
func decode(t *testing.T, path string, into any) {
	t.Helper()
	file, err := os.Open(path) // #nosec G304 -- of the repository
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	d := yaml.NewDecoder(file)
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

func filesOf(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(lab.Root, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v, %d files", pattern, err, len(files))
	}
	return files
}

// What is checked is in .ci/run, so that everybody can check it.
func TestWorkflowsRunTheGateAndNothingElse(t *testing.T) {
	command := regexp.MustCompile(`^(sudo env "PATH=\$PATH" )?\.ci/run$`)
	for _, path := range filesOf(t, ".github/workflows/*") {
		var w workflow
		decode(t, path, &w)
		runs := 0
		for name, job := range w.Jobs {
			for _, step := range job.Steps {
				if step.Run != "" {
					runs++
				}
				if step.Run != "" && !command.MatchString(step.Run) {
					t.Errorf("%s: %s runs %q, want .ci/run", path, name, step.Run)
				}
				if strings.HasPrefix(step.Uses, "actions/upload-artifact@") && step.If != "always()" {
					t.Errorf("%s: %s keeps nothing of a run that fails, whose pictures are worth most", path, name)
				}
				if step.Uses != "" && !strings.HasPrefix(step.Uses, "actions/") {
					t.Errorf("%s: %s uses %s", path, name, step.Uses)
				}
			}
		}
		if runs == 0 || w.Permissions["contents"] != "read" || len(w.Permissions) != 1 {
			t.Errorf("%s: %d runs with permissions %v, want .ci/run with contents: read", path, runs, w.Permissions)
		}
	}
}

// Each line of CODEOWNERS has a pattern, without negation or classes, that some file matches, and
// somebody who is asked.
func TestOwnersOwnSomething(t *testing.T) {
	files, lines := strings.Fields(lab.Command(t, lab.Root, "git", "ls-files")), 0
	for line := range strings.Lines(lab.Read(t, ".github/CODEOWNERS")) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		lines++
		if !slices.ContainsFunc(files, func(file string) bool { return owns(words[0], file) }) {
			t.Errorf("no file is %s", words[0])
		}
		owner := regexp.MustCompile(`^@[\w-]+(/[\w-]+)?$`)
		if len(words) < 2 || slices.ContainsFunc(words[1:], func(word string) bool { return !owner.MatchString(word) }) {
			t.Errorf("%s has the owners %q, want a user or a team", words[0], words[1:])
		}
	}
	if lines == 0 {
		t.Error("nobody owns anything")
	}
}

// owns is whether a pattern of CODEOWNERS, as one of .gitignore, matches a file.
func owns(pattern, file string) bool {
	anchored := strings.Contains(strings.TrimSuffix(pattern, "/"), "/")
	expr := strings.NewReplacer(`\*\*`, ".*", `\*`, "[^/]*", `\?`, "[^/]").Replace(regexp.QuoteMeta(strings.Trim(pattern, "/")))
	if anchored {
		expr = "^" + expr
	} else {
		expr = "(^|/)" + expr
	}
	if strings.HasSuffix(pattern, "/") {
		return regexp.MustCompile(expr + "/").MatchString(file)
	}
	return regexp.MustCompile(expr + "(/|$)").MatchString(file)
}

func TestPatternsOfOwnersMatch(t *testing.T) {
	for pattern, file := range map[string]string{"*": "go.mod", "/docs/": "docs/a/b.md", "docs/": "x/docs/b.md", "*.go": "a/b.go", "/build/*": "build/helm", "a/**/c": "a/b/b/c"} {
		if !owns(pattern, file) {
			t.Errorf("%s does not own %s", pattern, file)
		}
	}
	for pattern, file := range map[string]string{"/docs/": "x/docs/b.md", "*.go": "a.golden", "docs/": "docs", "/a/b": "x/a/b"} {
		if owns(pattern, file) {
			t.Errorf("%s owns %s", pattern, file)
		}
	}
}

func TestIssueFormsAskForSomething(t *testing.T) {
	for _, path := range filesOf(t, ".github/ISSUE_TEMPLATE/*.yml") {
		if filepath.Base(path) == "config.yml" {
			var config struct {
				BlankIssuesEnabled bool                                `yaml:"blank_issues_enabled"`
				ContactLinks       []struct{ Name, URL, About string } `yaml:"contact_links"`
			}
			decode(t, path, &config)
			if len(config.ContactLinks) == 0 {
				t.Errorf("%s says nothing of private reports", path)
			}
			continue
		}
		var form issueForm
		decode(t, path, &form)
		ids := make(map[string]bool)
		for _, field := range form.Body {
			if field.ID == "" || ids[field.ID] || field.Attributes.Label == "" {
				t.Errorf("%s: %+v: want an id of its own and a label", path, field)
			}
			ids[field.ID] = true
		}
		if form.Name == "" || form.Description == "" || len(ids) == 0 {
			t.Errorf("%s: want a name, a description and fields", path)
		}
	}
}

func TestDependabotWatchesEveryModule(t *testing.T) {
	var config struct {
		Version int
		Updates []struct {
			PackageEcosystem string `yaml:"package-ecosystem"`
			Directory        string
			Schedule         struct{ Interval string }
			Groups           map[string]struct{ Patterns []string }
		}
	}
	decode(t, filepath.Join(lab.Root, ".github/dependabot.yml"), &config)
	watched := make(map[string]bool)
	for _, u := range config.Updates {
		folder := filepath.Join(lab.Root, u.Directory)
		watched[folder] = watched[folder] || u.PackageEcosystem == "gomod"
		if _, err := os.Stat(folder); err != nil {
			t.Error(err)
		}
	}
	// Kubernetes' own modules are one release, which a person chooses.
	unwatched := filepath.Join(lab.Root, "test/cluster/kubernetes")
	for path := range textsOf(t, "go.mod") {
		if folder := filepath.Dir(path); folder != unwatched && !watched[folder] {
			t.Errorf("nobody watches %s", path)
		}
	}
}
