package parts

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Version is Kubernetes', which kubernetes/go.mod requires.
const Version = "v1.36.0"

// kubernetes builds Kubernetes' programs. Cold, that is most of what a first run takes.
func (p *Parts) kubernetes(ctx context.Context) error {
	dir := filepath.Join(p.Root, "test/cluster/kubernetes")
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if err != nil {
		return err
	}
	p.Programs = filepath.Join(p.Cache, "kubernetes-"+Version+"-"+key(mod, sums, []byte(runtime.Version())))
	return whole(p.Programs, func(tmp string) error {
		if err := os.MkdirAll(tmp, 0o755); err != nil {
			return err
		}
		major, minor, _ := strings.Cut(strings.TrimPrefix(Version, "v"), ".")
		minor, _, _ = strings.Cut(minor, ".")
		const pkg = "k8s.io/component-base/version"
		ldflags := "-s -w -X " + pkg + ".gitVersion=" + Version + " -X " + pkg + ".gitMajor=" + major + " -X " + pkg + ".gitMinor=" + minor
		// The linker alone takes a gigabyte a program: two at a time.
		return run(ctx, dir, []string{"CGO_ENABLED=0"}, "go", "build", "-p", "2", "-trimpath", "-ldflags", ldflags, "-o", tmp+"/", "tool")
	})
}

// inside builds what runs on the nodes of our own.
func (p *Parts) inside(ctx context.Context) error {
	p.Inside = filepath.Join(p.Run, "inside")
	if err := os.MkdirAll(p.Inside, 0o755); err != nil {
		return err
	}
	return run(ctx, filepath.Join(p.Root, "test/cluster"), []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", p.Inside+"/", "./inside/...")
}
