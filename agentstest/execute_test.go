package agentstest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

func TestExecuteEnvelope(t *testing.T) {
	_, c := start(t)
	id := c.connector("default", "github")
	a := c.ok(c.execute(id, "issues", "list", object{"per_page": 2}))
	if a.text("status") != "success" || a.text("execution_metadata", "connector_instance_id") != id || a.at("execution_metadata", "execution_time_ms") == nil {
		t.Errorf("envelope %s", a.raw)
	}
	issue, _ := a.at("result", 0).(object)
	for _, field := range []string{"id", "number", "title", "state", "html_url", "user", "labels", "created_at"} {
		if issue[field] == nil {
			t.Errorf("an issue without %s: %s", field, a.raw)
		}
	}
	if a.at("result", 0, "user", "login") == nil {
		t.Errorf("no login: %s", a.raw)
	}
	if a := c.ok(c.execute(id, "issues", "list", object{"state": "open", "per_page": 50})); len(a.list("result")) != 10 {
		t.Errorf("%d open issues", len(a.list("result")))
	}
	if a := c.ok(c.execute(id, "issues", "list", object{"state": "all", "owner": "x", "per_page": 50})); len(a.list("result")) != 15 {
		t.Errorf("%d issues", len(a.list("result")))
	}
	if a := c.ok(c.execute(id, "issues", "api_search", object{"query": "timeouts configurable"})); len(a.list("result")) != 1 {
		t.Errorf("search: %s", a.raw)
	}
}

func TestExecuteWrites(t *testing.T) {
	_, c := start(t)
	id := c.connector("default", "github")
	a := c.ok(c.execute(id, "issues", "create", object{"title": "A new one", "state": "open"}))
	if a.text("result", "number") != "16" || a.text("result", "title") != "A new one" {
		t.Errorf("created %s", a.raw)
	}
	if a = c.ok(c.execute(id, "issues", "get", object{"number": 16})); a.text("result", "title") != "A new one" {
		t.Errorf("got %s", a.raw)
	}
	a = c.ok(c.execute(id, "issues", "update", object{"number": 16, "state": "closed"}))
	if a.text("result", "state") != "closed" || a.text("result", "title") != "A new one" {
		t.Errorf("updated %s", a.raw)
	}
	if a = c.ok(c.execute(id, "issues", "list", object{"per_page": 100})); len(a.list("result")) != 16 {
		t.Errorf("%d issues", len(a.list("result")))
	}
	c.ok(c.execute(id, "issues", "delete", object{"number": "16"}))
	c.refused(c.execute(id, "issues", "get", object{"number": 16}), 404, "record_not_found")
	c.refused(c.execute(id, "issues", "update", object{"number": 16}), 404, "record_not_found")
	c.refused(c.execute(id, "issues", "delete", object{"number": 16}), 404, "record_not_found")
	c.refused(c.execute(id, "issues", "create", object{"number": 3}), 422, "exists")

	stripe := c.connector("default", "stripe")
	a = c.ok(c.execute(stripe, "customers", "create", object{"data": object{"name": "New"}}))
	if !strings.HasPrefix(a.text("result", "id"), "cus_") {
		t.Errorf("created %s", a.raw)
	}
	if a = c.ok(c.execute(stripe, "customers", "get", object{"customer_id": "cus_0003"})); a.text("result", "id") != "cus_0003" {
		t.Errorf("by customer_id: %s", a.raw)
	}
	// Another connector of the same kind has records of its own.
	if a = c.ok(c.execute(c.connector("customer-42", "stripe"), "customers", "list", object{"limit": 100})); len(a.list("result")) != 12 {
		t.Errorf("%d customers elsewhere", len(a.list("result")))
	}
}

func TestExecuteRefusals(t *testing.T) {
	_, c := start(t)
	id := c.connector("default", "github")
	a := c.refused(c.execute(id, "tickets", "list", nil), 422, "unknown_entity")
	if entities := a.list("errors", 0, "details", "entities"); !slices.Contains(entities, any("issues")) {
		t.Errorf("details %s", a.raw)
	}
	c.refused(c.execute(id, "issues", "explode", nil), 422, "unknown_action")
	c.refused(c.execute(id, "repositories", "create", object{"name": "x"}), 422, "unknown_action")
	c.refused(c.execute(id, "", "list", nil), 422, "unknown_entity")
	c.refused(c.execute(id, "issues", "", nil), 422, "string_too_short")
	c.refused(c.execute(id, "issues", "list", []int{1}), 422, "type_error")
	c.refused(c.execute(id, "issues", "list", nil, object{"intent": strings.Repeat("x", 513)}), 422, "string_too_long")
	c.refused(c.execute("no-uuid", "issues", "list", nil), 404, "not_found")
	c.refused(c.execute("11111111-0000-4000-8000-000000000009", "issues", "list", nil), 404, "not_found")
	path := "/integrations/connectors/" + id + "/execute"
	c.refused(c.post(path, object{"action": "list"}), 422, "missing")
	c.refused(c.post(path, `{"entity":"issues","action":"list"} x`), 400, "malformed_json")
	c.refused(c.post(path, object{"entity": nil, "action": "list"}), 422, "type_error")
	plain := c.as(c.token)
	plain.header.Set("Content-Type", "text/plain")
	plain.refused(plain.post(path, object{"entity": "issues", "action": "list"}), 422, "content_type")
}

