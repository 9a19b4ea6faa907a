package client

import (
	"context"
	"iter"
	"strconv"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// An Organization is a group of workspaces. Credentials may give access to
// several organizations; [WithOrganizationID] selects one.
type Organization struct {
	ID               string `json:"id"`
	Name             string `json:"organization_name"`
	FirstWorkspaceID string `json:"first_workspace_id"` // of the oldest workspace; "" if there is none
}

// Organizations returns the organizations that the credentials give access to,
// in the order of the service, whichever organization the client acts in.
func (c *Client) Organizations(ctx context.Context) ([]Organization, error) {
	ask := c.begin(&call{op: "list organizations", name: "listOrganizations", read: true})
	got, err := fetch[organizationList](ctx, ask.to(gen.NewListOrganizationsRequest(ask.server(), nil)))
	if err != nil {
		return nil, err
	}
	return got.Organizations, nil
}

type organizationList struct {
	Organizations []Organization `json:"organizations"`
}

func (l organizationList) lacks() string {
	return unless(l.Organizations != nil, "list of organizations")
}

// An OrganizationConnector is a connector of an organization, with the state of its
// context store. The service promises only the ID; other fields are zero if it does
// not send them.
type OrganizationConnector struct {
	ID               string    `json:"id"` // of the connector
	Name             string    `json:"connector_name"`
	DefinitionID     string    `json:"connector_definition_id"` // of the source definition
	Mode             string    `json:"connector_mode"`          // how the connector is used
	WorkspaceID      string    `json:"workspace_id"`
	WorkspaceName    string    `json:"workspace_name"`
	WorkspaceDeleted bool      `json:"workspace_tombstone"`
	CreatedAt        time.Time `json:"created_at,omitzero"`
	LastAccessedAt   time.Time `json:"last_accessed_at,omitzero"`
	DirectQueries    int       `json:"direct_queries_30d"` // actions in the last 30 days
	Replications     int       `json:"replications_30d"`   // in the last 30 days

	ContextStore ContextStoreState `json:"context_store_badge_status,omitzero"` // "" if the service sends none
	Status       string            `json:"context_store_status,omitzero"`       // the state of the context store, in words for people
	Entities     int               `json:"context_store_entity_count"`          // the number of entities in the context store
}

// A ContextStoreState is the state of the context store of a connector. The service
// may send values that are not among the constants.
type ContextStoreState string

// The states of context stores that have been seen.
const (
	ContextStoreLoading  ContextStoreState = "loading"
	ContextStoreBuilding ContextStoreState = "building"
	ContextStorePreview  ContextStoreState = "preview"
	ContextStoreReady    ContextStoreState = "ready"
)

// An organizationItem is an OrganizationConnector as the service sends it. All but the
// ID is known only from a client, so a value of another type is no reason to fail.
type organizationItem struct {
	ID             string        `json:"id"`
	Name           loose[string] `json:"connector_name"`
	DefinitionID   loose[string] `json:"connector_definition_id"`
	Mode           loose[string] `json:"connector_mode"`
	WorkspaceID    loose[string] `json:"workspace_id"`
	WorkspaceName  loose[string] `json:"workspace_name"`
	Tombstone      loose[bool]   `json:"workspace_tombstone"`
	CreatedAt      moment        `json:"created_at"`
	LastAccessedAt moment        `json:"last_accessed_at"`
	DirectQueries  loose[int]    `json:"direct_queries_30d"`
	Replications   loose[int]    `json:"replications_30d"`
	Status         loose[string] `json:"context_store_status"`
	Badge          loose[string] `json:"context_store_badge_status"`
	Entities       loose[int]    `json:"context_store_entity_count"`
}

func (c organizationItem) export() OrganizationConnector {
	return OrganizationConnector{
		ID: c.ID, Name: c.Name.v, DefinitionID: c.DefinitionID.v, Mode: c.Mode.v,
		WorkspaceID: c.WorkspaceID.v, WorkspaceName: c.WorkspaceName.v, WorkspaceDeleted: c.Tombstone.v,
		CreatedAt: c.CreatedAt.Time, LastAccessedAt: c.LastAccessedAt.Time, DirectQueries: c.DirectQueries.v, Replications: c.Replications.v,
		ContextStore: ContextStoreState(c.Badge.v), Status: c.Status.v, Entities: c.Entities.v,
	}
}

// organizationPage is the number of items that are requested at once: the most that the
// service accepts.
const organizationPage = 200

// OrganizationConnectors returns an iterator over the connectors of all workspaces of
// an organization, with the state of the context store of each. It requests each page
// when the loop needs it, and stops after an error. If a page comes again, the error
// matches [ErrPageRepeated], and the page is not yielded. An ID that is not a UUID is
// an error that matches [ErrInvalid]; nothing is sent.
//
// The service calls them credentials, and does not document this operation.
func (c *Client) OrganizationConnectors(ctx context.Context, organizationID string) iter.Seq2[OrganizationConnector, error] {
	const op = "list organization connectors"
	items := pages(op, func(c organizationItem) string { return c.ID }, func(_ *guard, next string) ([]organizationItem, string, error) {
		id, err := checkUUID(op, "organization", organizationID)
		if err != nil {
			return nil, "", err
		}
		offset, _ := strconv.Atoi(next) // 0 for the first page
		ask := c.begin(&call{op: op, name: "listOrganizationCredentials", read: true})
		params := &gen.ListOrganizationCredentialsParams{Limit: new(organizationPage), Offset: &offset}
		page, err := fetchList[organizationItem](ctx, ask.to(gen.NewListOrganizationCredentialsRequest(ask.server(), id, params)))
		if len(page) < organizationPage {
			return page, "", err
		}
		return page, strconv.Itoa(offset + len(page)), err
	})
	return convert(items, organizationItem.export)
}
