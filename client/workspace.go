package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync/atomic"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// A Workspace is a handle for a workspace, which holds connectors and is known by its
// name. Programs that serve several customers often have a workspace for each.
type Workspace struct {
	client *Client // the one that sends; it refuses if there is no name
	owner  *Client // the one that a workspace without a name is from, else nil
	name   string

	known  atomic.Pointer[string] // the ID, once it has been looked up
	exists atomic.Bool            // it was found or created, so that a scoped token creates none
}

// ready returns w or, in place of one that no client returned, one that refuses every
// call.
func (w *Workspace) ready() *Workspace {
	if w != nil && w.client != nil {
		return w
	}
	return &Workspace{client: (*Client)(nil).ready()}
}

// begin is [Client.begin] for a call about the workspace.
func (w *Workspace) begin(ask *call) *call {
	w = w.ready()
	if ask.about == (subject{}) {
		ask.about = w.about()
	}
	return w.client.begin(ask)
}

func (w *Workspace) about() subject { return subject{workspace: w.ready().name} }

// Name returns the name of the workspace.
func (w *Workspace) Name() string { return w.name }

// Client returns the client that w is from.
func (w *Workspace) Client() *Client { return cmp.Or(w.owner, w.client) }

// String describes the workspace by its name, for printing. Name returns the name.
func (w *Workspace) String() string { return fmt.Sprintf("client.Workspace{%q}", w.name) }

// Format writes what String returns, for every verb.
func (w *Workspace) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, w.String()) }

// MarshalText returns what String returns.
func (w *Workspace) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// Info returns what the service knows about the workspace. It finds the workspace by
// its exact name and ignores deleted ones. If there is none, the error matches
// [ErrWorkspaceNotFound]. Info sends one request, and perhaps more if more than 100
// workspaces have names that contain this one.
func (w *Workspace) Info(ctx context.Context) (*WorkspaceInfo, error) {
	for info, err := range w.named(ctx) {
		if err != nil {
			return nil, err
		}
		return &info, nil
	}
	return nil, w.absent("find workspace")
}

// named yields the workspaces that have the name and are not deleted: one at most,
// unless the service lets several have one name.
func (w *Workspace) named(ctx context.Context) iter.Seq2[WorkspaceInfo, error] {
	return func(yield func(WorkspaceInfo, error) bool) {
		for info, err := range w.client.Workspaces(ctx, WorkspaceFilter{NameContains: w.name}) {
			if (err != nil || info.Name == w.name && !info.Tombstone) && !yield(info, w.about().addTo(err)) {
				return
			}
		}
	}
}

// only looks up the ID of the one workspace with the name, for an operation that
// must not affect another one. It uses nothing that was looked up before.
func (w *Workspace) only(ctx context.Context, op string) (string, error) {
	var id string
	for info, err := range w.named(ctx) {
		switch {
		case err != nil:
			return "", err
		case id != "":
			return "", w.about().addTo(&Error{op: op, Message: fmt.Sprintf(
				"several workspaces are called %q: %s and %s; with its id, Client.API can change one of them", w.name, id, info.ID)})
		}
		id = info.ID
	}
	if id == "" {
		return "", w.absent(op)
	}
	uuid, ok := plainUUID(id)
	if !ok {
		return "", w.oddID(op, id)
	}
	return uuid, nil
}

// id returns the ID of the workspace, for operations that do not accept a name.
// It is looked up once, and again after forget.
func (w *Workspace) id(ctx context.Context) (string, error) {
	w = w.ready()
	if known := w.known.Load(); known != nil {
		return *known, nil
	}
	id, err := w.only(ctx, "find workspace")
	if err == nil {
		w.known.Store(&id)
	}
	return id, err
}

// oddID is the error for a workspace that is listed with an ID that is not a UUID.
func (w *Workspace) oddID(op, id string) error {
	return w.about().addTo(&Error{op: op, Message: fmt.Sprintf("the service lists workspace %q under the id %q, which is not a UUID", w.name, shorten(id))})
}

// forget drops the ID if err says that something was not found: the workspace may
// have been deleted and created again. It returns err.
func (w *Workspace) forget(err error) error {
	if w != nil && errors.Is(err, ErrNotFound) {
		w.known.Store(nil)
	}
	return err
}

