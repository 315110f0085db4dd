package promise

import (
	"flag"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestTheRuleHoldsInRandomSchedules runs larger fleets than can be walked, in fine-grained
// time: with clocks that differ, partitions, late and doubled messages, kills, restarts and
// reloads. In the end all is healed, and who wants to leave has to get away.
func TestTheRuleHoldsInRandomSchedules(t *testing.T) {
	setRapid(t, schedules, gateSchedules)
	var late lateness
	rapid.Check(t, func(t *rapid.T) {
		s := newSchedule(t, &world{}, anyRate)
		err := s.befall()
		if err == nil && s.calm {
			err = s.getAway(&late)
		}
		s.fail(err)
	})
	t.Logf("%s schedules: %s", flag.Lookup("rapid.checks").Value, late)
}

// TestTheFloorHoldsInRandomSchedulesOfWildClocks has no clock that can be relied on, and no
// wait from the start. Enough servers stay all the same.
func TestTheFloorHoldsInRandomSchedulesOfWildClocks(t *testing.T) {
	setRapid(t, schedules/2, gateSchedules/2)
	rapid.Check(t, func(t *rapid.T) {
		s := newSchedule(t, &world{wild: true}, wildRate)
		s.fail(s.befall())
	})
}

// setRapid sets how many schedules are tried, unless the command line says so.
func setRapid(t *testing.T, checks, inGate int) {
	t.Helper()
	if gate {
		checks = inGate
	}
	for name, value := range map[string]string{"rapid.checks": fmt.Sprint(checks), "rapid.seed": "1", "rapid.nofailfile": "true"} {
		f := flag.Lookup(name)
		if f.Value.String() != f.DefValue {
			continue // the command line says otherwise
		}
		before := f.Value.String()
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Value.Set(before) })
	}
}

func (s *schedule) fail(err error) {
	if err != nil {
		s.Fatalf("%d servers, %+v\n%s%v", len(s.w.servers), s.set, s.w.transcript(), err)
	}
}
