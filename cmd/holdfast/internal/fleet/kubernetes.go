package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/kube"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/server"
)

// podFlags say which pods are servers.
type podFlags struct {
	kube.Access
	label, namespace string
	port             uint16
}

func (f *podFlags) addTo(flags *pflag.FlagSet) {
	flags.StringVar(&f.label, "kubernetes", "", "ask the pods with this `LABEL`, such as k8s-app=kube-dns, through the API server")
	flags.StringVarP(&f.namespace, "namespace", "n", "kube-system", "namespace of the pods")
	flags.Uint16Var(&f.port, "port", server.Port, "port of selfpreserve in the pods")
	f.Access.AddFlags(flags)
}

// pods are servers that are found by a label, and asked by way of the API server's proxy.
type pods struct {
	client           *kube.Client
	direct           *server.Client
	label, namespace string
	port             uint16

	mu    sync.Mutex
	names map[netip.Addr]string // of pods
	last  []netip.AddrPort      // that the API server named
	lost  bool                  // it did not answer when it was last asked for them
}

func (f *podFlags) connect(env *cli.Env, direct *server.Client) (*pods, error) {
	if f.port == 0 {
		return nil, cli.Usage("port 0: want 1 to 65535")
	}
	client, err := f.Connect(env.Timeout)
	if err != nil {
		return nil, err
	}
	return &pods{client: client, direct: direct, label: f.label, namespace: f.namespace, port: f.port}, nil
}

// find returns the pods' addresses, or if the API server does not answer those that it named last.
func (p *pods) find(ctx context.Context) (addresses []netip.AddrPort, failed []error, err error) {
	ctx, cancel := half(ctx) // what is left is for the servers
	defer cancel()
	found, err := p.client.Pods(ctx, p.namespace, p.label)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lost = err != nil; p.lost {
		err = fmt.Errorf("asking Kubernetes for pods: %w", err)
		if len(p.last) > 0 {
			return p.last, []error{fmt.Errorf("%w; asking the previously found pods directly", err)}, nil
		}
		return nil, nil, err
	}
	p.names, p.last = make(map[netip.Addr]string), nil
	for _, pod := range found {
		if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue
		}
		first := true
		for _, ip := range pod.Status.PodIPs {
			address, err := netip.ParseAddr(ip.IP)
			if err != nil {
				continue
			}
			p.names[address] = pod.Name
			if first { // its other addresses are the same server
				p.last = append(p.last, netip.AddrPortFrom(address, p.port))
			}
			first = false
		}
		if first {
			failed = append(failed, fmt.Errorf("pod %s has no address yet", pod.Name))
		}
	}
	if len(p.last) == 0 {
		return nil, nil, fmt.Errorf("no pod in %s with the label %s has an address", p.namespace, p.label)
	}
	return p.last, failed, nil
}

// half is a context that ends in the middle of the time that is left.
func half(ctx context.Context) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end.Add(-time.Until(end)/2))
}

// Status asks a pod through the API server, and what is no pod, or if the API server does not
// answer, itself.
func (p *pods) Status(ctx context.Context, address netip.AddrPort) (*server.Answer, error) {
	p.mu.Lock()
	name, lost := p.names[address.Addr()], p.lost
	p.mu.Unlock()
	if name == "" || lost {
		return p.direct.Status(ctx, address)
	}
	body, err := p.client.ProxyGet(ctx, p.namespace, p.direct.Scheme()+":"+name+":"+strconv.Itoa(int(address.Port())), "status")
	if of, ok := errors.AsType[*apierrors.StatusError](err); ok {
		return nil, fmt.Errorf("through the API server: %s", strings.TrimPrefix(of.Status().Message, "error trying to reach service: "))
	}
	if _, ok := errors.AsType[net.Error](err); ok && ctx.Err() == nil {
		return p.direct.Status(ctx, address) // it is the API server that does not answer
	}
	if err != nil {
		return nil, errors.New("no answer in time, through the API server")
	}
	defer body.Close()
	return server.Read(ctx, body)
}

// name gives those servers their pod's name that have not said theirs.
func (p *pods) name(f *Fleet) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range f.Servers {
		s := &f.Servers[i]
		if address, err := netip.ParseAddrPort(s.Address); err == nil && s.Name == "" {
			s.Name = p.names[address.Addr()]
		}
	}
}
