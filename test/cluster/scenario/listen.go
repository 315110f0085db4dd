package scenario

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/holdfastdns/holdfast/test/cluster/audience"
	"github.com/holdfastdns/holdfast/test/cluster/kube"
	"github.com/holdfastdns/holdfast/test/cluster/machine"
)

// audiences ask through the Service's address while something happens: from a pod and from
// a node, each from a new port for every question and from ten that are used again.
type audiences []*asking

type asking struct {
	from, ports string
	cmd         *exec.Cmd
	stop        io.Closer
	out         *bufio.Reader
	stderr      bytes.Buffer
}

const (
	newPorts  = "new ports"
	samePorts = "same ports"
)

// listen starts the audiences of every scene.
func (l *lab) listen(ctx context.Context) (audiences, error) {
	pid, err := l.Clients().Run(ctx, "pgrep", "-fx", "/pause "+client)
	if err != nil {
		return nil, err
	}
	pod := []string{"nsenter", "--net=/proc/" + strings.TrimSpace(pid) + "/ns/net"}
	var all audiences
	for _, ports := range []string{newPorts, samePorts} {
		args := []string{"/opt/inside/ask", "-server", kube.Address + ":53"}
		if ports == samePorts {
			args = append(args, "-ports", "10")
		}
		all = append(all,
			&asking{from: "a pod", ports: ports, cmd: l.Clients().Command(ctx, append(pod, args...)...)},
			&asking{from: "a node", ports: ports, cmd: l.Nodes()[0].Command(ctx, args...)})
	}
	return all, all.start()
}

// listenOn starts an audience on a node.
func (l *lab) listenOn(ctx context.Context, n *machine.Machine) (audiences, error) {
	all := audiences{{from: n.Name, ports: newPorts, cmd: n.Command(ctx, "/opt/inside/ask", "-server", kube.Address+":53")}}
	return all, all.start()
}

// start starts audiences, and waits until each has had an answer.
func (all audiences) start() (err error) {
	for _, a := range all {
		if a.stop, err = a.cmd.StdinPipe(); err != nil {
			return err
		}
		out, err := a.cmd.StdoutPipe()
		if err != nil {
			return err
		}
		a.out, a.cmd.Stderr = bufio.NewReader(out), &a.stderr
		if err := a.cmd.Start(); err != nil {
			return err
		}
	}
	for _, a := range all {
		if _, err := a.out.ReadString('\n'); err != nil { // "answered"
			_, end := all.end()
			return fmt.Errorf("the audience on %s: %w", a.from, errors.Join(err, end))
		}
	}
	return nil
}

// end lets the audiences wait for their last answers, and gives what each got.
func (all audiences) end() (map[string]audience.Count, error) {
	for _, a := range all {
		a.stop.Close()
	}
	got := make(map[string]audience.Count)
	var failed []error
	for _, a := range all {
		var c audience.Count
		err := json.NewDecoder(a.out).Decode(&c)
		if err = errors.Join(err, a.cmd.Wait()); err != nil {
			failed = append(failed, fmt.Errorf("the audience on %s: %w: %s", a.from, err, a.stderr.String()))
			continue
		}
		sum := got[a.ports]
		sum.Add(c)
		got[a.ports] = sum
	}
	return got, errors.Join(failed...)
}

// during has the audiences ask from before do until a while after it.
func (l *lab) during(ctx context.Context, do func(context.Context) error) (map[string]audience.Count, error) {
	all, err := l.listen(ctx)
	if err != nil {
		return nil, err
	}
	err = do(ctx)
	// What the last change does to conntrack and kube-proxy comes a moment later.
	const after = 3 * time.Second
	rest := time.NewTimer(after)
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-ctx.Done():
	}
	got, failed := all.end()
	return got, errors.Join(err, failed)
}
