package client_test

import (
	"context"
	"strings"
	"testing"

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
