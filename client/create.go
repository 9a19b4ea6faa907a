package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// A CreateConnectorRequest describes a connector to be made. It needs exactly
// one of ConnectorType, DefinitionID and SourceTemplateID, and at least one of
// Credentials, ReplicationConfig and OAuthSecretID; empty ones do not count. It
// prints nothing that
// may be secret, but in an unexported field of another type, where fmt calls no
// methods.
type CreateConnectorRequest struct {
	Name string // of the connector; the service chooses one when empty

	ConnectorType    string // the slug, such as "github"
	DefinitionID     string // a UUID
	SourceTemplateID string // a UUID; needed when a type has several templates

	// Credentials are those of the business system, such as a GitHub token.
	// They are not the client id and secret of the application.
	Credentials map[string]any

	// Environment holds settings that are not secret, such as a subdomain.
	Environment map[string]any

	// ReplicationConfig is the configuration of connectors that replicate, or
	// overrides for it.
	ReplicationConfig map[string]any

	// OAuthSecretID is what the redirect of the OAuth flow handed back, in
	// place of Credentials.
	OAuthSecretID string

	// Entities limits what the connector may reach; nil for all.
	Entities []RequestedEntity

	// ConnectionTemplateTags choose which of the organization's connection
	// templates its data is replicated with: those that have one of the tags, or
	// with TagMatchAll all of them.
	ConnectionTemplateTags  []string
	ConnectionTemplateMatch TagMatch // TagMatchAny when empty
}

// TagMatch tells how many of several tags are wanted.
type TagMatch string

// How many of several tags are wanted.
const (
	TagMatchAny TagMatch = "any"
	TagMatchAll TagMatch = "all"
)

// A RequestedEntity is an entity that a connector is made for.
type RequestedEntity struct {
	Entity string       `json:"entity"`
	Modes  []EntityMode `json:"modes,omitempty"` // nil for the connector's default
}

// An EntityMode is what a connector may do with an entity. Values that are not
// among the constants may come.
type EntityMode string

// What a connector may do with an entity.
const (
	EntityRead  EntityMode = "read"
	EntityWrite EntityMode = "write"
)

func (r CreateConnectorRequest) String() string {
	secret := `""`
	if r.OAuthSecretID != "" {
		secret = redacted
	}
	return fmt.Sprintf("client.CreateConnectorRequest{Name:%q, ConnectorType:%q, DefinitionID:%q, SourceTemplateID:%q, "+
		"Credentials:%s, Environment:%s, ReplicationConfig:%s, OAuthSecretID:%s, Entities:%d}",
		r.Name, r.ConnectorType, r.DefinitionID, r.SourceTemplateID,
		hiddenConfig(r.Credentials), hiddenConfig(r.Environment), hiddenConfig(r.ReplicationConfig), secret, len(r.Entities))
}

// Format writes what String returns, for every verb.
func (r CreateConnectorRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r CreateConnectorRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not for storing.
func (r CreateConnectorRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// trimmed is r without white space around its texts.
func (r CreateConnectorRequest) trimmed() CreateConnectorRequest {
	for _, s := range []*string{&r.Name, &r.ConnectorType, &r.DefinitionID, &r.SourceTemplateID, &r.OAuthSecretID} {
		*s = strings.TrimSpace(*s)
	}
	for _, id := range []*string{&r.DefinitionID, &r.SourceTemplateID} {
		if plain, ok := plainUUID(*id); ok {
			*id = plain
		}
	}
	return r
}

// check refuses what the service would refuse, too.
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

// unnamed are the problems of entities.
func unnamed(entities []RequestedEntity) (problems []string) {
	for i, e := range entities {
		if strings.TrimSpace(e.Entity) == "" {
			problems = append(problems, fmt.Sprintf("Entities[%d] has no name", i))
		}
	}
	return problems
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
		&w.SourceTemplateID: r.SourceTemplateID, &w.ServerSideOAuthSecretID: r.OAuthSecretID,
	} {
		if s != "" {
			*to = &s
		}
	}
	return w
}

// requested are entities as they are sent. None at all is not the same as an
// empty list.
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

// secretValues are the texts of r that an error must not repeat.
func (r CreateConnectorRequest) secretValues() []string {
	return append(configSecrets(r.Credentials, r.ReplicationConfig), r.OAuthSecretID)
}

// CreateConnector makes a connector in the workspace. A request that is not
// complete is [ErrInvalid], and nothing is sent. It is never sent twice; only
// after 429, or when no connection was made, is it tried again.
func (w *Workspace) CreateConnector(ctx context.Context, r CreateConnectorRequest) (*ConnectorInfo, error) {
	const op = "create connector"
	r = r.trimmed()
	if err := r.check(op); err != nil {
		return nil, err
	}
	call := &call{op: op, name: "createConnector", secrets: r.secretValues()}
	got, err := fetch[wholeConnector](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.CreateConnector(ctx, &gen.CreateConnectorParams{}, r.wire(w.name))
	})
	if err != nil {
		return nil, w.explain(err)
	}
	info := got.info(r.ConnectorType)
	return &info, nil
}

