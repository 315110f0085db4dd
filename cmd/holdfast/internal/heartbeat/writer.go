// Package heartbeat writes the time into a record whose age then tells how old a server's data
// is. Verb is the verb heartbeat; probe writes by a Writer, too.
package heartbeat

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
	"github.com/spf13/pflag"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/kube"
	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// Writer writes the time into a record. Of several writers of one record none takes the time
// back: one that finds a newer time leaves it, and one that finds a time more than a minute
// ahead of now returns an error, since one of the two clocks is wrong.
type Writer interface {
	Write(ctx context.Context, now time.Time) error
	String() string // where it writes to
}

// Where says where a heartbeat is written to.
type Where struct {
	Primary, KeyFile, Zone string
	Kubernetes             bool
	kube.Access
}

// AddFlags adds the flags of a primary, and those of the access to Kubernetes.
func (w *Where) AddFlags(flags *pflag.FlagSet) {
	flags.StringVar(&w.Primary, "primary", "", "`ADDRESS` of the server that takes updates, IP or IP:port")
	flags.StringVar(&w.KeyFile, "tsig-file", "", "`FILE` with the TSIG key, as tsig-keygen prints it, instead of "+keyVariable+"=ALGORITHM:NAME:SECRET in the environment")
	flags.StringVar(&w.Zone, "zone", "", "`ZONE` to update, for a primary that does not answer queries")
	w.Access.AddFlags(flags)
}

// Writer returns a writer of the record of this name. It asks nobody yet.
func (w *Where) Writer(name string, timeout time.Duration) (Writer, error) {
	if _, ok := dns.IsDomainName(name); !ok || name == "" {
		return nil, cli.Usage("%q is not a domain name: want one such as heartbeat.example.org", name)
	}
	name = dns.CanonicalName(name)
	switch {
	case w.Kubernetes && w.Primary != "":
		return nil, cli.Usage("both --kubernetes and --primary: want only one of them")
	case w.Kubernetes:
		labels := dns.SplitDomainName(name)
		if len(labels) < 3 || labels[2] != "svc" {
			return nil, cli.Usage("%q is not the name of a Service: want one such as heartbeat.kube-system.svc.cluster.local", name)
		}
		client, err := w.Connect(timeout)
		if err != nil {
			return nil, err
		}
		return &serviceWriter{client: client, namespace: labels[1], name: labels[0]}, nil
	case w.Primary == "":
		return nil, cli.Usage("nowhere to write to: want --primary ADDRESS, or --kubernetes")
	}
	address, err := withPort(w.Primary)
	if err != nil {
		return nil, err
	}
	k, err := readKey(w.KeyFile)
	if err != nil {
		return nil, err
	}
	u := &updater{address: address, name: name, key: k, timeout: timeout}
	if w.Zone != "" {
		u.zone = dns.CanonicalName(w.Zone)
		if !dns.IsSubDomain(u.zone, name) {
			return nil, cli.Usage("%q is not in the zone %q", name, u.zone)
		}
	}
	return u, nil
}

func withPort(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port = strings.Trim(address, "[]"), "53"
	}
	if net.ParseIP(host) == nil {
		return "", cli.Usage("primary %q: want an IP address, or one with a port, such as 192.0.2.1 or [2001:db8::1]:53", address)
	}
	return net.JoinHostPort(host, port), nil
}

// errOvertaken is that another writer has changed the record since it was read.
var errOvertaken = errors.New("another writer was first each time")

// maxAttempts is how often a writer reads and writes when it is overtaken. Whoever overtakes
// it is done, or has an older time: so this is for as many writers at one instant.
const maxAttempts = 16

// unlessOvertaken writes until no other writer comes between.
func unlessOvertaken(write func() error) (err error) {
	for range maxAttempts {
		if err = write(); !errors.Is(err, errOvertaken) {
			return err
		}
	}
	return err
}

// ahead refuses to take the time back, whichever of the clocks is wrong.
func ahead(name string, texts, targets []string, now time.Time) error {
	beat, _ := verdict.ReadHeartbeat(texts, targets, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) // later than any
	by := time.Duration(beat.Unix()-now.Unix()) * time.Second
	return fmt.Errorf("%s is %s ahead of this clock: not overwritten; unless this clock is slow, set the record back by hand", name, by)
}

// noHeartbeat refuses to replace what somebody else needs.
func noHeartbeat(name, holds string) error {
	return fmt.Errorf("%s holds %q, which is not a heartbeat: want a name that holds nothing else", name, holds)
}
