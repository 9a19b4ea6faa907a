package gen

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
)

// String describes the bundle by the connector, the entity and the action, and by the
// size of the definition. It leaves out everything that may be secret.
func (b ExecutionBundle) String() string {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return fmt.Sprintf("gen.ExecutionBundle{ConnectorDefinitionID:%q, Entity:%q, Action:%q, DefinitionYaml:%d bytes}",
		text(b.ConnectorDefinitionID), text(b.Entity), text(b.Action), len(b.DefinitionYaml))
}

// Format writes what String returns, for every verb. Marshaling a bundle, and printing
// one of its fields, shows what it contains.
func (b ExecutionBundle) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, b.String()) }

// LogValue implements [slog.LogValuer].
func (b ExecutionBundle) LogValue() slog.Value { return slog.StringValue(b.String()) }

// String describes the response by its status and size.
func (r PrepareExecutionResponse) String() string {
	status := ""
	if r.HTTPResponse != nil {
		status = http.StatusText(r.HTTPResponse.StatusCode)
	}
	return fmt.Sprintf("gen.PrepareExecutionResponse{%s, %d bytes}", status, len(r.Body))
}

// Format writes what String returns, for every verb: the body contains the bundle, and
// the request in HTTPResponse a token.
func (r PrepareExecutionResponse) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r PrepareExecutionResponse) LogValue() slog.Value { return slog.StringValue(r.String()) }
