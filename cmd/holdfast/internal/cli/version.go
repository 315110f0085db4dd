package cli

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/holdfastdns/holdfast/internal/version"
)

// Version is what version prints.
type Version struct {
	Schema   int    `json:"schema" jsonschema:"version of this schema"`
	Holdfast string `json:"holdfast" jsonschema:"version of Holdfast"`
	Revision string `json:"revision" jsonschema:"commit, or unknown if the build did not record it"`
	Go       string `json:"go" jsonschema:"version of Go"`
}

// WriteText writes one line.
func (v *Version) WriteText(w io.Writer, _ Paint) {
	fmt.Fprintf(w, "Holdfast %s, revision %s, %s\n", v.Holdfast, v.Revision, v.Go)
}

func newVersion(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of Holdfast",
		Example: "  holdfast version -o json",
		Args:    Arguments(0, 0, "want no arguments"),
		RunE: func(*cobra.Command, []string) error {
			env.Print(&Version{Schema: SchemaVersion, Holdfast: version.Number(), Revision: version.Revision(), Go: runtime.Version()})
			return nil
		},
	}
}
