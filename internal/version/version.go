// Package version says which Holdfast a program is built from. The server, the operator's
// command and the metrics all take it from here.
package version

import "runtime/debug"

// A build may set both:
//
//	go build -ldflags "-X github.com/holdfastdns/holdfast/internal/version.revision=$(git rev-parse HEAD)"
var (
	number   = "0.2.0"
	revision = ""
)

// Unknown is the revision of a program whose build did not record one, such as a test.
const Unknown = "unknown"

const modulePath = "github.com/holdfastdns/holdfast"

// Number returns Holdfast's version, such as "0.2.0", without a v.
func Number() string { return number }

// Revision returns the commit that the program was built from: the one that the build set,
// or else the one that the go tool recorded, with "-dirty" behind it if the checkout had
// changes. In somebody else's CoreDNS, which has Holdfast as a dependency, it is the version of
// the module, such as "v0.1.0". Unknown if the build says nothing.
func Revision() string {
	if revision != "" {
		return revision
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Unknown
	}
	return recorded(info)
}

// recorded returns the revision in a program's build information. What it says of version
// control is about the main module, which may be somebody else's.
func recorded(info *debug.BuildInfo) string {
	if info.Main.Path != modulePath {
		for _, module := range info.Deps {
			if module.Path == modulePath && module.Version != "" {
				return module.Version
			}
		}
		return Unknown
	}
	commit, dirty := Unknown, ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			commit = setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			dirty = "-dirty"
		}
	}
	return commit + dirty
}
