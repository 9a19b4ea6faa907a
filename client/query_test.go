package client_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestQueryParams(t *testing.T) {
	where := client.Where
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		name string
		q    client.Query
		want string
	}{
		{"zero", client.Query{}, `{"query":{}}`},
		{"eq", client.Query{Filter: where("state").Eq("open")}, `{"query":{"filter":{"eq":{"state":"open"}}}}`},
		{"eq null", client.Query{Filter: where("closed_at").Eq(nil)}, `{"query":{"filter":{"eq":{"closed_at":null}}}}`},
		{"time", client.Query{Filter: where("at").Gte(at)}, `{"query":{"filter":{"gte":{"at":"2026-01-02T03:04:05Z"}}}}`},
		{"large number", client.Query{Filter: where("n").Lt(int64(9007199254740993))}, `{"query":{"filter":{"lt":{"n":9007199254740993}}}}`},
		{"named type", client.Query{Filter: where("n").Neq(client.WorkspaceActive)}, `{"query":{"filter":{"neq":{"n":"active"}}}}`},
		{"in", client.Query{Filter: where("n").In(1, "b")}, `{"query":{"filter":{"in":{"n":[1,"b"]}}}}`},
		{"texts", client.Query{Filter: client.And(where("a").Like("x%"), where("b").Fuzzy("y"), where("c").Keyword("z"), where("d").Contains(1), where("e").Any("f"))},
			`{"query":{"filter":{"and":[{"like":{"a":"x%"}},{"fuzzy":{"b":"y"}},{"keyword":{"c":"z"}},{"contains":{"d":1}},{"any":{"e":["f"]}}]}}}`},
		{"nested", client.Query{Filter: client.Or(client.Not(where("a").Eq(1)), client.And(where("b").Eq(2), where("c").Eq(3)))},
			`{"query":{"filter":{"or":[{"not":{"eq":{"a":1}}},{"and":[{"eq":{"b":2}},{"eq":{"c":3}}]}]}}}`},
		{"and of one", client.Query{Filter: client.And(where("a").Eq(1), client.Filter{})}, `{"query":{"filter":{"eq":{"a":1}}}}`},
		{"or with everything", client.Query{Filter: client.Or(where("a").Eq(1), client.Filter{})}, `{"query":{}}`},
		{"sort", client.Query{Sort: []client.SortKey{client.Descending("at"), client.Ascending("id")}, Limit: 5, Cursor: "c", Fields: []string{"id"}},
			`{"cursor":"c","fields":["id"],"limit":5,"query":{"sort":[{"at":"desc"},{"id":"asc"}]}}`},
		{"semantic", client.Query{Semantic: "angry customers", Limit: 3}, `{"limit":3,"semantic":{"query":"angry customers"}}`},
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
		"greater than null":  {Filter: where("a").Gt(nil)},
		"in nothing":         {Filter: where("a").In()},
		"null in":            {Filter: where("a").In(nil)},
		"not everything":     {Filter: client.Not(client.Filter{})},
		"deep":               {Filter: client.And(client.Or(client.Not(where("").Eq(1))), where("b").Eq(1))},
		"negative limit":     {Limit: -1},
		"sort without field": {Sort: []client.SortKey{client.Ascending("")}},
		"semantic and more":  {Semantic: "x", Filter: where("a").Eq(1)},
	} {
		if p, err := q.Params(); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%s: %v, %v; want ErrInvalid", name, p, err)
		}
	}
}
