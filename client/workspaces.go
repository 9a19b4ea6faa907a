package client

import (
	"context"
	"iter"
	"net/url"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// WorkspaceInfo is what the service reports about a workspace.
type WorkspaceInfo struct {
	ID             string              `json:"id"`
	Name           string              `json:"name"`
	OrganizationID string              `json:"organization_id"`
	Status         WorkspaceStatus     `json:"status"`
	Tombstone      bool                `json:"tombstone"`     // whether it has been deleted
	ContextStore   *bool               `json:"context_store"` // whether its context store is on; nil means the organization's default
	Visibility     WorkspaceVisibility `json:"visibility"`
	CreatedAt      time.Time           `json:"created_at,omitzero"` // zero if the service does not send it
	UpdatedAt      time.Time           `json:"updated_at,omitzero"`
}

// A WorkspaceStatus says whether a workspace is in use. The service may send
// values that are not among the constants.
type WorkspaceStatus string

// The statuses of a workspace.
const (
	WorkspaceActive   WorkspaceStatus = "active"
	WorkspaceInactive WorkspaceStatus = "inactive"
)

// A WorkspaceVisibility says who in the organization can see a workspace. The
// service may send values that are not among the constants.
type WorkspaceVisibility string

// The visibilities of a workspace.
const (
	WorkspacePrivate WorkspaceVisibility = "private"
	WorkspaceShared  WorkspaceVisibility = "shared"
)

// A WorkspaceFilter says which workspaces [Client.Workspaces] returns. The zero
// filter selects all of them.
type WorkspaceFilter struct {
	NameContains string          // selects by a part of the name, ignoring case
	Status       WorkspaceStatus // selects by status; "" means every status
	PageSize     int             // workspaces per request, from 1 to 100; 0 means 100, which needs the fewest requests
}

func (f WorkspaceFilter) wire(op string) (*gen.ListWorkspacesParams, error) {
	size, err := pageSize(op, f.PageSize)
	if err != nil {
		return nil, err
	}
	return &gen.ListWorkspacesParams{
		NameContains: optional(f.NameContains), Status: optional(gen.WorkspaceStatus(f.Status)), Limit: &size,
	}, nil
}

// Workspaces returns an iterator over the organization's workspaces that the
// filter selects. It requests each page when the loop needs it, and stops after
// an error. If a page comes again, it is not yielded, and the error matches
// [ErrPageRepeated]. Deleted workspaces are included as far as the service lists them;
// see [WorkspaceInfo.Tombstone]. A filter with a bad page size is an error that
// matches [ErrInvalid]; nothing is sent.
func (c *Client) Workspaces(ctx context.Context, filter WorkspaceFilter) iter.Seq2[WorkspaceInfo, error] {
	const op = "list workspaces"
	var from *url.URL // of the page before
	items := pages(op, func(w workspaceItem) string { return w.ID }, func(g *guard, next string) ([]workspaceItem, string, error) {
		ask := c.begin(&call{op: op, name: "listWorkspaces", read: true})
		if next == "" {
			query, err := filter.wire(op)
			if err != nil {
				return nil, "", err
			}
			ask.to(gen.NewListWorkspacesRequest(ask.server(), query))
		} else {
			ask.to(ask.follow(from, next))
		}
		list, err := fetch[workspaceList](ctx, ask)
		if err != nil {
			return nil, "", err
		}
		if from = ask.from; next == "" {
			_ = g.asked(from.RequestURI()) // all have the same origin
		}
		if u, err := ask.nextURL(from, list.Next); list.Next != "" && err == nil {
			return list.Data, u.RequestURI(), nil
		}
		return list.Data, list.Next, nil
	})
	return convert(items, workspaceItem.info)
}

// The types below follow the contract, but are more tolerant than those of
// package gen: a field that is missing or null is zero.
type workspaceList struct {
	Data []workspaceItem `json:"data"`
	Next string          `json:"next"`
}

func (l workspaceList) lacks() string { return unless(l.Data != nil, "list of data") }

type workspaceItem struct {
	ID             string              `json:"id"`
	Name           string              `json:"name"`
	OrganizationID string              `json:"organization_id"`
	Status         WorkspaceStatus     `json:"status"`
	CacheEnabled   *bool               `json:"cache_enabled"`
	Tombstone      bool                `json:"tombstone"`
	Visibility     WorkspaceVisibility `json:"visibility"`
	CreatedAt      time.Time           `json:"created_at"`
	UpdatedAt      time.Time           `json:"updated_at"`
}

func (w workspaceItem) lacks() string { return unless(w.ID != "", "id") }

func (w workspaceItem) info() WorkspaceInfo {
	return WorkspaceInfo{
		ID: w.ID, Name: w.Name, OrganizationID: w.OrganizationID, Status: w.Status, Tombstone: w.Tombstone,
		ContextStore: w.CacheEnabled, Visibility: w.Visibility, CreatedAt: w.CreatedAt, UpdatedAt: w.UpdatedAt,
	}
}

// WorkspaceInfo returns the workspace with the given ID, a UUID, even if it has
// been deleted. If there is none, the error matches [ErrWorkspaceNotFound].
// [Workspace.Info] finds a workspace by its name.
func (c *Client) WorkspaceInfo(ctx context.Context, id string) (*WorkspaceInfo, error) {
	ask := c.begin(&call{op: "get workspace", name: "getWorkspace", read: true})
	id, err := checkUUID(ask.op, "workspace", id)
	if err != nil {
		return nil, err
	}
	got, err := fetch[workspaceItem](ctx, ask.to(gen.NewGetWorkspaceRequest(ask.server(), id, nil)))
	if err != nil {
		return nil, missing(err, ErrWorkspaceNotFound)
	}
	info := got.info()
	return &info, nil
}

// WorkspaceFrom returns a handle for a workspace that [Client.Workspaces] or another
// call returned. It sends nothing. Unlike a handle from [Client.Workspace], the handle
// knows its ID, so that calls which need the ID do not look it up, except those that
// change or delete the workspace.
func (c *Client) WorkspaceFrom(info WorkspaceInfo) *Workspace {
	w := c.Workspace(info.Name)
	if id, ok := plainUUID(info.ID); ok && !info.Tombstone {
		w.known.Store(&id)
	}
	return w
}

// WorkspaceStats is the number of workspaces of an organization, in total and
// by status, without deleted ones.
type WorkspaceStats struct {
	Total    int `json:"total"`
	Active   int `json:"active"`
	Inactive int `json:"inactive"`
}

type statsItem struct {
	Total    *int `json:"total_count"`
	Active   int  `json:"active_count"`
	Inactive int  `json:"inactive_count"`
}

func (s statsItem) lacks() string { return unless(s.Total != nil, "total_count") }

// WorkspaceStats counts the organization's workspaces.
func (c *Client) WorkspaceStats(ctx context.Context) (*WorkspaceStats, error) {
	ask := c.begin(&call{op: "count workspaces", name: "getWorkspaceStats", read: true})
	got, err := fetch[statsItem](ctx, ask.to(gen.NewGetWorkspaceStatsRequest(ask.server(), nil)))
	if err != nil {
		return nil, err
	}
	return &WorkspaceStats{Total: *got.Total, Active: got.Active, Inactive: got.Inactive}, nil
}
