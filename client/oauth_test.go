package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const oauthPath = "/api/v1/oauth/credentials"

func TestOAuthApps(t *testing.T) {
	set := func(r client.OAuthAppRequest) func(context.Context, *client.Client) (any, error) {
		return func(ctx context.Context, c *client.Client) (any, error) { return c.OAuthApps().Set(ctx, r) }
	}
	remove := func(slug string) func(context.Context, *client.Client) (any, error) {
		return func(ctx context.Context, c *client.Client) (any, error) { return nil, c.OAuthApps().Delete(ctx, slug) }
	}
	config := map[string]any{"client_id": "our-app", "client_secret": "our-secret"}
	const sent = `"configuration":{"client_id":"our-app","client_secret":"our-secret"}`
	for _, x := range []exchange{
		{
			name: "set by slug", call: set(client.OAuthAppRequest{ConnectorType: " salesforce\n", Configuration: config}), method: "PUT", path: oauthPath,
			body: `{"connector_type":"salesforce",` + sent + `}`,
			answer: `{"id":"` + stubID + `","scope_type":"organization","scope_id":"` + stubOrg + `","connector_type":"source","connector_definition_id":"d",
				"created_at":"2026-03-01T10:00:00Z","updated_at":"2026-03-01T10:00:00Z"}`,
			got: &client.OAuthApp{
				ID: stubID, Scope: client.OAuthScopeOrganization, OrganizationID: stubOrg, Kind: client.DefinitionOfSource, DefinitionID: "d", CreatedAt: march, UpdatedAt: march,
			},
		},
		{
			name: "set by definition", call: set(client.OAuthAppRequest{DefinitionID: strings.ToUpper(stubID), Configuration: config}), method: "PUT", path: oauthPath,
			body: `{"connector_definition_id":"` + stubID + `",` + sent + `}`, answer: `{"id":"a","scope_type":"galaxy","scope_id":null}`, got: &client.OAuthApp{ID: "a", Scope: "galaxy"},
		},
		{name: "delete", call: remove(" salesforce"), method: "DELETE", path: oauthPath + "/connector_type/salesforce", status: 204},
		{name: "delete one with an odd name", call: remove("Zendesk Support?#%"), method: "DELETE", path: oauthPath + "/connector_type/Zendesk Support?#%", status: 204},
	} {
		t.Run(x.name, x.run)
	}
	mistaken := func(r client.OAuthAppRequest) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			_, err := c.OAuthApps().Set(ctx, r)
			return err
		}
	}
	for _, m := range []mistake{
		{"neither", mistaken(client.OAuthAppRequest{Configuration: config}), []string{"exactly one of ConnectorType and DefinitionID"}},
		{"both", mistaken(client.OAuthAppRequest{ConnectorType: "x", DefinitionID: stubID, Configuration: config}), []string{"exactly one"}},
		{"no id", mistaken(client.OAuthAppRequest{DefinitionID: "x", Configuration: config}), []string{"DefinitionID is not a UUID"}},
		{"no configuration", mistaken(client.OAuthAppRequest{ConnectorType: "x"}), []string{"Configuration is empty; use Delete to return"}},
		{
			"a hidden secret", mistaken(client.OAuthAppRequest{ConnectorType: "x", Configuration: map[string]any{"client_secret": auth.Secret("x")}}),
			[]string{"Configuration contains an auth.Secret"},
		},
	} {
		t.Run("mistake/"+m.name, m.run)
	}
	for _, slug := range []string{"", " ", ".", "..", " .. ", "a/b", `a\b`, "a\nb", "/"} {
		mistake{slug, func(ctx context.Context, c *client.Client) error { return c.OAuthApps().Delete(ctx, slug) }, []string{"is not the slug"}}.run(t)
	}
}

func TestOAuthAppsOfTheFake(t *testing.T) {
	ctx := t.Context()
	c, _ := fakeClient(t)
	apps := c.OAuthApps()
	request := client.OAuthAppRequest{ConnectorType: "salesforce", Configuration: map[string]any{"client_id": "our-app", "client_secret": "hidden-1234"}}
	first, err := apps.Set(ctx, request)
	if err != nil || first.Scope != client.OAuthScopeOrganization || first.Kind != client.DefinitionOfSource {
		t.Fatalf("got %+v, %v", first, err)
	}
	again, err := apps.Set(ctx, client.OAuthAppRequest{DefinitionID: first.DefinitionID, Configuration: request.Configuration})
	if err != nil || again.ID != first.ID {
		t.Errorf("got %+v, %v", again, err)
	}
	_, err = apps.Set(ctx, client.OAuthAppRequest{ConnectorType: "salesforce", Configuration: map[string]any{"client_id": "our-app"}})
	wantKinds(t, err, "ErrInvalid")
	for range 2 {
		if err := apps.Delete(ctx, "Salesforce"); err != nil {
			t.Error(err)
		}
	}
}

