// Command holdfast shows and steers a fleet of DNS servers from outside.
package main

//go:generate go run ./internal/schema schema

import (
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/cli"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/doctor"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/fleet"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/heartbeat"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/order"
	"github.com/holdfastdns/holdfast/cmd/holdfast/internal/probe"
)

// verbs are those beside version, man and completion.
var verbs = []cli.Verb{fleet.Verb, order.MayLeave, order.Leave, order.Stay, order.Resume, probe.Verb, heartbeat.Verb, doctor.Verb}

func main() { cli.Main(verbs) }
