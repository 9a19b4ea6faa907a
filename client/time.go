package client

import (
	"bytes"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
)

// A Time is a time in a record, as the types that the command agents-gen generates have
// it. It reads the times of RFC 3339, also with an offset like +0000, and dates, which
// are the beginning of their day in UTC. Vendors send other forms, too: of those, the
// text is kept.
type Time struct {
	time.Time // zero if the vendor sent none, or in a form that is not understood

	text   string
	quoted bool // the text was a string in JSON
}

// Text returns what the vendor sent if it was not understood, else "".
func (t Time) Text() string { return t.text }

// IsZero reports whether the vendor sent no time, not even one that is not understood.
func (t Time) IsZero() bool { return t.text == "" && t.Time.IsZero() }

// String returns the time in the form of RFC 3339, or the text that was not understood,
// or "" if there is neither.
func (t Time) String() string {
	b, _ := t.MarshalText() // "" for what cannot be written
	return string(b)
}

var timeLayouts = []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07", time.DateOnly}

// MarshalText implements encoding.TextMarshaler. It writes what UnmarshalText reads.
func (t Time) MarshalText() ([]byte, error) {
	switch {
	case t.text != "":
		return []byte(t.text), nil
	case t.Time.IsZero():
		return nil, nil
	}
	return t.Time.MarshalText()
}

// UnmarshalText implements encoding.TextUnmarshaler. It accepts any text.
func (t *Time) UnmarshalText(b []byte) error {
	*t = Time{}
	if t.Time.UnmarshalText(b) == nil { // as most times are written
		return nil
	}
	t.Time = time.Time{}
	text := strings.TrimSpace(string(b))
	if text == "" {
		return nil
	}
	form := text
	if len(form) > len(time.DateOnly) && form[len(time.DateOnly)] == ' ' {
		form = strings.Replace(form, " ", "T", 1)
		form = strings.Replace(form, " ", "", 1) // before the offset
	}
	for _, layout := range timeLayouts {
		if v, err := time.Parse(layout, form); err == nil {
			t.Time = v
			return nil
		}
	}
	t.text, t.quoted = text, true
	return nil
}

// MarshalJSON implements json.Marshaler. The zero Time is null, and what was not
// understood is as it came.
func (t Time) MarshalJSON() ([]byte, error) {
	switch {
	case t.IsZero():
		return []byte("null"), nil
	case t.text == "":
		return t.Time.MarshalJSON()
	case t.quoted:
		return jsonv1.Marshal(t.text)
	}
	return []byte(t.text), nil
}

// UnmarshalJSON implements json.Unmarshaler. It accepts any value.
func (t *Time) UnmarshalJSON(b []byte) error {
	*t = Time{}
	switch v := jsontext.Value(bytes.TrimSpace(b)); v.Kind() {
	case 'n':
	case '"':
		if plain := v[1 : len(v)-1]; t.Time.UnmarshalText(plain) == nil {
			return nil // no part of a time is written as an escape
		}
		text, _ := jsontext.AppendUnquote(nil, v) // invalid parts are replaced
		return t.UnmarshalText(text)
	default:
		t.text = string(v)
	}
	return nil
}
