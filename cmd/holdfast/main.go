// Command holdfast shows and steers a fleet of DNS servers from outside.
package main

//go:generate go run ./internal/schema schema

import (
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor"
)

// verbs are those beside version, man and completion.
var verbs = []cli.Verb{
	doctor.Verb,
}

func main() { cli.Main(verbs) }
