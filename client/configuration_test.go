package client_test

import (
	"bytes"
	"encoding/json"
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
