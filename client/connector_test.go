package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const (
	connectorPath = listPath + "/" + stubID
	checkPath     = "/api/v1/integrations/connectors/check"
)

// inMemory returns a client of an in-memory service that also works in a
// synctest bubble.
func inMemory(t *testing.T, opts ...agentstest.Option) (*agentstest.Service, *client.Workspace) {
	t.Helper()
	fake := agentstest.New(opts...)
	c := makeClient(t, fake.Transport(), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	return fake, c.DefaultWorkspace()
}

func TestConnectorInfo(t *testing.T) {
	s := serve(t, says(200, `{"id":"`+stubID+`","name":"mine","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:06",
		"entities":[{"entity":"issues","modes":["read","write","of the future"]},{"entity":"repos","modes":null}],
		"replication_config":{"account":9007199254740993,"rate":1.5,"deep":{"list":[1,true,null,"x"]},"api_key":"**********"},
		"source_template":{"id":"t","name":"GitHub","source_definition_id":"def","user_config_spec":{"news":1}},"news":[]}`),
		says(200, `{}`), says(200, `{"id":"x","entities":"all","replication_config":["odd"],"source_template":null,"created_at":7}`), says(404, `{"message":"no such connector"}`))
	c := connectorOf(newClient(t, s))
	got, err := c.Details(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := &client.ConnectorDetails{
		ConnectorInfo: client.ConnectorInfo{
			ID: stubID, Name: "mine", DisplayName: "GitHub", DefinitionID: "def", TemplateID: "t",
			CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), UpdatedAt: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
		},
		Entities: []client.RequestedEntity{{Entity: "issues", Modes: []client.EntityMode{"read", "write", "of the future"}}, {Entity: "repos"}},
		ReplicationConfig: map[string]any{
			"account": json.Number("9007199254740993"), "rate": json.Number("1.5"), "api_key": "**********",
			"deep": map[string]any{"list": []any{json.Number("1"), true, nil, "x"}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v %+v, want %+v %+v", got.ConnectorInfo, got.ReplicationConfig, want.ConnectorInfo, want.ReplicationConfig)
	}
	if r := s.requests()[0]; r.Method != "GET" || r.Path != connectorPath || r.Query != "" || r.Body != "" {
		t.Errorf("sent %s %s?%s %s", r.Method, r.Path, r.Query, r.Body)
	}
	if got, err := c.Details(t.Context()); asError(t, err).StatusCode != 200 {
		t.Errorf("a response without everything: %v %v", got, err)
	}
	if got, err := c.Details(t.Context()); err != nil || got.ID != "x" || got.Entities != nil || got.ReplicationConfig != nil || !got.CreatedAt.IsZero() {
		t.Errorf("an odd answer: %v %v", got, err)
	}
	_, err = c.Details(t.Context())
	wantKinds(t, err, "ErrNotFound+ErrConnectorNotFound")
	wantText(t, err, "get connector", "no such connector")
}

// The slug is the one by which the connector was found.
func TestConnectorInfoSlug(t *testing.T) {
	s := serve(t, list(listed(1, "github", "GitHub", "x")), says(200, `{"id":"x","source_template":{"name":"GitHub"}}`))
	c, err := newClient(t, s).DefaultWorkspace().Connector(t.Context(), "GitHub")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Details(t.Context()); err != nil || got.Slug != "github" {
		t.Errorf("%v %v", got, err)
	}
}

func TestConnectorUpdateSends(t *testing.T) {
	type (
		entities = []client.RequestedEntity
		object   = map[string]any
	)
	for name, tc := range map[string]struct {
		change client.ConnectorChange
		want   string
	}{
		"a name":               {client.ConnectorChange{Name: " Desk EU\n"}, `{"name":"Desk EU"}`},
		"entities":             {client.ConnectorChange{Entities: client.Value(entities{{Entity: "a", Modes: []client.EntityMode{"read"}}, {Entity: "b"}, {Entity: "c", Modes: []client.EntityMode{}}})}, `{"entities":[{"entity":"a","modes":["read"]},{"entity":"b"},{"entity":"c"}]}`},
		"no entities":          {client.ConnectorChange{Entities: client.Value(entities{})}, `{"entities":[]}`},
		"null for entities":    {client.ConnectorChange{Entities: client.Null[entities]()}, `{"entities":null}`},
		"a configuration":      {client.ConnectorChange{ReplicationConfig: object{"n": json.Number("9007199254740993"), "s": "<"}}, `{"replication_config":{"n":9007199254740993,"s":"\u003c"}}`},
		"no configuration":     {client.ConnectorChange{ReplicationConfig: object{}}, `{"replication_config":{}}`},
		"all":                  {client.ConnectorChange{Name: "n", Entities: client.Null[entities](), ReplicationConfig: object{"a": nil}}, `{"entities":null,"name":"n","replication_config":{"a":null}}`},
		"a name and no others": {client.ConnectorChange{Name: "n", Entities: client.Value(entities{})}, `{"entities":[],"name":"n"}`},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, says(200, `{"id":"`+stubID+`","name":"Desk EU"}`), says(200, `{"id":"c","status":"succeeded"}`))
			c := connectorOf(newClient(t, s))
			if got, err := c.Update(t.Context(), tc.change); err != nil || got.Name != "Desk EU" {
				t.Errorf("%v %v", got, err)
			}
			// A check of the same change has the same body.
			if got, err := c.CheckChange(t.Context(), tc.change); err != nil || !got.OK() {
				t.Errorf("%v %v", got, err)
			}
			update, check := s.requests()[0], s.requests()[1]
			if update.Method != "PUT" || update.Path != connectorPath || check.Method != "POST" || check.Path != connectorPath+"/check" {
				t.Errorf("sent %s %s, %s %s", update.Method, update.Path, check.Method, check.Path)
			}
			for _, r := range []sent{update, check} {
				if body := strings.TrimSpace(r.Body); body != tc.want {
					t.Errorf("%s sent %s, want %s", r.Method, body, tc.want)
				}
			}
		})
	}
	s := serve(t, says(200, `{"id":"c","status":"succeeded"}`))
	c := connectorOf(newClient(t, s))
	if _, err := c.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.CheckChange(t.Context(), client.ConnectorChange{}); err != nil {
		t.Error(err)
	}
	for _, r := range s.requests() {
		if body := strings.TrimSpace(r.Body); body != "{}" {
			t.Errorf("a check of what is there sends %s", body)
		}
	}
}

func TestConnectorUpdateRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change client.ConnectorChange
		text   []string
	}{
		"nothing":           {client.ConnectorChange{}, []string{"nothing to change"}},
		"white space":       {client.ConnectorChange{Name: " \n"}, []string{"nothing to change"}},
		"a nil slice":       {client.ConnectorChange{Entities: client.Value[[]client.RequestedEntity](nil)}, []string{"nil slice", "Null"}},
		"an unnamed entity": {client.ConnectorChange{Entities: client.Value([]client.RequestedEntity{{Entity: "a"}, {Entity: " "}})}, []string{"Entities[1] has no name"}},
		"a Secret":          {client.ConnectorChange{ReplicationConfig: map[string]any{"t": []any{auth.Secret("x")}}}, []string{"auth.Secret", "string(s)"}},
		"both":              {client.ConnectorChange{Entities: client.Value[[]client.RequestedEntity](nil), ReplicationConfig: map[string]any{"t": auth.Secret("x")}}, []string{"nil slice", "auth.Secret"}},
		"what was printed":  {client.ConnectorChange{ReplicationConfig: map[string]any{"a": []any{map[string]any{"key": "[REDACTED]"}}}}, []string{"what a secret prints"}},
		"what is no JSON":   {client.ConnectorChange{ReplicationConfig: map[string]any{"f": func() {}}}, []string{"cannot be encoded as JSON"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t)
			c := connectorOf(newClient(t, s))
			_, err := c.Update(t.Context(), tc.change)
			wantKinds(t, err, "ErrInvalid")
			wantText(t, err, append(tc.text, "update connector")...)
			if !strings.Contains(tc.text[0], "nothing") {
				_, err = c.CheckChange(t.Context(), tc.change)
				wantKinds(t, err, "ErrInvalid")
				wantText(t, err, append(tc.text, "check connector")...)
			}
			s.wantSent(t, 0)
		})
	}
	s := serve(t)
	c := newClient(t, s).DefaultWorkspace().ConnectorByID("github")
	for name, do := range map[string]func() error{
		"details": func() error { _, err := c.Details(t.Context()); return err },
		"update":  func() error { _, err := c.Update(t.Context(), client.ConnectorChange{Name: "n"}); return err },
		"check": func() error {
			_, err := c.CheckChange(t.Context(), client.ConnectorChange{Name: "n"})
			return err
		},
		"wait searchable": func() error { _, err := c.WaitSearchable(t.Context(), "issues", client.Polling{}); return err },
		"wait deleted":    func() error { _, err := c.WaitDeleted(t.Context(), client.Polling{}); return err },
	} {
		err := do()
		wantKinds(t, err, "ErrInvalid")
		wantText(t, err, "is not a UUID")
		if err == nil {
			t.Error(name)
		}
	}
	s.wantSent(t, 0)
}

// An update is a write: it is not sent again if it may have been received.
func TestConnectorUpdateIsSentOnce(t *testing.T) {
	for name, do := range map[string]func(context.Context, *client.Connector) error{
		"update": func(ctx context.Context, c *client.Connector) error {
			_, err := c.Update(ctx, client.ConnectorChange{Name: "n"})
			return err
		},
		"check": func(ctx context.Context, c *client.Connector) error {
			_, err := c.Workspace().CheckConnector(ctx, client.CreateConnectorRequest{ConnectorType: "github", OAuthSecretID: "x"})
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, says(503, ""))
			wantKinds(t, do(t.Context(), connectorOf(newClient(t, s))), "ErrServer")
			if n := len(s.requests()); n != 1 {
				t.Errorf("%s: sent %d times", name, n)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, says(503, ""), says(200, `{"id":"x","name":"x"}`))
		if got, err := connectorOf(newClient(t, s)).Details(t.Context()); err != nil || got.Name != "x" {
			t.Errorf("details: %v %v", got, err)
		}
	})
}

