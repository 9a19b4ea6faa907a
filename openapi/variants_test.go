package openapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// variants returns values of a schema. Together they have each optional field
// present and missing, each value of an enumeration, each arm of a union, and
// null where it is allowed. The first one has all fields.
func variants(s *openapi3.Schema) []any {
	switch {
	case s.Const != nil:
		return []any{s.Const}
	case len(s.Enum) > 0:
		return slices.Clone(s.Enum)
	case len(s.AllOf) > 0:
		return variants(merged(s))
	case len(s.AnyOf)+len(s.OneOf) > 0:
		var list []any
		for _, arm := range slices.Concat(s.AnyOf, s.OneOf) {
			list = append(list, variants(arm.Value)...)
		}
		return list
	case s.Type == nil:
		return []any{[]any{map[string]any{"id": "1"}}, map[string]any{"id": "1"}, "text", 1.5, true, nil}
	}
	var list []any
	for _, kind := range s.Type.Slice() {
		switch kind {
		case openapi3.TypeNull:
			list = append(list, nil)
		case openapi3.TypeBoolean:
			list = append(list, true, false)
		case openapi3.TypeInteger:
			list = append(list, 7.0)
		case openapi3.TypeNumber:
			list = append(list, 1.5)
		case openapi3.TypeString:
			switch s.Format {
			case "uuid":
				list = append(list, "0c0ffee0-0000-4000-8000-00000000abcd")
			case "date-time":
				list = append(list, "2026-02-03T09:30:00Z", "2026-02-03T09:30:00.123456Z", "2026-02-03T09:30:00+02:00")
			default:
				list = append(list, "text ✓ <&>")
			}
		case openapi3.TypeArray:
			list = append(list, variants(s.Items.Value), []any{})
		case openapi3.TypeObject:
			list = append(list, objects(s)...)
		}
	}
	return list
}

// merged returns one schema with the content of all parts of s.
func merged(s *openapi3.Schema) *openapi3.Schema {
	all := &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeObject}, Properties: openapi3.Schemas{}}
	add := func(p *openapi3.Schema) {
		maps.Copy(all.Properties, p.Properties)
		all.Required = append(all.Required, p.Required...)
	}
	add(s)
	for _, part := range s.AllOf {
		if len(part.Value.AllOf) > 0 {
			add(merged(part.Value))
		} else {
			add(part.Value)
		}
	}
	return all
}

func objects(s *openapi3.Schema) []any {
	if len(s.Properties) == 0 {
		if extra := s.AdditionalProperties.Schema; extra != nil {
			full := map[string]any{}
			for i, v := range variants(extra.Value) {
				full["key "+strconv.Itoa(i)] = v
			}
			return []any{full, map[string]any{}}
		}
		return []any{map[string]any{"a": map[string]any{"b": []any{1.0, "c", nil, false}}, "big": 12345678901.0}, map[string]any{}}
	}
	full, least := map[string]any{}, map[string]any{}
	others := map[string][]any{}
	for name, p := range s.Properties {
		values := variants(p.Value)
		full[name], others[name] = values[0], values[1:]
		if slices.Contains(s.Required, name) {
			least[name] = values[0]
		}
	}
	list := []any{full, least}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		for _, v := range others[name] {
			one := maps.Clone(full)
			one[name] = v
			list = append(list, one)
		}
		if !slices.Contains(s.Required, name) {
			one := maps.Clone(full)
			delete(one, name)
			list = append(list, one)
		}
	}
	return list
}

// paramVariants returns parameters of the query and the header, as JSON by name.
func (o operation) paramVariants() []any {
	s := &openapi3.Schema{Type: &openapi3.Types{openapi3.TypeObject}, Properties: openapi3.Schemas{}}
	for _, p := range o.params {
		if p.Value.In == openapi3.ParameterInPath {
			continue
		}
		s.Properties[p.Value.Name] = p.Value.Schema
		if p.Value.Required {
			s.Required = append(s.Required, p.Value.Name)
		}
	}
	// A query cannot contain an empty list.
	return slices.DeleteFunc(objects(s), func(v any) bool {
		for _, p := range v.(map[string]any) {
			if list, ok := p.([]any); ok && len(list) == 0 {
				return true
			}
		}
		return false
	})
}

// A stub is a transport with the same response to all requests.
type stub struct {
	status int
	kind   string
	body   []byte
}

func (s *stub) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_, _ = io.Copy(io.Discard, req.Body)
		_ = req.Body.Close()
	}
	header := http.Header{}
	if s.kind != "" {
		header.Set("Content-Type", s.kind)
	}
	return &http.Response{
		StatusCode: s.status, Status: strconv.Itoa(s.status) + " " + http.StatusText(s.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(s.body)), ContentLength: int64(len(s.body)), Request: req,
	}, nil
}

