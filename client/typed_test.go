package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// What a generated package has for parameters: required and optional ones of each kind.
type typedParams struct {
	Project  string                            `json:"project"`
	Count    int64                             `json:"count"`
	On       bool                              `json:"on"`
	Since    time.Time                         `json:"since"`
	Owner    client.Nullable[string]           `json:"owner"`
	Tags     []string                          `json:"tags"`
	Type     string                            `json:"filter[type],omitzero"`
	Limit    int64                             `json:"limit,omitzero"`
	Closed   *bool                             `json:"closed,omitzero"`
	Body     *string                           `json:"body,omitzero"`
	Until    time.Time                         `json:"until,omitzero"`
	Assignee client.Nullable[int64]            `json:"assignee,omitzero"`
	Parts    []typedPart                       `json:"parts,omitzero"`
	Custom   *typedCustom                      `json:"custom,omitzero"`
	Nested   client.Nullable[typedCustom]      `json:"nested,omitzero"`
	Any      any                               `json:"any,omitzero"`
	Labels   map[string]client.Nullable[int64] `json:"labels,omitzero"`
	Extra    client.Params                     `json:"-"`
}

type typedPart struct {
	Kind string  `json:"kind"`
	Text *string `json:"text,omitzero"`
}

type typedCustom struct {
	Team  string         `json:"team"`
	Size  *int64         `json:"size,omitzero"`
	Extra map[string]any `json:",embed"`
}

func (v typedCustom) MarshalJSON() ([]byte, error) { return client.MarshalFields(v) }