func TestConnectorSecrets(t *testing.T) {
	said := `"` + connectorSecret + `"`
	bad := says(422, `{"message":"bad `+connectorSecret+`","errors":[{"field":"replication_config","message":`+said+`,"details":{"input":`+said+`}}]}`)
	result := says(200, `{"id":"c","status":"failed","error_message":"bad `+connectorSecret+`","failure_reason":{"external_message":`+said+`,"internal_message":`+said+`,"stacktrace":`+said+`,"timestamp":1},
		"entity_check_results":[{"entity":"e","status":"failed","error_message":`+said+`,"status_code":401}]}`)
	config := map[string]any{"deep": []any{map[string]any{"key": connectorSecret}}}
	change := client.ConnectorChange{Name: "n", ReplicationConfig: config}
	request := client.CreateConnectorRequest{ConnectorType: "github", Credentials: config}
	c := connectorOf(newClient(t, serve(t, bad)))
	_, updateErr := c.Update(t.Context(), change)
	_, checkErr := c.CheckChange(t.Context(), change)
	_, createErr := c.Workspace().CheckConnector(t.Context(), request)
	for name, err := range map[string]error{"update": updateErr, "check": checkErr, "check before create": createErr} {
		wantKinds(t, err, "ErrInvalid")
		wantText(t, err, "bad [REDACTED]")
		e := asError(t, err)
		if text := fmt.Sprintf("%v %v %s", err, e.Fields, e.Body()); shows(text) {
			t.Errorf("%s: %s", name, text)
		}
	}
	c = connectorOf(newClient(t, serve(t, result)))
	check, err := c.CheckChange(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	before, err := c.Workspace().CheckConnector(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*client.CheckResult{"check": check, "check before create": before} {
		if text := fmt.Sprintf("%+v %+v", *r, *r.Failure); shows(text) || strings.Count(text, "[REDACTED]") != 5 {
			t.Errorf("%s: %s", name, text)
		}
	}

	details, err := connectorOf(newClient(t, serve(t, says(200, `{"id":"x","replication_config":{"key":`+said+`}}`)))).Details(t.Context())
	if err != nil || !shows(fmt.Sprint(details.ReplicationConfig["key"])) {
		t.Fatalf("%v %v", details, err)
	}
	for name, v := range map[string]any{
		"change": change, "change pointer": &change, "details": *details, "details pointer": details,
		"connector": c,
	} {
		for form, x := range map[string]any{"itself": v, "exported": struct{ V any }{v}, "in a list": []any{v}, "in a map": map[string]any{"k": v}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "% x", "%X", "%d"} {
				if text := fmt.Sprintf(verb, x); shows(text) {
					t.Errorf("%s, %s with %s: %s", name, form, verb, text)
				}
			}
			var b bytes.Buffer
			slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", x)
			slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", x)
			if shows(b.String()) {
				t.Errorf("%s, %s logged: %s", name, form, &b)
			}
			v1, err1 := json.Marshal(x)
			v2, err2 := jsonv2.Marshal(x)
			if text := fmt.Sprintf("%s %v %s %v", v1, err1, v2, err2); shows(text) {
				t.Errorf("%s, %s as JSON: %s", name, form, text)
			}
		}
	}
	for _, tc := range []struct {
		v    fmt.Stringer
		want string
	}{
		{client.ConnectorChange{}, `client.ConnectorChange{Name:"", Entities:unchanged, ReplicationConfig:unchanged}`},
		{change, `client.ConnectorChange{Name:"n", Entities:unchanged, ReplicationConfig:[REDACTED]}`},
		{client.ConnectorChange{Entities: client.Null[[]client.RequestedEntity](), ReplicationConfig: map[string]any{}}, `client.ConnectorChange{Name:"", Entities:null, ReplicationConfig:empty}`},
		{client.ConnectorChange{Entities: client.Value(make([]client.RequestedEntity, 2))}, `client.ConnectorChange{Name:"", Entities:2, ReplicationConfig:unchanged}`},
	} {
		if tc.v.String() != tc.want {
			t.Errorf("got  %s\nwant %s", tc.v, tc.want)
		}
	}
}

func TestCheckConnector(t *testing.T) {
	s := serve(t, says(200, `{"id":"c","status":"failed","error_message":"the token is wrong"}`))
	w := newClient(t, s).Workspace("acme")
	r := client.CreateConnectorRequest{
		Name: "mine", ConnectorType: "github", Credentials: map[string]any{"token": "ghp"}, Environment: map[string]any{"sub": "x"},
		Entities: []client.RequestedEntity{{Entity: "issues", Modes: []client.EntityMode{"read"}}},
	}
	got, err := w.CheckConnector(t.Context(), r)
	if err != nil || got.OK() || got.Status != client.CheckFailed || got.Message != "the token is wrong" {
		t.Errorf("a failed check is a result: %+v %v", got, err)
	}
	if _, err := w.CreateConnector(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	check, create := s.requests()[0], s.requests()[1]
	if check.Method != "POST" || check.Path != checkPath || check.Query != "" {
		t.Errorf("sent %s %s?%s", check.Method, check.Path, check.Query)
	}
	if check.Body != create.Body || check.decoded(t)["workspace_name"] != "acme" {
		t.Errorf("checked %s, created %s", check.Body, create.Body)
	}
	// An empty list of entities differs from a missing one.
	r.Entities = []client.RequestedEntity{}
	if _, err := w.CheckConnector(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if list, ok := s.requests()[2].decoded(t)["entities"].([]any); !ok || len(list) != 0 {
		t.Errorf("sent %s", s.requests()[2].Body)
	}

	s = serve(t)
	w = newClient(t, s).Workspace("acme")
	for _, r := range []client.CreateConnectorRequest{
		{}, {ConnectorType: "a", DefinitionID: stubID, OAuthSecretID: "x"}, {ConnectorType: "a", Credentials: map[string]any{"t": auth.Secret("x")}},
	} {
		_, err := w.CheckConnector(t.Context(), r)
		wantKinds(t, err, "ErrInvalid")
		wantText(t, err, "check connector configuration")
	}
	s.wantSent(t, 0)
	_, err = newClient(t, serve(t, says(404, ""))).Workspace("acme").CheckConnector(t.Context(), r)
	wantKinds(t, err, "ErrNotFound+ErrWorkspaceNotFound")
	wantText(t, err, `"acme"`, "Ensure")
}

func TestCheckResult(t *testing.T) {
	s := serve(t, says(200, `{"id":"c","status":"failed","error_message":"no","entity_check_results":[
		{"entity":"a","status":"succeeded","status_code":200},{"entity":"b","status":"failed","error_message":"x","status_code":403},{"entity":"c","status":"of the future","error_message":null,"status_code":null},null],
		"failure_reason":{"timestamp":1767323045000,"failure_origin":"source","failure_type":"config_error","external_message":"e","internal_message":"i","stacktrace":"s","retryable":true,"stream_descriptor":{"name":"x"}}}`),
		says(200, `{"id":"c"}`), says(200, `{"id":"c","failure_reason":{},"entity_check_results":null,"status":null}`))
	c := connectorOf(newClient(t, s))
	got, err := c.Check(t.Context())
	want := &client.CheckResult{
		ID: "c", Status: client.CheckFailed, Message: "no",
		Entities: []client.EntityCheck{
			{Entity: "a", Status: client.CheckSucceeded, StatusCode: 200}, {Entity: "b", Status: client.CheckFailed, Message: "x", StatusCode: 403},
			{Entity: "c", Status: "of the future"}, {},
		},
		Failure: &client.CheckFailure{Origin: "source", Type: "config_error", Message: "e", Detail: "i", Trace: "s", Retryable: true},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v %+v, want %+v %+v; %v", got, got.Failure, want, want.Failure, err)
	}
	if got, err := c.Check(t.Context()); err != nil || !reflect.DeepEqual(got, &client.CheckResult{ID: "c"}) || got.OK() {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := c.Check(t.Context()); err != nil || got.Failure == nil || got.OK() {
		t.Errorf("%+v %v", got, err)
	}
	for _, status := range []client.CheckStatus{
		client.CheckSucceeded, client.CheckFailed, client.CheckPending, client.CheckRunning, client.CheckSkipped, client.CheckCancelled, client.CheckInconclusive, "", "SUCCEEDED",
	} {
		if r := (&client.CheckResult{Status: status}); r.OK() != (status == "succeeded") {
			t.Errorf("%q: OK is %v", status, r.OK())
		}
	}
}

func TestCheckResultReason(t *testing.T) {
	for _, tc := range []struct {
		r    client.CheckResult
		want string
	}{
		{client.CheckResult{Status: client.CheckSucceeded, Message: "fine"}, ""},
		{client.CheckResult{Status: client.CheckFailed}, "failed"},
		{client.CheckResult{}, "unknown"},
		{client.CheckResult{Status: client.CheckFailed, Message: "m"}, "m"},
		{client.CheckResult{Message: "m", Failure: &client.CheckFailure{Message: "for users", Detail: "d"}}, "for users"},
		{client.CheckResult{Message: "m", Failure: &client.CheckFailure{Detail: "d"}}, "m"},
		{client.CheckResult{Failure: &client.CheckFailure{Detail: "d"}, Entities: []client.EntityCheck{{Message: "e"}}}, "d"},
		{client.CheckResult{Status: client.CheckFailed, Entities: []client.EntityCheck{{}, {Message: "e"}, {Message: "f"}}}, "e"},
	} {
		if got := tc.r.Reason(); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.r, got, tc.want)
		}
	}
}

// inspected returns a response of inspectConnector with the supported entities
// and, as JSON, those in the store.
func inspected(supported []string, configured ...string) string {
	var list []string
	for _, s := range supported {
		list = append(list, `{"entity":"`+s+`"}`)
	}
	return `{"connector_id":"` + stubID + `","docs_skill_id":"d","context_store_readiness":{"supported_context_store_entities":[` + strings.Join(list, ",") +
		`],"configured_cache_entities":[` + strings.Join(configured, ",") + `]}}`
}

func inStore(entity, status string, ready bool) string {
	return fmt.Sprintf(`{"entity":%q,"status":%q,"ready_for_search":%v,"supported":true}`, entity, status, ready)
}

func TestInspect(t *testing.T) {
	s := serve(t, says(200, `{"connector_id":"`+stubID+`","name":"mine","organization_id":"o","workspace_id":"w","source_config_template_id":"t","source_definition_id":"def",
		"source_definition_name":"GitHub","docs_skill_id":"d","warnings":["slow"],"context_store_readiness":{"connector_id":"x","supported_context_store_entities":[{"entity":"a","suggested":true},{"entity":"b","suggested":null}],
		"configured_cache_entities":[{"entity":"a","status":"ready","ready_for_search":true,"supported":true,"entity_count":0,"updated_at":"2026-03-02T06:00:00Z","semantic_search_status":[{"field":"title","status":"READY"},{"field":"body","status":"INDEXING"}]},
		{"entity":"old","status":"filling","ready_for_search":false,"supported":false,"entity_count":null}]}}`),
		says(200, `{"connector_id":"c","context_store_readiness":null}`), says(200, `{"connector_id":"c","context_store_readiness":{"supported_context_store_entities":[]}}`), says(200, `{"connector_id":"c","configured_cache_entities":[{"entity":"later"}]}`))
	c := connectorOf(newClient(t, s))
	got, err := c.Inspect(t.Context())
	want := &client.Inspection{
		ConnectorID: stubID, Name: "mine", OrganizationID: "o", WorkspaceID: "w", TemplateID: "t", DefinitionID: "def", DefinitionName: "GitHub", DocsID: "d",
		Warnings: []string{"slow"},
		ContextStore: []client.EntityReadiness{
			{
				Entity: "a", Status: "ready", Supported: true, Ready: true, Count: 0, UpdatedAt: time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC),
				Semantic: []client.SemanticField{{Field: "title", Status: client.SemanticReady}, {Field: "body", Status: client.SemanticIndexing}},
			},
			{Entity: "old", Status: "filling", Count: -1},
		},
		Supported: []client.SupportedEntity{{Entity: "a", Suggested: true}, {Entity: "b"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v; %v", got, want, err)
	}
	for entity, want := range map[string]bool{"a": true, "b": false, "old": false, "A": false, "": false} {
		if got.Searchable(entity) != want {
			t.Errorf("%q is searchable: %v", entity, !want)
		}
	}
	if got, err := c.Inspect(t.Context()); err != nil || got.Supported != nil || got.ContextStore != nil || got.Searchable("a") {
		t.Errorf("readiness is not known: %+v %v", got, err)
	}
	if got, err := c.Inspect(t.Context()); err != nil || got.Supported == nil || len(got.Supported) != 0 {
		t.Errorf("nothing is supported: %+v %v", got, err)
	}
	if got, err := c.Inspect(t.Context()); err != nil || len(got.ContextStore) != 1 {
		t.Errorf("%+v %v", got, err)
	}
	if r := s.requests()[0]; r.Method != "GET" || r.Path != connectorPath+"/inspect" {
		t.Errorf("sent %s %s", r.Method, r.Path)
	}
}

// wantPauses checks that the pauses between requests grow from 1 second to 15
// seconds.
func wantPauses(t *testing.T, s *stub) {
	t.Helper()
	want := time.Second
	r := s.requests()
	for i := 1; i < len(r); i++ {
		if d := r[i].At.Sub(r[i-1].At); d < want-want/5 || d > want+want/5 {
			t.Errorf("pause %d is %v, want about %v", i, d, want)
		}
		want = min(want+want/2, 15*time.Second)
	}
}

func TestWaitSearchable(t *testing.T) {
	ab := []string{"a", "b"}
	test := func(name string, f func(t *testing.T)) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
	}
	test("until it is ready", func(t *testing.T) {
		replies := []reply{says(200, `{"connector_id":"c","context_store_readiness":null}`), says(200, inspected(ab)), says(200, inspected(ab, inStore("b", "ready", true)))}
		for range 8 {
			replies = append(replies, says(200, inspected(ab, inStore("a", "filling", false))))
		}
		s := serve(t, append(replies, says(200, inspected(ab, inStore("a", "ready", true))))...)
		got, err := connectorOf(newClient(t, s)).WaitSearchable(t.Context(), "a", client.Polling{})
		if err != nil || got == nil || !got.Ready || got.Status != "ready" || got.Count != -1 {
			t.Errorf("%+v %v", got, err)
		}
		s.wantSent(t, 12)
		wantPauses(t, s)
		start := time.Now()
		if _, err := connectorOf(newClient(t, serve(t, says(200, inspected(ab, inStore("a", "ready", true)))))).WaitSearchable(t.Context(), "a", client.Polling{}); err != nil || time.Since(start) != 0 {
			t.Errorf("what is ready took %v: %v", time.Since(start), err)
		}
	})
	test("not longer than the limit", func(t *testing.T) {
		s := serve(t, says(200, inspected(ab)), says(200, inspected(ab, inStore("a", "filling", false))))
		start := time.Now()
		got, err := connectorOf(newClient(t, s)).WaitSearchable(t.Context(), "a", client.Polling{Interval: 20 * time.Second, Limit: time.Minute})
		if !errors.Is(err, client.ErrWaitedTooLong) || got == nil || got.Ready || got.Status != "filling" {
			t.Errorf("%+v %v", got, err)
		}
		if d := time.Since(start); d != time.Minute {
			t.Errorf("waited for %v", d)
		}
	})
	test("10 minutes by itself, for what is not in the store", func(t *testing.T) {
		start := time.Now()
		got, err := connectorOf(newClient(t, serve(t, says(200, inspected(ab))))).WaitSearchable(t.Context(), "a", client.Polling{})
		if !errors.Is(err, client.ErrWaitedTooLong) || got != nil || time.Since(start) != 10*time.Minute {
			t.Errorf("%+v %v after %v", got, err, time.Since(start))
		}
	})
	test("until ctx ends", func(t *testing.T) {
		why := errors.New("closing time")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(5*time.Second, func() { cancel(why) })
		got, err := connectorOf(newClient(t, serve(t, says(200, inspected(ab, inStore("a", "filling", false)))))).WaitSearchable(ctx, "a", client.Polling{})
		if !errors.Is(err, why) || !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrWaitedTooLong) || got == nil || got.Status != "filling" {
			t.Errorf("%+v %v", got, err)
		}
	})
	test("not for what is not supported", func(t *testing.T) {
		for name, tc := range map[string]struct{ answer, text string }{
			"others are":       {inspected([]string{"b", "a"}, inStore("b", "ready", true)), `"x" for this connector; it supports a, b`},
			"none is":          {inspected(nil), "it supports none"},
			"is in, but alone": {inspected(ab, `{"entity":"x","status":"filling","ready_for_search":false,"supported":false}`), "it supports a, b"},
		} {
			s := serve(t, says(200, tc.answer))
			_, err := connectorOf(newClient(t, s)).WaitSearchable(t.Context(), "x", client.Polling{})
			wantKinds(t, err, "ErrInvalid")
			wantText(t, err, tc.text)
			if n := len(s.requests()); n != 1 {
				t.Errorf("%s: looked %d times", name, n)
			}
		}
		// The entity is not declared, but ready.
		got, err := connectorOf(newClient(t, serve(t, says(200, inspected(ab, `{"entity":"x","ready_for_search":true}`))))).WaitSearchable(t.Context(), "x", client.Polling{})
		if err != nil || !got.Ready {
			t.Errorf("%+v %v", got, err)
		}
	})
	test("declared only where it is configured", func(t *testing.T) {
		s := serve(t, says(200, inspected(nil, inStore("a", "filling", false))), says(200, inspected(nil, inStore("a", "ready", true))))
		if got, err := connectorOf(newClient(t, s)).WaitSearchable(t.Context(), "a", client.Polling{}); err != nil || !got.Ready {
			t.Errorf("%+v %v", got, err)
		}
	})
	test("errors end it, after the retries of the call", func(t *testing.T) {
		s := serve(t, says(200, inspected(ab, inStore("a", "filling", false))), says(503, ""), says(200, inspected(ab, inStore("a", "half", false))), says(404, `{"message":"gone"}`))
		got, err := connectorOf(newClient(t, s)).WaitSearchable(t.Context(), "a", client.Polling{})
		wantKinds(t, err, "ErrNotFound+ErrConnectorNotFound")
		wantText(t, err, "inspect connector", "gone")
		if got == nil || got.Status != "half" {
			t.Errorf("the state seen last is %+v", got)
		}
		s.wantSent(t, 4)
	})
	test("no entity, no options", func(t *testing.T) {
		s := serve(t)
		c := connectorOf(newClient(t, s))
		_, err := c.WaitSearchable(t.Context(), " ", client.Polling{})
		wantKinds(t, err, "ErrInvalid")
		_, err = c.WaitSearchable(t.Context(), "a", client.Polling{Limit: -1})
		wantKinds(t, err, "ErrInvalid")
		s.wantSent(t, 0)
	})
}

func TestWaitDeleted(t *testing.T) {
	there := listed(1, "github", "GitHub", "mine")
	other := listed(2, "github", "GitHub", "other")
	test := func(name string, f func(t *testing.T)) {
		t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
	}
	test("until it is gone", func(t *testing.T) {
		var replies []reply
		for range 9 {
			replies = append(replies, list(other, there))
		}
		s := serve(t, append(replies, list(other))...)
		got, err := newClient(t, s).Workspace("acme").ConnectorByID(" source_id:"+strings.ToUpper(numbered(1))).WaitDeleted(t.Context(), client.Polling{})
		if got != nil || err != nil {
			t.Errorf("%+v %v", got, err)
		}
		s.wantSent(t, 10)
		wantPauses(t, s)
		for _, r := range s.requests() {
			if r.Method != "GET" || r.Path != listPath || r.Query != "workspace_name=acme" {
				t.Errorf("sent %s %s?%s", r.Method, r.Path, r.Query)
			}
		}
	})
	test("not longer than the limit", func(t *testing.T) {
		start := time.Now()
		got, err := newClient(t, serve(t, list(there))).DefaultWorkspace().ConnectorByID(numbered(1)).WaitDeleted(t.Context(), client.Polling{Limit: time.Minute})
		if !errors.Is(err, client.ErrWaitedTooLong) || got == nil || got.Name != "mine" || time.Since(start) != time.Minute {
			t.Errorf("%+v %v after %v", got, err, time.Since(start))
		}
	})
	test("until ctx ends", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Second)
		defer cancel()
		start := time.Now()
		got, err := newClient(t, serve(t, list(there))).DefaultWorkspace().ConnectorByID(numbered(1)).WaitDeleted(ctx, client.Polling{})
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrWaitedTooLong) || got == nil || time.Since(start) != 7*time.Second {
			t.Errorf("%+v %v after %v", got, err, time.Since(start))
		}
	})
	test("with the workspace", func(t *testing.T) {
		s := serve(t, list(there), says(404, `{"message":"no such workspace"}`))
		if got, err := newClient(t, s).DefaultWorkspace().ConnectorByID(numbered(1)).WaitDeleted(t.Context(), client.Polling{}); got != nil || err != nil {
			t.Errorf("%+v %v", got, err)
		}
		s.wantSent(t, 2)
	})
	test("errors end it, after the retries of the call", func(t *testing.T) {
		s := serve(t, list(there), says(503, ""), list(there), says(403, `{"message":"not yours"}`))
		got, err := newClient(t, s).DefaultWorkspace().ConnectorByID(numbered(1)).WaitDeleted(t.Context(), client.Polling{})
		wantKinds(t, err, "ErrForbidden")
		if got == nil || got.Name != "mine" {
			t.Errorf("the state seen last is %+v", got)
		}
		s.wantSent(t, 4)
	})
	test("in the life of a connector", func(t *testing.T) {
		_, w := inMemory(t, agentstest.WithDeleteDelay(30*time.Second))
		made, err := w.CreateConnector(t.Context(), client.CreateConnectorRequest{ConnectorType: "github", Credentials: map[string]any{"token": "x"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.DeleteConnector(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if got, err := w.ConnectorByID(made.ID).WaitDeleted(t.Context(), client.Polling{}); got != nil || err != nil {
			t.Errorf("%+v %v", got, err)
		}
		if d := time.Since(start); d < 30*time.Second || d > time.Minute {
			t.Errorf("waited for %v", d)
		}
		if _, err := w.ConnectorByID(made.ID).Details(t.Context()); !errors.Is(err, client.ErrNotFound) {
			t.Error(err)
		}
	})
}

// TestConnectorLife takes a connector of the in-memory service from its
// creation to its deletion.
func TestConnectorLife(t *testing.T) {
	ctx := t.Context()
	_, w := inMemory(t)
	request := client.CreateConnectorRequest{Name: "Mine", ConnectorType: "github", Credentials: map[string]any{"token": "invalid"}}
	check, err := w.CheckConnector(ctx, request)
	if err != nil || check.OK() || check.Failure == nil || check.Failure.Type != "config_error" || len(check.Entities) == 0 || check.Entities[0].StatusCode != http.StatusUnauthorized {
		t.Errorf("%+v %v", check, err)
	}
	request.Credentials["token"] = "fine"
	request.ReplicationConfig = map[string]any{"start": "2026-01-01", "account": json.Number("4711"), "api_key": "k"}
	if check, err = w.CheckConnector(ctx, request); err != nil || !check.OK() {
		t.Errorf("%+v %v", check, err)
	}
	made, err := w.CreateConnector(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.Connector(ctx, "Mine")
	if err != nil || c.ID() != made.ID {
		t.Fatalf("%v %v", c, err)
	}
	details, err := c.Details(ctx)
	if err != nil || details.Entities != nil || details.ReplicationConfig["account"] != json.Number("4711") || details.ReplicationConfig["api_key"] == "k" || details.Slug != "github" {
		t.Errorf("%+v %+v %v", details.ConnectorInfo, details.ReplicationConfig, err)
	}

	// A change leaves everything unchanged that it does not set.
	if details, err = c.Update(ctx, client.ConnectorChange{Entities: client.Value([]client.RequestedEntity{{Entity: "issues", Modes: []client.EntityMode{"read"}}})}); err != nil || len(details.Entities) != 1 {
		t.Errorf("%v %v", details, err)
	}
	if details, err = c.Update(ctx, client.ConnectorChange{Name: "Yours", Entities: client.Null[[]client.RequestedEntity]()}); err != nil || details.Name != "Yours" || len(details.Entities) != 1 {
		t.Errorf("null: %v %v", details, err)
	}
	config := details.ReplicationConfig
	config["start"] = "invalid"
	if check, err := c.CheckChange(ctx, client.ConnectorChange{ReplicationConfig: config}); err != nil || check.OK() {
		t.Errorf("%+v %v", check, err)
	}
	if check, err := c.Check(ctx); err != nil || !check.OK() || len(check.Entities) == 0 {
		t.Errorf("%+v %v", check, err)
	}
	config["start"] = "2026-02-01"
	details, err = c.Update(ctx, client.ConnectorChange{Entities: client.Value([]client.RequestedEntity{}), ReplicationConfig: config})
	if err != nil || len(details.Entities) != 0 || details.ReplicationConfig["start"] != "2026-02-01" || details.ReplicationConfig["account"] != json.Number("4711") {
		t.Errorf("%v %+v %v", details, details.ReplicationConfig, err)
	}

	// After a change of its name, it works as before.
	if r, err := c.Execute(ctx, "issues", "list", nil); err != nil || len(r.Data) < 3 {
		t.Errorf("%v %v", r, err)
	}
	if ready, err := c.WaitSearchable(ctx, "issues", client.Polling{}); err != nil || ready.Count <= 0 {
		t.Errorf("%+v %v", ready, err)
	}
	in, err := c.Inspect(ctx)
	if err != nil || in.Name != "Yours" || !in.Searchable("issues") || len(in.Supported) == 0 {
		t.Errorf("%+v %v", in, err)
	}
	if _, err := c.WaitSearchable(ctx, "nothing", client.Polling{}); !errors.Is(err, client.ErrInvalid) {
		t.Error(err)
	}
	if _, err := w.DeleteConnector(ctx, c.ID()); err != nil {
		t.Fatal(err)
	}
	if left, err := c.WaitDeleted(ctx, client.Polling{}); left != nil || err != nil {
		t.Errorf("%v %v", left, err)
	}
}

func TestDescribe(t *testing.T) {
	s := serve(t, ok(`{"entities":{"issues":{"actions":["list"]}},"more":1}`), ok(`"see the manual"`), ok(`null`), says(200, `{"status":"success"}`), says(200, `{"status":"error","error":"no"}`))
	c := connectorOf(newClient(t, s))
	d, err := c.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if e, ok := d.Entity("issues"); !ok || len(e.Actions) != 1 || e.Actions[0].Name != "list" {
		t.Errorf("%+v", d.Entities)
	}
	// What is not understood is kept, too.
	var raw struct {
		More int `json:"more"`
	}
	if err := d.Decode(&raw); err != nil || string(d.Data) != `{"entities":{"issues":{"actions":["list"]}},"more":1}` || raw.More != 1 || d.ConnectorID != stubID {
		t.Errorf("%s %v %v", d.Data, raw, err)
	}
	if r := s.requests()[0]; r.decoded(t)["action"] != "describe" || r.decoded(t)["entity"] != "" {
		t.Errorf("sent %s", r.Body)
	}
	for range 3 {
		if d, err := c.Describe(t.Context()); err != nil || d.Status == "" || d.Entities != nil {
			t.Errorf("%+v %v", d, err)
		}
	}
	_, err = c.Describe(t.Context())
	wantKinds(t, err, "ErrExecution")
}

// The in-memory service describes its connectors in a form that Describe can
// read.
func TestDescribeInMemory(t *testing.T) {
	_, w := inMemory(t)
	c, err := w.Connector(t.Context(), "github")
	if err != nil {
		t.Fatal(err)
	}
	d, err := c.Describe(t.Context())
	if err != nil || len(d.Entities) != 4 {
		t.Fatalf("%+v %v", d, err)
	}
	for _, e := range d.Entities {
		for _, a := range e.Actions {
			if a.Params == nil {
				t.Errorf("the parameters of %s.%s are not read: %s", e.Name, a.Name, a.Raw)
			}
		}
	}
	issues, ok := d.Entity("issues")
	if !ok {
		t.Fatal("no issues")
	}
	get, ok := issues.Action("get")
	if !ok || len(get.Params) != 1 || get.Params[0].Name != "number" || get.Params[0].Type != "integer" || !get.Params[0].Required {
		t.Errorf("%+v", get)
	}
}

// A connector of which only the ID is known is paged like one that was found by
// its slug: the parameter depends on the kind, which is looked up when it is
// needed.
func TestPagingOfAConnectorByID(t *testing.T) {
	fake, ws := inMemory(t)
	for _, tc := range []struct{ slug, entity string }{{"github", "issues"}, {"stripe", "customers"}, {"zendesk-support", "tickets"}} {
		known, err := ws.Connector(t.Context(), tc.slug)
		if err != nil {
			t.Fatal(err)
		}
		count := func(c *client.Connector) (ids []string) {
			for r, err := range client.All[map[string]any](t.Context(), c, tc.entity, "list", nil) {
				if err != nil {
					t.Fatalf("%s: %v", tc.slug, err)
				}
				b, _ := json.Marshal(r)
				ids = append(ids, string(b))
			}
			return ids
		}
		want := count(known)
		byID := ws.ConnectorByID(known.ID())
		before := fake.Count("listConnectors")
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if got := count(byID); len(got) != len(want) || got[len(got)-1] != want[len(want)-1] {
					t.Errorf("%s: %d records, want %d", tc.slug, len(got), len(want))
				}
			})
		}
		all.Wait()
		count(byID)
		if n := fake.Count("listConnectors") - before; n > 4 || tc.slug == "github" && (n == 0 || byID.Slug() != "github") {
			t.Errorf("%s: listed %d times, slug %q", tc.slug, n, byID.Slug())
		}
		infos, err := ws.ListConnectors(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		before = fake.Count("listConnectors")
		for _, info := range infos {
			if c := ws.ConnectorFrom(info); info.Slug == tc.slug && (c.Slug() != tc.slug || c.ID() != known.ID() || len(count(c)) != len(want)) {
				t.Errorf("%s: the connector of %+v is %v", tc.slug, info, c)
			}
		}
		if n := fake.Count("listConnectors") - before; n != 0 {
			t.Errorf("%s: the connector of the list was looked up %d times", tc.slug, n)
		}
		for _, err := range client.All[map[string]any](t.Context(), ws.ConnectorByID(known.ID()), tc.entity, "list", client.Params{"per_page": 100, "limit": 100}) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// One that was just made can be used.
func TestConnectorThatWasJustMade(t *testing.T) {
	ctx := t.Context()
	_, ws := inMemory(t)
	made, err := ws.CreateConnector(ctx, client.CreateConnectorRequest{ConnectorType: "github", Name: "Second", Credentials: map[string]any{"token": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	c := ws.ConnectorFrom(*made)
	if err := walk(client.All[Issue](ctx, c, "issues", "list", nil)); err != nil {
		t.Error(err)
	}
	if jobID, err := c.Delete(ctx); err != nil || jobID == "" {
		t.Errorf("%q %v", jobID, err)
	}
	if last, err := c.WaitDeleted(ctx, client.Polling{}); err != nil || last != nil {
		t.Errorf("%v %v", last, err)
	}
	if _, err := c.WaitDeleted(ctx, client.Polling{Limit: -1}); !errors.Is(err, client.ErrInvalid) {
		t.Errorf("the options are not used: %v", err)
	}
	if _, err := ws.ConnectorByID("x").Delete(ctx); !errors.Is(err, client.ErrInvalid) {
		t.Error(err)
	}
}

// What Inspect does not know is kept: the service plans to describe actions there.
func TestInspectKeepsWhatIsUnknown(t *testing.T) {
	actions := `[{"name": "list", "parameters": [{"name": "q"}]}]`
	s := serve(t,
		says(200, `{"connector_id":"`+stubID+`","actions":`+actions+`,"more":1,"context_store_readiness":{"connector_id":"x","source_definition_id":"y",
			"configured_cache_entities":[{"entity":"a","entity_count":7,"actions":`+actions+`,"semantic_search_status":[]},{"entity":"b"},null],
			"supported_context_store_entities":[{"entity":"a","suggested":true,"fields":{"n": 1.10}},{"entity":"b"}]}}`),
		says(200, `{"connector_id":"`+stubID+`","context_store_readiness":{"state": "paused","configured_cache_entities":[]}}`),
	)
	c := connectorOf(newClient(t, s))
	got, err := c.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	raw := func(s string) json.RawMessage { return json.RawMessage(s) }
	if want := map[string]json.RawMessage{"actions": raw(actions), "more": raw("1")}; !reflect.DeepEqual(got.More, want) {
		t.Errorf("got %q", got.More)
	}
	wantStore := []client.EntityReadiness{{Entity: "a", Count: 7, Semantic: []client.SemanticField{}, More: map[string]json.RawMessage{"actions": raw(actions)}}, {Entity: "b", Count: -1}, {Count: -1}}
	if !reflect.DeepEqual(got.ContextStore, wantStore) {
		t.Errorf("got %+v", got.ContextStore)
	}
	wantSupported := []client.SupportedEntity{{Entity: "a", Suggested: true, More: map[string]json.RawMessage{"fields": raw(`{"n": 1.10}`)}}, {Entity: "b"}}
	if !reflect.DeepEqual(got.Supported, wantSupported) {
		t.Errorf("got %+v", got.Supported)
	}
	got, err = c.Inspect(t.Context())
	if want := map[string]json.RawMessage{"context_store_readiness": raw(`{"state": "paused","configured_cache_entities":[]}`)}; err != nil || !reflect.DeepEqual(got.More, want) {
		t.Errorf("got %q, %v", got.More, err)
	}
}
