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

// OAuthApps are the organization's own OAuth apps. When a user authorizes a
// connector, say to Salesforce, an app that is registered with Salesforce asks
// for it: Airbyte's, unless the organization has set one of its own here, for
// all connectors of that kind.
//
// The client id and secret of such an app are not those that a [Client] is made
// with, which are of the Airbyte application; nor are they what users authorize
// a connector with, which goes to [Workspace.CreateConnector].
//
// [Client.OAuthApps] gives them.
type OAuthApps struct{ part }

// OAuthApps are the organization's own OAuth apps.
func (c *Client) OAuthApps() OAuthApps { return OAuthApps{part{c}} }

// An OAuthApp is what the service tells of an OAuth app. It never tells the
// configuration.
type OAuthApp struct {
	ID             string        `json:"id"`
	Scope          OAuthScope    `json:"scope_type"`
	OrganizationID string        `json:"scope_id,omitzero"` // "" for everyone's
	Kind           ConnectorKind `json:"connector_type"`
	DefinitionID   string        `json:"connector_definition_id"` // of the connectors that it is for
	CreatedAt      time.Time     `json:"created_at,omitzero"`
	UpdatedAt      time.Time     `json:"updated_at,omitzero"`
}

// OAuthScope tells whom an OAuth app is for. Values that are not among the
// constants may come.
type OAuthScope string

// The scopes of OAuth apps.
const (
	OAuthScopeGlobal       OAuthScope = "global" // everyone
	OAuthScopeOrganization OAuthScope = "organization"
)

// ConnectorKind tells whether connectors read or write data. Values that are
// not among the constants may come.
type ConnectorKind string

// The kinds of connectors.
const (
	ConnectorKindSource      ConnectorKind = "source"
	ConnectorKindDestination ConnectorKind = "destination"
)

// An OAuthAppRequest says which OAuth app a kind of connectors is to use. It
// needs exactly one of ConnectorType and DefinitionID, and the Configuration. It
// prints without that, but in an unexported field of another type, where fmt
// calls no methods.
type OAuthAppRequest struct {
	ConnectorType string // the slug, such as "salesforce", in any case
	DefinitionID  string // a UUID

	// Configuration is that of the app, mostly a client_id and a client_secret.
	// What is wanted is told by the kind's definition; see
	// [ConnectorSpec.AdvancedAuth].
	Configuration map[string]any
}

func (r OAuthAppRequest) String() string {
	return fmt.Sprintf("client.OAuthAppRequest{ConnectorType:%q, DefinitionID:%q, Configuration:%s}",
		r.ConnectorType, r.DefinitionID, hiddenConfig(r.Configuration))
}

// Format writes what String returns, for every verb.
func (r OAuthAppRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r OAuthAppRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not for storing.
func (r OAuthAppRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Set has connectors of a kind use the OAuth app, in place of the one that they
// used. A request that is not complete is [ErrInvalid], and nothing is sent.
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
		problems = append(problems, "Configuration is empty; Delete goes back to Airbyte's own app")
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

// Delete has connectors of a kind, given by its slug, such as "salesforce", use
// Airbyte's own OAuth app again. It is no error if they do already.
func (a OAuthApps) Delete(ctx context.Context, connectorType string) error {
	call := &call{op: "delete OAuth app", name: "deleteOAuthCredentials"}
	slug := strings.TrimSpace(connectorType)
	if slug == "" || slug == "." || slug == ".." || strings.ContainsAny(slug, `/\`) || strings.ContainsFunc(slug, unicode.IsControl) {
		return invalid(call.op, "%q is not the slug of a kind of connectors, such as salesforce", shorten(connectorType))
	}
	return acknowledge(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return a.client.raw.DeleteOAuthCredentials(ctx, slug, &gen.DeleteOAuthCredentialsParams{})
	})
}
