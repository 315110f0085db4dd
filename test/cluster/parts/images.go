package parts

import (
	"context"
	"os"
	"path/filepath"
	"strings"
)

// images makes the images of pods, and the archive of them. Holdfast's is that of make image.
func (p *Parts) images(ctx context.Context) error {
	if err := run(ctx, p.Root, nil, "make", "image", "IMAGE="+short(Holdfast)); err != nil {
		return err
	}
	dir := filepath.Join(p.Run, "pause")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := run(ctx, "", nil, "cp", filepath.Join(p.Inside, "pause"), dir); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nCOPY pause /pause\nUSER 65535:65535\nENTRYPOINT [\"/pause\"]\n"), 0o644); err != nil {
		return err
	}
	if err := run(ctx, "", nil, "docker", "build", "-q", "--label", Label+"=image", "-t", short(Pause), dir); err != nil {
		return err
	}
	if err := p.pick(ctx, NodeCache, `ENTRYPOINT ["/opt/inside/nodecache"]`, "/usr/sbin/ip /usr/sbin/iptables", "/opt/inside/nodecache /usr/lib/x86_64-linux-gnu/xtables"); err != nil {
		return err
	}
	p.Images = filepath.Join(p.Run, "images.tar")
	made := []string{short(Holdfast), short(Pause), short(NodeCache)}
	if err := run(ctx, "", nil, "docker", append([]string{"save", "-o", p.Images}, made...)...); err != nil {
		return err
	}
	// Else each run leaves those of the one before without a name.
	return run(ctx, "", nil, "docker", append([]string{"rmi"}, made...)...)
}

// pick makes an image of programs of the node's, with the libraries that they are linked
// with, and of other files and folders.
func (p *Parts) pick(ctx context.Context, image, change, programs, others string) error {
	archive := filepath.Join(p.Run, "picked.tar")
	line := "docker run --rm --network none --label " + Label + "=image --volume " + p.Inside + ":/opt/inside:ro " + p.Node +
		` sh -ec 'tar -ch ` + programs + " " + others + ` $(ldd ` + programs + ` | grep -o "/[^ :)]*\.so[^ ]*" | sort -u)' >` + archive
	if err := run(ctx, "", nil, "sh", "-ec", line); err != nil {
		return err
	}
	args := []string{"import", "--change", "LABEL " + Label + "=image"}
	if change != "" {
		args = append(args, "--change", change)
	}
	return run(ctx, "", nil, "docker", append(args, archive, short(image))...)
}

// short is how Docker names an image that containerd has by its full name.
func short(image string) string { return strings.TrimPrefix(image, "docker.io/") }
