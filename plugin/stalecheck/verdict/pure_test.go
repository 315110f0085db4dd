package verdict

import (
	"reflect"
	"testing"

	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
)

// Nothing of CoreDNS either, so that a command can import it.
func TestAVerdictIsPure(t *testing.T) {
	plugintest.Pure(t, "fmt", "slices", "strconv", "strings", "time")
}

func TestAHistoryChangesOnlyByItsMethods(t *testing.T) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[History]()) {
		if field.IsExported() {
			t.Errorf("History.%s can be written by everybody", field.Name)
		}
	}
	references := []Reference{{Source: Primary, Address: "p0"}}
	h := New(asking(Primary), references)
	references[0].Address = "p1"
	if got := h.references[0].Address; got != "p0" {
		t.Errorf("a change of the caller's reference has become ours: %s", got)
	}
	report := h.Report(0)
	if report.Asked = true; h.references[0].Asked {
		t.Error("a change of what Report returned has become ours")
	}
}
