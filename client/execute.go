package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
	"github.com/airbyte-agents/airbyte-agents-go/internal/paging"
)

// This file runs an action: its options, its request, and the result, which is decoded as
// it arrives, or kept as it is. The records of pages are in rows.go.

// maxIntent is the number of characters that the service accepts as an intent.
const maxIntent = 512

// An ExecuteOption changes how one action is run.
type ExecuteOption func(*execution)

// An execution is a request to run an action.
type execution struct {
	entity, action     string
	params             Params
	selected, excluded []string
	intent             string
	truncate, raw      bool
	useNumber          jsonv2.Options // nil unless WithUseNumber is given
	again              redecoder      // of records that do not fit, if generated code asks
	pageParam          string
	pager              Pager
	declared           []paging.Param // what the action does for paging, if generated code says so
	prefetch           bool
	sizer              func(context.Context, *Connector, *execution) error // of WithRecordsPerPage
	progress           func(done, total int64)
	limit              *int // of rows, for SQL
	piece              *int // the size of a piece, for DownloadPiece
	text               bool // whether the pieces of texts may come as texts
}

// WithSelectFields requests only the given fields of each record, which are dotted
// paths. It takes precedence over [WithExcludeFields].
func WithSelectFields(paths ...string) ExecuteOption {
	return func(x *execution) { x.selected = append(x.selected, paths...) }
}

// WithExcludeFields requests all fields of each record except the given ones, which
// are dotted paths.
func WithExcludeFields(paths ...string) ExecuteOption {
	return func(x *execution) { x.excluded = append(x.excluded, paths...) }
}

// WithIntent tells the service the purpose of the call, in at most 512 characters.
func WithIntent(why string) ExecuteOption {
	return func(x *execution) { x.intent = why }
}

// WithTruncation lets the service shorten long texts in lists and searches. By
// default, the client requests whole texts.
func WithTruncation() ExecuteOption {
	return func(x *execution) { x.truncate = true }
}

// WithUseNumber makes numbers that are decoded into an any a json.Number. Without it
// they become a float64, and integers beyond 2^53 lose digits.
func WithUseNumber() ExecuteOption {
	return func(x *execution) { x.useNumber = numbersOfMatches() }
}

// WithRawData makes [Execute] keep the result in Result.Data in addition to decoding
// it.
func WithRawData() ExecuteOption {
	return func(x *execution) { x.raw = true }
}

