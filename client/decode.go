package client

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
	"github.com/airbyte-agents/airbyte-agents-go/internal/veil"
)

// lenient accepts what vendors send: duplicate names, of which the last one
// wins, and invalid UTF-8. tolerate, too, relies on duplicate names being
// allowed: otherwise the decoder loses track after a value of the wrong type.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// familiar adds support for the types that encoding/json knows and its version 2 does
// not, and for any.
var familiar = json.JoinOptions(lenient, json.WithUnmarshalers(unmarshalFamiliar))

// numbers is like familiar, but a number that is decoded into an any becomes a
// json.Number.
var numbers = json.JoinOptions(lenient, json.WithUnmarshalers(unmarshalNumbers))

var unmarshalNumbers = json.JoinUnmarshalers(unmarshalStandard, json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) (err error) {
	*v, err = jsonv1.Read(dec, true)
	return err
}))

// numbersOfMatches extends numbers to the members of a Match. Only WithUseNumber
// calls it, so that other programs do not link what decodes a Match.
func numbersOfMatches() json.Options {
	matches.once.Do(func() {
		matches.numbers = json.JoinOptions(numbers, json.WithUnmarshalers(json.JoinUnmarshalers(unmarshalNumbers, json.UnmarshalFromFunc(unmarshalMatch))))
	})
	return matches.numbers
}

var matches struct {
	once    sync.Once
	numbers json.Options
}

var unmarshalFamiliar = json.JoinUnmarshalers(unmarshalStandard, json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *any) (err error) {
	*v, err = jsonv1.Read(dec, false)
	return err
}))

var unmarshalStandard = json.JoinUnmarshalers(
	json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *stdjson.Number) error {
		if dec.PeekKind() != '0' {
			return errors.ErrUnsupported // a string, as in encoding/json
		}
		n, err := dec.ReadValue()
		*v = stdjson.Number(n)
		return err
	}),
	json.UnmarshalFromFunc(func(dec *jsontext.Decoder, v *time.Duration) error {
		return json.UnmarshalDecode(dec, (*int64)(v))
	}),
)

// decodingOf returns the options for decoding into a t. useNumber is nil, or the
// options that WithUseNumber sets. Functions for single types slow the decoder down, so
// only the types that need them get them.
func decodingOf(t reflect.Type, useNumber json.Options) json.Options {
	switch {
	case useNumber != nil:
		return useNumber
	case t != nil && needsFamiliar(t):
		return familiar
	}
	return lenient
}

var familiarTypes sync.Map // from reflect.Type to the result of needsFamiliar

func needsFamiliar(t reflect.Type) bool {
	if v, ok := familiarTypes.Load(t); ok {
		return v.(bool)
	}
	v := holdsFamiliar(t, map[reflect.Type]bool{})
	familiarTypes.Store(t, v)
	return v
}

