package audience

import (
	"testing"
	"time"
)

// questions is one each tenth of a second: a dot has an answer, x none.
func questions(text string) []question {
	begin := time.Unix(100, 0)
	var all []question
	for i, c := range text {
		q := question{at: begin.Add(time.Duration(i) * 100 * time.Millisecond)}
		switch c {
		case '.':
			q.rcode = "NOERROR"
		case 's':
			q.rcode, q.stale = "NOERROR", true
		case 'f':
			q.rcode = "SERVFAIL"
		case 'x':
			q.why = "timeout"
		}
		all = append(all, q)
	}
	return all
}

func TestGapIsTheLongestTimeWithoutAnyAnswer(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"":           0,
		"......":     0,
		"..x...":     100 * time.Millisecond,
		"x.x.x.":     100 * time.Millisecond,
		"x.xxxx.xx.": 400 * time.Millisecond,
		"..xxx":      200 * time.Millisecond, // it may be longer: nobody asked any more
		"xxx":        200 * time.Millisecond,
	} {
		if got := sum(questions(text)).Gap; got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestEveryQuestionIsCountedOnce(t *testing.T) {
	c := sum(questions("..sxxf.s" + "xxxxxxxx"))
	if c.Asked != 16 || c.Unanswered != 10 || c.Why["timeout"] != 10 || c.Rcode["NOERROR"] != 5 || c.Rcode["SERVFAIL"] != 1 || c.Stale != 2 {
		t.Errorf("%+v", c)
	}
	if c.Lost[100] != 4 || c.Lost[101] != 6 {
		t.Errorf("lost by second: %v", c.Lost)
	}
}

func TestSeveralAudiencesAddUpAndTheirGapsDoNot(t *testing.T) {
	var c Count
	c.Add(sum(questions("..xx..")))
	c.Add(sum(questions(".xxx.sf")))
	if c.Asked != 13 || c.Unanswered != 5 || c.Stale != 1 || c.Rcode["SERVFAIL"] != 1 || c.Gap != 300*time.Millisecond || c.Lost[100] != 5 {
		t.Errorf("%+v", c)
	}
}
