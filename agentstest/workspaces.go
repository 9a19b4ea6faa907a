package agentstest

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// Sizes of the pages of workspaces and skills.
const (
	defaultPage = 20
	maxPage     = 100
)

// pageOf reads the limit and the cursor of a list. It returns the size of the
// page and the serial number after which it begins.
func pageOf(limit *int, cursor *string) (size int, after int64, err error) {
	size = defaultPage
	if limit != nil {
		size = *limit
	}
	switch {
	case size < 1:
		return 0, 0, invalid(fieldProblem("query.limit", "greater_than_equal", "Input should be greater than or equal to 1"))
	case size > maxPage:
		return 0, 0, invalid(fieldProblem("query.limit", "less_than_equal", "Input should be less than or equal to %d", maxPage))
	}
	if cursor == nil || *cursor == "" {
		return size, 0, nil
	}
	if raw, err := base64.RawURLEncoding.DecodeString(*cursor); err == nil {
		if number, found := strings.CutPrefix(string(raw), "after:"); found {
			if after, err := strconv.ParseInt(number, 10, 64); err == nil {
				return size, after, nil
			}
		}
	}
	return 0, 0, invalid(fieldProblem("query.cursor", "invalid_cursor", "The cursor is not from this service"))
}

// cursorAfter returns the cursor of the page after a serial number.
func cursorAfter(serial int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte("after:" + strconv.FormatInt(serial, 10)))
}

// wire returns the workspace in the form of the contract.
func (ws *workspace) wire() server.Workspace {
	return server.Workspace{
		ID: ws.id, Name: ws.name, OrganizationID: ws.organization, Status: ws.status, CacheEnabled: ws.cache,
		Tombstone: ws.tombstone, Visibility: server.WorkspaceVisibilityShared, CreatedAt: ws.createdAt, UpdatedAt: ws.updated,
	}
}

// ListWorkspaces implements listWorkspaces.
func (a *api) ListWorkspaces(ctx context.Context, req server.ListWorkspacesRequestObject) (server.ListWorkspacesResponseObject, error) {
	c := callOf(ctx)
	p := req.Params
	size, after, err := pageOf(p.Limit, p.Cursor)
	if err != nil {
		return nil, err
	}
	if p.Status != nil && !p.Status.Valid() {
		return nil, invalid(fieldProblem("query.status", "enum", "Input should be active or inactive"))
	}
	w := &a.s.world
	list := server.ListWorkspaces200JSONResponse{Data: []server.Workspace{}}
	var last int64
	for _, ws := range w.sortedWorkspaces(c.grant.organization) {
		switch {
		case ws.serial <= after,
			c.grant.scoped() && ws.id != c.grant.workspaceID,
			p.Status != nil && ws.status != *p.Status,
			p.NameContains != nil && !strings.Contains(strings.ToLower(ws.name), strings.ToLower(*p.NameContains)):
			continue
		}
		if len(list.Data) == size {
			list.Next = new(a.nextURL(c, p, last))
			break
		}
		last = ws.serial
		list.Data = append(list.Data, ws.wire())
	}
	return list, nil
}

// nextURL returns the URL of the page after a workspace, with the same filters.
func (a *api) nextURL(c *call, p server.ListWorkspacesParams, last int64) string {
	q := url.Values{"cursor": {cursorAfter(last)}}
	if p.Limit != nil {
		q.Set("limit", strconv.Itoa(*p.Limit))
	}
	if p.NameContains != nil {
		q.Set("name_contains", *p.NameContains)
	}
	if p.Status != nil {
		q.Set("status", string(*p.Status))
	}
	next := "/api/v1/workspaces?" + q.Encode()
	if a.s.options.relativeNext {
		return next
	}
	return c.base + next
}

