package gen_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// A bundle may contain secrets, and must not show them when it is printed, even inside
// a response.
func TestBundleDoesNotShowSecrets(t *testing.T) {
	const secret = "secret-of-a-bundle"
	entity := "tickets"
	bundle := gen.ExecutionBundle{
		DefinitionYaml: "openapi: 3.1.0", Entity: &entity, Params: map[string]any{"a": secret},
		ConfigValues: map[string]any{"a": secret}, SourceConfig: map[string]any{"b": secret}, ReplicationAuthKeyMapping: map[string]any{"c": secret},
	}
	result := gen.ExecuteResult{Status: "success", Bundle: &bundle}
	response := gen.PrepareExecutionResponse{Body: []byte(secret), HTTPResponse: &http.Response{StatusCode: 200}, JSON200: &result}
	for _, v := range []any{bundle, &bundle, result, &result, response, &response, []any{bundle}, map[string]any{"b": &bundle}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) || strings.Contains(text, strings.Trim(fmt.Sprint([]byte(secret)), "[]")) {
				t.Errorf("%s of %T: %s", verb, v, text)
			}
		}
	}
	if got := bundle.String(); !strings.Contains(got, `"tickets"`) || !strings.Contains(got, "14 bytes") {
		t.Errorf("got %s", got)
	}
	if got := (gen.PrepareExecutionResponse{}).String(); !strings.Contains(got, "0 bytes") {
		t.Errorf("got %s", got)
	}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("prepared", "bundle", bundle, "response", &response)
	}
	if strings.Contains(log.String(), secret) || !strings.Contains(log.String(), "tickets") {
		t.Error(log.String())
	}
}
