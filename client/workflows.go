package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// Workflows are the workflows of a workspace. [Workspace.Workflows] makes the
// value, which may be kept and copied.
//
// The service knows workspaces by their ids here: the first call of a
// [Workspace] takes a request more, to find its id. A workspace that does not
// exist is [ErrWorkspaceNotFound] then.
//
// The service counts these operations among its internal ones. They may change
// more than the others.
type Workflows struct{ ws *Workspace }

// Workflows are those of the workspace. Nothing is sent.
func (w *Workspace) Workflows() Workflows { return Workflows{w} }

// String names the workspace.
func (f Workflows) String() string { return fmt.Sprintf("client.Workflows{%q}", f.ws.name) }

// Format writes what String returns, for every verb.
func (f Workflows) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

// MarshalText returns what String returns.
func (f Workflows) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// A Workflow is a list of tasks for an agent. What starts it is an
// [Automation].
type Workflow struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	WorkspaceID string    `json:"workspace_id"`
	CreatedAt   time.Time `json:"created_at,omitzero"` // zero when the service does not say
	UpdatedAt   time.Time `json:"updated_at,omitzero"`
}

// A WorkflowRequest describes a workflow to be made.
type WorkflowRequest struct {
	Name string // not blank

	// Tasks are what to do, in order. The form of a task is not published: they
	// travel as they are, and the service does not tell them again.
	Tasks []map[string]any
}

func (r WorkflowRequest) check(op string) error {
	if strings.TrimSpace(r.Name) == "" {
		return invalid(op, "Name is blank")
	}
	for i, task := range r.Tasks {
		if task == nil {
			return invalid(op, "Tasks[%d] is nil", i)
		}
		if slices.Contains(texts(nil, asSent(task)), redacted) {
			return invalid(op, "an auth.Secret is inside Tasks[%d], which would be sent as %s; string(s) reveals it", i, redacted)
		}
	}
	return nil
}

// A WorkflowChange says what [Workflows.Update] changes. Zero fields stay as
// they are.
type WorkflowChange struct {
	Name string
}

// List lists the workflows of the workspace, in the order of the service, which
// has them on one page.
func (f Workflows) List(ctx context.Context) ([]Workflow, error) {
	call := &call{op: "list workflows", name: "listWorkflows", read: true}
	ws, err := f.ws.id(ctx)
	if err != nil {
		return nil, err
	}
	got, err := fetchList[Workflow](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return f.ws.client.raw.ListWorkflows(ctx, &gen.ListWorkflowsParams{WorkspaceID: ws})
	})
	if err != nil {
		return nil, f.ws.forget(err)
	}
	return got, nil
}

// Get returns the workflow of that id. One that does not exist is
// [ErrNotFound].
func (f Workflows) Get(ctx context.Context, id string) (*Workflow, error) {
	call := &call{op: "get workflow", name: "getWorkflow", read: true}
	id, err := pathID(call.op, "workflow", id)
	if err != nil {
		return nil, err
	}
	ws, err := f.ws.id(ctx)
	if err != nil {
		return nil, err
	}
	got, err := fetch[Workflow](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return f.ws.client.raw.GetWorkflow(ctx, id, &gen.GetWorkflowParams{WorkspaceID: ws})
	})
	if err != nil {
		return nil, f.ws.forget(err)
	}
	return got, nil
}

// Create makes a workflow. It starts nothing until an automation does; see
// [Workflows.Automations]. A request without a name is [ErrInvalid], and
// nothing is sent.
func (f Workflows) Create(ctx context.Context, r WorkflowRequest) (*Workflow, error) {
	call := &call{op: "create workflow", name: "createWorkflow"}
	if err := r.check(call.op); err != nil {
		return nil, err
	}
	ws, err := f.ws.id(ctx)
	if err != nil {
		return nil, err
	}
	body := gen.WorkflowCreateRequest{WorkspaceID: ws, Name: strings.TrimSpace(r.Name), Tasks: r.Tasks}
	got, err := fetch[Workflow](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return f.ws.client.raw.CreateWorkflow(ctx, &gen.CreateWorkflowParams{}, body)
	})
	if err != nil {
		return nil, f.ws.forget(err)
	}
	return got, nil
}

// Update changes the workflow of that id and returns what it is then. A change
// of nothing is [ErrInvalid], and nothing is sent.
func (f Workflows) Update(ctx context.Context, id string, change WorkflowChange) (*Workflow, error) {
	call := &call{op: "update workflow", name: "updateWorkflow"}
	id, err := pathID(call.op, "workflow", id)
	if err != nil {
		return nil, err
	}
	body := gen.WorkflowUpdateRequest{Name: optional(strings.TrimSpace(change.Name))}
	if body.Name == nil {
		return nil, invalid(call.op, "there is nothing to change")
	}
	ws, err := f.ws.id(ctx)
	if err != nil {
		return nil, err
	}
	got, err := fetch[Workflow](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return f.ws.client.raw.UpdateWorkflow(ctx, id, &gen.UpdateWorkflowParams{WorkspaceID: ws}, body)
	})
	if err != nil {
		return nil, f.ws.forget(err)
	}
	return got, nil
}

// Delete deletes the workflow of that id. One that does not exist is
// [ErrNotFound].
func (f Workflows) Delete(ctx context.Context, id string) error {
	call := &call{op: "delete workflow", name: "deleteWorkflow"}
	id, err := pathID(call.op, "workflow", id)
	if err != nil {
		return err
	}
	ws, err := f.ws.id(ctx)
	if err != nil {
		return err
	}
	return f.ws.forget(acknowledge(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return f.ws.client.raw.DeleteWorkflow(ctx, id, &gen.DeleteWorkflowParams{WorkspaceID: ws})
	}))
}

// atOnce is how many lists are asked for at a time.
const atOnce = 8

// AllAutomations lists the automations of all workflows of the workspace: the
// workflows in the order of List, and the automations of each in theirs. It
// takes a request for the workflows and one for each of them, at most 8 at a
// time. The first that fails ends the others and is the error: there are all
// automations or none.
func (f Workflows) AllAutomations(ctx context.Context) ([]Automation, error) {
	workflows, err := f.List(ctx)
	if err != nil {
		return nil, err
	}
	lists, err := inParallel(ctx, workflows, atOnce, func(ctx context.Context, w Workflow) ([]Automation, error) {
		op := "list automations of workflow " + shorten(w.ID)
		if _, err := pathID(op, "workflow", w.ID); err != nil {
			return nil, &Error{op: op, Message: fmt.Sprintf("the service listed it under the id %q, with which it cannot be asked for", shorten(w.ID))}
		}
		return f.Automations(w.ID).list(ctx, op)
	})
	if err != nil {
		return nil, err
	}
	return slices.Concat(lists...), nil
}

// pathID returns the id of a workflow or an automation as it goes into a path.
// The service does not say what its ids look like. What would lead to another
// path is none.
func pathID(op, whose, id string) (string, error) {
	id = strings.TrimSpace(id)
	switch {
	case id == "":
		return "", invalid(op, "the %s's id is empty", whose)
	case id == ".", id == "..", strings.ContainsFunc(id, unfitForPath):
		return "", invalid(op, "the %s's id %q is not one", whose, shorten(id))
	}
	return id, nil
}

// unfitForPath are characters that part a URL, or that some server on the way
// may take to part it, and all that are not plain.
func unfitForPath(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`/\?#%;`, r)
}
