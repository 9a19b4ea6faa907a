package client

import (
	"context"
	"net/http"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// Prepare returns the definition of the connector, a document in OpenAPI 3.1 as YAML
// that describes all its entities and actions, and how records are copied to the
// context store. The service runs nothing: entity and action, neither of which may be
// empty, and params only select what is prepared.
//
// The service responds with more than the definition, including configuration that may
// contain secrets. Prepare does not keep any of that, and an error has no Body. The
// service does not document this operation, and may refuse it; [Connector.Describe] is
// the other way to find out what a connector can do.
func (c *Connector) Prepare(ctx context.Context, entity, action string, params Params) ([]byte, error) {
	x := &execution{entity: entity, action: action, params: params}
	ask := c.begin(&call{op: "prepare " + strings.TrimPrefix(x.op(), "execute "), name: "prepareExecution", read: true, confidential: true, about: x.about(c), params: x.params})
	if strings.TrimSpace(entity) == "" || strings.TrimSpace(action) == "" {
		return nil, ask.about.addTo(invalid(ask.op, "the entity or the action is empty; Describe lists both"))
	}
	body, err := x.wire()
	if err != nil {
		return nil, ask.about.addTo(err)
	}
	id, err := c.checkedID(ask.op)
	if err != nil {
		return nil, err
	}
	var got prepared
	ask.consume = func(resp *http.Response) error {
		got = prepared{} // anew for every attempt
		if err := readJSON(resp, &got); err != nil {
			return ask.withhold(err)
		}
		if err := got.verdict(); err != nil {
			return err
		}
		if got.Bundle.v.Definition.v == "" {
			return &Error{kind: ErrBadResponse, Message: "the response has no definition_yaml"}
		}
		return nil
	}
	ask.to(gen.NewPrepareExecutionRequest(ask.server(), id, nil, body))
	if _, err := ask.send(ctx); err != nil { //nolint:bodyclose // the pipeline closes what a call consumes
		return nil, err
	}
	return []byte(got.Bundle.v.Definition.v), nil
}

// prepared is the response to prepareExecution. It has no place for the secrets of the
// bundle.
type prepared struct {
	frame
	Bundle loose[struct {
		Definition loose[string] `json:"definition_yaml"`
	}] `json:"bundle"`
}
