// Package follow reads the logs that a kubelet keeps of a node's pods.
package follow

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Line is one line of a container's log.
type Line struct {
	Pod, Container string
	At             time.Time
	Text           string
}

// often is how soon a line is seen. A kubelet deletes a pod's logs some tenths of a second
// after its containers have ended; whoever has them open by then reads all of them.
const often = 50 * time.Millisecond

// Follow tells each line of the logs that pattern finds, from the beginning, until ctx is
// done. Files are /var/log/pods/NAMESPACE_POD_UID/CONTAINER/RESTARTS.log.
func Follow(ctx context.Context, pattern string, tell func(Line) error) error {
	open := make(map[string]*file)
	defer func() {
		for _, f := range open {
			f.Close()
		}
	}()
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		there := make(map[string]bool)
		for _, name := range names {
			there[name] = true
			if open[name] != nil {
				continue
			}
			if f, err := os.Open(name); err == nil { // else it has gone meanwhile
				open[name] = &file{File: f, pod: podOf(name), container: filepath.Base(filepath.Dir(name))}
			}
		}
		for name, f := range open {
			if err := f.tell(tell); err != nil {
				return err
			}
			if !there[name] && f.idle > idle {
				f.Close()
				delete(open, name)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// idle is for how many looks a deleted file has to be silent before it is closed.
const idle = 100

func podOf(name string) string {
	parts := strings.Split(filepath.Base(filepath.Dir(filepath.Dir(name))), "_")
	if len(parts) != 3 {
		return ""
	}
	return parts[1]
}

type file struct {
	*os.File
	pod, container string
	rest           []byte // of a line that is not yet whole
	idle           int    // looks without anything new
}

func (f *file) tell(tell func(Line) error) error {
	var buf [64 << 10]byte
	f.idle++
	for {
		n, _ := f.Read(buf[:]) // io.EOF until more is written
		if n == 0 {
			return nil
		}
		f.idle = 0
		f.rest = append(f.rest, buf[:n]...)
		for {
			line, rest, whole := bytes.Cut(f.rest, []byte("\n"))
			if !whole {
				break
			}
			f.rest = rest
			at, text, ok := parse(string(line))
			if !ok {
				continue
			}
			if err := tell(Line{Pod: f.pod, Container: f.container, At: at, Text: text}); err != nil {
				return err
			}
		}
	}
}

// parse reads a line as containerd writes it: time, stream, P(artial) or F(ull), text.
func parse(line string) (time.Time, string, bool) {
	parts := strings.SplitN(line, " ", 4)
	if len(parts) != 4 {
		return time.Time{}, "", false
	}
	at, err := time.Parse(time.RFC3339Nano, parts[0])
	return at, parts[3], err == nil
}
