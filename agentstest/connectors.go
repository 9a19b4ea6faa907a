package agentstest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// wire returns the connector in the form of the contract.
func (c *connector) wire() server.Connector {
	config := c.config
	if config == nil {
		config = map[string]any{}
	}
	return server.Connector{
		ID: c.id, Name: c.name, SourceTemplate: c.template.wire(), ReplicationConfig: config,
		Entities: c.selected, CreatedAt: new(c.createdAt), UpdatedAt: new(c.updated),
	}
}

// connector returns a connector that the token reaches. The caller holds the
// lock.
func (a *api) connector(g *grant, id string) (*connector, error) {
	c := a.s.world.connectors[strings.ToLower(id)]
	if c == nil || c.gone(a.s.now()) || c.workspace.organization != g.organization || g.scoped() && c.workspace.id != g.workspaceID {
		return nil, notFound("connector", id)
	}
	return c, nil
}

// ListConnectors implements listConnectors.
func (a *api) ListConnectors(ctx context.Context, req server.ListConnectorsRequestObject) (server.ListConnectorsResponseObject, error) {
	g, p := callOf(ctx).grant, req.Params
	w := &a.s.world
	var in *workspace
	for _, name := range []*string{p.WorkspaceName, p.CustomerName, p.ExternalUserID} {
		if name == nil || *name == "" {
			continue
		}
		ws, err := w.workspaceByName(g, *name)
		if err != nil {
			return nil, err
		}
		in = ws
		break
	}
	if p.WorkspaceID != nil {
		ws, err := w.liveWorkspace(g, *p.WorkspaceID)
		if err != nil {
			return nil, err
		}
		if in != nil && in != ws {
			return server.ListConnectors200JSONResponse{Data: []server.ConnectorSummary{}}, nil
		}
		in = ws
	}
	var found []*connector
	switch {
	case in != nil:
		found = w.byWorkspace[in.id]
	case g.scoped():
		found = w.byWorkspace[g.workspaceID]
	default:
		for _, ws := range w.sortedWorkspaces(g.organization) {
			found = append(found, w.byWorkspace[ws.id]...)
		}
	}
	now := a.s.now()
	list := server.ListConnectors200JSONResponse{Data: make([]server.ConnectorSummary, 0, len(found))}
	for _, c := range found {
		if c.gone(now) || p.DefinitionID != nil && !strings.EqualFold(*p.DefinitionID, c.template.kind.id) {
			continue
		}
		list.Data = append(list.Data, server.ConnectorSummary{
			ID: c.id, Name: c.name, SummarizedSourceTemplate: c.template.summary(), CreatedAt: new(c.createdAt), UpdatedAt: new(c.updated),
		})
	}
	return list, nil
}

// checkCreate checks a request to create a connector, and returns the workspace
// and the template for it. The caller holds the lock.
func (w *world) checkCreate(g *grant, body *server.ConnectorCreateRequest) (*workspace, *template, error) {
	var items []errorItem
	kinds := 0
	for _, s := range []*string{body.DefinitionID, body.ConnectorType, body.SourceTemplateID} {
		if isGiven(s) {
			kinds++
		}
	}
	if kinds != 1 {
		items = append(items, fieldProblem("body", "one_of", "Give exactly one of definition_id, connector_type and source_template_id"))
	}
	if body.Credentials == nil && body.ReplicationConfig == nil && !isGiven(body.ServerSideOAuthSecretID) {
		items = append(items, fieldProblem("body", "any_of", "Give at least one of credentials, replication_config and server_side_oauth_secret_id"))
	}
	if strings.TrimSpace(body.WorkspaceName) == "" {
		items = append(items, fieldProblem("body.workspace_name", "string_too_short", "Input should not be empty"))
	}
	if m := body.SelectedConnectionTemplateTagsMode; m != nil && !m.Valid() {
		items = append(items, fieldProblem("body.selected_connection_template_tags_mode", "enum", "Input should be all or any"))
	}
	items = append(items, checkModes(body.Entities)...)
	if items != nil {
		return nil, nil, invalid(items...)
	}
	ws, err := w.workspaceByName(g, body.WorkspaceName)
	if err != nil {
		return nil, nil, err
	}
	t, err := w.templateFor(g, body)
	return ws, t, err
}