func TestParamsOfAStruct(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	required := typedParams{Project: "p", Since: at, Owner: client.Null[string](), Tags: []string{}}
	with := func(f func(*typedParams)) typedParams {
		p := required
		f(&p)
		return p
	}
	const least = `"project":"p","count":0,"on":false,"since":"2026-02-03T04:05:06Z","owner":null,"tags":[]`
	tests := []struct {
		name   string
		params any
		want   string // in JSON, or the beginning of an error
	}{
		{"nil", nil, `null`},
		{"nil pointer", (*typedParams)(nil), `null`},
		{"no struct", 7, "the parameters are no struct but a int"},
		{"only what is required", required, "{" + least + "}"},
		{"pointer", &required, "{" + least + "}"},
		{"nothing", typedParams{}, "parameters are empty that are required; project: required; since: required; owner: required; tags: required"},
		{"one missing", with(func(p *typedParams) { p.Project = "" }), "parameters are empty that are required; project: required"},
		{"missing but in Extra", with(func(p *typedParams) { p.Project, p.Extra = "", client.Params{"project": "", "x": 1} }), "{" + strings.Replace(least, `"p"`, `""`, 1) + `,"x":1}`},
		{"Extra wins", with(func(p *typedParams) { p.Limit, p.Extra = 3, client.Params{"limit": nil, "closed": "yes"} }), "{" + least + `,"limit":null,"closed":"yes"}`},
		{"everything", with(func(p *typedParams) {
			p.Type, p.Limit, p.Closed, p.Body, p.Until = "t", 9007199254740993, new(false), new(""), at.Add(time.Hour)
			p.Assignee, p.Parts = client.Value[int64](0), []typedPart{{Kind: "k"}, {Text: new("x")}}
			p.Custom, p.Nested = &typedCustom{Extra: map[string]any{"a": json.Number("1.50"), "team": "b"}}, client.Value(typedCustom{Team: "c", Size: new(int64(0))})
			p.Any, p.Labels = []int{1}, map[string]client.Nullable[int64]{"l": client.Null[int64]()}
		}), "{" + least + `,"filter[type]":"t","limit":9007199254740993,"closed":false,"body":"","until":"2026-02-03T05:05:06Z","assignee":0,
			"parts":[{"kind":"k"},{"kind":"","text":"x"}],"custom":{"team":"b","a":1.50},"nested":{"team":"c","size":0},"any":[1],"labels":{"l":null}}`},
	}
	for _, test := range tests {
		conn, s := things(t, ok(`[]`))
		action := client.Action{Entity: "things", Name: "list"}
		_, err := action.Run(t.Context(), conn, test.params)
		if !strings.HasPrefix(test.want, "{") && test.want != "null" {
			if e := asError(t, err); !strings.HasSuffix(e.Error(), test.want) || !errors.Is(err, client.ErrInvalid) || len(s.requests()) > 0 {
				t.Errorf("%s: error %v, %d requests", test.name, err, len(s.requests()))
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var got struct{ Params json.RawMessage }
		if err := json.Unmarshal([]byte(s.requests()[0].Body), &got); err != nil {
			t.Fatal(err)
		}
		if got.Params == nil {
			got.Params = json.RawMessage("null")
		}
		if !equalJSON(t, string(got.Params), test.want) {
			t.Errorf("%s: sent %s, want %s", test.name, got.Params, test.want)
		}
	}
}

// equalJSON compares two texts in JSON, whose numbers must be equal as they are written.
func equalJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var v, w any
	for text, to := range map[string]*any{a: &v, b: &w} {
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(to); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return a == b || reflect.DeepEqual(v, w)
}

type typedRecord struct {
	ID      int64              `json:"id"`
	Score   *float64           `json:"score"`
	Private *bool              `json:"private"`
	Counts  []int64            `json:"counts"`
	Inner   struct{ N *int64 } `json:"inner"`
	At      client.Time        `json:"at"`
	State   typedState         `json:"state"`
	Custom  struct {
		Team  string                     `json:"team"`
		Extra map[string]json.RawMessage `json:",embed"`
	} `json:"custom"`
}

type typedState string

// The numbers and booleans of generated types come in more than one form.
func TestRecordsOfGeneratedTypes(t *testing.T) {
	score, yes, n := 1.5, true, int64(3)
	tests := []struct {
		record string
		want   typedRecord
		field  string // that does not fit
	}{
		{`{"id":9007199254740993,"score":1.5,"private":true}`, typedRecord{ID: 9007199254740993, Score: &score, Private: &yes}, ""},
		{`{"id":"9007199254740993","score":"1.5","private":"true"}`, typedRecord{ID: 9007199254740993, Score: &score, Private: &yes}, ""},
		{`{"id":3.0,"private":1}`, typedRecord{ID: 3, Private: &yes}, ""},
		{`{"id":" 3.00 ","counts":["1",2.0,3e2],"inner":{"N":"3"}}`, typedRecord{ID: 3, Counts: []int64{1, 2, 300}, Inner: struct{ N *int64 }{&n}}, ""},
		{`{"id":null,"score":null,"private":null,"counts":null,"at":null,"state":null}`, typedRecord{}, ""},
		{`{"state":"new","custom":{"team":"a"}}`, typedRecord{State: "new", Custom: struct {
			Team  string                     `json:"team"`
			Extra map[string]json.RawMessage `json:",embed"`
		}{Team: "a"}}, ""},
		{`{"id":"three"}`, typedRecord{}, "id"},
		{`{"id":3.5}`, typedRecord{}, "id"},
		{`{"id":""}`, typedRecord{}, "id"},
		{`{"id":"9223372036854775808"}`, typedRecord{}, "id"},
		{`{"id":1e999}`, typedRecord{}, "id"},
		{`{"id":"inf"}`, typedRecord{}, "id"},
		{`{"score":"NaN"}`, typedRecord{}, "score"},
		{`{"private":"maybe"}`, typedRecord{}, "private"},
		{`{"id":[1]}`, typedRecord{}, "id"},
		{`{"state":7}`, typedRecord{}, "state"},
	}
	action := client.Action{Entity: "things", Name: "list"}
	one := client.Action{Entity: "things", Name: "get"}
	for _, test := range tests {
		ways := map[string]func() (typedRecord, error){
			"ListOf": func() (v typedRecord, err error) {
				conn, _ := things(t, ok("["+test.record+"]"))
				list, r, err := client.ListOf[typedRecord](t.Context(), conn, &action, nil)
				if err == nil {
					v = list[0]
					if r.Decode(&list) != nil {
						t.Errorf("%s: the result cannot be decoded again", test.record)
					}
				}
				return v, err
			},
			"AllOf": func() (v typedRecord, err error) {
				conn, _ := things(t, ok("["+test.record+"]"))
				for v, err := range client.AllOf[typedRecord](t.Context(), conn, &action, nil) {
					return v, err
				}
				return v, nil
			},
			"ValueOf": func() (v typedRecord, err error) {
				conn, _ := things(t, ok(test.record))
				return client.ValueOf[typedRecord](t.Context(), conn, &one, nil)
			},
			"SearchOf": func() (v typedRecord, err error) {
				conn, _ := things(t, ok(`{"data":[`+test.record+`],"meta":{"has_more":false}}`))
				for v, err := range client.SearchOf[typedRecord](t.Context(), conn, "things", client.Query{}) {
					return v, err
				}
				return v, nil
			},
			"DecodeRows": func() (v typedRecord, err error) {
				for v, err := range client.DecodeRows[typedRecord]([]json.RawMessage{json.RawMessage(test.record)}) {
					return v, err
				}
				return v, nil
			},
		}
		for name, way := range ways {
			got, err := way()
			var wrong *client.RecordError
			switch {
			case test.field != "":
				if !errors.As(err, &wrong) || wrong.Field != test.field {
					t.Errorf("%s of %s: the error is %v, want one about %s", name, test.record, err, test.field)
				}
			case err != nil || !reflect.DeepEqual(got, test.want):
				t.Errorf("%s of %s: %+v, %v", name, test.record, got, err)
			}
		}
	}
}

// A program of its own types gets what it got before: what does not fit is an error.
func TestOtherTypesAreDecodedStrictly(t *testing.T) {
	conn, _ := things(t, ok(`[{"id":"3"}]`))
	for v, err := range client.All[row](t.Context(), conn, "things", "list", nil) {
		var wrong *client.RecordError
		if !errors.As(err, &wrong) {
			t.Errorf("%v, %v", v, err)
		}
	}
}

// MarshalFields takes structs, and says so.
func TestMarshalFieldsOfOtherValues(t *testing.T) {
	for _, v := range []any{nil, "text", 1, []int{1}, (*typedCustom)(nil), &typedCustom{}} {
		b, err := client.MarshalFields(v)
		if wantKinds(t, err, "ErrInvalid"); b != nil {
			t.Errorf("%T: %s", v, b)
		}
	}
}

func TestListOf(t *testing.T) {
	action := client.Action{Entity: "things", Name: "list"}
	for text, want := range map[string]int{
		`[]`: 0, `null`: 0, `[{"id":1},{"id":2}]`: 2, `{"id":1}`: 1,
	} {
		conn, _ := things(t, ok(text))
		list, r, err := client.ListOf[typedRecord](t.Context(), conn, &action, nil)
		if err != nil || len(list) != want || r == nil {
			t.Errorf("%s: %d records, %v", text, len(list), err)
		}
	}
}

// What does not fit is told by its place.
func TestListOfRecordsThatDoNotFit(t *testing.T) {
	action := client.Action{Entity: "things", Name: "list"}
	for _, test := range []struct{ text, want, raw string }{
		{`[{"id":1},{"id":"3"},{"id":"x"}]`, `record 2, field id does not fit`, `{"id":"x"}`},
		{`{"inner":{"N":"x"}}`, `the result, field inner.N does not fit`, `{"inner":{"N":"x"}}`},
		{`{"data":[{"id":"x"}],"meta":{}}`, `record 0, field id does not fit`, `{"id":"x"}`},
		{`7`, `the result does not fit`, `7`},
	} {
		conn, _ := things(t, ok(test.text))
		list, r, err := client.ListOf[typedRecord](t.Context(), conn, &action, nil)
		var wrong *client.RecordError
		if !errors.As(err, &wrong) || !strings.HasPrefix(wrong.Error(), test.want) || string(wrong.Raw) != test.raw || list != nil || r != nil {
			t.Errorf("%s: %v, %v, %v", test.text, list, r, err)
		}
	}
}

// One record that fits only loosely changes nothing about the others.
func TestListOfRecordsThatFitLoosely(t *testing.T) {
	action := client.Action{Entity: "things", Name: "list"}
	conn, _ := things(t, ok(`[{"id":1},{"id":"3"},{"id":4.0}]`))
	list, _, err := client.ListOf[typedRecord](t.Context(), conn, &action, nil)
	if err != nil || len(list) != 3 || list[0].ID != 1 || list[1].ID != 3 || list[2].ID != 4 {
		t.Errorf("%v, %v", list, err)
	}
}

func TestTypedErrors(t *testing.T) {
	action := client.Action{Entity: "things", Name: "list"}
	conn, s := things(t)
	if _, _, err := client.ListOf[row](t.Context(), conn, &action, typedPart{}); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("ListOf: %v", err)
	}
	if _, err := client.ValueOf[row](t.Context(), conn, &action, typedPart{}); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("ValueOf: %v", err)
	}
	if _, err := action.Download(t.Context(), conn, typedPart{}); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("Download: %v", err)
	}
	n := 0
	for _, err := range client.AllOf[row](t.Context(), conn, &action, typedPart{}) {
		if n++; !errors.Is(err, client.ErrInvalid) {
			t.Errorf("AllOf: %v", err)
		}
	}
	if n != 1 || len(s.requests()) != 0 {
		t.Errorf("AllOf yielded %d errors, and %d requests were sent", n, len(s.requests()))
	}
}

