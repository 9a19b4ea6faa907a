package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// stripeAt returns the connector stripe of the workspace acme.
func stripeAt(c *client.Client) *client.Connector {
	return c.Workspace("acme").ConnectorFrom(client.ConnectorInfo{ID: "source_id:" + strings.ToUpper(stubID), Slug: "stripe"})
}

// Whatever fails, the error says about which connector, entity and action of which
// workspace it is. A program may have two connectors of a kind.
func TestErrorsNameTheConnector(t *testing.T) {
	type call = func(context.Context, *client.Connector) error
	list := func(run func(context.Context, *client.Connector) (*client.Result, error)) call {
		return func(ctx context.Context, c *client.Connector) error { _, err := run(ctx, c); return err }
	}
	refuses, misfits := says(403, `{"message":"no"}`), ok(`[{"id":"x"}]`)
	for name, tc := range map[string]struct {
		answer         reply
		entity, action string
		call           call
	}{
		"Execute": {refuses, "charges", "get", list(func(ctx context.Context, c *client.Connector) (*client.Result, error) {
			return c.Execute(ctx, "charges", "get", nil)
		})},
		"Execute, typed": {refuses, "charges", "create", func(ctx context.Context, c *client.Connector) error {
			_, _, err := client.Execute[row](ctx, c, "charges", "create", nil)
			return err
		}},
		"Execute, misfit": {misfits, "charges", "list", func(ctx context.Context, c *client.Connector) error {
			_, _, err := client.Execute[[]row](ctx, c, "charges", "list", nil)
			return err
		}},
		"Execute, failed": {says(200, `{"status":"error"}`), "charges", "list", func(ctx context.Context, c *client.Connector) error {
			_, _, err := client.Execute[[]row](ctx, c, "charges", "list", nil)
			return err
		}},
		"Execute without an action": {refuses, "charges", "", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Execute(ctx, "charges", "", nil)
			return err
		}},
		"Execute of what cannot be encoded": {refuses, "charges", "list", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Execute(ctx, "charges", "list", client.Params{"a": func() {}})
			return err
		}},
		"Decode": {misfits, "charges", "list", func(ctx context.Context, c *client.Connector) error {
			r, err := c.Execute(ctx, "charges", "list", nil)
			if err != nil {
				return errors.New("before: " + err.Error()) // not the error that is looked for
			}
			return r.Decode(new([]row))
		}},
		"Rows": {misfits, "charges", "list", func(ctx context.Context, c *client.Connector) error {
			r, err := c.Execute(ctx, "charges", "list", nil)
			if err != nil {
				return errors.New("before: " + err.Error()) // not the error that is looked for
			}
			return firstError(client.Rows[row](r))
		}},
		"NextParams": {says(200, `{"status":"success","result":[],"connector_metadata":{"has_more":true,"next_url":"https://a.test/x"}}`), "charges", "list", func(ctx context.Context, c *client.Connector) error {
			r, err := c.Execute(ctx, "charges", "list", nil)
			if err != nil {
				return errors.New("before: " + err.Error()) // not the error that is looked for
			}
			_, err = r.NextParams(ctx)
			return err
		}},
		"All": {refuses, "charges", "list", func(ctx context.Context, c *client.Connector) error {
			return firstError(client.All[row](ctx, c, "charges", "list", nil))
		}},
		"All, misfit": {misfits, "charges", "list", func(ctx context.Context, c *client.Connector) error {
			return firstError(client.All[row](ctx, c, "charges", "list", nil))
		}},
		"All, refused": {refuses, "", "list", func(ctx context.Context, c *client.Connector) error {
			return firstError(client.All[row](ctx, c, "", "list", nil))
		}},
		"Search, refused": {refuses, "charges", "context_store_search", func(ctx context.Context, c *client.Connector) error {
			return firstError(client.Search[row](ctx, c, "charges", client.Query{PageSize: -1}))
		}},
		"SearchByMeaning, refused": {refuses, "charges", "context_store_search", func(ctx context.Context, c *client.Connector) error {
			return firstError(client.SearchByMeaning[row](ctx, c, "charges", client.Semantic{}))
		}},
		"SQL": {refuses, "charges", "context_store_sql_query", func(ctx context.Context, c *client.Connector) error {
			return firstError(client.SQL[row](ctx, c, "charges", "SELECT 1"))
		}},
		"SQL, refused": {refuses, "charges", "context_store_sql_query", func(ctx context.Context, c *client.Connector) error {
			return firstError(client.SQL[row](ctx, c, "charges", ""))
		}},
		"Download": {refuses, "files", "download", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Download(ctx, "files", nil)
			return err
		}},
		"DownloadPiece": {refuses, "files", "download", func(ctx context.Context, c *client.Connector) error {
			_, err := c.DownloadPiece(ctx, "files", nil, 0)
			return err
		}},
		"DownloadPiece, refused": {refuses, "files", "download", func(ctx context.Context, c *client.Connector) error {
			_, err := c.DownloadPiece(ctx, "files", nil, -1)
			return err
		}},
		"Describe": {refuses, "", "describe", func(ctx context.Context, c *client.Connector) error { _, err := c.Describe(ctx); return err }},
		"Prepare": {refuses, "charges", "list", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Prepare(ctx, "charges", "list", nil)
			return err
		}},
		"Prepare, refused": {refuses, "charges", "", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Prepare(ctx, "charges", "", nil)
			return err
		}},
		"Details": {refuses, "", "", func(ctx context.Context, c *client.Connector) error { _, err := c.Details(ctx); return err }},
		"Inspect": {refuses, "", "", func(ctx context.Context, c *client.Connector) error { _, err := c.Inspect(ctx); return err }},
		"Docs":    {refuses, "", "", func(ctx context.Context, c *client.Connector) error { _, err := c.Docs(ctx, ""); return err }},
		"Docs, without": {says(200, `{"connector_id":"`+stubID+`"}`), "", "", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Docs(ctx, "")
			return err
		}},
		"Check": {refuses, "", "", func(ctx context.Context, c *client.Connector) error { _, err := c.Check(ctx); return err }},
		"CheckChange, refused": {refuses, "", "", func(ctx context.Context, c *client.Connector) error {
			_, err := c.CheckChange(ctx, client.ConnectorChange{ReplicationConfig: map[string]any{"a": func() {}}})
			return err
		}},
		"Update": {refuses, "", "", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Update(ctx, client.ConnectorChange{Name: "n"})
			return err
		}},
		"Update, empty": {refuses, "", "", func(ctx context.Context, c *client.Connector) error {
			_, err := c.Update(ctx, client.ConnectorChange{})
			return err
		}},
		"Delete": {refuses, "", "", func(ctx context.Context, c *client.Connector) error { _, err := c.Delete(ctx); return err }},
		"WaitDeleted": {refuses, "", "", func(ctx context.Context, c *client.Connector) error {
			_, err := c.WaitDeleted(ctx, client.Polling{})
			return err
		}},
		"WaitSearchable": {refuses, "charges", "", func(ctx context.Context, c *client.Connector) error {
			_, err := c.WaitSearchable(ctx, "charges", client.Polling{})
			return err
		}},
		"WaitSearchable, refused": {refuses, "charges", "", func(ctx context.Context, c *client.Connector) error {
			_, err := c.WaitSearchable(ctx, "charges", client.Polling{Limit: -1})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			e := asError(t, tc.call(t.Context(), stripeAt(newClient(t, serve(t, tc.answer)))))
			got := [...]string{e.Workspace, e.Connector, e.ConnectorID, e.Entity, e.Action}
			if want := [...]string{"acme", "stripe", stubID, tc.entity, tc.action}; got != want {
				t.Errorf("got %q, want %q: %v", got, want, e)
			}
			wantText(t, e, "connector stripe "+stubID+` of workspace "acme"`)
			if text := fmt.Sprint(e.LogValue()); !strings.Contains(text, "connector_id="+stubID) {
				t.Errorf("logged as %s", text)
			}
		})
	}
}

