package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
)

// A step is a request that a program in any language would send, written by hand
// from what is known about the service.
type step struct {
	send    string // the method and the path, after /api/v1; a part in braces is a path parameter
	query   string
	body    string // "" for none
	status  int
	members string // what the response must have, as parseMembers reads it
	keep    string // names and places of values that later steps use as $name
}

// The whole contract of the first release, in an order in which nothing is used before it
// exists. An operation that the contract gains needs no step: package internal/calls calls
// it. $workspace, $organization, $client and $secret are those that the command prints.
var steps = []step{
	{send: "POST /account/applications/token", body: `{"client_id": "$client", "client_secret": "$secret"}`,
		status: 200, members: "access_token token_type expires_in", keep: "token=access_token"},
	{send: "POST /account/applications/scoped-token", body: `{"workspace_name": "another", "region_id": null}`,
		status: 200, members: "token", keep: "scoped=token"},
	{send: "GET /account/applications/scoped-token/info", status: 200, members: "organization_id workspace_id workspace_name", keep: "another=workspace_id"},
	{send: "POST /account/applications/widget-token",
		body:   `{"workspace_name": "$workspace", "allowed_origin": "https://app.example.com", "selected_source_template_tags": ["crm"], "selected_source_template_tags_mode": "any"}`,
		status: 200, members: "token"},

	{send: "GET /internal/account/organizations", status: 200, members: "organizations[](id organization_name)"},
	{send: "GET /workspaces", query: "limit=1&status=active", status: 200,
		members: "next data[](id name organization_id status cache_enabled tombstone visibility color created_at updated_at)"},
	{send: "GET /workspaces", query: "name_contains=$workspace", status: 200, members: "data[](id)", keep: "workspaceID=data.0.id"},
	{send: "GET /workspaces/stats", status: 200, members: "active_count inactive_count total_count"},
	{send: "GET /workspaces/{$workspaceID}", status: 200,
		members: "id name organization_id status cache_enabled tombstone visibility color created_at updated_at"},
	{send: "PUT /workspaces/{$workspaceID}", body: `{"name": null, "status": null, "cache_enabled": true}`, status: 200,
		members: "id name organization_id status cache_enabled tombstone visibility color created_at updated_at"},
	{send: "DELETE /workspaces/{$another}", status: 200, members: "id deleted_at"},

	{send: "GET /integrations/definitions/sources", query: "name=HUBSPOT", status: 200, members: "definitions[](name sourceDefinitionId)", keep: "source=definitions.0.sourceDefinitionId"},
	{send: "GET /integrations/definitions/sources/{$source}", status: 200, members: "id definition(name spec(connectionSpecification(type)))"},
	{send: "GET /integrations/definitions/destinations", status: 200, members: "destinations[](id name icon)", keep: "destination=destinations.0.id"},
	{send: "GET /integrations/definitions/destinations/{$destination}", status: 200, members: "id definition(name spec(connectionSpecification(type)))"},

	{send: "GET /integrations/templates/sources/global", status: 200, members: "data[](id name)", keep: "global=data.0.id"},
	{send: "POST /integrations/templates/sources", body: `{"original_source_template_id": "$global", "name": "Ours", "mode": null}`, status: 200,
		members: "id name source_definition_id user_config_spec(connectionSpecification(type)) partial_default_config", keep: "template=id"},
	{send: "GET /integrations/templates/sources", query: "tags=none&tags_mode=any", status: 200, members: "data"},
	{send: "GET /integrations/templates/sources/{$template}", status: 200,
		members: "id name source_definition_id user_config_spec(connectionSpecification(type)) partial_default_config"},
	{send: "PATCH /integrations/templates/sources/{$template}", body: `{"name": "Renamed", "propagate": false, "customization": null}`, status: 200,
		members: "id name source_definition_id user_config_spec(connectionSpecification(type)) partial_default_config"},
	{send: "DELETE /integrations/templates/sources/{$template}", status: 200, members: "id deleted_at"},

	{send: "POST /integrations/templates/connections", body: `{"destination_name": "Lake", "destination_definition_id": "$destination", "destination_config": {"project_id": "p", "dataset_id": "d"}}`,
		status: 200, members: "id organization_id destination_name destination_definition_id destination_config", keep: "connection=id"},
	{send: "GET /integrations/templates/connections", status: 200, members: "data[](id organization_id destination_name)"},
	{send: "GET /integrations/templates/connections/{$connection}", status: 200, members: "id organization_id destination_name destination_definition_id destination_config"},
	{send: "PATCH /integrations/templates/connections/{$connection}", body: `{"cron_expression": "0 0 9 ? * MON", "sync_on_create": false}`, status: 200,
		members: "id organization_id destination_name destination_definition_id destination_config"},
	{send: "DELETE /integrations/templates/connections/{$connection}", status: 200, members: "id deleted_at"},
	{send: "POST /integrations/templates/connections/cron/describe", body: `{"cron_expression": "0 0 9 ? * MON"}`, status: 200, members: "description is_valid"},

	{send: "POST /integrations/connectors/check", body: `{"workspace_name": "$workspace", "definition_id": "$source", "credentials": {"access_token": "x"}}`, status: 200, members: "id status"},
	{send: "POST /integrations/connectors", status: 200,
		body:    `{"workspace_name": "$workspace", "definition_id": "$source", "connector_type": null, "source_template_id": null, "name": "New", "credentials": {"access_token": "x"}, "entities": null}`,
		members: "id name source_template(id name source_definition_id user_config_spec(connectionSpecification(type)) partial_default_config) replication_config", keep: "connector=id"},
	{send: "GET /integrations/connectors", query: "workspace_name=$workspace", status: 200,
		members: "data[](id name summarized_source_template(id name icon actor_definition_id))"},
	{send: "GET /integrations/connectors/{$connector}", status: 200,
		members: "id name source_template(id name source_definition_id user_config_spec(connectionSpecification(type)) partial_default_config) replication_config"},
	{send: "PUT /integrations/connectors/{$connector}", body: `{"name": "Newer", "entities": []}`, status: 200,
		members: "id name source_template(id name source_definition_id user_config_spec(connectionSpecification(type)) partial_default_config) replication_config"},
	{send: "POST /integrations/connectors/{$connector}/check", body: `{}`, status: 200, members: "id status"},
	{send: "GET /integrations/connectors/{$connector}/inspect", status: 200,
		members: "connector_id name workspace_id organization_id source_definition_id source_config_template_id docs_skill_id context_store_readiness(connector_id source_definition_id)", keep: "skill=docs_skill_id"},
	{send: "POST /integrations/connectors/{$connector}/execute", body: `{"entity": "contacts", "action": "list", "params": {"limit": 2}, "select_fields": ["id"], "skip_truncation": true, "intent": "a test"}`,
		status: 200, members: "status result[](id) connector_metadata execution_metadata(connector_instance_id execution_time_ms)"},
	{send: "POST /integrations/connectors/{$connector}/execute", body: `{"entity": "contacts", "action": "context_store_search", "params": {"query": {"filter": {"array_contains": {"tags": "x"}}}}}`,
		status: 422, members: "message errors[](field message error_code details(closest_fields))"},
	{send: "POST /integrations/connectors/{$connector}/execute", body: `{"entity": "", "action": "describe"}`, status: 200,
		members: "status result[](entity_name description available_actions parameters(list[](name in required type description)))"},
	{send: "POST /integrations/connectors/{$connector}/execute/prepare", body: `{"entity": "contacts", "action": "list", "params": {}}`, status: 200,
		members: "status bundle(definition_yaml) warning"},
	{send: "DELETE /integrations/connectors/{$connector}", status: 202, members: "job_id"},

	{send: "GET /skills", query: "limit=2", status: 200, members: "next_cursor data[](id kind title provenance version freshness)"},
	{send: "GET /skills/search", query: "query=operators", status: 200, members: "data[](id kind title provenance version freshness)", keep: "skill=data.0.id"},
	{send: "GET /skills/docs", query: "id=$skill", status: 200, members: "metadata(id kind title provenance version freshness) outline[](id title) content[](type)"},

	{send: "PUT /oauth/credentials", body: `{"connector_type": "hubspot", "connector_definition_id": null, "configuration": {"client_id": "a", "client_secret": "b"}}`,
		status: 200, members: "id scope_type scope_id connector_type connector_definition_id created_at updated_at"},
	{send: "POST /integrations/connectors/oauth/initiate", body: `{"workspace_name": "$workspace", "connector_type": "HubSpot", "redirect_url": "https://app.example.com/back"}`,
		status: 200, members: "consent_url"},
	{send: "DELETE /oauth/credentials/connector_type/{hubspot}", status: 204},

	{send: "POST /internal/workflows", body: `{"workspace_id": "$workspaceID", "name": "Digest", "tasks": []}`, status: 200, members: "id name workspace_id", keep: "workflow=id"},
	{send: "GET /internal/workflows", query: "workspace_id=$workspaceID", status: 200, members: "data[](id name workspace_id)"},
	{send: "GET /internal/workflows/{$workflow}", query: "workspace_id=$workspaceID", status: 200, members: "id name workspace_id"},
	{send: "PATCH /internal/workflows/{$workflow}", query: "workspace_id=$workspaceID", body: `{"name": "Weekly"}`, status: 200, members: "id name workspace_id"},
	{send: "POST /internal/workflows/{$workflow}/automations", query: "workspace_id=$workspaceID",
		body:   `{"workspace_id": "$workspaceID", "enabled": true, "trigger_type": "schedule", "cron_expression": "0 0 9 ? * MON", "timezone": "UTC", "completion_webhook_url": null}`,
		status: 200, members: "id workflow_id workspace_id enabled trigger_type", keep: "automation=id"},
	{send: "GET /internal/workflows/{$workflow}/automations", query: "workspace_id=$workspaceID", status: 200, members: "data[](id workflow_id workspace_id enabled trigger_type)"},
	{send: "GET /internal/workflows/{$workflow}/automations/{$automation}", query: "workspace_id=$workspaceID", status: 200, members: "id workflow_id workspace_id enabled trigger_type"},
	{send: "PATCH /internal/workflows/{$workflow}/automations/{$automation}", query: "workspace_id=$workspaceID", body: `{"enabled": false}`, status: 200,
		members: "id workflow_id workspace_id enabled trigger_type"},
	{send: "DELETE /internal/workflows/{$workflow}/automations/{$automation}", query: "workspace_id=$workspaceID", status: 204},
	{send: "DELETE /internal/workflows/{$workflow}", query: "workspace_id=$workspaceID", status: 204},

	{send: "GET /organizations/{$organization}/credentials", query: "limit=2&offset=1", status: 200, members: "data[](id workspace_name connector_name context_store_badge_status) total"},
}

