package client

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// OAuthApps gives access to the organization's own OAuth apps. When a user
// authorizes a connector, for example to Salesforce, the authorization is
// requested by an app that is registered with Salesforce. This is Airbyte's
// app, unless the organization sets its own here, for all its connectors of
// that kind.
//
// The client ID and secret of such an app are neither those of the Airbyte
// application, which a [Client] is created with, nor the credentials that users
// authorize a connector with, which [Workspace.CreateConnector] takes.
//
// [Client.OAuthApps] returns it.
type OAuthApps struct{ part }

// OAuthApps returns access to the organization's own OAuth apps.
func (c *Client) OAuthApps() OAuthApps { return OAuthApps{part{c}} }

// An OAuthApp is what the service reports about an OAuth app. It never includes
// the configuration.
type OAuthApp struct {
	ID             string         `json:"id"`
	Scope          OAuthScope     `json:"scope_type"`
	OrganizationID string         `json:"scope_id,omitzero"` // "" if Scope is OAuthScopeGlobal
	Kind           DefinitionKind `json:"connector_type"`
	DefinitionID   string         `json:"connector_definition_id"` // of the kind of connector that uses it
	CreatedAt      time.Time      `json:"created_at,omitzero"`
	UpdatedAt      time.Time      `json:"updated_at,omitzero"`
}

// An OAuthScope says who uses an OAuth app. The service may send values that
// are not among the constants.
type OAuthScope string

// The scopes of OAuth apps.
const (
	OAuthScopeGlobal       OAuthScope = "global" // everyone
	OAuthScopeOrganization OAuthScope = "organization"
)

// A DefinitionKind says whether a definition is a source definition or a
// destination definition. The service may send values that are not among the
// constants.
type DefinitionKind string

// The values of DefinitionKind.
const (
	DefinitionOfSource      DefinitionKind = "source"
	DefinitionOfDestination DefinitionKind = "destination"
)

// An OAuthAppRequest says which OAuth app a kind of connector uses. Exactly one
// of ConnectorType and DefinitionID must be set, and Configuration must not be
// empty.
//
// Formatting, logging or marshaling a request hides its Configuration, except
// where it is in an unexported field of another type: fmt calls no methods
// there.
type OAuthAppRequest struct {
	ConnectorType string // the slug of the kind of connector, such as "salesforce"; case does not matter
	DefinitionID  string // the ID of its definition, a UUID; see [Definitions.FindSource]

	// Configuration is the configuration of the app, usually a client_id and a
	// client_secret. The definition says what is required; see
	// [ConnectorSpec.AdvancedAuth].
	Configuration map[string]any
}

// String describes the request and hides its Configuration.
func (r OAuthAppRequest) String() string {
	return fmt.Sprintf("client.OAuthAppRequest{ConnectorType:%q, DefinitionID:%q, Configuration:%s}",
		r.ConnectorType, r.DefinitionID, hiddenConfig(r.Configuration))
}

// Format writes what String returns, for every verb.
func (r OAuthAppRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r OAuthAppRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not meant to be stored.
func (r OAuthAppRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Set makes a kind of connector use the given OAuth app instead of the one that
// it used before. An incomplete request is an error that matches [ErrInvalid];
// nothing is sent.
func (a OAuthApps) Set(ctx context.Context, r OAuthAppRequest) (*OAuthApp, error) {
	call := &call{op: "set OAuth app", name: "setOAuthCredentials", secrets: configSecrets(r.Configuration)}
	slug, definition := strings.TrimSpace(r.ConnectorType), strings.TrimSpace(r.DefinitionID)
	problems := []string{configProblem("Configuration", r.Configuration)}
	if (slug == "") == (definition == "") {
		problems = append(problems, "exactly one of ConnectorType and DefinitionID must be given")
	}
	if id, ok := plainUUID(definition); ok {
		definition = id
	} else if definition != "" {
		problems = append(problems, "DefinitionID is not a UUID")
	}
	if len(r.Configuration) == 0 {
		problems = append(problems, "Configuration is empty; use Delete to return to Airbyte's own app")
	}
	if err := refuse(call.op, problems...); err != nil {
		return nil, err
	}
	body := gen.OAuthCredentialsRequest{
		ConnectorType: optional(slug), ConnectorDefinitionID: optional(definition), Configuration: r.Configuration,
	}
	return fetch[OAuthApp](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return a.client.raw.SetOAuthCredentials(ctx, &gen.SetOAuthCredentialsParams{}, body)
	})
}

// Delete makes the kind of connector with the given slug, such as "salesforce",
// use Airbyte's own OAuth app again. It is not an error if it already does.
func (a OAuthApps) Delete(ctx context.Context, connectorType string) error {
	call := &call{op: "delete OAuth app", name: "deleteOAuthCredentials"}
	slug := strings.TrimSpace(connectorType)
	if slug == "" || slug == "." || slug == ".." || strings.ContainsAny(slug, `/\`) || strings.ContainsFunc(slug, unicode.IsControl) {
		return invalid(call.op, "%q is not the slug of a kind of connector; use one such as salesforce", shorten(connectorType))
	}
	return acknowledge(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return a.client.raw.DeleteOAuthCredentials(ctx, slug, &gen.DeleteOAuthCredentialsParams{})
	})
}
