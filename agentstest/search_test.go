package agentstest_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

func searchable(t *testing.T) (*caller, string) {
	t.Helper()
	_, c := start(t, agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Stale: true, Entities: map[string]agentstest.Entity{"things": {Records: []object{
		{"id": 1, "title": "Requests time out", "n": 10, "big": 9007199254740993, "tags": []string{"bug", "net"}, "who": object{"name": "Ada"}, "done": true, "at": "2026-01-01T00:00:00Z", "items": []object{{"sku": "a", "n": 1}}},
		{"id": 2, "title": "Add a dark theme", "n": 20, "big": 9007199254740992, "tags": []string{"ui"}, "who": object{"name": "Grace"}, "done": false, "at": "2026-02-01T00:00:00Z", "items": []object{{"sku": "b", "n": 5}, {"sku": "a", "n": 9}}},
		{"id": 3, "title": "Timeouts are not configurable", "n": 2.5, "tags": []string{}, "who": object{"name": "Alan"}, "at": "2026-03-01T00:00:00Z", "note": nil},
		{"id": 4, "title": "A 100% theme_park", "n": -1, "tags": []string{"ui", "bug"}, "done": true, "at": "2026-04-01T00:00:00Z"},
	}}}}))
	return c, c.connector("w", "acme")
}

