package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// A Connector is a handle for one connection of a workspace to a business system.
type Connector struct {
	ws *Workspace
	id string

	slug atomic.Pointer[string] // once it is known
	docs atomic.Pointer[string] // the ID of its documentation, once Inspect has found it

	pages atomic.Pointer[pageMemory] // of NextParams
	own   ownWords
}

// ID returns the ID of the connector, a UUID.
func (c *Connector) ID() string { return c.id }

// Slug returns the slug of the kind of connector, such as "github". For a connector
// from [Workspace.ConnectorByID] it is "" until [All] or [Result.NextParams] needs the
// slug and looks it up: the service sends slugs only in lists.
func (c *Connector) Slug() string {
	if slug := c.slug.Load(); slug != nil {
		return *slug
	}
	return ""
}

// learn keeps the slug unless it is empty.
func (c *Connector) learn(slug string) {
	if slug != "" {
		c.slug.Store(&slug)
	}
}

// begin is [Client.begin] for a call about the connector.
func (c *Connector) begin(ask *call) *call {
	if ask.about == (subject{}) {
		ask.about = c.about()
	}
	return c.ws.begin(ask)
}

func (c *Connector) about() subject {
	id, ok := connectorUUID(c.id)
	if !ok {
		id = shorten(c.id)
	}
	return subject{workspace: c.ws.ready().name, connector: c.Slug(), connectorID: id}
}

// Workspace returns the workspace through which c was obtained.
func (c *Connector) Workspace() *Workspace { return c.ws }

// String describes the connector by its slug and its ID, for printing.
func (c *Connector) String() string { return fmt.Sprintf("client.Connector{%s %s}", c.Slug(), c.id) }

// Format writes what String returns, for every verb.
func (c *Connector) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// MarshalText returns what String returns.
func (c *Connector) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ConnectorDetails is what the service reports about one connector alone: what lists
// have, and its configuration.
type ConnectorDetails struct {
	ConnectorInfo // Slug is that of [Connector.Slug], which may be "": the service does not send it here

	// Entities are the entities that are selected for replication; empty means all.
	Entities []RequestedEntity `json:"entities,omitempty"`

	// ReplicationConfig is the configuration for replication. The service masks
	// the secrets that it recognizes in it; treat it as secret all the same.
	// Numbers are json.Number, so that they can be sent back without loss.
	ReplicationConfig Configuration `json:"replication_config"`
}

// String describes the connector without its configuration.
func (d ConnectorDetails) String() string {
	return fmt.Sprintf("client.ConnectorDetails{ID:%q, Name:%q, Slug:%q, DefinitionID:%q, TemplateID:%q, Entities:%d, ReplicationConfig:%s}",
		d.ID, d.Name, d.Slug, d.DefinitionID, d.TemplateID, len(d.Entities), d.ReplicationConfig)
}

// Format writes what String returns, for every verb. Without it, a verb that does not
// fit the type would make fmt print the fields of a pointer inside another type
// without calling their methods.
func (d ConnectorDetails) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

func (c *Connector) details(got *wholeConnector) *ConnectorDetails {
	info := got.info(c.Slug())
	c.learn(info.Slug)
	return &ConnectorDetails{ConnectorInfo: info, Entities: got.Entities.v, ReplicationConfig: got.Config.v}
}

// Details returns what the service knows about the connector, including its
// configuration, which lists do not have. If the connector does not exist, the error
// matches [ErrConnectorNotFound].
func (c *Connector) Details(ctx context.Context) (*ConnectorDetails, error) {
	ask := c.begin(&call{op: "get connector", name: "getConnector", read: true})
	id, err := c.checkedID(ask.op)
	if err != nil {
		return nil, err
	}
	got, err := fetch[wholeConnector](ctx, ask.to(gen.NewGetConnectorRequest(ask.server(), id, nil)))
	if err != nil {
		return nil, missing(err, ErrConnectorNotFound)
	}
	return c.details(got), nil
}

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