func TestExecuteFails(t *testing.T) {
	_, c := start(t, agentstest.WithConnector("default", agentstest.Connector{Slug: "linear", Fail: "The vendor is down.", Entities: map[string]agentstest.Entity{"issues": {}}}),
		agentstest.WithConnector("default", agentstest.Connector{Slug: "jira", Entities: map[string]agentstest.Entity{"a": {Fail: "Not today."}, "b": {Records: numbers(1)}}}))
	for _, x := range []struct{ slug, entity, reason string }{{"linear", "issues", "The vendor is down."}, {"jira", "a", "Not today."}} {
		a := c.ok(c.execute(c.connector("default", x.slug), x.entity, "list", nil))
		if a.text("status") != "error" || a.text("error") != x.reason || a.at("result") != nil {
			t.Errorf("%s: %s", x.slug, a.raw)
		}
	}
	if a := c.ok(c.execute(c.connector("default", "jira"), "b", "list", nil)); a.text("status") != "success" {
		t.Errorf("b: %s", a.raw)
	}
}

func TestFieldSelection(t *testing.T) {
	_, c := start(t, agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{"things": {Records: []object{{
		"id": 9007199254740993, "a": object{"b": 1, "c": 2}, "list": []object{{"x": 1, "y": 2}, {"x": 3}}, "text": strings.Repeat("é", 600), "<": ">",
	}}}}}))
	id := c.connector("w", "acme")
	get := func(more object) string {
		t.Helper()
		a := c.ok(c.execute(id, "things", "list", nil, more))
		_, rest, _ := strings.Cut(string(a.raw), `"result":`)
		result, _, _ := strings.Cut(rest, `,"connector_metadata"`)
		return result
	}
	for _, x := range []struct {
		more object
		want string
	}{
		{object{"select_fields": []string{"id"}}, `[{"id":9007199254740993}]`},
		{object{"select_fields": []string{"a.b", "list.x"}}, `[{"a":{"b":1},"list":[{"x":1},{"x":3}]}]`},
		{object{"select_fields": []string{"a", "a.b", "nothing.here"}}, `[{"a":{"b":1,"c":2}}]`},
		{object{"select_fields": []string{"id"}, "exclude_fields": []string{"id"}}, `[{"id":9007199254740993}]`},
		{object{"exclude_fields": []string{"text", "list.y", "a.c", "<", "no.such"}}, `[{"a":{"b":1},"id":9007199254740993,"list":[{"x":1},{"x":3}]}]`},
	} {
		if got := get(x.more); got != x.want {
			t.Errorf("%v: %s", x.more, got)
		}
	}
	if got := get(object{"select_fields": []string{"text"}, "skip_truncation": false}); !strings.Contains(got, "é…") || strings.Count(got, "é") != 500 {
		t.Errorf("truncated: %s", got)
	}
	if got := get(object{"select_fields": []string{"text"}}); strings.Count(got, "é") != 600 {
		t.Errorf("whole: %s", got)
	}
	a := c.ok(c.execute(id, "things", "get", object{"id": 9007199254740993}, object{"select_fields": []string{"a.c"}}))
	if a.text("result", "a", "c") != "2" || a.at("result", "id") != nil {
		t.Errorf("get: %s", a.raw)
	}
	c.refused(c.execute(id, "things", "get", object{"id": 9007199254740992}), 404, "record_not_found")
}

func TestDescribe(t *testing.T) {
	_, c := start(t)
	a := c.ok(c.execute(c.connector("default", "github"), "", "describe", nil))
	if a.text("result", "connector") != "github" || len(a.list("result", "entities")) != 4 {
		t.Errorf("describe: %s", a.raw)
	}
	a = c.ok(c.execute(c.connector("default", "github"), "issues", "describe", nil))
	if len(a.list("result", "entities")) != 1 || a.text("result", "entities", 0, "schema", "properties", "number", "type") != "number" {
		t.Errorf("describe issues: %s", a.raw)
	}
	params := map[string][]any{}
	for i, action := range a.list("result", "entities", 0, "actions") {
		name := action.(map[string]any)["name"].(string)
		params[name] = a.list("result", "entities", 0, "actions", i, "params", "required")
		if a.at("result", "entities", 0, "actions", i, "params", "properties") == nil {
			t.Errorf("%s has no parameters: %s", name, a.raw)
		}
	}
	if len(params) < 4 || len(params["list"]) != 0 || len(params["get"]) != 1 || params["get"][0] != "number" {
		t.Errorf("describe issues: required are %v in %s", params, a.raw)
	}
}