const initiatePath = "/api/v1/integrations/connectors/oauth/initiate"

func TestStartOAuth(t *testing.T) {
	start := func(r client.OAuthRequest) func(context.Context, *client.Client) (any, error) {
		return func(ctx context.Context, c *client.Client) (any, error) {
			return c.Workspace("acme").StartOAuth(ctx, r)
		}
	}
	const page, consent = "https://app.example.com/connected", "https://vendor.test/authorize?state=s"
	for _, x := range []exchange{
		{
			name: "by type", call: start(client.OAuthRequest{ConnectorType: " Github\n", RedirectURL: page, Name: "Code"}), method: "POST", path: initiatePath,
			body: `{"workspace_name":"acme","connector_type":"Github","redirect_url":"` + page + `","name":"Code"}`, answer: `{"consent_url":"` + consent + `"}`, got: consent,
		},
		{
			name: "by definition", call: start(client.OAuthRequest{
				DefinitionID: strings.ToUpper(stubID), RedirectURL: page + "?of=42", ReplicationConfig: map[string]any{"a": 1}, Input: map[string]any{"domain": "d"},
			}), method: "POST", path: initiatePath,
			body:   `{"workspace_name":"acme","definition_id":"` + stubID + `","redirect_url":"` + page + `?of=42","replication_config":{"a":1},"oauth_input_configuration":{"domain":"d"}}`,
			answer: `{"consent_url":"` + consent + `","more":1}`, got: consent,
		},
		{
			name: "by template", call: start(client.OAuthRequest{SourceTemplateID: stubID, RedirectURL: "http://localhost:8080"}), method: "POST", path: initiatePath,
			body: `{"workspace_name":"acme","source_template_id":"` + stubID + `","redirect_url":"http://localhost:8080"}`, answer: `{"consent_url":"` + consent + `"}`, got: consent,
		},
	} {
		t.Run(x.name, x.run)
	}
	mistaken := func(r client.OAuthRequest) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error {
			_, err := c.Workspace("acme").StartOAuth(ctx, r)
			return err
		}
	}
	for _, m := range []mistake{
		{"no kind", mistaken(client.OAuthRequest{RedirectURL: page}), []string{"exactly one of ConnectorType, DefinitionID and SourceTemplateID"}},
		{"two kinds", mistaken(client.OAuthRequest{RedirectURL: page, ConnectorType: "x", SourceTemplateID: stubID}), []string{"not 2"}},
		{"no ids", mistaken(client.OAuthRequest{RedirectURL: page, DefinitionID: "x", SourceTemplateID: "y"}), []string{"DefinitionID is not a UUID", "SourceTemplateID is not a UUID"}},
		{"no page", mistaken(client.OAuthRequest{ConnectorType: "x"}), []string{"RedirectURL is not a URL"}},
		{"half a page", mistaken(client.OAuthRequest{ConnectorType: "x", RedirectURL: "/connected"}), []string{"RedirectURL is not a URL"}},
		{"no web page", mistaken(client.OAuthRequest{ConnectorType: "x", RedirectURL: "javascript:alert(1)"}), []string{"RedirectURL is not a URL"}},
		{"a hidden secret", mistaken(client.OAuthRequest{ConnectorType: "x", RedirectURL: page, Input: map[string]any{"a": auth.Secret("x")}}), []string{"Input contains an auth.Secret"}},
	} {
		t.Run("mistake/"+m.name, m.run)
	}
	for _, answer := range []string{`{}`, `{"consent_url":null}`, `{"consent_url":1}`, `{"consent_url":"javascript:alert(1)"}`, `{"consent_url":"/x"}`} {
		_, err := newClient(t, serve(t, says(200, answer))).Workspace("acme").StartOAuth(t.Context(), client.OAuthRequest{ConnectorType: "x", RedirectURL: page})
		wantKinds(t, err, "ErrBadResponse")
	}
	_, err := newClient(t, serve(t, says(404, `{"message":"Unknown"}`))).Workspace("acme").StartOAuth(t.Context(), client.OAuthRequest{ConnectorType: "x", RedirectURL: page})
	wantKinds(t, err, "ErrNotFound")
	wantText(t, err, "Unknown", "Workspace.Ensure", `"acme"`)
}