func holdsFamiliar(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t == reflect.TypeFor[stdjson.Number]() || t == reflect.TypeFor[time.Duration]() || t == reflect.TypeFor[any]() {
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

// tolerate decodes the next value with f. If the value has the wrong type,
// tolerate skips it and returns the error as wrong. After an error that is
// returned as broken, nothing more can be read.
func tolerate(dec *jsontext.Decoder, f func() error) (wrong, broken error) {
	depth := dec.StackDepth()
	_, before := dec.StackIndex(depth)
	wrong = f()
	if wrong == nil {
		return nil, nil
	}
	// The caller's types may return any error, including a syntax error or
	// io.EOF, so only the decoder knows whether it can continue. The decoder
	// returns syntax errors unchanged, without the position.
	placed := wrong
	if _, ok := wrong.(*json.SemanticError); !ok { //nolint:errorlint // the decoder's own
		placed = &json.SemanticError{JSONPointer: dec.StackPointer(), Err: wrong}
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
	wrong, broken := tolerate(dec, func() error { return json.UnmarshalDecode(dec, &l.v) })
	if wrong != nil {
		l.v = *new(T)
	}
	return broken
}

// moments reads times in the forms that the service is known to send. A time in
// any other form becomes the zero time.
var moments = json.JoinOptions(lenient, json.WithUnmarshalers(json.UnmarshalFromFunc(readMoment)))

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

// readJSON decodes the response of an operation into v.
func readJSON(resp *http.Response, v any) error { return decodeBody(resp, v, moments) }

// decodeBody decodes a response that should be JSON. If its Content-Type says
// otherwise, decodeBody tries anyway, and keeps the beginning for the error. A response
// of common size is decoded from memory, which is faster, others as they arrive.
func decodeBody(resp *http.Response, v any, opts json.Options) error {
	buf := responses.Get().(*bytes.Buffer)
	defer giveBack(buf)
	from := io.Reader(resp.Body)
	if n := resp.ContentLength; n >= 0 && n < maxInMemory {
		buf.Grow(int(n) + bytes.MinRead) // ReadFrom wants room to see the end
	} else {
		from = io.LimitReader(from, maxInMemory)
	}
	_, err := buf.ReadFrom(from)
	if err != nil {
		return explain(resp, err, nil)
	}
	var start []byte
	if kind := mediaType(resp.Header); kind != "" && !strings.HasSuffix(kind, "json") {
		start = buf.Bytes()[:min(buf.Len(), maxErrorBody)]
	}
	if buf.Len() < maxInMemory {
		return explain(resp, json.Unmarshal(buf.Bytes(), v, opts), start)
	}
	return explain(resp, json.UnmarshalRead(io.MultiReader(bytes.NewReader(buf.Bytes()), resp.Body), v, opts), start)
}

// responses are empty buffers for responses.
var responses = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// giveBack puts a buffer back into responses, unless it takes much memory.
func giveBack(buf *bytes.Buffer) {
	if buf.Cap() <= 2*maxInMemory {
		buf.Reset()
		responses.Put(buf)
	}
}

// maxInMemory is the size from which on a response is decoded as it arrives.
const maxInMemory = 256 << 10

// makeRoom gives v, if it is a slice without any, room for about as many elements as the
// array has that text contains first: as many as would be in text if all were as long
// as the first one, but not more memory than text takes. A slice that grows instead
// takes twice the memory.
func makeRoom(text []byte, v reflect.Value) {
	if v.Kind() != reflect.Slice || v.Cap() > 0 || !takesList(v.Type()) {
		return
	}
	_, list, _ := bytes.Cut(text, []byte("["))
	if first := lengthOf(bytes.TrimLeft(list, " \t\r\n")); first > 0 {
		size := max(int(v.Type().Elem().Size()), 1)
		v.Grow(min(len(list)/(first+1)+1, len(list)/size))
	}
}

// lengthOf returns the length of the object or the array with which text begins, 0 if it
// begins with something else, or does not have the end.
func lengthOf(text []byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case quoted:
		case c == '{', c == '[':
			depth++
		case c == '}', c == ']':
			depth--
		}
		switch {
		case depth == 0 && i == 0:
			return 0
		case depth == 0:
			return i + 1
		}
	}
	return 0
}

// explain returns an error that says what an error of the decoder means. After
// a syntax error the response is not JSON, is incomplete or is empty. Other
// errors are returned unchanged: the response is JSON, but not of the expected
// form. start is the beginning of the response, if that is known.
func explain(resp *http.Response, err error, start []byte) error {
	if err == nil || errors.Is(err, ErrResponseTooLarge) || brokenOff(resp) != nil {
		return err
	}
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok && !errors.Is(err, io.EOF) {
		return err
	}
	start = bytes.Clone(start[:min(len(start), maxErrorBody)])
	cause := &veil.Error{Cause: err, Not: io.ErrUnexpectedEOF} // that is for what may be retried
	e := &Error{kind: ErrBadResponse, Message: "the response is not JSON", err: cause, body: start}
	b, _ := resp.Body.(*body)
	switch text := words(start); {
	case b != nil && b.n == 0:
		e.Message = "the response is empty"
	case b != nil && b.first == [2]byte{0x1f, 0x8b}:
		e.Message = "the response is compressed with gzip once more than its header says"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		e.Message, e.kind = "the response is incomplete", ErrNetwork
		cause.Text, cause.Also, cause.Not = io.ErrUnexpectedEOF.Error(), io.ErrUnexpectedEOF, nil
	case text != "":
		e.Message = answer.Line(e.Message + " but " + mediaType(resp.Header) + ": " + text)
	case tooDeep(syntax):
		e.Message = "the response is nested too deeply"
		cause.Text = place(syntax.ByteOffset, syntax.JSONPointer)
	default: // an error of syntax quotes one character
		cause.Text = place(syntax.ByteOffset, syntax.JSONPointer) + ": " + syntax.Err.Error()
	}
	return e
}

// words returns the text of a response that is a page or a message. Of what may have
// been meant as JSON it returns nothing, because it may contain records.
func words(start []byte) string {
	if start = bytes.TrimSpace(start); len(start) == 0 || strings.IndexByte(`{["-0123456789`, start[0]) >= 0 {
		return ""
	}
	return answer.Parse(start).Message
}

// tooDeep reports whether the decoder refuses JSON for how deep it is nested. It has no
// other sign for that.
func tooDeep(err *jsontext.SyntacticError) bool {
	return err != nil && err.Err != nil && err.Err.Error() == "exceeded max depth"
}

// place says where in a response something is.
func place(offset int64, at jsontext.Pointer) string {
	text := "at byte " + strconv.FormatInt(offset, 10)
	if at != "" {
		text += ", in " + shorten(answer.Line(string(at)))
	}
	return text
}

// formless returns an error of the decoder about one of the SDK's own types, whose names
// say nothing, with a text that says where it is. For any other error it returns nil.
func formless(err error) error {
	form, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return nil
	}
	return &veil.Error{Text: place(form.ByteOffset, form.JSONPointer), Cause: err}
}

func mediaType(h http.Header) string {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind, _, _ = strings.Cut(h.Get("Content-Type"), ";")
	}
	return strings.ToLower(strings.TrimSpace(kind))
}

// isEnvelope reports whether the response to an execution is JSON about the
// execution, rather than a file, which may be JSON too.
func isEnvelope(h http.Header) bool {
	kind := mediaType(h)
	return (kind == "application/json" || strings.HasSuffix(kind, "+json")) && h.Get("Content-Disposition") == ""
}