// A wholeConnector is a connector with all of its template and configuration.
type wholeConnector struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Template  struct {
		ID           string `json:"id"`
		Name         string `json:"name"`
		Slug         string `json:"connector_name"` // not in the contract
		DefinitionID string `json:"source_definition_id"`
	} `json:"source_template"`

	// What is odd here must not hide that the connector was made or changed.
	Entities loose[[]RequestedEntity] `json:"entities"`
	Config   configuration            `json:"replication_config"`
}

// info is the connector; slug is that of its kind if the service does not say.
func (c *wholeConnector) info(slug string) ConnectorInfo {
	return ConnectorInfo{
		ID: c.ID, Name: c.Name, Slug: cmp.Or(c.Template.Slug, slug), DisplayName: c.Template.Name,
		DefinitionID: c.Template.DefinitionID, TemplateID: c.Template.ID, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
}

// CheckConnector asks the service to try the configuration of a connector
// before [Workspace.CreateConnector] makes it: nothing is made. A configuration
// that does not work is a result and no error; [CheckResult.OK] tells. A request
// that is not complete is [ErrInvalid], and nothing is sent. What is secret in r
// is removed from the texts of the result.
func (w *Workspace) CheckConnector(ctx context.Context, r CreateConnectorRequest) (*CheckResult, error) {
	const op = "check connector configuration"
	r = r.trimmed()
	if err := r.check(op); err != nil {
		return nil, err
	}
	call := &call{op: op, name: "checkConnectorConfig", secrets: r.secretValues()}
	got, err := fetch[CheckResult](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.CheckConnectorConfig(ctx, &gen.CheckConnectorConfigParams{}, r.wire(w.name))
	})
	if err != nil {
		return nil, w.explain(err)
	}
	got.scrub(newScrubber(call.secrets))
	return got, nil
}

// DeleteConnector deletes a connector by its id. The service does so in the
// background, as the job whose id is returned; the connector is listed until it
// is done, which [Workspace.WaitDeleted] waits for. One that does not exist is
// [ErrConnectorNotFound]. Like [Workspace.ConnectorByID], it does not check that
// the connector is one of this workspace.
func (w *Workspace) DeleteConnector(ctx context.Context, id string) (jobID string, err error) {
	call := &call{op: "delete connector", name: "deleteConnector"}
	if id, err = w.ConnectorByID(id).checkedID(call.op); err != nil {
		return "", err
	}
	got, err := fetch[gen.ConnectorDeletion](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.DeleteConnector(ctx, id, &gen.DeleteConnectorParams{})
	})
	if err != nil {
		return "", missing(err, ErrConnectorNotFound)
	}
	return got.JobID, nil
}

// WaitDeleted waits until the connector of that id, which
// [Workspace.DeleteConnector] deletes, is listed in the workspace no more. It
// returns nil then, and else, with the error, the connector as it was listed
// last. A connector that the workspace does not have counts as deleted, and so
// does each connector of a workspace that is gone.
//
// It waits for 10 minutes at most, unless [WithWaitLimit] says otherwise; then
// the error is [ErrWaitedTooLong]. It looks at the list, since leaving it is
// what the service tells of a connector whose deletion is done.
func (w *Workspace) WaitDeleted(ctx context.Context, id string, opts ...WaitOption) (*ConnectorInfo, error) {
	const op = "wait for the deletion of a connector"
	id, err := w.ConnectorByID(id).checkedID(op)
	if err != nil {
		return nil, err
	}
	return wait(ctx, op, opts, func(ctx context.Context) (*ConnectorInfo, bool, error) {
		infos, err := w.ListConnectors(ctx)
		if errors.Is(err, ErrWorkspaceNotFound) {
			return nil, true, nil
		}
		if err != nil {
			return nil, false, err
		}
		for _, info := range infos {
			if listed, ok := connectorUUID(info.ID); ok && listed == id {
				return &info, false, nil
			}
		}
		return nil, true, nil
	})
}
