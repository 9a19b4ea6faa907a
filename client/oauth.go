package client

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
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

func (a OAuthApp) lacks() string { return unless(a.ID != "", "id") }

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
	Configuration Configuration
}

// String describes the request and hides its Configuration.
func (r OAuthAppRequest) String() string {
	return fmt.Sprintf("client.OAuthAppRequest{ConnectorType:%q, DefinitionID:%q, Configuration:%s}",
		r.ConnectorType, r.DefinitionID, r.Configuration)
}

// Format writes what String returns, for every verb.
func (r OAuthAppRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r OAuthAppRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not meant to be stored.
func (r OAuthAppRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r OAuthAppRequest) wire(op string) (gen.OAuthCredentialsRequest, error) {
	slug, definition := strings.TrimSpace(r.ConnectorType), strings.TrimSpace(r.DefinitionID)
	body := gen.OAuthCredentialsRequest{Configuration: r.Configuration}
	err := refuse(op,
		configProblem("Configuration", r.Configuration),
		exactlyOne("ConnectorType and DefinitionID", slug, definition),
		uuidField("DefinitionID", &definition),
		problemIf(len(r.Configuration) == 0, "Configuration is empty; use Delete to return to Airbyte's own app"))
	body.ConnectorType, body.ConnectorDefinitionID = optional(slug), optional(definition)
	return body, err
}

// Set makes a kind of connector use the given OAuth app instead of the one that
// it used before. An incomplete request is an error that matches [ErrInvalid];
// nothing is sent.
func (a OAuthApps) Set(ctx context.Context, r OAuthAppRequest) (*OAuthApp, error) {
	ask := a.begin(&call{op: "set OAuth app", name: "setOAuthCredentials"})
	body, err := r.wire(ask.op)
	if err != nil {
		return nil, err
	}
	ask.secrets = configSecrets(r.Configuration)
	return fetch[OAuthApp](ctx, ask.to(gen.NewSetOAuthCredentialsRequest(ask.server(), nil, body)))
}

// Delete makes the kind of connector with the given slug, such as "salesforce",
// use Airbyte's own OAuth app again. It is not an error if it already does.
func (a OAuthApps) Delete(ctx context.Context, connectorType string) error {
	ask := a.begin(&call{op: "delete OAuth app", name: "deleteOAuthCredentials"})
	slug := strings.TrimSpace(connectorType)
	if slug == "" || slug == "." || slug == ".." || strings.ContainsAny(slug, `/\`) || strings.ContainsFunc(slug, unicode.IsControl) {
		return invalid(ask.op, "%q is not the slug of a kind of connector; use one such as salesforce", shorten(connectorType))
	}
	return acknowledge(ctx, ask.to(gen.NewDeleteOAuthCredentialsRequest(ask.server(), slug, nil)))
}

// An OAuthRequest describes a connector that a user is asked to consent to. Exactly
// one of ConnectorType, DefinitionID and SourceTemplateID must be set, and a
// RedirectURL. The organization needs an OAuth app or a source template of its own for
// the kind of connector; see [OAuthApps.Set] and [SourceTemplates.Create].
//
// Formatting, logging or marshaling a request hides its maps, except where it is in an
// unexported field of another type: fmt calls no methods there.
type OAuthRequest struct {
	Name string // the connector's own name; if empty, the service chooses one

	ConnectorType    string // the display name of the kind of connector, such as "Github"
	DefinitionID     string // the ID of a source definition, a UUID
	SourceTemplateID string // the ID of a source template, a UUID

	// RedirectURL is the URL of a page of yours, to which the browser returns. That
	// page reads the query of its URL with [ConsentResult].
	RedirectURL string

	ReplicationConfig Configuration // the configuration for replication
	Input             Configuration // what the vendor must know before, such as the domain of an account
}

// String describes the request without values that may be secret.
func (r OAuthRequest) String() string {
	return fmt.Sprintf("client.OAuthRequest{Name:%q, ConnectorType:%q, DefinitionID:%q, SourceTemplateID:%q, RedirectURL:%q, ReplicationConfig:%s, Input:%s}",
		r.Name, r.ConnectorType, r.DefinitionID, r.SourceTemplateID, plainURL(r.RedirectURL), r.ReplicationConfig, r.Input)
}

// plainURL returns a URL without its query, which may contain a secret.
func plainURL(s string) string {
	plain, _, _ := strings.Cut(s, "?")
	return plain
}

// Format writes what String returns, for every verb.
func (r OAuthRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r OAuthRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not meant to be stored.
func (r OAuthRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r OAuthRequest) wire(op, workspace string) (gen.OAuthInitiateRequest, error) {
	for _, s := range []*string{&r.Name, &r.ConnectorType, &r.DefinitionID, &r.SourceTemplateID, &r.RedirectURL} {
		*s = strings.TrimSpace(*s)
	}
	err := refuse(op,
		configProblem("ReplicationConfig", r.ReplicationConfig), configProblem("Input", r.Input),
		exactlyOne(fieldsOfKind, r.ConnectorType, r.DefinitionID, r.SourceTemplateID),
		uuidField("DefinitionID", &r.DefinitionID), uuidField("SourceTemplateID", &r.SourceTemplateID),
		problemIf(!isWebPage(r.RedirectURL), "RedirectURL is not a URL such as https://app.example.com/connected"))
	return gen.OAuthInitiateRequest{
		WorkspaceName: workspace, Name: optional(r.Name), ConnectorType: optional(r.ConnectorType), DefinitionID: optional(r.DefinitionID),
		SourceTemplateID: optional(r.SourceTemplateID), RedirectURL: r.RedirectURL, ReplicationConfig: r.ReplicationConfig, OAuthInputConfiguration: r.Input,
	}, err
}

// StartOAuth begins the consent of a user to a connector, and returns the URL to which
// the user's browser must go. Once the user has consented, the service creates the
// connector in the workspace, and the browser returns to the RedirectURL of the
// request; see [ConsentResult]. An incomplete request is an error that matches
// [ErrInvalid]; nothing is sent. If the organization has neither an OAuth app nor a
// source template of its own for the kind of connector, the error matches ErrInvalid,
// too.
//
// Treat the URL as a secret until it is used: whoever opens it can connect an account
// of their own to the workspace.
func (w *Workspace) StartOAuth(ctx context.Context, r OAuthRequest) (consentURL string, err error) {
	ask := w.begin(&call{op: "start OAuth", name: "initiateOAuth"})
	body, err := r.wire(ask.op, w.name)
	if err != nil {
		return "", err
	}
	ask.secrets = configSecrets(r.ReplicationConfig, r.Input)
	got, err := fetch[consent](ctx, ask.to(gen.NewInitiateOAuthRequest(ask.server(), nil, body)))
	if err != nil {
		if e := notFound(err); e != nil {
			e.note = fmt.Sprintf("perhaps the workspace is missing: Workspace.Ensure creates %q", w.name)
		}
		return "", err
	}
	return got.URL.v, nil
}

// A consent is the response to the start of one.
type consent struct {
	URL loose[string] `json:"consent_url"`
}

func (c consent) lacks() string { return unless(isWebPage(c.URL.v), "URL for the consent") }

// ConsentResult reads the query of the URL with which a browser returns from the
// consent that [Workspace.StartOAuth] began, and returns the ID of the connector that
// was created. If there is none because the user or the vendor refused, the error
// matches [ErrNoConsent]; its Code is the parameter error and its Message the parameter
// error_description. A query with neither is an error that matches [ErrInvalid].
//
// Anybody can open the page with any query. Before using the ID for a user, make sure
// that this user's browser was sent to the consent, with a cookie for example, and that
// the connector is in the user's workspace: [Workspace.ListConnectors] lists it.
func ConsentResult(query url.Values) (connectorID string, err error) {
	const op = "read the result of a consent"
	if query.Has("error") || query.Has("error_description") {
		code := answer.Line(query.Get("error"))
		return "", &Error{op: op, kind: ErrNoConsent, Code: code, Message: cmp.Or(answer.Line(query.Get("error_description")), ErrNoConsent.Error())}
	}
	id, ok := connectorUUID(query.Get("connector_id"))
	switch {
	case !query.Has("connector_id"):
		return "", invalid(op, "the query has neither connector_id nor error")
	case !ok || len(query["connector_id"]) > 1:
		return "", invalid(op, "connector_id in the query is not a UUID")
	}
	return id, nil
}
