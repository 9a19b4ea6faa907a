package client_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

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
	templates, err := appClient(t, fake).ConnectionTemplates().List(t.Context(), client.ConnectionTemplateFilter{})
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

// What may be secret in a request has a type that hides it, also when the field
// alone is printed.
func TestRequestsHaveConfigurations(t *testing.T) {
	n := 0
	for _, v := range []any{
		client.CreateConnectorRequest{}, client.ConnectorChange{}, client.OAuthRequest{}, client.OAuthAppRequest{}, client.SourceTemplateRequest{},
		client.SourceTemplateChange{}, client.ConnectionTemplateRequest{}, client.ConnectionTemplateChange{},
	} {
		for f := range reflect.TypeOf(v).Fields() {
			if f.Type.Kind() != reflect.Map {
				continue
			}
			if n++; f.Type != reflect.TypeFor[client.Configuration]() {
				t.Errorf("%T.%s is a %v", v, f.Name, f.Type)
			}
		}
	}
	if n < 11 {
		t.Errorf("%d fields were found", n)
	}
	plain := map[string]any{"token": connectorSecret}
	r := client.CreateConnectorRequest{ConnectorType: "github", Credentials: plain}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if text := fmt.Sprintf(verb, r.Credentials); text != "[REDACTED]" {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

// A configuration is sent as it is, whether the program or the service made it.
func TestConfigurationsAreSent(t *testing.T) {
	const got = `{"id":"` + stubID + `","name":"n","replication_config":{"n":9007199254740993,"token":"` + connectorSecret + `"}}`
	s := serve(t, says(200, got))
	c := connectorOf(newClient(t, s))
	details, err := c.Details(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Update(t.Context(), client.ConnectorChange{ReplicationConfig: details.ReplicationConfig}); err != nil {
		t.Fatal(err)
	}
	if body, want := s.requests()[1].Body, `{"replication_config":{"n":9007199254740993,"token":"`+connectorSecret+`"}}`; strings.TrimSpace(body) != want {
		t.Errorf("sent %s, want %s", body, want)
	}
	_, err = c.Update(t.Context(), client.ConnectorChange{ReplicationConfig: map[string]any{"in": details.ReplicationConfig}})
	wantKinds(t, err, "ErrInvalid")
	s.wantSent(t, 2)
}
