// Package jsonv1 encodes what is sent, by the rules of encoding/json, with the encoder
// of its version 2: a program that decodes records with version 2 would otherwise link
// two encoders, the older one for nothing but request bodies (120 KB). It also reads
// what may be anything.
//
// Generated code imports it in place of encoding/json.
package jsonv1

import (
	stdjson "encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	v1 "github.com/go-json-experiment/json/v1"
)

// options are the rules of encoding/json, whose Number the other module takes for a text.
var options = json.JoinOptions(v1.DefaultOptionsV1(), json.WithMarshalers(json.MarshalToFunc(encodeNumber)))

func encodeNumber(enc *jsontext.Encoder, n stdjson.Number) error {
	if kind, done := enc.StackIndex(enc.StackDepth()); kind == '{' && done%2 == 0 {
		return errors.ErrUnsupported // a name, which is a text
	}
	if n == "" {
		n = "0" // as encoding/json has it
	}
	first, last := n[0], n[len(n)-1]
	if first != '-' && !digit(first) || !digit(last) { // the encoder accepts any value, and white space around it
		return fmt.Errorf("%q is no number", string(n))
	}
	return enc.WriteValue(jsontext.Value(n))
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

// Marshal returns what the function of encoding/json returns, except that it writes
// U+FFFD, for bytes that are not UTF-8, as it is and not as an escape.
func Marshal(v any) ([]byte, error) { return json.Marshal(v, options) }

// Unmarshal is the function of encoding/json. What a program does not call it does not
// link.
func Unmarshal(data []byte, v any) error { return stdjson.Unmarshal(data, v) }

// Read reads the next value, whatever it is. Version 2 does not replace what it
// read before under the same name, but adds to it or refuses another type; and where
// names may come twice, it takes twice as long. If exact is true, numbers become a
// Number of encoding/json.
func Read(dec *jsontext.Decoder, exact bool) (any, error) {
	token, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch kind := token.Kind(); kind {
	case '{':
		object := map[string]any{}
		for dec.PeekKind() != '}' {
			if token, err = dec.ReadToken(); err != nil {
				return nil, err
			}
			name := token.String() // before the next token takes its place
			if object[name], err = Read(dec, exact); err != nil {
				return nil, err
			}
		}
		_, err = dec.ReadToken()
		return object, err
	case '[':
		list := []any{}
		for dec.PeekKind() != ']' {
			v, err := Read(dec, exact)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = dec.ReadToken()
		return list, err
	case '"':
		return token.String(), nil
	case '0':
		if exact {
			return stdjson.Number(token.String()), nil
		}
		n, err := strconv.ParseFloat(token.String(), 64)
		if err != nil { // it is too large
			return nil, &json.SemanticError{JSONPointer: dec.StackPointer(), JSONKind: kind, GoType: reflect.TypeFor[float64](), Err: strconv.ErrRange}
		}
		return n, nil
	case 't', 'f':
		return token.Bool(), nil
	}
	return nil, nil
}