// A program that knows only the wire, and nothing of this module, can use the operations of
// the command.
func TestEveryOperation(t *testing.T) {
	values := serve(t)
	value := func(name string) string { return values[name] }
	seen := map[string]bool{}
	for _, s := range steps {
		name := s.send + " " + s.body
		method, path, _ := strings.Cut(s.send, " ")
		seen[method+" "+anyParameter(path)] = true
		bearer := values["token"]
		if strings.HasSuffix(path, "/scoped-token/info") {
			bearer = values["scoped"]
		}
		path = os.Expand(strings.NewReplacer("{", "", "}", "").Replace(path), value)
		if s.query != "" {
			path += "?" + os.Expand(s.query, value)
		}
		status, answer := send(t, method, values["host"]+"/api/v1"+path, bearer, os.Expand(s.body, value))
		if status != s.status {
			t.Fatalf("%s: %d %v, want %d", name, status, answer, s.status)
		}
		rest, problems := lacks(answer, s.members, "")
		if rest != "" || len(problems) > 0 {
			t.Errorf("%s: %v in %v; not read: %q", name, problems, answer, rest)
		}
		for pair := range strings.FieldsSeq(s.keep) {
			key, place, _ := strings.Cut(pair, "=")
			values[key] = textAt(answer, place)
			if values[key] == "" {
				t.Fatalf("%s: nothing at %s in %v", name, place, answer)
			}
		}
	}
	if all := len(agentstest.Operations()); len(seen) < 53 || all < len(seen) {
		t.Errorf("%d operations were called, and there are %d: %v", len(seen), all, seen)
	}
}