func (w *Workspace) absent(op string) error {
	return w.about().addTo(&Error{op: op, kind: ErrWorkspaceNotFound, Message: fmt.Sprintf("no workspace is called %q; Ensure creates it", w.name)})
}

// Ensure creates the workspace if it does not exist, in the region that [WithRegion]
// sets. It looks the workspace up as [Workspace.Info] does, and sends one more request
// to create it, which needs the role of workspace admin; without it, the error matches
// [ErrForbidden].
func (w *Workspace) Ensure(ctx context.Context) error {
	if err := w.confirm(ctx); !errors.Is(err, ErrWorkspaceNotFound) {
		return err
	}
	// The service has no call to create a workspace: it creates one when it issues a
	// scoped token for it.
	ask := w.begin(&call{op: "create workspace", name: "createScopedToken", confidential: true, mayBeEmpty: true})
	body := gen.ScopedTokenRequest{WorkspaceName: w.name, RegionID: optional(string(w.ready().client.region))}
	_, err := fetch[issued](ctx, ask.to(gen.NewCreateScopedTokenRequest(ask.server(), nil, body)))
	if err == nil {
		w.exists.Store(true)
	}
	return err
}

// An issued token is the response to the creation of one.
type issued struct {
	Token auth.Secret `json:"token"`
}

func (i issued) lacks() string { return unless(i.Token != "", "token") }

// confirm returns an error if the workspace does not exist now.
func (w *Workspace) confirm(ctx context.Context) error {
	_, err := w.Info(ctx)
	if err == nil {
		w.exists.Store(true)
	}
	return err
}

// A WorkspaceChange says what [Workspace.Update] changes. Zero fields leave the
// workspace unchanged.
type WorkspaceChange struct {
	Name   string
	Status WorkspaceStatus // WorkspaceInactive also stops the connections of the workspace

	// ContextStore switches the context store on or off; [Null] restores the
	// organization's default.
	ContextStore Nullable[bool]
}

func (c WorkspaceChange) wire(op string) (gen.WorkspaceUpdateRequest, error) {
	c.Name = strings.TrimSpace(c.Name)
	body := gen.WorkspaceUpdateRequest{Name: set(c.Name), Status: set(gen.WorkspaceStatus(c.Status)), CacheEnabled: c.ContextStore}
	return body, refuse(op, problemIf(c == (WorkspaceChange{}), nothing))
}

// Update changes the workspace and returns its new state. It looks up the ID of the
// workspace first, as [Workspace.Info] does. If several workspaces have the name, it
// returns an error and changes nothing. An empty change is an error that matches
// [ErrInvalid]; nothing is sent. After a change of the name, w still refers to the old
// name; use [Client.Workspace] with the new one.
func (w *Workspace) Update(ctx context.Context, change WorkspaceChange) (*WorkspaceInfo, error) {
	ask := w.begin(&call{op: "update workspace", name: "updateWorkspace"})
	body, err := change.wire(ask.op)
	if err != nil {
		return nil, err
	}
	id, err := w.only(ctx, ask.op)
	if err != nil {
		return nil, err
	}
	if !body.Name.IsZero() {
		w.known.Store(nil) // w goes on to refer to the name
		w.exists.Store(false)
	}
	got, err := fetch[workspaceItem](ctx, ask.to(gen.NewUpdateWorkspaceRequest(ask.server(), id, nil, body)))
	if err != nil {
		return orLook(missing(err, ErrWorkspaceNotFound), func() (*WorkspaceInfo, error) { return w.client.WorkspaceInfo(ctx, id) })
	}
	info := got.info()
	return &info, nil
}

// Delete deletes the workspace. Replication for it stops, and [Client.Workspaces]
// lists it as a tombstone. Delete looks up the ID of the workspace first, as
// [Workspace.Info] does. If several workspaces have the name, it returns an error and
// deletes nothing.
func (w *Workspace) Delete(ctx context.Context) error {
	ask := w.begin(&call{op: "delete workspace", name: "deleteWorkspace"})
	id, err := w.only(ctx, ask.op)
	if err != nil {
		return err
	}
	w.known.Store(nil)
	w.exists.Store(false)
	return missing(acknowledge(ctx, ask.to(gen.NewDeleteWorkspaceRequest(ask.server(), id, nil))), ErrWorkspaceNotFound)
}
