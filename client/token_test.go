package client_test

import (
	"encoding/json"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

func TestWidgetToken(t *testing.T) {
	for _, tc := range []struct {
		name    string
		request client.WidgetRequest
		want    string // what is sent besides the workspace
	}{
		{"plain", client.WidgetRequest{Origin: "https://app.example.com"}, `{"allowed_origin":"https://app.example.com"}`},
		{"slash and port", client.WidgetRequest{Origin: " https://app.example.com:8443/ "}, `{"allowed_origin":"https://app.example.com:8443"}`},
		{"local", client.WidgetRequest{Origin: "http://localhost:3000"}, `{"allowed_origin":"http://localhost:3000"}`},
		{
			"any source", client.WidgetRequest{Origin: "https://a.test", SourceTemplateTags: []string{"crm", "mail"}},
			`{"allowed_origin":"https://a.test","selected_source_template_tags":["crm","mail"],"selected_source_template_tags_mode":"any"}`,
		},
		{
			"all sources", client.WidgetRequest{Origin: "https://a.test", SourceTemplateTags: []string{"crm", "eu"}, SourceTemplateMatch: client.TagMatchAll},
			`{"allowed_origin":"https://a.test","selected_source_template_tags":["crm","eu"],"selected_source_template_tags_mode":"all"}`,
		},
		{
			"any connection", client.WidgetRequest{Origin: "https://a.test", ConnectionTemplateTags: []string{"lake"}},
			`{"allowed_origin":"https://a.test","selected_connection_template_tags":["lake"],"selected_connection_template_tags_mode":"any"}`,
		},
		{
			"all connections, and sources", client.WidgetRequest{Origin: "https://a.test", ConnectionTemplateTags: []string{"lake", "eu"}, ConnectionTemplateMatch: client.TagMatchAll, SourceTemplateTags: []string{"crm"}},
			`{"allowed_origin":"https://a.test","selected_connection_template_tags":["lake","eu"],"selected_connection_template_tags_mode":"all","selected_source_template_tags":["crm"],"selected_source_template_tags_mode":"any"}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, says(200, `{"token":"widget-token-0815"}`))
			token, err := newClient(t, s).Workspace("acme").WidgetToken(t.Context(), tc.request)
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
		_, err := newClient(t, s).Workspace("acme").WidgetToken(t.Context(), client.WidgetRequest{Origin: origin})
		wantKinds(t, err, "ErrInvalid")
		wantText(t, err, "create widget token", "https://app.example.com")
		s.wantSent(t, 0)
	}
	s := serve(t)
	_, err := newClient(t, s).Workspace("acme").WidgetToken(t.Context(), client.WidgetRequest{
		SourceTemplateTags: []string{" "}, ConnectionTemplateMatch: client.TagMatchAll,
	})
	wantKinds(t, err, "ErrInvalid")
	wantText(t, err, "the origin is not valid", "one of the SourceTemplateTags is empty", "ConnectionTemplateMatch is given without ConnectionTemplateTags")
	s.wantSent(t, 0)
	_, err = newClient(t, serve(t, says(200, `{"token":""}`))).Workspace("acme").WidgetToken(t.Context(), client.WidgetRequest{Origin: "https://a.test"})
	wantText(t, err, "no token")
}
