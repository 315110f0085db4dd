package check

// unknownPlugin does not know which binary runs: it takes it for Holdfast's, which has all of
// CoreDNS's own.
func unknownPlugin(s *Server, say sayer) bool {
	if s.Corefile == nil {
		return false
	}
	for _, p := range s.Corefile.Unknown {
		say("%s: there is no plugin %q: the server does not start", p.At, p.Word)
	}
	return true
}
