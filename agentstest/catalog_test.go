package agentstest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

const unknownID = "11111111-0000-4000-8000-000000000009"

func TestDefinitions(t *testing.T) {
	_, c := start(t)
	a := c.ok(c.get("/integrations/definitions/sources?name=zendesk"))
	if len(a.list("definitions")) != 1 || a.text("definitions", 0, "supportLevel") != "certified" {
		t.Errorf("sources %s", a.raw)
	}
	id := a.text("definitions", 0, "sourceDefinitionId")
	a = c.ok(c.get("/integrations/definitions/sources/" + id))
	if a.text("id") != id || len(a.list("definition", "spec", "connectionSpecification", "required")) != 2 || len(a.list("example_questions", "search")) != 1 {
		t.Errorf("source %s", a.raw)
	}
	c.denied(c.get("/integrations/definitions/sources/"+unknownID), 404, "")
	a = c.ok(c.get("/integrations/definitions/destinations"))
	if len(a.list("destinations")) != 3 {
		t.Errorf("destinations %s", a.raw)
	}
	s3 := a.text("destinations", 2, "id")
	if a = c.ok(c.get("/integrations/definitions/destinations?actorDefinitionIds=" + s3 + "&actorDefinitionIds=" + unknownID)); len(a.list("destinations")) != 1 {
		t.Errorf("filtered %s", a.raw)
	}
	if a = c.ok(c.get("/integrations/definitions/destinations/" + s3)); a.text("definition", "name") != "S3" {
		t.Errorf("destination %s", a.raw)
	}
	c.denied(c.get("/integrations/definitions/destinations/"+unknownID), 404, "")
}

func TestSourceTemplates(t *testing.T) {
	_, c := start(t)
	const path = "/integrations/templates/sources"
	own := c.ok(c.get(path))
	if len(own.list("data")) != 1 || own.text("data", 0, "organization_id") != agentstest.OrganizationID {
		t.Errorf("own %s", own.raw)
	}
	global := c.ok(c.get(path + "?use_global=true"))
	if len(global.list("data")) != 12 || global.at("data", 0, "organization_id") != nil {
		t.Errorf("global %s", global.raw)
	}
	if n := len(c.ok(c.get(path + "?use_global=true&tags=crm&tags=chat&tags_mode=any")).list("data")); n != 3 {
		t.Errorf("%d with any tag", n)
	}
	if n := len(c.ok(c.get(path + "?use_global=true&tags=crm&tags=chat")).list("data")); n != 0 {
		t.Errorf("%d with all tags", n)
	}
	c.refused(c.get(path+"?tags_mode=some"), 422, "enum")
	c.refused(c.get(path+"?use_global=maybe"), 422, "type_error")

	definition := global.text("data", 0, "actor_definition_id")
	made := c.ok(c.post(path, object{"actor_definition_id": definition, "partial_default_config": object{"start_date": "2026-01-01"}, "name": "Ours"}))
	if made.text("mode") != "REPLICATION" || made.text("name") != "Ours" || made.text("partial_default_config", "start_date") == "" {
		t.Errorf("made %s", made.raw)
	}
	clone := c.ok(c.post(path, object{"original_source_template_id": made.text("id"), "name": "Clone", "mode": "MULTI"}))
	if clone.text("mode") != "MULTI" || clone.text("partial_default_config", "start_date") == "" {
		t.Errorf("clone %s", clone.raw)
	}
	c.refused(c.post(path, object{"original_source_template_id": made.text("id")}), 400, "name_taken")
	c.refused(c.post(path, object{}), 422, "one_of")
	c.refused(c.post(path, object{"actor_definition_id": definition}), 422, "missing")
	c.denied(c.post(path, object{"actor_definition_id": unknownID, "partial_default_config": object{}}), 404, "")
	c.refused(c.post(path, object{"actor_definition_id": 7, "partial_default_config": object{}}), 422, "type_error")

	one := path + "/" + made.text("id")
	a := c.ok(c.patch(one, object{"name": "Renamed", "customization": object{"stream_selection_mode": "suggested"}}))
	if a.text("name") != "Renamed" || a.text("customization", "stream_selection_mode") != "suggested" || a.text("partial_default_config", "start_date") == "" {
		t.Errorf("changed %s", a.raw)
	}
	if a = c.ok(c.patch(one, object{"customization": nil})); a.at("customization") != nil {
		t.Errorf("null %s", a.raw)
	}
	if a = c.ok(c.get(one)); a.text("connector_name") == "" || a.at("auth_tooltip") == nil {
		t.Errorf("details %s", a.raw)
	}
	c.denied(c.patch(path+"/"+global.text("data", 0, "id"), object{"name": "Mine"}), 403, "provided by Airbyte")
	c.denied(c.delete(path+"/"+global.text("data", 0, "id")), 403, "")
	c.refused(c.patch(one, object{"mode": "SIDEWAYS"}), 422, "enum")

	// With two templates of its own for one kind, a request must name one.
	body := object{"workspace_name": "default", "definition_id": definition, "credentials": object{}}
	c.refused(c.post("/integrations/connectors", body), 422, "ambiguous")
	c.ok(c.delete(one))
	c.denied(c.get(one), 404, "")
	if a = c.ok(c.post("/integrations/connectors", body)); a.text("source_template", "name") != "Clone" {
		t.Errorf("connector %s", a.raw)
	}
}

