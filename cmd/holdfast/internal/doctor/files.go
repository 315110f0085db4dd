package doctor

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/check"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/corefile"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor/manifest"
)

// sources are what the arguments name.
type sources struct {
	corefile *corefile.Config // nil if none is given
	objects  *manifest.Objects
}

// read reads what the arguments name. Errors name the file, and the line if there is one.
func read(ctx context.Context, stdin io.Reader, args []string) (*sources, error) {
	log.SetOutput(io.Discard) // caddy warns of imports of no file, which is usual in clusters
	s := &sources{objects: new(manifest.Objects)}
	for _, arg := range args {
		files := []string{arg}
		if info, err := os.Stat(arg); arg != "-" && err == nil && info.IsDir() {
			if files, err = manifestsIn(arg); err != nil {
				return nil, err
			}
		}
		for _, file := range files {
			text, err := readFile(ctx, stdin, file)
			if err == nil {
				err = s.add(file, text)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// readFile reads a file, or stdin for -. A pipe to which nobody writes is given up when ctx ends.
func readFile(ctx context.Context, stdin io.Reader, file string) ([]byte, error) {
	type content struct {
		text []byte
		err  error
	}
	done := make(chan content, 1)
	go func() {
		var c content
		c.err = cli.Guard(func() (err error) {
			if file == "-" {
				c.text, err = io.ReadAll(stdin)
			} else {
				c.text, err = os.ReadFile(file) // #nosec G304 -- the caller's
			}
			return err
		})
		done <- c
	}()
	select {
	case c := <-done:
		return c.text, c.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// isManifest goes by a file's name, and by what comes through a pipe.
var (
	manifestEnd  = regexp.MustCompile(`\.(ya?ml|json)$`)
	manifestLine = regexp.MustCompile(`(?m)^[\s{-]*"?(apiVersion|kind)"?\s*:`)
)

func (s *sources) add(file string, text []byte) error {
	if manifestEnd.MatchString(file) || file == "-" && manifestLine.Match(text) {
		return s.objects.Add(nameOf(file), text)
	}
	if s.corefile != nil {
		return cli.Usage("%s is a second Corefile, after %s: want one, and manifests with names that end in .yaml, .yml or .json", nameOf(file), s.corefile.File)
	}
	c, err := corefile.Read("", nameOf(file), text)
	s.corefile = c
	return err
}

func nameOf(file string) string {
	if file == "-" {
		return "stdin"
	}
	return file
}

// manifestsIn are the files of a folder, which is not a kustomization's.
func manifestsIn(folder string) (files []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if slices.Contains([]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}, e.Name()) {
			return nil, cli.Usage("%s is a kustomization, which doctor does not render: want kubectl kustomize %s | holdfast doctor -", folder, folder)
		}
		if !e.IsDir() && manifestEnd.MatchString(e.Name()) {
			files = append(files, filepath.Join(folder, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s has no file whose name ends in .yaml, .yml or .json", folder)
	}
	return files, nil
}

// servers are those of the manifests, of which the Corefile that is given is for those that
// have none of their own, or else it is a server by itself.
func (s *sources) servers() (found []check.Server, notes []string, err error) {
	used := false
	for _, w := range s.objects.Servers() {
		of := check.Server{Name: w.String(), Workload: &w, Objects: s.objects}
		switch {
		case w.Corefile != nil:
			if of.Corefile, err = mounted(w.Corefile); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", w.Corefile.From, err)
			}
		case s.corefile != nil:
			of.Corefile, used = s.corefile, true
			of.Certificates, notes = certificates(s.corefile, notes)
		default:
			notes = append(notes, fmt.Sprintf("the Corefile of %s (not found here: pass it too)", w.String()))
		}
		found = append(found, of)
	}
	if s.corefile != nil && !used {
		of := check.Server{Name: s.corefile.File, Corefile: s.corefile}
		of.Certificates, notes = certificates(s.corefile, notes)
		found = append(found, of)
	}
	if len(found) == 0 {
		return nil, nil, errors.New("no workload here seems to run CoreDNS, judging by image names and -conf: want one that does, or a Corefile")
	}
	return found, notes, nil
}

// imports are absolute ones, and those that go up.
var imports = regexp.MustCompile(`(?m)((?:^|[\s{}])"?import"?[ \t]+"?)(/[^\s"]*|[^\s"]*\.\.[^\s"]*)`)

// within puts what a file at a path imports below the folder root.
func within(root, at, text string) string {
	return imports.ReplaceAllStringFunc(text, func(found string) string {
		m := imports.FindStringSubmatch(found)
		imported := m[2]
		if !path.IsAbs(imported) {
			imported = path.Join(path.Dir(at), imported)
		}
		return m[1] + root + path.Clean("/"+imported)
	})
}

// mounted reads a container's Corefile. What it imports lies where the container has it.
func mounted(m *manifest.Mounted) (c *corefile.Config, err error) {
	if !strings.Contains(m.Files[m.Path], "import") { // the image has no place for files of ours
		return corefile.Read("", m.Path, []byte(m.Files[m.Path]))
	}
	root, err := os.MkdirTemp("", "holdfast")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(root)) }()
	for name, text := range m.Files {
		text = within(root, name, text)
		at := filepath.Join(root, filepath.Clean("/"+name))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	return corefile.Read(root, m.Path, []byte(within(root, m.Path, m.Files[m.Path])))
}

// certificates are those that a Corefile names and that can be read here.
func certificates(c *corefile.Config, notes []string) ([]check.Certificate, []string) {
	var found []check.Certificate
	for _, file := range c.Certificates {
		text, err := os.ReadFile(file) // #nosec G304 -- the Corefile's
		if err != nil {
			if e, ok := errors.AsType[*os.PathError](err); ok {
				err = e.Err
			}
			notes = append(notes, fmt.Sprintf("certificate %s: %v", file, err))
			continue
		}
		block, _ := pem.Decode(text)
		if block == nil {
			notes = append(notes, fmt.Sprintf("certificate %s: it is not PEM", file))
			continue
		}
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			notes = append(notes, fmt.Sprintf("certificate %s: %v", file, strings.TrimPrefix(err.Error(), "x509: ")))
			continue
		}
		found = append(found, certificate(file, parsed))
	}
	return found, notes
}

func certificate(of string, c *x509.Certificate) check.Certificate {
	return check.Certificate{Of: of, NotBefore: c.NotBefore, NotAfter: c.NotAfter}
}
