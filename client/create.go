package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// A CreateConnectorRequest describes a connector to be made. It needs exactly
// one of ConnectorType, DefinitionID and SourceTemplateID, and at least one of
// Credentials, ReplicationConfig and OAuthSecretID. It prints nothing that
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
}

// A RequestedEntity is an entity that a connector is made for.
type RequestedEntity struct {
	Entity string
	Modes  []string // "read", "write"; nil for the connector's default
}

func (r CreateConnectorRequest) String() string {
	hidden := func(m map[string]any) string {
		if m == nil {
			return "none"
		}
		return redacted
	}
	secret := `""`
	if r.OAuthSecretID != "" {
		secret = redacted
	}
	return fmt.Sprintf("client.CreateConnectorRequest{Name:%q, ConnectorType:%q, DefinitionID:%q, SourceTemplateID:%q, "+
		"Credentials:%s, Environment:%s, ReplicationConfig:%s, OAuthSecretID:%s, Entities:%d}",
		r.Name, r.ConnectorType, r.DefinitionID, r.SourceTemplateID,
		hidden(r.Credentials), hidden(r.Environment), hidden(r.ReplicationConfig), secret, len(r.Entities))
}

// Format writes what String returns, for every verb.
func (r CreateConnectorRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r CreateConnectorRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not for storing.
func (r CreateConnectorRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r CreateConnectorRequest) check() error {
	const op = "create connector"
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
	if r.Credentials == nil && r.ReplicationConfig == nil && r.OAuthSecretID == "" {
		problems = append(problems, "one of Credentials, ReplicationConfig and OAuthSecretID must be given")
	}
	for name, id := range map[string]string{"DefinitionID": r.DefinitionID, "SourceTemplateID": r.SourceTemplateID} {
		if _, ok := plainUUID(id); id != "" && !ok {
			problems = append(problems, name+" is not a UUID")
		}
	}
	if slices.Contains(r.secretValues(), redacted) {
		problems = append(problems, "an auth.Secret is inside, which would be sent as "+redacted+"; string(s) reveals it")
	}
	for i, e := range r.Entities {
		if strings.TrimSpace(e.Entity) == "" {
			problems = append(problems, fmt.Sprintf("Entities[%d] has no name", i))
		}
	}
	if len(problems) > 0 {
		return invalid(op, "%s", strings.Join(problems, "; "))
	}
	return nil
}

func (r CreateConnectorRequest) wire(workspace string) gen.ConnectorCreateRequest {
	w := gen.ConnectorCreateRequest{
		WorkspaceName:     workspace,
		Credentials:       r.Credentials,
		Environment:       r.Environment,
		ReplicationConfig: r.ReplicationConfig,
	}
	for to, s := range map[**string]string{
		&w.Name: r.Name, &w.ConnectorType: r.ConnectorType, &w.DefinitionID: r.DefinitionID,
		&w.SourceTemplateID: r.SourceTemplateID, &w.ServerSideOAuthSecretID: r.OAuthSecretID,
	} {
		if s != "" {
			*to = &s
		}
	}
	for _, e := range r.Entities {
		entity := gen.RequestedEntity{Entity: e.Entity}
		for _, m := range e.Modes {
			entity.Modes = append(entity.Modes, gen.EntityMode(m))
		}
		w.Entities = append(w.Entities, entity)
	}
	return w
}

// secretValues are the texts of r that an error must not repeat.
func (r CreateConnectorRequest) secretValues() []string {
	list := texts(nil, asSent(r.Credentials))
	list = texts(list, asSent(r.ReplicationConfig))
	return append(list, r.OAuthSecretID)
}

// asSent is what v looks like to the service, whatever types are in it.
func asSent(v map[string]any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return nil // nor will it be sent
	}
	var sent any
	_ = json.Unmarshal(b, &sent)
	return sent
}

// texts appends the texts in v, decoded JSON, to list.
func texts(list []string, v any) []string {
	switch v := v.(type) {
	case string:
		return append(list, v)
	case map[string]any:
		for _, x := range v {
			list = texts(list, x)
		}
	case []any:
		for _, x := range v {
			list = texts(list, x)
		}
	}
	return list
}

// CreateConnector makes a connector in the workspace. A request that is not
// complete is [ErrInvalid], and nothing is sent. It is never sent twice; only
// after 429, or when no connection was made, is it tried again.
func (w *Workspace) CreateConnector(ctx context.Context, r CreateConnectorRequest) (*ConnectorInfo, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	call := &call{op: "create connector", name: "createConnector", secrets: r.secretValues()}
	type created struct {
		connectorItem
		Full struct {
			templateItem
			DefinitionID string `json:"source_definition_id"`
		} `json:"source_template"`
	}
	got, err := fetch[created](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.CreateConnector(ctx, &gen.CreateConnectorParams{}, r.wire(w.name))
	})
	if err != nil {
		return nil, w.explain(err)
	}
	info := got.info()
	info.TemplateID, info.DisplayName = got.Full.ID, got.Full.Name
	info.DefinitionID, info.Slug = got.Full.DefinitionID, got.Full.Slug
	if info.Slug == "" {
		info.Slug = r.ConnectorType
	}
	return &info, nil
}

// DeleteConnector deletes a connector by its id. The service does so in the
// background, as the job whose id is returned; the connector is listed until it
// is done.
func (w *Workspace) DeleteConnector(ctx context.Context, id string) (jobID string, err error) {
	call := &call{op: "delete connector", name: "deleteConnector"}
	if id, err = w.ConnectorByID(id).checkedID(call.op); err != nil {
		return "", err
	}
	got, err := fetch[gen.ConnectorDeletion](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return w.client.raw.DeleteConnector(ctx, id, &gen.DeleteConnectorParams{})
	})
	if err != nil {
		return "", err
	}
	return got.JobID, nil
}