func TestConnectionTemplates(t *testing.T) {
	_, c := start(t)
	const path = "/integrations/templates/connections"
	if a := c.ok(c.get(path)); len(a.list("data")) != 2 || a.text("data", 0, "data_hosting_type") != "user_hosted" {
		t.Errorf("list %s", a.raw)
	}
	if a := c.ok(c.get(path + "?tags=lake")); len(a.list("data")) != 1 {
		t.Errorf("tagged %s", a.raw)
	}
	s3 := c.ok(c.get("/integrations/definitions/destinations")).text("destinations", 2, "id")
	good := object{"data_hosting_type": "user_hosted", "destination_name": "Mine", "destination_definition_id": s3,
		"destination_config": object{"s3_bucket_name": "b", "secret": "s"}, "cron_expression": "0 0 6 * * ?", "sync_on_create": false}
	a := c.ok(c.post(path, good))
	if a.at("sync_on_create") != false || a.text("destination_config", "secret") == "s" {
		t.Errorf("made %s", a.raw)
	}
	one := path + "/" + a.text("id")
	if a = c.ok(c.patch(one, object{"destination_name": "Yours"})); a.text("cron_expression") != "0 0 6 * * ?" || a.text("destination_name") != "Yours" {
		t.Errorf("absent keeps: %s", a.raw)
	}
	if a = c.ok(c.patch(one, object{"cron_expression": nil, "sync_on_create": nil})); a.at("cron_expression") != nil || a.at("sync_on_create") != nil {
		t.Errorf("null takes away: %s", a.raw)
	}
	c.refused(c.patch(one, object{"cron_expression": "whenever"}), 422, "cron")
	c.refused(c.patch(one, object{"destination_config": object{}}), 422, "missing")
	c.refused(c.patch(one, object{"non_breaking_changes_preference": "panic"}), 422, "enum")
	c.ok(c.get(one))
	c.ok(c.delete(one))
	c.denied(c.get(one), 404, "")

	if a = c.ok(c.post(path, object{"data_hosting_type": "airbyte_hosted"})); a.text("destination_name") == "" {
		t.Errorf("hosted %s", a.raw)
	}
	c.refused(c.post(path, object{}), 422, "missing")
	c.refused(c.post(path, object{"data_hosting_type": "self_hosted"}), 422, "enum")
	c.refused(c.post(path, object{"data_hosting_type": "user_hosted"}), 422, "missing")
	c.refused(c.post(path, object{"data_hosting_type": "user_hosted", "destination_name": "x", "destination_definition_id": s3, "destination_config": object{}}), 422, "missing")
	c.refused(c.post(path, object{"data_hosting_type": "airbyte_hosted", "cron_expression": "* *"}), 422, "cron")
}

