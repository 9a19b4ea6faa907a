package agentstest_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

const connectorsPath = "/integrations/connectors"

func TestListConnectors(t *testing.T) {
	_, c := start(t)
	a := c.ok(c.get(connectorsPath + "?workspace_name=default"))
	slugs := map[string]bool{}
	var definition string
	for _, item := range a.list("data") {
		template := item.(object)["summarized_source_template"].(object)
		slugs[template["connector_name"].(string)] = true
		if template["connector_name"] == "zendesk-support" {
			definition = template["actor_definition_id"].(string)
			if template["name"] == "" {
				t.Errorf("template %v", template)
			}
		}
	}
	for _, slug := range []string{"github", "hubspot", "salesforce", "slack", "stripe", "zendesk-support"} {
		if !slugs[slug] {
			t.Errorf("no %s", slug)
		}
	}
	count := func(query string, want int) {
		t.Helper()
		if n := len(c.ok(c.get(connectorsPath + "?" + query)).list("data")); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	count("", 9)
	count("customer_name=customer-42", 3)
	count("external_user_id=customer-42", 3)
	count("workspace_id="+c.workspace("customer-42"), 3)
	count("definition_id="+definition, 1)
	count("workspace_name=default&definition_id="+definition, 1)
	count("workspace_name=default&workspace_id="+c.workspace("customer-42"), 0)
	c.refused(c.get(connectorsPath+"?workspace_name=nowhere"), 404, "not_found")
	c.refused(c.get(connectorsPath+"?workspace_id=x"), 422, "uuid_parsing")
}

func TestCreateConnector(t *testing.T) {
	_, c := start(t)
	definitions := c.ok(c.get("/integrations/definitions/sources?name=STRIPE"))
	definition := definitions.text("definitions", 0, "sourceDefinitionId")
	template := c.ok(c.get("/integrations/templates/sources?use_global=true&tags=payments")).text("data", 0, "id")

	for name, body := range map[string]object{
		"type":       {"connector_type": "Stripe", "credentials": object{"api_key": "k"}},
		"definition": {"definition_id": definition, "replication_config": object{"start_date": "2026-01-01T00:00:00Z", "api_key": "k"}},
		"template":   {"source_template_id": template, "server_side_oauth_secret_id": "s"},
	} {
		body["workspace_name"], body["name"] = "customer-42", "Made by "+name
		a := c.ok(c.post(connectorsPath, body))
		if a.text("name") != "Made by "+name || a.text("source_template", "name") != "Stripe" {
			t.Errorf("%s: %s", name, a.raw)
		}
		if name == "definition" && a.text("replication_config", "api_key") == "k" {
			t.Errorf("a secret comes back: %s", a.raw)
		}
		id := a.text("id")
		c.ok(c.get(connectorsPath + "/" + id))
		if n := len(c.ok(c.execute(id, "customers", "list", object{"limit": 100})).list("result")); n != 12 {
			t.Errorf("%s: %d customers", name, n)
		}
	}
	if n := len(c.ok(c.get(connectorsPath + "?workspace_name=customer-42")).list("data")); n != 6 {
		t.Errorf("%d connectors", n)
	}

	good := func(change object) object {
		body := object{"workspace_name": "customer-42", "connector_type": "stripe", "credentials": object{"api_key": "k"}}
		for k, v := range change {
			if v == nil {
				delete(body, k)
			} else {
				body[k] = v
			}
		}
		return body
	}
	for _, path := range []string{connectorsPath, connectorsPath + "/check"} {
		c.refused(c.post(path, good(object{"connector_type": nil})), 422, "one_of")
		c.refused(c.post(path, good(object{"definition_id": definition})), 422, "one_of")
		c.refused(c.post(path, good(object{"credentials": nil})), 422, "any_of")
		c.refused(c.post(path, good(object{"workspace_name": nil})), 422, "missing")
		c.refused(c.post(path, good(object{"workspace_name": "nowhere"})), 404, "not_found")
		c.refused(c.post(path, good(object{"connector_type": "fax"})), 422, "unknown_connector_type")
		c.refused(c.post(path, good(object{"connector_type": nil, "definition_id": "11111111-0000-4000-8000-000000000009"})), 404, "not_found")
		c.refused(c.post(path, good(object{"entities": []object{{"entity": "customers", "modes": []string{"dream"}}}})), 422, "enum")
		c.refused(c.post(path, good(object{"credentials": "k"})), 422, "type_error")
	}
}

func TestUpdateConnector(t *testing.T) {
	_, c := start(t)
	path := connectorsPath + "/" + c.connector("default", "zendesk-support")
	tickets := []object{{"entity": "tickets", "modes": []string{"read"}}}
	a := c.ok(c.put(path, object{"entities": tickets, "replication_config": object{"subdomain": "acme"}}))
	if len(a.list("entities")) != 1 || a.text("replication_config", "subdomain") != "acme" {
		t.Errorf("set: %s", a.raw)
	}
	a = c.ok(c.put(path, object{"name": "Support EU"}))
	if len(a.list("entities")) != 1 || a.text("name") != "Support EU" || a.text("replication_config", "subdomain") != "acme" {
		t.Errorf("absent: %s", a.raw)
	}
	if a = c.ok(c.put(path, object{"entities": nil})); len(a.list("entities")) != 1 {
		t.Errorf("null: %s", a.raw)
	}
	inspected := c.ok(c.get(path + "/inspect"))
	if n := len(inspected.list("context_store_readiness", "configured_cache_entities")); n != 1 {
		t.Errorf("%d configured: %s", n, inspected.raw)
	}
	if a = c.ok(c.put(path, object{"entities": []object{}})); len(a.list("entities")) != 0 {
		t.Errorf("empty: %s", a.raw)
	}
	c.refused(c.put(path, object{"name": ""}), 422, "string_too_short")
	c.refused(c.put(path, `[]`), 422, "type_error")
	c.refused(c.put(path, `null`), 422, "type_error")
	c.refused(c.put(path, `{"name":`), 400, "malformed_json")
	c.refused(c.put(path, nil), 422, "missing")
}

func TestDeleteConnector(t *testing.T) {
	var at atomic.Int64
	at.Store(1_800_000_000)
	clock := agentstest.WithClock(func() time.Time { return time.Unix(at.Load(), 0) })
	_, c := start(t, clock, agentstest.WithDeleteDelay(30*time.Second))
	id := c.connector("default", "slack")
	job := c.expect(c.delete(connectorsPath+"/"+id), 202).text("job_id")
	if job == "" || c.expect(c.delete(connectorsPath+"/"+id), 202).text("job_id") != job {
		t.Error("the job changes")
	}
	c.ok(c.get(connectorsPath + "/" + id)) // the job is running
	c.connector("default", "slack")
	at.Add(30)
	c.refused(c.get(connectorsPath+"/"+id), 404, "not_found")
	c.refused(c.delete(connectorsPath+"/"+id), 404, "not_found")
	if n := len(c.ok(c.get(connectorsPath + "?workspace_name=default")).list("data")); n != 5 {
		t.Errorf("%d connectors", n)
	}

	_, c = start(t)
	id = c.connector("default", "slack")
	c.expect(c.delete(connectorsPath+"/"+id), 202)
	c.refused(c.execute(id, "channels", "list", nil), 404, "not_found")
}

func TestChecks(t *testing.T) {
	_, c := start(t, agentstest.WithConnector("default", agentstest.Connector{Slug: "linear", Entities: map[string]agentstest.Entity{"issues": {}}, CheckError: "The key was refused."}))
	a := c.ok(c.post(connectorsPath+"/check", object{"workspace_name": "default", "connector_type": "stripe", "credentials": object{"api_key": "k"}}))
	if a.text("status") != "succeeded" || len(a.list("entity_check_results")) != 3 {
		t.Errorf("good: %s", a.raw)
	}
	a = c.ok(c.post(connectorsPath+"/check", object{"workspace_name": "default", "connector_type": "stripe", "credentials": object{"api_key": "invalid"}}))
	if a.text("status") != "failed" || a.text("error_message") == "" || a.text("failure_reason", "failure_type") != "config_error" {
		t.Errorf("bad: %s", a.raw)
	}
	if a = c.ok(c.post(connectorsPath+"/"+c.connector("default", "stripe")+"/check", object{})); a.text("status") != "succeeded" {
		t.Errorf("as it is: %s", a.raw)
	}
	if a = c.ok(c.post(connectorsPath+"/"+c.connector("default", "linear")+"/check", object{})); a.text("error_message") != "The key was refused." {
		t.Errorf("linear: %s", a.raw)
	}
}

func TestInspect(t *testing.T) {
	_, c := start(t)
	id := c.connector("default", "github")
	a := c.ok(c.get(connectorsPath + "/" + id + "/inspect"))
	if a.text("docs_skill_id") != "connector_source:"+id || a.text("workspace_id") != c.workspace("default") || a.text("source_definition_name") != "GitHub" {
		t.Errorf("inspection %s", a.raw)
	}
	if a.at("context_store_readiness", "configured_cache_entities", 0, "ready_for_search") != true {
		t.Errorf("readiness %s", a.raw)
	}
}
