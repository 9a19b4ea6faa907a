package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// JSON Schema treats formats as annotations. The tests treat them as rules.
const (
	uuidPattern = `^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`
	timePattern = `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`
)

// strict returns the document that the tests validate against: its references
// are resolved, which the validator for OpenAPI 3.1 cannot do, and its formats
// are patterns.
func strict(t *testing.T) *openapi3.T {
	t.Helper()
	doc := load(t)
	doc.Servers = nil
	seen := map[*openapi3.Schema]bool{}
	var walk func(*openapi3.SchemaRef)
	walk = func(ref *openapi3.SchemaRef) {
		if ref == nil || ref.Value == nil {
			return
		}
		ref.Ref = ""
		s := ref.Value
		if seen[s] {
			return
		}
		seen[s] = true
		switch s.Format {
		case "uuid":
			s.Pattern = uuidPattern
		case "date-time":
			s.Pattern = timePattern
		}
		for _, part := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf, slices.Collect(maps.Values(s.Properties))) {
			walk(part)
		}
		walk(s.Items)
		walk(s.AdditionalProperties.Schema)
	}
	media := func(content openapi3.Content) {
		for _, m := range content {
			walk(m.Schema)
		}
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				walk(p.Value.Schema)
			}
			if op.RequestBody != nil {
				media(op.RequestBody.Value.Content)
			}
			for _, response := range op.Responses.Map() {
				media(response.Value.Content)
				for _, h := range response.Value.Headers {
					walk(h.Value.Schema)
				}
			}
		}
	}
	return doc
}

// A validator is a transport that validates all requests and responses against
// the contract.
type validator struct {
	base   http.RoundTripper
	router routers.Router
	once   bool // whether to skip what was validated before, byte for byte

	mu                  sync.Mutex
	requests, responses int
	answered            map[string]map[int]int // by operation and status
	problems            []string
	passed              map[string]bool
}

func newValidator(t *testing.T, base http.RoundTripper) *validator {
	t.Helper()
	router, err := legacy.NewRouter(strict(t), openapi3.DisableExamplesValidation())
	if err != nil {
		t.Fatal(err)
	}
	return &validator{base: base, router: router, answered: map[string]map[int]int{}, passed: map[string]bool{}}
}

type wrongOnPurpose struct{}

// wrong returns a context for requests that break the contract on purpose, to
// see how the service responds.
func wrong(ctx context.Context) context.Context {
	return context.WithValue(ctx, wrongOnPurpose{}, true)
}

func (v *validator) complain(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

// take returns the problems so far and clears them.
func (v *validator) take() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	problems := v.problems
	v.problems = nil
	return problems
}

// check reports the problems.
func (v *validator) check(t *testing.T) {
	t.Helper()
	for _, p := range v.take() {
		t.Error(p)
	}
}

func (v *validator) exercised(id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	for status := range v.answered[id] {
		if status/100 == 2 {
			return true
		}
	}
	return false
}

// again reports whether the same bytes have been validated before.
func (v *validator) again(parts ...any) bool {
	key := fmt.Sprintf("%q", parts)
	v.mu.Lock()
	defer v.mu.Unlock()
	seen := v.passed[key]
	v.passed[key] = true
	return v.once && seen
}

