package machine

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	"github.com/holdfastdns/holdfast/test/cluster/parts"
)

// Runs are those that have containers.
func Runs(ctx context.Context) ([]string, error) {
	out, err := exec.CommandContext(ctx, "docker", "ps", "--all", "--filter", "label="+parts.Label, "--format", `{{.Label "`+parts.Label+`"}}`).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("docker ps: %w: %s", err, out)
	}
	return strings.Fields(string(out)), nil
}

// Remove removes all containers of a run, and their volumes.
func Remove(ctx context.Context, run string) error {
	out, err := exec.CommandContext(ctx, "docker", "ps", "--all", "--quiet", "--filter", "label="+parts.Label+"="+run).CombinedOutput()
	if err != nil {
		return fmt.Errorf("docker ps: %w: %s", err, out)
	}
	ids := strings.Fields(string(out))
	if len(ids) == 0 {
		return nil
	}
	if out, err := exec.CommandContext(ctx, "docker", append([]string{"rm", "--force", "--volumes"}, ids...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("docker rm: %w: %s", err, out)
	}
	return nil
}
