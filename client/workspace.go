package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
)

// A Workspace is a set of connectors, often one for each customer of a program.
// Its name is its handle.
type Workspace struct {
	client *Client
	name   string

	known atomic.Pointer[string] // its id, once it was looked up
}

// Name returns the workspace's name.
func (w *Workspace) Name() string { return w.name }

// Client returns the client that the workspace is used with.
func (w *Workspace) Client() *Client { return w.client }

// Close does nothing: a workspace holds nothing that needs closing.
func (w *Workspace) Close() error { return nil }

// String names the workspace.
func (w *Workspace) String() string { return fmt.Sprintf("client.Workspace{%q}", w.name) }

// Format writes what String returns, for every verb.
func (w *Workspace) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, w.String()) }

// MarshalText returns what String returns.
func (w *Workspace) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// Info finds the workspace by its name, exactly, among those that are not
// deleted. One that does not exist is [ErrWorkspaceNotFound].
func (w *Workspace) Info(ctx context.Context) (*WorkspaceInfo, error) {
	for info, err := range w.named(ctx) {
		if err != nil {
			return nil, err
		}
		return &info, nil
	}
	return nil, w.notFound("find workspace")
}

// named yields the workspaces that have the name and are not deleted: one, if
// the service keeps names apart.
func (w *Workspace) named(ctx context.Context) iter.Seq2[WorkspaceInfo, error] {
	return func(yield func(WorkspaceInfo, error) bool) {
		for info, err := range w.client.Workspaces(ctx, WithNameContains(w.name)) {
			if (err != nil || info.Name == w.name && !info.Tombstone) && !yield(info, err) {
				return
			}
		}
	}
}

// only is the id of the one workspace that has the name, looked up anew for an
// operation that must not meet another one.
func (w *Workspace) only(ctx context.Context, op string) (string, error) {
	var id string
	for info, err := range w.named(ctx) {
		switch {
		case err != nil:
			return "", err
		case id != "":
			return "", &Error{op: op, Message: fmt.Sprintf(
				"several workspaces are called %q: %s and %s; with its id, Client.API can change one of them", w.name, id, info.ID)}
		}
		id = info.ID
	}
	if id == "" {
		return "", w.notFound(op)
	}
	uuid, ok := plainUUID(id)
	if !ok {
		return "", w.oddID(op, id)
	}
	return uuid, nil
}

// id is the workspace's id, which operations want that know no names. It is
// looked up once; forget has it looked up again.
func (w *Workspace) id(ctx context.Context) (string, error) {
	if known := w.known.Load(); known != nil {
		return *known, nil
	}
	id, err := w.only(ctx, "find workspace")
	if err == nil {
		w.known.Store(&id)
	}
	return id, err
}

// oddID is the error of a workspace that is listed under an id that is none.
func (w *Workspace) oddID(op, id string) *Error {
	return &Error{op: op, Message: fmt.Sprintf("the service lists workspace %q under the id %q, which is not a UUID", w.name, shorten(id))}
}

// forget drops the id if err says that something was not found by it: the
// workspace may have been made anew since. It returns err.
func (w *Workspace) forget(err error) error {
	if errors.Is(err, ErrNotFound) {
		w.known.Store(nil)
	}
	return err
}

func (w *Workspace) notFound(op string) *Error {
	return &Error{op: op, kind: ErrWorkspaceNotFound, Message: fmt.Sprintf("no workspace is called %q; Ensure creates it", w.name)}
}

// Ensure creates the workspace unless it exists; [WithRegion] says where.
func (w *Workspace) Ensure(ctx context.Context) error {
	_, err := w.Info(ctx)
	if err == nil || !errors.Is(err, ErrWorkspaceNotFound) {
		return err
	}
	// The service creates the workspace of a scoped token that it mints.
	call := &call{op: "create workspace", name: "createScopedToken", confidential: true}
	body := gen.ScopedTokenRequest{WorkspaceName: w.name, RegionID: optional(string(w.client.region))}
	_, err = fetch[gen.ScopedToken](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.CreateScopedToken(ctx, &gen.CreateScopedTokenParams{}, body)
	})
	return err
}