// anyParameter returns a path in which all parameters have the same name.
func anyParameter(path string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(part, "{") {
			part = "{}"
		}
		b.WriteString("/" + part)
	}
	return b.String()
}

// serve starts the command, and returns what it prints.
func serve(t *testing.T) map[string]string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-addr", "127.0.0.1:0"}, write, io.Discard)
		_ = write.Close()
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Error("it does not end")
		}
	})
	names := map[string]string{
		"AIRBYTE_API_HOST": "host", "AIRBYTE_CLIENT_ID": "client", "AIRBYTE_CLIENT_SECRET": "secret",
		"AIRBYTE_ORGANIZATION_ID": "organization", "AIRBYTE_WORKSPACE": "workspace",
	}
	values := map[string]string{}
	lines := bufio.NewScanner(read)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "# Stop it") {
		if line, found := strings.CutPrefix(lines.Text(), "export "); found {
			name, value, _ := strings.Cut(line, "=")
			values[names[name]] = value
		}
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	return values
}

// send sends a request and decodes the response.
func send(t *testing.T, method, url, bearer, body string) (status int, answer any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil && !errors.Is(err, io.EOF) {
		t.Fatalf("%s %s: %d, %v", method, url, resp.StatusCode, err)
	}
	return resp.StatusCode, answer
}