// RoundTrip sends the request and validates it and its response.
func (v *validator) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return nil, err
		}
	}
	renewed := func() *http.Request {
		r := req.Clone(req.Context())
		if req.Body != nil {
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		return r
	}
	where := req.Method + " " + req.URL.Path
	route, path, err := v.router.FindRoute(renewed())
	if err != nil {
		v.complain("%s: %v", where, err)
		return v.base.RoundTrip(renewed())
	}
	input := &openapi3filter.RequestValidationInput{
		Request: renewed(), PathParams: path, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
			MultiError: true, SkipSettingDefaults: true,
		},
	}
	if req.Context().Value(wrongOnPurpose{}) == nil && !v.again(req.Method, req.URL.String(), req.Header, body) {
		if err := openapi3filter.ValidateRequest(req.Context(), input); err != nil {
			v.complain("request %s %s: %v", route.Operation.OperationID, body, err)
		}
		if len(route.Spec.Security) > 0 && route.Operation.Security == nil && !strings.HasPrefix(req.Header.Get("Authorization"), "Bearer ") {
			v.complain("request %s: no token", route.Operation.OperationID)
		}
		v.mu.Lock()
		v.requests++
		v.mu.Unlock()
	}
	resp, err := v.base.RoundTrip(renewed())
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	if v.again(route.Operation.OperationID, resp.StatusCode, resp.Header, data) {
		return resp, nil
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: resp.StatusCode, Header: resp.Header,
		Body: io.NopCloser(bytes.NewReader(data)), Options: input.Options,
	}
	if err := openapi3filter.ValidateResponse(req.Context(), answer); err != nil {
		v.complain("response %s %d: %v", route.Operation.OperationID, resp.StatusCode, err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.responses++
	if v.answered[route.Operation.OperationID] == nil {
		v.answered[route.Operation.OperationID] = map[int]int{}
	}
	v.answered[route.Operation.OperationID][resp.StatusCode]++
	return resp, nil
}

// goOperation is the method of the typed client for an operation, as seen by
// reflection.
type goOperation struct {
	id     string
	method reflect.Value
	path   int          // how many parameters the path has
	params reflect.Type // of query and header
	body   reflect.Type // nil for none
	answer reflect.Type
}

func goOperationOf(t *testing.T, api *gen.ClientWithResponses, id string) goOperation {
	t.Helper()
	o := goOperation{id: id, method: reflect.ValueOf(api).MethodByName(strings.ToUpper(id[:1]) + id[1:] + "WithResponse")}
	if !o.method.IsValid() {
		t.Fatalf("the typed client has no method for %s", id)
	}
	kind := o.method.Type()
	i := 1
	for ; kind.In(i).Kind() == reflect.String; i++ {
		o.path++
	}
	o.params = kind.In(i).Elem()
	if i++; i < kind.NumIn()-1 {
		o.body = kind.In(i)
	}
	o.answer = kind.Out(0).Elem()
	return o
}

// An outcome is a response as the typed client returns it.
type outcome struct {
	status  int
	raw     []byte
	typed   any // the field for this status and JSON, nil for none
	sent    []byte
	fetched *http.Response
}

// at returns the part of the response at a path of names and indexes.
func (o *outcome) at(path ...any) any {
	var v any
	_ = json.Unmarshal(o.raw, &v)
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil
			}
			v = list[step]
		}
	}
	return v
}

func (o *outcome) text(path ...any) string {
	s, _ := o.at(path...).(string)
	return s
}

// call calls the operation. params and body are JSON that is first decoded into
// the types of package gen, so that these types encode the request.
func (o goOperation) call(ctx context.Context, path []string, params, body []byte) (*outcome, error) {
	if len(path) != o.path {
		return nil, fmt.Errorf("%s: %d parameters for the path, want %d", o.id, len(path), o.path)
	}
	args := []reflect.Value{reflect.ValueOf(ctx)}
	for i, p := range path {
		args = append(args, reflect.ValueOf(p).Convert(o.method.Type().In(1+i)))
	}
	p := reflect.New(o.params)
	if len(params) > 0 {
		dec := json.NewDecoder(bytes.NewReader(params))
		dec.DisallowUnknownFields()
		if err := dec.Decode(p.Interface()); err != nil {
			return nil, fmt.Errorf("%s: parameters %s: %w", o.id, params, err)
		}
	}
	args = append(args, p)
	if o.body != nil {
		b := reflect.New(o.body)
		if err := json.Unmarshal(body, b.Interface()); err != nil {
			return nil, fmt.Errorf("%s: body %s: %w", o.id, body, err)
		}
		args = append(args, b.Elem())
	}
	out := o.method.Call(args)
	if err, _ := out[1].Interface().(error); err != nil {
		return nil, fmt.Errorf("%s: %w", o.id, err)
	}
	got := out[0].Elem()
	resp := got.FieldByName("HTTPResponse").Interface().(*http.Response)
	result := &outcome{status: resp.StatusCode, raw: got.FieldByName("Body").Bytes(), fetched: resp}
	if f := got.FieldByName(fmt.Sprintf("JSON%d", resp.StatusCode)); f.IsValid() && !f.IsNil() {
		result.typed = f.Interface()
	}
	if resp.Request != nil && resp.Request.GetBody != nil {
		if r, err := resp.Request.GetBody(); err == nil {
			result.sent, _ = io.ReadAll(r)
		}
	}
	return result, nil
}

// operation is an operation of the document with its path.
type operation struct {
	*openapi3.Operation
	method, path string
	params       openapi3.Parameters // including those of the path
}

// operationsOf returns the operations of the document, ordered by operationId.
func operationsOf(doc *openapi3.T) []operation {
	var list []operation
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			list = append(list, operation{op, method, path, slices.Concat(item.Parameters, op.Parameters)})
		}
	}
	slices.SortFunc(list, func(a, b operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	return list
}

// requestSchema returns the schema of the body, nil for none.
func (o operation) requestMedia() *openapi3.MediaType {
	if o.RequestBody == nil {
		return nil
	}
	return o.RequestBody.Value.Content["application/json"]
}

// pathValues returns values for the parameters in the path.
func (o operation) pathValues() []string {
	var values []string
	for part := range strings.SplitSeq(o.path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			p := o.params.GetByInAndName(openapi3.ParameterInPath, strings.TrimSuffix(name, "}"))
			if s, ok := p.Example.(string); ok {
				values = append(values, s)
			} else {
				values = append(values, fmt.Sprint(variants(p.Schema.Value)[0]))
			}
		}
	}
	return values
}
