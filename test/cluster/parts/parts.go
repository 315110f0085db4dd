// Package parts finds and makes what a cluster is made of: Kubernetes' programs from Go
// modules, a node's root file system from Debian's packages, and the images of its pods.
// What does not depend on this tree is made once, and kept in the user's cache directory.
package parts

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Parts is where things are.
type Parts struct {
	Root     string // of this repository
	Cache    string
	Run      string // this run's own
	Programs string // Kubernetes' programs
	Inside   string // our own that run on nodes
	Node     string // the node's image
	Images   string // an archive of the images of pods, for containerd
}

// The names of the images in the archive. Kubernetes' own names are given to them on the
// nodes alone: on this machine nobody shall take them for what they are not.
const (
	Holdfast  = "docker.io/holdfast-cluster/holdfast:test"
	Pause     = "docker.io/holdfast-cluster/pause:test"
	NodeCache = "docker.io/holdfast-cluster/nodecache:test"
)

// Cache is the directory that keeps what was made, and what runs leave behind.
func Cache() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(user, "holdfast-cluster")
	return dir, os.MkdirAll(dir, 0o755)
}

// Make makes what is not there yet, one run at a time, and tells how long each took. What
// depends on this tree goes to the folder of this run.
func Make(ctx context.Context, root, run string, tell func(format string, args ...any)) (*Parts, error) {
	if err := missing(ctx); err != nil {
		return nil, err
	}
	cache, err := Cache()
	if err != nil {
		return nil, err
	}
	p := &Parts{Root: root, Cache: cache, Run: run}
	unlock, err := lock(ctx, filepath.Join(p.Cache, "lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, part := range []struct {
		name string
		make func(context.Context) error
	}{
		{"Kubernetes " + Version, p.kubernetes},
		{"what runs on the nodes", p.inside},
		{"the node: Debian " + suite, p.node},
		{"the images of pods", p.images},
	} {
		begin := time.Now()
		if err := part.make(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		tell("%s: ready after %s", part.name, time.Since(begin).Round(100*time.Millisecond))
	}
	return p, nil
}

// key names what is made of inputs: another input is another name.
func key(inputs ...[]byte) string {
	sum := sha256.New()
	for _, in := range inputs {
		fmt.Fprintf(sum, "%d ", len(in))
		sum.Write(in)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:6])
}

// lock waits until nobody else has path locked. The kernel unlocks it if we are killed.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-poll.C:
		}
	}
	return func() { f.Close() }, nil
}

// whole makes a file or folder under another name, so that one that is there is whole.
func whole(path string, make func(tmp string) error) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	tmp := path + ".part"
	if err := os.RemoveAll(tmp); err != nil {
		return err
	}
	if err := make(tmp); err != nil {
		os.RemoveAll(tmp)
		return err
	}
	return os.Rename(tmp, path)
}

// Save writes where things are to the folder of the run, for the second half of it.
func (p *Parts) Save() error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Run, "parts.json"), text, 0o644)
}

// Load reads what Save has written.
func Load(dir string) (*Parts, error) {
	text, err := os.ReadFile(filepath.Join(dir, "parts.json"))
	if err != nil {
		return nil, err
	}
	p := new(Parts)
	return p, json.Unmarshal(text, p)
}