// Calls of a workspace have errors that name it; calls of a client name nothing.
func TestErrorsNameTheWorkspace(t *testing.T) {
	for name, tc := range map[string]struct {
		want string
		call func(context.Context, *client.Workspace) error
	}{
		"Info":            {"acme", func(ctx context.Context, w *client.Workspace) error { _, err := w.Info(ctx); return err }},
		"Ensure":          {"acme", func(ctx context.Context, w *client.Workspace) error { return w.Ensure(ctx) }},
		"Delete":          {"acme", func(ctx context.Context, w *client.Workspace) error { return w.Delete(ctx) }},
		"ListConnectors":  {"acme", func(ctx context.Context, w *client.Workspace) error { _, err := w.ListConnectors(ctx); return err }},
		"Connector":       {"acme", func(ctx context.Context, w *client.Workspace) error { _, err := w.Connector(ctx, "x"); return err }},
		"CreateConnector": {"acme", createAny},
		"ScopedToken":     {"acme", func(ctx context.Context, w *client.Workspace) error { _, err := w.ScopedToken(ctx); return err }},
		"WidgetToken": {"acme", func(ctx context.Context, w *client.Workspace) error {
			_, err := w.WidgetToken(ctx, client.WidgetRequest{Origin: "https://a.test"})
			return err
		}},
		"Workflows": {"acme", func(ctx context.Context, w *client.Workspace) error { _, err := w.Workflows().List(ctx); return err }},
		"Automations": {"acme", func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Workflows().Automations("x").List(ctx)
			return err
		}},
		"Organizations": {"", func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().Organizations(ctx)
			return err
		}},
		"a workspace without a name": {"", func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().Workspace(" ").ListConnectors(ctx)
			return err
		}},
	} {
		e := asError(t, tc.call(t.Context(), newClient(t, serve(t, says(403, `{"message":"no"}`))).Workspace("acme")))
		if e.Workspace != tc.want || e.Connector+e.ConnectorID != "" {
			t.Errorf("%s: workspace %q, connector %q %q: %v", name, e.Workspace, e.Connector, e.ConnectorID, e)
		}
	}
	for name, answer := range map[string]reply{"none": list(), "several": list(listed(1, "x", "X", "a"), listed(2, "x", "X", "b"))} {
		_, err := newClient(t, serve(t, answer)).Workspace("acme").Connector(t.Context(), "x")
		if e := asError(t, err); e.Workspace != "acme" || strings.Count(e.Error(), `"acme"`) != 1 {
			t.Errorf("%s: workspace %q: %v", name, e.Workspace, err)
		}
	}
}

