package fleet

import "time"

// deaf is for how long a server must not have heard another before that is worth a word: a
// poll that fails is no state. It is two intervals and more, as servers have them.
const deaf = 5 * time.Second

// look fills in who hears whom, among the servers that answer. all and servers are in the
// same order.
func look(all []*member, servers []Server) {
	reports := make(map[*member]map[*member][]report, len(all)) // by who, of whom
	for _, of := range all {
		for _, r := range of.known {
			if reports[r.by] == nil {
				reports[r.by] = make(map[*member][]report)
			}
			reports[r.by][of] = append(reports[r.by][of], r)
		}
	}
	for i, by := range all {
		if by.answer == nil {
			continue
		}
		for j, of := range all {
			switch its := reports[by][of]; {
			case of == by:
			case heard(its):
				servers[i].Hears++
			case of.answer == nil: // nobody expects that
			case len(its) == 0:
				servers[i].DoesNotKnow = append(servers[i].DoesNotKnow, servers[j].Address)
			case silent(its):
				servers[i].DoesNotHear = append(servers[i].DoesNotHear, servers[j].Address)
			}
		}
	}
}

func heard(reports []report) bool {
	for _, r := range reports {
		if r.hears() {
			return true
		}
	}
	return false
}

// silent is whether a server is unreachable for another, by all of its addresses, and for
// longer than a poll or two take.
func silent(reports []report) bool {
	for _, r := range reports {
		if ago, ever := r.ago(); r.peer.State != Unreachable || ever && ago < deaf {
			return false
		}
	}
	return true
}
