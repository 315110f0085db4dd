// Command guards breaks the guards of package promise, one after the other, and says which test
// sees it. A guard that can be taken out without a test failing is needless, or a test is
// missing.
//
//	go run ./plugin/selfpreserve/promise/internal/guards [-pairs] [FILE...]
//
// It takes the guards of these files of the package, or of all. The code is compiled once, with
// every guard in a call that can be told to break it (see rewrite.go), and its tests are run
// once for each. Nothing in the repository changes. With -pairs it also breaks each two guards
// of one function, of which one may make up for the other.
//
// It exits with 1 if a guard is not seen, unless it is in accepted.txt.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// accepted has, each on a line, guards that no test can see, and before them why.
//
//go:embed accepted.txt
var accepted string

const pkg = "plugin/selfpreserve/promise"

func main() {
	pairs := flag.Bool("pairs", false, "break each two guards of one function as well")
	flag.Parse()
	unseen, err := run(*pairs, flag.Args())
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	case unseen > 0:
		fmt.Printf("%d are not seen by any test\n", unseen)
		os.Exit(1)
	}
}

func run(pairs bool, files []string) (unseen int, err error) {
	dir, err := os.MkdirTemp("", "guards")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	all, binary, err := build(dir)
	if err != nil {
		return 0, err
	}
	if by := tried(binary, "", quick, thorough); by != "" {
		return 0, fmt.Errorf("with no guard broken %s fails", by)
	}
	var tries [][]int // numbers of guards, from 1
	for i, g := range all {
		if len(files) > 0 && !slices.Contains(files, g.file()) {
			continue
		}
		tries = append(tries, []int{i + 1})
		for k := range i {
			if pairs && all[k].file() == g.file() && all[k].within == g.within {
				tries = append(tries, []int{k + 1, i + 1})
			}
		}
	}
	var mu sync.Mutex
	var work sync.WaitGroup
	next := make(chan []int)
	for range runtime.NumCPU() {
		work.Go(func() {
			for try := range next {
				by := tried(binary, numbers(try), quick, thorough)
				mu.Lock()
				unseen += report(all, try, by)
				mu.Unlock()
			}
		})
	}
	for _, try := range tries {
		next <- try
	}
	close(next)
	work.Wait()
	fmt.Printf("%d guards, %d tries\n", len(all), len(tries))
	return unseen, nil
}

// numbers are guards as GUARDS has them.
func numbers(try []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(try), " ", ","), "[]")
}

// report prints what came of a try, and returns how many guards nobody sees.
func report(all []guard, try []int, by string) int {
	var names []string
	for _, n := range try {
		names = append(names, all[n-1].String())
	}
	what := strings.Join(names, " AND ")
	switch {
	case by != "" && len(try) == 1:
		fmt.Printf("%-60s seen by %s\n", what, by)
	case by != "":
	case slices.ContainsFunc(try, func(n int) bool { return isAccepted(all[n-1]) }):
		fmt.Printf("%-60s accepted\n", what)
	default:
		fmt.Printf("%-60s NOT SEEN\n", what)
		return 1
	}
	return 0
}

// isAccepted is whether a guard is in accepted.txt, where it has no line number.
func isAccepted(g guard) bool {
	return slices.Contains(strings.Split(accepted, "\n"), g.file()+": "+g.kind+" "+g.term)
}

// build compiles the tests of the package with breakable guards.
func build(dir string) (all []guard, binary string, err error) {
	where, err := filepath.Abs(pkg)
	if err != nil {
		return nil, "", err
	}
	sources, err := filepath.Glob(filepath.Join(where, "*.go"))
	if err != nil || len(sources) == 0 {
		return nil, "", fmt.Errorf("no %s here: run it in the root of the repository", pkg)
	}
	replace := map[string]string{}
	put := func(path, text string) error {
		replace[path] = filepath.Join(dir, filepath.Base(path))
		return os.WriteFile(replace[path], []byte(text), 0o600)
	}
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		source, err := os.ReadFile(path) // #nosec G304 -- of this repository
		if err != nil {
			return nil, "", err
		}
		guards, err := find(filepath.Base(path), source)
		if err != nil {
			return nil, "", err
		}
		if err := put(path, wrap(source, guards, len(all)+1)); err != nil {
			return nil, "", err
		}
		all = append(all, guards...)
	}
	if err := put(filepath.Join(where, "breakable.go"), breakableSource); err != nil {
		return nil, "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		return nil, "", err
	}
	binary = filepath.Join(dir, "promise.test")
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, "./"+pkg).CombinedOutput() // #nosec G204
	if err != nil {
		return nil, "", fmt.Errorf("%w\n%s", err, out)
	}
	return all, binary, nil
}

// What is run to see a broken guard: what takes no time, and then the schedules and the walk.
var (
	quick    = []string{"-test.skip=EveryState|Random|LetLeavers", "-test.timeout=20s"}
	thorough = []string{"-test.run=EveryState|Random|LetLeavers"}
)

// A broken guard may let tests run for ever, or use up the memory.
const (
	patience = 3 * time.Minute // with those that take no time, too
	memory   = 4 << 20         // kB of addresses; the walk takes a third of that
)

var failed = regexp.MustCompile(`--- FAIL: (\w+)`)

// tried runs tests with guards broken, and returns which test fails first, or "".
func tried(binary, broken string, runs ...[]string) string {
	for _, args := range runs {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		limited := []string{"-c", fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, memory), binary, "-test.failfast", "-rapid.checks=500"}
		cmd := exec.CommandContext(ctx, "sh", append(limited, args...)...) // #nosec G204
		cmd.Dir, cmd.Env = pkg, append(os.Environ(), "GUARDS="+broken)
		out, err := cmd.CombinedOutput()
		cancel()
		if err == nil {
			continue
		}
		if name := failed.FindSubmatch(out); name != nil {
			return string(name[1])
		}
		return "a panic, or tests that do not end"
	}
	return ""
}
