package client_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// JSON with status 200 that is not the expected response is an error. In
// particular, it does not mean that something was created or deleted.
func TestAnswersThatAreSomethingElse(t *testing.T) {
	for name, call := range map[string]func(context.Context, *client.Workspace) error{
		"WorkspaceInfo": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().WorkspaceInfo(ctx, stubID)
			return err
		},
		"WorkspaceStats": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().WorkspaceStats(ctx)
			return err
		},
		"Workspaces": func(ctx context.Context, w *client.Workspace) error {
			return walk(w.Client().Workspaces(ctx, client.WorkspaceFilter{}))
		},
		"Workspace.Info": func(ctx context.Context, w *client.Workspace) error { _, err := w.Info(ctx); return err },
		"Organizations": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().Organizations(ctx)
			return err
		},
		"TokenScope":     func(ctx context.Context, w *client.Workspace) error { _, err := w.Client().TokenScope(ctx); return err },
		"ListConnectors": func(ctx context.Context, w *client.Workspace) error { _, err := w.ListConnectors(ctx); return err },
		"Connector.Details": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.ConnectorByID(stubID).Details(ctx)
			return err
		},
		"WaitDeleted": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.ConnectorByID(stubID).WaitDeleted(ctx, client.Polling{})
			return err
		},
		"CreateConnector": createAny,
		"WidgetToken": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.WidgetToken(ctx, client.WidgetRequest{Origin: "https://a.test"})
			return err
		},
		"Connection": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().ConnectionTemplates().Get(ctx, stubID)
			return err
		},
		"Connections": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().ConnectionTemplates().List(ctx, client.ConnectionTemplateFilter{})
			return err
		},
		"SourceTemplates": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().SourceTemplates().List(ctx, client.SourceTemplateFilter{})
			return err
		},
		"OAuthApps": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().OAuthApps().Set(ctx, client.OAuthAppRequest{ConnectorType: "x", Configuration: map[string]any{"a": 1}})
			return err
		},
	} {
		for _, body := range []string{`{}`, `null`, `{"error":"x","detail":"boom"}`, `{"data":null}`} {
			w := newClient(t, serve(t, says(200, body))).DefaultWorkspace()
			err := call(t.Context(), w)
			if err == nil {
				t.Errorf("%s makes something of %s", name, body)
				continue
			}
			if e := asError(t, err); e.StatusCode != 200 && name != "WidgetToken" {
				t.Errorf("%s, %s: status %d, %v", name, body, e.StatusCode, err)
			}
		}
	}
}

func createAny(ctx context.Context, w *client.Workspace) error {
	_, err := w.CreateConnector(ctx, client.CreateConnectorRequest{ConnectorType: "x", OAuthSecretID: "y"})
	return err
}

// A response that should have been a secret is in no error.
func TestAnswersThatAreSecret(t *testing.T) {
	for _, answer := range []reply{
		says(200, scopedToken, "Content-Type", "text/plain"), says(200, `"`+scopedToken+`"`), says(200, `{"token":["`+scopedToken+`"]}`), says(200, "<p>"+scopedToken, "Content-Type", "text/html"),
	} {
		for name, call := range map[string]func(*client.Workspace) error{
			"Ensure": func(w *client.Workspace) error { return w.Ensure(t.Context()) },
			"WidgetToken": func(w *client.Workspace) error {
				_, err := w.WidgetToken(t.Context(), client.WidgetRequest{Origin: "https://a.test"})
				return err
			},
		} {
			s := serve(t)
			s.route = func(r sent) reply {
				if r.Method == "GET" {
					return workspacePage("")
				}
				return answer
			}
			err := call(newClient(t, s).Workspace("acme"))
			if err == nil {
				if name != "Ensure" {
					t.Errorf("%s: no error", name)
				}
				continue
			}
			if e := asError(t, err); shows(err.Error()) || shows(string(e.Body())) {
				t.Errorf("%s: %v, %s", name, err, e.Body())
			}
		}
	}
}

