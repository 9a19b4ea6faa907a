package client_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestQueryParams(t *testing.T) {
	where := client.Where
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		name string
		q    interface{ Params() (client.Params, error) }
		want string
	}{
		{"zero", client.Query{}, `{"query":{}}`},
		{"eq", client.Query{Filter: where("state").Eq("open")}, `{"query":{"filter":{"eq":{"state":"open"}}}}`},
		{"eq null", client.Query{Filter: where("closed_at").Eq(nil)}, `{"query":{"filter":{"eq":{"closed_at":null}}}}`},
		{"time", client.Query{Filter: where("at").Gte(at)}, `{"query":{"filter":{"gte":{"at":"2026-01-02T03:04:05Z"}}}}`},
		{"time elsewhere", client.Query{Filter: where("at").In(at.In(time.FixedZone("JST", 9*60*60)), at.Add(1))},
			`{"query":{"filter":{"in":{"at":["2026-01-02T03:04:05Z","2026-01-02T03:04:05.000000001Z"]}}}}`},
		{"raw", client.Query{Filter: client.And(client.RawFilter(map[string]any{"eq": map[string]any{"a": 1}}), client.RawFilter(nil), where("b").Eq(2))},
			`{"query":{"filter":{"and":[{"eq":{"a":1}},{"eq":{"b":2}}]}}}`},
		{"large number", client.Query{Filter: where("n").Lt(int64(9007199254740993))}, `{"query":{"filter":{"lt":{"n":9007199254740993}}}}`},
		{"named type", client.Query{Filter: where("n").Neq(client.WorkspaceActive)}, `{"query":{"filter":{"neq":{"n":"active"}}}}`},
		{"in", client.Query{Filter: where("n").In(1, "b")}, `{"query":{"filter":{"in":{"n":[1,"b"]}}}}`},
		{"texts", client.Query{Filter: client.And(where("a").StartsWith("x%"), where("b").Fuzzy("y"), where("c").Keyword("z"), where("d").Contains("1"), where("e").EndsWith("f"))},
			`{"query":{"filter":{"and":[{"startswith":{"a":"x%"}},{"fuzzy":{"b":"y"}},{"keyword":{"c":"z"}},{"contains":{"d":"1"}},{"endswith":{"e":"f"}}]}}}`},
		{"lists", client.Query{Filter: client.Or(where("a").ArrayContains(1), where("b").ArrayContains("x"))},
			`{"query":{"filter":{"or":[{"array_contains":{"a":1}},{"array_contains":{"b":"x"}}]}}}`},
		{"nested", client.Query{Filter: client.Or(client.Not(where("a").Eq(1)), client.And(where("b").Eq(2), where("c").Eq(3)))},
			`{"query":{"filter":{"or":[{"not":{"eq":{"a":1}}},{"and":[{"eq":{"b":2}},{"eq":{"c":3}}]}]}}}`},
		{"and of one", client.Query{Filter: client.And(where("a").Eq(1), client.Filter{})}, `{"query":{"filter":{"eq":{"a":1}}}}`},
		{"raw nothing", client.Query{Filter: client.And(client.RawFilter(map[string]any{}), client.RawFilter(nil))}, `{"query":{}}`},
		{"or with everything", client.Query{Filter: client.Or(where("a").Eq(1), client.Filter{})}, `{"query":{}}`},
		{"sort", client.Query{Sort: []client.SortKey{client.Descending("at"), client.Ascending("id")}, PageSize: 5, Cursor: "c", Fields: []string{"id"}},
			`{"cursor":"c","fields":["id"],"limit":5,"query":{"sort":[{"at":"desc"},{"id":"asc"}]}}`},
		{"semantic", client.Semantic{Prompt: " angry customers\n", PageSize: 3}, `{"limit":3,"semantic":{"prompt":"angry customers"}}`},
		{"all of semantic", client.Semantic{Prompt: "p", Field: "body", Filter: where("a").Eq(1), ContextSize: 99, MinSimilarity: new(0.5), AllPassages: true, PageSize: 100, Cursor: "c", Fields: []string{"id"}},
			`{"cursor":"c","fields":["id"],"limit":100,"semantic":{"context_size":99,"dedup":"none","field":"body","filter":{"eq":{"a":1}},"min_similarity":0.5,"prompt":"p"}}`},
		{"semantic without a limit", client.Semantic{Prompt: "p", MinSimilarity: new(-1.0)}, `{"semantic":{"min_similarity":-1,"prompt":"p"}}`},
		{"semantic from 0", client.Semantic{Prompt: "p", MinSimilarity: new(0.0)}, `{"semantic":{"min_similarity":0,"prompt":"p"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := tt.q.Params()
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := json.Marshal(p); string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	for name, q := range map[string]client.Query{
		"no field":           {Filter: where(" ").Eq(1)},
		"map":                {Filter: where("a").Eq(map[string]any{})},
		"NaN":                {Filter: where("a").Eq(math.NaN())},
		"secret":             {Filter: where("a").Eq(auth.Secret("s"))},
		"infinity":           {Filter: where("a").Lt(math.Inf(-1))},
		"greater than null":  {Filter: where("a").Gt(nil)},
		"in nothing":         {Filter: where("a").In()},
		"null in":            {Filter: where("a").In(nil)},
		"not everything":     {Filter: client.Not(client.Filter{})},
		"or of none":         {Filter: client.Or()},
		"or of none, inside": {Filter: client.And(where("a").Eq(1), client.Or([]client.Filter{}...))},
		"deep":               {Filter: client.And(client.Or(client.Not(where("").Eq(1))), where("b").Eq(1))},
		"negative size":      {PageSize: -1},
		"sort without field": {Sort: []client.SortKey{client.Ascending("")}},
		"raw JSON":           {Filter: where("a").Eq(json.RawMessage("1"))},
		"raw two":            {Filter: client.Not(client.RawFilter(map[string]any{"eq": nil, "neq": nil}))},
		"list of nothing":    {Filter: where("a").ArrayContains(nil)},
	} {
		if p, err := q.Params(); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v, %v; want ErrInvalid", name, p, err)
		}
	}
	for name, q := range map[string]client.Semantic{
		"no prompt":         {Field: "x", Prompt: " "},
		"wrong filter":      {Prompt: "x", Filter: where("").Eq(1)},
		"negative context":  {Prompt: "x", ContextSize: -1},
		"negative size":     {Prompt: "x", PageSize: -1},
		"similarity beyond": {Prompt: "x", MinSimilarity: new(1.1)},
		"similarity below":  {Prompt: "x", MinSimilarity: new(-1.1)},
		"no similarity":     {Prompt: "x", MinSimilarity: new(math.NaN())},
		"too many hits":     {Prompt: "x", PageSize: 101},
	} {
		if p, err := q.Params(); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v, %v; want ErrInvalid", name, p, err)
		}
	}
}

func TestSearchByMeaning(t *testing.T) {
	s := serve(t, ok(`{"data":[
		{"entity":{"callId":"7"},"metadata":{"score":0.79,"context":"a stretch","speakerName":"x"}},
		{"entity":{"callId":"8"},"metadata":null},
		{"entity":{"callId":"9"},"metadata":{"score":null}}
	],"meta":{"has_more":false}}`))
	type record struct {
		CallID string `json:"callId"`
	}
	var got []client.Hit[record]
	for hit, err := range client.SearchByMeaning[record](t.Context(), connectorOf(newClient(t, s)), "call_transcripts", client.Semantic{Prompt: "price"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, hit)
	}
	if len(got) != 3 || got[0].Record.CallID != "7" || got[0].Match.Score != 0.79 || got[0].Match.Context != "a stretch" || got[0].Match.More["speakerName"] != "x" ||
		len(got[0].Match.More) != 1 || got[1].Record.CallID != "8" || got[1].Match.Score != 0 || got[2].Record.CallID != "9" {
		t.Errorf("%+v", got)
	}
	if got, want := fmt.Sprint(s.requests()[0].decoded(t)["params"]), "map[semantic:map[prompt:price]]"; got != want {
		t.Errorf("the params are %s, want %s", got, want)
	}
	for _, hit := range got {
		b, err := json.Marshal(hit)
		var again client.Hit[record]
		if err != nil || json.Unmarshal(b, &again) != nil || fmt.Sprint(again) != fmt.Sprint(hit) {
			t.Errorf("%+v becomes %s, and that %+v, %v", hit, b, again, err)
		}
	}
}

// Numbers of a match are exact with WithUseNumber, however the hits are read.
func TestMatchKeepsNumbers(t *testing.T) {
	const hits = `{"data":[{"entity":{"id":1},"metadata":{"score":0.5,"context":"c","call":9007199254740993,"deep":{"n":[9007199254740993]}}}],"meta":{"has_more":false}}`
	c := connectorOf(newClient(t, serve(t, ok(hits))))
	search := client.Semantic{Prompt: "price"}
	params, err := search.Params()
	if err != nil {
		t.Fatal(err)
	}
	type hit = client.Hit[map[string]any]
	type found struct {
		Data []hit `json:"data"`
	}
	execute := func(opts ...client.ExecuteOption) *client.Result {
		r, err := c.Execute(t.Context(), "calls", "context_store_search", params, opts...)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	one := func(seq iter.Seq2[hit, error]) hit {
		for h, err := range seq {
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		t.Fatal("no hit")
		return hit{}
	}
	for _, exact := range []bool{false, true} {
		var opts []client.ExecuteOption
		want := "map[call:9.007199254740992e+15 deep:map[n:[9.007199254740992e+15]]]"
		if exact {
			opts, want = append(opts, client.WithUseNumber()), "map[call:9007199254740993 deep:map[n:[9007199254740993]]]"
		}
		typed, _, err := client.Execute[found](t.Context(), c, "calls", "context_store_search", params, opts...)
		if err != nil {
			t.Fatal(err)
		}
		var decoded found
		if err := execute(opts...).Decode(&decoded); err != nil {
			t.Fatal(err)
		}
		for name, h := range map[string]hit{
			"SearchByMeaning": one(client.SearchByMeaning[map[string]any](t.Context(), c, "calls", search, opts...)),
			"Rows":            one(client.Rows[hit](execute(opts...))),
			"Execute":         typed.Data[0],
			"Decode":          decoded.Data[0],
		} {
			if got := h.Match; fmt.Sprint(got.More) != want || got.Score != 0.5 || got.Context != "c" {
				t.Errorf("%s: %+v, want %s", name, got, want)
			}
		}
	}
}

// A search that is not valid is not sent.
func TestSearchRefuses(t *testing.T) {
	s := serve(t)
	c := connectorOf(newClient(t, s))
	for name, err := range map[string]error{
		"conditions": firstError(client.Search[any](t.Context(), c, "issues", client.Query{PageSize: -1})),
		"meaning":    firstError(client.SearchByMeaning[any](t.Context(), c, "issues", client.Semantic{})),
	} {
		if !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	s.wantSent(t, 0)
}

func firstError[T any](seq iter.Seq2[T, error]) error {
	for _, err := range seq {
		return err
	}
	return nil
}

// Data that is not a list of records is not ignored.
func TestSearchWithoutAList(t *testing.T) {
	for _, data := range []string{`{"id":1}`, `"x"`, `7`, `true`} {
		c := connectorOf(newClient(t, serve(t, ok(`{"data":`+data+`,"meta":{"has_more":false}}`))))
		n := 0
		for _, err := range client.Search[map[string]any](t.Context(), c, "issues", client.Query{}) {
			n++
			var e *client.RecordError
			if !errors.As(err, &e) || e.Index != -1 || e.Field != "data" || string(e.Raw) != data {
				t.Errorf("%s: %v", data, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d records", data, n)
		}
	}
	for _, result := range []string{`{"data":null}`, `{"meta":{}}`, `{}`, `null`} {
		c := connectorOf(newClient(t, serve(t, ok(result))))
		for _, err := range client.Search[map[string]any](t.Context(), c, "issues", client.Query{}) {
			t.Errorf("%s: a record, %v", result, err)
		}
	}
}

// A filter stays what it was made of, whatever becomes of the map.
func TestRawFilterIsACopy(t *testing.T) {
	condition := map[string]any{"in": map[string]any{"state": []any{"open"}}}
	q := client.Query{Filter: client.And(client.RawFilter(condition), client.Where("a").Eq(1))}
	condition["in"].(map[string]any)["state"].([]any)[0] = "closed"
	delete(condition, "in")
	s := serve(t, ok(`{"data":[],"meta":{}}`))
	if _, errs := collect(client.Search[row](t.Context(), connectorOf(newClient(t, s)), "issues", q)); errs != nil {
		t.Fatal(errs)
	}
	if body := s.requests()[0].Body; !strings.Contains(body, `{"in":{"state":["open"]}}`) {
		t.Errorf("sent %s", body)
	}
}
