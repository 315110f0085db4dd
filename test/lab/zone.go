package lab

import "fmt"

// The key of whoever may update a zone, or has to sign.
const (
	TSIGKey    = "key.example.org."
	TSIGSecret = "aG9sZGZhc3QgaG9sZGZhc3QgaG9sZGZhc3QgaG9sZGY="
)

// ExampleZone is the file of example.org, as servers have it whose zone does not matter.
const ExampleZone = `$ORIGIN example.org.
@   300 IN SOA ns hostmaster 1 7200 900 1209600 300
@   300 IN NS  ns
www 300 IN A   192.0.2.80
`

// ZoneText is a zone file with the address of www, for a secondary with the timers
// REFRESH, RETRY and EXPIRE.
func ZoneText(serial uint32, timers string) string {
	return fmt.Sprintf(`$TTL 3600
@   IN SOA ns hostmaster %d %s 60
@   IN NS  ns
ns  IN A   127.0.0.1
www IN A   10.0.0.1
`, serial, timers)
}

const (
	Eager = "1 1 1209600"
	Lazy  = "86400 86400 1209600" // NOTIFY alone makes it ask for a new serial
)
