package client_test

import (
	"encoding/json"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestWidgetToken(t *testing.T) {
	for _, tc := range []struct {
		name, origin string
		opts         []client.WidgetOption
		want         string // what is sent besides the workspace
	}{
		{"plain", "https://app.example.com", nil, `{"allowed_origin":"https://app.example.com"}`},
		{"slash and port", " https://app.example.com:8443/ ", nil, `{"allowed_origin":"https://app.example.com:8443"}`},
		{"local", "http://localhost:3000", nil, `{"allowed_origin":"http://localhost:3000"}`},
		{
			"any source", "https://a.test", []client.WidgetOption{client.WithSourceTemplateTags("crm", "mail")},
			`{"allowed_origin":"https://a.test","selected_source_template_tags":["crm","mail"],"selected_source_template_tags_mode":"any"}`,
		},
		{
			"all sources", "https://a.test", []client.WidgetOption{client.WithSourceTemplateTags("x"), client.WithAllSourceTemplateTags("crm", "eu")},
			`{"allowed_origin":"https://a.test","selected_source_template_tags":["crm","eu"],"selected_source_template_tags_mode":"all"}`,
		},
		{
			"any connection", "https://a.test", []client.WidgetOption{client.WithConnectionTemplateTags("lake")},
			`{"allowed_origin":"https://a.test","selected_connection_template_tags":["lake"],"selected_connection_template_tags_mode":"any"}`,
		},
		{
			"all connections, and sources", "https://a.test", []client.WidgetOption{client.WithAllConnectionTemplateTags("lake", "eu"), nil, client.WithSourceTemplateTags("crm")},
			`{"allowed_origin":"https://a.test","selected_connection_template_tags":["lake","eu"],"selected_connection_template_tags_mode":"all","selected_source_template_tags":["crm"],"selected_source_template_tags_mode":"any"}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, says(200, `{"token":"widget-token-0815"}`))
			token, err := newClient(t, s).Workspace("acme").WidgetToken(t.Context(), tc.origin, tc.opts...)
			if err != nil || token != auth.Secret("widget-token-0815") {
				t.Fatalf("%q, %v", string(token), err)
			}
			sent := s.requests()[0].decoded(t)
			if sent["workspace_name"] != "acme" {
				t.Errorf("for workspace %v", sent["workspace_name"])
			}
			delete(sent, "workspace_name")
			if got, _ := json.Marshal(sent); string(got) != tc.want {
				t.Errorf("sent %s, want %s", got, tc.want)
			}
		})
	}
	for _, origin := range []string{
		"", "app.example.com", "ftp://a.test", "https://", "https://a.test/page", "https://a.test?x=1", "https://a.test#top", "https://me@a.test", "https://a b", "*",
	} {
		s := serve(t)
		_, err := newClient(t, s).Workspace("acme").WidgetToken(t.Context(), origin)
		wantKinds(t, err, "ErrInvalid")
		wantText(t, err, "create widget token", "https://app.example.com")
		s.wantSent(t, 0)
	}
	_, err := newClient(t, serve(t, says(200, `{"token":""}`))).Workspace("acme").WidgetToken(t.Context(), "https://a.test")
	wantText(t, err, "no token")
}
