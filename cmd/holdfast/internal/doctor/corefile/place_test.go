package corefile

import (
	"slices"
	"testing"
)

func TestUnknownPluginsAreFoundWhereTheyStand(t *testing.T) {
	c := read(t, `(common) {
    errrors
    cache
}
.:53 {
    import common
    ttlflor 5
    on startup true
    forward . 192.0.2.1
}
example.org {
    import common
    ttlfloor {
        ttlflor 7
    }
    k8s_gateway example.org {
        resources Service
    }
}
`)
	want := []Place{{"errrors", "Corefile:2"}, {"ttlflor", "Corefile:7"}, {"k8s_gateway", "Corefile:16"}}
	if !slices.Equal(c.Unknown, want) {
		t.Errorf("%v, want %v", c.Unknown, want)
	}
}