func TestDescribeOddEntities(t *testing.T) {
	_, c := start(t, agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{
		"files": {Files: map[string]agentstest.File{"a": {}}}, "jobs": {Actions: []string{"run"}}, "tags": {Records: []object{}},
	}}))
	a := c.ok(c.execute(c.connector("w", "acme"), "", "describe", nil))
	if a.text("result", "entities", 0, "actions", 0, "params", "required", 0) != "id" {
		t.Errorf("files: %s", a.raw)
	}
	if a.text("result", "entities", 1, "actions", 0, "name") != "run" || a.at("result", "entities", 1, "actions", 0, "params") != nil {
		t.Errorf("an action that was made up: %s", a.raw)
	}
	if a.at("result", "entities", 2, "schema") != nil || len(a.list("result", "entities", 2, "actions")) == 0 {
		t.Errorf("an entity without records: %s", a.raw)
	}
}

func TestStructsAsRecords(t *testing.T) {
	type thing struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	_, c := start(t, agentstest.WithConnector("w", agentstest.Connector{
		ID: "22222222-0000-4000-8000-000000000001", Name: "Mine", Slug: "acme_tool", DisplayName: "Acme Tool", DefinitionID: "33333333-0000-4000-8000-000000000001",
		Entities: map[string]agentstest.Entity{"things": {Records: []thing{{1, "one"}, {2, "two"}}}},
	}))
	a := c.ok(c.get("/integrations/connectors?workspace_name=w"))
	if a.text("data", 0, "id") != "22222222-0000-4000-8000-000000000001" || a.text("data", 0, "summarized_source_template", "connector_name") != "acme-tool" ||
		a.text("data", 0, "summarized_source_template", "name") != "Acme Tool" || a.text("data", 0, "name") != "Mine" {
		t.Errorf("connector %s", a.raw)
	}
	c.ok(c.get("/integrations/definitions/sources/33333333-0000-4000-8000-000000000001"))
	if a := c.ok(c.execute("22222222-0000-4000-8000-000000000001", "things", "get", object{"id": 2})); a.text("result", "name") != "two" {
		t.Errorf("get %s", a.raw)
	}
	// The kind is there now, with its records.
	made := c.ok(c.post("/integrations/connectors", object{"workspace_name": "default", "connector_type": "acme-tool", "credentials": object{}}))
	if a := c.ok(c.execute(made.text("id"), "things", "list", nil)); len(a.list("result")) != 2 {
		t.Errorf("made %s", a.raw)
	}
}

func TestConnectorsThatMakeNoSense(t *testing.T) {
	for name, bad := range map[string]agentstest.Connector{
		"no kind":     {},
		"bad id":      {Slug: "github", ID: "x"},
		"bad records": {Slug: "github", Entities: map[string]agentstest.Entity{"a": {Records: object{}}}},
		"bad paging":  {Slug: "github", Entities: map[string]agentstest.Entity{"a": {Paging: "sideways"}}},
		"no json":     {Slug: "github", Entities: map[string]agentstest.Entity{"a": {Records: []any{func() {}}}}},
		"other kind":  {Slug: "github", DefinitionID: "33333333-0000-4000-8000-000000000001"},
		"bad kind":    {Slug: "acme", DefinitionID: "x"},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			agentstest.New(agentstest.WithConnector("w", bad))
		}()
	}
}

// An entity without records is one that has none yet.
func TestEntityWithoutRecords(t *testing.T) {
	s := agentstest.New(agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{
		"notes":   {},
		"reports": {Files: map[string]agentstest.File{"f": {Data: []byte("x")}}},
		"images":  {Records: []object{}, Files: map[string]agentstest.File{"f": {Data: []byte("x")}}},
	}}))
	c := memoryCaller(t, s)
	id := c.connector("w", "acme")
	for _, entity := range []string{"notes", "images"} {
		if n := len(c.ok(c.execute(id, entity, "list", nil)).list("result")); n != 0 {
			t.Errorf("%s: %d records", entity, n)
		}
		c.ok(c.execute(id, entity, "create", object{"text": "one"}))
		if a := c.ok(c.execute(id, entity, "list", nil)); len(a.list("result")) != 1 || a.text("result", 0, "text") != "one" {
			t.Errorf("%s: %s", entity, a.raw)
		}
	}
	c.refused(c.execute(id, "reports", "create", object{"text": "one"}), 422, "unknown_action")
	c.ok(c.execute(id, "reports", "download", object{"id": "f"}))
}
