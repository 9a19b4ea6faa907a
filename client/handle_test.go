package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"sync"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A connector that is known by its id alone is paged like one found by its slug:
// the parameter depends on the kind, which is looked up when it matters.
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
		for _, err := range client.All[map[string]any](t.Context(), ws.ConnectorByID(known.ID()), tc.entity, "list", client.Params{"per_page": 100, "limit": 100}) {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// One that was just made is used by its id.
func TestConnectorThatWasJustMade(t *testing.T) {
	ctx := t.Context()
	_, ws := inMemory(t)
	made, err := ws.CreateConnector(ctx, client.CreateConnectorRequest{ConnectorType: "github", Name: "Second", Credentials: map[string]any{"token": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	c := ws.ConnectorByID(made.ID)
	if err := walk(client.All[Issue](ctx, c, "issues", "list", nil)); err != nil {
		t.Error(err)
	}
	if jobID, err := c.Delete(ctx); err != nil || jobID == "" {
		t.Errorf("%q %v", jobID, err)
	}
	if last, err := c.WaitDeleted(ctx); err != nil || last != nil {
		t.Errorf("%v %v", last, err)
	}
	if _, err := ws.ConnectorByID("x").Delete(ctx); !errors.Is(err, client.ErrInvalid) {
		t.Error(err)
	}
}

func TestCreateConnectorSendsTidyValues(t *testing.T) {
	s := serve(t, says(200, `{"id":"x"}`))
	w := newClient(t, s).Workspace("acme")
	_, err := w.CreateConnector(t.Context(), client.CreateConnectorRequest{
		Name: " n\n", ConnectorType: " ", DefinitionID: " 0A1B2C3D-0000-4000-8000-00000000000A ", OAuthSecretID: " s ", Credentials: map[string]any{},
		ConnectionTemplateTags: []string{"a", "b"}, ConnectionTemplateMatch: client.TagMatchAll,
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"workspace_name":"acme","name":"n","definition_id":"` + stubID + `","server_side_oauth_secret_id":"s","credentials":{},` +
		`"selected_connection_template_tags":["a","b"],"selected_connection_template_tags_mode":"all"}`
	if got := s.requests()[0].Body; !sameJSON(got, want) {
		t.Errorf("sent %s, want %s", got, want)
	}
	for name, r := range map[string]client.CreateConnectorRequest{
		"empty credentials":    {ConnectorType: "x", Credentials: map[string]any{}},
		"a match without tags": {ConnectorType: "x", OAuthSecretID: "s", ConnectionTemplateMatch: client.TagMatchAny},
	} {
		_, err := w.CreateConnector(t.Context(), r)
		if wantKinds(t, err, "ErrInvalid"); err == nil {
			t.Error(name)
		}
	}
	s.wantSent(t, 1)
}

// Programs compare codes and fields; words in them are no secrets.
func TestScrubbingLeavesNames(t *testing.T) {
	s := serve(t, says(422, `{"message":"token is wrong: hunter22 at 4711123 is not an access_token, nor tokens","errors":[
		{"field":"credentials.token","error_code":"invalid_token","message":"hunter22"}]}`))
	_, err := newClient(t, s).Workspace("").CreateConnector(t.Context(), client.CreateConnectorRequest{
		ConnectorType: "x", Credentials: map[string]any{"auth_type": "token", "password": "hunter22", "account": 4711123, "small": 47},
	})
	e := asError(t, err)
	if len(e.Fields) != 1 || e.Fields[0].Field != "credentials.token" || e.Fields[0].Code != "invalid_token" || e.Fields[0].Message != "[REDACTED]" {
		t.Errorf("%+v", e.Fields)
	}
	if want := "[REDACTED] is wrong: [REDACTED] at [REDACTED] is not an access_token, nor tokens"; e.Message != want {
		t.Errorf("got  %s\nwant %s", e.Message, want)
	}
	if bytes.Contains(e.Body(), []byte("hunter22")) {
		t.Errorf("%s", e.Body())
	}
}

func TestConfigurationAsJSON(t *testing.T) {
	for _, tc := range []struct {
		c    client.Configuration
		want string
		back client.Configuration
	}{
		{nil, `null`, nil},
		{client.Configuration{}, `{}`, client.Configuration{}},
		{client.Configuration{"a": 1}, `"[REDACTED]"`, nil},
	} {
		b, err := json.Marshal(client.ConnectorDetails{ReplicationConfig: tc.c})
		if err != nil || !bytes.Contains(b, []byte(`:`+tc.want)) {
			t.Errorf("%s %v, want %s", b, err, tc.want)
		}
		var back client.ConnectorDetails
		if err := json.Unmarshal(b, &back); err != nil || (back.ReplicationConfig == nil) != (tc.back == nil) || len(back.ReplicationConfig) != 0 {
			t.Errorf("%s came back as %#v, %v", b, map[string]any(back.ReplicationConfig), err)
		}
	}
	var c client.Configuration
	if err := json.Unmarshal([]byte(`{"n":9007199254740993}`), &c); err != nil || c["n"] != json.Number("9007199254740993") {
		t.Errorf("%#v %v", c["n"], err)
	}
	if err := json.Unmarshal([]byte(`"x"`), &c); err == nil {
		t.Error("a text is no configuration")
	}
	fake := agentstest.NewServer()
	defer fake.Close()
	templates, err := appClient(t, fake).ConnectionTemplates().List(t.Context())
	if err != nil || len(templates) == 0 {
		t.Fatal(templates, err)
	}
	b, err := json.Marshal(templates)
	if err != nil {
		t.Fatal(err)
	}
	var back []client.ConnectionTemplate
	if err := json.Unmarshal(b, &back); err != nil || len(back) != len(templates) || back[0].ID != templates[0].ID {
		t.Errorf("%v %v", back, err)
	}
}