// checkModes returns what is wrong with a selection of entities.
func checkModes(entities []server.RequestedEntity) (items []errorItem) {
	for _, e := range entities {
		if e.Entity == "" {
			items = append(items, missing("body.entities.entity"))
		}
		for _, m := range e.Modes {
			if !m.Valid() {
				items = append(items, fieldProblem("body.entities.modes", "enum", "Input should be read or write"))
			}
		}
	}
	return items
}

// templateFor returns the template to create a new connector from.
func (w *world) templateFor(g *grant, body *server.ConnectorCreateRequest) (*template, error) {
	if id := body.SourceTemplateID; id != nil && *id != "" {
		return w.visibleTemplate(g, *id)
	}
	var k *kind
	if id := body.DefinitionID; id != nil && *id != "" {
		if k = w.kindByID(*id); k == nil {
			return nil, notFound("source definition", *id)
		}
	} else if k = w.kindBySlug(*body.ConnectorType); k == nil {
		return nil, invalid(fieldProblem("body.connector_type", "unknown_connector_type", "Unknown connector type %q", *body.ConnectorType))
	}
	own, global := w.templatesOf(g.organization, k)
	switch {
	case len(own) == 1:
		return own[0], nil
	case len(own) > 1:
		return nil, invalid(fieldProblem("body.source_template_id", "ambiguous", "%s has %d source templates; name one of them", k.name, len(own)))
	}
	return global[0], nil
}

// CreateConnector implements createConnector.
func (a *api) CreateConnector(ctx context.Context, req server.CreateConnectorRequestObject) (server.CreateConnectorResponseObject, error) {
	w := &a.s.world
	body := req.Body
	ws, t, err := w.checkCreate(callOf(ctx).grant, body)
	if err != nil {
		return nil, err
	}
	now := a.s.now()
	w.sweep(ws, now)
	settings := settingsOf(body)
	c := &connector{
		serial: w.next(), id: w.newID("connector"), name: t.name, workspace: ws, template: t,
		config: hideSecrets(settings), credentials: merged(body.Credentials), settings: settings,
		createdAt: now, updated: now, searchFrom: now.Add(a.s.options.searchDelay),
	}
	if body.Name != nil && *body.Name != "" {
		c.name = *body.Name
	}
	if len(body.Entities) > 0 {
		c.selected = body.Entities
	}
	if err := c.fill(t.kind, t.kind.entities); err != nil {
		return nil, err
	}
	w.place(c)
	return server.CreateConnector200JSONResponse(c.wire()), nil
}

// sweep removes the connectors of a workspace that have been deleted. The caller
// holds the lock.
func (w *world) sweep(ws *workspace, now time.Time) {
	for _, c := range slices.Clone(w.byWorkspace[ws.id]) {
		if c.gone(now) {
			w.remove(c)
		}
	}
}

// settingsOf returns the configuration in a request, without the credentials.
func settingsOf(body *server.ConnectorCreateRequest) map[string]any {
	return merged(body.Environment, body.ReplicationConfig)
}

// merged returns a copy of the maps as one, in which the later ones win.
func merged(configs ...map[string]any) map[string]any {
	out := map[string]any{}
	for _, config := range configs {
		for name, v := range config {
			out[name] = copyOf(v)
		}
	}
	return out
}

// copyOf returns a copy of a JSON value.
func copyOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return merged(v)
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = copyOf(element)
		}
		return list
	}
	return v
}

// hideSecrets returns a configuration as the service shows it.
func hideSecrets(config map[string]any) map[string]any {
	out := make(map[string]any, len(config))
	for name, v := range config {
		if nested, ok := v.(map[string]any); ok {
			out[name] = hideSecrets(nested)
		} else if secretNames[name] {
			out[name] = "**********"
		} else {
			out[name] = v
		}
	}
	return out
}

