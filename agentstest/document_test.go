package agentstest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

// acme is what agents-gen -fake writes for a made-up connector.
func acme(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile("../examples/typed/acme.fake.json")
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// desk starts a service with the connector of acme.
func desk(t testing.TB, opts ...agentstest.Option) (*caller, string) {
	t.Helper()
	_, c := start(t, append([]agentstest.Option{agentstest.WithDocument(acme(t))}, opts...)...)
	return c, c.connector(agentstest.WorkspaceName, "acme-desk")
}

func orEmpty(params object) object {
	if params == nil {
		return object{}
	}
	return params
}

func TestDocumentChecksParams(t *testing.T) {
	c, id := desk(t)
	for _, test := range []struct {
		name, entity, action string
		params               object
		field                string // of the error; "" for none
	}{
		{"all", "tickets", "list", object{
			"project": "x", "state": []any{"open", "+1"}, "limit": 3, "include_closed": false, "updated_since": "2026-01-02T03:04:05.5Z", "filter[type]": "x", "Acme-Version": "1", "account": "a",
		}, ""},
		{"undeclared", "tickets", "list", object{"project": "x", "stat": "open"}, "body.params.stat"},
		{"missing", "tickets", "list", object{}, "body.params.project"},
		{"text for a number", "tickets", "list", object{"project": "x", "limit": "3"}, "body.params.limit"},
		{"a fraction", "tickets", "get", object{"ticket_id": 1.5}, "body.params.ticket_id"},
		{"1.0", "tickets", "get", object{"ticket_id": json.Number("1.0")}, ""},
		{"number for text", "tickets", "list", object{"project": 7}, "body.params.project"},
		{"text for a boolean", "tickets", "list", object{"project": "x", "include_closed": "yes"}, "body.params.include_closed"},
		{"no list", "tickets", "list", object{"project": "x", "state": "open"}, "body.params.state"},
		{"unknown value", "tickets", "list", object{"project": "x", "state": []any{"open", "shut"}}, "body.params.state.1"},
		{"no time", "tickets", "list", object{"project": "x", "updated_since": "yesterday"}, "body.params.updated_since"},
		{"null", "tickets", "create", object{"subject": nil, "type": "x"}, "body.params.subject"},
		{"null where it is declared", "tickets", "create", object{"subject": "s", "type": "x", "assignee_id": nil}, ""},
		{"inside", "tickets", "create", object{"subject": "s", "type": "x", "parts": []any{object{"kind": "k"}, object{"body": "b"}}}, "body.params.parts.1.kind"},
		{"undeclared inside", "tickets", "create", object{"subject": "s", "type": "x", "parts": []any{object{"kind": "k", "size": 1}}}, "body.params.parts.0.size"},
		{"an action of its own", "tickets", "archive", object{"ticket": 1}, "body.params.ticket"},
		{"a download", "tickets", "download", object{"name": "x"}, "body.params.name"},
		{"none are declared", "limits", "list", object{"limit": 1}, "body.params.limit"},
		{"an undeclared action", "limits", "get", object{"id": 1}, "body.action"},
		{"an unknown entity", "users", "list", nil, "body.entity"},
		{"search by a field", "tickets", "context_store_search", object{"query": object{"filter": object{"eq": object{"segments.date": "x"}}}}, ""},
		{"search by another", "tickets", "context_store_search", object{"query": object{"filter": object{"eq": object{"state": "open"}}}}, "body.params.query.filter.eq.state"},
		{"sort by another", "tickets", "context_store_search", object{"query": object{"sort": []any{object{"state": "asc"}}}}, "body.params.query.sort.state"},
		{"no search", "audits", "context_store_search", object{"query": object{}}, "body.action"},
	} {
		a := c.execute(id, test.entity, test.action, orEmpty(test.params))
		var refusal struct {
			Errors []struct{ Field, Message string }
		}
		_ = json.Unmarshal(a.raw, &refusal)
		switch {
		case test.field == "" && a.status != http.StatusOK:
			t.Errorf("%s: %d %s", test.name, a.status, a.raw)
		case test.field != "" && (a.status != http.StatusUnprocessableEntity || !strings.Contains(fmt.Sprint(refusal.Errors), "{"+test.field+" ")):
			t.Errorf("%s: %d %s", test.name, a.status, a.raw)
		}
	}
}

func TestDocumentRecords(t *testing.T) {
	c, id := desk(t)
	list := func(entity string, params object) []any {
		a := c.execute(id, entity, "list", orEmpty(params))
		c.expect(a, http.StatusOK)
		records, ok := a.at("result").([]any)
		if !ok {
			return []any{a.at("result")}
		}
		return records
	}
	tickets := list("tickets", object{"project": "x"})
	if len(tickets) != 12 {
		t.Fatalf("%d tickets", len(tickets))
	}
	first, _ := tickets[0].(map[string]any)
	for name, want := range map[string]any{
		"id": 1.0, "subject": "Subject 1 of tickets", "state": "open", "priority": 1.0, "score": 0.5, "private": true, "createdAt": "2026-01-05T08:00:00Z", "due_on": "2026-01-05",
		"+1": 1.0, "16x16": "https://acme-desk.example.com/tickets/1", "odd,\"name": "Odd,\"name 1 of tickets", "_links": map[string]any{"self": "https://acme-desk.example.com/tickets/1"},
		"links": []any{"Link 1 of tickets"}, "replies": []any{}, "requester": map[string]any{"name": "Name 1 of tickets", "email": "ada@example.com"}, "labels": map[string]any{"first": "Labels 1 of tickets"},
		"extra": map[string]any{},
	} {
		if !reflect.DeepEqual(first[name], want) {
			t.Errorf("%q is %v, want %v", name, first[name], want)
		}
	}
	fourth, _ := tickets[3].(map[string]any)
	if v, given := fourth["score"]; !given || v != nil {
		t.Errorf("the fourth ticket has %v, want a null", fourth)
	}
	if again := list("tickets", object{"project": "y"}); !reflect.DeepEqual(tickets, again) {
		t.Error("the records differ from time to time, or by a required parameter")
	}
	other, otherID := desk(t)
	if a := other.execute(otherID, "tickets", "list", object{"project": "x"}); !reflect.DeepEqual(tickets, a.at("result")) {
		t.Error("the records differ from service to service")
	}
	if open := list("tickets", object{"project": "x", "state": []any{"+1", "open"}}); len(open) != 6 {
		t.Errorf("%d tickets have one of two states", len(open))
	}
	for entity, want := range map[string]any{"type": "1 of type", "limits": map[string]any{"per_minute": 1.0}, "summaries": map[string]any{"open": 1.0, "closed": 1.0}} {
		if got := list(entity, nil); !reflect.DeepEqual(got[0], want) {
			t.Errorf("%s has %v, want %v", entity, got[0], want)
		}
	}
}

func TestDocumentWrites(t *testing.T) {
	c, id := desk(t)
	run := func(action string, params object) *answer {
		a := c.execute(id, "tickets", action, params)
		c.expect(a, http.StatusOK)
		return a
	}
	made := run("create", object{"subject": "New", "type": "x", "private": false, "parts": []any{object{"kind": "k"}}})
	if made.at("result", "id") != 13.0 || made.at("result", "subject") != "New" || made.at("result", "score") != nil || made.at("result", "private") != false || made.at("result", "priority") != nil {
		t.Errorf("created %s", made.raw)
	}
	if a := run("update", object{"ticket_id": 13, "subject": nil}); a.at("result", "subject") != nil || a.at("result", "type") != "x" {
		t.Errorf("updated to %s", a.raw)
	}
	if a := run("get", object{"ticket_id": 13}); a.at("result", "type") != "x" {
		t.Errorf("got %s", a.raw)
	}
	if a := run("context_store_search", object{"query": object{"filter": object{"eq": object{"id": 13}}}}); !strings.Contains(string(a.raw), `"id":13`) || strings.Contains(string(a.raw), "priority") || !strings.Contains(string(a.raw), "closedAt") {
		t.Errorf("found %s", a.raw)
	}
	if a := run("archive", object{"ticket_id": 13}); fmt.Sprint(a.at("result")) != "map[]" && a.at("result", "id") != 13.0 {
		t.Errorf("archived %s", a.raw)
	}
	run("delete", object{"ticket_id": 13})
	for _, action := range []string{"get", "update", "delete", "archive"} {
		if a := c.execute(id, "tickets", action, object{"ticket_id": 13}); a.status != http.StatusNotFound {
			t.Errorf("%s of a ticket that is gone: %d %s", action, a.status, a.raw)
		}
	}
	if a := run("download", object{"ticket_id": 3}); string(a.raw) != "The file of ticket 3.\n" {
		t.Errorf("downloaded %s", a.raw)
	}
}

func TestDocumentPages(t *testing.T) {
	c, id := desk(t)
	page := func(entity string, params object) (n int, metadata any) {
		a := c.execute(id, entity, "list", orEmpty(params))
		c.expect(a, http.StatusOK)
		records, _ := a.at("result").([]any)
		return len(records), a.at("connector_metadata")
	}
	n, meta := page("tickets", object{"project": "x", "limit": 7})
	m, _ := meta.(map[string]any)
	if n != 7 || m["has_more"] != true || len(m) != 2 {
		t.Fatalf("the first page has %d records and %v", n, meta)
	}
	if n, meta := page("tickets", object{"project": "x", "limit": 7, "after": m["next_cursor"]}); n != 5 || fmt.Sprint(meta) != "map[has_more:false next_cursor:<nil>]" {
		t.Errorf("the second page has %d records and %v", n, meta)
	}
	if a := c.execute(id, "tickets", "list", object{"project": "x", "after": "x"}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a made-up cursor: %d", a.status)
	}
	if n, meta := page("connector", nil); n != 10 || fmt.Sprint(meta) != "map[next_link:https://acme-desk.example.com/api/connector?offset=10]" {
		t.Errorf("a page with a link has %d records and %v", n, meta)
	}
	if n, meta := page("connector", object{"offset": 10}); n != 2 || fmt.Sprint(meta) != "map[next_link:<nil>]" {
		t.Errorf("the last page has %d records and %v", n, meta)
	}
	// Which of two operations runs depends on the parameters.
	if n, meta := page("audits", object{"ticket_id": 1, "page": 2}); n != 2 || fmt.Sprint(meta) != "map[]" {
		t.Errorf("the second page by number has %d records and %v", n, meta)
	}
	if n, meta := page("audits", nil); n != 10 || !strings.Contains(fmt.Sprint(meta), "has_next_page:true") {
		t.Errorf("the first page by cursor has %d records and %v", n, meta)
	}
	for _, one := range []string{"type"} { // nothing turns pages
		if n, _ := page(one, nil); n != 12 {
			t.Errorf("%s has %d records on a page", one, n)
		}
	}
}

func TestDocumentWithOwnRecords(t *testing.T) {
	type ticket struct {
		ID      int    `json:"id"`
		Project string `json:"project"`
		State   string `json:"state"`
	}
	_, c := start(t, agentstest.WithConnector("mine", agentstest.Connector{
		Slug:     "acme-desk",
		Entities: map[string]agentstest.Entity{"tickets": {Records: []ticket{{7, "web", "open"}, {8, "app", "open"}, {9, "web", "+1"}}, PageSize: 1}},
	}), agentstest.WithDocument(acme(t)))
	if list := c.get("/integrations/connectors?workspace_name=" + agentstest.WorkspaceName); strings.Contains(string(list.raw), "acme") {
		t.Errorf("there is another connector: %s", list.raw)
	}
	id := c.connector("mine", "acme-desk")
	a := c.execute(id, "tickets", "list", object{"project": "web", "state": []any{"open", "+1"}})
	if want := `[{"id":7,"project":"web","state":"open"}]`; !strings.Contains(string(a.raw), want) || a.at("connector_metadata", "has_more") != true {
		t.Errorf("got %s, want %s", a.raw, want)
	}
	if a := c.execute(id, "tickets", "get", object{"ticket_id": 8}); a.at("result", "project") != "app" {
		t.Errorf("got %s", a.raw)
	}
	if a := c.execute(id, "tickets", "list", object{"id": 7}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("params are not checked: %d", a.status)
	}
	if a := c.execute(id, "type", "list", nil); a.status != http.StatusOK {
		t.Errorf("another entity: %d %s", a.status, a.raw)
	}
}

// Documents can also be of kinds that the service has anyway, and what describe and
// the document of the service say agrees with them.
func TestDocumentIsDescribed(t *testing.T) {
	raw := []byte(strings.Replace(string(acme(t)), `"acme-desk"`, `"github"`, 1))
	_, c := start(t, agentstest.WithDocument(raw))
	id := c.connector(agentstest.WorkspaceName, "github")
	a := c.execute(id, "tickets", "describe", nil)
	for _, want := range []string{`"filter[type]"`, `"in":"header"`, `"context_store_search"`, `"archive"`, `"enum":["open","on hold","+1",""]`, `"date-time"`} {
		if !strings.Contains(string(a.raw), want) {
			t.Errorf("describe does not say %s: %s", want, a.raw)
		}
	}
	if a := c.execute(id, "issues", "list", nil); a.status != http.StatusUnprocessableEntity {
		t.Errorf("issues are still there: %d", a.status)
	}
	a = c.post("/integrations/connectors/"+id+"/execute/prepare", object{"entity": "tickets", "action": "archive", "params": object{"ticket_id": 1}})
	document := a.text("bundle", "definition_yaml")
	for _, want := range []string{`"segments.date"`, `"/tickets/archive"`, `"Acme-Version"`, `"x-airbyte-connector-name": "github"`} {
		if !strings.Contains(document, want) {
			t.Errorf("the document does not say %s: %s", want, document)
		}
	}
	if a := c.get("/skills/docs?id=connector-source:" + id + "&section=actions.tickets.get"); a.status != http.StatusOK || !strings.Contains(string(a.raw), "ticket_id") {
		t.Errorf("the documentation is %s", a.raw)
	}
}

func TestWithDocumentPanics(t *testing.T) {
	const generated = "agents-gen -fake"
	desk := func(slug, entity string) agentstest.Option {
		return agentstest.WithConnector("mine", agentstest.Connector{Slug: slug, Entities: map[string]agentstest.Entity{entity: {}}})
	}
	own := func(record object) agentstest.Option {
		return agentstest.WithConnector("mine", agentstest.Connector{Slug: "acme-desk", Entities: map[string]agentstest.Entity{"tickets": {Records: []object{record}}}})
	}
	for _, test := range []struct {
		name, raw string
		with      agentstest.Option
		want      string // "" if it does not panic
	}{
		{"nothing", "", nil, generated},
		{"half", "{", nil, generated},
		{"a list", "[]", nil, generated},
		{"an object", "{}", nil, generated},
		{"another generator's", `{"generator":"x","slug":"y"}`, nil, generated},
		{"no slug", `{"generator":"agents-gen"}`, nil, generated},
		{"the document", "# A document\nopenapi: 3.1.0", nil, "the document itself; give what agents-gen -fake writes"},
		{"the document in JSON", `{"openapi": "3.1.0"}`, nil, "the document itself"},
		{"an entity that is not there", string(acme(t)), desk("acme-desk", "ticket"), `no entity "ticket"; it has audits, connector, limits,`},
		{"an entity that is there", string(acme(t)), desk("acme-desk", "tickets"), ""},
		{"a field that is not there", string(acme(t)), own(object{"id": 1, "subjct": "x"}), `the document has no field "subjct", which record 1 of "tickets" has; closest: subject`},
		{"a value that is none", string(acme(t)), own(object{"id": 1, "state": "opn"}), `record 1 of "tickets" is not as the document says: state: Input should be one of ["open","on hold","+1",""], not "opn"; closest: open`},
		{"a value of another type", string(acme(t)), own(object{"id": "x"}), `record 1 of "tickets" is not as the document says: id: Input should be an integer`},
		{"a member that is not there", string(acme(t)), own(object{"id": 1, "requester": object{"nme": "x"}}), `requester has no member "nme"; closest: name`},
		{"a field that selects, zero values, null, numbers as texts", string(acme(t)), own(object{"id": "1", "project": "x", "state": "", "subject": nil, "replies": nil, "labels": object{"a": "b"}}), ""},
		{"a slug that is almost the same", string(acme(t)), desk("acme-dsk", "tickets"), `"acme-dsk": the slug of the document is "acme-desk"`},
		{"another slug", string(acme(t)), desk("lumen", "tickets"), ""},
	} {
		func() {
			defer func() {
				v := recover()
				if text := fmt.Sprint(v); test.want == "" && v != nil || test.want != "" && (!strings.HasPrefix(text, "agentstest: ") || !strings.Contains(text, test.want)) {
					t.Errorf("%s: %v, want %q", test.name, v, test.want)
				}
			}()
			agentstest.New(agentstest.WithDocument([]byte(test.raw)), test.with)
		}()
	}
	both := agentstest.WithConnector("mine", agentstest.Connector{Slug: "acme-desk"})
	agentstest.New(agentstest.WithDocument(acme(t)), both, desk("acme-desk2", "tickets")) // on purpose
}

// A list that has a size or something like a cursor, and no way to its next page, gives
// the first page alone, so that tests see that the rest is out of reach.
func TestDocumentWithoutWayToNextPage(t *testing.T) {
	const text = `{"generator": "agents-gen", "slug": "harbor", "entities": [{"name": "agents", "actions": [{"name": "list", "list": true, "params": %s,
		"result": {"type": "object", "properties": [{"name": "id", "schema": {"type": "integer"}}]}, "pages": [{"params": %s}]}]}]}`
	param := `[{"name": "offset", "in": "query", "schema": {"type": "string"}}]`
	for _, test := range []struct {
		pages string
		want  int
	}{
		{`[]`, 12},
		{`[{"name": "offset", "role": "unused"}]`, 10},
		{`[{"name": "limit", "role": "size", "default": 5}]`, 5},
	} {
		_, c := start(t, agentstest.WithDocument(fmt.Appendf(nil, text, param, test.pages)))
		a := c.execute(c.connector(agentstest.WorkspaceName, "harbor"), "agents", "list", object{})
		var answer struct{ Result []object }
		if err := json.Unmarshal(a.raw, &answer); err != nil || len(answer.Result) != test.want {
			t.Errorf("%s: %d records, want %d: %s", test.pages, len(answer.Result), test.want, a.raw)
		}
	}
}

// What is created has what was sent, and nothing made up beside it.
func TestDocumentInventsNothing(t *testing.T) {
	const text = `{"generator": "agents-gen", "slug": "harbor", "entities": [{"name": "messages", "actions": [
		{"name": "list", "list": true, "params": [{"name": "case_id", "in": "path", "required": true, "schema": {"type": "integer"}}], "result": {"type": "object", "shape": "Message"}},
		{"name": "get", "params": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}], "result": {"type": "object", "shape": "Message"}},
		{"name": "create", "params": [{"name": "case_id", "in": "path", "required": true, "schema": {"type": "integer"}}, {"name": "body", "in": "body", "schema": {"type": "string"}},
			{"name": "customer", "in": "body", "schema": {"type": "object", "shape": "Customer"}}], "result": {"type": "object", "shape": "Message"}},
		{"name": "update", "params": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}},
			{"name": "customer", "in": "body", "schema": {"type": "object", "shape": "Customer"}}], "result": {"type": "object", "shape": "Message"}}]}],
		"shapes": {"Message": {"type": "object", "properties": [{"name": "id", "read_only": true, "schema": {"type": "integer"}}, {"name": "case_id", "read_only": true, "schema": {"type": "integer"}},
			{"name": "body", "required": true, "schema": {"type": "string"}}, {"name": "internal", "schema": {"type": "boolean"}}, {"name": "tags", "schema": {"type": "array", "items": {"type": "string"}}},
			{"name": "author", "schema": {"type": "string", "nullable": true}}, {"name": "sent_at", "read_only": true, "schema": {"type": "string", "format": "date-time"}},
			{"name": "customer", "schema": {"type": "object", "shape": "Customer"}}, {"name": "weight", "required": true, "schema": {"type": "number"}}]},
		"Customer": {"type": "object", "properties": [{"name": "name", "required": true, "schema": {"type": "string"}}, {"name": "since", "schema": {"type": "string", "format": "date"}}]}}}`
	_, c := start(t, agentstest.WithDocument([]byte(text)))
	id := c.connector(agentstest.WorkspaceName, "harbor")
	run := func(action string, params object) object {
		a := c.execute(id, "messages", action, params)
		c.expect(a, http.StatusOK)
		record, _ := a.at("result").(map[string]any)
		return record
	}
	made := run("create", object{"case_id": 1, "body": "hi", "customer": object{"name": "Ada"}})
	if sent, _ := made["sent_at"].(string); sent < "2026-02" {
		t.Errorf("it was sent at %q", sent)
	}
	delete(made, "sent_at")
	if want := (object{"id": 13.0, "case_id": 1.0, "body": "hi", "author": nil, "customer": map[string]any{"name": "Ada"}, "weight": 0.0}); !reflect.DeepEqual(made, want) {
		t.Errorf("created %v, want %v", made, want)
	}
	if got := run("get", object{"id": 13}); got["internal"] != nil || got["body"] != "hi" {
		t.Errorf("got %v", got)
	}
	changed := run("update", object{"id": 2, "customer": object{"name": "Bob"}})
	if want := (map[string]any{"name": "Bob"}); !reflect.DeepEqual(changed["customer"], want) || changed["body"] == nil {
		t.Errorf("changed to %v", changed)
	}
	// A required parameter selects, as it does from records of one's own.
	a := c.execute(id, "messages", "list", object{"case_id": 1})
	if list, _ := a.at("result").([]any); len(list) != 2 {
		t.Errorf("case 1 has %s", a.raw)
	}
}
