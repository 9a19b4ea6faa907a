package openapi_test

import (
	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// restOfTheService makes the calls of the hand-written layer that the function
// wrappers does not make, so that their requests and responses are validated. It
// uses each option and each arm of a union.
func restOfTheService(s *session) {
	s.t.Helper()
	ctx, c := s.t.Context(), s.c
	ok := func(what string, err error) {
		s.t.Helper()
		if err != nil {
			s.t.Errorf("%s: %v", what, err)
		}
		s.v.check(s.t)
	}
	ws := c.Workspace("rest of the service")
	if s.examples { // of the workspaces in the contract
		for info, err := range c.Workspaces(ctx, client.WorkspaceFilter{}) {
			if err != nil {
				s.t.Fatal(err)
			}
			ws = c.Workspace(info.Name)
			break
		}
	}
	ok("Ensure", ws.Ensure(ctx))
	_, err := c.Organizations(ctx)
	ok("Organizations", err)
	_, err = c.WorkspaceStats(ctx)
	ok("WorkspaceStats", err)
	info, err := ws.Info(ctx)
	ok("Info", err)
	_, err = c.WorkspaceInfo(ctx, info.ID)
	ok("WorkspaceInfo", err)
	for _, change := range []client.WorkspaceChange{
		{Status: client.WorkspaceActive, ContextStore: client.Value(false)}, {ContextStore: client.Null[bool]()},
	} {
		if s.examples {
			break // it goes through all workspaces, and the next page of the example is at another origin
		}
		_, err = ws.Update(ctx, change)
		ok("Workspace.Update", err)
	}

	request := client.CreateConnectorRequest{ConnectorType: "github", Credentials: object{"token": "example"}, Entities: []client.RequestedEntity{}}
	_, err = ws.CheckConnector(ctx, request)
	ok("CheckConnector", err)
	made, err := ws.CreateConnector(ctx, request)
	ok("CreateConnector", err)
	conn := ws.ConnectorByID(made.ID)
	_, err = conn.Details(ctx)
	ok("Connector.Details", err)
	for _, change := range []client.ConnectorChange{
		{Name: "Renamed", ReplicationConfig: object{"start_date": "2026-01-01T00:00:00Z"}},
		{Entities: client.Value([]client.RequestedEntity{{Entity: "issues", Modes: []client.EntityMode{"read", "write"}}})},
		{Entities: client.Value([]client.RequestedEntity{})},
		{Entities: client.Null[[]client.RequestedEntity]()},
	} {
		_, err = conn.CheckChange(ctx, change)
		ok("CheckChange", err)
		_, err = conn.Update(ctx, change)
		ok("Connector.Update", err)
	}

	_, err = conn.Prepare(ctx, "issues", "list", client.Params{"per_page": 2})
	ok("Prepare", err)
	for item, err := range c.OrganizationConnectors(ctx, info.OrganizationID) {
		ok("OrganizationConnectors", err)
		if s.examples || err != nil || item.ID == "" {
			break
		}
	}

	definitions := c.Definitions()
	sources, err := definitions.ListSources(ctx, client.SourceDefinitionFilter{})
	ok("Sources", err)
	_, err = definitions.ListSources(ctx, client.SourceDefinitionFilter{Name: "hub"})
	ok("Sources", err)
	source, err := definitions.GetSource(ctx, sources[0].ID)
	ok("Source", err)
	destinations, err := definitions.ListDestinations(ctx, client.DestinationDefinitionFilter{})
	ok("Destinations", err)
	_, err = definitions.ListDestinations(ctx, client.DestinationDefinitionFilter{IDs: []string{destinations[0].ID}})
	ok("Destinations", err)
	destination, err := definitions.GetDestination(ctx, destinations[0].ID)
	ok("Destination", err)

	templates := c.SourceTemplates()
	for i, filter := range []client.SourceTemplateFilter{{}, {Global: true}, {Tags: []string{"crm", "support"}}, {Tags: []string{"crm"}, Match: client.TagMatchAll}} {
		_, err = templates.List(ctx, filter)
		ok("SourceTemplates.List", err)
		if i == 0 || !s.examples {
			_, err = c.ConnectionTemplates().List(ctx, client.ConnectionTemplateFilter{})
			ok("ConnectionTemplates.List", err)
		}
	}
	global, err := templates.ListGlobal(ctx)
	ok("SourceTemplates.ListGlobal", err)
	template, err := templates.Create(ctx, client.SourceTemplateRequest{DefinitionID: source.ID, Name: "Ours", Mode: client.SourceTemplateMulti, DefaultConfig: object{"a": 1}})
	ok("SourceTemplates.Create", err)
	_, err = templates.Create(ctx, client.SourceTemplateRequest{CopyOf: template.ID, Name: "Ours, too"})
	ok("SourceTemplates.Create", err)
	_, err = templates.Get(ctx, template.ID)
	ok("SourceTemplates.Get", err)
	for _, change := range []client.SourceTemplateChange{
		{Name: "Theirs", DefaultConfig: object{}, Propagate: true}, {Customization: client.Null[client.SourceTemplateCustomization]()},
	} {
		_, err = templates.Update(ctx, template.ID, change)
		ok("SourceTemplates.Update", err)
	}
	ok("SourceTemplates.Delete", templates.Delete(ctx, template.ID))

	connections := c.ConnectionTemplates()
	config := object{"project_id": "p", "dataset_id": "d", "host": "h", "database": "d", "s3_bucket_name": "b"}
	for _, r := range []client.ConnectionTemplateRequest{
		{
			DestinationName: "Lake", DestinationDefinitionID: destination.ID, DestinationConfig: config, CronExpression: "0 0 6 * * ?",
			SyncOnCreate: new(false), NonBreakingChanges: client.ChangesPropagateFully,
		},
		{Hosting: client.AirbyteHosted},
	} {
		connection, err := connections.Create(ctx, r)
		ok("ConnectionTemplates.Create", err)
		if err != nil {
			continue
		}
		_, err = connections.Get(ctx, connection.ID)
		ok("ConnectionTemplates.Get", err)
		_, err = connections.Update(ctx, connection.ID, client.ConnectionTemplateChange{CronExpression: client.Null[string](), DestinationName: "n"})
		if r.Hosting != client.AirbyteHosted {
			ok("ConnectionTemplates.Update", err)
		}
		ok("ConnectionTemplates.Delete", connections.Delete(ctx, connection.ID))
	}
	_, err = connections.DescribeCron(ctx, "0 0 6 * * ?")
	ok("DescribeCron", err)

	_, err = c.OAuthApps().Set(ctx, client.OAuthAppRequest{ConnectorType: "salesforce", Configuration: object{"client_id": "a", "client_secret": "b"}})
	ok("OAuthApps.Set", err)
	_, err = c.OAuthApps().Set(ctx, client.OAuthAppRequest{DefinitionID: source.ID, Configuration: object{"client_id": "a", "client_secret": "b"}})
	ok("OAuthApps.Set", err)
	for _, r := range []client.OAuthRequest{
		{ConnectorType: "Salesforce"}, {DefinitionID: source.ID, Name: "Sales", ReplicationConfig: object{"a": 1}, Input: object{"domain": "example"}}, {SourceTemplateID: global[0].ID},
	} {
		r.RedirectURL = "https://app.example.com/connected"
		_, err = ws.StartOAuth(ctx, r)
		ok("StartOAuth", err)
	}
	ok("OAuthApps.Delete", c.OAuthApps().Delete(ctx, "salesforce"))

	skills := c.Skills().InOrganization(info.OrganizationID)
	for skill, err := range skills.All(ctx) {
		ok("Skills.All", err)
		if err != nil {
			break
		}
		_, err = skills.Docs(ctx, skill.ID, "")
		ok("Skills.Docs", err)
		if s.examples {
			break // the cursor of the example never ends
		}
	}
	for _, err := range c.Skills().InWorkspace(info.ID).Search(ctx, "github") {
		ok("Skills.Search", err)
		break
	}

	if s.examples {
		return // the rest looks for the workspace in all of them, too
	}
	workflows := ws.Workflows()
	workflow, err := workflows.Create(ctx, client.WorkflowRequest{Name: "Digest", Tasks: []map[string]any{{"prompt": "Sum up"}}})
	ok("Workflows.Create", err)
	_, err = workflows.Get(ctx, workflow.ID)
	ok("Workflows.Get", err)
	_, err = workflows.Update(ctx, workflow.ID, client.WorkflowChange{Name: "Weekly digest"})
	ok("Workflows.Update", err)
	automations := workflows.Automations(workflow.ID)
	automation, err := automations.Create(ctx, client.AutomationRequest{CronExpression: "0 0 6 * * ?", Timezone: "Europe/Berlin", CompletionWebhookURL: "https://example.com/done"})
	ok("Automations.Create", err)
	_, err = automations.Get(ctx, automation.ID)
	ok("Automations.Get", err)
	_, err = automations.Update(ctx, automation.ID, client.AutomationChange{Enabled: new(false), Timezone: "UTC", CompletionWebhookURL: client.Null[auth.Secret]()})
	ok("Automations.Update", err)
	_, err = workflows.ListAutomations(ctx)
	ok("ListAutomations", err)
	ok("Automations.Delete", automations.Delete(ctx, automation.ID))
	ok("Workflows.Delete", workflows.Delete(ctx, workflow.ID))
	ok("Workspace.Delete", ws.Delete(ctx))
}
