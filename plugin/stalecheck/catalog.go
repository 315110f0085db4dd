package stalecheck

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/coredns/coredns/plugin"
	"github.com/coredns/coredns/plugin/pkg/catalog"
	"github.com/coredns/coredns/plugin/transfer"

	"github.com/miekg/dns"
)

// catalogs are the catalog zones (RFC 9432) whose members are watched.
type catalogs struct {
	names   []string
	block   plugin.Zones // in which a member has to lie to be asked for
	readers []transfer.Transferer

	mu     sync.Mutex
	read   map[string]*catalogState
	before map[string]legacy // what was seen of members before a reload
}

// catalogState is what was read of a catalog.
type catalogState struct {
	known   bool
	serial  uint32
	members []string
	waiting bool // for the backend, which does not have all of them yet
}

// canFollow finds the plugins that catalogs can be read from.
func (s *StaleCheck) canFollow(handlers []plugin.Handler) error {
	for _, h := range handlers {
		if t, ok := h.(transfer.Transferer); ok {
			s.catalogs.readers = append(s.catalogs.readers, t)
		}
	}
	if len(s.catalogs.names) > 0 && len(s.catalogs.readers) == 0 {
		return fmt.Errorf("catalog %s cannot be followed, since no plugin in this server block has zones to read: want secondary", s.catalogs.names[0])
	}
	return nil
}

// follow reads a catalog if it has changed, begins to watch its members that the backend has,
// and ends with those that are gone.
func (s *StaleCheck) follow(ctx context.Context, of *zone) {
	if !slices.Contains(s.catalogs.names, of.name) {
		return
	}
	s.catalogs.mu.Lock()
	defer s.catalogs.mu.Unlock()
	if ctx.Err() != nil {
		return
	}
	of.mu.Lock()
	serial, known := of.history.Own()
	of.mu.Unlock()
	state := s.catalogs.read[of.name]
	if state == nil {
		state = new(catalogState)
		s.catalogs.read[of.name] = state
	}
	if !known || (state.known && state.serial == serial && !state.waiting) {
		return // one that cannot be read for a while has the members that it had
	}
	if !state.known || state.serial != serial {
		names, err := s.catalogs.membersOf(of.name)
		if err != nil {
			s.log.sources.warningf(s.now(), "Catalog %s: cannot read its members: %v", of.name, err)
			return
		}
		state.known, state.serial, state.members = true, serial, names
	}
	s.setMembers(ctx, of)
}

// membersOf reads the names of a catalog's members from the backend.
func (c *catalogs) membersOf(origin string) (names []string, err error) {
	defer func() {
		if r := recover(); r != nil { // as for other queries of our own
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	err = transfer.ErrNotAuthoritative
	for _, reader := range c.readers {
		var batches <-chan []dns.RR
		if batches, err = reader.Transfer(origin, 0); err != nil {
			continue
		}
		var rrs []dns.RR
		for batch := range batches {
			rrs = append(rrs, batch...)
		}
		parsed, err := catalog.Parse(origin, rrs)
		if err != nil {
			return nil, err
		}
		for _, m := range parsed.Members {
			if c.block.Contains(m.Zone) {
				names = append(names, m.Zone)
			}
		}
		return names, nil
	}
	return nil, err
}

// served reports whether the backend has the zone, loaded or not. secondary may be told to take
// only some of a catalog's members.
func (c *catalogs) served(ctx context.Context, z *zone) bool {
	asking, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	serial, _, _ := z.backend.askOwn(asking, z.name)
	for _, reader := range c.readers {
		batches, err := reader.Transfer(z.name, serial) // of one that has this serial that is the SOA record alone
		if err == nil {
			for range batches {
			}
		}
		if !errors.Is(err, transfer.ErrNotAuthoritative) {
			return true
		}
	}
	return false
}