// lacks returns what v has not of the members in a list such as "id data[](name)": a
// name, brackets if it is an array with at least one element, and in parentheses the
// members of the object, or of each element. It reads the list up to a parenthesis that
// closes, and returns the rest.
func lacks(v any, list, at string) (rest string, problems []string) {
	object, ok := v.(map[string]any)
	if !ok && list != "" {
		problems = append(problems, at+" is no object")
	}
	for list = strings.TrimLeft(list, " "); list != "" && list[0] != ')'; list = strings.TrimLeft(list, " ") {
		end := strings.IndexAny(list+" ", "[( )")
		name := list[:end]
		list = list[end:]
		member, has := object[name]
		if !has {
			problems = append(problems, "no "+at+name)
		}
		elements := []any{member}
		if after, found := strings.CutPrefix(list, "[]"); found {
			list = after
			if elements, _ = member.([]any); len(elements) == 0 {
				problems = append(problems, "nothing in "+at+name)
				elements = []any{nil}
			}
		}
		inner, found := strings.CutPrefix(list, "(")
		if !found {
			continue
		}
		for _, element := range elements {
			var more []string
			list, more = lacks(element, inner, at+name+".")
			problems = append(problems, more...)
		}
		list = strings.TrimPrefix(list, ")")
	}
	return list, problems
}

// textAt returns the text at a dotted path, "" if there is none.
func textAt(v any, path string) string {
	for part := range strings.SplitSeq(path, ".") {
		switch w := v.(type) {
		case map[string]any:
			v = w[part]
		case []any:
			if part != "0" || len(w) == 0 {
				return ""
			}
			v = w[0]
		}
	}
	text, _ := v.(string)
	return text
}

func TestLacks(t *testing.T) {
	var v any
	if err := json.Unmarshal([]byte(`{"id": null, "data": [{"name": "a", "of": {"x": 1}}, {"of": {"y": 1}}], "none": []}`), &v); err != nil {
		t.Fatal(err)
	}
	for list, want := range map[string]string{
		"":                      "",
		"id data none":          "",
		"data[](of) id":         "",
		"data[](name of(x)) id": "no data.name, no data.of.x",
		"data[](of(x)) other":   "no data.of.x, no other",
		"none[](x)":             "nothing in none, none. is no object, no none.x",
		"id(x)":                 "id. is no object, no id.x",
	} {
		if rest, got := lacks(v, list, ""); rest != "" || strings.Join(got, ", ") != want {
			t.Errorf("%s: %v, want %s; not read: %q", list, got, want, rest)
		}
	}
}