// Execute runs an action on an entity of the connector, such as the action "list" on
// the entity "issues", and returns the result undecoded. The function [Execute]
// decodes it, and [All] iterates over all pages. For the action "download", use
// [Connector.Download].
//
// If the service ran the action and the action failed, the error matches
// [ErrExecution].
func (c *Connector) Execute(ctx context.Context, entity, action string, params Params, opts ...ExecuteOption) (*Result, error) {
	x := newExecution(entity, action, params, opts)
	var r *Result
	err := c.run(ctx, x, func(resp *http.Response) error {
		var err error
		r, err = readRaw(x, resp)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.pages = &turner{c: c, x: x}
	return r, nil
}

// Execute runs an action and decodes its result into a T, often a slice of structs: of
// one page, if the action has pages.
// To handle each record by itself, use [All], or [Connector.Execute] and [Rows].
//
// What a read returns is decoded as it arrives, so Result.Data is nil unless
// [WithRawData] is given; of other actions, see [IsRead], Data is kept. If the result
// does not fit T, the error wraps a [*RecordError], and the Result is returned beside it
// if it has the Data. A write was carried out nevertheless: do not repeat it.
func Execute[T any](ctx context.Context, c *Connector, entity, action string, params Params, opts ...ExecuteOption) (T, *Result, error) {
	v, r, err := c.executeAs(ctx, entity, action, params, opts, reflect.TypeFor[T]())
	return valueAt[T](v), r, err
}

// executeAs runs an action and decodes its result into a value of type t. It returns a
// pointer to the value.
func (c *Connector) executeAs(ctx context.Context, entity, action string, params Params, opts []ExecuteOption, t reflect.Type) (any, *Result, error) {
	x := newExecution(entity, action, params, opts)
	read := readActions[x.action]
	var r *Result // not nil beside an error if the result came and does not fit
	var v reflect.Value
	err := c.run(ctx, x, func(resp *http.Response) error {
		v = reflect.New(t) // for every attempt
		var err error
		if read && !x.raw {
			r, err = readTyped(x, resp, v.Elem())
			return err
		}
		if r, err = readRaw(x, resp); err == nil && r.Data != nil {
			err = r.Decode(v.Interface())
		}
		if e, ok := err.(*Error); ok && r != nil && !read { //nolint:errorlint // Decode returns no other
			e.note = "the action was carried out, and what it returned is in the Result"
		}
		return err
	})
	if r != nil {
		r.pages = &turner{c: c, x: x}
	}
	if err != nil {
		return nil, r, err
	}
	return v.Interface(), r, nil
}

func newExecution(entity, action string, params Params, opts []ExecuteOption) *execution {
	x := &execution{entity: entity, action: action, params: cloneParams(params)}
	for _, opt := range opts {
		if opt != nil {
			opt(x)
		}
	}
	return x
}

func (x *execution) op() string {
	if x.entity == "" {
		return "execute " + x.action
	}
	return "execute " + x.entity + "." + x.action
}

// about returns the subject of running x with c.
func (x *execution) about(c *Connector) subject {
	s := c.about()
	s.entity, s.action = x.entity, x.action
	return s
}

// wire returns the body of the request, or an error for one that the service would
// refuse.
func (x *execution) wire() (body gen.ExecuteRequest, err error) {
	switch {
	case strings.TrimSpace(x.action) == "":
		return body, invalid("execute", "the action is empty; Describe lists the actions of each entity")
	case strings.TrimSpace(x.entity) == "" && x.action != actionDescribe && x.action != actionSelect:
		return body, invalid(x.op(), "the entity is empty; Describe lists the entities")
	case x.limit != nil && x.action != actionSQL:
		return body, invalid(x.op(), "WithLimit is for SQL; end the loop over All where it is enough, and use WithRecordsPerPage for the size of a page")
	case utf8.RuneCountInString(x.intent) > maxIntent:
		return body, invalid(x.op(), "the intent has more than %d characters", maxIntent)
	}
	for name, v := range x.params {
		if problem := hiddenProblem(name, v); problem != "" {
			return body, invalid(x.op(), "the parameter %q %s", shorten(name), problem)
		}
	}
	body = gen.ExecuteRequest{
		Entity: x.entity, Action: x.action, Params: x.params,
		SelectFields: x.selected, ExcludeFields: x.excluded,
	}
	if x.intent != "" {
		body.Intent = &x.intent
	}
	if x.truncate {
		body.SkipTruncation = new(false)
	}
	return body, nil
}

// run sends an execution and calls consume to read the response. An empty response to a
// write is read as a success without a result.
func (c *Connector) run(ctx context.Context, x *execution, consume func(*http.Response) error) error {
	if x.sizer != nil {
		if err := x.sizer(ctx, c, x); err != nil {
			return withRequest(x.about(c).addTo(err), x.params)
		}
		x.sizer = nil // the next page has the same size
	}
	_, err := c.sendExecution(ctx, x, &call{ //nolint:bodyclose // the pipeline closes what a call consumes
		op: x.op(), name: "executeConnector", read: readActions[x.action], about: x.about(c), params: x.params,
		consume: func(resp *http.Response) error {
			if x.action == actionDownload && !isEnvelope(resp.Header) {
				return &Error{Message: "the service sent a file; Connector.Download reads files"}
			}
			if !readActions[x.action] && isEmpty(resp) { // the status has said it all
				done := *resp
				done.Body, done.ContentLength = io.NopCloser(strings.NewReader(`{"status":"success"}`)), 0
				resp = &done
			}
			return consume(resp)
		},
	})
	return err
}

// sendExecution sends an execution as the call ask. Its error has the parameters.
func (c *Connector) sendExecution(ctx context.Context, x *execution, ask *call) (*http.Response, error) {
	body, err := x.wire()
	if err != nil {
		return nil, withRequest(ask.about.addTo(err), x.params)
	}
	id, err := c.checkedID(ask.op)
	if err != nil {
		return nil, withRequest(ask.about.addTo(err), x.params)
	}
	c.begin(ask)
	resp, err := ask.to(executeRequest(ask.server(), id, body)).send(ctx)
	if err != nil {
		return nil, withRequest(err, x.params)
	}
	return resp, nil
}

// executeRequest is gen.NewExecuteConnectorRequest, but faster: it builds the request
// that programs send most.
func executeRequest(server, id string, r gen.ExecuteRequest) (*http.Request, error) {
	body, err := jsonv1.Marshal(r)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest(http.MethodPost, server+"api/v1/integrations/connectors/"+id+"/execute", bytes.NewReader(body)) //nolint:noctx // the pipeline sets it
	if err == nil {
		req.Header["Content-Type"] = []string{"application/json"}
	}
	return req, err
}

// withRequest adds the parameters of an execution that failed to its error.
func withRequest(err error, params Params) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Params == nil {
		e.Params = cloneParams(params)
	}
	return err
}

// A typedResult is decoded as it arrives. If it does not fit, the error is kept, and the
// rest of the response is read: the status may come after the result.
type typedResult struct {
	action string
	v      reflect.Value // what it is decoded into

	wrong  error          // why it does not fit
	list   bool           // it is a list of records
	came   bool           // there is one, and it is not null
	beside jsontext.Value // what stands beside the list in the object that wraps it
}

func (t *typedResult) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	// If there are two results, the last one wins.
	*t = typedResult{action: t.action, v: t.v, came: dec.PeekKind() != 'n', list: dec.PeekKind() == '['}
	t.v.SetZero()
	to := t.v.Addr().Interface()
	var broken error
	if dec.PeekKind() == '{' && mayWrap(t.action) {
		v, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if list, beside, ok := unwrap(t.action, v); ok {
			if t.beside = beside; takesList(t.v.Type()) {
				v, t.list = list, true
				makeRoom(v, t.v)
			}
		}
		if t.wrong = jsonv2.Unmarshal(v, to, dec.Options()); t.wrong == nil {
			t.wrong = misnamed(t.v.Type(), v)
		}
		return nil
	}
	text := beginning(dec)
	if t.list {
		makeRoom(text, t.v)
	}
	strange := misnamed(t.v.Type(), text)
	if t.wrong, broken = tolerate(dec, func() error { return jsonv2.UnmarshalDecode(dec, to) }); t.wrong == nil {
		t.wrong = strange
	}
	return broken
}

