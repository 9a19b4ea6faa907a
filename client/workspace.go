package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
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
}

// WorkspaceInfo is what the service knows of a workspace.
type WorkspaceInfo struct {
	ID, Name, OrganizationID string
	Status                   WorkspaceStatus
	Tombstone                bool  // it has been deleted
	ContextStore             *bool // whether its context store is on; nil: as the organization has it
	CreatedAt, UpdatedAt     time.Time
}

// WorkspaceStatus tells whether a workspace is in use. Values that are not
// among the constants may come.
type WorkspaceStatus string

// The statuses of a workspace.
const (
	WorkspaceActive   WorkspaceStatus = "active"
	WorkspaceInactive WorkspaceStatus = "inactive"
)

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

// A ListOption narrows what [Client.Workspaces] lists.
type ListOption func(*gen.ListWorkspacesParams) error

// WithNameContains lists workspaces whose names have s in them, in any case.
func WithNameContains(s string) ListOption {
	return func(p *gen.ListWorkspacesParams) error {
		if s != "" {
			p.NameContains = &s
		}
		return nil
	}
}

// WithStatus lists workspaces of that status.
func WithStatus(s WorkspaceStatus) ListOption {
	return func(p *gen.ListWorkspacesParams) error {
		status := gen.WorkspaceStatus(s)
		p.Status = &status
		return nil
	}
}

// WithPageSize asks for n workspaces at a time, 1 to 100. The default, 100,
// takes the fewest requests.
func WithPageSize(n int) ListOption {
	return func(p *gen.ListWorkspacesParams) error {
		if n < 1 || n > 100 {
			return invalid("list workspaces", "a page size of %d is not in 1 to 100", n)
		}
		p.Limit = &n
		return nil
	}
}

// Workspaces yields the organization's workspaces, page after page, deleted
// ones included as far as the service lists them (see Tombstone). After an error
// there is nothing more.
func (c *Client) Workspaces(ctx context.Context, opts ...ListOption) iter.Seq2[WorkspaceInfo, error] {
	const op = "list workspaces"
	return func(yield func(WorkspaceInfo, error) bool) {
		limit := 100
		params := gen.ListWorkspacesParams{Limit: &limit}
		for _, opt := range opts {
			if opt == nil {
				continue
			}
			if err := opt(&params); err != nil {
				yield(WorkspaceInfo{}, err)
				return
			}
		}
		var req *http.Request
		var from string
		send := func(ctx context.Context) (*http.Response, error) {
			if req == nil {
				return c.raw.ListWorkspaces(ctx, &params)
			}
			return c.doer.Do(req.WithContext(ctx))
		}
		seen := map[string]bool{} // pages that were asked for; all are of one origin
		for {
			list, err := fetch[workspaceList](ctx, &call{op: op, name: "listWorkspaces", read: true}, func(ctx context.Context) (*http.Response, error) {
				resp, err := send(ctx)
				if resp != nil && resp.Request != nil {
					from = resp.Request.URL.String()
				}
				return resp, err
			})
			if err != nil {
				yield(WorkspaceInfo{}, err)
				return
			}
			for _, w := range list.Data {
				if !yield(w.info(), nil) {
					return
				}
			}
			if list.Next == "" {
				return
			}
			if at, err := url.Parse(from); err == nil {
				seen[at.RequestURI()] = true
			}
			if req, err = c.follow(ctx, op, from, list.Next); err == nil && seen[req.URL.RequestURI()] {
				err = &Error{op: op, kind: ErrPaging, Message: "the service gave a next page again that it had given before"}
			}
			if err != nil {
				yield(WorkspaceInfo{}, err)
				return
			}
			seen[req.URL.RequestURI()] = true
		}
	}
}

// The types below are those of the contract, read with more tolerance than
// package gen has: a field that vanishes or turns null is a zero value.
type workspaceList struct {
	Data []workspaceItem `json:"data"`
	Next string          `json:"next"`
}