func TestDescribeCron(t *testing.T) {
	_, c := start(t)
	for expression, want := range map[string]string{
		"0 0 * * * ?":           "Every hour",
		"0 * * * * ?":           "Every minute",
		"0 0/15 * * * ?":        "Every 15 minutes",
		"0 0 */6 * * ?":         "Every 6 hours",
		"0 30 7 * * ?":          "At 07:30, every day",
		"0 0 7 ? * MON":         "At 07:00, on Monday",
		"0 0 7 ? * MON-FRI":     "At 07:00, on Monday to Friday",
		"0 0 7 1 * ?":           "At 07:00, on day 1 of the month",
		"0 0 7 L JAN,JUL ? ":    "At 07:00, on the last day of the month, in month JAN,JUL",
		"5 1-3 2 ? * 6#3 2027":  "At second 5, minute 1-3, hour 2, on 6#3, in 2027",
		"0 0 7 ? * fri":         "At 07:00, on Friday",
		"0 0 7 * *":             "",
		"0 0 7 * * *":           "",
		"0 0 7 ? * ?":           "",
		"0 60 7 * * ?":          "",
		"0 0 7 32 * ?":          "",
		"0 0 7 ? * FUNDAY":      "",
		"0 0/0 7 * * ?":         "",
		"0 0 7 ? * MON#6":       "",
		"not a cron at all now": "",
	} {
		a := c.ok(c.post("/integrations/templates/connections/cron/describe", object{"cron_expression": expression}))
		if a.at("is_valid") != (want != "") || want != "" && a.text("description") != want || a.text("description") == "" {
			t.Errorf("%q: %s, want %q", expression, a.raw, want)
		}
	}
}

func TestOAuthCredentials(t *testing.T) {
	_, c := start(t)
	const path = "/oauth/credentials"
	app := object{"client_id": "a", "client_secret": "b"}
	first := c.ok(c.put(path, object{"connector_type": "GitHub", "configuration": app}))
	if first.text("scope_id") != agentstest.OrganizationID || first.text("connector_type") != "source" {
		t.Errorf("stored %s", first.raw)
	}
	second := c.ok(c.put(path, object{"connector_definition_id": first.text("connector_definition_id"), "configuration": app}))
	if second.text("id") != first.text("id") {
		t.Error("not replaced")
	}
	c.refused(c.put(path, object{"configuration": app}), 422, "one_of")
	c.refused(c.put(path, object{"connector_type": "github", "configuration": object{}}), 422, "missing")
	c.refused(c.put(path, object{"connector_type": "fax", "configuration": app}), 422, "unknown_connector_type")
	for range 2 {
		c.expect(c.delete(path+"/connector_type/github"), 204)
	}
	c.denied(c.delete(path+"/connector_type/fax"), 404, "")
	if third := c.ok(c.put(path, object{"connector_type": "github", "configuration": app})); third.text("id") == first.text("id") {
		t.Error("not deleted")
	}
}

