package corefile

import (
	"cmp"
	"slices"
)

// Place is a word of a Corefile and where it stands, such as Corefile:12.
type Place struct{ Word, At string }

// unknown are the directives that are not those of the binary, in the order in which they stand.
// A server that has one does not start.
func unknown(blocks []block) (found []Place) {
	known := make(map[string]bool)
	for _, name := range directives {
		known[name] = true
	}
	at := make(map[Place]position)
	for _, b := range blocks {
		for name, all := range b.directives {
			for _, d := range all {
				if place := (Place{name, d.at.String()}); !known[name] && !slices.Contains(found, place) { // once for all the blocks that import it
					found = append(found, place)
					at[place] = d.at
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b Place) int {
		return cmp.Or(cmp.Compare(at[a].file, at[b].file), cmp.Compare(at[a].line, at[b].line), cmp.Compare(a.Word, b.Word))
	})
	return found
}