// unnamed lists the entities that have no name, as problems.
func unnamed(entities []RequestedEntity) (problems []string) {
	for i, e := range entities {
		if strings.TrimSpace(e.Entity) == "" {
			problems = append(problems, fmt.Sprintf("Entities[%d] has no name", i))
		}
	}
	return problems
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

// A ConnectorChange says what [Connector.Update] changes. Zero fields leave the
// connector unchanged.
//
// Formatting, logging or marshaling a change hides its ReplicationConfig, except where
// it is in an unexported field of another type: fmt calls no methods there.
type ConnectorChange struct {
	Name string

	// Entities selects the entities that are replicated. [Value] of an empty slice
	// removes the selection, so that all are replicated. [Null] sends null, whose
	// effect the service does not document. Value of a nil slice is an error, since
	// it could mean either.
	Entities Nullable[[]RequestedEntity]

	// ReplicationConfig, unless nil, replaces the whole configuration for
	// replication. Where [Connector.Details] returned asterisks for a secret, set the
	// secret: the service does not document what it does with asterisks.
	ReplicationConfig Configuration
}

// String describes the change without values that may be secret.
func (c ConnectorChange) String() string {
	entities := shownChange(c.Entities, func(list []RequestedEntity) string { return strconv.Itoa(len(list)) })
	return fmt.Sprintf("client.ConnectorChange{Name:%q, Entities:%s, ReplicationConfig:%s}", c.Name, entities, c.ReplicationConfig.inChange())
}

// Format writes what String returns, for every verb.
func (c ConnectorChange) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c ConnectorChange) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns: a change is not meant to be stored.
func (c ConnectorChange) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c ConnectorChange) isZero() bool {
	return strings.TrimSpace(c.Name) == "" && c.Entities.IsZero() && c.ReplicationConfig == nil
}

// secretValues returns the texts in c that an error must not repeat.
func (c ConnectorChange) secretValues() []string { return configSecrets(c.ReplicationConfig) }

func (c ConnectorChange) wire(op string) (body gen.ConnectorUpdateRequest, err error) {
	body.Name = set(strings.TrimSpace(c.Name))
	if c.ReplicationConfig != nil {
		body.ReplicationConfig = Value(map[string]any(c.ReplicationConfig))
	}
	var problems []string
	switch list, ok := c.Entities.Get(); {
	case ok && list == nil:
		problems = append(problems, "Entities is a nil slice: use Value of an empty slice to remove the selection, or Null to send null")
	case ok:
		problems = unnamed(list)
		body.Entities = Value(requested(list))
	case c.Entities.IsNull():
		body.Entities = Null[[]gen.RequestedEntity]()
	}
	return body, refuse(op, append(problems, configProblem("ReplicationConfig", c.ReplicationConfig))...)
}

// Update changes the connector and returns its new state. An empty change is an error
// that matches [ErrInvalid]; nothing is sent. To try a change first, call
// [Connector.CheckChange]. Credentials cannot be changed: another key needs another
// connector. If the connector does not exist, the error matches
// [ErrConnectorNotFound]. c remains valid, even if its name changes.
func (c *Connector) Update(ctx context.Context, change ConnectorChange) (*ConnectorDetails, error) {
	ask := c.begin(&call{op: "update connector", name: "updateConnector"})
	id, err := c.checkedID(ask.op)
	if err != nil {
		return nil, err
	}
	if change.isZero() {
		return nil, ask.about.addTo(invalid(ask.op, nothing))
	}
	body, err := change.wire(ask.op)
	if err != nil {
		return nil, ask.about.addTo(err)
	}
	ask.secrets = change.secretValues()
	got, err := fetch[wholeConnector](ctx, ask.to(gen.NewUpdateConnectorRequest(ask.server(), id, nil, body)))
	if err != nil {
		return orLook(missing(err, ErrConnectorNotFound), func() (*ConnectorDetails, error) { return c.Details(ctx) })
	}
	return c.details(got), nil
}

