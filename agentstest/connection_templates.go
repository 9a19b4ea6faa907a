package agentstest

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// A connectionTemplate is a connection template, with a destination of the user
// or of Airbyte.
type connectionTemplate struct {
	serial             int64
	id, organization   string
	destination        *destination // nil if Airbyte provides it
	name               string
	config             map[string]any
	cron               *string
	changes            *server.NonBreakingChangesPreference
	syncOnCreate       *bool
	tags               []string
	createdAt, updated time.Time
}

// wire returns the template in the form of the contract.
func (t *connectionTemplate) wire() (u server.ConnectionTemplate, err error) {
	if t.destination == nil {
		err = u.FromAirbyteHostedConnectionTemplate(server.AirbyteHostedConnectionTemplate{
			ID: t.id, OrganizationID: t.organization, DestinationName: t.name, CronExpression: t.cron, Tags: t.tags,
			DataHostingType: new(server.AirbyteHostingType), CreatedAt: new(t.createdAt), UpdatedAt: new(t.updated),
		})
		return u, err
	}
	config := t.config
	if config == nil {
		config = map[string]any{}
	}
	err = u.FromUserHostedConnectionTemplate(server.UserHostedConnectionTemplate{
		ID: t.id, OrganizationID: t.organization, DestinationName: t.name, CronExpression: t.cron, Tags: t.tags,
		DataHostingType: new(server.UserHostingType), CreatedAt: new(t.createdAt), UpdatedAt: new(t.updated),
		DestinationConfig: config, DestinationDefinitionID: t.destination.id, Icon: new(icon(t.destination.slug)),
		NonBreakingChangesPreference: t.changes, SyncOnCreate: t.syncOnCreate,
	})
	return u, err
}

// connectionTemplate returns a connection template of the organization. The
// caller holds the lock.
func (w *world) connectionTemplate(g *grant, id string) (*connectionTemplate, error) {
	t := w.connections[strings.ToLower(id)]
	if t == nil || t.organization != g.organization {
		return nil, notFound("connection template", id)
	}
	return t, nil
}

// ListConnectionTemplates implements listConnectionTemplates.
func (a *api) ListConnectionTemplates(ctx context.Context, req server.ListConnectionTemplatesRequestObject) (server.ListConnectionTemplatesResponseObject, error) {
	p := req.Params
	if err := checkTagsMode(p.TagsMode); err != nil {
		return nil, err
	}
	w := &a.s.world
	list := server.ListConnectionTemplates200JSONResponse{Data: []server.ConnectionTemplate{}}
	for _, t := range sorted(w.connections, func(t *connectionTemplate) int64 { return t.serial }) {
		if t.organization != callOf(ctx).grant.organization || !tagsMatch(t.tags, p.Tags, p.TagsMode) {
			continue
		}
		wire, err := t.wire()
		if err != nil {
			return nil, err
		}
		list.Data = append(list.Data, wire)
	}
	return list, nil
}

// CreateConnectionTemplate implements createConnectionTemplate.
func (a *api) CreateConnectionTemplate(ctx context.Context, req server.CreateConnectionTemplateRequestObject) (server.CreateConnectionTemplateResponseObject, error) {
	g := callOf(ctx).grant
	w := &a.s.world
	now := a.s.now()
	t := &connectionTemplate{organization: g.organization, createdAt: now, updated: now, tags: []string{}}
	fields := callOf(ctx).fields
	hosting := string(server.UserHostingType) // the default
	if given, ok := fields["data_hosting_type"]; ok {
		if err := json.Unmarshal(given, &hosting); err != nil {
			return nil, mismatch(err)
		}
	}
	switch hosting {
	case string(server.AirbyteHostingType):
		body, err := req.Body.AsAirbyteHostedConnectionTemplateRequest()
		if err != nil {
			return nil, mismatch(err)
		}
		t.name, t.cron = "Airbyte storage", body.CronExpression
	case string(server.UserHostingType):
		if err := t.userHosted(w, req.Body, fields); err != nil {
			return nil, err
		}
	default:
		return nil, invalid(fieldProblem("body.data_hosting_type", "enum", "Input should be user_hosted or airbyte_hosted"))
	}
	if err := checkCron("body.cron_expression", t.cron); err != nil {
		return nil, err
	}
	t.serial = w.next()
	t.id = w.newID("connection-template")
	w.connections[t.id] = t
	wire, err := t.wire()
	return server.CreateConnectionTemplate200JSONResponse(wire), err
}

