// Package calls holds the list of the calls of package client: at least one for every
// operation of the contract, with each option and each arm of a union. Tests make them
// against services of different kinds.
package calls

import (
	"context"
	"iter"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// On says where the calls are made.
type On struct {
	Client *client.Client
	Scoped *client.Client // has a scoped token for an existing workspace; nil leaves out the call that needs one

	// Canned reports whether the service responds with the examples of the contract,
	// whatever was created or deleted before, and so with lists that do not end.
	Canned bool
}

type object = map[string]any

// Every passes each call to do, in an order in which the later ones use what the
// earlier ones create. do must call f until it succeeds, or end the test. operation is
// the operation that the call is about, and wrapper the method that is called; f may
// send requests of other operations first.
func Every(ctx context.Context, on On, do func(operation, wrapper string, f func() error)) {
	ws, info := workspaceCalls(ctx, on, do)
	templateCalls(ctx, on, ws, do)
	connectorCalls(ctx, on, ws, info, do)
	skillCalls(ctx, on, info, do)
	if on.Canned {
		return // the rest looks for the workspace in the list of all of them
	}
	workflowCalls(ctx, ws, do)
	do("deleteWorkspace", "Workspace.Delete", func() error { return ws.Delete(ctx) })
}

func workspaceCalls(ctx context.Context, on On, do func(string, string, func() error)) (ws *client.Workspace, info *client.WorkspaceInfo) {
	c := on.Client
	var names []string
	list := func(filter client.WorkspaceFilter) func() error {
		return func() error {
			return walk(on, c.Workspaces(ctx, filter), func(w client.WorkspaceInfo) { names = append(names, w.Name) })
		}
	}
	do("listWorkspaces", "Client.Workspaces", list(client.WorkspaceFilter{}))
	do("listWorkspaces", "Client.Workspaces", list(client.WorkspaceFilter{Status: client.WorkspaceActive}))
	ws = c.Workspace("every call")
	if on.Canned {
		ws = c.Workspace(names[0])
	}
	do("createScopedToken", "Workspace.Ensure", func() error { return ws.Ensure(ctx) })
	do("listWorkspaces", "Workspace.Info", func() (err error) { info, err = ws.Info(ctx); return err })
	do("getWorkspace", "Client.WorkspaceInfo", func() error { _, err := c.WorkspaceInfo(ctx, info.ID); return err })
	do("listOrganizations", "Client.Organizations", func() error { _, err := c.Organizations(ctx); return err })
	do("getWorkspaceStats", "Client.WorkspaceStats", func() error { _, err := c.WorkspaceStats(ctx); return err })
	for _, change := range []client.WorkspaceChange{
		{Status: client.WorkspaceActive, ContextStore: client.Value(false)}, {ContextStore: client.Null[bool]()},
	} {
		if on.Canned {
			break // Update goes through all workspaces
		}
		do("updateWorkspace", "Workspace.Update", func() error { _, err := ws.Update(ctx, change); return err })
	}

	do("createScopedToken", "Workspace.ScopedToken", func() error { _, err := ws.ScopedToken(ctx); return err })
	for _, request := range []client.WidgetRequest{{}, {SourceTemplateTags: []string{"crm"}}} {
		request.Origin = "https://app.example.com"
		do("createWidgetToken", "Workspace.WidgetToken", func() error { _, err := ws.WidgetToken(ctx, request); return err })
	}
	if on.Scoped != nil {
		do("getScopedTokenInfo", "Client.TokenScope", func() error { _, err := on.Scoped.TokenScope(ctx); return err })
	}
	return ws, info
}

func templateCalls(ctx context.Context, on On, ws *client.Workspace, do func(string, string, func() error)) {
	definitions, templates, connections := on.Client.Definitions(), on.Client.SourceTemplates(), on.Client.ConnectionTemplates()
	var sources, targets []client.Definition
	for _, filter := range []client.SourceDefinitionFilter{{Name: "hub"}, {}} {
		do("listSourceDefinitions", "Definitions.ListSources", func() (err error) { sources, err = definitions.ListSources(ctx, filter); return err })
	}
	source := sources[0]
	do("listSourceDefinitions", "Definitions.FindSource", func() error { _, err := definitions.FindSource(ctx, source.Name); return err })
	do("getSourceDefinition", "Definitions.GetSource", func() error { _, err := definitions.GetSource(ctx, source.ID); return err })
	do("listDestinationDefinitions", "Definitions.ListDestinations", func() (err error) {
		targets, err = definitions.ListDestinations(ctx, client.DestinationDefinitionFilter{})
		return err
	})
	target := targets[0]
	do("listDestinationDefinitions", "Definitions.ListDestinations", func() error {
		_, err := definitions.ListDestinations(ctx, client.DestinationDefinitionFilter{IDs: []string{target.ID}})
		return err
	})
	do("listDestinationDefinitions", "Definitions.FindDestination", func() error { _, err := definitions.FindDestination(ctx, target.Name); return err })
	do("getDestinationDefinition", "Definitions.GetDestination", func() error { _, err := definitions.GetDestination(ctx, target.ID); return err })

	for _, filter := range []client.SourceTemplateFilter{{}, {Global: true}, {Tags: []string{"crm", "support"}}, {Tags: []string{"crm"}, Match: client.TagMatchAll}} {
		do("listSourceTemplates", "SourceTemplates.List", func() error { _, err := templates.List(ctx, filter); return err })
	}
	var global []client.SourceTemplate
	do("listGlobalSourceTemplates", "SourceTemplates.ListGlobal", func() (err error) { global, err = templates.ListGlobal(ctx); return err })
	var template *client.SourceTemplateDetails
	for _, request := range []client.SourceTemplateRequest{
		{DefinitionID: source.ID},
		{DefinitionID: source.ID, Name: "Ours", Mode: client.SourceTemplateMulti, DefaultConfig: object{"a": 1}},
		{Name: "Ours, too"}, // a copy
	} {
		if request.DefinitionID == "" {
			request.CopyOf = template.ID
		}
		do("createSourceTemplate", "SourceTemplates.Create", func() (err error) { template, err = templates.Create(ctx, request); return err })
	}
	do("getSourceTemplate", "SourceTemplates.Get", func() error { _, err := templates.Get(ctx, template.ID); return err })
	for _, change := range []client.SourceTemplateChange{
		{Name: "Theirs", DefaultConfig: object{}, Propagate: true}, {Customization: client.Null[client.SourceTemplateCustomization]()},
	} {
		do("updateSourceTemplate", "SourceTemplates.Update", func() error { _, err := templates.Update(ctx, template.ID, change); return err })
	}
	do("deleteSourceTemplate", "SourceTemplates.Delete", func() error { return templates.Delete(ctx, template.ID) })

	do("listConnectionTemplates", "ConnectionTemplates.List", func() error {
		_, err := connections.List(ctx, client.ConnectionTemplateFilter{})
		return err
	})
	config := object{"project_id": "p", "dataset_id": "d", "host": "h", "database": "d", "s3_bucket_name": "b"}
	for _, request := range []client.ConnectionTemplateRequest{
		{Hosting: client.AirbyteHosted},
		{
			DestinationName: "Lake", DestinationDefinitionID: target.ID, DestinationConfig: config, CronExpression: "0 0 6 * * ?",
			SyncOnCreate: new(false), NonBreakingChanges: client.ChangesPropagateFully,
		},
	} {
		var connection *client.ConnectionTemplate
		do("createConnectionTemplate", "ConnectionTemplates.Create", func() (err error) { connection, err = connections.Create(ctx, request); return err })
		do("getConnectionTemplate", "ConnectionTemplates.Get", func() error { _, err := connections.Get(ctx, connection.ID); return err })
		do("updateConnectionTemplate", "ConnectionTemplates.Update", func() error {
			_, err := connections.Update(ctx, connection.ID, client.ConnectionTemplateChange{CronExpression: client.Null[string](), DestinationName: "n"})
			return err
		})
		do("deleteConnectionTemplate", "ConnectionTemplates.Delete", func() error { return connections.Delete(ctx, connection.ID) })
	}
	do("describeCron", "ConnectionTemplates.DescribeCron", func() error { _, err := connections.DescribeCron(ctx, "0 0 6 * * ?"); return err })

	for _, request := range []client.OAuthAppRequest{{ConnectorType: "salesforce"}, {DefinitionID: source.ID}} {
		request.Configuration = object{"client_id": "a", "client_secret": "b"}
		do("setOAuthCredentials", "OAuthApps.Set", func() error { _, err := on.Client.OAuthApps().Set(ctx, request); return err })
	}
	for _, request := range []client.OAuthRequest{
		{ConnectorType: "Salesforce"}, {DefinitionID: source.ID, Name: "Sales", ReplicationConfig: object{"a": 1}, Input: object{"domain": "example"}}, {SourceTemplateID: global[0].ID},
	} {
		request.RedirectURL = "https://app.example.com/connected"
		do("initiateOAuth", "Workspace.StartOAuth", func() error { _, err := ws.StartOAuth(ctx, request); return err })
	}
	do("deleteOAuthCredentials", "OAuthApps.Delete", func() error { return on.Client.OAuthApps().Delete(ctx, "salesforce") })
}

func connectorCalls(ctx context.Context, on On, ws *client.Workspace, info *client.WorkspaceInfo, do func(string, string, func() error)) {
	var created *client.ConnectorInfo
	for _, request := range []client.CreateConnectorRequest{
		{Entities: []client.RequestedEntity{{Entity: "users", Modes: []client.EntityMode{"read"}}}, Name: "Every call, too"},
		{Entities: []client.RequestedEntity{}},
	} {
		request.ConnectorType, request.Credentials = "github", object{"token": "example"}
		do("checkConnectorConfig", "Workspace.CheckConnector", func() error { _, err := ws.CheckConnector(ctx, request); return err })
		do("createConnector", "Workspace.CreateConnector", func() (err error) { created, err = ws.CreateConnector(ctx, request); return err })
	}
	var infos []client.ConnectorInfo
	do("listConnectors", "Workspace.ListConnectors", func() (err error) { infos, err = ws.ListConnectors(ctx); return err })
	do("listConnectors", "Workspace.Connector", func() error { _, err := ws.Connector(ctx, infos[0].Name); return err })
	conn := ws.ConnectorByID(created.ID)
	do("getConnector", "Connector.Details", func() error { _, err := conn.Details(ctx); return err })
	do("checkConnector", "Connector.Check", func() error { _, err := conn.Check(ctx); return err })
	for _, change := range []client.ConnectorChange{
		{Name: "Renamed", ReplicationConfig: object{"start_date": "2026-01-01T00:00:00Z"}},
		{Entities: client.Value([]client.RequestedEntity{{Entity: "issues", Modes: []client.EntityMode{"read", "write"}}})},
		{Entities: client.Value([]client.RequestedEntity{})},
		{Entities: client.Null[[]client.RequestedEntity]()},
	} {
		do("checkConnector", "Connector.CheckChange", func() error { _, err := conn.CheckChange(ctx, change); return err })
		do("updateConnector", "Connector.Update", func() error { _, err := conn.Update(ctx, change); return err })
	}
	do("inspectConnector", "Connector.Inspect", func() error { _, err := conn.Inspect(ctx); return err })
	var docs *client.Docs
	do("getSkillDocs", "Connector.Docs", func() (err error) { docs, err = conn.Docs(ctx, ""); return err })
	if len(docs.Outline) > 0 {
		do("getSkillDocs", "Connector.Docs", func() error { _, err := conn.Docs(ctx, docs.Outline[0].ID); return err })
	}
	do("executeConnector", "Connector.Describe", func() error { _, err := conn.Describe(ctx); return err })
	do("executeConnector", "Connector.Execute", func() error {
		_, err := conn.Execute(ctx, "users", "list", client.Params{"per_page": 2}, client.WithSelectFields("id"), client.WithIntent("to make every call"))
		return err
	})
	do("prepareExecution", "Connector.Prepare", func() error {
		_, err := conn.Prepare(ctx, "issues", "list", client.Params{"per_page": 2})
		return err
	})
	do("listOrganizationCredentials", "Client.OrganizationConnectors", func() error {
		return walk(on, on.Client.OrganizationConnectors(ctx, info.OrganizationID), func(client.OrganizationConnector) {})
	})
	do("deleteConnector", "Workspace.DeleteConnector", func() error { _, err := ws.DeleteConnector(ctx, created.ID); return err })
}

func skillCalls(ctx context.Context, on On, info *client.WorkspaceInfo, do func(string, string, func() error)) {
	skills := on.Client.Skills().InOrganization(info.OrganizationID)
	var ids []string
	do("listSkills", "Skills.All", func() error {
		return walk(on, skills.All(ctx), func(s client.Skill) { ids = append(ids, s.ID) })
	})
	for _, id := range ids {
		do("getSkillDocs", "Skills.Docs", func() error { _, err := skills.Docs(ctx, id, ""); return err })
	}
	do("searchSkills", "Skills.Search", func() error {
		return walk(on, on.Client.Skills().InWorkspace(info.ID).Search(ctx, "github"), func(client.Skill) {})
	})
}

func workflowCalls(ctx context.Context, ws *client.Workspace, do func(string, string, func() error)) {
	workflows := ws.Workflows()
	var workflow *client.Workflow
	for _, request := range []client.WorkflowRequest{{Name: "Digest"}, {Name: "Digest", Tasks: []map[string]any{{"prompt": "Sum up"}}}} {
		do("createWorkflow", "Workflows.Create", func() (err error) { workflow, err = workflows.Create(ctx, request); return err })
	}
	do("listWorkflows", "Workflows.List", func() error { _, err := workflows.List(ctx); return err })
	do("getWorkflow", "Workflows.Get", func() error { _, err := workflows.Get(ctx, workflow.ID); return err })
	do("updateWorkflow", "Workflows.Update", func() error {
		_, err := workflows.Update(ctx, workflow.ID, client.WorkflowChange{Name: "Weekly digest"})
		return err
	})
	automations := workflows.Automations(workflow.ID)
	var automation *client.Automation
	do("createAutomation", "Automations.Create", func() (err error) {
		automation, err = automations.Create(ctx, client.AutomationRequest{
			CronExpression: "0 0 6 * * ?", Timezone: "Europe/Berlin", CompletionWebhookURL: "https://example.com/done",
		})
		return err
	})
	do("listAutomations", "Automations.List", func() error { _, err := automations.List(ctx); return err })
	do("getAutomation", "Automations.Get", func() error { _, err := automations.Get(ctx, automation.ID); return err })
	do("updateAutomation", "Automations.Update", func() error {
		_, err := automations.Update(ctx, automation.ID, client.AutomationChange{
			Enabled: new(false), Timezone: "UTC", CompletionWebhookURL: client.Null[auth.Secret](),
		})
		return err
	})
	do("deleteAutomation", "Automations.Delete", func() error { return automations.Delete(ctx, automation.ID) })
	do("deleteWorkflow", "Workflows.Delete", func() error { return workflows.Delete(ctx, workflow.ID) })
}

// walk iterates over a list: to its end, or to the first item if lists do not end.
func walk[T any](on On, list iter.Seq2[T, error], see func(T)) error {
	for item, err := range list {
		if err != nil {
			return err
		}
		if see(item); on.Canned {
			break
		}
	}
	return nil
}
