package openapi_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/internal/calls"
)

const unknownID = "11111111-0000-4000-8000-000000000009"

// A session calls a service through the SDK, with a validator in between.
type session struct {
	t    *testing.T
	v    *validator
	base string
	c    *client.Client

	examples bool // the service responds with those of the contract

	operations map[string]operation
}

type object = map[string]any

func newSession(t *testing.T, base string, rt http.RoundTripper) *session {
	t.Helper()
	s := &session{t: t, v: newValidator(t, rt), base: base, operations: map[string]operation{}}
	for _, op := range operationsOf(load(t)) {
		s.operations[op.OperationID] = op
	}
	s.c = s.client(client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	return s
}

// client returns another client of the same service, with the same validator.
func (s *session) client(opts ...client.Option) *client.Client {
	s.t.Helper()
	c, err := client.New(append([]client.Option{
		client.WithBaseURL(s.base), client.WithHTTPClient(&http.Client{Transport: s.v}), client.WithMaxRetries(0),
	}, opts...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// as returns the same session with a token.
func (s *session) as(token string) *session {
	other := *s
	other.c = s.client(client.WithTokenSource(auth.Static(auth.Secret(token))))
	return &other
}

func (s *session) send(ctx context.Context, id string, path []string, params, body any) *outcome {
	s.t.Helper()
	got, err := goOperationOf(s.t, s.c.API(), id).call(ctx, path, marshal(s.t, params), marshal(s.t, body))
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

// do calls an operation, which must succeed.
func (s *session) do(id string, params, body object, path ...string) *outcome {
	s.t.Helper()
	got := s.send(s.t.Context(), id, path, params, body)
	if got.status/100 != 2 {
		s.t.Errorf("%s: status %d: %s", id, got.status, got.raw)
	}
	s.v.check(s.t)
	return got
}

// refused calls an operation, which must be refused.
func (s *session) refused(status int, id string, params, body object, path ...string) {
	s.t.Helper()
	got := s.send(wrong(s.t.Context()), id, path, params, body)
	if got.status != status || got.typed == nil {
		s.t.Errorf("%s: status %d, want %d, read as %T: %s", id, got.status, status, got.typed, got.raw)
	}
	s.v.check(s.t)
}

// happyPaths calls every operation with requests that must succeed, on a service
// with the world of agentstest or on one that responds with examples.
func happyPaths(s *session) {
	s.t.Helper()
	const ws = "contract"

	// Tokens.
	s.do("createToken", nil, object{"client_id": agentstest.ClientID, "client_secret": agentstest.ClientSecret})
	scoped := s.do("createScopedToken", nil, object{"workspace_name": ws})
	s.do("createScopedToken", nil, object{"workspace_name": ws, "region_id": nil})
	s.as(scoped.text("token")).do("getScopedTokenInfo", nil, nil)
	s.do("createWidgetToken", nil, object{"workspace_name": ws, "allowed_origin": "https://app.example.com"})
	for _, mode := range []string{"all", "any"} {
		s.do("createWidgetToken", nil, object{
			"workspace_name": ws, "allowed_origin": "https://app.example.com",
			"selected_source_template_tags": []string{"crm"}, "selected_source_template_tags_mode": mode,
			"selected_connection_template_tags": []string{"lake"}, "selected_connection_template_tags_mode": mode,
		})
	}

	// Organizations and workspaces.
	s.do("listOrganizations", nil, nil)
	s.do("getWorkspaceStats", nil, nil)
	s.do("listWorkspaces", nil, nil)
	for _, status := range []string{"active", "inactive"} {
		s.do("listWorkspaces", object{"status": status, "limit": 100}, nil)
	}
	found := s.do("listWorkspaces", object{"name_contains": ws, "limit": 1}, nil)
	workspace := found.text("data", 0, "id")
	s.do("getWorkspace", nil, nil, workspace)
	for _, change := range []object{
		{},
		{"name": "contract-2"},
		{"name": ws, "status": "inactive", "cache_enabled": true},
		{"name": nil, "status": "active", "cache_enabled": nil},
		{"status": nil, "cache_enabled": false},
	} {
		s.do("updateWorkspace", nil, change, workspace)
	}

	// Definitions.
	s.do("listSourceDefinitions", nil, nil)
	sources := s.do("listSourceDefinitions", object{"name": "zendesk"}, nil)
	source := sources.text("definitions", 0, "sourceDefinitionId")
	s.do("getSourceDefinition", nil, nil, source)
	destinations := s.do("listDestinationDefinitions", nil, nil)
	destination := destinations.text("destinations", 0, "id")
	for i := 0; destinations.at("destinations", i) != nil; i++ {
		if destinations.text("destinations", i, "name") == "S3" {
			destination = destinations.text("destinations", i, "id")
		}
	}
	s.do("listDestinationDefinitions", object{"actorDefinitionIds": []string{destination}}, nil)
	s.do("getDestinationDefinition", nil, nil, destination)

	// Source templates, with a mapper of each kind.
	s.do("listSourceTemplates", nil, nil)
	for _, mode := range []string{"all", "any"} {
		s.do("listSourceTemplates", object{"use_global": true, "tags": []string{"crm", "support"}, "tags_mode": mode}, nil)
	}
	mappers := []object{
		{"type": "hashing", "mapper_configuration": object{"target_field": "email", "method": "SHA512", "field_name_suffix": "_h"}},
		{"type": "hashing", "mapper_configuration": object{"target_field": "name", "method": "MD5"}},
		{"type": "field-renaming", "mapper_configuration": object{"original_field_name": "a", "new_field_name": "b"}},
		{"type": "field-filtering", "mapper_configuration": object{"target_field": "phone"}},
		{"type": "row-filtering", "mapper_configuration": object{"conditions": object{"type": "equal", "field_name": "role", "comparison_value": "agent"}}},
		{"type": "encryption", "mapper_configuration": object{
			"target_field": "notes", "public_key": "example-key", "algorithm": "RSA", "padding": "RSA-OAEP", "oaep_hash": "SHA256", "output_encoding": "hex",
		}},
		{"type": "encryption", "mapper_configuration": object{"target_field": "notes", "public_key": "example-key"}},
	}
	template := s.do("createSourceTemplate", nil, object{
		"actor_definition_id": source, "partial_default_config": object{"start_date": "2026-01-01"}, "name": "Contract", "mode": "MULTI",
		"customization": object{
			"stream_selection_mode": "whitelist", "stream_whitelist": []string{"users"}, "stream_mappers": object{"users": mappers},
			"stream_customizations": object{"users": object{"primary_key_fields": [][]string{{"id"}}, "cursor_field": []string{"updated_at"}}},
		},
	}).text("id")
	clone := s.do("createSourceTemplate", nil, object{"original_source_template_id": template, "name": "Contract copy", "mode": "DIRECT"}).text("id")
	s.do("getSourceTemplate", nil, nil, template)
	s.do("getSourceTemplate", nil, nil, s.do("listSourceTemplates", object{"use_global": true}, nil).text("data", 0, "id"))
	for _, change := range []object{
		{},
		{"name": "Contract 2", "propagate": true, "customization": object{"stream_selection_mode": "all"}, "mode": "REPLICATION"},
		{"name": nil, "propagate": nil, "partial_default_config": object{}, "customization": nil, "mode": nil},
	} {
		s.do("updateSourceTemplate", nil, change, template)
	}
	s.do("deleteSourceTemplate", nil, nil, clone)
	s.do("deleteSourceTemplate", nil, nil, template)

	// Connection templates, both arms.
	s.do("listConnectionTemplates", nil, nil)
	s.do("listConnectionTemplates", object{"tags": []string{"lake"}, "tags_mode": "any"}, nil)
	own := s.do("createConnectionTemplate", nil, object{
		"data_hosting_type": "user_hosted", "destination_name": "Contract", "destination_definition_id": destination,
		"destination_config": object{"s3_bucket_name": "example"}, "cron_expression": "0 0 6 * * ?",
		"non_breaking_changes_preference": "propagate_fully", "sync_on_create": false,
	}).text("id")
	least := s.do("createConnectionTemplate", nil, object{
		"destination_name": "Contract least", "destination_definition_id": destination, "destination_config": object{"s3_bucket_name": "example"},
	}).text("id")
	hosted := s.do("createConnectionTemplate", nil, object{"data_hosting_type": "airbyte_hosted"}).text("id")
	for _, id := range []string{own, least, hosted} {
		s.do("getConnectionTemplate", nil, nil, id)
	}
	for _, change := range []object{
		{},
		{"destination_name": "Contract 2", "destination_config": object{"s3_bucket_name": "other"}, "cron_expression": "0 0 7 * * ?", "sync_on_create": true},
		{"cron_expression": nil, "sync_on_create": nil, "non_breaking_changes_preference": nil},
		{"non_breaking_changes_preference": "ignore"},
		{"non_breaking_changes_preference": "disable"},
		{"non_breaking_changes_preference": "propagate_columns"},
	} {
		s.do("updateConnectionTemplate", nil, change, own)
	}
	for _, id := range []string{own, least, hosted} {
		s.do("deleteConnectionTemplate", nil, nil, id)
	}
	s.do("describeCron", nil, object{"cron_expression": "0 0 7 ? * MON"})
	s.do("describeCron", nil, object{"cron_expression": "whenever"})

	// OAuth credentials.
	app := object{"client_id": "a", "client_secret": "b"}
	stored := s.do("setOAuthCredentials", nil, object{"connector_type": "github", "configuration": app})
	s.do("setOAuthCredentials", nil, object{"connector_definition_id": stored.text("connector_definition_id"), "configuration": app})
	s.do("initiateOAuth", nil, object{"workspace_name": ws, "connector_type": "Github", "redirect_url": "https://app.example.com/connected", "name": "Code"})
	s.do("initiateOAuth", nil, object{
		"workspace_name": ws, "definition_id": stored.text("connector_definition_id"), "redirect_url": "https://app.example.com/connected?of=42",
		"connector_type": nil, "source_template_id": nil, "name": nil, "replication_config": object{"start_date": "2026-01-01"}, "oauth_input_configuration": object{"subdomain": "example"},
	})
	s.do("initiateOAuth", nil, object{
		"workspace_name": ws, "source_template_id": s.do("listGlobalSourceTemplates", nil, nil).text("data", 0, "id"), "redirect_url": "https://app.example.com",
		"replication_config": nil, "oauth_input_configuration": nil,
	})
	s.do("deleteOAuthCredentials", nil, nil, "github")

	// Connectors.
	s.do("listConnectors", nil, nil)
	s.do("listConnectors", object{"workspace_id": workspace, "definition_id": source}, nil)
	config := object{"workspace_name": ws, "connector_type": "stripe", "credentials": object{"api_key": "example"}}
	s.do("checkConnectorConfig", nil, config)
	made := s.do("createConnector", nil, config).text("id")
	s.do("createConnector", nil, object{
		"name": "Desk", "workspace_name": ws, "definition_id": source, "credentials": object{"api_token": "example"}, "environment": object{"subdomain": "example"},
		"entities":                          []object{{"entity": "tickets", "modes": []string{"read", "write"}}, {"entity": "users"}},
		"selected_connection_template_tags": []string{}, "selected_connection_template_tags_mode": "all",
	})
	s.do("getConnector", nil, nil, made)
	for _, change := range []object{
		{},
		{"name": "Payments", "entities": []object{{"entity": "charges", "modes": []string{"read"}}}},
		{"name": nil, "entities": nil, "replication_config": nil},
		{"entities": []object{}, "replication_config": object{"start_date": "2026-01-01"}},
	} {
		s.do("updateConnector", nil, change, made)
	}
	s.do("checkConnector", nil, object{}, made)
	s.do("inspectConnector", nil, nil, made)
	s.do("listConnectors", object{"workspace_name": ws}, nil)
	s.do("executeConnector", nil, object{"entity": "", "action": "describe"}, made)
	s.do("executeConnector", nil, object{"entity": "customers", "action": "list", "params": object{"limit": 2}, "select_fields": []string{"id"}, "skip_truncation": false, "intent": "contract"}, made)
	s.do("executeConnector", nil, object{"entity": "customers", "action": "list", "exclude_fields": []string{"email"}}, made)
	s.do("executeConnector", nil, object{"entity": "customers", "action": "context_store_search", "params": object{"query": object{"filter": object{"eq": object{"id": "1"}}}, "limit": 1}}, made)
	s.do("prepareExecution", nil, object{"entity": "customers", "action": "list", "params": object{"limit": 2}, "skip_truncation": false, "select_fields": []string{"id"}}, made)
	s.do("prepareExecution", nil, object{"entity": "customers", "action": "get", "exclude_fields": []string{"email"}}, made)
	s.do("listOrganizationCredentials", nil, nil, agentstest.OrganizationID)
	s.do("listOrganizationCredentials", object{"limit": 1, "offset": 2}, nil, agentstest.OrganizationID)
	s.do("deleteConnector", nil, nil, made)

	// Skills.
	s.do("listSkills", nil, nil)
	page := s.do("listSkills", object{"limit": 1}, nil)
	s.do("listSkills", object{"limit": 1, "cursor": page.text("next_cursor")}, nil)
	s.do("listSkills", object{"workspace_id": workspace, "organization_id": agentstest.OrganizationID}, nil)
	s.do("searchSkills", object{"query": "tickets"}, nil)
	skill := page.text("data", 0, "id")
	docs := s.do("getSkillDocs", object{"id": skill}, nil)
	s.do("getSkillDocs", object{"id": skill, "section": docs.text("outline", 0, "id")}, nil)

	// Workflows and automations.
	in := object{"workspace_id": workspace}
	s.do("listWorkflows", in, nil)
	workflow := s.do("createWorkflow", nil, object{"workspace_id": workspace, "name": "Contract"}).text("id")
	s.do("getWorkflow", in, nil, workflow)
	s.do("updateWorkflow", in, object{"name": "Contract 2"}, workflow)
	s.do("updateWorkflow", in, object{}, workflow)
	automation := s.do("createAutomation", in, object{
		"workspace_id": workspace, "enabled": true, "trigger_type": "schedule", "cron_expression": "0 0 7 ? * MON", "completion_webhook_url": "https://app.example.com/done",
	}, workflow).text("id")
	s.do("createAutomation", in, object{"workspace_id": workspace, "enabled": false, "trigger_type": "manual"}, workflow)
	s.do("createAutomation", in, object{"workspace_id": workspace, "enabled": true, "trigger_type": "webhook"}, workflow)
	s.do("listAutomations", in, nil, workflow)
	s.do("getAutomation", in, nil, workflow, automation)
	for _, change := range []object{{}, {"enabled": false}, {"completion_webhook_url": nil}, {"trigger_type": "manual", "cron_expression": nil}} {
		s.do("updateAutomation", in, change, workflow, automation)
	}
	s.do("deleteAutomation", in, nil, workflow, automation)
	s.do("deleteWorkflow", in, nil, workflow)

	s.do("deleteWorkspace", nil, nil, workspace)
}

// wrappers makes all calls of package client, so that their requests and responses are
// validated.
func wrappers(s *session) {
	s.t.Helper()
	on := calls.On{Client: s.c, Canned: s.examples}
	if !s.examples {
		on.Scoped = s.client(client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithScopedToken())
	}
	calls.Every(s.t.Context(), on, func(_, wrapper string, f func() error) {
		s.t.Helper()
		if err := f(); err != nil {
			s.t.Fatalf("%s: %v", wrapper, err)
		}
		s.v.check(s.t)
	})
}

// TestContract calls all operations of the contract, and has them refused with
// every status that the contract has. Requests and responses are validated.
func TestContract(t *testing.T) {
	fake := agentstest.NewServer()
	t.Cleanup(fake.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	s := newSession(t, fake.URL, transport)

	t.Run("success", func(t *testing.T) {
		s := s.of(t)
		happyPaths(s)
		wrappers(s)
		s.v.check(t)
	})
	t.Run("download", func(t *testing.T) { downloads(t) })
	t.Run("refused", func(t *testing.T) { refusals(s.of(t), fake) })
	t.Run("every status", func(t *testing.T) {
		s := s.of(t).as("any-token") // a fault ignores it, and requests with a fixed token are not replayed
		for id, op := range s.operations {
			if !slices.Contains(agentstest.Operations(), id) {
				t.Errorf("agentstest does not list %s", id)
				continue
			}
			params := op.paramVariants()[0]
			body := any(object{})
			if media := op.requestMedia(); media != nil {
				body = slices.Collect(maps.Values(examplesOf(media)))[0]
			}
			for code := range errorStatuses {
				var status int
				if _, err := fmt.Sscan(code, &status); err != nil {
					t.Fatal(err)
				}
				fake.Inject(agentstest.Fault{Operation: id, Times: -1, Status: status})
				got := s.send(t.Context(), id, op.pathValues(), params, body)
				if got.status != status || got.typed == nil {
					t.Errorf("%s: status %d, want %d, read as %T", id, got.status, status, got.typed)
				}
				fake.ClearFaults()
				s.v.check(t)
			}
		}
	})
	s.v.check(t)

	exercised, answered, statuses := 0, 0, 0
	for id, op := range s.operations {
		if !s.v.exercised(id) {
			t.Errorf("%s is in the contract and is not exercised here", id)
			continue
		}
		exercised++
		for code := range op.Responses.Map() {
			var status int
			if _, err := fmt.Sscan(code, &status); err != nil || s.v.answered[id][status] == 0 {
				t.Errorf("%s never answered %s", id, code)
				continue
			}
			answered++
		}
		statuses += op.Responses.Len()
	}
	t.Logf("%d/%d operations, %d/%d statuses of theirs, %d requests, %d responses validated",
		exercised, len(s.operations), answered, statuses, s.v.requests, s.v.responses)
}

// of returns the session for a subtest.
func (s *session) of(t *testing.T) *session {
	other := *s
	other.t = t
	return &other
}

// refusals sends requests that the service itself refuses.
func refusals(s *session, fake *agentstest.Server) {
	s.refused(401, "createToken", nil, object{"client_id": agentstest.ClientID, "client_secret": "wrong"})
	s.refused(422, "createScopedToken", nil, object{"workspace_name": ""})
	s.refused(422, "createConnector", nil, object{"workspace_name": agentstest.WorkspaceName})
	s.refused(422, "createSourceTemplate", nil, object{})
	s.refused(422, "listWorkspaces", object{"limit": 101}, nil)
	s.refused(422, "listSourceTemplates", object{"tags_mode": "some"}, nil)
	s.refused(422, "searchSkills", object{"query": ""}, nil)
	s.refused(404, "listConnectors", object{"workspace_name": "nowhere"}, nil)
	s.refused(404, "getSkillDocs", object{"id": "connector-source:" + unknownID}, nil)
	s.refused(404, "deleteOAuthCredentials", nil, nil, "fax")
	consent := object{"workspace_name": agentstest.WorkspaceName, "redirect_url": "https://app.example.com"}
	s.refused(422, "initiateOAuth", nil, consent)
	consent["connector_type"] = "Fax"
	s.refused(404, "initiateOAuth", nil, consent)
	consent["connector_type"] = "Slack" // there is no app for it
	s.refused(400, "initiateOAuth", nil, consent)
	s.refused(422, "initiateOAuth", nil, object{"workspace_name": agentstest.WorkspaceName, "connector_type": "Slack", "redirect_url": "connected"})
	s.refused(403, "listOrganizationCredentials", nil, nil, agentstest.SecondOrganizationID)
	s.refused(422, "listOrganizationCredentials", object{"limit": 201}, nil, agentstest.OrganizationID)
	s.refused(422, "listOrganizationCredentials", object{"offset": -1}, nil, agentstest.OrganizationID)
	s.refused(403, "listSkills", object{"organization_id": agentstest.SecondOrganizationID}, nil)
	global := s.do("listSourceTemplates", object{"use_global": true}, nil).text("data", 0, "id")
	s.refused(403, "deleteSourceTemplate", nil, nil, global)
	s.refused(403, "updateSourceTemplate", nil, object{"name": "Mine"}, global)
	for id, op := range s.operations {
		if n := strings.Count(op.path, "{"); n > 0 && !strings.Contains(op.path, "{connector_type}") {
			body := any(object{})
			if media := op.requestMedia(); media != nil {
				body = slices.Collect(maps.Values(examplesOf(media)))[0]
			}
			s.t.Run(id, func(t *testing.T) {
				s := s.of(t)
				params := object{}
				if p := op.params.GetByInAndName("query", "workspace_id"); p != nil && p.Required {
					params["workspace_id"] = unknownID
				}
				got := s.send(wrong(t.Context()), id, slices.Repeat([]string{unknownID}, n), params, body)
				if got.status != http.StatusNotFound || got.typed == nil {
					t.Errorf("status %d, read as %T: %s", got.status, got.typed, got.raw)
				}
				s.v.check(t)
			})
		}
	}

	// A token that is no longer valid.
	token := s.do("createToken", nil, object{"client_id": agentstest.ClientID, "client_secret": agentstest.ClientSecret}).text("access_token")
	fake.RevokeTokens()
	old := s.as(token)
	old.refused(401, "listWorkspaces", nil, nil)
	old.refused(401, "createWidgetToken", nil, object{"workspace_name": "default", "allowed_origin": "https://app.example.com"})
	s.do("listWorkspaces", nil, nil) // with credentials there is a new one
}

// downloads sends requests whose responses are not JSON.
func downloads(t *testing.T) {
	fake := agentstest.NewServer(agentstest.WithConnector("files", agentstest.Connector{Slug: "google-drive", Entities: map[string]agentstest.Entity{
		"files": {Files: map[string]agentstest.File{"f1": {Name: "report.bin", Data: []byte{0, 1, 2, 255}}}},
	}}))
	t.Cleanup(fake.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	s := newSession(t, fake.URL, transport)
	conn, err := s.c.Workspace("files").Connector(t.Context(), "google-drive")
	if err != nil {
		t.Fatal(err)
	}
	d, err := conn.Download(t.Context(), "files", client.Params{"file_id": "f1"})
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(d)
	if err != nil || string(data) != "\x00\x01\x02\xff" || d.Filename != "report.bin" {
		t.Errorf("%q as %q, %v", data, d.Filename, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	s.v.check(t)
}

// TestValidatorCanFail tests that the validator reports what breaks the contract.
func TestValidatorCanFail(t *testing.T) {
	fake := agentstest.NewServer()
	t.Cleanup(fake.Close)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	s := newSession(t, fake.URL, transport)
	told := func(what string, want ...string) {
		t.Helper()
		got := strings.Join(s.v.take(), "\n")
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q is not told in %q", what, w, got)
			}
		}
	}
	answers := []struct{ name, operation, body, want string }{
		{"a required field is missing", "getWorkspaceStats", `{"active_count":1,"inactive_count":2}`, "total_count"},
		{"a field of another type", "getWorkspaceStats", `{"active_count":"1","inactive_count":2,"total_count":3}`, "active_count"},
		{"null where it is not allowed", "getWorkspaceStats", `{"active_count":null,"inactive_count":2,"total_count":3}`, "active_count"},
		{"an unknown value of an enumeration", "searchSkills", `{"data":[{"id":"a","kind":"other","title":"b","provenance":"c","version":"d","freshness":{}}]}`, "kind"},
		{"no arm of a union", "listConnectionTemplates", `{"data":[{"data_hosting_type":"moon_hosted"}]}`, "data"},
		{"an id that is no UUID", "getScopedTokenInfo", `{"organization_id":"x","workspace_id":"` + unknownID + `","workspace_name":"w"}`, "organization_id"},
	}
	for _, a := range answers {
		fake.Inject(agentstest.Fault{Operation: a.operation, Body: a.body})
		var params object
		if a.operation == "searchSkills" {
			params = object{"query": "x"}
		}
		// The client cannot read some of these either; only the validator matters.
		_, _ = goOperationOf(t, s.c.API(), a.operation).call(t.Context(), nil, marshal(t, params), nil)
		told(a.name, "response "+a.operation, a.want)
	}
	fake.Inject(agentstest.Fault{Operation: "listWorkspaces", Status: http.StatusTeapot, Body: `{}`})
	s.send(t.Context(), "listWorkspaces", nil, nil, nil)
	told("an undescribed status", "status is not supported")
	s.send(t.Context(), "createScopedToken", nil, nil, object{"workspace_name": "w", "region_id": "Europe"})
	told("a wrong request", "request createScopedToken", "region_id")
	s.send(t.Context(), "listWorkspaces", nil, object{"limit": 0}, nil)
	told("a wrong parameter", "request listWorkspaces", "limit")
}

// TestPrism sends the same requests to Prism, a mock server, at the URL in
// CONTRACT_PRISM_URL; see "make contract". Prism responds with the examples and
// reports, in a header, what is wrong with a request.
func TestPrism(t *testing.T) {
	base := os.Getenv("CONTRACT_PRISM_URL")
	if base == "" {
		t.Skip("CONTRACT_PRISM_URL is not set; make contract sets it")
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	p := &prism{base: transport}
	s := newSession(t, base, p)
	s.examples = true
	happyPaths(s)
	wrappers(s)
	for id, op := range s.operations {
		if !s.v.exercised(id) {
			t.Errorf("%s is not exercised", id)
		}
		bodies := []any{object{}}
		if media := op.requestMedia(); media != nil {
			bodies = slices.Concat(variants(media.Schema.Value), slices.Collect(maps.Values(examplesOf(media))))
		}
		op.params = slices.DeleteFunc(slices.Clone(op.params), func(p *openapi3.ParameterRef) bool {
			return p.Value.Deprecated // Prism would remark on it
		})
		for _, params := range op.paramVariants() {
			s.send(t.Context(), id, op.pathValues(), params, bodies[0])
		}
		for _, body := range bodies {
			s.send(t.Context(), id, op.pathValues(), op.paramVariants()[0], body)
		}
	}
	s.v.check(t)
	for _, violation := range p.violations {
		t.Error(violation)
	}
	t.Logf("%d/%d operations, %d requests judged by Prism, violations: %d", len(s.v.answered), len(s.operations), p.requests, len(p.violations))

	// Prism must be able to find something.
	p.violations = nil
	s.send(wrong(t.Context()), "createScopedToken", nil, nil, object{"workspace_name": "w", "region_id": "Europe"})
	if len(p.violations) == 0 {
		t.Error("Prism lets anything pass")
	}
}

// prism is a transport that collects what Prism complains about.
type prism struct {
	base       http.RoundTripper
	requests   int
	violations []string
}

func (p *prism) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := p.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	p.requests++
	if found := resp.Header.Get("Sl-Violations"); found != "" || resp.StatusCode/100 != 2 {
		p.violations = append(p.violations, fmt.Sprintf("%s %s: %d %s", req.Method, req.URL.Path, resp.StatusCode, found))
	}
	return resp, nil
}
