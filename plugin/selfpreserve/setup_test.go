package selfpreserve

import (
	"strings"
	"testing"

	"github.com/coredns/caddy"
)

// A server block of these tests has the directive on its fourth line, of seven.
func TestSetupErrorsNamePluginAndLine(t *testing.T) {
	one := selfpreserving(":8182", "min_peers 2")
	other := strings.Replace(one, "org", "net", 1)
	for corefile, want := range map[string]string{
		selfpreserving(":0", "min_peers 2"):   "4 - Error during parsing: address",
		selfpreserving(":8182", "promise 5s"): "5 - Error during parsing: promise of 5s is shorter",
		one + other:                           "11 - Error during parsing: options are in two server blocks",
	} {
		err := caddy.ValidateAndExecuteDirectives(corefileOf(corefile), nil, true)
		if err == nil || !strings.HasPrefix(err.Error(), "plugin/selfpreserve: Corefile:"+want) {
			t.Errorf("%s gives %v, want line %s", corefile, err, want)
		}
	}
}
