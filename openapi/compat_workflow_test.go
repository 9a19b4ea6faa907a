package openapi_test

import (
	"context"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// workflowCalls are more calls for TestCompatible. Responses to deletions are
// empty, so there is nothing to change in them.
var workflowCalls = []wrapper{
	{name: "List workflows", ops: []string{"listWorkflows"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Workflows().List(ctx)
		return err
	}},
	{name: "Get workflow", ops: []string{"getWorkflow"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Workflows().Get(ctx, "workflow-1")
		return err
	}},
	{name: "Create workflow", ops: []string{"createWorkflow"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Workflows().Create(ctx, client.WorkflowRequest{Name: "Weekly report"})
		return err
	}},
	{name: "Update workflow", ops: []string{"updateWorkflow"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Workflows().Update(ctx, "workflow-1", client.WorkflowChange{Name: "Monthly report"})
		return err
	}},
	// A workflow that is listed without an ID cannot be asked for its automations.
	{name: "All automations", ops: []string{"listWorkflows", "listAutomations"}, needed: []string{"/data/0", "/data/0/id"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Workflows().ListAutomations(ctx)
		return err
	}},
	{name: "List automations", ops: []string{"listAutomations"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Workflows().Automations("workflow-1").List(ctx)
		return err
	}},
	{name: "Get automation", ops: []string{"getAutomation"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Workflows().Automations("workflow-1").Get(ctx, "automation-1")
		return err
	}},
	{name: "Create automation", ops: []string{"createAutomation"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Workflows().Automations("workflow-1").Create(ctx, client.AutomationRequest{CronExpression: "0 0 7 ? * MON"})
		return err
	}},
	{name: "Update automation", ops: []string{"updateAutomation"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Workflows().Automations("workflow-1").Update(ctx, "automation-1", client.AutomationChange{Enabled: new(false)})
		return err
	}},
	{name: "Delete workflow", ops: []string{"deleteWorkflow"}, call: func(ctx context.Context, w *client.Workspace) error {
		return w.Workflows().Delete(ctx, "workflow-1")
	}},
	{name: "Delete automation", ops: []string{"deleteAutomation"}, call: func(ctx context.Context, w *client.Workspace) error {
		return w.Workflows().Automations("workflow-1").Delete(ctx, "automation-1")
	}},
}
