// Package schematest holds answers of servers against the schemas that are published for them.
package schematest

import (
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Status fails the test if body, an answer to GET /status, is not as status.schema.json says.
func Status(t testing.TB, body string) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	schema, err := compiler.Compile(filepath.Join(filepath.Dir(here), "..", "status.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := jsonschema.UnmarshalJSON(strings.NewReader(body))
	if err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if err := schema.Validate(answer); err != nil {
		t.Errorf("%v\n%s", err, body)
	}
}