// Attempts and the log name what errors name.
func TestAttemptsNameTheConnector(t *testing.T) {
	var got []client.Attempt
	s := serve(t, ok("[]"))
	records := logged(t, slog.LevelDebug, s, func(c *client.Client) {
		if _, err := stripeAt(c).Execute(t.Context(), "charges", "list", nil); err != nil {
			t.Error(err)
		}
		_, _ = c.Organizations(t.Context())
	})
	for k, want := range map[string]any{"workspace": "acme", "connector": "stripe", "connector_id": stubID, "entity": "charges", "action": "list"} {
		if records[0][k] != want {
			t.Errorf("logged %s is %v, want %v", k, records[0][k], want)
		}
		if v, ok := records[1][k]; ok {
			t.Errorf("logged %s is %v for a call that is about none", k, v)
		}
	}
	c := newClient(t, s, client.WithAttemptObserver(func(_ context.Context, a client.Attempt) { got = append(got, a) }))
	_, _ = stripeAt(c).Inspect(t.Context())
	_, _ = c.Workspace("acme").Workflows().List(t.Context())
	if len(got) < 2 || got[0].Workspace != "acme" || got[0].Connector != "stripe" || got[0].ConnectorID != stubID || got[0].Entity+got[0].Action != "" {
		t.Errorf("%+v", got)
	}
}

// The text says that a write may have been carried out, if it may.
func TestErrorSaysThatTheOutcomeIsUnknown(t *testing.T) {
	const words = "it may have been carried out"
	for name, tc := range map[string]struct {
		answer  reply
		action  string
		unknown bool
	}{
		"broken connection":         {fails(errReset), "create", true},
		"502":                       {says(502, `{"message":"x"}`), "create", true},
		"unreadable":                {says(200, "<p>"), "create", true},
		"refused":                   {says(403, `{"message":"x"}`), "create", false},
		"failed":                    {says(200, `{"status":"error","message":"x"}`), "create", false},
		"broken connection, a read": {fails(errReset), "list", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := stripeAt(newClient(t, serve(t, tc.answer))).Execute(t.Context(), "charges", tc.action, nil)
			e := asError(t, err)
			if e.OutcomeUnknown != tc.unknown || strings.Contains(e.Error(), words) != tc.unknown {
				t.Errorf("%s: unknown is %t: %v", name, e.OutcomeUnknown, err)
			}
		})
	}
}
