package client_test

import (
	"bytes"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// Programs compare codes and fields, so words in them are not redacted.
func TestScrubbingLeavesNames(t *testing.T) {
	s := serve(t, says(422, `{"message":"token=token is wrong: hunter22 at 47111234 is not an access_token, nor tokens","errors":[
		{"field":"credentials.token","error_code":"invalid_token","message":"hunter22"}]}`))
	_, err := newClient(t, s).DefaultWorkspace().CreateConnector(t.Context(), client.CreateConnectorRequest{
		ConnectorType: "x", Credentials: map[string]any{"auth_type": "token", "password": "hunter22", "account": 47111234, "small": 47},
	})
	e := asError(t, err)
	if len(e.Fields) != 1 || e.Fields[0].Field != "credentials.token" || e.Fields[0].Code != "invalid_token" || e.Fields[0].Message != "[REDACTED]" {
		t.Errorf("%+v", e.Fields)
	}
	if want := "token=[REDACTED] is wrong: [REDACTED] at [REDACTED] is not an access_token, nor tokens"; e.Message != want {
		t.Errorf("got  %s\nwant %s", e.Message, want)
	}
	if bytes.Contains(e.Body(), []byte("hunter22")) {
		t.Errorf("%s", e.Body())
	}
}
