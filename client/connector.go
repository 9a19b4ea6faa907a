package client

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// A Connector is one connection of a workspace to a business system.
type Connector struct {
	ws *Workspace
	id string

	slug atomic.Pointer[string] // that of its kind, once it is known
	docs atomic.Pointer[string] // the id of its documentation, once Inspect told
}

// ID is the connector's id, a UUID.
func (c *Connector) ID() string { return c.id }

// Slug is that of the connector's kind, such as "github". It is "" for one made
// by [Workspace.ConnectorByID], until [All] or [Result.NextParams] has had to
// look it up: the service tells slugs in lists only.
func (c *Connector) Slug() string {
	if slug := c.slug.Load(); slug != nil {
		return *slug
	}
	return ""
}

// learn keeps the slug, if it is one.
func (c *Connector) learn(slug string) {
	if slug != "" {
		c.slug.Store(&slug)
	}
}

// Workspace returns the workspace that the connector was found in.
func (c *Connector) Workspace() *Workspace { return c.ws }

// Close does nothing: a connector holds nothing that needs closing.
func (c *Connector) Close() error { return nil }

// String names the connector.
func (c *Connector) String() string { return fmt.Sprintf("client.Connector{%s %s}", c.Slug(), c.id) }

// Format writes what String returns, for every verb.
func (c *Connector) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalText returns what String returns.
func (c *Connector) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ConnectorDetails is a connector and what it is set up with.
type ConnectorDetails struct {
	ConnectorInfo // its Slug is "" unless the connector was found by it

	// Entities are those that the connector is made for; empty for all.
	Entities []RequestedEntity

	// ReplicationConfig is the configuration for replication. The service masks
	// the secrets that it knows of in it; take it for secret all the same.
	// Numbers are json.Number, so that none loses digits on the way back.
	ReplicationConfig Configuration
}

// String tells what the connector is, and not how it is configured.
func (d ConnectorDetails) String() string {
	return fmt.Sprintf("client.ConnectorDetails{ID:%q, Name:%q, Slug:%q, DefinitionID:%q, TemplateID:%q, Entities:%d, ReplicationConfig:%s}",
		d.ID, d.Name, d.Slug, d.DefinitionID, d.TemplateID, len(d.Entities), d.ReplicationConfig)
}

// Format writes what String returns, for every verb: of a pointer inside
// another type, fmt would else print the fields without asking them.
func (d ConnectorDetails) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

func (c *Connector) details(got *wholeConnector) *ConnectorDetails {
	info := got.info(c.Slug())
	c.learn(info.Slug)
	return &ConnectorDetails{ConnectorInfo: info, Entities: got.Entities.v, ReplicationConfig: got.Config.v}
}

// Info returns what the service knows of the connector, its configuration
// included. One that does not exist is [ErrConnectorNotFound].
func (c *Connector) Info(ctx context.Context) (*ConnectorDetails, error) {
	call := &call{op: "get connector", name: "getConnector", read: true}
	id, err := c.checkedID(call.op)
	if err != nil {
		return nil, err
	}
	got, err := fetch[wholeConnector](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return c.ws.client.raw.GetConnector(ctx, id, &gen.GetConnectorParams{})
	})
	if err != nil {
		return nil, missing(err, ErrConnectorNotFound)
	}
	return c.details(got), nil
}

// A ConnectorChange says what [Connector.Update] changes. Zero fields stay as
// they are. It does not print what may be secret, but in an unexported field of
// another type, where fmt calls no methods.
type ConnectorChange struct {
	Name string

	// Entities are those that the connector is made for. [Value] of an empty
	// list takes the selection away, so that all are. [Null] is sent as null, of
	// which the service does not say what it does. Value of a nil slice is
	// refused, since it could be meant as either.
	Entities Nullable[[]RequestedEntity]

	// ReplicationConfig takes the place of the configuration for replication as
	// a whole, unless it is nil. Where [Connector.Info] tells a secret as
	// asterisks, give the secret: what the service makes of asterisks is not
	// published.
	ReplicationConfig map[string]any
}

