package client

import (
	"context"
	"net/http"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// An Organization holds workspaces. Credentials may reach several; the id of
// one goes to [WithOrganizationID].
type Organization struct {
	ID               string `json:"id"`
	Name             string `json:"organization_name"`
	FirstWorkspaceID string `json:"first_workspace_id"` // the oldest workspace, "" when there is none
}

// Organizations lists the organizations that the credentials reach, in the
// order of the service, whichever one the client is for.
func (c *Client) Organizations(ctx context.Context) ([]Organization, error) {
	call := &call{op: "list organizations", name: "listOrganizations", read: true}
	got, err := fetch[organizationList](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return c.raw.ListOrganizations(ctx, &gen.ListOrganizationsParams{})
	})
	if err != nil {
		return nil, err
	}
	return got.Organizations, nil
}

type organizationList struct {
	Organizations []Organization `json:"organizations"`
}