// userHosted reads a template with a destination of the user. The caller holds
// the lock.
func (t *connectionTemplate) userHosted(w *world, from *server.ConnectionTemplateCreateRequest, fields map[string]json.RawMessage) error {
	var items []errorItem
	for _, name := range []string{"destination_name", "destination_definition_id", "destination_config"} {
		if _, ok := fields[name]; !ok {
			items = append(items, missing("body."+name))
		}
	}
	if items != nil {
		return invalid(items...)
	}
	body, err := from.AsUserHostedConnectionTemplateRequest()
	if err != nil {
		return mismatch(err)
	}
	t.destination = w.destinationByID(body.DestinationDefinitionID)
	if t.destination == nil {
		return notFound("destination definition", body.DestinationDefinitionID)
	}
	if p := body.NonBreakingChangesPreference; p != nil && !p.Valid() {
		return invalid(fieldProblem("body.non_breaking_changes_preference", "enum", "Input is not a known preference"))
	}
	if err := t.destination.checkConfig(body.DestinationConfig); err != nil {
		return err
	}
	t.name, t.config, t.cron = body.DestinationName, hideSecrets(body.DestinationConfig), body.CronExpression
	t.changes, t.syncOnCreate = body.NonBreakingChangesPreference, body.SyncOnCreate
	return nil
}

// checkConfig checks that a configuration has all required fields.
func (d *destination) checkConfig(config map[string]any) error {
	var items []errorItem
	for _, name := range d.required {
		if _, ok := config[name]; !ok {
			items = append(items, missing("body.destination_config."+name))
		}
	}
	if items != nil {
		return invalid(items...)
	}
	return nil
}

// checkCron checks a cron expression, if there is one.
func checkCron(field string, expression *string) error {
	if expression == nil {
		return nil
	}
	if _, err := describeCron(*expression); err != nil {
		return invalid(fieldProblem(field, "cron", "%v", err))
	}
	return nil
}

// GetConnectionTemplate implements getConnectionTemplate.
func (a *api) GetConnectionTemplate(ctx context.Context, req server.GetConnectionTemplateRequestObject) (server.GetConnectionTemplateResponseObject, error) {
	w := &a.s.world
	t, err := w.connectionTemplate(callOf(ctx).grant, req.ID)
	if err != nil {
		return nil, err
	}
	wire, err := t.wire()
	return server.GetConnectionTemplate200JSONResponse(wire), err
}

// UpdateConnectionTemplate implements updateConnectionTemplate. Null removes
// cron_expression, non_breaking_changes_preference and sync_on_create.
func (a *api) UpdateConnectionTemplate(ctx context.Context, req server.UpdateConnectionTemplateRequestObject) (server.UpdateConnectionTemplateResponseObject, error) {
	g := callOf(ctx).grant
	body := req.Body
	cron := optional(body.CronExpression)
	if err := checkCron("body.cron_expression", cron); err != nil {
		return nil, err
	}
	changes := optional(body.NonBreakingChangesPreference)
	if changes != nil && !changes.Valid() {
		return nil, invalid(fieldProblem("body.non_breaking_changes_preference", "enum", "Input is not a known preference"))
	}
	w := &a.s.world
	t, err := w.connectionTemplate(g, req.ID)
	if err != nil {
		return nil, err
	}
	if config, ok := body.DestinationConfig.Get(); ok {
		if t.destination != nil {
			if err := t.destination.checkConfig(config); err != nil {
				return nil, err
			}
		}
		t.config = hideSecrets(config)
	}
	if name, ok := body.DestinationName.Get(); ok && name != "" {
		t.name = name
	}
	if !body.CronExpression.IsZero() {
		t.cron = cron
	}
	if !body.NonBreakingChangesPreference.IsZero() {
		t.changes = changes
	}
	if !body.SyncOnCreate.IsZero() {
		t.syncOnCreate = optional(body.SyncOnCreate)
	}
	t.updated = a.s.now()
	wire, err := t.wire()
	return server.UpdateConnectionTemplate200JSONResponse(wire), err
}

// optional returns the value, nil if it is null or absent.
func optional[T any](n server.Nullable[T]) *T {
	if v, ok := n.Get(); ok {
		return &v
	}
	return nil
}

// DeleteConnectionTemplate implements deleteConnectionTemplate.
func (a *api) DeleteConnectionTemplate(ctx context.Context, req server.DeleteConnectionTemplateRequestObject) (server.DeleteConnectionTemplateResponseObject, error) {
	g := callOf(ctx).grant
	w := &a.s.world
	t, err := w.connectionTemplate(g, req.ID)
	if err != nil {
		return nil, err
	}
	delete(w.connections, t.id)
	return server.DeleteConnectionTemplate200JSONResponse{ID: t.id, DeletedAt: a.s.now()}, nil
}

// DescribeCron implements describeCron.
func (a *api) DescribeCron(_ context.Context, req server.DescribeCronRequestObject) (server.DescribeCronResponseObject, error) {
	description, err := describeCron(req.Body.CronExpression)
	if err != nil {
		return server.DescribeCron200JSONResponse{Description: err.Error(), IsValid: false}, nil //nolint:nilerr // the answer says so
	}
	return server.DescribeCron200JSONResponse{Description: description, IsValid: true}, nil
}
