package heartbeat

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/miekg/dns"
)

// keyVariable is the environment variable that a key is read from. Arguments would show it
// to everybody on the machine.
const keyVariable = "HOLDFAST_TSIG"

// key signs updates (RFC 8945).
type key struct {
	name, algorithm string // canonical, with the final dot
	secret          string // base64
}

// String never has the secret.
func (k *key) String() string { return "TSIG key " + k.name }

var errKey = errors.New("holds no TSIG key: want what tsig-keygen prints, or ALGORITHM:NAME:SECRET, such as hmac-sha256:key.example.org:c2VjcmV0")

// readKey reads the key in file, or in the environment if that is "". It returns nil if
// there is none. What it reads is in no error.
func readKey(file string) (*key, error) {
	if file == "" {
		text := os.Getenv(keyVariable)
		if text == "" {
			return nil, nil
		}
		k, err := parseKey(text)
		if err != nil {
			return nil, fmt.Errorf("the environment's %s %w", keyVariable, err)
		}
		return k, nil
	}
	text, err := os.ReadFile(file) // #nosec G304 -- the user's
	if err != nil {
		return nil, err
	}
	k, err := parseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s %w", file, err)
	}
	return k, nil
}

var (
	comment = regexp.MustCompile(`(?m)(?:#|//).*$`)
	clause  = regexp.MustCompile(`(?s)^\s*key\s+"?([^\s"{};]+)"?\s*\{(.*)\}\s*;?\s*$`)
	setting = regexp.MustCompile(`(?:^|[\s;])(algorithm|secret)\s+"?([^\s"{};]+)"?\s*;`)
)

// parseKey reads BIND's key clause, or what kdig and nsupdate take with -y.
func parseKey(text string) (*key, error) {
	var name, algorithm, secret string
	if m := clause.FindStringSubmatch(comment.ReplaceAllString(text, "")); m != nil {
		name = m[1]
		for _, s := range setting.FindAllStringSubmatch(m[2], -1) {
			if s[1] == "secret" {
				secret = s[2]
			} else {
				algorithm = s[2]
			}
		}
	} else if parts := strings.Split(strings.TrimSpace(text), ":"); len(parts) == 3 {
		algorithm, name, secret = parts[0], parts[1], parts[2]
	}
	raw, err := base64.StdEncoding.DecodeString(secret)
	if _, ok := dns.IsDomainName(name); !ok || err != nil || len(raw) == 0 || algorithm == "" {
		return nil, errKey
	}
	algorithm = dns.CanonicalName(algorithm)
	switch algorithm {
	case dns.HmacSHA1, dns.HmacSHA224, dns.HmacSHA256, dns.HmacSHA384, dns.HmacSHA512:
	default:
		return nil, errors.New("has a TSIG key with an unknown algorithm: want hmac-sha256, or hmac-sha1, -sha224, -sha384, -sha512")
	}
	return &key{dns.CanonicalName(name), algorithm, secret}, nil
}
