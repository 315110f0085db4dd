package promise

import (
	"fmt"
	"testing"
	"time"
)

func TestWhatPeersCanMakeAServerRememberIsBounded(t *testing.T) {
	m := New("b", usual)
	m.Step(0, Fitness{Fit: true, AllPassed: true})
	grants := 0
	for i := range 3 * maxGiven {
		for _, a := range m.Step(time.Second, Requested{Request{From: ID(fmt.Sprint(i)), Number: 7, Lifetime: time.Second}}) {
			if a.(Answer).Granted {
				grants++
			}
		}
	}
	if grants != maxGiven || len(m.given) != maxGiven {
		t.Errorf("%d promises given, and %d remembered, want %d", grants, len(m.given), maxGiven)
	}
	for i := range 3 * maxGiven {
		m.Step(time.Second, Released{ID(fmt.Sprint("r", i)), 7})
	}
	if len(m.askers) != maxGiven {
		t.Errorf("%d askers are remembered, want %d", len(m.askers), maxGiven)
	}
	if got := m.highestNumber(ID(fmt.Sprint("r", 3*maxGiven-1))); got != 7 {
		t.Errorf("the number of the last asker is %d, want 7", got)
	}
}
