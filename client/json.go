package client

import (
	"encoding/json"
	"errors"
	"reflect"
	"sync"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
)

// This file says which JSON is accepted, for every response: the options of the decoder,
// what is skipped rather than an error, and times. It knows no operation; decode.go does.

// lenient accepts what vendors send: duplicate names, of which the last one wins, and
// invalid UTF-8. Without duplicate names, tolerate would not work: the decoder loses track
// after a value of the wrong type.
var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// familiar adds support for the types that encoding/json knows and its version 2 does
// not, and for any.
var familiar = jsonv2.JoinOptions(lenient, jsonv2.WithUnmarshalers(unmarshalFamiliar))

// numbers is like familiar, but a number that is decoded into an any becomes a
// json.Number.
var numbers = jsonv2.JoinOptions(lenient, jsonv2.WithUnmarshalers(unmarshalNumbers))

var unmarshalNumbers = jsonv2.JoinUnmarshalers(unmarshalStandard, jsonv2.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) (err error) {
	*v, err = jsonv1.Read(dec, true)
	return err
}))

// numbersOfMatches extends numbers to the members of a Match. Only WithUseNumber
// calls it, so that other programs do not link what decodes a Match.
func numbersOfMatches() jsonv2.Options {
	matches.once.Do(func() {
		matches.numbers = jsonv2.JoinOptions(numbers, jsonv2.WithUnmarshalers(jsonv2.JoinUnmarshalers(unmarshalNumbers, jsonv2.UnmarshalFromFunc(unmarshalMatch))))
	})
	return matches.numbers
}

var matches struct {
	once    sync.Once
	numbers jsonv2.Options
}

var unmarshalFamiliar = jsonv2.JoinUnmarshalers(unmarshalStandard, jsonv2.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) (err error) {
	*v, err = jsonv1.Read(dec, false)
	return err
}))

var unmarshalStandard = jsonv2.JoinUnmarshalers(
	jsonv2.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *json.Number) error {
		if dec.PeekKind() != '0' {
			return errors.ErrUnsupported // a string, as in encoding/json
		}
		n, err := dec.ReadValue()
		*v = json.Number(n)
		return err
	}),
	jsonv2.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *time.Duration) error {
		return jsonv2.UnmarshalDecode(dec, (*int64)(v))
	}),
)

// decodingOf returns the options for decoding into a t. useNumber is nil, or the options
// that WithUseNumber sets. The options familiar make the decoder slower, so only types that
// need them are decoded with them.
func decodingOf(t reflect.Type, useNumber jsonv2.Options) jsonv2.Options {
	switch {
	case useNumber != nil:
		return useNumber
	case t != nil && needsFamiliar(t):
		return familiar
	}
	return lenient
}

var familiarTypes sync.Map // from reflect.Type to the result of needsFamiliar

// needsFamiliar reports whether a t has a type that only familiar decodes as encoding/json
// does.
func needsFamiliar(t reflect.Type) bool {
	if v, ok := familiarTypes.Load(t); ok {
		return v.(bool)
	}
	v := holdsFamiliar(t, map[reflect.Type]bool{})
	familiarTypes.Store(t, v)
	return v
}

func holdsFamiliar(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == reflect.TypeFor[json.Number]() || t == reflect.TypeFor[time.Duration]() || t == reflect.TypeFor[any]() {
		return true
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Map:
		return holdsFamiliar(t.Key(), seen) || holdsFamiliar(t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return holdsFamiliar(t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if holdsFamiliar(f.Type, seen) {
				return true
			}
		}
	}
	return false
}

// tolerate decodes the next value with f. If the value does not fit, tolerate skips the
// rest of it and returns the error of f as wrong. If the JSON itself is broken, so that
// nothing more can be read, it returns the error as broken.
func tolerate(dec *jsontext.Decoder, f func() error) (wrong, broken error) {
	depth := dec.StackDepth()
	_, before := dec.StackIndex(depth)
	wrong = f()
	if wrong == nil {
		return nil, nil
	}
	// A type of the program may return any error, even one of syntax or io.EOF, so the
	// error does not tell whether the decoder can go on: try. The decoder returns the
	// errors of such types as they are, without the position.
	placed := wrong
	if _, ok := wrong.(*jsonv2.SemanticError); !ok { //nolint:errorlint // the decoder's own
		placed = &jsonv2.SemanticError{JSONPointer: dec.StackPointer(), Err: wrong}
	}
	for {
		d := dec.StackDepth()
		if d < depth {
			return nil, wrong
		}
		if _, n := dec.StackIndex(depth); d == depth && n > before {
			return placed, nil
		}
		if _, err := dec.ReadToken(); err != nil {
			return nil, err
		}
	}
}

// loose is a value that is zero if the service sends another type for it: a
// change in the service is no reason to fail a call.
type loose[T any] struct{ v T }

func (l *loose[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	wrong, broken := tolerate(dec, func() error { return jsonv2.UnmarshalDecode(dec, &l.v) })
	if wrong != nil {
		l.v = *new(T)
	}
	return broken
}

// moments reads times in the forms that the service is known to send. A time in
// any other form becomes the zero time.
var moments = jsonv2.JoinOptions(lenient, jsonv2.WithUnmarshalers(jsonv2.UnmarshalFromFunc(readMoment)))

func readMoment(dec *jsontext.Decoder, to *time.Time) error {
	*to = time.Time{}
	v, err := dec.ReadValue()
	if err != nil || v.Kind() != '"' {
		return err
	}
	text, _ := jsontext.AppendUnquote(nil, v) // invalid parts are replaced
	for _, layout := range momentLayouts {
		if t, err := time.Parse(layout, string(text)); err == nil {
			*to = t
			break
		}
	}
	return nil
}

var momentLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999", time.DateOnly,
}

// A moment is a time that is decoded by readMoment, whatever the options.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSONFrom(dec *jsontext.Decoder) error { return readMoment(dec, &m.Time) }
