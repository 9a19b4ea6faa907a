package client

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/timing"
)

// Workflows gives access to the workflows of a workspace. [Workspace.Workflows]
// returns it. The value may be kept and copied.
//
// The service identifies workspaces by their IDs here, so the first call for a
// [Workspace] sends one more request, which looks up the ID. If the workspace
// does not exist, the error matches [ErrWorkspaceNotFound]. A call with a workflow
// ID that is empty, or that cannot be part of a path, sends nothing and returns an
// error that matches [ErrInvalid].
//
// These operations are internal ones of the service, so they may change more
// often than others.
type Workflows struct{ ws *Workspace }

// Workflows returns access to the workflows of the workspace. It sends nothing.
func (w *Workspace) Workflows() Workflows { return Workflows{w} }

// String describes the workflows by the name of the workspace.
func (f Workflows) String() string { return fmt.Sprintf("client.Workflows{%q}", f.ws.ready().name) }

// Format writes what String returns, for every verb.
func (f Workflows) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, f.String()) }

// MarshalText returns what String returns.
func (f Workflows) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// A Workflow is a list of tasks for an agent. An [Automation] starts it.
type Workflow struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	WorkspaceID string    `json:"workspace_id"`
	CreatedAt   time.Time `json:"created_at,omitzero"` // zero if the service does not send it
	UpdatedAt   time.Time `json:"updated_at,omitzero"`
}

func (w Workflow) lacks() string { return unless(w.ID != "", "id") }

// A WorkflowRequest describes a workflow to create.
type WorkflowRequest struct {
	Name string // must not be blank

	// Tasks says what to do, in order. The form of a task is not published:
	// tasks are sent as they are, and the service does not return them.
	Tasks []map[string]any
}

// wire returns the body without the workspace, which is looked up.
func (r WorkflowRequest) wire(op string) (gen.WorkflowCreateRequest, error) {
	body := gen.WorkflowCreateRequest{Name: strings.TrimSpace(r.Name), Tasks: r.Tasks}
	if body.Name == "" {
		return body, invalid(op, "Name is blank")
	}
	for i, task := range r.Tasks {
		if task == nil {
			return body, invalid(op, "Tasks[%d] is nil", i)
		}
		if problem := hiddenProblem(fmt.Sprintf("Tasks[%d]", i), task); problem != "" {
			return body, invalid(op, "Tasks[%d] %s", i, problem)
		}
	}
	return body, nil
}

// A WorkflowChange says what [Workflows.Update] changes. Zero fields leave the
// workflow unchanged.
type WorkflowChange struct {
	Name string
}

func (c WorkflowChange) wire(op string) (gen.WorkflowUpdateRequest, error) {
	body := gen.WorkflowUpdateRequest{Name: optional(strings.TrimSpace(c.Name))}
	return body, refuse(op, problemIf(body.Name == nil, nothingToChange))
}

// List returns the workflows of the workspace, in the order of the service,
// which sends them in one page.
func (f Workflows) List(ctx context.Context) ([]Workflow, error) {
	ask := f.ws.begin(&call{op: "list workflows", name: "listWorkflows", read: true})
	ws, err := f.ws.id(ctx)
	if err != nil {
		return nil, err
	}
	got, err := fetchList[Workflow](ctx, ask.to(gen.NewListWorkflowsRequest(ask.server(), &gen.ListWorkflowsParams{WorkspaceID: ws})))
	if err != nil {
		return nil, f.ws.forget(err)
	}
	return got, nil
}

// Get returns the workflow with the given ID. If there is none, the error matches
// [ErrNotFound].
func (f Workflows) Get(ctx context.Context, id string) (*Workflow, error) {
	ask := f.ws.begin(&call{op: "get workflow", name: "getWorkflow", read: true})
	id, err := pathID(ask.op, "workflow", id)
	if err != nil {
		return nil, err
	}
	ws, err := f.ws.id(ctx)
	if err != nil {
		return nil, err
	}
	got, err := fetch[Workflow](ctx, ask.to(gen.NewGetWorkflowRequest(ask.server(), id, &gen.GetWorkflowParams{WorkspaceID: ws})))
	if err != nil {
		return nil, f.ws.forget(err)
	}
	return got, nil
}

