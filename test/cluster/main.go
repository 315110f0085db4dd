// cluster brings up a real Kubernetes cluster on this machine, deploys CoreDNS as kubeadm
// does and Holdfast as build/kubernetes says, does to both what happens to clusters, asks
// them all the while, and prints what came of it. README.md has how and what.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/holdfastdns/holdfast/test/cluster/kube"
	"github.com/holdfastdns/holdfast/test/cluster/machine"
	"github.com/holdfastdns/holdfast/test/cluster/parts"
	"github.com/holdfastdns/holdfast/test/cluster/scenario"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	var (
		o    kube.Options
		plan scenario.Plan
		keep = flag.Bool("keep", false, "leave the cluster up until a signal")
	)
	flag.StringVar(&o.Proxy, "proxy", "iptables", "kube-proxy's mode: iptables or nftables")
	flag.IntVar(&o.Nodes, "nodes", 3, "nodes that take DNS servers")
	flag.BoolVar(&plan.Gate, "gate", false, "only the scenarios of the gate")
	flag.StringVar(&plan.Only, "run", "", "only scenarios whose names this regular expression finds")
	flag.StringVar(&plan.On, "on", "", "only this side: stock or Holdfast")
	flag.IntVar(&plan.Times, "times", 1, "how often each scenario is run")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "cluster [flags] runs scenarios; cluster down removes what a run that was killed has left")
		flag.PrintDefaults()
	}
	flag.Parse()
	var err error
	switch {
	case flag.Arg(0) == "down" && flag.NArg() == 1:
		err = down(ctx)
	case flag.NArg() > 0:
		flag.Usage()
		os.Exit(2)
	case os.Getenv(inside) == "":
		err = prepare(ctx)
	default:
		err = run(ctx, o, plan, *keep)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func tell(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// inside is set in the second half of a run: it has the folder of the run.
const inside = "HOLDFAST_CLUSTER_RUN"

// prepare makes the parts, for which it needs the network, and goes on as run in a network
// namespace of its own. Only a new program has all of its threads there.
func prepare(ctx context.Context) error {
	if err := down(ctx); err != nil {
		return err
	}
	cache, err := parts.Cache()
	if err != nil {
		return err
	}
	root, err := root()
	if err != nil {
		return err
	}
	dir := filepath.Join(cache, "run", fmt.Sprintf("holdfast-cluster-%d", os.Getpid()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	lock, err := claim(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	p, err := parts.Make(ctx, root, dir, tell)
	if err == nil {
		err = p.Save()
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return syscall.Exec("/proc/self/exe", os.Args, append(os.Environ(), inside+"="+dir))
}

func run(ctx context.Context, o kube.Options, plan scenario.Plan, keep bool) (err error) {
	dir := os.Getenv(inside)
	name := filepath.Base(dir)
	lock, err := claim(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	defer func() {
		// Also after a signal, and then without the context that it has ended.
		clean, stop := context.WithTimeout(context.Background(), 2*time.Minute)
		defer stop()
		err = errors.Join(err, machine.Remove(clean, name), os.RemoveAll(dir))
	}()
	p, err := parts.Load(dir)
	if err != nil {
		return err
	}
	begin := time.Now()
	c, err := kube.Up(ctx, p, name, dir, o)
	if err != nil {
		return err
	}
	tell("Kubernetes %s, kube-proxy %s, %d nodes: ready after %s", parts.Version, o.Proxy, len(c.All()), time.Since(begin).Round(100*time.Millisecond))
	if keep {
		tell("KUBECONFIG=%s nsenter --net=/proc/%d/ns/net %s/kubectl get nodes", c.Kubeconfig(), os.Getpid(), p.Programs)
		defer func() { <-ctx.Done() }()
	}
	return scenario.Run(ctx, c, p, plan, tell)
}

// claim locks the folder of a run, which tells others that it is still going on. The lock
// ends with this program, and so between the halves of a run.
func claim(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	return f, unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}

// down removes what runs have left that are no longer.
func down(ctx context.Context) error {
	cache, err := parts.Cache()
	if err != nil {
		return err
	}
	runs, err := machine.Runs(ctx)
	if err != nil {
		return err
	}
	folders, err := filepath.Glob(filepath.Join(cache, "run", "*"))
	if err != nil {
		return err
	}
	for _, f := range folders {
		runs = append(runs, filepath.Base(f))
	}
	seen := make(map[string]bool)
	for _, name := range runs {
		dir := filepath.Join(cache, "run", name)
		if seen[name] || name == "image" || alive(dir) {
			continue
		}
		seen[name] = true
		tell("removing what %s has left", name)
		if err := errors.Join(machine.Remove(ctx, name), os.RemoveAll(dir)); err != nil {
			return err
		}
	}
	return nil
}

func alive(dir string) bool {
	f, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		return false
	}
	defer f.Close()
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil
}

// root is where the repository is.
func root() (string, error) {
	out, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	return strings.TrimSpace(string(out)), err
}
