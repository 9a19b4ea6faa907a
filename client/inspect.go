package client

import (
	"context"
	"net/http"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// What the service tells of a connector. The types are those of the contract.
type (
	// Inspection is what a connector is, and what of its data can be searched.
	Inspection = gen.Inspection

	// CheckResult is whether a connector works. A check that failed is a
	// result, with a status and a message, and not an error.
	CheckResult = gen.ConnectorCheckResult

	// Docs is the documentation of a connector: an outline, and the content of
	// a section if one was asked for.
	Docs = gen.SkillDocs
)

// Inspect tells what the connector is: its kind, its documentation, and which
// entities can be searched in the context store.
func (c *Connector) Inspect(ctx context.Context) (*Inspection, error) {
	call := &call{op: "inspect connector", name: "inspectConnector", read: true}
	id, err := c.checkedID(call.op)
	if err != nil {
		return nil, err
	}
	got, err := fetch[gen.Inspection](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return c.ws.client.raw.InspectConnector(ctx, id, &gen.InspectConnectorParams{})
	})
	if err != nil {
		return nil, err
	}
	if got.DocsSkillID != "" {
		c.docs.Store(&got.DocsSkillID)
	}
	return got, nil
}

// Check asks the service to try the connector's configuration.
func (c *Connector) Check(ctx context.Context) (*CheckResult, error) {
	call := &call{op: "check connector", name: "checkConnector"}
	id, err := c.checkedID(call.op)
	if err != nil {
		return nil, err
	}
	return fetch[gen.ConnectorCheckResult](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return c.ws.client.raw.CheckConnector(ctx, id, &gen.CheckConnectorParams{}, gen.ConnectorUpdateRequest{})
	})
}

// Docs returns the documentation of the connector: the section of that id, or
// the outline, which has the ids, for "". The first call may take a request
// more, to [Connector.Inspect].
func (c *Connector) Docs(ctx context.Context, section string) (*Docs, error) {
	docs := c.docs.Load()
	if docs == nil {
		got, err := c.Inspect(ctx)
		if err != nil {
			return nil, err
		}
		docs = &got.DocsSkillID
	}
	if *docs == "" {
		return nil, &Error{op: "connector docs", kind: ErrNotFound, Message: "the connector has no documentation"}
	}
	params := &gen.GetSkillDocsParams{ID: *docs}
	if section != "" {
		params.Section = &section
	}
	call := &call{op: "connector docs", name: "getSkillDocs", read: true}
	return fetch[gen.SkillDocs](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return c.ws.client.raw.GetSkillDocs(ctx, params)
	})
}

// Describe returns the connector's own schema: its entities, their actions and
// the parameters of those. Its form is the connector's.
func (c *Connector) Describe(ctx context.Context) (*Result, error) {
	return c.Execute(ctx, "", actionDescribe, nil)
}
