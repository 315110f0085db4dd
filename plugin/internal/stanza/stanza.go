// Package stanza reads a plugin's stanza of a Corefile:
//
//	directive ARGUMENT... {
//	    property VALUE...
//	}
//
// Read hands the arguments and each property's values to the plugin's parsers. It refuses
// by itself a property that is unknown, repeated or on the directive's line, braces that
// are missing or out of place, and a second stanza. Its errors name the file and line of
// what is wrong. When the stanza is read, caddy's own errors would name the closing brace:
// a plugin makes those about properties that clash with Lines.
//
// values.go and zones.go read the values that more than one plugin has.
package stanza

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/coredns/caddy"
	"github.com/coredns/caddy/caddyfile"
	"github.com/coredns/coredns/plugin"
)

const wantBraces = "want { at the end of the first line, } on a line of its own, and nothing after them"

// Property is a line that a stanza may have.
type Property struct {
	// Parse takes the values of a line. Read puts the property's name before its error,
	// which is like `"7x" is not a duration: want one such as 7s`.
	Parse func(values []string) error

	// Repeatable properties add to what an earlier line says.
	Repeatable bool
}

// Lines tells where a stanza and its properties are written.
type Lines struct {
	Bare bool // the stanza is no more than the directive's name

	// A copy of the dispenser stays where it was made, and so do its errors.
	directive  caddyfile.Dispenser
	properties map[string]caddyfile.Dispenser
}

// Has reports whether a property is written and not left to its default.
func (l *Lines) Has(property string) bool {
	_, ok := l.properties[property]
	return ok
}

// At returns a dispenser whose Err and Errf name the file and line of the first of the
// properties that is written, or of the directive if none is. A property that is repeated
// is at its last line.
func (l *Lines) At(properties ...string) *caddyfile.Dispenser {
	for _, property := range properties {
		if at, ok := l.properties[property]; ok {
			return &at
		}
	}
	at := l.directive
	return &at
}

// Read reads the stanza of c and calls the parsers in the order of the lines. It leaves c
// at the directive, whose line later errors of c name.
func Read(c *caddy.Controller, arguments func([]string) error, properties map[string]Property) (*Lines, error) {
	c.Next() // the directive's name
	l := &Lines{directive: c.Dispenser, properties: make(map[string]caddyfile.Dispenser)}
	directive, values := c.Val(), c.RemainingArgs()
	if err := readArguments(directive, values, arguments, properties); err != nil {
		return nil, l.At().Err(err.Error())
	}
	ahead := c.Dispenser
	hasBlock := ahead.NextArg() // nothing but { can be left on the line
	l.Bare = len(values) == 0 && !hasBlock
	for c.NextBlock() {
		if err := l.readLine(c, properties); err != nil {
			return nil, err
		}
	}
	isClosed := c.Val() == "}"
	if c.Next() {
		if c.Val() == directive {
			return nil, c.Err(plugin.ErrOnce.Error())
		}
		return nil, c.Errf("unexpected %q: %s", c.Val(), wantBraces)
	}
	if hasBlock && !isClosed { // caddy does not count a { that an environment variable holds
		return nil, l.At().Errf("} is missing: %s", wantBraces)
	}
	c.Dispenser = l.directive
	return l, nil
}

func readArguments(directive string, values []string, arguments func([]string) error, properties map[string]Property) error {
	if err := refuseBraces(directive, values); err != nil {
		return err
	}
	for _, value := range values {
		if _, ok := properties[value]; ok {
			return fmt.Errorf("unexpected property %q after %s: want each on a line of its own between { and }", value, directive)
		}
	}
	return arguments(values)
}

func (l *Lines) readLine(c *caddy.Controller, properties map[string]Property) error {
	at := c.Dispenser
	name := c.Val()
	property, ok := properties[name]
	if !ok {
		return at.Errf("unknown property %q: want one of %s", name,
			strings.Join(slices.Sorted(maps.Keys(properties)), ", "))
	}
	if l.Has(name) && !property.Repeatable {
		return at.Errf("%s is given twice: want it once, with all its values", name)
	}
	l.properties[name] = at
	var values []string
	for c.NextArg() { // RemainingArgs would leave a { to open a block within the block
		values = append(values, c.Val())
	}
	if err := refuseBraces(name, values); err != nil {
		return at.Err(err.Error())
	}
	if err := property.Parse(values); err != nil {
		return at.Errf("%s %s", name, err)
	}
	return nil
}

func refuseBraces(name string, values []string) error {
	isBrace := func(value string) bool { return value != "" && strings.Trim(value, "{}") == "" }
	if i := slices.IndexFunc(values, isBrace); i >= 0 {
		return fmt.Errorf("unexpected %q after %s: %s", values[i], name, wantBraces)
	}
	return nil
}