func TestSkills(t *testing.T) {
	_, c := start(t)
	var ids []string
	pages := 0
	for cursor := "?limit=4"; cursor != ""; pages++ {
		a := c.ok(c.get("/skills" + cursor))
		for _, s := range a.list("data") {
			ids = append(ids, s.(object)["id"].(string))
		}
		cursor = ""
		if next := a.text("next_cursor"); next != "" {
			cursor = "?limit=4&cursor=" + next
		}
	}
	if len(ids) != 11 || pages != 3 { // two static ones and nine connectors
		t.Errorf("%d skills on %d pages", len(ids), pages)
	}
	if n := len(c.ok(c.get("/skills?workspace_id=" + c.workspace("customer-42"))).list("data")); n != 5 {
		t.Errorf("%d skills of a workspace", n)
	}
	c.denied(c.get("/skills?organization_id="+agentstest.SecondOrganizationID), 403, "")
	c.refused(c.get("/skills?limit=101"), 422, "less_than_equal")
	if a := c.ok(c.get("/skills/search?query=Tickets")); len(a.list("data")) != 1 {
		t.Errorf("search %s", a.raw)
	}
	if a := c.ok(c.get("/skills/search?query=nothing+of+the+kind")); len(a.list("data")) != 0 {
		t.Errorf("search %s", a.raw)
	}
	c.refused(c.get("/skills/search"), 422, "missing")
	c.refused(c.get("/skills/search?query="), 422, "string_too_short")

	types := map[string]bool{}
	for _, id := range ids {
		docs := c.ok(c.get("/skills/docs?id=" + id))
		if docs.text("metadata", "id") != id || len(docs.list("outline")) == 0 || len(docs.list("content")) == 0 || docs.at("section_id") != nil {
			t.Errorf("outline %s", docs.raw)
		}
		for _, section := range docs.list("outline") {
			sid := section.(object)["id"].(string)
			a := c.ok(c.get("/skills/docs?id=" + id + "&section=" + sid))
			if a.text("section_id") != sid {
				t.Errorf("section %s", a.raw)
			}
			for _, block := range a.list("content") {
				types[block.(object)["type"].(string)] = true
			}
		}
		for _, block := range docs.list("content") {
			types[block.(object)["type"].(string)] = true
		}
	}
	if len(types) != 5 {
		t.Errorf("block types %v", types)
	}
	c.denied(c.get("/skills/docs?id=connector-source:"+unknownID), 404, "")
	c.denied(c.get("/skills/docs?id="+ids[0]+"&section=none"), 404, "")
	c.refused(c.get("/skills/docs"), 422, "missing")
}

func TestWorkflows(t *testing.T) {
	_, c := start(t)
	ws, other := c.workspace("default"), c.workspace("customer-42")
	const path = "/internal/workflows"
	in := "?workspace_id=" + ws
	if a := c.ok(c.get(path + in)); len(a.list("data")) != 1 || a.text("data", 0, "name") != "Weekly report" {
		t.Errorf("list %s", a.raw)
	}
	c.refused(c.get(path), 422, "missing")
	a := c.ok(c.post(path, object{"workspace_id": ws, "name": "Second", "tasks": []object{{"prompt": "x"}}}))
	one := path + "/" + a.text("id")
	if a = c.ok(c.patch(one+in, object{"name": "Renamed"})); a.text("name") != "Renamed" {
		t.Errorf("changed %s", a.raw)
	}
	if a = c.ok(c.patch(one+in, object{})); a.text("name") != "Renamed" {
		t.Errorf("unchanged %s", a.raw)
	}
	c.denied(c.get(one+"?workspace_id="+other), 404, "")
	c.denied(c.post(path, object{"workspace_id": unknownID, "name": "x"}), 404, "")
	c.refused(c.post(path, object{"workspace_id": ws}), 422, "missing")

	autos := one + "/automations"
	made := c.ok(c.post(autos+in, object{"workspace_id": ws, "enabled": true, "trigger_type": "schedule", "cron_expression": "0 0 7 ? * MON", "completion_webhook_url": "https://a.example.com"}))
	auto := autos + "/" + made.text("id")
	if a = c.ok(c.patch(auto+in, object{"enabled": false})); a.at("enabled") != false || a.text("completion_webhook_url") == "" {
		t.Errorf("absent keeps: %s", a.raw)
	}
	if a = c.ok(c.patch(auto+in, object{"completion_webhook_url": nil})); a.at("completion_webhook_url") != nil {
		t.Errorf("null takes away: %s", a.raw)
	}
	c.refused(c.patch(auto+in, object{"cron_expression": nil}), 422, "missing") // a schedule needs one
	c.refused(c.patch(auto+in, object{"cron_expression": "weekly"}), 422, "cron")
	c.ok(c.patch(auto+in, object{"cron_expression": "0 7 * * 1"})) // as in Unix
	if a = c.ok(c.patch(auto+in, object{"cron_expression": nil, "trigger_type": "manual"})); a.at("cron_expression") != nil {
		t.Errorf("manual: %s", a.raw)
	}
	if hook := c.ok(c.post(autos+in, object{"workspace_id": ws, "enabled": true, "trigger_type": "webhook"})); hook.text("trigger_webhook_url") == "" {
		t.Errorf("webhook %s", hook.raw)
	}
	c.refused(c.post(autos+in, object{"workspace_id": other, "enabled": true, "trigger_type": "manual"}), 422, "mismatch")
	c.refused(c.post(autos+in, object{"workspace_id": ws, "enabled": true, "trigger_type": "schedule"}), 422, "missing")
	c.refused(c.post(autos+in, object{"workspace_id": ws, "trigger_type": "manual"}), 422, "missing")
	if n := len(c.ok(c.get(autos + in)).list("data")); n != 2 {
		t.Errorf("%d automations", n)
	}
	c.expect(c.delete(auto+in), 204)
	c.denied(c.get(auto+in), 404, "")
	c.expect(c.delete(one+in), 204)
	c.denied(c.get(autos+in), 404, "")
}