func TestFilters(t *testing.T) {
	c, id := searchable(t)
	for filter, want := range map[string]string{
		`{"eq":{"id":2}}`:                                                   "2",
		`{"eq":{"id":2.0}}`:                                                 "2",
		`{"eq":{"who.name":"Ada"}}`:                                         "1",
		`{"eq":{"tags":["ui"]}}`:                                            "2",
		`{"eq":{"big":9007199254740993}}`:                                   "1",
		`{"eq":{"note":null}}`:                                              "1 2 3 4",
		`{"eq":{"done":true,"n":10}}`:                                       "1",
		`{"eq":{"id":"2"}}`:                                                 "",
		`{"neq":{"done":true}}`:                                             "2 3",
		`{"gt":{"n":10}}`:                                                   "2",
		`{"gte":{"n":10}}`:                                                  "1 2",
		`{"lt":{"n":2.5}}`:                                                  "4",
		`{"lte":{"n":2.5}}`:                                                 "3 4",
		`{"gte":{"at":"2026-03-01"}}`:                                       "3 4",
		`{"gt":{"title":5}}`:                                                "",
		`{"in":{"id":[1,3,99]}}`:                                            "1 3",
		`{"in":{"who.name":[]}}`:                                            "",
		`{"startswith":{"title":"Add"}}`:                                    "2",
		`{"startswith":{"title":"add"}}`:                                    "",
		`{"startswith":{"title":"A "}}`:                                     "4",
		`{"startswith":{"tags":"u"}}`:                                       "",
		`{"startswith":{"n":"1"}}`:                                          "",
		`{"endswith":{"title":"out"}}`:                                      "1",
		`{"endswith":{"title":"%"}}`:                                        "",
		`{"endswith":{"who.name":"a"}}`:                                     "1",
		`{"fuzzy":{"title":"timeuot"}}`:                                     "3",
		`{"fuzzy":{"title":"dakr teme"}}`:                                   "2",
		`{"keyword":{"title":"time"}}`:                                      "1",
		`{"keyword":{"title":"THEME dark"}}`:                                "2",
		`{"keyword":{"title":""}}`:                                          "",
		`{"contains":{"tags":"bug"}}`:                                       "",
		`{"contains":{"title":"TIME"}}`:                                     "1 3",
		`{"contains":{"title":"0% THEME_"}}`:                                "4",
		`{"array_contains":{"tags":"bug"}}`:                                 "1 4",
		`{"array_contains":{"tags":"BUG"}}`:                                 "",
		`{"array_contains":{"title":"dark"}}`:                               "",
		`{"eq":{"items.sku":["b","a"]}}`:                                    "2",
		`{"array_contains":{"items.sku":"a"}}`:                              "1 2",
		`{"array_contains":{"items.n":5}}`:                                  "2",
		`{"not":{"array_contains":{"tags":"bug"}}}`:                         "2 3",
		`{"and":[{"eq":{"done":true}},{"gt":{"n":0}}]}`:                     "1",
		`{"or":[{"eq":{"id":1}},{"and":[{"eq":{"id":3}},{"lt":{"n":3}}]}]}`: "1 3",
		`{"not":{"or":[{"eq":{"id":1}},{"eq":{"id":2}}]}}`:                  "3 4",
	} {
		t.Run(filter, func(t *testing.T) {
			body := `{"entity":"things","action":"context_store_search","params":{"query":{"filter":` + filter + `}}}`
			a := c.ok(c.post("/integrations/connectors/"+id+"/execute", body))
			var got []string
			for _, r := range a.list("result", "data") {
				got = append(got, fmt.Sprint(r.(object)["id"]))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestFiltersThatMakeNoSense(t *testing.T) {
	c, id := searchable(t)
	for params, code := range map[string]string{
		`{}`:                          "one_of",
		`{"query":{},"semantic":"x"}`: "one_of",
		`{"query":[]}`:                "type_error",
		`{"query":{"where":{}}}`:      "extra_forbidden",
		`{"query":{"filter":{}}}`:     "condition",
		`{"query":{"filter":null}}`:   "condition",
		`{"query":{"filter":{"eq":{"a":1},"gt":{"a":0}}}}`:           "condition",
		`{"query":{"filter":{"equals":{"a":1}}}}`:                    "unknown_operator",
		`{"query":{"filter":{"eq":1}}}`:                              "type_error",
		`{"query":{"filter":{"eq":{}}}}`:                             "type_error",
		`{"query":{"filter":{"in":{"a":1}}}}`:                        "type_error",
		`{"query":{"filter":{"like":{"title":"a"}}}}`:                "unknown_operator",
		`{"query":{"filter":{"contains":{"n":1}}}}`:                  "type_error",
		`{"query":{"filter":{"startswith":{"n":1}}}}`:                "type_error",
		`{"query":{"filter":{"array_contains":{"tags":["a"]}}}}`:     "type_error",
		`{"query":{"filter":{"eq":{"titel":"a"}}}}`:                  "unknown_field",
		`{"query":{"filter":{"or":[{"not":{"gt":{"count.n":1}}}]}}}`: "unknown_field",
		`{"query":{"sort":[{"titel":"asc"}]}}`:                       "unknown_field",
		`{"query":{"filter":{"and":[]}}}`:                            "type_error",
		`{"query":{"filter":{"and":{"eq":{"a":1}}}}}`:                "type_error",
		`{"query":{"filter":{"not":{}}}}`:                            "condition",
		`{"query":{"filter":{"any":{"tags":["a"]}}}}`:                "unknown_operator",
		`{"query":{"sort":{"n":"asc"}}}`:                             "type_error",
		`{"query":{"sort":[{"n":"up"}]}}`:                            "type_error",
		`{"query":{},"limit":0}`:                                     "range",
		`{"query":{},"limit":1001}`:                                  "range",
		`{"query":{},"cursor":"x"}`:                                  "invalid_cursor",
		`{"query":{},"fields":"id"}`:                                 "type_error",
		`{"semantic":"x"}`:                                           "type_error",
		`{"semantic":{}}`:                                            "missing",
		`{"semantic":{"query":"x"}}`:                                 "extra_forbidden",
		`{"semantic":{"prompt":"x","field":"nope"}}`:                 "field",
		`{"semantic":{"prompt":"x","dedup":"some"}}`:                 "enum",
		`{"semantic":{"prompt":"x","context_size":0}}`:               "range",
		`{"semantic":{"prompt":"x","filter":{}}}`:                    "condition",
		`{"semantic":{"prompt":"x"},"limit":101}`:                    "range",
		`{"semantic":{"prompt":"x","min_similarity":1.5}}`:           "range",
		`{"semantic":{"prompt":"x","min_similarity":"0"}}`:           "range",
	} {
		body := `{"entity":"things","action":"context_store_search","params":` + params + `}`
		a := c.post("/integrations/connectors/"+id+"/execute", body)
		if a.status != 422 || a.text("errors", 0, "error_code") != code {
			t.Errorf("%s: %d %s, want %s", params, a.status, a.raw, code)
		}
	}
}

// Who names an operator or a field that does not exist is told what is like it.
func TestSearchNamesTheClosest(t *testing.T) {
	c, id := searchable(t)
	for filter, want := range map[string]string{
		`{"like":{"title":"a"}}`:       "contains, startswith, endswith",
		`{"any":{"tags":"a"}}`:         "array_contains",
		`{"equals":{"title":"a"}}`:     "eq",
		`{"starts_with":{"title":""}}`: "startswith",
		`{"eq":{"titel":"a"}}`:         "title",
		`{"eq":{"whom.name":"a"}}`:     "who",
	} {
		a := c.post("/integrations/connectors/"+id+"/execute", `{"entity":"things","action":"context_store_search","params":{"query":{"filter":`+filter+`}}}`)
		if a.status != 422 || !strings.HasSuffix(a.text("errors", 0, "message"), "closest: "+want) {
			t.Errorf("%s: %d %s, want %s", filter, a.status, a.raw, want)
		}
	}
}

func TestSearchPages(t *testing.T) {
	c, id := searchable(t)
	params := object{"query": object{"sort": []object{{"n": "desc"}}}, "limit": 3, "fields": []any{"id", []string{"who", "name"}}}
	a := c.ok(c.execute(id, "things", "context_store_search", params))
	if a.at("result", "meta", "has_more") != true || a.at("result", "meta", "took_ms") == nil || a.at("connector_metadata") != nil {
		t.Errorf("meta %s", a.raw)
	}
	want := []any{object{"id": 2.0, "who": object{"name": "Grace"}}, object{"id": 1.0, "who": object{"name": "Ada"}}, object{"id": 3.0, "who": object{"name": "Alan"}}}
	if got := a.list("result", "data"); !reflect.DeepEqual(got, want) {
		t.Errorf("page one: %v", got)
	}
	if instance := a.text("execution_metadata", "connector_instance_id"); instance != "source_id:"+id {
		t.Errorf("instance %q", instance)
	}
	if a.text("warning", "code") != "context_store_reactivated" || a.text("warning", "stale_since") == "" {
		t.Errorf("warning %s", a.raw)
	}
	params["cursor"] = a.text("result", "meta", "cursor")
	a = c.ok(c.execute(id, "things", "context_store_search", params))
	if len(a.list("result", "data")) != 1 || a.at("result", "meta", "has_more") != false || a.at("result", "meta", "cursor") != nil {
		t.Errorf("page two: %s", a.raw)
	}
	// Records without the field come last in both directions.
	for direction, want := range map[string]string{"asc": "2 1 3 4", "desc": "1 2 3 4"} {
		a = c.ok(c.execute(id, "things", "context_store_search", object{"query": object{"sort": []object{{"big": direction}, {"id": "asc"}}}}))
		var got []string
		for _, r := range a.list("result", "data") {
			got = append(got, fmt.Sprint(r.(object)["id"]))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v", direction, got)
		}
	}
}

func TestSemanticSearch(t *testing.T) {
	c, id := searchable(t)
	for name, tc := range map[string]struct {
		semantic object
		first    string
		n        int
	}{
		"prompt": {object{"prompt": "configurable timeouts"}, "3", 1},
		"filter": {object{"prompt": "configurable timeouts", "filter": object{"eq": object{"id": 1}}}, "", 0},
	} {
		a := c.ok(c.execute(id, "things", "context_store_search", object{"semantic": tc.semantic}))
		hits := a.list("result", "data")
		if len(hits) < tc.n || tc.n == 0 && len(hits) > 0 {
			t.Fatalf("%s: %s", name, a.raw)
		}
		if tc.n == 0 {
			continue
		}
		score, _ := a.at("result", "data", 0, "metadata", "score").(float64)
		if a.text("result", "data", 0, "entity", "id") != tc.first || score != 1 || a.text("result", "data", 0, "metadata", "context") == "" {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	for _, tc := range []struct {
		least any
		n     int
	}{{nil, 1}, {0.25, 1}, {0.5, 1}, {1, 1}, {0, 4}, {-1, 4}} {
		semantic := object{"prompt": "configurable timeouts"}
		if tc.least != nil {
			semantic["min_similarity"] = tc.least
		}
		if hits := c.ok(c.execute(id, "things", "context_store_search", object{"semantic": semantic})).list("result", "data"); len(hits) != tc.n {
			t.Errorf("at least %v: %v", tc.least, hits)
		}
	}
	a := c.ok(c.execute(id, "things", "context_store_search", object{"semantic": object{"prompt": "configurable timeouts", "context_size": 5}, "fields": []any{"id"}, "limit": 1}))
	if len(a.text("result", "data", 0, "metadata", "context")) > 5 || len(a.at("result", "data", 0, "entity").(object)) != 1 {
		t.Errorf("%s", a.raw)
	}
}

// found returns the IDs of the records that a query finds.
func (c *caller) found(id, entity string, query any) string {
	c.t.Helper()
	a := c.ok(c.execute(id, entity, "context_store_search", object{"query": query}))
	var ids []string
	for _, r := range a.list("result", "data") {
		ids = append(ids, fmt.Sprint(r.(object)["id"]))
	}
	return strings.Join(ids, " ")
}

// Date-times are compared as instants, whatever their offset and precision.
func TestSearchComparesInstants(t *testing.T) {
	s := agentstest.New(agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{"events": {Records: []object{
		{"id": 1, "at": "2026-01-05T08:10:00Z", "seen": []string{"2026-01-05T08:10:00Z"}, "in": object{"at": "2026-01-05T08:10:00Z"}},
		{"id": 2, "at": "2026-01-05T08:10:00.5Z", "seen": []string{"2026-01-06T00:00:00+01:00", "x"}},
		{"id": 3, "at": "2026-01-05T17:10:00+09:00", "seen": []string{"2026-01-05T17:10:00+09:00"}, "in": object{"at": "2026-01-05T17:10:00.000+09:00"}},
		{"id": 4, "at": "2026-01-05T07:00:00-05:00", "seen": []string{}}, // 12:00Z
		{"id": 5, "at": "2026-01-05t08:09:59.999999999z"},
		{"id": 6, "at": "2026-01-05", "seen": []string{"2026-01-05"}}, // a text
		{"id": 7, "at": "2026-01-05 08:10:00Z"},                       // a text
		{"id": 8, "at": "2026-02-30T08:10:00Z"},                       // a text, since there is no such day
		{"id": 9, "at": nil},
	}}}}))
	c := memoryCaller(t, s)
	id := c.connector("w", "acme")
	for _, tc := range []struct {
		op, field string
		want      any
		ids       string
	}{
		{"eq", "at", "2026-01-05T08:10:00Z", "1 3"},
		{"eq", "at", "2026-01-05T08:10:00.000Z", "1 3"},
		{"eq", "at", "2026-01-05T17:10:00+09:00", "1 3"},
		{"eq", "in.at", "2026-01-05T09:10:00+01:00", "1 3"},
		{"eq", "in", object{"at": "2026-01-05T09:10:00+01:00"}, "1 3"},
		{"eq", "seen", []string{"2026-01-05T09:10:00+01:00"}, "1 3"},
		{"eq", "at", "2026-01-05", "6"},
		{"eq", "at", "2026-01-05 08:10:00Z", "7"},
		{"neq", "at", "2026-01-05T09:10:00+01:00", "2 4 5 6 7 8 9"},
		{"gt", "at", "2026-01-05T17:10:00+09:00", "2 4 8"},
		{"gte", "at", "2026-01-05T08:10:00Z", "1 2 3 4 8"},
		{"lt", "at", "2026-01-05T08:10:00Z", "5 6 7"},
		{"lte", "at", "2026-01-05T03:10:00-05:00", "1 3 5 6 7"}, // as texts, 6 and 7 come before
		{"in", "at", []string{"2026-01-05T13:00:00+01:00", "2026-01-05"}, "4 6"},
		{"array_contains", "seen", "2026-01-05T08:10:00Z", "1 3"},
		{"array_contains", "seen", "2026-01-05T23:00:00Z", "2"},
		{"contains", "at", "2026-01-05T09:10:00+01:00", ""}, // parts of texts are no instants
		{"contains", "at", "08:10", "1 2 7 8"},
		{"endswith", "at", "+09:00", "3"},
	} {
		if ids := c.found(id, "events", object{"filter": object{tc.op: object{tc.field: tc.want}}}); ids != tc.ids {
			t.Errorf("%s %s %v: %q, want %q", tc.field, tc.op, tc.want, ids, tc.ids)
		}
	}
	for direction, want := range map[string]string{"asc": "5 1 3 2 4 6 7 8 9", "desc": "8 7 6 4 2 1 3 5 9"} {
		if ids := c.found(id, "events", object{"sort": []object{{"at": direction}}}); ids != want {
			t.Errorf("sorted %s: %q, want %q", direction, ids, want)
		}
	}
}

// A semantic search needs a field unless only one has an index.
func TestSemanticSearchNeedsAField(t *testing.T) {
	s := agentstest.New(agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{
		"two":   {Records: []object{{"id": 1, "title": "alpha beta", "body": "gamma delta"}}},
		"one":   {Records: []object{{"id": 1, "title": "alpha beta"}}},
		"none":  {Records: []object{{"id": 1, "title": "alpha"}}},
		"empty": {},
	}}))
	c := memoryCaller(t, s)
	id := c.connector("w", "acme")
	search := func(entity string, field any) *answer {
		semantic := object{"prompt": "alpha"}
		if field != "" {
			semantic["field"] = field
		}
		return c.execute(id, entity, "context_store_search", object{"semantic": semantic})
	}
	for _, tc := range []struct {
		entity string
		field  any
		code   string // "" if it is accepted
		hits   int
	}{
		{"two", "", "missing", 0},
		{"two", nil, "missing", 0},
		{"two", "title", "", 1},
		{"two", "body", "", 0},
		{"two", "id", "field", 0},
		{"two", 7, "type_error", 0},
		{"one", "", "", 1},
		{"one", nil, "", 1},
		{"one", "body", "field", 0},
		{"none", "", "field", 0},
		{"none", "title", "field", 0},
		{"empty", "", "", 0},
		{"empty", "title", "", 0},
	} {
		a := search(tc.entity, tc.field)
		if tc.code == "" {
			if n := len(c.ok(a).list("result", "data")); n != tc.hits {
				t.Errorf("%s by %v: %s", tc.entity, tc.field, a.raw)
			}
			continue
		}
		c.refused(a, 422, tc.code)
		if a.text("errors", 0, "field") != "body.params.semantic.field" {
			t.Errorf("%s by %v: %s", tc.entity, tc.field, a.raw)
		}
	}
	if a := search("two", ""); !strings.Contains(a.text("errors", 0, "message"), "body, title") || fmt.Sprint(a.at("errors", 0, "details", "fields")) != "[body title]" {
		t.Errorf("the fields are not named: %s", a.raw)
	}
}

// An entity that is not selected cannot be searched.
func TestSearchOfEntitiesThatAreNotSelected(t *testing.T) {
	c := memoryCaller(t, agentstest.New())
	id := c.connector("default", "zendesk-support")
	c.ok(c.put(connectorsPath+"/"+id, object{"entities": []object{{"entity": "tickets"}}}))
	search := func(entity string) *answer {
		return c.execute(id, entity, "context_store_search", object{"query": object{}})
	}
	c.ok(search("tickets"))
	c.refused(search("users"), 422, "not_in_context_store")
	c.ok(c.execute(id, "users", "list", nil))
	c.ok(c.put(connectorsPath+"/"+id, object{"entities": []object{}}))
	c.ok(search("users"))
}
