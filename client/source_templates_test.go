package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

const templatesPath = "/api/v1/integrations/templates/sources"

var march = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func TestSourceTemplates(t *testing.T) {
	const fields = `"id":"` + stubID + `","name":"Zendesk","tags":["a"],"mode":"MULTI","runtime_mode":"direct_and_context_store","supports_context_store":true,
		"customization":{"stream_selection_mode":"whitelist","stream_whitelist":["tickets"]},"created_at":"2026-03-01T10:00:00Z","updated_at":"2026-03-01T10:00:00Z"`
	zendesk := client.SourceTemplate{
		ID: stubID, Name: "Zendesk", DefinitionID: stubOrg, Tags: []string{"a"}, Mode: client.SourceTemplateMulti,
		RuntimeMode: client.RuntimeDirectAndContextStore, SupportsContextStore: true, CreatedAt: march, UpdatedAt: march,
		Customization: &client.SourceTemplateCustomization{StreamSelectionMode: new(gen.StreamSelectionModeWhitelist), StreamWhitelist: []string{"tickets"}},
	}
	const single = `{` + fields + `,"source_definition_id":"` + stubOrg + `","user_config_spec":{"connectionSpecification":{"type":"object"},"advanced_auth":null},
		"partial_default_config":{"start_date":"2026-01-01"},"is_experimental":true}`
	details := &client.SourceTemplateDetails{
		SourceTemplate: zendesk, UserConfig: client.ConnectorSpec{Schema: json.RawMessage(`{"type":"object"}`)},
		DefaultConfig: client.Configuration{"start_date": "2026-01-01"}, Experimental: true,
	}
	listed := zendesk
	listed.Slug, listed.OrganizationID, listed.Icon = "zendesk-support", "org", "https://icons.test/z.svg"

	list := func(filter client.SourceTemplateFilter) func(context.Context, *client.Client) (any, error) {
		return func(ctx context.Context, c *client.Client) (any, error) {
			return c.SourceTemplates().List(ctx, filter)
		}
	}
	get := func(ctx context.Context, c *client.Client) (any, error) { return c.SourceTemplates().Get(ctx, stubID) }
	create := func(r client.SourceTemplateRequest) func(context.Context, *client.Client) (any, error) {
		return func(ctx context.Context, c *client.Client) (any, error) { return c.SourceTemplates().Create(ctx, r) }
	}
	update := func(ch client.SourceTemplateChange) func(context.Context, *client.Client) (any, error) {
		return func(ctx context.Context, c *client.Client) (any, error) {
			return c.SourceTemplates().Update(ctx, stubID, ch)
		}
	}
	for _, x := range []exchange{
		{
			name: "list", call: list(client.SourceTemplateFilter{}), method: "GET", path: templatesPath,
			answer: `{"data":[{` + fields + `,"icon":"https://icons.test/z.svg","connector_name":"zendesk-support","organization_id":"org","actor_definition_id":"` + stubOrg + `"},
				{"runtime_mode":"direct_only"},{"supports_context_store":false},null]}`,
			got: []client.SourceTemplate{listed, {RuntimeMode: client.RuntimeDirectOnly}, {}, {SupportsContextStore: true}},
		},
		{name: "list global ones", call: list(client.SourceTemplateFilter{Global: true}), method: "GET", path: templatesPath, query: "use_global=true", answer: `{"data":[]}`, got: []client.SourceTemplate{}},
		{
			name: "list by any tag", call: list(client.SourceTemplateFilter{Tags: []string{"crm", "a b,c&d"}}), method: "GET", path: templatesPath,
			query: "tags=crm&tags=a+b%2Cc%26d&tags_mode=any", answer: `{"data":[]}`, got: []client.SourceTemplate{},
		},
		{
			name: "list by all tags", call: list(client.SourceTemplateFilter{Tags: []string{"crm", "eu"}, Match: client.TagMatchAll, Global: true}), method: "GET", path: templatesPath,
			query: "use_global=true&tags=crm&tags=eu&tags_mode=all", answer: `{"data":[]}`, got: []client.SourceTemplate{},
		},
		{name: "list by no tags", call: list(client.SourceTemplateFilter{Tags: []string{}}), method: "GET", path: templatesPath, answer: `{"data":[]}`, got: []client.SourceTemplate{}},
		{name: "get", call: get, method: "GET", path: templatesPath + "/" + stubID, answer: single, got: details},
		{
			name: "get with a hint", call: get, method: "GET", path: templatesPath + "/" + stubID, answer: `{"id":"t","auth_tooltip":"Ask Ada"}`,
			got: &client.SourceTemplateDetails{SourceTemplate: client.SourceTemplate{ID: "t", SupportsContextStore: true}, AuthHints: map[string]string{"": "Ask Ada"}},
		},
		{
			name: "get with hints", call: get, method: "GET", path: templatesPath + "/" + stubID, answer: `{"id":"t","auth_tooltip":{"oauth":"a","token":"b"},"connector_name":"z"}`,
			got: &client.SourceTemplateDetails{
				SourceTemplate: client.SourceTemplate{ID: "t", SupportsContextStore: true, Slug: "z"}, AuthHints: map[string]string{"oauth": "a", "token": "b"},
			},
		},
		{
			name: "get with nulls and surprises", call: get, method: "GET", path: templatesPath + "/" + stubID,
			answer: `{"id":"t","auth_tooltip":[1],"icon":null,"customization":null,"tags":null,"runtime_mode":null,"user_config_spec":null,"partial_default_config":null,
				"is_experimental":null,"supports_context_store":null,"created_at":"soon","updated_at":null,"mode":"LATER"}`,
			got: &client.SourceTemplateDetails{SourceTemplate: client.SourceTemplate{ID: "t", Mode: "LATER", SupportsContextStore: true}},
		},
		{
			name: "create from a definition", method: "POST", path: templatesPath, answer: single, got: details,
			call: create(client.SourceTemplateRequest{DefinitionID: " " + strings.ToUpper(stubOrg)}),
			body: `{"actor_definition_id":"` + stubOrg + `","partial_default_config":{}}`,
		},
		{
			name: "create with everything", method: "POST", path: templatesPath, answer: single, got: details,
			call: create(client.SourceTemplateRequest{
				DefinitionID: stubOrg, Name: " Zendesk ", Mode: client.SourceTemplateDirect, DefaultConfig: map[string]any{"start_date": "2026-01-01", "n": 3},
				Customization: &client.SourceTemplateCustomization{StreamWhitelist: []string{"tickets"}},
			}),
			body: `{"actor_definition_id":"` + stubOrg + `","name":"Zendesk","mode":"DIRECT","partial_default_config":{"start_date":"2026-01-01","n":3},
				"customization":{"stream_whitelist":["tickets"]}}`,
		},
		{
			name: "create with a configuration of the service", method: "POST", path: templatesPath, answer: single, got: details,
			call: create(client.SourceTemplateRequest{DefinitionID: stubOrg, DefaultConfig: details.DefaultConfig}),
			body: `{"actor_definition_id":"` + stubOrg + `","partial_default_config":{"start_date":"2026-01-01"}}`,
		},
		{
			name: "copy", method: "POST", path: templatesPath, answer: single, got: details,
			call: create(client.SourceTemplateRequest{CopyOf: stubID}), body: `{"original_source_template_id":"` + stubID + `"}`,
		},
		{
			name: "copy with another name and mode", method: "POST", path: templatesPath, answer: single, got: details,
			call: create(client.SourceTemplateRequest{CopyOf: stubID, Name: "Ours", Mode: "LATER"}),
			body: `{"original_source_template_id":"` + stubID + `","name":"Ours","mode":"LATER"}`,
		},
		{
			name: "rename", method: "PATCH", path: templatesPath + "/" + stubID, answer: single, got: details,
			call: update(client.SourceTemplateChange{Name: " Ours"}), body: `{"name":"Ours"}`,
		},
		{
			name: "change everything", method: "PATCH", path: templatesPath + "/" + stubID, answer: single, got: details,
			call: update(client.SourceTemplateChange{
				Name: "Ours", Mode: client.SourceTemplateReplication, DefaultConfig: map[string]any{"a": 1}, Propagate: true,
				Customization: client.Value(client.SourceTemplateCustomization{StreamSelectionMode: new(gen.StreamSelectionModeAll)}),
			}),
			body: `{"name":"Ours","mode":"REPLICATION","partial_default_config":{"a":1},"propagate":true,"customization":{"stream_selection_mode":"all"}}`,
		},
		{
			name: "take away", method: "PATCH", path: templatesPath + "/" + stubID, answer: single, got: details,
			call: update(client.SourceTemplateChange{DefaultConfig: map[string]any{}, Customization: client.Null[client.SourceTemplateCustomization]()}),
			body: `{"partial_default_config":{},"customization":null}`,
		},
		{
			name: "propagate what is there", method: "PATCH", path: templatesPath + "/" + stubID, answer: single, got: details,
			call: update(client.SourceTemplateChange{Propagate: true}), body: `{"propagate":true}`,
		},
		{
			name: "delete", method: "DELETE", path: templatesPath + "/" + stubID, answer: `{"id":"` + stubID + `","deleted_at":"2026-03-01T10:00:00Z"}`, got: nil,
			call: func(ctx context.Context, c *client.Client) (any, error) {
				return nil, c.SourceTemplates().Delete(ctx, stubID)
			},
		},
	} {
		t.Run(x.name, x.run)
	}
}

