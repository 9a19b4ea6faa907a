package client_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// TestEveryOperationHasAWrapper makes all calls of package client. It checks
// that each operation of the contract is requested by the wrapper that is
// listed with it, that the wrapper logs it under its name, and that a write is
// sent once when the service responds with 503, while a read is retried.
func TestEveryOperationHasAWrapper(t *testing.T) { synctest.Test(t, everyOperation) }

func everyOperation(t *testing.T) {
	ctx := t.Context()
	fake := agentstest.New()
	var log logOf
	opts := []client.Option{client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret), client.WithLogger(slog.New(&log))}
	c := makeClient(t, fake.Transport(), opts...)
	ws := c.Workspace(agentstest.WorkspaceName)
	scoped := makeClient(t, fake.Transport(), append(opts, client.WithScopedToken())...)
	// Later calls use what earlier ones create.
	var (
		conn           *client.Connector
		made           *client.ConnectorInfo
		source, target *client.Definition
		template       *client.SourceTemplateDetails
		connection     *client.ConnectionTemplate
		workflow       *client.Workflow
		automation     *client.Automation
		skill          client.Skill
		other          = c.Workspace("other")
		workflows      = ws.Workflows()
		automations    client.Automations
		err            error
		request        = client.CreateConnectorRequest{ConnectorType: "github", Credentials: map[string]any{"token": "x"}}
		calls          = map[string]bool{}
		call           func(operation, wrapper string, f func() error)
	)
	call = func(operation, wrapper string, f func() error) {
		t.Helper()
		if wrapper != "any call" && wrapper != "Workspace.ScopedToken" { // token fetches have retries of their own
			fake.Reset()
			fake.Inject(agentstest.Fault{Operation: operation, Times: -1, Status: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": nil}})
			if err := f(); !errors.Is(err, client.ErrServer) {
				t.Errorf("%s in an outage: %v", wrapper, err)
			}
			fake.ClearFaults()
			for _, r := range fake.Requests() {
				want := 1
				if r.Method == http.MethodGet || client.IsRead(r.Action) || operation == "prepareExecution" {
					want = 3
				}
				if n := fake.Count(operation); r.Operation == operation && n != want {
					t.Errorf("%s: %s was sent %d times in an outage, want %d", wrapper, operation, n, want)
				}
			}
		}
		fake.Reset()
		log.lines = nil
		if err := f(); err != nil {
			t.Fatalf("%s: %v", wrapper, err)
		}
		if fake.Count(operation) == 0 {
			t.Errorf("%s does not call %s", wrapper, operation)
		}
		var sent []string
		for _, r := range fake.Requests() {
			if wrapper != "any call" && wrapper != "Workspace.ScopedToken" && r.Operation != "createToken" {
				sent = append(sent, r.Operation+" "+r.Method+" "+r.Path)
			}
		}
		if sent != nil && operation != "getScopedTokenInfo" && !slices.Equal(log.lines, sent) {
			t.Errorf("%s sent %q and logged %q", wrapper, sent, log.lines)
		}
		calls[operation] = true
	}

	call("createToken", "any call", func() error { _, err = ws.ListConnectors(ctx); return err })
	call("createScopedToken", "Workspace.ScopedToken", func() error { _, err = ws.ScopedToken(ctx); return err })
	call("createWidgetToken", "Workspace.WidgetToken", func() error {
		_, err = ws.WidgetToken(ctx, client.WidgetRequest{Origin: "https://app.example.com"})
		return err
	})
	call("getScopedTokenInfo", "Client.TokenScope", func() error { _, err = scoped.TokenScope(ctx); return err })

	call("listOrganizations", "Client.Organizations", func() error { _, err = c.Organizations(ctx); return err })
	call("listWorkspaces", "Client.Workspaces", func() error { return walk(c.Workspaces(ctx, client.WorkspaceFilter{})) })
	call("getWorkspaceStats", "Client.WorkspaceStats", func() error { _, err = c.WorkspaceStats(ctx); return err })
	call("createScopedToken", "Workspace.Ensure", func() error { return other.Ensure(ctx) })
	call("getWorkspace", "Client.WorkspaceInfo", func() error {
		info, err := other.Info(ctx)
		if err == nil {
			_, err = c.WorkspaceInfo(ctx, info.ID)
		}
		return err
	})
	call("updateWorkspace", "Workspace.Update", func() error {
		_, err = other.Update(ctx, client.WorkspaceChange{ContextStore: client.Value(true)})
		return err
	})
	call("deleteWorkspace", "Workspace.Delete", func() error { return other.Delete(ctx) })

	call("listConnectors", "Workspace.Connector", func() error { conn, err = ws.Connector(ctx, "github"); return err })
	call("checkConnectorConfig", "Workspace.CheckConnector", func() error { _, err = ws.CheckConnector(ctx, request); return err })
	call("createConnector", "Workspace.CreateConnector", func() error { made, err = ws.CreateConnector(ctx, request); return err })
	call("getConnector", "Connector.Details", func() error { _, err = conn.Details(ctx); return err })
	call("updateConnector", "Connector.Update", func() error { _, err = conn.Update(ctx, client.ConnectorChange{Name: "n"}); return err })
	call("checkConnector", "Connector.Check", func() error { _, err = conn.Check(ctx); return err })
	call("inspectConnector", "Connector.Inspect", func() error { _, err = conn.Inspect(ctx); return err })
	call("executeConnector", "Connector.Execute", func() error { _, err = conn.Execute(ctx, "issues", "list", nil); return err })
	call("prepareExecution", "Connector.Prepare", func() error { _, err = conn.Prepare(ctx, "issues", "list", nil); return err })
	call("listOrganizationCredentials", "Client.OrganizationConnectors", func() error { return walk(c.OrganizationConnectors(ctx, agentstest.OrganizationID)) })
	call("deleteConnector", "Workspace.DeleteConnector", func() error { _, err = ws.DeleteConnector(ctx, made.ID); return err })

	call("listSourceDefinitions", "Definitions.FindSource", func() error { source, err = c.Definitions().FindSource(ctx, "jira"); return err })
	call("getSourceDefinition", "Definitions.GetSource", func() error { _, err = c.Definitions().GetSource(ctx, source.ID); return err })
	call("listDestinationDefinitions", "Definitions.FindDestination", func() error { target, err = c.Definitions().FindDestination(ctx, "BigQuery"); return err })
	call("getDestinationDefinition", "Definitions.GetDestination", func() error { _, err = c.Definitions().GetDestination(ctx, target.ID); return err })

	call("listSourceTemplates", "SourceTemplates.List", func() error { _, err = c.SourceTemplates().List(ctx, client.SourceTemplateFilter{}); return err })
	call("listGlobalSourceTemplates", "SourceTemplates.ListGlobal", func() error { _, err = c.SourceTemplates().ListGlobal(ctx); return err })
	call("createSourceTemplate", "SourceTemplates.Create", func() error {
		template, err = c.SourceTemplates().Create(ctx, client.SourceTemplateRequest{DefinitionID: source.ID})
		return err
	})
	call("getSourceTemplate", "SourceTemplates.Get", func() error { _, err = c.SourceTemplates().Get(ctx, template.ID); return err })
	call("updateSourceTemplate", "SourceTemplates.Update", func() error {
		_, err = c.SourceTemplates().Update(ctx, template.ID, client.SourceTemplateChange{Name: "n"})
		return err
	})
	call("deleteSourceTemplate", "SourceTemplates.Delete", func() error { return c.SourceTemplates().Delete(ctx, template.ID) })

	call("listConnectionTemplates", "ConnectionTemplates.List", func() error {
		_, err = c.ConnectionTemplates().List(ctx, client.ConnectionTemplateFilter{})
		return err
	})
	call("createConnectionTemplate", "ConnectionTemplates.Create", func() error {
		connection, err = c.ConnectionTemplates().Create(ctx, client.ConnectionTemplateRequest{
			DestinationName: "Lake", DestinationDefinitionID: target.ID, DestinationConfig: map[string]any{"project_id": "p", "dataset_id": "d"},
		})
		return err
	})
	call("getConnectionTemplate", "ConnectionTemplates.Get", func() error { _, err = c.ConnectionTemplates().Get(ctx, connection.ID); return err })
	call("updateConnectionTemplate", "ConnectionTemplates.Update", func() error {
		_, err = c.ConnectionTemplates().Update(ctx, connection.ID, client.ConnectionTemplateChange{DestinationName: "n"})
		return err
	})
	call("deleteConnectionTemplate", "ConnectionTemplates.Delete", func() error { return c.ConnectionTemplates().Delete(ctx, connection.ID) })
	call("describeCron", "ConnectionTemplates.DescribeCron", func() error {
		_, err = c.ConnectionTemplates().DescribeCron(ctx, "0 0 6 * * ?")
		return err
	})

	call("setOAuthCredentials", "OAuthApps.Set", func() error {
		_, err = c.OAuthApps().Set(ctx, client.OAuthAppRequest{ConnectorType: "salesforce", Configuration: map[string]any{"client_id": "a", "client_secret": "b"}})
		return err
	})
	call("initiateOAuth", "Workspace.StartOAuth", func() error {
		_, err = ws.StartOAuth(ctx, client.OAuthRequest{ConnectorType: "Salesforce", RedirectURL: "https://app.example.com/connected"})
		return err
	})
	call("deleteOAuthCredentials", "OAuthApps.Delete", func() error { return c.OAuthApps().Delete(ctx, "salesforce") })

	call("listSkills", "Skills.All", func() error {
		for skill, err = range c.Skills().All(ctx) {
			break
		}
		return err
	})
	call("searchSkills", "Skills.Search", func() error { return walk(c.Skills().Search(ctx, "github")) })
	call("getSkillDocs", "Skills.Docs", func() error { _, err = c.Skills().Docs(ctx, skill.ID, ""); return err })

	call("createWorkflow", "Workflows.Create", func() error { workflow, err = workflows.Create(ctx, client.WorkflowRequest{Name: "n"}); return err })
	automations = workflows.Automations(workflow.ID)
	call("listWorkflows", "Workflows.List", func() error { _, err = workflows.List(ctx); return err })
	call("getWorkflow", "Workflows.Get", func() error { _, err = workflows.Get(ctx, workflow.ID); return err })
	call("updateWorkflow", "Workflows.Update", func() error {
		_, err = workflows.Update(ctx, workflow.ID, client.WorkflowChange{Name: "m"})
		return err
	})
	call("createAutomation", "Automations.Create", func() error {
		automation, err = automations.Create(ctx, client.AutomationRequest{CronExpression: "0 0 6 * * ?"})
		return err
	})
	call("listAutomations", "Automations.List", func() error { _, err = automations.List(ctx); return err })
	call("getAutomation", "Automations.Get", func() error { _, err = automations.Get(ctx, automation.ID); return err })
	call("updateAutomation", "Automations.Update", func() error {
		_, err = automations.Update(ctx, automation.ID, client.AutomationChange{Enabled: new(false)})
		return err
	})
	call("deleteAutomation", "Automations.Delete", func() error { return automations.Delete(ctx, automation.ID) })
	call("deleteWorkflow", "Workflows.Delete", func() error { return workflows.Delete(ctx, workflow.ID) })

	for _, id := range agentstest.Operations() {
		if !calls[id] {
			t.Errorf("no wrapper for %s", id)
		}
	}
}

// A logOf records which requests were logged.
type logOf struct{ lines []string }

func (l *logOf) Enabled(context.Context, slog.Level) bool { return true }
func (l *logOf) Handle(_ context.Context, r slog.Record) error {
	line := make([]string, 3)
	r.Attrs(func(a slog.Attr) bool {
		if i := slices.Index([]string{"operation", "method", "path"}, a.Key); i >= 0 {
			line[i] = a.Value.String()
		}
		return true
	})
	if r.Message == "airbyte request" {
		l.lines = append(l.lines, strings.Join(line, " "))
	}
	return nil
}
func (l *logOf) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *logOf) WithGroup(string) slog.Handler      { return l }

// walk iterates over a list to its end.
func walk[T any](list iter.Seq2[T, error]) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}
