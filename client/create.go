package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// A CreateConnectorRequest describes a connector to create. Exactly one of
// ConnectorType, DefinitionID and SourceTemplateID must be set, and at least one of
// Credentials, ReplicationConfig and OAuthSecretID must not be empty.
//
// Formatting, logging or marshaling a request hides what may be secret, except where
// it is in an unexported field of another type: fmt calls no methods there.
type CreateConnectorRequest struct {
	Name string // the connector's own name; if empty, the service chooses one

	ConnectorType    string // the slug of the kind of connector, such as "github"
	DefinitionID     string // the ID of a source definition, a UUID
	SourceTemplateID string // the ID of a source template, a UUID; needed if the kind has several

	// Credentials are the credentials of the business system, such as a GitHub
	// token. They are not the client ID and client secret of the application. The
	// source definition says which fields there are; see [Definitions.GetSource].
	Credentials Configuration

	// Environment holds settings that are not secret, such as a subdomain.
	Environment Configuration

	// ReplicationConfig is the configuration for replication. For a source template
	// with the mode [SourceTemplateReplication] it must be complete; for the other
	// modes it is merged over Credentials and Environment.
	ReplicationConfig Configuration

	// OAuthSecretID is the ID that the redirect at the end of an OAuth flow
	// returned. It takes the place of Credentials.
	OAuthSecretID auth.Secret

	// Entities selects the entities that are replicated and, with OAuth, the scopes
	// that are requested; nil means all.
	Entities []RequestedEntity

	// ConnectionTemplateTags selects the organization's connection templates by
	// which the data is replicated: those with at least one of the tags or, if
	// ConnectionTemplateMatch is TagMatchAll, with all of them.
	ConnectionTemplateTags  []string
	ConnectionTemplateMatch TagMatch // TagMatchAny if empty
}

// String describes the request without values that may be secret.
func (r CreateConnectorRequest) String() string {
	return fmt.Sprintf("client.CreateConnectorRequest{Name:%q, ConnectorType:%q, DefinitionID:%q, SourceTemplateID:%q, "+
		"Credentials:%s, Environment:%s, ReplicationConfig:%s, OAuthSecretID:%s, Entities:%d}",
		r.Name, r.ConnectorType, r.DefinitionID, r.SourceTemplateID,
		r.Credentials, r.Environment, r.ReplicationConfig, shownSecret(r.OAuthSecretID), len(r.Entities))
}

