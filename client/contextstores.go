package client

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
)

// ContextStores returns an iterator over the connectors of all workspaces of the
// organization in which the client acts, with the state of the context store of each.
// It stops after an error.
//
// It asks [Client.OrganizationConnectors], one request for up to 200 connectors. The
// service does not document that operation. Where it refuses it, ContextStores asks
// each workspace for its connectors and inspects each connector, which takes one
// request per workspace and one per connector; the state is then
// [ContextStoreReady] if all entities that are copied can be searched, else
// [ContextStoreBuilding], and the numbers of actions and replications are 0.
func (c *Client) ContextStores(ctx context.Context) iter.Seq2[OrganizationConnector, error] {
	return func(yield func(OrganizationConnector, error) bool) {
		id, err := c.actingOrganization(ctx)
		if err != nil {
			yield(OrganizationConnector{}, err)
			return
		}
		first := true
		for item, err := range c.OrganizationConnectors(ctx, id) {
			if first && isRefused(err) {
				c.inspectAll(ctx, yield)
				return
			}
			if first = false; !yield(item, err) {
				return
			}
		}
	}
}

// isRefused reports whether err is about an operation that the service does not have,
// or not for these credentials.
func isRefused(err error) bool {
	var e *Error
	return errors.As(err, &e) && !e.ofAuth && slices.Contains([]int{http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed}, e.StatusCode)
}

// actingOrganization returns the ID of the organization in which the client acts: the
// configured one, that of the token, or the only one that there is.
func (c *Client) actingOrganization(ctx context.Context) (string, error) {
	const op = "find organization"
	if c.organization != "" {
		return c.organization, nil
	}
	tok, err := c.ready().tokens().Token(ctx)
	if err != nil {
		return "", (&call{op: op}).fail(err)
	}
	if id, ok := plainUUID(tok.OrganizationID); ok {
		return id, nil
	}
	all, err := c.Organizations(ctx)
	switch {
	case err != nil:
		return "", err
	case len(all) != 1:
		return "", invalid(op, "the credentials give access to %d organizations; WithOrganizationID selects one", len(all))
	}
	return all[0].ID, nil
}

// inspectAll yields the connectors of all workspaces, as far as documented operations
// tell their state.
func (c *Client) inspectAll(ctx context.Context, yield func(OrganizationConnector, error) bool) {
	for info, err := range c.Workspaces(ctx, WorkspaceFilter{}) {
		if err != nil {
			yield(OrganizationConnector{}, err)
			return
		}
		if info.Tombstone {
			continue
		}
		ws := c.WorkspaceFrom(info)
		connectors, err := ws.ListConnectors(ctx)
		if errors.Is(err, ErrNotFound) {
			continue // it was deleted meanwhile
		}
		for i := 0; err == nil && i < len(connectors); i++ {
			var got *Inspection
			if got, err = ws.ConnectorByID(connectors[i].ID).Inspect(ctx); errors.Is(err, ErrNotFound) {
				err = nil // the same
				continue
			}
			if err == nil && !yield(inspected(info, connectors[i], got), nil) {
				return
			}
		}
		if err != nil {
			yield(OrganizationConnector{}, err)
			return
		}
	}
}

// inspected returns what an inspection says about the context store of a connector.
func inspected(ws WorkspaceInfo, c ConnectorInfo, i *Inspection) OrganizationConnector {
	item := OrganizationConnector{
		ID: c.ID, Name: c.Name, DefinitionID: c.DefinitionID, WorkspaceID: ws.ID, WorkspaceName: ws.Name, CreatedAt: c.CreatedAt, Entities: len(i.ContextStore),
	}
	if item.Entities > 0 {
		item.ContextStore = ContextStoreReady
	}
	if slices.ContainsFunc(i.ContextStore, func(e EntityReadiness) bool { return !e.Ready }) {
		item.ContextStore = ContextStoreBuilding
	}
	return item
}
