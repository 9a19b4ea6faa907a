package agentstest_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
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
	c.denied(c.get(connectorsPath+"?workspace_name=nowhere"), 404, "")
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
		c.denied(c.post(path, good(object{"workspace_name": "nowhere"})), 404, "")
		c.refused(c.post(path, good(object{"connector_type": "fax"})), 422, "unknown_connector_type")
		c.denied(c.post(path, good(object{"connector_type": nil, "definition_id": "11111111-0000-4000-8000-000000000009"})), 404, "")
		c.refused(c.post(path, good(object{"entities": []object{{"entity": "customers", "modes": []string{"dream"}}}})), 422, "enum")
		c.refused(c.post(path, good(object{"credentials": "k"})), 422, "type_error")
	}
}

func TestUpdateConnector(t *testing.T) {
	_, c := start(t)
	path := connectorsPath + "/" + c.connector("default", "zendesk-support")
	tickets := []object{{"entity": "tickets", "modes": []string{"read"}}}
	a := c.ok(c.put(path, object{"entities": tickets, "replication_config": object{"subdomain": "acme", "api_key": "kept-to-itself"}}))
	if strings.Contains(fmt.Sprint(a), "kept-to-itself") {
		t.Error("a secret of a change is shown")
	}
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
	c.denied(c.put(path, `{"name":`), 400, "not valid JSON")
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
	c.denied(c.get(connectorsPath+"/"+id), 404, "")
	c.denied(c.delete(connectorsPath+"/"+id), 404, "")
	if n := len(c.ok(c.get(connectorsPath + "?workspace_name=default")).list("data")); n != 5 {
		t.Errorf("%d connectors", n)
	}

	_, c = start(t)
	id = c.connector("default", "slack")
	c.expect(c.delete(connectorsPath+"/"+id), 202)
	c.denied(c.execute(id, "channels", "list", nil), 404, "")
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
	if a.text("docs_skill_id") != "connector-source:"+id || a.text("workspace_id") != c.workspace("default") || a.text("source_definition_name") != "GitHub" {
		t.Errorf("inspection %s", a.raw)
	}
	if a.at("context_store_readiness", "configured_cache_entities", 0, "ready_for_search") != true {
		t.Errorf("readiness %s", a.raw)
	}
}

// By default, a check refuses blank credentials.
func TestCredentialCheck(t *testing.T) {
	check := func(slug string, credentials map[string]any) error {
		if slug != "stripe" {
			return nil
		}
		if credentials["api_key"] != "good" {
			return fmt.Errorf("bad key %v of %v", credentials["api_key"], len(credentials))
		}
		credentials["api_key"] = "changed" // it is a copy
		return nil
	}
	silent := func(string, map[string]any) error { return errors.New("") }
	for _, tc := range []struct {
		name   string
		check  func(string, map[string]any) error
		config object
		want   string // the reason, "" if the check succeeds
	}{
		{"good", nil, object{"credentials": object{"api_key": "k"}}, ""},
		{"none", nil, object{"credentials": object{}}, ""},
		{"empty", nil, object{"credentials": object{"api_key": ""}}, "Stripe refused the api key"},
		{"blank", nil, object{"credentials": object{"api_key": " \t"}}, "Stripe refused the api key"},
		{"invalid", nil, object{"credentials": object{"api_key": "invalid"}}, "Stripe refused the api key"},
		{"the first of several", nil, object{"credentials": object{"z": "", "b": "", "a": "x"}}, "Stripe refused the b"},
		{"in the config", nil, object{"replication_config": object{"api_key": ""}}, "Stripe refused the api key"},
		{"oauth", nil, object{"server_side_oauth_secret_id": "s"}, ""},
		{"own rule, good", check, object{"credentials": object{"api_key": "good", "b": ""}}, ""},
		{"own rule, bad", check, object{"credentials": object{"api_key": "k"}, "replication_config": object{"a": 1}, "environment": object{"b": 1}}, "bad key k of 3"},
		{"own rule, config", check, object{"replication_config": object{"api_key": "good"}}, ""},
		{"own rule, credentials win", check, object{"replication_config": object{"api_key": "x"}, "credentials": object{"api_key": "good"}}, ""},
		{"own rule, oauth", check, object{"server_side_oauth_secret_id": "s"}, "bad key <nil> of 0"},
		{"no reason", silent, object{"credentials": object{"api_key": "k"}}, "Stripe refused the credentials"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := memoryCaller(t, agentstest.New(agentstest.WithCredentialCheck(tc.check)))
			body := object{"workspace_name": "default", "connector_type": "stripe"}
			maps.Copy(body, tc.config)
			verdict := func(a *answer) string {
				t.Helper()
				if ok := a.text("status") == "succeeded"; ok == (a.text("error_message") != "") || a.text("failure_reason", "external_message") != a.text("error_message") {
					t.Errorf("result %s", a.raw)
				}
				return a.text("error_message")
			}
			if got := verdict(c.ok(c.post(connectorsPath+"/check", body))); got != tc.want {
				t.Errorf("before it is made: %q, want %q", got, tc.want)
			}
			path := connectorsPath + "/" + c.ok(c.post(connectorsPath, body)).text("id")
			for range 2 {
				if got := verdict(c.ok(c.post(path+"/check", object{}))); got != tc.want {
					t.Errorf("once it is made: %q, want %q", got, tc.want)
				}
			}
			c.ok(c.execute(strings.TrimPrefix(path, connectorsPath+"/"), "customers", "list", nil)) // it works
		})
	}

	// A changed replication_config is checked together with the credentials.
	c := memoryCaller(t, agentstest.New(agentstest.WithCredentialCheck(func(_ string, credentials map[string]any) error {
		if credentials["token"] == "t" && credentials["region"] == "eu" {
			return nil
		}
		return errors.New("wrong region")
	})))
	made := c.ok(c.post(connectorsPath, object{"workspace_name": "default", "connector_type": "github", "credentials": object{"token": "t"}, "replication_config": object{"region": "us"}}))
	path := connectorsPath + "/" + made.text("id")
	eu := object{"replication_config": object{"region": "eu"}}
	if a := c.ok(c.post(path+"/check", object{})); a.text("error_message") != "wrong region" {
		t.Errorf("as it is: %s", a.raw)
	}
	if a := c.ok(c.post(path+"/check", eu)); a.text("status") != "succeeded" {
		t.Errorf("as it may become: %s", a.raw)
	}
	c.ok(c.put(path, eu))
	if a := c.ok(c.post(path+"/check", object{})); a.text("status") != "succeeded" {
		t.Errorf("changed: %s", a.raw)
	}
	// A seeded connector has no configuration to judge, but a change is one.
	path = connectorsPath + "/" + c.connector("default", "slack")
	if a := c.ok(c.post(path+"/check", object{})); a.text("status") != "succeeded" {
		t.Errorf("seeded: %s", a.raw)
	}
	if a := c.ok(c.post(path+"/check", eu)); a.text("status") != "failed" {
		t.Errorf("a change of a seeded one: %s", a.raw)
	}
}

