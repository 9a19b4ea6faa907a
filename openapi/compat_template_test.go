package openapi_test

import (
	"context"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// templateCalls are more calls for TestCompatible.
var templateCalls = []wrapper{
	{name: "Sources", ops: []string{"listSourceDefinitions"}, needed: []string{"/definitions"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().Definitions().ListSources(ctx, client.SourceDefinitionFilter{})
		return err
	}},
	{name: "FindSource", ops: []string{"listSourceDefinitions"}, needed: []string{"/definitions", "/definitions/0"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().Definitions().FindSource(ctx, "zendesk-support") // by the name if there is no slug
		return err
	}},
	{name: "Source", ops: []string{"getSourceDefinition"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().Definitions().GetSource(ctx, unknownID)
		return err
	}},
	{name: "Destinations", ops: []string{"listDestinationDefinitions"}, needed: []string{"/destinations"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().Definitions().ListDestinations(ctx, client.DestinationDefinitionFilter{})
		return err
	}},
	{name: "FindDestination", ops: []string{"listDestinationDefinitions"}, needed: []string{"/destinations", "/destinations/0", "/name"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().Definitions().FindDestination(ctx, "s3")
		return err
	}},
	{name: "Destination", ops: []string{"getDestinationDefinition"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().Definitions().GetDestination(ctx, unknownID)
		return err
	}},

	{name: "SourceTemplates.List", ops: []string{"listSourceTemplates"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().SourceTemplates().List(ctx, client.SourceTemplateFilter{})
		return err
	}},
	{name: "SourceTemplates.ListGlobal", ops: []string{"listGlobalSourceTemplates"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().SourceTemplates().ListGlobal(ctx)
		return err
	}},
	{name: "SourceTemplates.Get", ops: []string{"getSourceTemplate"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().SourceTemplates().Get(ctx, unknownID)
		return err
	}},
	{name: "SourceTemplates.Create", ops: []string{"createSourceTemplate"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().SourceTemplates().Create(ctx, client.SourceTemplateRequest{DefinitionID: unknownID})
		return err
	}},
	{name: "SourceTemplates.Update", ops: []string{"updateSourceTemplate"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().SourceTemplates().Update(ctx, unknownID, client.SourceTemplateChange{Name: "Zendesk"})
		return err
	}},
	{name: "SourceTemplates.Delete", ops: []string{"deleteSourceTemplate"}, call: func(ctx context.Context, w *client.Workspace) error {
		return w.Client().SourceTemplates().Delete(ctx, unknownID)
	}},

	{name: "ConnectionTemplates.List", ops: []string{"listConnectionTemplates"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().ConnectionTemplates().List(ctx, client.ConnectionTemplateFilter{})
		return err
	}},
	{name: "ConnectionTemplates.Get", ops: []string{"getConnectionTemplate"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().ConnectionTemplates().Get(ctx, unknownID)
		return err
	}},
	{name: "ConnectionTemplates.Create", ops: []string{"createConnectionTemplate"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().ConnectionTemplates().Create(ctx, client.ConnectionTemplateRequest{Hosting: client.AirbyteHosted})
		return err
	}},
	{name: "ConnectionTemplates.Update", ops: []string{"updateConnectionTemplate"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().ConnectionTemplates().Update(ctx, unknownID, client.ConnectionTemplateChange{CronExpression: client.Null[string]()})
		return err
	}},
	{name: "ConnectionTemplates.Delete", ops: []string{"deleteConnectionTemplate"}, call: func(ctx context.Context, w *client.Workspace) error {
		return w.Client().ConnectionTemplates().Delete(ctx, unknownID)
	}},
	{name: "DescribeCron", ops: []string{"describeCron"}, needed: []string{"/description"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().ConnectionTemplates().DescribeCron(ctx, "0 0 * * * ?")
		return err
	}},

	{name: "OAuthApps.Set", ops: []string{"setOAuthCredentials"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.Client().OAuthApps().Set(ctx, client.OAuthAppRequest{ConnectorType: "stripe", Configuration: object{"client_id": "example"}})
		return err
	}},
	{name: "OAuthApps.Delete", ops: []string{"deleteOAuthCredentials"}, call: func(ctx context.Context, w *client.Workspace) error {
		return w.Client().OAuthApps().Delete(ctx, "stripe")
	}},
}