// Create creates a workflow. It does not run until an automation starts it; see
// [Workflows.Automations]. A request without a name is an error that matches
// [ErrInvalid]; nothing is sent.
func (f Workflows) Create(ctx context.Context, r WorkflowRequest) (*Workflow, error) {
	ask := f.ws.begin(&call{op: "create workflow", name: "createWorkflow"})
	body, err := r.wire(ask.op)
	if err != nil {
		return nil, err
	}
	if body.WorkspaceID, err = f.ws.id(ctx); err != nil {
		return nil, err
	}
	got, err := fetch[Workflow](ctx, ask.to(gen.NewCreateWorkflowRequest(ask.server(), nil, body)))
	if err != nil {
		return nil, f.ws.forget(err)
	}
	return got, nil
}

// Update changes the workflow with the given ID and returns its new state. An
// empty change is an error that matches [ErrInvalid]; nothing is sent.
func (f Workflows) Update(ctx context.Context, id string, change WorkflowChange) (*Workflow, error) {
	ask := f.ws.begin(&call{op: "update workflow", name: "updateWorkflow"})
	id, err := pathID(ask.op, "workflow", id)
	if err != nil {
		return nil, err
	}
	body, err := change.wire(ask.op)
	if err != nil {
		return nil, err
	}
	ws, err := f.ws.id(ctx)
	if err != nil {
		return nil, err
	}
	got, err := fetch[Workflow](ctx, ask.to(gen.NewUpdateWorkflowRequest(ask.server(), id, &gen.UpdateWorkflowParams{WorkspaceID: ws}, body)))
	if err != nil {
		return orLook(f.ws.forget(err), func() (*Workflow, error) { return f.Get(ctx, id) })
	}
	return got, nil
}

// Delete deletes the workflow with the given ID. If there is none, the error
// matches [ErrNotFound].
func (f Workflows) Delete(ctx context.Context, id string) error {
	ask := f.ws.begin(&call{op: "delete workflow", name: "deleteWorkflow"})
	id, err := pathID(ask.op, "workflow", id)
	if err != nil {
		return err
	}
	ws, err := f.ws.id(ctx)
	if err != nil {
		return err
	}
	return f.ws.forget(acknowledge(ctx, ask.to(gen.NewDeleteWorkflowRequest(ask.server(), id, &gen.DeleteWorkflowParams{WorkspaceID: ws}))))
}

// atOnce is how many lists are requested at the same time.
const atOnce = 8

// ListAutomations returns the automations of all workflows of the workspace: the
// workflows in the order of [Workflows.List], and the automations of each in
// the order of [Automations.List]. It sends one request for the workflows and
// one for each workflow, at most 8 at a time. After an error, it cancels the
// other requests and returns only the error.
func (f Workflows) ListAutomations(ctx context.Context) ([]Automation, error) {
	workflows, err := f.List(ctx)
	if err != nil {
		return nil, err
	}
	lists, err := inParallel(ctx, workflows, atOnce, func(ctx context.Context, w Workflow) ([]Automation, error) {
		op := "list automations of workflow " + shorten(w.ID)
		if _, err := pathID(op, "workflow", w.ID); err != nil {
			return nil, &Error{op: op, Message: fmt.Sprintf("the service listed the workflow with the id %q, which cannot be used in a request", shorten(w.ID))}
		}
		return f.Automations(w.ID).list(ctx, op)
	})
	if err != nil {
		return nil, err
	}
	return slices.Concat(lists...), nil
}

// inParallel calls f for each item, at most limit at a time, and returns the
// results in the order of the items. The first error cancels the other calls;
// inParallel returns it when they have ended.
func inParallel[T, R any](ctx context.Context, items []T, limit int, f func(context.Context, T) (R, error)) ([]R, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		results = make([]R, len(items))
		slots   = make(chan struct{}, limit)
		all     sync.WaitGroup
		once    sync.Once
		first   error
		begun   int
	)
	for i, item := range items {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil { // both cases may have been ready
			break
		}
		begun++
		all.Go(func() {
			defer func() { <-slots }()
			got, err := f(ctx, item)
			if err != nil {
				once.Do(func() { first = err; cancel() })
			}
			results[i] = got
		})
	}
	all.Wait()
	switch {
	case first != nil:
		return nil, first
	case begun < len(items): // the caller's ctx ended while no call was running
		return nil, &Error{err: timing.Ended(ctx)}
	}
	return results, nil
}