// An outline has each action once. A connector without entities has an outline, too.
func TestOutline(t *testing.T) {
	empty := agentstest.Connector{Slug: "acme-empty", Name: "Spare", Entities: map[string]agentstest.Entity{}}
	c := memoryCaller(t, agentstest.New(agentstest.WithConnector("default", empty)))
	outline := func(slug string) *answer {
		return c.ok(c.get("/skills/docs?id=connector-source:" + c.connector("default", slug)))
	}
	a := outline("github")
	text := strings.ToLower(a.text("metadata", "title") + a.text("metadata", "summary") + fmt.Sprint(a.at("content")) + fmt.Sprint(a.at("outline")))
	for entity, actions := range map[string]int{"files": 1, "issues": 9, "repositories": 6, "users": 2} {
		if n := strings.Count(text, "actions."+entity+"."); n != actions {
			t.Errorf("%s has %d sections: %s", entity, n, a.raw)
		}
	}
	if n := strings.Count(text, "actions.issues.list"); n != 1 {
		t.Errorf("an action is there %d times: %s", n, a.raw)
	}
	if n := strings.Count(text, "actions of github"); n != 1 {
		t.Errorf("the summary is there %d times: %s", n, a.raw)
	}
	if a = outline("acme-empty"); a.text("metadata", "summary") != "Acme empty has no entities." || len(a.list("outline")) != 0 || len(a.list("content")) != 0 {
		t.Errorf("without entities: %s", a.raw)
	}
	// Searches find the entities nevertheless.
	if n := len(c.ok(c.get("/skills/search?query=repositories")).list("data")); n != 3 {
		t.Errorf("%d skills about repositories", n)
	}
}

func TestTimezones(t *testing.T) {
	_, c := start(t)
	in := "?workspace_id=" + c.workspace("default")
	path := "/internal/workflows/" + c.ok(c.get("/internal/workflows"+in)).text("data", 0, "id") + "/automations"
	for name, valid := range map[string]bool{
		"Europe/Berlin": true, "UTC": true, "Etc/GMT+5": true, "America/Argentina/Buenos_Aires": true,
		"": false, "Local": false, "Mars/Olympus": false, "+01:00": false, "Europe/Berlin ": false, "../zoneinfo/UTC": false,
	} {
		body := object{"workspace_id": c.workspace("default"), "enabled": true, "trigger_type": "schedule", "cron_expression": "0 0 7 ? * MON", "timezone": name}
		if !valid {
			a := c.refused(c.post(path+in, body), 422, "timezone")
			if a.text("errors", 0, "field") != "body.timezone" {
				t.Errorf("%q: %s", name, a.raw)
			}
			c.refused(c.patch(path+"/automation-1"+in, object{"timezone": name}), 422, "timezone")
			continue
		}
		made := c.ok(c.post(path+in, body))
		if made.text("timezone") != name || c.ok(c.patch(path+"/"+made.text("id")+in, object{"timezone": name})).text("timezone") != name {
			t.Errorf("%q: %s", name, made.raw)
		}
	}
}
