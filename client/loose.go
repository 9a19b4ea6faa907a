package client

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// forgiving are the options for records of generated types whose numbers and booleans are
// not as the document of the connector has them. They are slower than lenient, so they
// are for records that do not fit otherwise.
func forgiving() jsonv2.Options {
	return jsonv2.JoinOptions(lenient, jsonv2.WithUnmarshalers(jsonv2.JoinUnmarshalers(
		jsonv2.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *int64) error {
			return scalarAs(dec, v, looseInteger)
		}),
		jsonv2.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *float64) error {
			return scalarAs(dec, v, looseNumber)
		}),
		jsonv2.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *bool) error {
			return scalarAs(dec, v, strconv.ParseBool)
		}),
		unmarshalFamiliar,
	)))
}

var errMisfit = errors.New("it does not fit")

// scalarAs decodes a scalar from what is in a number, in a boolean or in a text.
func scalarAs[T any](dec *jsontext.Decoder, v *T, parse func(string) (T, error)) error {
	switch dec.PeekKind() {
	case '"', '0', 't', 'f':
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		text := string(raw)
		if raw.Kind() == '"' {
			b, _ := jsontext.AppendUnquote(nil, raw) // invalid parts are replaced
			text = strings.TrimSpace(string(b))
		}
		n, err := parse(text)
		if err != nil {
			return errMisfit
		}
		*v = n
		return nil
	}
	return errors.ErrUnsupported
}

// looseInteger parses an integer that may have a fraction of zeros.
func looseInteger(text string) (int64, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	if whole, fraction, ok := strings.Cut(text, "."); ok && strings.Trim(fraction, "0") == "" {
		return strconv.ParseInt(whole, 10, 64)
	}
	f, err := looseNumber(text)
	if err != nil || math.Abs(f) > 1<<53 || f != math.Trunc(f) {
		return 0, errMisfit
	}
	return int64(f), nil
}

// looseNumber parses a number in decimal.
func looseNumber(text string) (float64, error) {
	if strings.Trim(text, "+-.0123456789eE") != "" {
		return 0, errMisfit // such as inf
	}
	return strconv.ParseFloat(text, 64)
}

// A redecoder decodes a record that does not fit its type in another way. It is a
// function so that programs which need none link none. A nil redecoder decodes nothing.
type redecoder func(raw []byte, v any) error

func (again redecoder) decode(raw []byte, v any) bool { return again != nil && again(raw, v) == nil }

// loosely is the redecoder for generated types. It decodes anew, whatever v has.
func loosely(raw []byte, v any) error {
	reflect.ValueOf(v).Elem().SetZero()
	return jsonv2.Unmarshal(raw, v, forgiving())
}
