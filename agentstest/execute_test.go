package agentstest_test

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

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
	if a := c.ok(c.execute(id, "issues", "api_search", object{"query": "timeouts configurable"})); len(a.list("result", "data")) != 1 {
		t.Errorf("search: %s", a.raw)
	}
}

// The records of api_search, and of list for some entities, are inside an object, with
// the state of paging beside them.
func TestWrappedLists(t *testing.T) {
	entities := map[string]agentstest.Entity{}
	for _, p := range agentstest.Pagings() {
		entities[string(p)] = agentstest.Entity{Records: numbers(3), Paging: p, PageSize: 2, Wrapped: p == agentstest.PagingStripe}
	}
	c := memoryCaller(t, agentstest.New(agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: entities})))
	id := c.connector("w", "acme")
	for name, e := range entities {
		n, more := 2, true
		if e.Paging == agentstest.PagingNone {
			n, more = 3, false
		}
		found := c.ok(c.execute(id, name, "api_search", nil))
		if len(found.list("result", "data")) != n || found.at("result", "meta", "has_more") != more || found.at("connector_metadata") != nil {
			t.Errorf("%s: api_search returns %s", name, found.raw)
		}
		list := c.ok(c.execute(id, name, "list", nil))
		if e.Wrapped {
			if len(list.list("result", "data")) != n || list.at("result", "meta", "has_more") != more {
				t.Errorf("%s: list returns %s", name, list.raw)
			}
			continue
		}
		if len(list.list("result")) != n || list.at("connector_metadata") == nil {
			t.Errorf("%s: list returns %s", name, list.raw)
		}
		meta, _ := found.at("result", "meta").(object)
		for key, v := range list.at("connector_metadata").(object) {
			if got, has := meta[key]; !has || !reflect.DeepEqual(got, v) {
				t.Errorf("%s: %s is %v beside the records, and %v in the metadata", name, key, got, v)
			}
		}
	}
	one := c.ok(c.execute(id, string(agentstest.PagingStripe), "get", object{"id": "rec_001"}))
	if one.at("result", "data") != nil || one.at("result", "id") == nil {
		t.Errorf("get returns %s", one.raw)
	}
	docs := c.ok(c.get("/skills/docs?id=" + c.ok(c.get(connectorsPath+"/"+id+"/inspect")).text("docs_skill_id") + "&section=actions.cursor.api_search"))
	if !strings.Contains(string(docs.raw), "data has the records") {
		t.Errorf("documentation %s", docs.raw)
	}
}

// Records have the times of their creation and of their last change under the names
// that the entity uses, unless the request gives others.
func TestExecuteStampsRecords(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.FixedZone("", 3600))
	_, c := start(t, agentstest.WithClock(func() time.Time { return now }))
	const made, changed, given = "2026-05-04T02:02:01Z", "2026-05-04T02:12:01Z", "2020-01-01T00:00:00Z"
	for _, tc := range []struct{ slug, entity, key, created, updated string }{
		{"github", "issues", "number", "created_at", "updated_at"},
		{"hubspot", "contacts", "id", "createdAt", "updatedAt"},
		{"salesforce", "accounts", "Id", "CreatedDate", ""},
		{"slack", "messages", "id", "", ""},
	} {
		id := c.connector("default", tc.slug)
		a := c.ok(c.execute(id, tc.entity, "create", object{"note": "x"}))
		key := a.text("result", tc.key)
		b := c.ok(c.execute(id, tc.entity, "create", object{"created_at": given, "createdAt": given, "updated_at": given, "updatedAt": given}))
		now = now.Add(10 * time.Minute)
		after := c.ok(c.execute(id, tc.entity, "update", object{tc.key: key, "note": "y"}))
		now = now.Add(-10 * time.Minute)
		if name := tc.created; name != "" && (a.text("result", name) != made || after.text("result", name) != made || name != "CreatedDate" && b.text("result", name) != given) {
			t.Errorf("%s of %s: %s, then %s; given: %s", name, tc.entity, a.raw, after.raw, b.raw)
		}
		if name := tc.updated; name != "" && (a.text("result", name) != made || after.text("result", name) != changed || b.text("result", name) != given) {
			t.Errorf("%s of %s: %s, then %s; given: %s", name, tc.entity, a.raw, after.raw, b.raw)
		}
		if tc.created == "" && strings.Contains(string(a.raw), made) {
			t.Errorf("%s have no such times: %s", tc.entity, a.raw)
		}
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
	c.denied(c.execute(id, "issues", "get", object{"number": 16}), 404, "has no record")
	c.denied(c.execute(id, "issues", "update", object{"number": 16}), 404, "has no record")
	c.denied(c.execute(id, "issues", "delete", object{"number": 16}), 404, "has no record")
	c.refused(c.execute(id, "issues", "create", object{"number": 3}), 422, "exists")

	stripe := c.connector("default", "stripe")
	a = c.ok(c.execute(stripe, "customers", "create", object{"data": object{"name": "New"}}))
	if !strings.HasPrefix(a.text("result", "id"), "cus_") {
		t.Errorf("created %s", a.raw)
	}
	if a = c.ok(c.execute(stripe, "customers", "get", object{"customer_id": "cus_0003"})); a.text("result", "id") != "cus_0003" {
		t.Errorf("by customer_id: %s", a.raw)
	}
	// Another connector of the same kind has its own records.
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
	c.denied(c.execute("no-uuid", "issues", "list", nil), 404, "")
	c.denied(c.execute("11111111-0000-4000-8000-000000000009", "issues", "list", nil), 404, "")
	path := "/integrations/connectors/" + id + "/execute"
	c.refused(c.post(path, object{"action": "list"}), 422, "missing")
	c.denied(c.post(path, `{"entity":"issues","action":"list"} x`), 400, "not valid JSON")
	c.refused(c.post(path, object{"entity": nil, "action": "list"}), 422, "type_error")
	for _, name := range []string{"params", "skip_truncation"} {
		c.refused(c.post(path, object{"entity": "issues", "action": "list", name: nil}), 422, "type_error")
	}
	c.ok(c.post(path, object{"entity": "issues", "action": "list", "select_fields": nil, "exclude_fields": nil, "intent": nil}))
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
	c.denied(c.execute(id, "things", "get", object{"id": 9007199254740992}), 404, "has no record")
}

