package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// to be replaced by internal/version
const (
	version = "0.1.0"
	coreDNS = "1.15.0"
)

// Version is what version prints.
type Version struct {
	Schema   int    `json:"schema" jsonschema:"version of this schema"`
	Holdfast string `json:"holdfast" jsonschema:"version of Holdfast"`
	CoreDNS  string `json:"coredns" jsonschema:"version of CoreDNS that it goes with"`
	Revision string `json:"revision" jsonschema:"commit, or empty if the build did not know it"`
	Go       string `json:"go" jsonschema:"version of Go"`
}

// WriteText writes one line.
func (v *Version) WriteText(w io.Writer, _ Paint) {
	revision := v.Revision
	if revision == "" {
		revision = "unknown"
	}
	fmt.Fprintf(w, "Holdfast %s, CoreDNS %s, %s, revision %s\n", v.Holdfast, v.CoreDNS, v.Go, revision)
}

func newVersion(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Name the versions of Holdfast and of CoreDNS",
		Example: "  holdfast version -o json",
		Args:    Arguments(0, 0, "want no arguments"),
		RunE: func(*cobra.Command, []string) error {
			v := &Version{Schema: SchemaVersion, Holdfast: version, CoreDNS: coreDNS, Go: runtime.Version()}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						v.Revision = s.Value
					}
				}
			}
			env.Print(v)
			return nil
		},
	}
}
