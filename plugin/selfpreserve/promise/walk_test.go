package promise

import (
	"fmt"
	"math/bits"
	"slices"
)

type walked struct{ states, transitions, depth int }

type step struct {
	parent int32
	choice choice
}

// walk goes through all that can happen, breadth first, and returns a transcript of the
// shortest way to break the rule, or "".
func (s space) walk(moved map[[2]State]bool) (walked, string) {
	type node struct {
		w    *world
		left faults
		step int32
	}
	key := newKeys(s.servers, s.unit(), s.slow)
	steps := []step{{parent: -1}}
	frontier := []node{{w: s.begin(moved), left: s.faults()}}
	seen := map[[2]uint64]struct{}{key.of(frontier[0].w, frontier[0].left): {}}
	result := walked{states: 1}
	var all []choice
	for len(frontier) > 0 && (s.steps == 0 || result.depth < s.steps) {
		var next []node
		for f, at := range frontier {
			frontier[f].w = nil // not needed any more
			all = choices(all[:0], at.w, at.left)
			for _, c := range all {
				w, left := at.w.clone(), at.left
				err := w.happen(c, s.unit(), &left)
				result.transitions++
				if err != nil {
					return result, s.transcript(append(steps, step{at.step, c}))
				}
				w.forget()
				for _, c.keep = range keeps(len(w.net), s.room) {
					w := w
					if bits.OnesCount16(c.keep) < len(w.net) {
						w = w.clone()
						w.keep(c.keep)
						w.forget()
					}
					k := key.of(w, left)
					if _, ok := seen[k]; ok {
						continue
					}
					seen[k] = struct{}{}
					result.states++
					steps = append(steps, step{at.step, c})
					if w.check() != nil {
						return result, s.transcript(steps)
					}
					next = append(next, node{w, left, int32(len(steps) - 1)})
				}
			}
		}
		frontier = next
		result.depth++
	}
	return result, ""
}

// transcript tells the way to the last of steps.
func (s space) transcript(steps []step) string {
	var path []choice
	for i := len(steps) - 1; steps[i].parent >= 0; i = int(steps[i].parent) {
		path = append(path, steps[i].choice)
	}
	w, left := s.begin(map[[2]State]bool{}), s.faults()
	w.said = new([]line)
	var err error
	for _, c := range slices.Backward(path) {
		if err = w.happen(c, s.unit(), &left); err == nil {
			err = w.check()
		}
		w.forget()
		if len(w.net) > s.room {
			w.keep(c.keep)
			w.forget()
		}
	}
	return fmt.Sprintf("%s%v", w.transcript(), err)
}

// keep loses the messages that are not in a set.
func (w *world) keep(set uint16) {
	kept := w.net[:0:0]
	for i, m := range w.net {
		if set&(1<<i) != 0 {
			kept = append(kept, m)
		}
	}
	w.net = kept
}

// keeps are the sets of room messages of n.
func keeps(n, room int) []uint16 {
	if n <= room {
		return []uint16{1<<n - 1}
	}
	var sets []uint16
	for set := range 1 << n {
		if bits.OnesCount(uint(set)) == room {
			sets = append(sets, uint16(set))
		}
	}
	return sets
}