// A WorkspaceChange says what [Workspace.Update] changes. Zero fields stay as
// they are.
type WorkspaceChange struct {
	Name   string
	Status WorkspaceStatus // WorkspaceInactive also stops the connections that are active

	// ContextStore switches the context store on or off; null has it as the
	// organization has it.
	ContextStore Nullable[bool]
}

// Update changes the workspace and returns what it is then. It takes a request
// more, to find the workspace's id; several of that name are an error. After a
// change of the name, w still stands for the old one: Client.Workspace gives
// the workspace of the new one.
func (w *Workspace) Update(ctx context.Context, change WorkspaceChange) (*WorkspaceInfo, error) {
	call := &call{op: "update workspace", name: "updateWorkspace"}
	change.Name = strings.TrimSpace(change.Name)
	if change == (WorkspaceChange{}) {
		return nil, invalid(call.op, "there is nothing to change")
	}
	id, err := w.only(ctx, call.op)
	if err != nil {
		return nil, err
	}
	if change.Name != "" {
		w.known.Store(nil) // w stays with the name
	}
	body := gen.WorkspaceUpdateRequest{
		Name: set(change.Name), Status: set(gen.WorkspaceStatus(change.Status)), CacheEnabled: change.ContextStore,
	}
	got, err := fetch[workspaceItem](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.UpdateWorkspace(ctx, id, &gen.UpdateWorkspaceParams{}, body)
	})
	if err != nil {
		return nil, missing(err, ErrWorkspaceNotFound)
	}
	info := got.info()
	return &info, nil
}

// Delete deletes the workspace: nothing is replicated for it any more, and it is
// listed as a tombstone. It takes a request more, to find the workspace's id;
// several of that name are an error, and nothing is deleted.
func (w *Workspace) Delete(ctx context.Context) error {
	call := &call{op: "delete workspace", name: "deleteWorkspace"}
	id, err := w.only(ctx, call.op)
	if err != nil {
		return err
	}
	w.known.Store(nil)
	return missing(acknowledge(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.DeleteWorkspace(ctx, id, &gen.DeleteWorkspaceParams{})
	}), ErrWorkspaceNotFound)
}