func TestConsentResult(t *testing.T) {
	for _, tt := range []struct {
		name, query, id, kinds, code string
		text                         []string
	}{
		{"consent", "connector_id=" + stubID + "&of=42", stubID, "", "", nil},
		{"prefixed", "connector_id=source_id:" + strings.ToUpper(stubID), stubID, "", "", nil},
		{"refused", "error=access_denied&error_description=The+user+said+no", "", "ErrNoConsent", "access_denied", []string{"The user said no", "access_denied"}},
		{"refused without words", "error=server_error", "", "ErrNoConsent", "server_error", []string{"there was no consent", "server_error"}},
		{"refused without a code", "error_description=no", "", "ErrNoConsent", "", []string{"no"}},
		{"both", "error=x&connector_id=" + stubID, "", "ErrNoConsent", "x", nil},
		{"several lines", "error=a%0Ab&error_description=c%0D%0Ad%1B", "", "ErrNoConsent", "a b", []string{"c d"}},
		{"nothing", "", "", "ErrInvalid", "", []string{"neither connector_id nor error"}},
		{"empty", "connector_id=", "", "ErrInvalid", "", []string{"not a UUID"}},
		{"no id", "connector_id=../x", "", "ErrInvalid", "", []string{"not a UUID"}},
		{"two ids", "connector_id=" + stubID + "&connector_id=" + stubOrg, "", "ErrInvalid", "", []string{"not a UUID"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			query, err := url.ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			id, err := client.ConsentResult(query)
			if id != tt.id || (err == nil) != (tt.id != "") {
				t.Fatalf("got %q, %v", id, err)
			}
			wantKinds(t, err, tt.kinds)
			if err != nil {
				if e := asError(t, err); e.Code != tt.code || strings.ContainsAny(e.Error(), "\n\r\x1b") {
					t.Errorf("code %q, text %q", e.Code, e.Error())
				}
				wantText(t, err, tt.text...)
			}
		})
	}
}

// The consent of the fake creates the connector once, or nothing.
func TestConsentOfTheFake(t *testing.T) {
	ctx := t.Context()
	refuse := false
	fake := agentstest.New(agentstest.WithConsent(func(slug, workspace string) error {
		if slug != "slack" || workspace != agentstest.SecondWorkspaceName {
			t.Errorf("asked for %s in %s", slug, workspace)
		}
		if refuse {
			return errors.New("Slack is not for us")
		}
		return nil
	}))
	c := makeClient(t, fake.Transport(), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	ws := c.Workspace(agentstest.SecondWorkspaceName)
	request := client.OAuthRequest{ConnectorType: "Slack", Name: "Chat", RedirectURL: "https://app.example.com/connected?of=42"}
	_, err := ws.StartOAuth(ctx, request)
	wantKinds(t, err, "ErrInvalid") // there is no app
	if _, err := c.OAuthApps().Set(ctx, client.OAuthAppRequest{ConnectorType: "slack", Configuration: map[string]any{"client_id": "a", "client_secret": "b"}}); err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Transport: fake.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	visit := func(page string) (int, url.Values) {
		resp, err := browser.Get(page)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		back, err := resp.Location()
		if err != nil {
			return resp.StatusCode, nil
		}
		if back.Host != "app.example.com" || back.Query().Get("of") != "42" {
			t.Errorf("back at %s", back)
		}
		return resp.StatusCode, back.Query()
	}
	for _, refuse = range []bool{true, false} {
		page, err := ws.StartOAuth(ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		_, query := visit(page)
		id, err := client.ConsentResult(query)
		if refuse {
			wantKinds(t, err, "ErrNoConsent")
			wantText(t, err, "access_denied", "Slack is not for us")
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		chat, err := ws.Connector(ctx, "slack")
		if err != nil || chat.ID() != id {
			t.Errorf("got %v, %v", chat, err)
		}
		if status, _ := visit(page); status != 400 {
			t.Errorf("status %d of a consent that was used", status)
		}
	}
}