// Which parameter turns pages is what the Action says, for the parameters of the call.
func TestPagingOfAnAction(t *testing.T) {
	type params struct {
		Ticket int64 `json:"ticket,omitzero"`
		Page   int64 `json:"page,omitzero"`
	}
	action := &client.Action{Entity: "things", Name: "list", Paging: []client.Paging{
		{When: []string{"ticket"}, Params: []client.PageParam{{Name: "page", Role: client.PageFrom0, Integer: true, Default: "0"}, {Name: "size", Role: client.PageSize, Integer: true, Default: "2"}}},
		{Params: []client.PageParam{{Name: "from", Role: client.PageCursor, Fed: true}}},
	}}
	onePage := &client.Action{Entity: "things", Name: "list", Paging: []client.Paging{{}}}
	page := func(records, metadata string) reply {
		return says(http.StatusOK, `{"status":"success","result":`+records+`,"connector_metadata":`+metadata+`}`)
	}
	for _, test := range []struct {
		name    string
		action  *client.Action
		params  params
		answers []reply
		want    []string // the parameters of each request
		records int
	}{
		{"a cursor", action, params{}, []reply{page(`[{"id":1}]`, `{"next":"c"}`), page(`[{"id":2}]`, `{"next":null}`)}, []string{`{}`, `{"from":"c"}`}, 2},
		{"a link to the next page", action, params{}, []reply{page(`[{"id":1}]`, `{"next_link":"https://vendor.example/things?from=c&x=1"}`), page(`[{"id":2}]`, `{}`)}, []string{`{}`, `{"from":"c"}`}, 2},
		{"a number, by a parameter", action, params{Ticket: 7}, []reply{page(`[{"id":1},{"id":2}]`, `{}`), page(`[{"id":3}]`, `{}`)}, []string{`{"ticket":7}`, `{"ticket":7,"page":1}`}, 3},
		{"from a page on", action, params{Ticket: 7, Page: 3}, []reply{page(`[{"id":1},{"id":2}]`, `{}`), page(`[]`, `{}`)}, []string{`{"ticket":7,"page":3}`, `{"ticket":7,"page":4}`}, 2},
		{"one page", onePage, params{}, []reply{page(`[{"id":1},{"id":2}]`, `{}`)}, []string{`{}`}, 2},
	} {
		conn, s := things(t, test.answers...)
		n := 0
		for _, err := range client.AllOf[row](t.Context(), conn, test.action, test.params) {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
				break
			}
			n++
		}
		var sent []string
		for _, r := range s.requests() {
			var body struct{ Params json.RawMessage }
			if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
				t.Fatal(err)
			}
			sent = append(sent, string(body.Params))
		}
		ok := n == test.records && len(sent) == len(test.want)
		for i := range min(len(sent), len(test.want)) {
			ok = ok && equalJSON(t, sent[i], test.want[i])
		}
		if !ok {
			t.Errorf("%s: %d records, sent %q, want %d and %q", test.name, n, sent, test.records, test.want)
		}
	}
}
