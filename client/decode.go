package client

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/veil"
)

// This file decodes responses: the envelope of an execution, in which the type of the
// result reads the result, and the JSON of all other operations. It also says what is wrong
// with a response that cannot be decoded. Which JSON is accepted is in json.go.

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
	Warning   loose[*warningItem]      `json:"warning"`
	Error     jsontext.Value           `json:"error"`
	Message   jsontext.Value           `json:"message"`
}

type executionMetadata struct {
	_ uncompared

	ConnectorID loose[string]  `json:"connector_instance_id"`
	Millis      loose[float64] `json:"execution_time_ms"`
}

// A warningItem is a Warning as the service sends it.
type warningItem struct {
	Code          loose[string] `json:"code"`
	Message       loose[string] `json:"message"`
	DeactivatedAt moment        `json:"deactivated_at"`
	ReactivatedAt moment        `json:"reactivated_at"`
	StaleSince    moment        `json:"stale_since"`
	StatusURL     loose[string] `json:"status_url"`
}

// UnmarshalJSONFrom reads a warning, which may be just a text.
func (w *warningItem) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	if dec.PeekKind() == '"' {
		*w = warningItem{}
		return w.Message.UnmarshalJSONFrom(dec)
	}
	type object warningItem // without this method
	return jsonv2.UnmarshalDecode(dec, (*object)(w))
}

func (w *warningItem) export() *Warning {
	if w == nil || *w == (warningItem{}) {
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
	err := &Error{kind: ErrExecution, unsettled: e.Status.v != "error" && !strings.HasPrefix(e.Status.v, "fail"), Code: reason.Code, Message: reason.Message, Fields: fieldErrors(reason)}
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
func decodeBytes(resp *http.Response, body []byte, v any, opts jsonv2.Options) error {
	err := undecodable(resp, jsonv2.Unmarshal(body, v, opts), body)
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
func decodeBody(resp *http.Response, v any, opts jsonv2.Options) error {
	buf := responses.Get().(*bytes.Buffer)
	defer putBack(buf)
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
		return undecodable(resp, jsonv2.Unmarshal(buf.Bytes(), v, opts), start)
	}
	return undecodable(resp, jsonv2.UnmarshalRead(io.MultiReader(bytes.NewReader(buf.Bytes()), resp.Body), v, opts), start)
}

// responses are empty buffers for responses.
var responses = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// putBack puts a buffer back into responses, unless it takes much memory.
func putBack(buf *bytes.Buffer) {
	if buf.Cap() <= 2*maxInMemory {
		buf.Reset()
		responses.Put(buf)
	}
}

// maxInMemory is the size from which on a response is decoded as it arrives.
const maxInMemory = 256 << 10

// beginning returns the beginning of the value that dec reads next, as far as it has
// come.
//
//go:noinline
func beginning(dec *jsontext.Decoder) []byte {
	return bytes.TrimLeft(dec.UnreadBuffer(), " \t\r\n,:")
}

// undecodable returns an error that says what an error of the decoder means. An error of
// syntax means that the response is not JSON, incomplete or empty. All other errors are
// returned unchanged: the response is JSON, but not of the expected form. start is the
// beginning of the response, nil if that is not known.
func undecodable(resp *http.Response, err error, start []byte) error {
	if err == nil || errors.Is(err, ErrResponseTooLarge) || brokenOff(resp) != nil {
		return err
	}
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok && !errors.Is(err, io.EOF) {
		return err
	}
	start = bytes.Clone(start[:min(len(start), maxErrorBody)])
	cause := &veil.Error{Cause: err, Not: io.ErrUnexpectedEOF} // which stands for an incomplete response, and is retried
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

// words returns the text of a response that is a web page or a message, for an error. It
// returns "" for a response that was perhaps meant as JSON, since that may contain records.
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

// formless returns an error of the decoder about JSON of another form, with a text that
// says where in the response it is: the decoder's own text has names of the SDK's types,
// which say nothing to users. For any other error it returns nil.
func formless(err error) error {
	form, ok := errors.AsType[*jsonv2.SemanticError](err)
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
