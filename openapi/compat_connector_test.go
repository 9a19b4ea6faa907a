package openapi_test

import (
	"context"
	"errors"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// soon ends a wait for what a changed response lacks.
var soon = client.Polling{Interval: time.Millisecond, Limit: 10 * time.Millisecond}

// connectorCalls are more calls for TestCompatible.
var connectorCalls = []wrapper{
	{name: "CheckConnector", ops: []string{"checkConnectorConfig"}, call: func(ctx context.Context, w *client.Workspace) error {
		r, err := w.CheckConnector(ctx, client.CreateConnectorRequest{ConnectorType: "stripe", Credentials: object{"api_key": "example"}})
		if err == nil {
			_ = r.OK()
		}
		return err
	}},
	{name: "Connector.Details", ops: []string{"getConnector"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.ConnectorByID(connectorID).Details(ctx)
		return err
	}},
	{name: "Connector.Update", ops: []string{"updateConnector"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.ConnectorByID(connectorID).Update(ctx, client.ConnectorChange{Name: "Support desk EU"})
		return err
	}},
	{name: "CheckChange", ops: []string{"checkConnector"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.ConnectorByID(connectorID).CheckChange(ctx, client.ConnectorChange{Name: "Support desk EU"})
		return err
	}},
	{name: "WaitSearchable", ops: []string{"inspectConnector"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.ConnectorByID(connectorID).WaitSearchable(ctx, "tickets", soon)
		if errors.Is(err, client.ErrWaitedTooLong) || errors.Is(err, client.ErrInvalid) {
			return nil // the response does not say that it is ready, or supported
		}
		return err
	}},
	{name: "WaitDeleted", ops: []string{"listConnectors"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.ConnectorByID(connectorID).WaitDeleted(ctx, soon)
		if errors.Is(err, client.ErrWaitedTooLong) {
			return nil
		}
		return err
	}},
	{name: "Prepare", ops: []string{"prepareExecution"}, needed: []string{"/status", "/bundle", "/definition_yaml"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.ConnectorByID(connectorID).Prepare(ctx, "tickets", "list", nil)
		return err
	}},
	{name: "StartOAuth", ops: []string{"initiateOAuth"}, needed: []string{"/consent_url"}, call: func(ctx context.Context, w *client.Workspace) error {
		_, err := w.StartOAuth(ctx, client.OAuthRequest{ConnectorType: "Github", RedirectURL: "https://app.example.com/connected"})
		return err
	}},
	{name: "Describe", ops: []string{"executeConnector"}, needed: []string{"/status"}, call: func(ctx context.Context, w *client.Workspace) error {
		d, err := w.ConnectorByID(connectorID).Describe(ctx)
		if err == nil {
			_, _ = d.Entity("tickets")
		}
		return err
	}},
}