// count returns the number of records, -1 if it is not known.
func (t *typedResult) count() int {
	v := t.v
	for v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch {
	case !t.came:
		return 0
	case t.list && (v.Kind() == reflect.Slice || v.Kind() == reflect.Array):
		return v.Len()
	case !t.list && t.beside == nil:
		return 1
	}
	return -1
}

// readTyped decodes the response to an execution in one pass, its result into v.
func readTyped(x *execution, resp *http.Response, v reflect.Value) (*Result, error) {
	e := envelope[typedResult]{Result: typedResult{action: x.action, v: v}}
	err := decodeBody(resp, &e, decodingOf(v.Type(), x.useNumber))
	if err == nil {
		err = e.verdict()
	}
	if err == nil && e.Result.wrong != nil {
		err = &Error{err: misfit(e.Result.wrong, "/result", e.Result.list)}
	}
	if err != nil {
		return nil, notAnEnvelope(err)
	}
	r := e.result(x, resp)
	r.decoded, r.beside, r.count = true, e.Result.beside, e.Result.count()
	return r, nil
}

// readRaw reads the response to an execution into memory. Data is a slice of that
// memory.
func readRaw(x *execution, resp *http.Response) (*Result, error) {
	body, err := readAll(resp, nil)
	if err != nil {
		return nil, err
	}
	var e envelope[rawResult]
	err = decodeBytes(resp, body, &e, lenient)
	if text, deep := shallow(body, err); deep != nil { // Rows tells the records apart
		e = envelope[rawResult]{}
		err = decodeBytes(resp, text, &e, lenient)
		e.Result.start, e.Result.end = offsetBefore(deep, e.Result.start), offsetBefore(deep, e.Result.end)
	}
	if err != nil {
		return nil, err
	}
	if err := e.verdict(); err != nil {
		return nil, withBody(err, body)
	}
	r := e.result(x, resp)
	r.Data = json.RawMessage(e.Result.of(body))
	return r, nil
}

// A rawResult is not decoded: only its place in the response is noted.
type rawResult struct{ span }

func (s *rawResult) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	s.end = dec.InputOffset()
	s.start = s.end - int64(len(v))
	return err
}