// GetWorkspaceStats implements getWorkspaceStats.
func (a *api) GetWorkspaceStats(ctx context.Context, _ server.GetWorkspaceStatsRequestObject) (server.GetWorkspaceStatsResponseObject, error) {
	g := callOf(ctx).grant
	w := &a.s.world
	var stats server.GetWorkspaceStats200JSONResponse
	for _, ws := range w.workspaces {
		switch {
		case ws.organization != g.organization || ws.tombstone:
			continue
		case ws.status == server.WorkspaceStatusActive:
			stats.ActiveCount++
		default:
			stats.InactiveCount++
		}
		stats.TotalCount++
	}
	return stats, nil
}

// workspaceByID returns a workspace that the token reaches, also a tombstone. The
// caller holds the lock.
func (w *world) workspaceByID(g *grant, id string) (*workspace, error) {
	ws := w.workspaces[strings.ToLower(id)]
	if ws == nil || ws.organization != g.organization || g.scoped() && ws.id != g.workspaceID {
		return nil, notFound("workspace", id)
	}
	return ws, nil
}

// liveWorkspace is like workspaceByID without tombstones.
func (w *world) liveWorkspace(g *grant, id string) (*workspace, error) {
	ws, err := w.workspaceByID(g, id)
	if err == nil && ws.tombstone {
		return nil, notFound("workspace", id)
	}
	return ws, err
}

// workspaceByName returns a workspace that the token reaches. The caller holds
// the lock.
func (w *world) workspaceByName(g *grant, name string) (*workspace, error) {
	ws := w.findWorkspace(g.organization, name)
	if g.scoped() && (ws == nil || ws.id != g.workspaceID) {
		return nil, forbidden("The token does not reach workspace %q", name)
	}
	if ws == nil {
		return nil, problem(http.StatusNotFound, "No such workspace in this organization") // callers know the name
	}
	return ws, nil
}

// GetWorkspace implements getWorkspace.
func (a *api) GetWorkspace(ctx context.Context, req server.GetWorkspaceRequestObject) (server.GetWorkspaceResponseObject, error) {
	w := &a.s.world
	ws, err := w.workspaceByID(callOf(ctx).grant, req.WorkspaceID)
	if err != nil {
		return nil, err
	}
	return server.GetWorkspace200JSONResponse(ws.wire()), nil
}

// UpdateWorkspace implements updateWorkspace.
func (a *api) UpdateWorkspace(ctx context.Context, req server.UpdateWorkspaceRequestObject) (server.UpdateWorkspaceResponseObject, error) {
	g := callOf(ctx).grant
	status, hasStatus := req.Body.Status.Get()
	if hasStatus && !status.Valid() {
		return nil, invalid(fieldProblem("body.status", "enum", "Input should be active or inactive"))
	}
	name, hasName := req.Body.Name.Get()
	if hasName && strings.TrimSpace(name) == "" {
		return nil, invalid(fieldProblem("body.name", "string_too_short", "Input should not be empty"))
	}
	w := &a.s.world
	ws, err := w.liveWorkspace(g, req.WorkspaceID)
	if err != nil {
		return nil, err
	}
	if other := w.findWorkspace(g.organization, name); hasName && other != nil && other != ws {
		return nil, refuse(http.StatusBadRequest, fieldProblem("body.name", "name_taken", "Another workspace has the name %q", name))
	}
	if hasName {
		delete(w.names, [2]string{ws.organization, ws.name})
		ws.name = name
		w.names[[2]string{ws.organization, name}] = ws
	}
	if hasStatus {
		ws.status = status
	}
	if cache, ok := req.Body.CacheEnabled.Get(); ok {
		ws.cache = &cache
	} else if req.Body.CacheEnabled.IsNull() {
		ws.cache = nil
	}
	ws.updated = a.s.now()
	return server.UpdateWorkspace200JSONResponse(ws.wire()), nil
}

