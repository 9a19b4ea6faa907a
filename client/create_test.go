package client_test

import (
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

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
		"an empty tag":         {ConnectorType: "x", OAuthSecretID: "s", ConnectionTemplateTags: []string{"a", " "}},
		"a match without tags": {ConnectorType: "x", OAuthSecretID: "s", ConnectionTemplateMatch: client.TagMatchAny},
	} {
		_, err := w.CreateConnector(t.Context(), r)
		if wantKinds(t, err, "ErrInvalid"); err == nil {
			t.Error(name)
		}
	}
	s.wantSent(t, 1)
}