func TestDescribe(t *testing.T) {
	_, c := start(t)
	a := c.ok(c.execute(c.connector("default", "github"), "", "describe", nil))
	if len(a.list("result")) != 4 || a.text("result", 0, "entity_name") != "files" || a.text("result", 0, "description") != "Files of GitHub" {
		t.Errorf("describe: %s", a.raw)
	}
	a = c.ok(c.execute(c.connector("default", "github"), "issues", "describe", nil))
	if len(a.list("result")) != 1 || len(a.list("result", 0, "available_actions")) != 9 || len(a.list("result", 0, "parameters", "list")) != 2 {
		t.Errorf("describe issues: %s", a.raw)
	}
	got := parametersOf(a.at("result", 0), "get")["number"]
	if want := (object{"name": "number", "in": "path", "required": true, "type": "integer", "description": ""}); !reflect.DeepEqual(got, want) {
		t.Errorf("get takes %v", got)
	}
	if p := parametersOf(a.at("result", 0), "list")["after"]; p["in"] != "query" || p["required"] != false || p["type"] != "string" {
		t.Errorf("list takes %v", p)
	}
	if p := parametersOf(a.at("result", 0), "update"); p["number"]["in"] != "path" || p["title"]["in"] != "body" {
		t.Errorf("update takes %v", p)
	}
}

// parametersOf returns what a description says about the parameters of an action of an
// entity, by name.
func parametersOf(entity any, action string) map[string]object {
	list, _ := entity.(object)["parameters"].(object)[action].([]any)
	params := map[string]object{}
	for _, p := range list {
		params[p.(object)["name"].(string)] = p.(object)
	}
	return params
}