// The function may call the service, which calls it from many goroutines at once.
func TestCredentialCheckAtOnce(t *testing.T) {
	var s *agentstest.Service
	var calls, inside atomic.Int64
	all := make(chan struct{})
	s = agentstest.New(agentstest.WithCredentialCheck(func(string, map[string]any) error {
		calls.Add(1)
		if inside.Add(1) == 4 {
			close(all)
		}
		select {
		case <-all: // four are inside at the same time
		case <-time.After(20 * time.Second):
			return errors.New("it is called by one goroutine only")
		}
		if s.Count("createToken") == 0 {
			return errors.New("no count")
		}
		return nil
	}))
	c := memoryCaller(t, s)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			a, err := c.send("POST", connectorsPath+"/check", object{"workspace_name": "default", "connector_type": "stripe", "credentials": object{}})
			if err != nil || a.text("status") != "succeeded" {
				t.Errorf("%v %s", err, a.raw)
			}
			if _, err := c.send("GET", connectorsPath, nil); err != nil { // the service still responds
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if calls.Load() != 4 {
		t.Errorf("%d calls", calls.Load())
	}
}

// A connector can be changed while it is prepared: the race detector judges.
func TestPrepareWhileChanging(t *testing.T) {
	_, c := start(t)
	made := c.ok(c.post(connectorsPath, object{"workspace_name": "default", "connector_type": "github", "credentials": object{"token": "t"}}))
	path := connectorsPath + "/" + made.text("id")
	var changing sync.WaitGroup
	changing.Go(func() {
		for i := range 20 {
			if _, err := c.send("PUT", path, object{"replication_config": object{"n": i}}); err != nil {
				t.Error(err)
			}
		}
	})
	for range 20 {
		c.ok(c.post(path+"/execute/prepare", object{"entity": "issues", "action": "list"}))
	}
	changing.Wait()
}

func TestSearchDelay(t *testing.T) {
	var at atomic.Int64
	at.Store(1_000_000_000) // long before the seeded world came into being
	c := memoryCaller(t, agentstest.New(agentstest.WithSearchDelay(time.Minute), agentstest.WithTokenLifetime(time.Hour),
		agentstest.WithClock(func() time.Time { return time.Unix(at.Load(), 0) })))
	query := object{"query": object{}}
	look := func(id, entity, status string) {
		t.Helper()
		for _, e := range c.ok(c.get(connectorsPath+"/"+id+"/inspect")).list("context_store_readiness", "configured_cache_entities") {
			e := e.(object)
			if e["entity"] != entity {
				continue
			}
			ready, semantic := status == "ready", "INDEXING"
			if ready {
				semantic = "READY"
			}
			if e["status"] != status || e["ready_for_search"] != ready || e["supported"] != true || (e["entity_count"] != nil) != ready || (e["updated_at"] != nil) != ready {
				t.Errorf("%s, want %s: %v", entity, status, e)
			}
			for _, f := range e["semantic_search_status"].([]any) {
				if f.(object)["status"] != semantic {
					t.Errorf("%s, want %s: %v", entity, semantic, f)
				}
			}
			if a := c.execute(id, entity, "context_store_search", query); ready {
				c.ok(a)
			} else if c.refused(a, 422, "not_ready"); a.text("errors", 0, "field") != "body.entity" {
				t.Errorf("refused: %s", a.raw)
			}
			c.ok(c.execute(id, entity, "list", nil))
			return
		}
		t.Errorf("%s is not there", entity)
	}
	seeded := c.connector("default", "github")
	look(seeded, "issues", "pending")
	at.Add(59)
	look(seeded, "issues", "pending")
	made := c.ok(c.post(connectorsPath, object{"workspace_name": "default", "connector_type": "github", "credentials": object{}})).text("id")
	at.Add(1)
	look(seeded, "issues", "ready")
	look(made, "issues", "pending")
	at.Add(59)
	look(made, "issues", "ready")
}