func TestSourceTemplateMistakes(t *testing.T) {
	list := func(filter client.SourceTemplateFilter) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			_, err := c.SourceTemplates().List(ctx, filter)
			return err
		}
	}
	create := func(r client.SourceTemplateRequest) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			_, err := c.SourceTemplates().Create(ctx, r)
			return err
		}
	}
	update := func(id string, ch client.SourceTemplateChange) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			_, err := c.SourceTemplates().Update(ctx, id, ch)
			return err
		}
	}
	for _, m := range []mistake{
		{"an empty tag", list(client.SourceTemplateFilter{Tags: []string{"a", " "}}), []string{"one of the Tags is empty"}},
		{"a match without tags", list(client.SourceTemplateFilter{Match: client.TagMatchAny}), []string{"Match is given without Tags"}},
		{"get", func(ctx context.Context, c *client.Client) error {
			_, err := c.SourceTemplates().Get(ctx, "")
			return err
		}, []string{"the source template's id"}},
		{"delete", func(ctx context.Context, c *client.Client) error { return c.SourceTemplates().Delete(ctx, "..") }, []string{"is not a UUID"}},
		{"nothing to make it from", create(client.SourceTemplateRequest{Name: "x"}), []string{"exactly one of DefinitionID and CopyOf"}},
		{"two to make it from", create(client.SourceTemplateRequest{DefinitionID: stubID, CopyOf: stubID}), []string{"exactly one"}},
		{"no definition's id", create(client.SourceTemplateRequest{DefinitionID: "github"}), []string{"DefinitionID is not a UUID"}},
		{"no template's id", create(client.SourceTemplateRequest{CopyOf: "github"}), []string{"CopyOf is not a UUID"}},
		{"a copy with a configuration", create(client.SourceTemplateRequest{CopyOf: stubID, DefaultConfig: map[string]any{}}), []string{"change them with Update"}},
		{"a copy with a customization", create(client.SourceTemplateRequest{CopyOf: stubID, Customization: &client.SourceTemplateCustomization{}}), []string{"change them with Update"}},
		{
			"a hidden secret", create(client.SourceTemplateRequest{DefinitionID: stubID, DefaultConfig: map[string]any{"a": []any{auth.Secret("x")}}}),
			[]string{"DefaultConfig contains an auth.Secret"},
		},
		{
			"a hidden configuration", create(client.SourceTemplateRequest{DefinitionID: stubID, DefaultConfig: map[string]any{"a": client.Configuration{"b": 1}}}),
			[]string{"or a Configuration"},
		},
		{"what is no JSON", create(client.SourceTemplateRequest{DefinitionID: stubID, DefaultConfig: map[string]any{"a": func() {}}}), []string{"DefaultConfig cannot be encoded as JSON"}},
		{"a broken customization", create(client.SourceTemplateRequest{DefinitionID: stubID, Customization: &client.SourceTemplateCustomization{
			StreamMappers: map[string][]gen.StreamMapper{"a": {brokenMapper(t)}},
		}}), []string{"cannot be encoded as JSON"}},
		{"update of none", update("github", client.SourceTemplateChange{Name: "x"}), []string{`"github" is not a UUID`}},
		{"nothing to change", update(stubID, client.SourceTemplateChange{Name: " "}), []string{"there is nothing to change"}},
		{"a change to a hidden secret", update(stubID, client.SourceTemplateChange{DefaultConfig: map[string]any{"a": auth.Secret("x")}}), []string{"an auth.Secret"}},
	} {
		t.Run(m.name, m.run)
	}
}

