package agentstest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // for systems without a time zone database

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// workflow returns a workflow of a workspace that the token reaches. The caller
// holds the lock.
func (w *world) workflow(g *grant, workspaceID, id string) (*server.Workflow, error) {
	ws, err := w.liveWorkspace(g, workspaceID)
	if err != nil {
		return nil, err
	}
	f := w.workflows[id]
	if f == nil || f.WorkspaceID != ws.id {
		return nil, notFound("workflow", id)
	}
	return f, nil
}

// automation returns an automation of a workflow. The caller holds the lock.
func (w *world) automation(g *grant, workspaceID, workflowID, id string) (*server.Automation, error) {
	if _, err := w.workflow(g, workspaceID, workflowID); err != nil {
		return nil, err
	}
	m := w.automations[id]
	if m == nil || m.WorkflowID != workflowID {
		return nil, notFound("automation", id)
	}
	return m, nil
}

// ListWorkflows implements listWorkflows.
func (a *api) ListWorkflows(ctx context.Context, req server.ListWorkflowsRequestObject) (server.ListWorkflowsResponseObject, error) {
	w := &a.s.world
	ws, err := w.liveWorkspace(callOf(ctx).grant, req.Params.WorkspaceID)
	if err != nil {
		return nil, err
	}
	list := server.ListWorkflows200JSONResponse{Data: []server.Workflow{}}
	for _, f := range w.workflows {
		if f.WorkspaceID == ws.id {
			list.Data = append(list.Data, *f)
		}
	}
	slices.SortFunc(list.Data, func(x, y server.Workflow) int { return byNumber(x.ID, y.ID) })
	return list, nil
}

// byNumber orders IDs that end in a number.
func byNumber(x, y string) int {
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(x, y)
}

// CreateWorkflow implements createWorkflow.
func (a *api) CreateWorkflow(ctx context.Context, req server.CreateWorkflowRequestObject) (server.CreateWorkflowResponseObject, error) {
	if strings.TrimSpace(req.Body.Name) == "" {
		return nil, invalid(fieldProblem("body.name", "string_too_short", "Input should not be empty"))
	}
	w := &a.s.world
	ws, err := w.liveWorkspace(callOf(ctx).grant, req.Body.WorkspaceID)
	if err != nil {
		return nil, err
	}
	f := w.addWorkflow(ws, req.Body.Name, a.s.now())
	return server.CreateWorkflow200JSONResponse(*f), nil
}

// GetWorkflow implements getWorkflow.
func (a *api) GetWorkflow(ctx context.Context, req server.GetWorkflowRequestObject) (server.GetWorkflowResponseObject, error) {
	w := &a.s.world
	f, err := w.workflow(callOf(ctx).grant, req.Params.WorkspaceID, req.WorkflowID)
	if err != nil {
		return nil, err
	}
	return server.GetWorkflow200JSONResponse(*f), nil
}

// UpdateWorkflow implements updateWorkflow.
func (a *api) UpdateWorkflow(ctx context.Context, req server.UpdateWorkflowRequestObject) (server.UpdateWorkflowResponseObject, error) {
	if n := req.Body.Name; n != nil && strings.TrimSpace(*n) == "" {
		return nil, invalid(fieldProblem("body.name", "string_too_short", "Input should not be empty"))
	}
	w := &a.s.world
	f, err := w.workflow(callOf(ctx).grant, req.Params.WorkspaceID, req.WorkflowID)
	if err != nil {
		return nil, err
	}
	if req.Body.Name != nil {
		f.Name = *req.Body.Name
	}
	f.UpdatedAt = new(a.s.now())
	return server.UpdateWorkflow200JSONResponse(*f), nil
}

// DeleteWorkflow implements deleteWorkflow.
func (a *api) DeleteWorkflow(ctx context.Context, req server.DeleteWorkflowRequestObject) (server.DeleteWorkflowResponseObject, error) {
	w := &a.s.world
	f, err := w.workflow(callOf(ctx).grant, req.Params.WorkspaceID, req.WorkflowID)
	if err != nil {
		return nil, err
	}
	for id, m := range w.automations {
		if m.WorkflowID == f.ID {
			delete(w.automations, id)
		}
	}
	delete(w.workflows, f.ID)
	return server.DeleteWorkflow204Response{}, nil
}

// ListAutomations implements listAutomations.
func (a *api) ListAutomations(ctx context.Context, req server.ListAutomationsRequestObject) (server.ListAutomationsResponseObject, error) {
	w := &a.s.world
	f, err := w.workflow(callOf(ctx).grant, req.Params.WorkspaceID, req.WorkflowID)
	if err != nil {
		return nil, err
	}
	list := server.ListAutomations200JSONResponse{Data: []server.Automation{}}
	for _, m := range w.automations {
		if m.WorkflowID == f.ID {
			list.Data = append(list.Data, *m)
		}
	}
	slices.SortFunc(list.Data, func(x, y server.Automation) int { return byNumber(x.ID, y.ID) })
	return list, nil
}