func TestWithRegion(t *testing.T) {
	s := serve(t)
	s.route = func(r sent) reply {
		if r.Method == "GET" {
			return workspacePage("")
		}
		return says(200, `{"token":"x"}`)
	}
	w := newClient(t, s, client.WithRegion(client.RegionEU)).Workspace("acme")
	if err := w.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.WidgetToken(t.Context(), client.WidgetRequest{Origin: "https://a.test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ScopedToken(t.Context()); err != nil {
		t.Fatal(err)
	}
	scoped := newClient(t, s, client.WithRegion(client.RegionEU), client.WithScopedTokenCreatingWorkspace())
	if _, err := scoped.WorkspaceStats(t.Context()); err == nil {
		t.Error("the stub has no statistics")
	}
	asked := 0
	for _, r := range s.requests() {
		if r.Method != "POST" {
			continue
		}
		if asked++; r.decoded(t)["region_id"] != string(client.RegionEU) {
			t.Errorf("%s: %s", r.Path, r.Body)
		}
	}
	if asked != 4 {
		t.Errorf("%d tokens", asked)
	}
	if err := newClient(t, s).Workspace("acme").Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all := s.requests(); strings.Contains(all[len(all)-1].Body, "region") {
		t.Errorf("without a region: %s", all[len(all)-1].Body)
	}
	_, err := client.New(client.WithTokenSource(auth.Static("x")), client.WithRegion("EU"))
	wantKinds(t, err, "ErrInvalid")
	wantText(t, err, "WithRegion", "RegionEU")
	fake := agentstest.NewServer()
	defer fake.Close()
	if err := appClient(t, fake, client.WithRegion(client.RegionEU)).Workspace("eu").Ensure(t.Context()); err != nil {
		t.Error(err)
	}
}

// One handle never stands for two workspaces.
func TestWorkspaceAfterARename(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	ctx := t.Context()
	w := appClient(t, fake).Workspace("customer-42")
	if _, err := w.Workflows().List(ctx); err != nil { // which looks up the ID
		t.Fatal(err)
	}
	if _, err := w.Update(ctx, client.WorkspaceChange{Name: "customer-43"}); err != nil {
		t.Fatal(err)
	}
	_, err := w.Workflows().List(ctx)
	wantKinds(t, err, "ErrNotFound+ErrWorkspaceNotFound")
	_, err = newClient(t, serve(t, workspacePage("", "acme", "acme"))).Workspace("acme").Workflows().List(ctx)
	wantText(t, err, "several workspaces")
}

// An error that may pass does not end a wait.
func TestWaitingThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := list(listed(10, "github", "GitHub", "x"))
		s := serve(t, there, says(500, ""), says(429, "", "Retry-After", "30"), says(503, ""), fails(errReset), list())
		c := newClient(t, s, client.WithMaxRetries(0))
		if info, err := c.DefaultWorkspace().ConnectorByID(numbered(10)).WaitDeleted(t.Context(), client.Polling{}); err != nil || info != nil {
			t.Errorf("%v %v", info, err)
		}
		s.wantSent(t, 6)

		s = serve(t, there, says(500, `{"message":"out of order"}`))
		info, err := newClient(t, s, client.WithMaxRetries(0)).DefaultWorkspace().ConnectorByID(numbered(10)).WaitDeleted(t.Context(), client.Polling{})
		wantKinds(t, err, "ErrServer+ErrWaitedTooLong")
		wantText(t, err, "out of order", "waited for 10m0s")
		if info == nil || info.ID != numbered(10) {
			t.Errorf("the last state is %v", info)
		}
		for _, status := range []int{401, 403, 422} {
			s = serve(t, there, says(status, ""))
			_, err = newClient(t, s, client.WithMaxRetries(0)).DefaultWorkspace().ConnectorByID(numbered(10)).WaitDeleted(t.Context(), client.Polling{})
			if e := asError(t, err); e.StatusCode != status {
				t.Errorf("%d: %v", status, err)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := serve(t, list(listed(10, "github", "GitHub", "x")))
		_, err := newClient(t, s).DefaultWorkspace().ConnectorByID(numbered(10)).WaitDeleted(t.Context(), client.Polling{Interval: 1, Limit: 10 * time.Second})
		wantKinds(t, err, "ErrWaitedTooLong")
		if n := len(s.requests()); n > 130 {
			t.Errorf("asked %d times in 10 seconds", n)
		}
	})
}