// answering sets the response.
func (s *stub) answering(t *testing.T, status int, body any) {
	t.Helper()
	*s = stub{status: status}
	if status == http.StatusNoContent {
		return
	}
	s.kind, s.body = "application/json", marshal(t, body)
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// stubClient returns a client that sends through rt and does not retry.
func stubClient(t *testing.T, rt http.RoundTripper) *client.Client {
	t.Helper()
	c, err := client.New(client.WithBaseURL("https://api.example.com"), client.WithHTTPClient(&http.Client{Transport: rt}),
		client.WithTokenSource(auth.Static("example-token")), client.WithMaxRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// plain returns JSON without the differences that package gen ignores: between a
// field that is left out and one that is null, or an empty list or object. On
// request, the outermost object keeps its nulls and its empty values.
func plain(v any, nulls, empties bool) any {
	switch v := v.(type) {
	case map[string]any:
		m := map[string]any{}
		for k, x := range v {
			x = plain(x, false, false)
			if !nulls && x == nil {
				continue
			}
			if r := reflect.ValueOf(x); !empties && x != nil && (r.Kind() == reflect.Map || r.Kind() == reflect.Slice) && r.Len() == 0 {
				continue
			}
			m[k] = x
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = plain(x, nulls, empties)
		}
		return list
	}
	return v
}

func same(t *testing.T, a, b []byte, nulls, empties bool) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Errorf("%s: %v", a, err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Errorf("%s: %v", b, err)
	}
	return reflect.DeepEqual(plain(x, nulls, empties), plain(y, nulls, empties))
}

// threeState reports whether a type distinguishes fields that are left out from
// null.
func threeState(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for f := range t.Fields() {
		if !strings.HasPrefix(f.Type.Name(), "Nullable[") {
			return false
		}
	}
	return true
}

// TestVariants sends every request and reads every response that the contract
// describes, through the typed client: with each optional field present and
// missing, each value of an enumeration, each arm of a union, and null where it
// is allowed. Nothing may be lost on the way, and all of it must be valid.
func TestVariants(t *testing.T) {
	s := &stub{}
	v := newValidator(t, s)
	v.once = true
	api := stubClient(t, v).API()
	for _, op := range operationsOf(strict(t)) {
		t.Run(op.OperationID, func(t *testing.T) {
			o := goOperationOf(t, api, op.OperationID)
			var success int
			answers := map[int][]any{}
			for code, response := range op.Responses.Map() {
				status, err := strconv.Atoi(code)
				if err != nil {
					t.Fatal(err)
				}
				if status/100 == 2 {
					success = status
				}
				answers[status] = []any{nil}
				if media := response.Value.Content["application/json"]; media != nil {
					answers[status] = variants(media.Schema.Value)
				}
			}
			params := op.paramVariants()
			bodies := []any{nil}
			if media := op.requestMedia(); media != nil {
				bodies = variants(media.Schema.Value)
			}
			path := op.pathValues()
			call := func(p, b any) *outcome {
				t.Helper()
				got, err := o.call(t.Context(), path, marshal(t, p), marshal(t, b))
				if err != nil {
					t.Fatal(err)
				}
				for _, problem := range v.take() {
					t.Error(problem)
				}
				return got
			}
			for _, p := range params {
				s.answering(t, success, answers[success][0])
				call(p, bodies[0])
			}
			for _, b := range bodies {
				s.answering(t, success, answers[success][0])
				got := call(params[0], b)
				if o.body == nil {
					continue
				}
				exact := threeState(o.body)
				keeps := exact || o.body.Name() == "ConnectorCreateRequest" || o.body.Name() == "ExecuteRequest"
				if want := marshal(t, b); !same(t, got.sent, want, exact, keeps) {
					t.Errorf("sent %s\nwant %s", got.sent, want)
				}
			}
			for status, list := range answers {
				if status/100 != 2 && op.OperationID != "createToken" {
					list = list[:2] // errors are the same everywhere, so all of them once is enough
				}
				for _, a := range list {
					s.answering(t, status, a)
					got := call(params[0], bodies[0])
					if got.status != status {
						t.Errorf("status %d, want %d", got.status, status)
					}
					if status == http.StatusNoContent {
						continue
					}
					if got.typed == nil {
						t.Fatalf("%d %s: no typed answer", status, s.body)
					}
					if data := marshal(t, got.typed); !same(t, data, s.body, false, false) {
						t.Errorf("%d read and written: %s\nwant %s", status, data, s.body)
					}
				}
			}
		})
	}
	t.Logf("%d operations, %d different requests, %d different responses validated", len(v.answered), v.requests, v.responses)
}

// TestGolden reads and writes the examples of the contract with the types of
// package gen, without loss.
func TestGolden(t *testing.T) {
	s := &stub{}
	v := newValidator(t, s)
	api := stubClient(t, v).API()
	examples := 0
	for _, op := range operationsOf(strict(t)) {
		o := goOperationOf(t, api, op.OperationID)
		if media := op.requestMedia(); media != nil {
			for name, example := range examplesOf(media) {
				t.Run(op.OperationID+"/request/"+name, func(t *testing.T) {
					examples++
					into := reflect.New(o.body)
					roundTrip(t, marshal(t, example), into.Interface())
				})
			}
		}
		for status, response := range op.Responses.Map() {
			media := response.Value.Content["application/json"]
			if media == nil {
				continue
			}
			field, ok := o.answer.FieldByName("JSON" + status)
			if !ok {
				t.Errorf("%s: no Go type for %s", op.OperationID, status)
				continue
			}
			for name, example := range examplesOf(media) {
				t.Run(op.OperationID+"/"+status+"/"+name, func(t *testing.T) {
					examples++
					roundTrip(t, marshal(t, example), reflect.New(field.Type.Elem()).Interface())
				})
			}
		}
	}
	t.Logf("%d examples read and written", examples)
}

func examplesOf(media *openapi3.MediaType) map[string]any {
	examples := map[string]any{}
	if media.Example != nil {
		examples["example"] = media.Example
	}
	for name, ref := range media.Examples {
		examples[name] = ref.Value.Value
	}
	return examples
}

func roundTrip(t *testing.T, data []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
	if got := marshal(t, into); !same(t, got, data, false, false) {
		t.Errorf("got  %s\nwant %s", got, data)
	}
}
