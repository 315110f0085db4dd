package stanza

import (
	"errors"
	"testing"
	"time"
)

func TestOneTakesOneValue(t *testing.T) {
	stored := "before"
	parse := One("want a word", &stored, func(value string) (string, error) {
		if value == "bad" {
			return "worse", errors.New("is bad")
		}
		return value + "!", nil
	})
	for want, values := range map[string][]string{
		`has 0 values, []: want a word`:        nil,
		`has 2 values, ["a" "b"]: want a word`: {"a", "b"},
		`"bad" is bad: want a word`:            {"bad"},
	} {
		if err := parse(values); err == nil || err.Error() != want || stored != "before" {
			t.Errorf("%q gives %v and stores %s, want %s", values, err, stored, want)
		}
	}
	if err := parse([]string{"a"}); err != nil || stored != "a!" {
		t.Errorf("a word gives %v and stores %s", err, stored)
	}
}

func TestDuration(t *testing.T) {
	const want = "want one duration from 100ms to 1m30s, such as 10 or 10s"
	var stored time.Duration
	parse := Duration(&stored, 100*time.Millisecond, 90*time.Second)
	for value, want := range map[string]time.Duration{
		"100ms": 100 * time.Millisecond, "10": 10 * time.Second, "1.5s": 1500 * time.Millisecond, "1m30s": 90 * time.Second,
	} {
		if err := parse([]string{value}); err != nil || stored != want {
			t.Errorf("%s is %s, %v", value, stored, err)
		}
	}
	for value, problem := range map[string]string{
		"99ms": "is out of range", "91": "is out of range", "-10s": "is out of range", "0": "is out of range",
		"": "is not a duration", "10x": "is not a duration", "1.5": "is not a duration", "ten": "is not a duration",
	} {
		if err := parse([]string{value}); err == nil || err.Error() != `"`+value+`" `+problem+": "+want {
			t.Errorf("%q gives %v", value, err)
		}
	}
}

func TestDurationsAreWrittenInBrief(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"1h": time.Hour, "10m": 10 * time.Minute, "1h30m": 90 * time.Minute, "30s": 30 * time.Second, "1m10s": 70 * time.Second,
		"1h0m1s": time.Hour + time.Second, "100ms": 100 * time.Millisecond, "0s": 0, "8760h": 8760 * time.Hour,
	} {
		if got := brief(d); got != want {
			t.Errorf("%s is written as %s", d, got)
		}
	}
}

func TestSeconds(t *testing.T) {
	parse := Seconds(60)
	for value, want := range map[string]uint32{"1": 1, "1s": 1, "60": 60, "1m": 60, "2000ms": 2} {
		if got, err := parse(value); err != nil || got != want {
			t.Errorf("%s is %d, %v", value, got, err)
		}
	}
	for value, want := range map[string]string{
		"0": "is out of range", "61": "is out of range", "-1s": "is out of range", "2000000h": "is out of range",
		"1500ms": "has a fraction of a second", ".5s": "has a fraction of a second",
		"": "is not a duration", "9999999999999999999": "is not a duration",
	} {
		if got, err := parse(value); err == nil || err.Error() != want || got != 0 {
			t.Errorf("%s is %d, %v, want %s", value, got, err, want)
		}
	}
}

func TestWholeNumber(t *testing.T) {
	parse := WholeNumber(60)
	for value, want := range map[string]int{"1": 1, "60": 60} {
		if got, err := parse(value); err != nil || got != want {
			t.Errorf("%s is %d, %v", value, got, err)
		}
	}
	for value, want := range map[string]string{
		"0": "is out of range", "61": "is out of range", "-1": "is out of range", "99999999999999999999": "is out of range",
		"-99999999999999999999": "is out of range", "": "is not a whole number", "1.5": "is not a whole number", "1s": "is not a whole number",
	} {
		if got, err := parse(value); err == nil || err.Error() != want || got != 0 {
			t.Errorf("%q is %d, %v, want %s", value, got, err, want)
		}
	}
}
