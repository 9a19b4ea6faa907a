package client_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A call that changes something is not sent again if it is unknown what became
// of the first request.
func TestWritesAreSentOnce(t *testing.T) {
	config := map[string]any{"a": "b"}
	request := client.CreateConnectorRequest{ConnectorType: "x", Credentials: config}
	for name, call := range map[string]func(context.Context, *client.Workspace) error{
		"Ensure": func(ctx context.Context, w *client.Workspace) error { return w.Client().Workspace("new").Ensure(ctx) },
		"Workspace.Update": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Update(ctx, client.WorkspaceChange{Name: "b"})
			return err
		},
		"Workspace.Delete": func(ctx context.Context, w *client.Workspace) error { return w.Delete(ctx) },
		"WidgetToken": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.WidgetToken(ctx, client.WidgetRequest{Origin: "https://a.test"})
			return err
		},
		"CreateConnector": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.CreateConnector(ctx, request)
			return err
		},
		"CheckConnector": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.CheckConnector(ctx, request)
			return err
		},
		"DeleteConnector": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.DeleteConnector(ctx, stubID)
			return err
		},
		"Connector.Update": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.ConnectorByID(stubID).Update(ctx, client.ConnectorChange{Name: "b"})
			return err
		},
		"Connector.Check": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.ConnectorByID(stubID).Check(ctx)
			return err
		},
		"Execute": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.ConnectorByID(stubID).Execute(ctx, "issues", "create", nil)
			return err
		},
		"SourceTemplates.Create": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().SourceTemplates().Create(ctx, client.SourceTemplateRequest{DefinitionID: stubID})
			return err
		},
		"SourceTemplates.Update": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().SourceTemplates().Update(ctx, stubID, client.SourceTemplateChange{Name: "n"})
			return err
		},
		"SourceTemplates.Delete": func(ctx context.Context, w *client.Workspace) error {
			return w.Client().SourceTemplates().Delete(ctx, stubID)
		},
		"ConnectionTemplates.Create": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().ConnectionTemplates().Create(ctx, client.ConnectionTemplateRequest{Hosting: client.AirbyteHosted})
			return err
		},
		"ConnectionTemplates.Update": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().ConnectionTemplates().Update(ctx, stubID, client.ConnectionTemplateChange{DestinationName: "n"})
			return err
		},
		"ConnectionTemplates.Delete": func(ctx context.Context, w *client.Workspace) error {
			return w.Client().ConnectionTemplates().Delete(ctx, stubID)
		},
		"DescribeCron": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().ConnectionTemplates().DescribeCron(ctx, "0 0 * * * ?")
			return err
		},
		"OAuthApps.Set": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().OAuthApps().Set(ctx, client.OAuthAppRequest{ConnectorType: "x", Configuration: config})
			return err
		},
		"OAuthApps.Delete": func(ctx context.Context, w *client.Workspace) error { return w.Client().OAuthApps().Delete(ctx, "x") },
		"Workflows.Create": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Workflows().Create(ctx, client.WorkflowRequest{Name: "n"})
			return err
		},
		"Workflows.Update": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Workflows().Update(ctx, "a", client.WorkflowChange{Name: "n"})
			return err
		},
		"Workflows.Delete": func(ctx context.Context, w *client.Workspace) error { return w.Workflows().Delete(ctx, "a") },
		"Automations.Create": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Workflows().Automations("a").Create(ctx, client.AutomationRequest{CronExpression: "0 0 * * * ?"})
			return err
		},
		"Automations.Update": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Workflows().Automations("a").Update(ctx, "b", client.AutomationChange{Enabled: new(true)})
			return err
		},
		"Automations.Delete": func(ctx context.Context, w *client.Workspace) error {
			return w.Workflows().Automations("a").Delete(ctx, "b")
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t)
			s.route = func(r sent) reply {
				if r.Method == http.MethodGet && r.Path == workspacesPath {
					if strings.Contains(r.Query, "new") {
						return workspacePage("")
					}
					return acme()
				}
				return says(503, "")
			}
			err := call(t.Context(), newClient(t, s).Workspace("acme"))
			wantKinds(t, err, "ErrServer")
			n := 0
			for _, r := range s.requests() {
				if r.Path != workspacesPath {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%s is sent %d times", name, n)
			}
		})
	}
}

// Reads are retried.
func TestReadsAreSentAgain(t *testing.T) {
	for name, call := range map[string]func(context.Context, *client.Workspace) error{
		"Info": func(ctx context.Context, w *client.Workspace) error { _, err := w.Info(ctx); return err },
		"WorkspaceInfo": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().WorkspaceInfo(ctx, stubID)
			return err
		},
		"WorkspaceStats": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().WorkspaceStats(ctx)
			return err
		},
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
		"Inspect": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.ConnectorByID(stubID).Inspect(ctx)
			return err
		},
		"Describe": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.ConnectorByID(stubID).Describe(ctx)
			return err
		},
		"Sources": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().Definitions().ListSources(ctx, client.SourceDefinitionFilter{})
			return err
		},
		"Source": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().Definitions().GetSource(ctx, stubID)
			return err
		},
		"Destinations": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().Definitions().ListDestinations(ctx, client.DestinationDefinitionFilter{})
			return err
		},
		"Destination": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().Definitions().GetDestination(ctx, stubID)
			return err
		},
		"SourceTemplates.List": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().SourceTemplates().List(ctx, client.SourceTemplateFilter{})
			return err
		},
		"SourceTemplates.Get": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().SourceTemplates().Get(ctx, stubID)
			return err
		},
		"ConnectionTemplates.List": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().ConnectionTemplates().List(ctx, client.ConnectionTemplateFilter{})
			return err
		},
		"ConnectionTemplates.Get": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().ConnectionTemplates().Get(ctx, stubID)
			return err
		},
		"Skills.All": func(ctx context.Context, w *client.Workspace) error { return walk(w.Client().Skills().All(ctx)) },
		"Skills.Search": func(ctx context.Context, w *client.Workspace) error {
			return walk(w.Client().Skills().Search(ctx, "x"))
		},
		"Skills.Docs": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Client().Skills().Docs(ctx, "x", "")
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			fine := says(200, `{"id":"`+stubID+`","name":"acme","data":[{"id":"`+stubID+`","name":"acme"}],"total_count":1,"organizations":[],"workspace_id":"x",
				"definitions":[],"destinations":[],"definition":{},"status":"success","result":{},"connector_id":"c","outline":[]}`)
			s := serve(t, says(503, ""), says(503, ""), fine)
			if err := call(t.Context(), newClient(t, s).Workspace("acme")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			s.wantSent(t, 3)
		})
	}
	for name, call := range map[string]func(context.Context, *client.Workspace) error{
		"Workflows.List": func(ctx context.Context, w *client.Workspace) error { _, err := w.Workflows().List(ctx); return err },
		"Workflows.Get": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Workflows().Get(ctx, "a")
			return err
		},
		"Automations.List": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Workflows().Automations("a").List(ctx)
			return err
		},
		"Automations.Get": func(ctx context.Context, w *client.Workspace) error {
			_, err := w.Workflows().Automations("a").Get(ctx, "b")
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := serve(t, acme(), says(503, ""), says(503, ""), says(200, `{"id":"x","data":[]}`))
			if err := call(t.Context(), newClient(t, s).Workspace("acme")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			s.wantSent(t, 4)
		})
	}
}