// checkTrigger checks what starts an automation. Which cron syntax the service
// expects is not published, so both that of Unix, with 5 fields, and that of Quartz
// pass.
func checkTrigger(trigger string, cron, timezone *string) error {
	switch {
	case strings.TrimSpace(trigger) == "":
		return invalid(fieldProblem("body.trigger_type", "string_too_short", "Input should not be empty"))
	case trigger == "schedule" && cron == nil:
		return invalid(missing("body.cron_expression"))
	case timezone != nil && !isTimezone(*timezone):
		return invalid(fieldProblem("body.timezone", "timezone", "Input should be an IANA time zone such as Europe/Berlin"))
	}
	if cron != nil && len(strings.Fields(*cron)) == 5 {
		return nil
	}
	return checkCron("body.cron_expression", cron)
}

// isTimezone reports whether name is in the IANA database. The other names that
// [time.LoadLocation] takes are not.
func isTimezone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}

// CreateAutomation implements createAutomation.
func (a *api) CreateAutomation(ctx context.Context, req server.CreateAutomationRequestObject) (server.CreateAutomationResponseObject, error) {
	body := req.Body
	if err := checkTrigger(body.TriggerType, body.CronExpression, body.Timezone); err != nil {
		return nil, err
	}
	w := &a.s.world
	f, err := w.workflow(callOf(ctx).grant, req.Params.WorkspaceID, req.WorkflowID)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(body.WorkspaceID, f.WorkspaceID) {
		return nil, invalid(fieldProblem("body.workspace_id", "mismatch", "The workflow belongs to another workspace"))
	}
	now := a.s.now()
	m := &server.Automation{
		ID: fmt.Sprintf("automation-%d", w.next()), WorkflowID: f.ID, WorkspaceID: f.WorkspaceID, Enabled: body.Enabled,
		TriggerType: body.TriggerType, CronExpression: body.CronExpression, Timezone: body.Timezone,
		CompletionWebhookURL: body.CompletionWebhookURL, CreatedAt: &now, UpdatedAt: &now,
	}
	if m.TriggerType == "webhook" {
		m.TriggerWebhookURL = new(callOf(ctx).base + "/hooks/" + m.ID)
	}
	w.automations[m.ID] = m
	return server.CreateAutomation200JSONResponse(*m), nil
}

// GetAutomation implements getAutomation.
func (a *api) GetAutomation(ctx context.Context, req server.GetAutomationRequestObject) (server.GetAutomationResponseObject, error) {
	w := &a.s.world
	m, err := w.automation(callOf(ctx).grant, req.Params.WorkspaceID, req.WorkflowID, req.AutomationID)
	if err != nil {
		return nil, err
	}
	return server.GetAutomation200JSONResponse(*m), nil
}

// UpdateAutomation implements updateAutomation.
func (a *api) UpdateAutomation(ctx context.Context, req server.UpdateAutomationRequestObject) (server.UpdateAutomationResponseObject, error) {
	w := &a.s.world
	m, err := w.automation(callOf(ctx).grant, req.Params.WorkspaceID, req.WorkflowID, req.AutomationID)
	if err != nil {
		return nil, err
	}
	body, changed := req.Body, *m
	if body.Enabled != nil {
		changed.Enabled = *body.Enabled
	}
	if body.TriggerType != nil {
		changed.TriggerType = *body.TriggerType
	}
	if body.Timezone != nil {
		changed.Timezone = body.Timezone
	}
	if !body.CronExpression.IsZero() {
		changed.CronExpression = optional(body.CronExpression)
	}
	if !body.CompletionWebhookURL.IsZero() {
		changed.CompletionWebhookURL = optional(body.CompletionWebhookURL)
	}
	if err := checkTrigger(changed.TriggerType, changed.CronExpression, changed.Timezone); err != nil {
		return nil, err
	}
	changed.UpdatedAt = new(a.s.now())
	*m = changed
	return server.UpdateAutomation200JSONResponse(changed), nil
}

// DeleteAutomation implements deleteAutomation.
func (a *api) DeleteAutomation(ctx context.Context, req server.DeleteAutomationRequestObject) (server.DeleteAutomationResponseObject, error) {
	w := &a.s.world
	m, err := w.automation(callOf(ctx).grant, req.Params.WorkspaceID, req.WorkflowID, req.AutomationID)
	if err != nil {
		return nil, err
	}
	delete(w.automations, m.ID)
	return server.DeleteAutomation204Response{}, nil
}