// Format writes what String returns, for every verb.
func (r CreateConnectorRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r CreateConnectorRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not meant to be stored.
func (r CreateConnectorRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// trimmed returns r without white space around its texts.
func (r CreateConnectorRequest) trimmed() CreateConnectorRequest {
	for _, s := range []*string{&r.Name, &r.ConnectorType, &r.DefinitionID, &r.SourceTemplateID} {
		*s = strings.TrimSpace(*s)
	}
	r.OAuthSecretID = trimmedSecret(r.OAuthSecretID)
	return r
}

func (r CreateConnectorRequest) wire(op, workspace string) (body gen.ConnectorCreateRequest, err error) {
	r = r.trimmed()
	problems := []string{
		exactlyOne(fieldsOfKind, r.ConnectorType, r.DefinitionID, r.SourceTemplateID),
		problemIf(len(r.Credentials) == 0 && len(r.ReplicationConfig) == 0 && r.OAuthSecretID == "", "one of Credentials, ReplicationConfig and OAuthSecretID must be given"),
		uuidField("DefinitionID", &r.DefinitionID),
		uuidField("SourceTemplateID", &r.SourceTemplateID),
		configProblem("Credentials", r.Credentials),
		configProblem("ReplicationConfig", r.ReplicationConfig),
		configProblem("Environment", r.Environment),
		tagProblem("ConnectionTemplate", r.ConnectionTemplateTags, r.ConnectionTemplateMatch),
	}
	slices.Sort(problems)
	if err := refuse(op, append(problems, unnamed(r.Entities)...)...); err != nil {
		return body, err
	}
	_, mode := matchTags(r.ConnectionTemplateTags, r.ConnectionTemplateMatch)
	return gen.ConnectorCreateRequest{
		WorkspaceName: workspace, Name: optional(r.Name), ConnectorType: optional(r.ConnectorType),
		DefinitionID: optional(r.DefinitionID), SourceTemplateID: optional(r.SourceTemplateID),
		Credentials: r.Credentials, Environment: r.Environment, ReplicationConfig: r.ReplicationConfig,
		ServerSideOAuthSecretID: optional(string(r.OAuthSecretID)), Entities: requested(r.Entities),
		SelectedConnectionTemplateTags:     r.ConnectionTemplateTags,
		SelectedConnectionTemplateTagsMode: mode,
	}, nil
}

// secretValues returns the texts in r that an error must not repeat.
func (r CreateConnectorRequest) secretValues() []string {
	return append(configSecrets(r.Credentials, r.ReplicationConfig), string(r.OAuthSecretID))
}

// explainCreation is explain for a request that names more than the workspace. The
// workspace is missing if the service says so, or if it says nothing and the request
// names nothing else that only this organization has.
func (w *Workspace) explainCreation(err error, sent gen.ConnectorCreateRequest) error {
	e := notFound(err)
	if e == nil {
		return err
	}
	text := e.Message + " " + e.Code
	for _, f := range e.Fields {
		text += " " + f.Field + " " + f.Message + " " + f.Code
	}
	text = strings.ToLower(strings.ReplaceAll(text, w.name, ""))
	switch about := func(word string) bool { return strings.Contains(text, word) }; {
	case about("template"), about("definition"), about("oauth"), about("secret"), about("connector"):
		return err
	case about("workspace"), sent.SourceTemplateID == nil && sent.DefinitionID == nil && sent.ServerSideOAuthSecretID == nil:
		return w.explain(err)
	}
	e.note = fmt.Sprintf("the request may name something that does not exist, or the workspace is missing; Workspace.Ensure creates %q", w.name)
	return err
}

// CreateConnector creates a connector in the workspace. An incomplete request is an
// error that matches [ErrInvalid]; nothing is sent. To try the configuration first,
// call [Workspace.CheckConnector]. Like every write, it is retried only if nothing can
// have been created; see [Error.OutcomeUnknown].
func (w *Workspace) CreateConnector(ctx context.Context, r CreateConnectorRequest) (*ConnectorInfo, error) {
	ask := w.begin(&call{op: "create connector", name: "createConnector"})
	body, err := r.wire(ask.op, w.name)
	if err != nil {
		return nil, err
	}
	ask.secrets = r.secretValues()
	got, err := fetch[wholeConnector](ctx, ask.to(gen.NewCreateConnectorRequest(ask.server(), nil, body)))
	if err != nil {
		return nil, w.explainCreation(err, body)
	}
	info := got.info(strings.TrimSpace(r.ConnectorType))
	return &info, nil
}

// CheckConnector asks the service to try the configuration of a connector without
// creating it. It is not retried after a failure of the service, since each check
// contacts the vendor. A configuration that does not work is not an error: use
// [CheckResult.OK] to find out, and [CheckResult.Reason] for the reason. An incomplete
// request is an error that matches [ErrInvalid]; nothing is sent. Secrets of r are
// removed from the texts of the result.
func (w *Workspace) CheckConnector(ctx context.Context, r CreateConnectorRequest) (*CheckResult, error) {
	ask := w.begin(&call{op: "check connector configuration", name: "checkConnectorConfig"})
	body, err := r.wire(ask.op, w.name)
	if err != nil {
		return nil, err
	}
	ask.secrets = r.secretValues()
	got, err := fetch[CheckResult](ctx, ask.to(gen.NewCheckConnectorConfigRequest(ask.server(), nil, body)))
	if err != nil {
		return nil, w.explainCreation(err, body)
	}
	return got, nil
}

// EnsureConnector returns the connector of the workspace whose name is r.Name, and
// creates it from r if there is none; created tells which. It is for programs that set
// up their customers' connectors and may run twice: it can be repeated, also after an
// error, and if it is not known whether a creation was carried out, it looks.
//
// r.Name is required, and compared exactly, unlike by [Workspace.Connector]. A connector
// of that name that exists is returned as it is, with the credentials that it has: its
// configuration, which cannot be read back, is neither compared nor changed. The page
// docs/workspaces.md shows how to replace a key. If r names a ConnectorType or a
// DefinitionID that is not the one of the connector that exists, the error matches
// [ErrInvalid]; if several connectors have the name, it matches [ErrConnectorAmbiguous].
// In both cases nothing is created.
//
// The service accepts two connectors of one name. Two calls of EnsureConnector at the
// same time for the same name can both create one: let the caller hold a lock.
//
// It sends one request if the connector exists, and two if not.
func (w *Workspace) EnsureConnector(ctx context.Context, r CreateConnectorRequest) (info *ConnectorInfo, created bool, err error) {
	const op = "ensure connector"
	defer func() { err = w.about().addTo(err) }()
	r = r.trimmed()
	if r.Name == "" {
		return nil, false, invalid(op, "Name is empty; it is what the connector is found by")
	}
	if _, err := r.wire(op, w.name); err != nil {
		return nil, false, err
	}
	if info, err = w.connectorOf(ctx, op, r); info != nil || err != nil {
		return info, false, err
	}
	info, err = w.CreateConnector(ctx, r)
	if err == nil {
		return info, true, nil
	}
	if failed, ok := errors.AsType[*Error](err); ok && failed.OutcomeUnknown {
		if found, e := w.connectorOf(ctx, op, r); found != nil && e == nil {
			return found, true, nil
		}
	}
	return nil, false, err
}

// connectorOf returns the connector with the name of r, or nil if there is none.
func (w *Workspace) connectorOf(ctx context.Context, op string, r CreateConnectorRequest) (*ConnectorInfo, error) {
	infos, err := w.ListConnectors(ctx)
	if err != nil {
		return nil, err
	}
	var found []ConnectorInfo
	for _, c := range infos {
		if strings.TrimSpace(c.Name) == r.Name {
			found = append(found, c)
		}
	}
	switch {
	case len(found) == 0:
		return nil, nil
	case len(found) > 1:
		return nil, &Error{op: op, kind: ErrConnectorAmbiguous, Message: fmt.Sprintf("%d connectors of workspace %q have the name %q: %s",
			len(found), w.name, r.Name, enumerate(found, func(c ConnectorInfo) string { return c.ID }))}
	}
	have := &found[0]
	if r.ConnectorType != "" && have.Slug != "" && plainSlug(have.Slug) != plainSlug(r.ConnectorType) {
		return nil, invalid(op, "the connector %q exists and is of type %s, not %s", r.Name, have.Slug, r.ConnectorType)
	}
	if r.DefinitionID != "" && have.DefinitionID != "" && !strings.EqualFold(have.DefinitionID, r.DefinitionID) {
		return nil, invalid(op, "the connector %q exists and is of definition %s, not %s", r.Name, have.DefinitionID, r.DefinitionID)
	}
	return have, nil
}