// String tells what changes, and not to what where that may be secret.
func (c ConnectorChange) String() string {
	entities, config := "unchanged", "unchanged"
	switch list, ok := c.Entities.Get(); {
	case ok:
		entities = strconv.Itoa(len(list))
	case c.Entities.IsNull():
		entities = "null"
	}
	if c.ReplicationConfig != nil {
		config = hiddenConfig(c.ReplicationConfig)
	}
	return fmt.Sprintf("client.ConnectorChange{Name:%q, Entities:%s, ReplicationConfig:%s}", c.Name, entities, config)
}

// Format writes what String returns, for every verb.
func (c ConnectorChange) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c ConnectorChange) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns: a change is not for storing.
func (c ConnectorChange) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c ConnectorChange) isZero() bool {
	return strings.TrimSpace(c.Name) == "" && c.Entities.IsZero() && c.ReplicationConfig == nil
}

func (c ConnectorChange) check(op string) error {
	var problems []string
	if list, ok := c.Entities.Get(); ok && list == nil {
		problems = append(problems, "Entities is a nil slice: Value of an empty one takes the selection away, and Null sends null")
	} else {
		problems = unnamed(list)
	}
	return refuse(op, append(problems, configProblem("ReplicationConfig", c.ReplicationConfig))...)
}

// secretValues are the texts of c that an error must not repeat.
func (c ConnectorChange) secretValues() []string { return configSecrets(c.ReplicationConfig) }

func (c ConnectorChange) wire() gen.ConnectorUpdateRequest {
	r := gen.ConnectorUpdateRequest{Name: set(strings.TrimSpace(c.Name))}
	if c.ReplicationConfig != nil {
		r.ReplicationConfig = Value(c.ReplicationConfig)
	}
	if list, ok := c.Entities.Get(); ok {
		r.Entities = Value(requested(list))
	} else if c.Entities.IsNull() {
		r.Entities = Null[[]gen.RequestedEntity]()
	}
	return r
}

// Update changes the connector and returns what it is then. A change of nothing
// is [ErrInvalid], and nothing is sent. [Connector.Check] tries a change first.
// c goes on standing for the connector, whatever its name.
func (c *Connector) Update(ctx context.Context, change ConnectorChange) (*ConnectorDetails, error) {
	call := &call{op: "update connector", name: "updateConnector", secrets: change.secretValues()}
	id, err := c.checkedID(call.op)
	if err != nil {
		return nil, err
	}
	if change.isZero() {
		return nil, invalid(call.op, "there is nothing to change")
	}
	if err := change.check(call.op); err != nil {
		return nil, err
	}
	got, err := fetch[wholeConnector](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return c.ws.client.raw.UpdateConnector(ctx, id, &gen.UpdateConnectorParams{}, change.wire())
	})
	if err != nil {
		return nil, missing(err, ErrConnectorNotFound)
	}
	return c.details(got), nil
}

// findSlug is the slug, looked up in the list of the workspace if need be. It is
// "" where it cannot be found.
func (c *Connector) findSlug(ctx context.Context) string {
	if slug := c.Slug(); slug != "" {
		return slug
	}
	infos, err := c.ws.ListConnectors(ctx)
	if err != nil {
		return ""
	}
	id, _ := connectorUUID(c.id)
	for _, info := range infos {
		if listed, ok := connectorUUID(info.ID); ok && listed == id {
			c.learn(info.Slug)
		}
	}
	return c.Slug()
}

// Delete deletes the connector; see [Workspace.DeleteConnector].
func (c *Connector) Delete(ctx context.Context) (jobID string, err error) {
	return c.ws.DeleteConnector(ctx, c.id)
}

// WaitDeleted waits until the connector is gone; see [Workspace.WaitDeleted].
func (c *Connector) WaitDeleted(ctx context.Context, opts ...WaitOption) (*ConnectorInfo, error) {
	return c.ws.WaitDeleted(ctx, c.id, opts...)
}

// checkedID is the id, if it is one: nothing else goes into a path.
func (c *Connector) checkedID(op string) (string, error) {
	id, ok := connectorUUID(c.id)
	if !ok {
		return "", invalid(op, "the connector's id %q is not a UUID", shorten(c.id))
	}
	return id, nil
}

// shorten is s, or its beginning.
func shorten(s string) string {
	if len(s) > 80 {
		return strings.ToValidUTF8(s[:80], "") + "…"
	}
	return s
}