// findSlug learns the slug from the list of the workspace if it is not known. Afterwards
// [Connector.Slug] is "" if it cannot be found: the list does not have the connector, or
// may not be read. Any other failure is an error, and is not remembered.
func (c *Connector) findSlug(ctx context.Context) error {
	if c.Slug() != "" {
		return nil
	}
	infos, err := c.ws.ListConnectors(ctx)
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrForbidden) { // an ID needs no workspace of the right name
		return nil
	}
	if err != nil {
		return err
	}
	id, _ := connectorUUID(c.id)
	for _, info := range infos {
		if listed, ok := connectorUUID(info.ID); ok && listed == id {
			c.learn(info.Slug)
		}
	}
	return nil
}

// checkedID returns the ID in the form that goes into a path, or an error if it is
// not a UUID.
func (c *Connector) checkedID(op string) (string, error) {
	id, ok := connectorUUID(c.id)
	if !ok {
		return "", c.about().addTo(invalid(op, "%s", notUUID("connector", c.id)))
	}
	return id, nil
}

// A wholeConnector is a connector as the service sends it with its template and its
// configuration.
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

	// What is odd here must not hide that the connector was created or changed.
	Entities loose[[]RequestedEntity] `json:"entities"`
	Config   configuration            `json:"replication_config"`
}

func (c wholeConnector) lacks() string { return unless(c.ID != "", "id") }

// info is the connector; slug is that of its kind if the service does not say.
func (c *wholeConnector) info(slug string) ConnectorInfo {
	return ConnectorInfo{
		ID: c.ID, Name: c.Name, Slug: cmp.Or(c.Template.Slug, slug), DisplayName: c.Template.Name,
		DefinitionID: c.Template.DefinitionID, TemplateID: c.Template.ID, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
}

// DeleteConnector deletes the connector with the given ID, also one of another
// workspace: like [Workspace.ConnectorByID], it does not check that the connector
// belongs to w. For an ID that comes from a user, call [Workspace.Connector], which
// checks it, and [Connector.Delete], or use a client [WithScopedToken].
//
// It starts the deletion and returns the ID of the job that does it in the background,
// "" if the response is empty. The connector is listed until the job is done;
// [Connector.WaitDeleted] waits for that. If the connector does not exist, the error
// matches [ErrConnectorNotFound].
func (w *Workspace) DeleteConnector(ctx context.Context, id string) (jobID string, err error) {
	ask := w.begin(&call{op: "delete connector", name: "deleteConnector", mayBeEmpty: true, about: w.ConnectorByID(id).about()})
	if id, err = w.ConnectorByID(id).checkedID(ask.op); err != nil {
		return "", err
	}
	got, err := fetch[deletion](ctx, ask.to(gen.NewDeleteConnectorRequest(ask.server(), id, nil)))
	if err != nil {
		return "", missing(err, ErrConnectorNotFound)
	}
	return got.JobID, nil
}

// A deletion is the response to the deletion of a connector.
type deletion struct {
	JobID string `json:"job_id"`
}

func (d deletion) lacks() string { return unless(d.JobID != "", "job_id") }

// Delete deletes the connector; see [Workspace.DeleteConnector].
func (c *Connector) Delete(ctx context.Context) (jobID string, err error) {
	jobID, err = c.ws.DeleteConnector(ctx, c.id)
	return jobID, c.about().addTo(err)
}

// WaitDeleted waits until the workspace no longer lists the connector, which is how the
// service shows that a deletion is done. It then returns nil and no error. With an
// error, it returns the connector as it was last listed. A connector that the workspace
// never had counts as deleted, and so does every connector of a workspace that does not
// exist, except with [WithScopedToken], which looks the workspace up first: then that is
// an error.
//
// It waits for at most 10 minutes, or as long as [Polling.Limit] says; after that the
// error matches [ErrWaitedTooLong].
func (c *Connector) WaitDeleted(ctx context.Context, polling Polling) (*ConnectorInfo, error) {
	const op = "wait for the deletion of a connector"
	id, err := c.checkedID(op)
	if err != nil {
		return nil, err
	}
	left, err := poll(ctx, op, polling, func(ctx context.Context) (*ConnectorInfo, bool, error) {
		infos, err := c.ws.ListConnectors(ctx)
		if notFound(err) != nil { // of the list, not of a token for it
			return nil, true, nil //nolint:nilerr // this is what was waited for
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
	return left, c.about().addTo(err)
}
