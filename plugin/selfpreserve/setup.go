package selfpreserve

import (
	"fmt"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/transport"
)

func init() { plugin.Register(pluginName, setup) }

func setup(c *caddy.Controller) error {
	options, err := parse(c)
	if err != nil {
		return plugin.Error(pluginName, err)
	}
	config := dnsserver.GetConfig(c)
	cf, found := c.Get(pluginName).(*corefile)
	if !found {
		cf = &corefile{conf: defaultConfig()}
		c.Set(pluginName, cf)
		c.OnShutdown(cf.shutdown)
		c.OnRestartFailed(cf.restartFailed)
	}
	block := c.ServerBlockKeys[0]
	if options != nil {
		if cf.where != "" {
			return plugin.Error(pluginName, c.Errf("options are in two server blocks, %s and %s: want them in one, and a bare %s in the others", cf.where, block, pluginName))
		}
		cf.conf, cf.where = options, block
	}
	cf.blocks = append(cf.blocks, enrolled{block, config, options != nil})
	noteBeingRead(c.Context(), cf)
	config.AddPlugin(func(next plugin.Handler) plugin.Handler {
		// The chains are made when every plugin of the Corefile is set up. What is added
		// now runs last: start when every backend has started, stop after the lame duck,
		// through which /ready goes on to say 503.
		cf.chained.Do(func() {
			c.OnStartup(cf.onStartup)
			c.OnFinalShutdown(func() error { cf.stop(); flushLog(); return nil })
		})
		return counter{Next: next, queries: &cf.queries}
	})
	return nil
}

// enrolled is a server block whose plugins count.
type enrolled struct {
	name    string
	config  *dnsserver.Config
	options bool // stand here
}

// ownListener returns where this server answers plain DNS: in the block of the options, or
// else in the first that does.
func (cf *corefile) ownListener() (string, error) {
	found := ""
	for _, b := range cf.blocks {
		if b.config.Transport == transport.DNS && (found == "" || b.options) {
			found = listenerOf(b.config)
		}
	}
	if found == "" {
		return "", fmt.Errorf("canary and peers dns ask this server itself: want %s in a plain DNS server block", pluginName)
	}
	return found, nil
}

// dependencies makes what a node needs of this Corefile.
func (cf *corefile) dependencies() (dependencies, error) {
	conf := cf.conf
	d := dependencies{conf: conf, checks: new(checks), queries: &cf.queries, onTrial: cf.onTrial, own: func() ownership { return ownAddresses(conf.address) }}
	if len(conf.canaries)+len(conf.names) > 0 {
		address, err := cf.ownListener()
		if err != nil {
			return d, err
		}
		d.lookUp = lookUpAt(address)
		for _, c := range conf.canaries {
			d.checks.add(c.String(), c.lookAt(address, conf.lookTime()))
		}
	}
	for _, b := range cf.blocks {
		for _, h := range b.config.Handlers() {
			d.checks.addPlugin(b.name, h)
			if z, ok := h.(zoneTeller); ok {
				d.zones = append(d.zones, z)
			}
		}
	}
	return d, nil
}
