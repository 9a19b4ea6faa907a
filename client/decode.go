package client

import (
	"bytes"
	"cmp"
	stdjson "encoding/json"
	"errors"
	"io"
	"math"
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
	"github.com/airbyte-agents/airbyte-agents-go/internal/veil"
)

// An envelope is the response to every execution. R reads the result in it.
type envelope[R any] struct {
	frame
	Result R `json:"result"`
}

// A frame is all of an envelope but its result.
type frame struct {
	Status    loose[string]            `json:"status"`
	Metadata  jsontext.Value           `json:"connector_metadata"`
	Execution loose[executionMetadata] `json:"execution_metadata"`
	Warning   loose[*warning]          `json:"warning"`
	Error     jsontext.Value           `json:"error"`
	Message   jsontext.Value           `json:"message"`
}

type executionMetadata struct {
	ConnectorID loose[string]  `json:"connector_instance_id"`
	Millis      loose[float64] `json:"execution_time_ms"`
}

// A warning is a Warning as the service sends it.
type warning struct {
	Code          loose[string] `json:"code"`
	Message       loose[string] `json:"message"`
	DeactivatedAt moment        `json:"deactivated_at"`
	ReactivatedAt moment        `json:"reactivated_at"`
	StaleSince    moment        `json:"stale_since"`
	StatusURL     loose[string] `json:"status_url"`
}

// UnmarshalJSONFrom reads a warning, which may be just a text.
func (w *warning) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == '"' {
		*w = warning{}
		return w.Message.UnmarshalJSONFrom(dec)
	}
	type object warning // without this method
	return json.UnmarshalDecode(dec, (*object)(w))
}

func (w *warning) export() *Warning {
	if w == nil || *w == (warning{}) {
		return nil
	}
	return &Warning{
		Code: w.Code.v, Message: w.Message.v, StatusURL: w.StatusURL.v,
		DeactivatedAt: w.DeactivatedAt.Time, ReactivatedAt: w.ReactivatedAt.Time, StaleSince: w.StaleSince.Time,
	}
}

// verdict returns the error that the envelope describes, if any, whatever its result
// is.
func (e *frame) verdict() error {
	reason := reasonIn(e.Error)
	if reason.Message == "" {
		code := reason.Code
		reason = reasonIn(e.Message)
		reason.Code = cmp.Or(code, reason.Code)
	}
	switch e.Status.v {
	case "success":
		return nil
	case "":
		if reason.Message == "" {
			reason.Message = "the response has no status: it is not that of an execution"
		}
		return &Error{kind: ErrBadResponse, Code: reason.Code, Message: reason.Message, Fields: fieldErrors(reason)}
	}
	err := &Error{kind: ErrExecution, Code: reason.Code, Message: reason.Message, Fields: fieldErrors(reason)}
	if err.Message == "" {
		err.Message = "the action ended with status " + answer.Line(e.Status.v)
	}
	return err
}

// reasonIn reads the reason in a member of an envelope, which may be text, an object or a
// list of either.
func reasonIn(v jsontext.Value) answer.Reason {
	switch v.Kind() {
	case '"', '{':
		return answer.Parse(v)
	case '[':
		return answer.Parse([]byte(`{"errors":` + string(v) + `}`))
	}
	return answer.Reason{} // null, true or a number: no reason
}

// result converts e, which came with resp, to a Result without data.
func (e *frame) result(x *execution, resp *http.Response) *Result {
	w := e.Warning.v.export()
	if w != nil && resp != nil && resp.Request != nil { // it may repeat the token
		if c := callOf(resp.Request.Context()); c != nil {
			s := c.scrubs(resp.Request)
			w.Code, w.Message, w.StatusURL = s.Name(w.Code), s.text(w.Message), s.text(w.StatusURL)
		}
	}
	return &Result{
		Status:      e.Status.v,
		Metadata:    stdjson.RawMessage(e.Metadata),
		Warning:     w,
		Duration:    duration(e.Execution.v.Millis.v),
		ConnectorID: strings.TrimPrefix(e.Execution.v.ConnectorID.v, "source_id:"),
		action:      x.action,
		useNumber:   x.useNumber,
		again:       x.again,
	}
}

// duration converts a number of milliseconds; it returns 0 for one that makes no
// sense.
func duration(millis float64) time.Duration {
	ns := millis * float64(time.Millisecond)
	if !(ns > 0 && ns < math.MaxInt64) {
		return 0
	}
	return time.Duration(ns)
}

// readAll reads a bounded body into buf, and allocates more if it is too small.
func readAll(resp *http.Response, buf []byte) ([]byte, error) {
	if n := resp.ContentLength; n > 0 && n < 1<<20 && int64(cap(buf)) <= n {
		buf = make([]byte, 0, n+bytes.MinRead) // ReadFrom wants room to see the end
	}
	b := bytes.NewBuffer(buf[:0])
	_, err := b.ReadFrom(resp.Body)
	return b.Bytes(), err
}

// decodeBytes decodes an envelope that was read into memory.
func decodeBytes(resp *http.Response, body []byte, v any, opts json.Options) error {
	err := undecodable(resp, json.Unmarshal(body, v, opts), body)
	return withBody(notAnEnvelope(err), body)
}

// notAnEnvelope replaces an error of the decoder about JSON of another shape with one
// that says so.
func notAnEnvelope(err error) error {
	if _, ok := errors.AsType[*Error](err); ok || err == nil {
		return err
	}
	if cause := formless(err); cause != nil {
		return &Error{kind: ErrBadResponse, Message: "the response is JSON, but not that of an execution", err: cause}
	}
	return err
}

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
		return undecodable(resp, err, nil)
	}
	var start []byte
	if kind := mediaType(resp.Header); kind != "" && !strings.HasSuffix(kind, "json") {
		start = buf.Bytes()[:min(buf.Len(), maxErrorBody)]
	}
	if buf.Len() < maxInMemory {
		return undecodable(resp, json.Unmarshal(buf.Bytes(), v, opts), start)
	}
	return undecodable(resp, json.UnmarshalRead(io.MultiReader(bytes.NewReader(buf.Bytes()), resp.Body), v, opts), start)
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

// beginning returns the beginning of the value that dec reads next, as far as it has
// come.
//
//go:noinline
func beginning(dec *jsontext.Decoder) []byte {
	return bytes.TrimLeft(dec.UnreadBuffer(), " \t\r\n,:")
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

// undecodable returns an error that says what an error of the decoder means. After
// a syntax error the response is not JSON, is incomplete or is empty. Other
// errors are returned unchanged: the response is JSON, but not of the expected
// form. start is the beginning of the response, if that is known.
func undecodable(resp *http.Response, err error, start []byte) error {
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
	b, _ := resp.Body.(*limited)
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
		cause.Text = position(syntax.ByteOffset, syntax.JSONPointer)
	default: // an error of syntax quotes one character
		cause.Text = position(syntax.ByteOffset, syntax.JSONPointer) + ": " + syntax.Err.Error()
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

// position says where in a response something is.
func position(offset int64, at jsontext.Pointer) string {
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
	return &veil.Error{Text: position(form.ByteOffset, form.JSONPointer), Cause: err}
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
