package promise

import (
	"reflect"
	"testing"

	"github.com/holdfastdns/holdfast/plugin/internal/plugintest"
)

func TestTheMachineIsPure(t *testing.T) {
	plugintest.Pure(t, "cmp", "fmt", "math", "slices", "time")
}

func TestNothingReachesIntoAMachine(t *testing.T) {
	machine := reflect.TypeFor[Machine]()
	for i := range machine.NumField() {
		if f := machine.Field(i); f.IsExported() {
			t.Errorf("field %s is exported", f.Name)
		}
	}
}
