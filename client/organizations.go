package client

import (
	"context"
	"net/http"

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