type workspaceItem struct {
	ID             string          `json:"id"`
	Name           string          `json:"name"`
	OrganizationID string          `json:"organization_id"`
	Status         WorkspaceStatus `json:"status"`
	CacheEnabled   *bool           `json:"cache_enabled"`
	Tombstone      bool            `json:"tombstone"`
	CreatedAt      time.Time       `json:"created_at"`
	UpdatedAt      time.Time       `json:"updated_at"`
}

func (w workspaceItem) info() WorkspaceInfo {
	return WorkspaceInfo{
		ID: w.ID, Name: w.Name, OrganizationID: w.OrganizationID, Status: w.Status, Tombstone: w.Tombstone,
		ContextStore: w.CacheEnabled, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt,
	}
}

// Info finds the workspace by its name, exactly, among those that are not
// deleted. One that does not exist is [ErrWorkspaceNotFound].
func (w *Workspace) Info(ctx context.Context) (*WorkspaceInfo, error) {
	for info, err := range w.client.Workspaces(ctx, WithNameContains(w.name)) {
		if err != nil {
			return nil, err
		}
		if info.Name == w.name && !info.Tombstone {
			return &info, nil
		}
	}
	return nil, w.notFound("find workspace")
}

func (w *Workspace) notFound(op string) *Error {
	return &Error{op: op, kind: ErrWorkspaceNotFound, Message: fmt.Sprintf("no workspace is called %q; Ensure creates it", w.name)}
}

// Ensure creates the workspace unless it exists.
func (w *Workspace) Ensure(ctx context.Context) error {
	_, err := w.Info(ctx)
	if err == nil || !errors.Is(err, ErrWorkspaceNotFound) {
		return err
	}
	// The service creates the workspace of a scoped token that it mints.
	call := &call{op: "create workspace", name: "createScopedToken"}
	_, err = fetch[gen.ScopedToken](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.CreateScopedToken(ctx, &gen.CreateScopedTokenParams{}, gen.ScopedTokenRequest{WorkspaceName: w.name})
	})
	return err
}

// ConnectorInfo is what the service knows of a connector.
type ConnectorInfo struct {
	ID   string
	Name string // of this connector; its owner chose it

	Slug         string // of its kind, such as zendesk-support
	DisplayName  string // of its kind, such as Zendesk Support
	DefinitionID string // of its kind
	TemplateID   string // of the source template that it was made from

	CreatedAt, UpdatedAt time.Time // zero when the service does not say
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
	type list struct {
		Data []connectorItem `json:"data"`
	}
	got, err := fetch[list](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.ListConnectors(ctx, &gen.ListConnectorsParams{WorkspaceName: &w.name})
	})
	if err != nil {
		return nil, w.explain(err)
	}
	infos := make([]ConnectorInfo, len(got.Data))
	for i, c := range got.Data {
		infos[i] = c.info()
	}
	return infos, nil
}

// explain makes a 404 of a request about the workspace say that it is missing.
func (w *Workspace) explain(err error) error {
	if e, ok := err.(*Error); ok && e.StatusCode == http.StatusNotFound { //nolint:errorlint // fetch returns no other
		e.kind = ErrWorkspaceNotFound
		e.note = fmt.Sprintf("if there is no workspace %q yet, Ensure creates it", w.name)
	}
	return err
}

// Connector finds a connector by the slug of its kind ("zendesk-support"), the
// display name of its kind ("Zendesk Support") or its own name, in this order,
// in any case. Where several have the slug or the display name, the own name
// decides. None is [ErrConnectorNotFound], several are [ErrConnectorAmbiguous].
// It takes one request.
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
			conn.slug = found[0].Slug
			return conn, nil
		case len(found) > 1:
			return nil, &Error{op: op, kind: ErrConnectorAmbiguous, Message: fmt.Sprintf(
				"%d connectors of workspace %q match %q: %s; use a name of theirs, or ConnectorByID",
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

// enumerate lists some connectors for an error.
func enumerate(infos []ConnectorInfo, text func(ConnectorInfo) string) string {
	var list []string
	for _, c := range infos {
		if s := shorten(answer.Line(text(c))); s != "" && !slices.Contains(list, s) {
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
func (w *Workspace) ConnectorByID(id string) *Connector {
	return &Connector{ws: w, id: strings.TrimSpace(id)}
}