// The documentation of a connector and its description agree on the parameters.
func TestDocumentationAgreesWithDescription(t *testing.T) {
	entities := map[string]agentstest.Entity{"empty": {}, "jobs": {Actions: []string{"run"}}, "nothing": {Actions: []string{}}, "both": {Records: numbers(2), Files: map[string]agentstest.File{"f": {}}}}
	for _, p := range agentstest.Pagings() {
		entities[string(p)] = agentstest.Entity{Records: numbers(1), Paging: p}
	}
	c := memoryCaller(t, agentstest.New(agentstest.WithConnector("default", agentstest.Connector{Slug: "acme", Entities: entities})))
	for _, item := range c.ok(c.get(connectorsPath + "?workspace_name=default")).list("data") {
		id := item.(object)["id"].(string)
		skill := c.ok(c.get(connectorsPath + "/" + id + "/inspect")).text("docs_skill_id")
		for _, e := range c.ok(c.execute(id, "", "describe", nil)).list("result") {
			name := e.(object)["entity_name"].(string)
			for _, action := range e.(object)["available_actions"].([]any) {
				docs := c.ok(c.get("/skills/docs?id=" + skill + "&section=actions." + url.QueryEscape(name) + "." + action.(string)))
				var got, want []string
				example := ""
				for _, block := range docs.list("content") {
					switch b := block.(object); b["type"] {
					case "table":
						for _, row := range b["rows"].([]any) {
							cells := row.([]any)
							got = append(got, fmt.Sprint(cells[0], " ", cells[2] == "yes"))
						}
					case "code":
						example = b["code"].(string)
					}
				}
				for _, p := range parametersOf(e, action.(string)) {
					want = append(want, fmt.Sprint(p["name"], " ", p["required"]))
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("%s.%s documents %v, and describes %v", name, action, got, want)
				}
				if name == "empty" || name == "jobs" || action == "create" || action == "update" || action == "delete" || action == "download" && name == "both" {
					continue
				}
				// The example works.
				if a := c.post(connectorsPath+"/"+id+"/execute", example); a.status != 200 || len(a.raw) == 0 && name == "files" {
					t.Errorf("%s: %s is answered %d %s", name, example, a.status, a.raw)
				}
			}
		}
	}
}

func TestDescribedTypes(t *testing.T) {
	c := memoryCaller(t, agentstest.New(agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{"things": {Records: []object{
		{"id": 1, "mixed": 1, "size": 2, "gone": nil, "text": "x", "either": "x", "flag": true, "list": []int{}, "object": object{}},
		{"id": 2, "mixed": 1.5, "size": nil, "gone": nil, "text": "x", "either": 5, "late": "x"},
	}}}})))
	types := func(id, entity string) map[string]object {
		return parametersOf(c.ok(c.execute(id, entity, "describe", nil)).at("result", 0), "create")
	}
	got := types(c.connector("w", "acme"), "things")
	for field, want := range map[string]any{
		"id": "integer", "mixed": "number", "size": []any{"integer", "null"}, "text": "string", "either": []any{"integer", "string"}, "late": "string",
		"flag": "boolean", "list": "array", "object": "object", "gone": "string",
	} {
		if !reflect.DeepEqual(got[field]["type"], want) {
			t.Errorf("%s: %v, want the type %v", field, got[field], want)
		}
	}
	if a := types(c.connector("default", "zendesk-support"), "tickets")["assignee_id"]["type"]; !reflect.DeepEqual(a, []any{"integer", "null"}) {
		t.Errorf("assignee_id: %v", a)
	}
}

// Parameters that count something are integers.
func TestDescribedPaging(t *testing.T) {
	entities := map[string]agentstest.Entity{}
	for _, p := range agentstest.Pagings() {
		entities[string(p)] = agentstest.Entity{Records: numbers(3), Paging: p}
	}
	c := memoryCaller(t, agentstest.New(agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: entities})))
	for _, e := range c.ok(c.execute(c.connector("w", "acme"), "", "describe", nil)).list("result") {
		p := agentstest.Paging(e.(object)["entity_name"].(string))
		for _, action := range e.(object)["available_actions"].([]any) {
			params := parametersOf(e, action.(string))
			typeOf := func(name string) any { return params[name]["type"] }
			switch action {
			case "list", "search", "api_search":
				next, size := any("string"), any("integer")
				switch p {
				case agentstest.PagingOffset, agentstest.PagingPage, agentstest.PagingPageNumber:
					next = "integer"
				case agentstest.PagingNone:
					next, size = nil, nil
				}
				if typeOf("per_page") != size || typeOf(p.Param()) != next {
					t.Errorf("%s.%s: %v", p, action, params)
				}
			case "context_store_search":
				for _, name := range []string{"query", "semantic"} {
					if text, _ := params[name]["description"].(string); !strings.Contains(text, "either query or semantic is required") {
						t.Errorf("%s: %q", name, text)
					}
				}
				if typeOf("limit") != "integer" || fmt.Sprint(params["fields"]["items"]) != "map[type:string]" {
					t.Errorf("context_store_search: %v", params)
				}
			}
		}
	}
}