// ConnectorInfo is what the service knows of a connector.
type ConnectorInfo struct {
	ID   string `json:"id"`
	Name string `json:"name"` // of this connector; its owner chose it

	Slug         string `json:"slug"`          // of its kind, such as zendesk-support
	DisplayName  string `json:"display_name"`  // of its kind, such as Zendesk Support
	DefinitionID string `json:"definition_id"` // of its kind
	TemplateID   string `json:"template_id"`   // of the source template that it was made from

	CreatedAt time.Time `json:"created_at,omitzero"` // zero when the service does not say
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

type connectorItem struct {
	ID        string       `json:"id"`
	Name      string       `json:"name"`
	Template  templateItem `json:"summarized_source_template"`
	CreatedAt time.Time    `json:"created_at"`
	UpdatedAt time.Time    `json:"updated_at"`
}

type templateItem struct {
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

// ListConnectors lists the connectors of the workspace. The service has them on
// one page. A workspace that does not exist is [ErrWorkspaceNotFound].
func (w *Workspace) ListConnectors(ctx context.Context) ([]ConnectorInfo, error) {
	call := &call{op: "list connectors", name: "listConnectors", read: true}
	got, err := fetchList[connectorItem](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.ListConnectors(ctx, &gen.ListConnectorsParams{WorkspaceName: &w.name})
	})
	if err != nil {
		return nil, w.explain(err)
	}
	infos := make([]ConnectorInfo, len(got))
	for i, c := range got {
		infos[i] = c.info()
	}
	return infos, nil
}

// explain makes a 404 of a request about the workspace say that it is missing.
func (w *Workspace) explain(err error) error {
	if e, ok := err.(*Error); ok && e.StatusCode == http.StatusNotFound { //nolint:errorlint // fetch returns no other
		e.kind = ErrWorkspaceNotFound
		e.note = fmt.Sprintf("Workspace.Ensure creates %q if it is missing", w.name)
	}
	return err
}

// Connector finds a connector of the workspace by the slug of its kind
// ("zendesk-support"), the display name of its kind ("Zendesk Support"), its own
// name or its id, in this order, in any case. Where several have the slug or the
// display name, the own name decides. None is [ErrConnectorNotFound], several
// are [ErrConnectorAmbiguous]. It takes one request.
func (w *Workspace) Connector(ctx context.Context, slug string) (*Connector, error) {
	const op = "find connector"
	if plainSlug(slug) == "" {
		return nil, invalid(op, "the slug is empty")
	}
	infos, err := w.ListConnectors(ctx)
	if err != nil {
		return nil, err
	}
	for _, of := range []func(ConnectorInfo) string{
		func(c ConnectorInfo) string { return c.Slug },
		func(c ConnectorInfo) string { return c.DisplayName },
		func(c ConnectorInfo) string { return c.Name },
		func(c ConnectorInfo) string { return strings.TrimPrefix(c.ID, "source_id:") },
	} {
		found := named(infos, of, slug)
		if len(found) > 1 {
			if own := named(found, func(c ConnectorInfo) string { return c.Name }, slug); len(own) == 1 {
				found = own
			}
		}
		switch {
		case len(found) == 1:
			conn := w.ConnectorByID(found[0].ID)
			conn.learn(found[0].Slug)
			return conn, nil
		case len(found) > 1:
			return nil, &Error{op: op, kind: ErrConnectorAmbiguous, Message: fmt.Sprintf(
				"%d connectors of workspace %q match %q: %s; ask for one by its own name or id",
				len(found), w.name, slug, enumerate(found, func(c ConnectorInfo) string { return fmt.Sprintf("%q (%s)", c.Name, c.ID) }))}
		}
	}
	have := "it has none"
	if len(infos) > 0 {
		have = "it has " + enumerate(infos, func(c ConnectorInfo) string { return c.Slug })
	}
	return nil, &Error{op: op, kind: ErrConnectorNotFound, Message: fmt.Sprintf("workspace %q has no connector %q; %s", w.name, slug, have)}
}

func named(infos []ConnectorInfo, of func(ConnectorInfo) string, name string) []ConnectorInfo {
	var found []ConnectorInfo
	for _, c := range infos {
		if plainSlug(of(c)) == plainSlug(name) {
			found = append(found, c)
		}
	}
	return found
}

// plainSlug is a name without regard to case, and to what stands between its
// words.
func plainSlug(s string) string {
	return strings.ToLower(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == '_' || r == '-' }), "-"))
}

// enumerate lists some of the items for an error.
func enumerate[T any](items []T, text func(T) string) string {
	var list []string
	for _, item := range items {
		if s := shorten(answer.Line(text(item))); s != "" && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	slices.Sort(list)
	if len(list) > 10 {
		list = append(list[:10], fmt.Sprintf("and %d more", len(list)-10))
	}
	return strings.Join(list, ", ")
}

// ConnectorByID is the connector of that id, a UUID. Nothing is sent; an id that
// is none is an error of the first call.
//
// Nothing checks that the connector is one of this workspace: the token of an
// application reaches all connectors of its organization. Where an id comes from
// a user who must not reach other workspaces, use [Workspace.Connector], which
// looks, or a client [WithScopedToken], to which the service refuses others.
func (w *Workspace) ConnectorByID(id string) *Connector {
	return &Connector{ws: w, id: strings.TrimSpace(id)}
}