// brokenMapper is a mapper that is not JSON.
func brokenMapper(t *testing.T) (m gen.StreamMapper) {
	t.Helper()
	if err := m.UnmarshalJSON([]byte(`{`)); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestTemplateSecretsDoNotShow covers the requests of templates, the
// configurations in responses, and errors that repeat them.
func TestTemplateSecretsDoNotShow(t *testing.T) {
	config := map[string]any{"password": connectorSecret, "deep": []any{map[string]any{"key": connectorSecret}}}
	values := map[string]any{
		"source template request":     client.SourceTemplateRequest{Name: "seen", DefaultConfig: config},
		"source template change":      client.SourceTemplateChange{Name: "seen", DefaultConfig: config},
		"connection template request": client.ConnectionTemplateRequest{DestinationName: "seen", DestinationConfig: config},
		"connection template change":  client.ConnectionTemplateChange{DestinationName: "seen", DestinationConfig: config},
		"OAuth app request":           client.OAuthAppRequest{ConnectorType: "seen", Configuration: config},
		"source template":             client.SourceTemplateDetails{SourceTemplate: client.SourceTemplate{Name: "seen"}, DefaultConfig: config},
		"connection template":         &client.ConnectionTemplate{DestinationName: "seen", DestinationConfig: config},
		"pointer":                     &client.OAuthAppRequest{ConnectorType: "seen", Configuration: config},
		"list":                        []client.ConnectionTemplateRequest{{DestinationName: "seen", DestinationConfig: config}},
		"configuration":               map[string]any{"seen": client.Configuration(config)},
	}
	for name, v := range values {
		t.Run(name, func(t *testing.T) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
				if text := fmt.Sprintf(verb, v); shows(text) || verb == "%+v" && (!strings.Contains(text, "seen") || !strings.Contains(text, "[REDACTED]")) {
					t.Errorf("%s prints %s", verb, text)
				}
			}
			var b bytes.Buffer
			slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
			slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
			v1, err := json.Marshal(v)
			if err != nil {
				t.Error(err)
			}
			v2, err := jsonv2.Marshal(v)
			if err != nil {
				t.Error(err)
			}
			for _, text := range []string{b.String(), string(v1), string(v2)} {
				if shows(text) || !strings.Contains(text, "[REDACTED]") {
					t.Errorf("logged or marshalled as %s", text)
				}
			}
		})
	}
	refusal := says(422, `{"message":"bad `+connectorSecret+`","errors":[{"field":"config","message":"`+connectorSecret+`","details":{"input":"`+connectorSecret+`"}}]}`)
	for name, call := range map[string]func(context.Context, *client.Client) error{
		"create source template": func(ctx context.Context, c *client.Client) error {
			_, err := c.SourceTemplates().Create(ctx, client.SourceTemplateRequest{DefinitionID: stubID, DefaultConfig: config})
			return err
		},
		"update source template": func(ctx context.Context, c *client.Client) error {
			_, err := c.SourceTemplates().Update(ctx, stubID, client.SourceTemplateChange{DefaultConfig: config})
			return err
		},
		"create connection template": func(ctx context.Context, c *client.Client) error {
			_, err := c.ConnectionTemplates().Create(ctx, client.ConnectionTemplateRequest{DestinationName: "n", DestinationDefinitionID: stubID, DestinationConfig: config})
			return err
		},
		"update connection template": func(ctx context.Context, c *client.Client) error {
			_, err := c.ConnectionTemplates().Update(ctx, stubID, client.ConnectionTemplateChange{DestinationConfig: config})
			return err
		},
		"set OAuth app": func(ctx context.Context, c *client.Client) error {
			_, err := c.OAuthApps().Set(ctx, client.OAuthAppRequest{ConnectorType: "github", Configuration: config})
			return err
		},
	} {
		t.Run("error/"+name, func(t *testing.T) {
			s := serve(t, refusal)
			err := call(t.Context(), newClient(t, s))
			wantKinds(t, err, "ErrInvalid")
			wantText(t, err, "client: "+name+": ", "bad [REDACTED]")
			e := asError(t, err)
			if !shows(s.requests()[0].Body) {
				t.Error("the secret was not sent")
			}
			if shows(fmt.Sprintf("%v %+v %s", err, e.Fields, e.Body())) {
				t.Errorf("shows: %v %+v %s", err, e.Fields, e.Body())
			}
		})
	}
}