// refusal returns why the vendor refuses a configuration, "" if it does not. The caller
// holds the lock for writing.
func (s *Service) refusal(k *kind, credentials, settings map[string]any) string {
	config := merged(settings, credentials)
	if check := s.options.check; check != nil {
		var err error
		s.world.unlocked(func() { err = check(k.slug, config) })
		if err != nil {
			return cmp.Or(err.Error(), k.name+" refused the credentials")
		}
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(config)) {
		if text, ok := config[name].(string); ok && (strings.TrimSpace(text) == "" || text == "invalid") {
			return k.name + " refused the " + strings.ToLower(title(name))
		}
	}
	return ""
}

// checkResult returns the result of a check, which failed if there is a reason.
// The caller holds the lock.
func (a *api) checkResult(reason string, entities []string) server.ConnectorCheckResult {
	r := server.ConnectorCheckResult{ID: a.s.world.newID("check"), Status: new(server.CheckStatusSucceeded)}
	slices.Sort(entities)
	for _, name := range entities {
		r.EntityCheckResults = append(r.EntityCheckResults, server.EntityCheckResult{Entity: name, Status: server.CheckStatusSucceeded, StatusCode: new(200)})
	}
	if reason == "" {
		return r
	}
	r.Status = new(server.CheckStatusFailed)
	r.ErrorMessage = &reason
	r.FailureReason = &server.FailureReason{
		Timestamp: a.s.now().UnixMilli(), FailureOrigin: new(server.FailureOriginSource), FailureType: new(server.FailureTypeConfigError),
		ExternalMessage: &reason, Retryable: new(false),
	}
	for i := range r.EntityCheckResults {
		r.EntityCheckResults[i].Status = server.CheckStatusFailed
		r.EntityCheckResults[i].StatusCode = new(401)
		r.EntityCheckResults[i].ErrorMessage = &reason
	}
	return r
}

// CheckConnectorConfig implements checkConnectorConfig.
func (a *api) CheckConnectorConfig(ctx context.Context, req server.CheckConnectorConfigRequestObject) (server.CheckConnectorConfigResponseObject, error) {
	_, t, err := a.s.world.checkCreate(callOf(ctx).grant, req.Body)
	if err != nil {
		return nil, err
	}
	reason := a.s.refusal(t.kind, req.Body.Credentials, settingsOf(req.Body))
	return server.CheckConnectorConfig200JSONResponse(a.checkResult(reason, slices.Collect(maps.Keys(t.kind.entities)))), nil
}

// GetConnector implements getConnector.
func (a *api) GetConnector(ctx context.Context, req server.GetConnectorRequestObject) (server.GetConnectorResponseObject, error) {
	c, err := a.connector(callOf(ctx).grant, req.ID)
	if err != nil {
		return nil, err
	}
	return server.GetConnector200JSONResponse(c.wire()), nil
}

// UpdateConnector implements updateConnector. A field that is absent or null
// stays as it is. An empty list of entities means all.
func (a *api) UpdateConnector(ctx context.Context, req server.UpdateConnectorRequestObject) (server.UpdateConnectorResponseObject, error) {
	selected, hasSelected := req.Body.Entities.Get()
	if items := checkModes(selected); items != nil {
		return nil, invalid(items...)
	}
	name, hasName := req.Body.Name.Get()
	if hasName && strings.TrimSpace(name) == "" {
		return nil, invalid(fieldProblem("body.name", "string_too_short", "Input should not be empty"))
	}
	c, err := a.connector(callOf(ctx).grant, req.ID)
	if err != nil {
		return nil, err
	}
	if hasName {
		c.name = name
	}
	if config, ok := req.Body.ReplicationConfig.Get(); ok {
		c.config = hideSecrets(config)
		if c.settings != nil {
			c.settings = merged(config)
		}
	}
	if hasSelected {
		c.selected = nil
		if len(selected) > 0 {
			c.selected = selected
		}
	}
	c.updated = a.s.now()
	return server.UpdateConnector200JSONResponse(c.wire()), nil
}

