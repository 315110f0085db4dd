// Command schema writes the JSON schemas of what the verbs print with -o json into a folder.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/fleet"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/heartbeat"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/order"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/probe"
)

// results are the types of what is printed, by verb. An error is the same for all.
var results = map[string]reflect.Type{
	"error":     reflect.TypeFor[cli.Failure](),
	"version":   reflect.TypeFor[cli.Version](),
	"status":    reflect.TypeFor[fleet.Fleet](),
	"order":     reflect.TypeFor[order.Taken](),
	"may-leave": reflect.TypeFor[order.Departure](),
	"probe":     reflect.TypeFor[probe.Round](),
	"heartbeat": reflect.TypeFor[heartbeat.Change](),
	"doctor":    reflect.TypeFor[doctor.Report](),
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: schema FOLDER")
		os.Exit(2)
	}
	for name, of := range results {
		text, err := schema(name, of)
		if err == nil {
			err = os.WriteFile(filepath.Join(os.Args[1], name+".json"), text, 0o644) // #nosec G306 -- for all to read
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "schema of %s: %v\n", name, err)
			os.Exit(1)
		}
	}
}

func schema(name string, of reflect.Type) ([]byte, error) {
	s, err := jsonschema.ForType(of, &jsonschema.ForOptions{})
	if err != nil {
		return nil, err
	}
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "holdfast " + name + " -o json"
	open(s)
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// open lets objects have fields that are added later.
func open(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Properties != nil {
		s.AdditionalProperties = nil
	}
	for _, p := range s.Properties {
		open(p)
	}
	open(s.Items)
	open(s.AdditionalProperties)
}