// TestConfigurationIsOpen checks that the hidden content is accessible.
func TestConfigurationIsOpen(t *testing.T) {
	c := client.Configuration{"host": "db.test"}
	if text, err := json.Marshal(map[string]any(c)); err != nil || string(text) != `{"host":"db.test"}` || c["host"] != "db.test" {
		t.Errorf("%s %v", text, err)
	}
	var b bytes.Buffer
	if slog.New(slog.NewTextHandler(&b, nil)).Info("x", "config", c); !strings.Contains(b.String(), "config=[REDACTED]") {
		t.Errorf("logs %s", &b)
	}
	for want, c := range map[string]client.Configuration{"[REDACTED]": c, "empty": {}, "none": nil} {
		if got := fmt.Sprint(c); got != want {
			t.Errorf("prints %s, want %s", got, want)
		}
	}
}

func TestChangesInPrint(t *testing.T) {
	for want, v := range map[string]any{
		`client.SourceTemplateChange{Name:"", Mode:"", DefaultConfig:unchanged, Customization:null, Propagate:true}`: client.SourceTemplateChange{
			Propagate: true, Customization: client.Null[client.SourceTemplateCustomization](),
		},
		`client.SourceTemplateChange{Name:"n", Mode:"MULTI", DefaultConfig:empty, Customization:given, Propagate:false}`: client.SourceTemplateChange{
			Name: "n", Mode: client.SourceTemplateMulti, DefaultConfig: map[string]any{}, Customization: client.Value(client.SourceTemplateCustomization{}),
		},
		`client.SourceTemplateChange{Name:"", Mode:"", DefaultConfig:unchanged, Customization:unchanged, Propagate:false}`:                                          client.SourceTemplateChange{},
		`client.ConnectionTemplateChange{CronExpression:unchanged, DestinationName:"", DestinationConfig:unchanged, SyncOnCreate:not given, NonBreakingChanges:""}`: client.ConnectionTemplateChange{},
		`client.ConnectionTemplateChange{CronExpression:null, DestinationName:"", DestinationConfig:unchanged, SyncOnCreate:false, NonBreakingChanges:"ignore"}`: client.ConnectionTemplateChange{
			CronExpression: client.Null[string](), SyncOnCreate: new(false), NonBreakingChanges: client.ChangesIgnore,
		},
		`client.ConnectionTemplateChange{CronExpression:"x", DestinationName:"", DestinationConfig:empty, SyncOnCreate:not given, NonBreakingChanges:""}`: client.ConnectionTemplateChange{
			CronExpression: client.Value("x"), DestinationConfig: map[string]any{},
		},
	} {
		if got := fmt.Sprint(v); got != want {
			t.Errorf("prints %s\nwant   %s", got, want)
		}
	}
}