// DeleteConnector implements deleteConnector.
func (a *api) DeleteConnector(ctx context.Context, req server.DeleteConnectorRequestObject) (server.DeleteConnectorResponseObject, error) {
	w := &a.s.world
	c, err := a.connector(callOf(ctx).grant, req.ID)
	if err != nil {
		return nil, err
	}
	if c.job == "" {
		c.job = w.newID("job")
		c.deletedAt = a.s.now().Add(a.s.options.deleteDelay)
	}
	if a.s.options.deleteDelay <= 0 {
		w.remove(c)
	}
	return server.DeleteConnector202JSONResponse{JobID: c.job}, nil
}

// CheckConnector implements checkConnector.
func (a *api) CheckConnector(ctx context.Context, req server.CheckConnectorRequestObject) (server.CheckConnectorResponseObject, error) {
	selected, _ := req.Body.Entities.Get()
	if items := checkModes(selected); items != nil {
		return nil, invalid(items...)
	}
	c, err := a.connector(callOf(ctx).grant, req.ID)
	if err != nil {
		return nil, err
	}
	settings := c.settings
	if config, ok := req.Body.ReplicationConfig.Get(); ok {
		settings = config
	}
	reason := c.checkError
	if reason == "" && settings != nil {
		reason = a.s.refusal(c.template.kind, c.credentials, settings)
	}
	entities := slices.Collect(maps.Keys(c.entities))
	if len(selected) > 0 {
		entities = nil
		for _, e := range selected {
			entities = append(entities, e.Entity)
		}
	}
	return server.CheckConnector200JSONResponse(a.checkResult(reason, entities)), nil
}

// InspectConnector implements inspectConnector.
func (a *api) InspectConnector(ctx context.Context, req server.InspectConnectorRequestObject) (server.InspectConnectorResponseObject, error) {
	c, err := a.connector(callOf(ctx).grant, req.ID)
	if err != nil {
		return nil, err
	}
	k := c.template.kind
	ready := c.filled(a.s.now())
	readiness := &server.ContextStoreReadiness{ConnectorID: c.id, SourceDefinitionID: k.id}
	for i, e := range c.sortedEntities() {
		if !e.storable() {
			continue
		}
		readiness.SupportedContextStoreEntities = append(readiness.SupportedContextStoreEntities,
			server.SupportedContextStoreEntity{Entity: e.name, Suggested: new(i == 0)})
		if !e.inStore(c.selected) {
			continue
		}
		configured := server.ConfiguredContextStoreEntity{Entity: e.name, Status: "pending", Supported: true}
		index := server.SemanticSearchStatusIndexing
		if ready {
			configured.Status, configured.ReadyForSearch = "ready", true
			configured.EntityCount, configured.UpdatedAt = new(len(e.snapshot())), new(c.updated)
			index = server.SemanticSearchStatusReady
		}
		for _, field := range e.textFields() {
			configured.SemanticSearchStatus = append(configured.SemanticSearchStatus, server.SemanticSearchField{Field: field, Status: index})
		}
		readiness.ConfiguredCacheEntities = append(readiness.ConfiguredCacheEntities, configured)
	}
	answer := server.InspectConnector200JSONResponse{
		ConnectorID: c.id, Name: c.name, WorkspaceID: c.workspace.id, OrganizationID: c.workspace.organization,
		SourceDefinitionID: k.id, SourceDefinitionName: new(k.name), SourceConfigTemplateID: c.template.id,
		DocsSkillID: skillID(c), ContextStoreReadiness: readiness, Warnings: []string{},
	}
	if c.stale {
		answer.Warnings = append(answer.Warnings, staleMessage)
	}
	return answer, nil
}
