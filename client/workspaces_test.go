package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

const workspacesPath = "/api/v1/workspaces"

// acme returns a page of the list of workspaces, with the workspace acme.
func acme() reply {
	return says(200, `{"data":[{"id":"`+stubID+`","name":"acme"},{"id":"`+stubOrg+`","name":"acme-2"}]}`)
}

func TestWorkspaceUpdate(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change client.WorkspaceChange
		body   string
	}{
		{"name", client.WorkspaceChange{Name: " acme-3\n"}, `{"name":"acme-3"}`},
		{"status", client.WorkspaceChange{Status: client.WorkspaceInactive}, `{"status":"inactive"}`},
		{"a status of the future", client.WorkspaceChange{Status: "paused"}, `{"status":"paused"}`},
		{"context store on", client.WorkspaceChange{ContextStore: client.Value(true)}, `{"cache_enabled":true}`},
		{"context store off", client.WorkspaceChange{ContextStore: client.Value(false)}, `{"cache_enabled":false}`},
		{"context store as the organization", client.WorkspaceChange{ContextStore: client.Null[bool]()}, `{"cache_enabled":null}`},
		{"all", client.WorkspaceChange{Name: "b", Status: client.WorkspaceActive, ContextStore: client.Null[bool]()}, `{"cache_enabled":null,"name":"b","status":"active"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, acme(), says(200, `{"id":"`+stubID+`","name":"acme-3","organization_id":"o","status":"paused","cache_enabled":true,"visibility":"private"}`))
			info, err := newClient(t, s).Workspace("acme").Update(t.Context(), tc.change)
			if err != nil {
				t.Fatal(err)
			}
			if info.ID != stubID || info.Name != "acme-3" || info.Status != "paused" || !*info.ContextStore || info.OrganizationID != "o" || info.Visibility != client.WorkspacePrivate {
				t.Errorf("%+v", info)
			}
			r := s.requests()[1]
			if r.Method != "PUT" || r.Path != workspacesPath+"/"+stubID || r.Body != tc.body {
				t.Errorf("sent %s %s %s, want %s", r.Method, r.Path, r.Body, tc.body)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		s := serve(t)
		_, err := newClient(t, s).Workspace("acme").Update(t.Context(), client.WorkspaceChange{Name: " "})
		wantKinds(t, err, "ErrInvalid")
		s.wantSent(t, 0)
	})
}

// TestChangesOfAWorkspaceMeetTheRightOne covers what Update and Delete have in
// common: they know a name and need an ID.
func TestChangesOfAWorkspaceMeetTheRightOne(t *testing.T) {
	for name, do := range map[string]func(*client.Workspace) error{
		"update": func(w *client.Workspace) error {
			_, err := w.Update(t.Context(), client.WorkspaceChange{Name: "b"})
			return err
		},
		"delete": func(w *client.Workspace) error { return w.Delete(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, tc := range []struct {
				name  string
				list  reply
				then  reply
				kinds string
				text  string
				sent  int
			}{
				{name: "none", list: workspacePage("", "acme†", "ACME"), kinds: "ErrNotFound+ErrWorkspaceNotFound", text: "Ensure creates it", sent: 1},
				{name: "two", list: workspacePage("", "acme", "acme"), text: `several workspaces are called "acme"`, sent: 1},
				{name: "an id that is none", list: workspacePage("", "acme"), text: "not a UUID", sent: 1},
				{name: "a refusal", list: says(403, `{"message":"no"}`), kinds: "ErrForbidden", sent: 1},
				{name: "gone meanwhile", list: acme(), then: says(404, `{"message":"gone"}`), kinds: "ErrNotFound+ErrWorkspaceNotFound", text: "gone", sent: 2},
				{name: "a failure is not repeated", list: acme(), then: says(503, ""), kinds: "ErrServer", sent: 2},
			} {
				t.Run(tc.name, func(t *testing.T) {
					s := serve(t, tc.list, tc.then)
					err := do(newClient(t, s).Workspace("acme"))
					wantKinds(t, err, tc.kinds)
					wantText(t, err, tc.text)
					s.wantSent(t, tc.sent)
				})
			}
		})
	}
}

func TestWorkspaceDelete(t *testing.T) {
	s := serve(t, acme(), says(200, `{"id":"x","deleted_at":"2026-03-04T10:00:00Z"}`))
	if err := newClient(t, s).Workspace("acme").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := s.requests()[1]; r.Method != "DELETE" || r.Path != workspacesPath+"/"+stubID {
		t.Errorf("sent %s %s", r.Method, r.Path)
	}
}

func TestClientWorkspaceInfo(t *testing.T) {
	s := serve(t, says(200, `{"id":"`+stubID+`","name":"acme","tombstone":true}`))
	info, err := newClient(t, s).WorkspaceInfo(t.Context(), " "+stubID+"\n")
	if err != nil || info.Name != "acme" || !info.Tombstone {
		t.Errorf("%+v %v", info, err)
	}
	if r := s.requests()[0]; r.Path != workspacesPath+"/"+stubID {
		t.Errorf("asked %s", r.Path)
	}
	for _, id := range []string{"", ".", "..", "acme", stubID + "x", "../" + stubID} {
		s := serve(t)
		_, err := newClient(t, s).WorkspaceInfo(t.Context(), id)
		wantKinds(t, err, "ErrInvalid")
		s.wantSent(t, 0)
	}
	_, err = newClient(t, serve(t, says(404, ""))).WorkspaceInfo(t.Context(), stubID)
	wantKinds(t, err, "ErrNotFound+ErrWorkspaceNotFound")
}

// A name that many others contain may be on a later page of the list.
func TestWorkspaceOfACommonName(t *testing.T) {
	var opts []agentstest.Option
	for i := range 150 {
		opts = append(opts, agentstest.WithWorkspace(fmt.Sprintf("acme-%d", i)))
	}
	fake := agentstest.NewServer(append(opts, agentstest.WithWorkspace("acme"))...)
	defer fake.Close()
	c, err := client.New(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Workspace("acme").Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if lists, tokens := fake.Count("listWorkspaces"), fake.Count("createScopedToken"); lists != 2 || tokens != 0 {
		t.Errorf("%d pages were requested, and %d workspaces created", lists, tokens)
	}
}

// TestWorkspaceLife takes a workspace of the in-memory service from its
// creation to its deletion.
func TestWorkspaceLife(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	ctx := t.Context()
	c := appClient(t, fake)
	before, err := c.WorkspaceStats(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ws := c.Workspace("acme")
	if err := ws.Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	if now, err := c.WorkspaceStats(ctx); err != nil || now.Total != before.Total+1 || now.Active != before.Active+1 || now.Inactive != before.Inactive {
		t.Errorf("%+v after %+v, %v", now, before, err)
	}
	info, err := ws.Update(ctx, client.WorkspaceChange{Name: "acme corp", Status: client.WorkspaceInactive, ContextStore: client.Value(false)})
	if err != nil || info.Name != "acme corp" || info.Status != client.WorkspaceInactive || info.ContextStore == nil || *info.ContextStore || info.OrganizationID != agentstest.OrganizationID {
		t.Fatalf("%+v %v", info, err)
	}
	if _, err := ws.Info(ctx); !errors.Is(err, client.ErrWorkspaceNotFound) {
		t.Errorf("the old name: %v", err)
	}
	ws = c.Workspace(info.Name)
	if info, err = ws.Update(ctx, client.WorkspaceChange{ContextStore: client.Null[bool]()}); err != nil || info.ContextStore != nil || info.Status != client.WorkspaceInactive {
		t.Errorf("%+v %v", info, err)
	}
	if err := ws.Delete(ctx); err != nil {
		t.Fatal(err)
	}
	if err := ws.Delete(ctx); !errors.Is(err, client.ErrWorkspaceNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if info, err := c.WorkspaceInfo(ctx, info.ID); err != nil || !info.Tombstone {
		t.Errorf("%+v %v", info, err)
	}
}

func appClient(t testing.TB, fake *agentstest.Server, opts ...client.Option) *client.Client {
	t.Helper()
	c, err := client.New(append([]client.Option{client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOrganizations(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	// two clients of one process, each in its own organization
	for _, id := range []string{agentstest.OrganizationID, agentstest.SecondOrganizationID} {
		c := appClient(t, fake, client.WithOrganizationID(id))
		all, err := c.Organizations(t.Context())
		if err != nil || len(all) != 2 || all[0].ID != agentstest.OrganizationID || all[0].Name != agentstest.OrganizationName || all[1].ID != agentstest.SecondOrganizationID {
			t.Errorf("%+v %v", all, err)
		}
		info, err := c.Workspace(agentstest.WorkspaceName).Info(t.Context())
		if err != nil || info.OrganizationID != id {
			t.Errorf("%+v %v, want organization %s", info, err, id)
		}
	}
}

func TestTokenScope(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	ctx := t.Context()
	app := appClient(t, fake)
	info, err := app.Workspace(agentstest.SecondWorkspaceName).Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	handed, err := app.Workspace(agentstest.SecondWorkspaceName).ScopedToken(ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := client.TokenScope{WorkspaceName: info.Name, WorkspaceID: info.ID, OrganizationID: info.OrganizationID}
	for name, opts := range map[string][]client.Option{
		"a client with scoped tokens": {client.WithScopedToken(), client.WithWorkspaceName(agentstest.SecondWorkspaceName)},
		"a token handed on":           {client.WithTokenSource(auth.Static(handed.AccessToken))},
	} {
		if got, err := appClient(t, fake, opts...).TokenScope(ctx); err != nil || *got != want {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	if _, err := app.TokenScope(context.Background()); !errors.Is(err, client.ErrForbidden) {
		t.Errorf("the application's token: %v", err)
	}
}