// DeleteWorkspace implements deleteWorkspace.
func (a *api) DeleteWorkspace(ctx context.Context, req server.DeleteWorkspaceRequestObject) (server.DeleteWorkspaceResponseObject, error) {
	w := &a.s.world
	ws, err := w.liveWorkspace(callOf(ctx).grant, req.WorkspaceID)
	if err != nil {
		return nil, err
	}
	now := a.s.now()
	delete(w.names, [2]string{ws.organization, ws.name})
	ws.tombstone, ws.status, ws.updated = true, server.WorkspaceStatusInactive, now
	for _, c := range w.byWorkspace[ws.id] {
		delete(w.connectors, c.id)
	}
	delete(w.byWorkspace, ws.id)
	return server.DeleteWorkspace200JSONResponse{ID: ws.id, DeletedAt: now}, nil
}

// ListOrganizations implements listOrganizations.
func (a *api) ListOrganizations(ctx context.Context, _ server.ListOrganizationsRequestObject) (server.ListOrganizationsResponseObject, error) {
	g := callOf(ctx).grant
	w := &a.s.world
	list := server.ListOrganizations200JSONResponse{Organizations: []server.Organization{}, IsInstanceAdmin: new(false)}
	for _, id := range g.organizations {
		for _, o := range w.organizations {
			if o.id != id {
				continue
			}
			item := server.Organization{ID: o.id, OrganizationName: new(o.name)}
			for _, ws := range w.sortedWorkspaces(o.id) {
				if !ws.tombstone {
					item.FirstWorkspaceID = new(ws.id)
					break
				}
			}
			list.Organizations = append(list.Organizations, item)
		}
	}
	return list, nil
}

// maxCredentials is the largest page of listOrganizationCredentials.
const maxCredentials = 200

// ListOrganizationCredentials implements listOrganizationCredentials.
func (a *api) ListOrganizationCredentials(ctx context.Context, req server.ListOrganizationCredentialsRequestObject) (server.ListOrganizationCredentialsResponseObject, error) {
	g := callOf(ctx).grant
	size, start := maxCredentials, 0
	if n := req.Params.Limit; n != nil {
		if size = *n; size < 1 || size > maxCredentials {
			return nil, invalid(fieldProblem("query.limit", "range", "Input should be an integer from 1 to %d", maxCredentials))
		}
	}
	if n := req.Params.Offset; n != nil {
		if start = *n; start < 0 {
			return nil, invalid(fieldProblem("query.offset", "greater_than_equal", "Input should be greater than or equal to 0"))
		}
	}
	w := &a.s.world
	id := strings.ToLower(req.OrganizationID)
	switch {
	case !slices.ContainsFunc(w.organizations, func(o *organization) bool { return o.id == id }):
		return nil, notFound("organization", req.OrganizationID)
	case id != g.organization:
		return nil, forbidden("The token does not reach organization %s", req.OrganizationID)
	}
	now := a.s.now()
	list := server.ListOrganizationCredentials200JSONResponse{Data: []server.OrganizationCredential{}}
	total := 0
	for _, ws := range w.sortedWorkspaces(id) {
		for _, c := range w.byWorkspace[ws.id] {
			if c.gone(now) {
				continue
			}
			if total++; total > start && len(list.Data) < size {
				list.Data = append(list.Data, c.credential(now))
			}
		}
	}
	list.Total = &total
	return list, nil
}

// credential is the connector in the list of its organization's.
func (c *connector) credential(now time.Time) server.OrganizationCredential {
	state, badge, entities := "Building", "building", 0
	for _, e := range c.sortedEntities() {
		if e.inStore(c.selected) {
			entities++
		}
	}
	if c.filled(now) {
		state, badge = "Ready", "ready"
	}
	r := server.OrganizationCredential{
		ID: c.id, WorkspaceID: new(c.workspace.id), WorkspaceName: new(c.workspace.name), WorkspaceTombstone: new(c.workspace.tombstone),
		ConnectorDefinitionID: new(c.template.kind.id), ConnectorName: new(c.name), ConnectorMode: new(string(c.template.mode)), CreatedAt: new(c.createdAt),
		ContextStoreEntityCount: &entities,
	}
	if entities > 0 {
		r.ContextStoreStatus, r.ContextStoreBadgeStatus = &state, &badge
	}
	return r
}
