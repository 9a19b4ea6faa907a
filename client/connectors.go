package client

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// ConnectorInfo is what the service reports about a connector in a list.
type ConnectorInfo struct {
	_ uncompared // it has times, which == does not compare by what they mean

	ID   string `json:"id"`
	Name string `json:"name"` // the connector's own name, chosen when it was created

	Slug         string `json:"slug"`          // the slug of its kind, such as zendesk-support
	DisplayName  string `json:"display_name"`  // the name of its source template, such as Zendesk Support
	DefinitionID string `json:"definition_id"` // the ID of its source definition
	TemplateID   string `json:"template_id"`   // the ID of its source template

	CreatedAt time.Time `json:"created_at,omitzero"` // zero if the service does not say
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

type connectorItem struct {
	_ uncompared

	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Template  templateItem `json:"summarized_source_template"`
	CreatedAt time.Time    `json:"created_at"`
	UpdatedAt time.Time    `json:"updated_at"`
}

type templateItem struct {
	_ uncompared

	ID           string `json:"id"`
	Name         string `json:"name"`
	Slug         string `json:"connector_name"`
	DefinitionID string `json:"actor_definition_id"`
}

func (c connectorItem) info() ConnectorInfo {
	return ConnectorInfo{
		ID: c.ID, Name: c.Name, Slug: c.Template.Slug, DisplayName: c.Template.Name,
		DefinitionID: c.Template.DefinitionID, TemplateID: c.Template.ID, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
}

// ListConnectors returns the connectors of the workspace. The service sends them in
// one page. If the workspace does not exist, the error matches
// [ErrWorkspaceNotFound].
func (w *Workspace) ListConnectors(ctx context.Context) ([]ConnectorInfo, error) {
	ask := w.begin(&call{op: "list connectors", name: "listConnectors", read: true})
	got, err := fetchList[connectorItem](ctx, ask.to(gen.NewListConnectorsRequest(ask.server(), &gen.ListConnectorsParams{WorkspaceName: &w.name})))
	if err != nil {
		return nil, w.explain(err)
	}
	infos := make([]ConnectorInfo, len(got))
	for i, c := range got {
		infos[i] = c.info()
	}
	return infos, nil
}

// explain makes the error of a 404 for a request that names only the workspace say that
// the workspace is missing.
func (w *Workspace) explain(err error) error {
	if e := notFound(err); e != nil {
		e.kind = ErrWorkspaceNotFound
		e.note = fmt.Sprintf("Workspace.Ensure creates %q if it is missing", w.name)
	}
	return err
}

// Connector finds a connector of the workspace. It compares slug with the slugs of
// the connectors ("zendesk-support"), then with their display names ("Zendesk
// Support"), then with their own names, then with their IDs; the first of these that
// matches any connector counts. It ignores case, and does not distinguish spaces,
// hyphens and underscores. If several connectors have the slug or the display name,
// the one whose own name matches as well is returned.
//
// If no connector matches, the error matches [ErrConnectorNotFound] and lists the
// connectors that exist; if several match, it matches [ErrConnectorAmbiguous].
// Connector sends one request.
func (w *Workspace) Connector(ctx context.Context, slug string) (*Connector, error) {
	const op = "find connector"
	if plainSlug(slug) == "" {
		return nil, invalid(op, "the slug is empty")
	}
	infos, err := w.ListConnectors(ctx)
	if err != nil {
		return nil, err
	}
	byName := func(c ConnectorInfo) string { return c.Name }
	found := pick(infos, slug, byName, func(c ConnectorInfo) string { return c.Slug }, func(c ConnectorInfo) string { return c.DisplayName }, byName,
		func(c ConnectorInfo) string { return strings.TrimPrefix(c.ID, "source_id:") })
	switch {
	case len(found) == 1:
		return w.ConnectorFrom(found[0]), nil
	case len(found) > 1:
		return nil, w.about().addTo(&Error{op: op, kind: ErrConnectorAmbiguous, Message: fmt.Sprintf(
			"%d connectors of workspace %q match %q: %s; ask for one by its own name or id",
			len(found), w.name, slug, enumerate(found, func(c ConnectorInfo) string { return fmt.Sprintf("%q (%s)", c.Name, c.ID) }))})
	}
	have := "it has none"
	if len(infos) > 0 {
		have = "it has " + enumerate(infos, func(c ConnectorInfo) string { return c.Slug })
	}
	return nil, w.about().addTo(&Error{op: op, kind: ErrConnectorNotFound, Message: fmt.Sprintf("workspace %q has no connector %q; %s", w.name, slug, have)})
}

// pick returns the items that have the name, by the first of several names of an item
// that any item has. If there are several, and exactly one of them has it as its own
// name, too, it returns that one.
func pick[T any](items []T, name string, own func(T) string, by ...func(T) string) (found []T) {
	for _, of := range by {
		if found = called(items, name, of); len(found) > 0 {
			break
		}
	}
	if one := called(found, name, own); len(one) == 1 {
		return one
	}
	return found
}

// called returns the items for which of returns the name.
func called[T any](items []T, name string, of func(T) string) (found []T) {
	for _, item := range items {
		if plainSlug(of(item)) == plainSlug(name) {
			found = append(found, item)
		}
	}
	return found
}

// plainSlug returns a name in lower case, with a hyphen between its words.
func plainSlug(s string) string {
	return strings.ToLower(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '_' || r == '-' }), "-"))
}

// ConnectorByID returns a handle for the connector with the given ID, a UUID. It
// sends nothing; if the ID is not a UUID, the first call returns an error that matches
// [ErrInvalid].
//
// It does not check that the connector belongs to w: an application token gives access
// to every connector of its organization. If the ID comes from a user who must not
// reach other workspaces, call [Workspace.Connector], which checks it, or use a client
// [WithScopedToken], to which the service refuses access to other workspaces.
func (w *Workspace) ConnectorByID(id string) *Connector {
	return &Connector{ws: w, id: strings.TrimSpace(id)}
}

// ConnectorFrom returns a handle for a connector that [Workspace.ListConnectors] or
// [Workspace.CreateConnector] returned. It sends nothing. Unlike a handle from
// [Workspace.ConnectorByID], the handle knows its slug, so [All] need not look it up.
func (w *Workspace) ConnectorFrom(info ConnectorInfo) *Connector {
	conn := w.ConnectorByID(info.ID)
	conn.learn(info.Slug)
	return conn
}
