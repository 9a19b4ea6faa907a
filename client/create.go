package client

import (
	"context"
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

// A TagMatch says how many of several tags must match.
type TagMatch string

// The ways to match tags.
const (
	TagMatchAny TagMatch = "any"
	TagMatchAll TagMatch = "all"
)

// A RequestedEntity is an entity that is selected for a connector.
type RequestedEntity struct {
	Entity string       `json:"entity"`
	Modes  []EntityMode `json:"modes,omitempty"` // nil means the connector's default
}

// An EntityMode is a mode of access to an entity. The service may send values that
// are not among the constants.
type EntityMode string

// The modes of entities.
const (
	EntityRead  EntityMode = "read"
	EntityWrite EntityMode = "write"
)

// String describes the request without values that may be secret.
func (r CreateConnectorRequest) String() string {
	secret := `""`
	if r.OAuthSecretID != "" {
		secret = redacted
	}
	return fmt.Sprintf("client.CreateConnectorRequest{Name:%q, ConnectorType:%q, DefinitionID:%q, SourceTemplateID:%q, "+
		"Credentials:%s, Environment:%s, ReplicationConfig:%s, OAuthSecretID:%s, Entities:%d}",
		r.Name, r.ConnectorType, r.DefinitionID, r.SourceTemplateID,
		r.Credentials, r.Environment, r.ReplicationConfig, secret, len(r.Entities))
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
	for _, id := range []*string{&r.DefinitionID, &r.SourceTemplateID} {
		if plain, ok := plainUUID(*id); ok {
			*id = plain
		}
	}
	return r
}

// check returns an error for a request that the service would refuse.
func (r CreateConnectorRequest) check(op string) error {
	var problems []string
	kinds := 0
	for _, s := range []string{r.ConnectorType, r.DefinitionID, r.SourceTemplateID} {
		if s != "" {
			kinds++
		}
	}
	if kinds != 1 {
		problems = append(problems, fmt.Sprintf("exactly one of ConnectorType, DefinitionID and SourceTemplateID must be given, not %d", kinds))
	}
	if len(r.Credentials) == 0 && len(r.ReplicationConfig) == 0 && r.OAuthSecretID == "" {
		problems = append(problems, "one of Credentials, ReplicationConfig and OAuthSecretID must be given")
	}
	for name, id := range map[string]string{"DefinitionID": r.DefinitionID, "SourceTemplateID": r.SourceTemplateID} {
		if _, ok := plainUUID(id); id != "" && !ok {
			problems = append(problems, name+" is not a UUID")
		}
	}
	for field, config := range map[string]map[string]any{"Credentials": r.Credentials, "ReplicationConfig": r.ReplicationConfig, "Environment": r.Environment} {
		problems = append(problems, configProblem(field, config))
	}
	if r.ConnectionTemplateMatch != "" && len(r.ConnectionTemplateTags) == 0 {
		problems = append(problems, "ConnectionTemplateMatch is given without ConnectionTemplateTags")
	}
	slices.Sort(problems)
	return refuse(op, append(problems, unnamed(r.Entities)...)...)
}

func (r CreateConnectorRequest) wire(workspace string) gen.ConnectorCreateRequest {
	w := gen.ConnectorCreateRequest{
		WorkspaceName:     workspace,
		Credentials:       r.Credentials,
		Environment:       r.Environment,
		ReplicationConfig: r.ReplicationConfig,
		Entities:          requested(r.Entities),

		SelectedConnectionTemplateTags:     r.ConnectionTemplateTags,
		SelectedConnectionTemplateTagsMode: optional(gen.TagMatch(r.ConnectionTemplateMatch)),
	}
	for to, s := range map[**string]string{
		&w.Name: r.Name, &w.ConnectorType: r.ConnectorType, &w.DefinitionID: r.DefinitionID,
		&w.SourceTemplateID: r.SourceTemplateID, &w.ServerSideOAuthSecretID: string(r.OAuthSecretID),
	} {
		if s != "" {
			*to = &s
		}
	}
	return w
}

// requested converts entities to the type of the contract. Nil stays nil: it is not
// the same as an empty list.
func requested(entities []RequestedEntity) []gen.RequestedEntity {
	if entities == nil {
		return nil
	}
	list := make([]gen.RequestedEntity, len(entities))
	for i, e := range entities {
		list[i].Entity = e.Entity
		for _, m := range e.Modes {
			list[i].Modes = append(list[i].Modes, gen.EntityMode(m))
		}
	}
	return list
}

// secretValues returns the texts in r that an error must not repeat.
func (r CreateConnectorRequest) secretValues() []string {
	return append(configSecrets(r.Credentials, r.ReplicationConfig), string(r.OAuthSecretID))
}

// explainCreation is explain for a request that names more than the workspace. The
// workspace is missing if the service says so, or if it says nothing and the request
// names nothing else that only this organization has.
func (w *Workspace) explainCreation(err error, r CreateConnectorRequest) error {
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
	case about("workspace"), r.SourceTemplateID == "" && r.DefinitionID == "" && r.OAuthSecretID == "":
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
	const op = "create connector"
	r = r.trimmed()
	if err := r.check(op); err != nil {
		return nil, err
	}
	ask := w.begin(&call{op: op, name: "createConnector", secrets: r.secretValues()})
	got, err := fetch[wholeConnector](ctx, ask.to(gen.NewCreateConnectorRequest(ask.server(), nil, r.wire(w.name))))
	if err != nil {
		return nil, w.explainCreation(err, r)
	}
	info := got.info(r.ConnectorType)
	return &info, nil
}

// CheckConnector asks the service to try the configuration of a connector without
// creating it. A configuration that does not work is not an error: use
// [CheckResult.OK] to find out, and [CheckResult.Reason] for the reason. An incomplete
// request is an error that matches [ErrInvalid]; nothing is sent. Secrets of r are
// removed from the texts of the result.
func (w *Workspace) CheckConnector(ctx context.Context, r CreateConnectorRequest) (*CheckResult, error) {
	const op = "check connector configuration"
	r = r.trimmed()
	if err := r.check(op); err != nil {
		return nil, err
	}
	ask := w.begin(&call{op: op, name: "checkConnectorConfig", secrets: r.secretValues()})
	got, err := fetch[CheckResult](ctx, ask.to(gen.NewCheckConnectorConfigRequest(ask.server(), nil, r.wire(w.name))))
	if err != nil {
		return nil, w.explainCreation(err, r)
	}
	return got, nil
}
