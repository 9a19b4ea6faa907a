// Package jsonv1 encodes what is sent, by the rules of encoding/json, with the encoder
// of its version 2: a program that decodes records with version 2 would otherwise link
// two encoders, the older one for nothing but request bodies (120 KB).
//
// Generated code imports it in place of encoding/json.
package jsonv1

import (
	stdjson "encoding/json"
	"errors"
	"fmt"

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
