package client

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
)

// A Connector is one connection of a workspace to a business system.
type Connector struct {
	ws   *Workspace
	id   string
	slug string // "" when it is not known

	docs atomic.Pointer[string] // the id of its documentation, once Inspect told
}

// ID is the connector's id, a UUID.
func (c *Connector) ID() string { return c.id }

// Slug is that of the connector's kind, such as "github"; "" for one made by
// [Workspace.ConnectorByID].
func (c *Connector) Slug() string { return c.slug }

// Workspace returns the workspace that the connector was found in.
func (c *Connector) Workspace() *Workspace { return c.ws }

// Close does nothing: a connector holds nothing that needs closing.
func (c *Connector) Close() error { return nil }

// String names the connector.
func (c *Connector) String() string { return fmt.Sprintf("client.Connector{%s %s}", c.slug, c.id) }

// Format writes what String returns, for every verb.
func (c *Connector) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalText returns what String returns.
func (c *Connector) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// slugOf is the slug as the table of paging parameters has it.
func (c *Connector) slugOf() string { return plainSlug(c.slug) }

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
