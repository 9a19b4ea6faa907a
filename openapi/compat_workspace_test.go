package openapi_test

import (
	"context"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// workspaceCalls are more calls for TestCompatible.
var workspaceCalls = []wrapper{
	{name: "WorkspaceInfo", ops: []string{"getWorkspace"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().WorkspaceInfo(ctx, connectorID)
		return err
	}},
	{name: "WorkspaceStats", ops: []string{"getWorkspaceStats"}, needed: []string{"/total_count"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().WorkspaceStats(ctx)
		return err
	}},
	{name: "Update workspace", ops: []string{"updateWorkspace"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Update(ctx, client.WorkspaceChange{Status: client.WorkspaceInactive})
		return err
	}},
	{name: "Delete workspace", ops: []string{"deleteWorkspace"}, call: func(ctx context.Context, w *client.Workspace) error {
		return w.Delete(ctx)
	}},
	{name: "Organizations", ops: []string{"listOrganizations"}, needed: []string{"/organizations"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().Organizations(ctx)
		return err
	}},
	{name: "OrganizationConnectors", ops: []string{"listOrganizationCredentials"}, call: func(ctx context.Context, w *client.Workspace) error {
		for _, err := range w.Client().OrganizationConnectors(ctx, connectorID) {
			if err != nil {
				return err
			}
		}
		return nil
	}},
	{name: "TokenScope", ops: []string{"getScopedTokenInfo"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().TokenScope(ctx)
		return err
	}},
}
