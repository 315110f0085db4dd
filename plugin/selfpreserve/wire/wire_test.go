package wire

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// What is written is what servers of before have read, and reads back as the same.
func TestBodiesHaveTheseNamesAndReadBackAsTheSame(t *testing.T) {
	asked := promise.Request{From: "a", Number: 7, Renew: true, Lifetime: 15 * time.Second, Load: 9}
	for _, r := range []promise.Reply{
		{From: "b", Number: 7, Granted: true, Lifetime: 1500 * time.Millisecond, Capacity: 8},
		{From: "b", Number: 7, Why: "is not fit"},
	} {
		want := `{"id":"b","number":7,"granted":true,"lifetime_ms":1500,"capacity_qps":8}`
		if !r.Granted {
			want = `{"id":"b","number":7,"granted":false,"why":"is not fit"}`
		}
		var read Reply
		readBack(t, ReplyOf(r), &read, want)
		if got, err := read.To(asked); got != r || err != nil {
			t.Errorf("%+v is read as %+v, %v", r, got, err)
		}
	}
	var ask Ask
	readBack(t, AskOf(asked), &ask, `{"id":"a","number":7,"renew":true,"lifetime_ms":15000,"load_qps":9}`)
	if got, err := ask.Request(); got != asked || err != nil {
		t.Errorf("%+v is read as %+v, %v", asked, got, err)
	}
	asked.Observe = true
	readBack(t, AskOf(asked), new(Ask), `{"id":"a","number":7,"renew":true,"lifetime_ms":15000,"load_qps":9,"observe":true}`)
	if got, err := AskOf(asked).Request(); got != asked || err != nil {
		t.Errorf("%+v is read as %+v, %v", asked, got, err)
	}
	readBack(t, Release{"a", 7}, new(Release), `{"id":"a","number":7}`)
	readBack(t, Hello{ID: "a", Name: "n", Version: "v", State: promise.Aside, Wire: Version}, new(Hello), `{"id":"a","name":"n","version":"v","state":"aside","wire":1}`)
}

func TestAVersionIsAWholeNumber(t *testing.T) {
	for value, want := range map[string]int{"": 0, "0": 0, "1": 1, "65535": 65535, "65536": -1, "-1": -1, "1.0": -1, " 1": -1, "one": -1} {
		got, err := VersionOf(value)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("%q is version %d, want %d (-1 for an error)", value, got, want)
		}
	}
}

func readBack(t *testing.T, body, into any, want string) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
	if err := Decode(strings.NewReader(want), true, into); err != nil {
		t.Errorf("%s: %s", want, err)
	}
}
