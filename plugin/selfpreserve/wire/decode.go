package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxBody bounds what is read of a peer, in octets.
const MaxBody = 4096

// ErrTooLong is the error of Decode for a body that is longer than MaxBody.
var ErrTooLong = fmt.Errorf("body is longer than %d octets", MaxBody)

// Decode reads one JSON value of at most MaxBody octets, and nothing behind it. strict
// refuses fields that it does not know: in a request they might matter; in a reply they
// are those of a later version.
func Decode(body io.Reader, strict bool, into any) error {
	text, err := io.ReadAll(io.LimitReader(body, MaxBody+1))
	if err != nil {
		return err
	}
	if len(text) > MaxBody {
		return ErrTooLong
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("unexpected text after the JSON value")
	}
	return nil
}
