package lab

import "testing"

// No two ports of a test are the same, also when a block is used up.
func TestPortsAreGivenOnce(t *testing.T) {
	given := make(map[string]bool)
	for range blockSize + 1 {
		port := FreePort(t)
		if given[port] || port < "20000" || port >= "32000" {
			t.Fatalf("port %s was given before, or is not one of ours", port)
		}
		given[port] = true
	}
}