func TestSourceTemplatesOfTheFake(t *testing.T) {
	ctx := t.Context()
	c, _ := fakeClient(t)
	templates := c.SourceTemplates()
	own, err := templates.List(ctx, client.SourceTemplateFilter{})
	if err != nil || len(own) != 1 || own[0].Customization == nil || own[0].Slug != "zendesk-support" || own[0].OrganizationID == "" {
		t.Fatalf("got %+v, %v", own, err)
	}
	crm, err := templates.List(ctx, client.SourceTemplateFilter{Tags: []string{"crm", "payments"}, Global: true})
	if err != nil || len(crm) < 3 || crm[0].OrganizationID != "" {
		t.Fatalf("got %+v, %v", crm, err)
	}
	if none, err := templates.List(ctx, client.SourceTemplateFilter{Tags: []string{"crm", "payments"}, Match: client.TagMatchAll, Global: true}); err != nil || len(none) != 0 {
		t.Errorf("got %+v, %v", none, err)
	}
	copied, err := templates.Create(ctx, client.SourceTemplateRequest{CopyOf: own[0].ID, Name: "Second desk"})
	if err != nil || copied.Name != "Second desk" || !reflect.DeepEqual(copied.Customization, own[0].Customization) || copied.DefaultConfig["start_date"] == nil {
		t.Fatalf("got %+v, %v", copied, err)
	}
	made, err := templates.Create(ctx, client.SourceTemplateRequest{DefinitionID: crm[0].DefinitionID, Name: "Ours", DefaultConfig: map[string]any{"a": "b"}})
	if err != nil || made.Mode != client.SourceTemplateReplication || made.DefaultConfig["a"] != "b" {
		t.Fatalf("got %+v, %v", made, err)
	}
	changed, err := templates.Update(ctx, copied.ID, client.SourceTemplateChange{
		DefaultConfig: map[string]any{}, Customization: client.Null[client.SourceTemplateCustomization](), Mode: client.SourceTemplateDirect,
	})
	if err != nil || changed.Name != "Second desk" || changed.Customization != nil || len(changed.DefaultConfig) != 0 || changed.Mode != client.SourceTemplateDirect {
		t.Fatalf("got %+v, %v", changed, err)
	}
	if got, err := templates.Get(ctx, copied.ID); err != nil || got.Slug != "zendesk-support" || len(got.AuthHints) == 0 || got.UserConfig.Schema == nil {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := templates.Delete(ctx, copied.ID); err != nil {
		t.Error(err)
	}
	wantKinds(t, templates.Delete(ctx, copied.ID), "ErrNotFound")
	wantKinds(t, templates.Delete(ctx, crm[0].ID), "ErrForbidden")
}