func TestDescribeOddEntities(t *testing.T) {
	_, c := start(t, agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{
		"files": {Files: map[string]agentstest.File{"a": {}}}, "jobs": {Actions: []string{"run"}}, "tags": {Records: []object{}},
	}}))
	a := c.ok(c.execute(c.connector("w", "acme"), "", "describe", nil))
	if p := parametersOf(a.at("result", 0), "download")["id"]; p["required"] != true || p["description"] != "the id of the file, such as a" {
		t.Errorf("files: %s", a.raw)
	}
	if a.text("result", 1, "available_actions", 0) != "run" || a.at("result", 1, "parameters", "run") != nil {
		t.Errorf("an action that was made up: %s", a.raw)
	}
	if len(a.list("result", 2, "available_actions")) == 0 || len(parametersOf(a.at("result", 2), "create")) != 0 {
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
	// The kind exists now, with its records.
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

// New records can be created in an entity without records.
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

// get, update, delete and download need an ID.
func TestActionsNeedAnID(t *testing.T) {
	s := agentstest.New(agentstest.WithConnector("w", agentstest.Connector{Slug: "acme", Entities: map[string]agentstest.Entity{
		"files":  {Files: map[string]agentstest.File{"f": {Data: []byte("x")}}},
		"papers": {Key: "path", Files: map[string]agentstest.File{"a/b": {Data: []byte("x")}}},
	}}))
	c := memoryCaller(t, s)
	acme := c.connector("w", "acme")
	for _, tc := range []struct{ id, entity, key string }{
		{c.connector("default", "github"), "issues", "number"},
		{c.connector("default", "stripe"), "invoices", "id"},
		{c.connector("default", "salesforce"), "accounts", "Id"},
		{c.connector("default", "zendesk-support"), "attachments", "id"},
		{acme, "files", "id"},
		{acme, "papers", "path"},
	} {
		actions := []string{"get", "update", "delete"}
		switch tc.entity {
		case "invoices":
			actions = append(actions, "download")
		case "files", "papers", "attachments":
			actions = []string{"download"}
		}
		for _, action := range actions {
			for _, params := range []any{nil, object{}, object{tc.key: nil}, object{tc.key: ""}, object{"per_page": 10}, object{"title": "Add a dark theme"}, object{tc.key: "", "id": nil}} {
				a := c.refused(c.execute(tc.id, tc.entity, action, params), 422, "missing")
				if a.text("errors", 0, "field") != "body.params."+tc.key || len(a.list("errors")) != 1 {
					t.Errorf("%s.%s with %v: %s", tc.entity, action, params, a.raw)
				}
			}
			for _, wrong := range []any{object{}, []int{1}} {
				c.refused(c.execute(tc.id, tc.entity, action, object{tc.key: wrong}), 422, "type_error")
			}
		}
	}
	// Nothing was changed or deleted.
	if n := len(c.ok(c.execute(c.connector("default", "github"), "issues", "list", object{"state": "open", "per_page": 100})).list("result")); n != 10 {
		t.Errorf("%d open issues", n)
	}
	// Any parameter can name a file that exists; only an ID can name one that does not.
	for params, size := range map[string]int{`{"path":"a/b"}`: 1, `{"name":"a/b"}`: 1, `{"paper_id":"no"}`: 0, `{"fileId":"no"}`: 0, `{"id":"","paper_id":"a/b"}`: 1} {
		a := c.ok(c.post(connectorsPath+"/"+acme+"/execute", `{"entity":"papers","action":"download","params":`+params+`}`))
		if len(a.raw) != size {
			t.Errorf("%s: %q", params, a.raw)
		}
	}
}

// A parameter that identifies a record is not stored as a field, and a field
// does not identify a record.
func TestNamesOfRecords(t *testing.T) {
	c := memoryCaller(t, agentstest.New())
	hubspot, github := c.connector("default", "hubspot"), c.connector("default", "github")
	for _, id := range []string{"id", "company_id", "companyId", "companies_id"} {
		a := c.ok(c.execute(hubspot, "companies", "update", object{id: "901", "archived": true}))
		if _, there := a.at("result").(object)[id]; there != (id == "id") || a.text("result", "id") != "901" || a.at("result", "archived") != true {
			t.Errorf("by %s: %s", id, a.raw)
		}
	}
	// An issue has an ID and a number. The number is its key.
	c.refused(c.execute(github, "issues", "get", object{"id": 15}), 422, "missing")
	if a := c.ok(c.execute(github, "issues", "get", object{"number": "15"})); a.text("result", "title") != "Timeouts are not configurable" {
		t.Errorf("by number: %s", a.raw)
	}
	// Nested fields of a vendor stay nested.
	a := c.ok(c.execute(hubspot, "contacts", "create", object{"properties": object{"firstname": "Ada"}}))
	if a.text("result", "properties", "firstname") != "Ada" {
		t.Errorf("created %s", a.raw)
	}
}
