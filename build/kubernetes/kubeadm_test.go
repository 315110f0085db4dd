package kubernetes

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coredns/caddy/caddyfile"
	"github.com/coredns/corefile-migration/migration"
)

var (
	newTag  = regexp.MustCompile(`\n  newTag: (\S+)\n`)
	ignored = regexp.MustCompile(`kubeadm upgrade apply VERSION --skip-phases=addon/coredns --ignore-preflight-errors=(\S+)\n`)
)

// kubeadm takes the version from the image's tag, and has this library check the way from
// there to its own (cmd/kubeadm/app/phases/upgrade/preflight.go). That fails, as the README
// says, and the README's line ignores both checks.
func TestKubeadmDoesNotKnowTheVersion(t *testing.T) {
	readme := read(t, "README.md")
	_, _, c, _ := server(t)
	_, tag, _ := strings.Cut(c.Image, ":")
	own := newTag.FindStringSubmatch(readme)[1]
	var says string
	for _, from := range []string{tag, own} {
		for _, to := range migration.ValidVersions() {
			_, unsupported := migration.Unsupported(from, to, read(t, "Corefile"))
			_, migrate := migration.Migrate(from, to, read(t, "Corefile"), false)
			if unsupported == nil || migrate == nil || unsupported.Error() != migrate.Error() {
				t.Fatalf("from %s to %s: %v, %v", from, to, unsupported, migrate)
			}
			says = migrate.Error()
		}
	}
	line := ignored.FindStringSubmatch(readme)
	if line == nil {
		t.Fatal("the README does not say how to upgrade")
	}
	var errors []string
	for _, check := range strings.Split(line[1], ",") {
		text := says
		if check == "CoreDNSMigration" {
			text = "CoreDNS will not be upgraded: " + says
		}
		errors = append(errors, "[ERROR "+check+"]: "+text+"\n")
	}
	if !strings.Contains(readme, "~~~ txt\n"+strings.Join(errors, "")+"~~~\n") {
		t.Errorf("the README does not show\n%s", strings.Join(errors, ""))
	}
}

// Who puts this Corefile into kubeadm's own ConfigMap, and has an image whose tag kubeadm
// knows, keeps it as it is: what the migration does not know it leaves alone, and names.
func TestAMigrationKeepsTheCorefile(t *testing.T) {
	versions := migration.ValidVersions()
	const from = "1.12.1" // kubeadm's of testdata
	corefile, to := read(t, "Corefile"), versions[len(versions)-1]
	then, err := migration.Migrate(from, to, corefile, false)
	if err != nil {
		t.Fatal(err)
	}
	if have, want := words(t, then), words(t, corefile); !slices.Equal(have, want) {
		t.Errorf("from %s to %s it becomes\n%q, want\n%q", from, to, have, want)
	}
	notices, err := migration.Unsupported(from, to, corefile)
	if err != nil {
		t.Fatal(err)
	}
	unknown := map[string]bool{}
	for _, n := range notices {
		unknown[n.Plugin+n.Option] = true
	}
	if len(unknown) != 3 || !unknown["selfpreserve"] || !unknown["stalecheck"] || !unknown["ttlfloor"] {
		t.Errorf("the migration does not know %v", unknown)
	}
}

// words are those of a Corefile's server blocks, without its comments and its lines.
func words(t *testing.T, corefile string) (all []string) {
	t.Helper()
	parsed, err := caddyfile.Parse("Corefile", strings.NewReader(corefile), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range parsed {
		all = append(all, b.Keys...)
		for _, directive := range slices.Sorted(maps.Keys(b.Tokens)) {
			for _, token := range b.Tokens[directive] {
				all = append(all, token.Text)
			}
		}
	}
	return all
}
