package selfpreserve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/holdfastdns/holdfast/plugin/selfpreserve/promise"
)

// maxBody bounds what is read of a peer, in octets.
const maxBody = 4096

// hello is what servers say of themselves when one polls another.
type hello struct {
	ID      promise.ID    `json:"id"`
	Name    string        `json:"name"` // of the host
	Version string        `json:"version"`
	State   promise.State `json:"state"`
}

// askBody is the body of POST /promise.
type askBody struct {
	ID       promise.ID `json:"id"`
	Number   uint64     `json:"number"`
	Renew    bool       `json:"renew,omitempty"`
	Lifetime int64      `json:"lifetime_ms"`
	Load     int        `json:"load_qps,omitempty"`
}

// replyBody is the body of the answer to POST /promise.
type replyBody struct {
	ID       promise.ID `json:"id"`
	Number   uint64     `json:"number"`
	Granted  bool       `json:"granted"`
	Lifetime int64      `json:"lifetime_ms,omitempty"`
	Capacity int        `json:"capacity_qps,omitempty"`
	Why      string     `json:"why,omitempty"`
}

// releaseBody is the body of DELETE /promise.
type releaseBody struct {
	ID     promise.ID `json:"id"`
	Number uint64     `json:"number"`
}

// Limits of what a peer may say. A promise is never longer than the giver's own setting.
const (
	minLifetime = time.Second // as of the setting; a shorter one would end before it is of use
	maxLifetime = time.Hour
	maxRate     = 1_000_000_000 // queries a second
	maxText     = 256           // octets of an id, a name, a reason
)

func validID(id promise.ID) error {
	printable := func(r rune) bool { return r > ' ' && r < 0x7f }
	if id == "" || len(id) > maxText || slices.ContainsFunc([]rune(id), func(r rune) bool { return !printable(r) }) {
		return fmt.Errorf("id %.20q: want 1 to %d printable ASCII characters", id, maxText)
	}
	return nil
}

func (h hello) valid() error {
	if len(h.Name) > maxText || len(h.Version) > maxText {
		return fmt.Errorf("name or version is longer than %d octets", maxText)
	}
	return validID(h.ID)
}

// request returns what the body asks, or what is wrong with it.
func (b askBody) request() (promise.Request, error) {
	r := promise.Request{From: b.ID, Number: b.Number, Renew: b.Renew, Load: b.Load}
	if err := validID(b.ID); err != nil {
		return r, err
	}
	if b.Number == 0 {
		return r, errors.New("number 0: want one of the asker's own, from 1")
	}
	if b.Lifetime < minLifetime.Milliseconds() || b.Lifetime > maxLifetime.Milliseconds() {
		return r, fmt.Errorf("lifetime_ms %d: want %d to %d", b.Lifetime, minLifetime.Milliseconds(), maxLifetime.Milliseconds())
	}
	if b.Load < 0 || b.Load > maxRate {
		return r, fmt.Errorf("load_qps %d: want 0 to %d", b.Load, maxRate)
	}
	r.Lifetime = time.Duration(b.Lifetime) * time.Millisecond
	return r, nil
}

// reply returns the reply to r that the body is, or what is wrong with it.
func (b replyBody) reply(r promise.Request) (promise.Reply, error) {
	reply := promise.Reply{From: b.ID, Number: b.Number, Granted: b.Granted, Capacity: b.Capacity, Why: b.Why}
	if err := validID(b.ID); err != nil {
		return reply, err
	}
	if b.Number != r.Number {
		return reply, fmt.Errorf("number %d: want that of the request, %d", b.Number, r.Number)
	}
	if b.Granted && (b.Lifetime < 1 || b.Lifetime > r.Lifetime.Milliseconds()) {
		return reply, fmt.Errorf("lifetime_ms %d: want 1 to what was asked for, %d", b.Lifetime, r.Lifetime.Milliseconds())
	}
	if b.Capacity < 0 || b.Capacity > r.Load {
		return reply, fmt.Errorf("capacity_qps %d: want 0 to the load of the request, %d", b.Capacity, r.Load)
	}
	if len(b.Why) > maxText || strings.ContainsFunc(b.Why, unicode.IsControl) { // it is logged
		return reply, fmt.Errorf("why is %.20q: want at most %d octets and no control characters", b.Why, maxText)
	}
	reply.Lifetime = time.Duration(b.Lifetime) * time.Millisecond
	return reply, nil
}

// decode reads one JSON value of at most maxBody octets, and nothing behind it. strict
// refuses fields that it does not know: in a request they might matter; in a reply they
// are those of a later version.
func decode(body io.Reader, strict bool, into any) error {
	text, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if err != nil {
		return err
	}
	if len(text) > maxBody {
		return fmt.Errorf("body is longer than %d octets", maxBody)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON value")
	}
	return nil
}
