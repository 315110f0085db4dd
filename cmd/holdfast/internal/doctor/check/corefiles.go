package check

import "strings"

// unknownPlugin does not know which binary runs: it takes it for Holdfast's, which has all of
// CoreDNS's own.
func unknownPlugin(s *Server, say sayer) bool {
	if s.Corefile == nil {
		return false
	}
	for _, p := range s.Corefile.Unknown {
		say("%s: unknown plugin %q: the server will not start", p.At, p.Word)
	}
	return true
}

// zoneWord: any word is a name, as other plugins of CoreDNS take it too, and some zones have one
// label: lan, consul. So a word is odd only where nothing else knows such a zone. Whoever means it
// says so by a dot behind it.
func zoneWord(s *Server, say sayer) bool {
	if s.Corefile == nil {
		return false
	}
	for _, z := range s.Corefile.Zones {
		if !z.Elsewhere && !strings.ContainsAny(z.Word, "./:") {
			say("%s: %s takes %q as the name of a zone, but nothing else in the server block has that zone: if it is one, write \"%s.\"", z.At, z.Plugin, z.Word, z.Word)
		}
	}
	return len(s.Corefile.Zones) > 0
}
