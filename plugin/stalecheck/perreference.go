package stalecheck

import (
	"cmp"
	"maps"
	"slices"

	"github.com/holdfastdns/holdfast/plugin/stalecheck/verdict"
)

// A zone and a reference are a pair, and a thousand zones with 32 references are 32,000. For
// more pairs than these a metric has, in place of each reference of a zone, the best of its
// primaries and of its peers. So a thousand zones with 32 references are a scrape of less than
// 5 MB that takes less than 200 ms.
const (
	maxUps       = 32 * 1024
	maxSuccesses = 10_000
)

// pair is what the gauges say of a reference of a zone.
type pair struct {
	zone string
	name string // of the reference, for the label: its address, or primary or peers for the best of them
	*referenceFigures
}

// perReference returns the pairs of all zones: at most limit of them, or else two for each
// zone. They are in the order that the registry brings them into: if they are in it already,
// that takes a third off a scrape.
func perReference(zones []*zoneFigures, limit int) []pair {
	n := 0
	for _, f := range zones {
		n += len(f.references)
	}
	byName := make(map[string][]pair)
	for _, f := range zones {
		if n > limit {
			for _, best := range f.bestOfSources() {
				name := best.source.String()
				byName[name] = append(byName[name], pair{f.name, name, best})
			}
			continue
		}
		for i := range f.references {
			r := &f.references[i]
			byName[r.address] = append(byName[r.address], pair{f.name, r.address, r})
		}
	}
	all := make([]pair, 0, n)
	for _, name := range slices.SortedFunc(maps.Keys(byName), cmp.Compare[string]) {
		all = append(all, byName[name]...)
	}
	return all
}

// bestOfSources returns for each source that has references here one that stands for all of
// them: it is up if any of them is, and was heard when the last of them was.
func (f *zoneFigures) bestOfSources() []*referenceFigures {
	var all []*referenceFigures
	for _, source := range []verdict.Source{verdict.Primary, verdict.Peers} {
		best := &referenceFigures{source: source}
		found := false
		for _, r := range f.references {
			if r.source != source {
				continue
			}
			found = true
			best.asked, best.up = best.asked || r.asked, best.up || r.up
			if r.heard && (!best.heard || r.last.After(best.last)) {
				best.heard, best.last = true, r.last
			}
		}
		if found {
			all = append(all, best)
		}
	}
	return all
}
