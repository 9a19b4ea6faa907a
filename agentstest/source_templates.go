package agentstest

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// A template is a source template.
type template struct {
	serial             int64
	id                 string
	organization       string // "" if all organizations have it
	kind               *kind
	name               string
	config             map[string]any
	customization      *server.SourceTemplateCustomization
	tags               []string
	mode               server.SourceTemplateMode
	createdAt, updated time.Time
}

func (t *template) runtimeMode() server.RuntimeMode { return server.RuntimeModeDirectAndContextStore }

// wire returns the template in the form of the contract.
func (t *template) wire() server.SourceTemplate {
	config := t.config
	if config == nil {
		config = map[string]any{}
	}
	return server.SourceTemplate{
		ID: t.id, Name: t.name, Icon: new(icon(t.kind.slug)), SourceDefinitionID: t.kind.id, UserConfigSpec: t.kind.spec(),
		PartialDefaultConfig: config, Customization: t.customization, Tags: t.tags, Mode: new(t.mode), IsExperimental: new(false),
		RuntimeMode: new(t.runtimeMode()), SupportsContextStore: new(true), CreatedAt: new(t.createdAt), UpdatedAt: new(t.updated),
	}
}

func (t *template) details() server.SourceTemplateDetails {
	s := t.wire()
	tooltip := &server.SourceTemplateDetails_AuthTooltip{}
	hints := server.AuthTooltipByMethod{}
	for _, name := range t.kind.credentials {
		hints[name] = "Find the " + strings.ToLower(title(name)) + " in the settings of " + t.kind.name
	}
	_ = tooltip.FromAuthTooltipByMethod(hints) // a map of strings
	return server.SourceTemplateDetails{
		ID: s.ID, Name: s.Name, Icon: s.Icon, SourceDefinitionID: s.SourceDefinitionID, UserConfigSpec: s.UserConfigSpec,
		PartialDefaultConfig: s.PartialDefaultConfig, Customization: s.Customization, Tags: s.Tags, Mode: s.Mode,
		IsExperimental: s.IsExperimental, RuntimeMode: s.RuntimeMode, SupportsContextStore: s.SupportsContextStore,
		CreatedAt: s.CreatedAt, UpdatedAt: s.UpdatedAt, ConnectorName: new(t.kind.slug), AuthTooltip: tooltip,
	}
}

func (t *template) summary() server.SourceTemplateSummary {
	s := server.SourceTemplateSummary{
		ID: t.id, Name: t.name, Icon: new(icon(t.kind.slug)), ConnectorName: new(t.kind.slug), ActorDefinitionID: t.kind.id,
		Tags: t.tags, Mode: new(t.mode), RuntimeMode: new(t.runtimeMode()), SupportsContextStore: new(true),
		Customization: t.customization, CreatedAt: new(t.createdAt), UpdatedAt: new(t.updated),
	}
	if t.organization != "" {
		s.OrganizationID = new(t.organization)
	}
	return s
}

// tagsMatch reports whether the tags match the wanted ones: all of them, or one
// of them if mode says so. Without wanted tags everything matches.
func tagsMatch(have, want []string, mode *server.TagMatch) bool {
	if len(want) == 0 {
		return true
	}
	has := func(tag string) bool { return slices.Contains(have, tag) }
	if mode != nil && *mode == server.TagMatchAny {
		return slices.ContainsFunc(want, has)
	}
	return !slices.ContainsFunc(want, func(tag string) bool { return !has(tag) })
}

// templatesOf returns the templates of a kind: the organization's own, and those
// that all organizations have. The caller holds the lock.
func (w *world) templatesOf(organization string, k *kind) (own, global []*template) {
	for _, t := range sorted(w.templates, func(t *template) int64 { return t.serial }) {
		switch {
		case t.kind != k:
		case t.organization == organization:
			own = append(own, t)
		case t.organization == "":
			global = append(global, t)
		}
	}
	return own, global
}

// visibleTemplate returns a template that the organization can use. The caller
// holds the lock.
func (w *world) visibleTemplate(g *grant, id string) (*template, error) {
	t := w.templates[strings.ToLower(id)]
	if t == nil || t.organization != "" && t.organization != g.organization {
		return nil, notFound("source template", id)
	}
	return t, nil
}

// ownTemplate returns a template that the organization can change. The caller
// holds the lock.
func (w *world) ownTemplate(g *grant, id string) (*template, error) {
	t, err := w.visibleTemplate(g, id)
	if err == nil && t.organization == "" {
		return nil, forbidden("Source template %q is provided by Airbyte and cannot be changed", t.name)
	}
	return t, err
}

func checkTagsMode(mode *server.TagMatch) error {
	if mode != nil && !mode.Valid() {
		return invalid(fieldProblem("query.tags_mode", "enum", "Input should be all or any"))
	}
	return nil
}

// ListSourceTemplates implements listSourceTemplates.
func (a *api) ListSourceTemplates(ctx context.Context, req server.ListSourceTemplatesRequestObject) (server.ListSourceTemplatesResponseObject, error) {
	g, p := callOf(ctx).grant, req.Params
	if err := checkTagsMode(p.TagsMode); err != nil {
		return nil, err
	}
	from := g.organization
	if p.UseGlobal != nil && *p.UseGlobal {
		from = ""
	}
	w := &a.s.world
	list := server.ListSourceTemplates200JSONResponse{Data: []server.SourceTemplateSummary{}}
	for _, t := range sorted(w.templates, func(t *template) int64 { return t.serial }) {
		if t.organization == from && tagsMatch(t.tags, p.Tags, p.TagsMode) {
			list.Data = append(list.Data, t.summary())
		}
	}
	return list, nil
}

// globalTemplates is the response to listGlobalSourceTemplates. Of its templates,
// the contract promises only the ID and the name.
type globalTemplates struct {
	Data []server.SourceTemplateSummary `json:"data"`
}

// VisitListGlobalSourceTemplatesResponse implements
// [server.ListGlobalSourceTemplatesResponseObject].
func (l globalTemplates) VisitListGlobalSourceTemplatesResponse(w http.ResponseWriter) error {
	writeJSON(w, http.StatusOK, l)
	return nil
}

// ListGlobalSourceTemplates implements listGlobalSourceTemplates.
func (a *api) ListGlobalSourceTemplates(context.Context, server.ListGlobalSourceTemplatesRequestObject) (server.ListGlobalSourceTemplatesResponseObject, error) {
	w := &a.s.world
	list := globalTemplates{Data: []server.SourceTemplateSummary{}}
	for _, t := range sorted(w.templates, func(t *template) int64 { return t.serial }) {
		if t.organization == "" {
			list.Data = append(list.Data, t.summary())
		}
	}
	return list, nil
}

// CreateSourceTemplate implements createSourceTemplate.
func (a *api) CreateSourceTemplate(ctx context.Context, req server.CreateSourceTemplateRequestObject) (server.CreateSourceTemplateResponseObject, error) {
	g := callOf(ctx).grant
	fields := callOf(ctx).fields
	_, clone := fields["original_source_template_id"]
	_, fresh := fields["actor_definition_id"]
	if clone == fresh {
		return nil, invalid(fieldProblem("body", "one_of", "Give either actor_definition_id or original_source_template_id"))
	}
	w := &a.s.world
	now := a.s.now()
	t := &template{organization: g.organization, createdAt: now, updated: now}
	var name *string
	var mode *server.SourceTemplateMode
	if clone {
		from, err := req.Body.AsSourceTemplateCloneRequest()
		if err != nil {
			return nil, mismatch(err)
		}
		original, err := w.visibleTemplate(g, from.OriginalSourceTemplateID)
		if err != nil {
			return nil, err
		}
		t.kind, t.name, t.mode, t.config, t.customization, t.tags = original.kind, original.name, original.mode, original.config, original.customization, original.tags
		name, mode = from.Name, from.Mode
	} else {
		from, err := req.Body.AsSourceTemplateDefinitionRequest()
		if err != nil {
			return nil, mismatch(err)
		}
		if _, ok := fields["partial_default_config"]; !ok {
			return nil, invalid(missing("body.partial_default_config"))
		}
		if t.kind = w.kindByID(from.ActorDefinitionID); t.kind == nil {
			return nil, notFound("source definition", from.ActorDefinitionID)
		}
		t.name, t.mode, t.config, t.customization, t.tags = t.kind.name, server.SourceTemplateModeReplication, from.PartialDefaultConfig, from.Customization, t.kind.tags
		name, mode = from.Name, from.Mode
	}
	if name != nil && *name != "" {
		t.name = *name
	}
	if mode != nil {
		if !mode.Valid() {
			return nil, invalid(fieldProblem("body.mode", "enum", "Input should be DIRECT, REPLICATION or MULTI"))
		}
		t.mode = *mode
	}
	for _, other := range w.templates {
		if other.organization == g.organization && other.name == t.name {
			return nil, refuse(http.StatusBadRequest, fieldProblem("body.name", "name_taken", "Another source template has the name %q", t.name))
		}
	}
	t.serial = w.next()
	t.id = w.newID("source-template")
	w.templates[t.id] = t
	return server.CreateSourceTemplate200JSONResponse(t.wire()), nil
}

// GetSourceTemplate implements getSourceTemplate.
func (a *api) GetSourceTemplate(ctx context.Context, req server.GetSourceTemplateRequestObject) (server.GetSourceTemplateResponseObject, error) {
	w := &a.s.world
	t, err := w.visibleTemplate(callOf(ctx).grant, req.ID)
	if err != nil {
		return nil, err
	}
	return server.GetSourceTemplate200JSONResponse(t.details()), nil
}

// UpdateSourceTemplate implements updateSourceTemplate.
func (a *api) UpdateSourceTemplate(ctx context.Context, req server.UpdateSourceTemplateRequestObject) (server.UpdateSourceTemplateResponseObject, error) {
	g := callOf(ctx).grant
	mode, hasMode := req.Body.Mode.Get()
	if hasMode && !mode.Valid() {
		return nil, invalid(fieldProblem("body.mode", "enum", "Input should be DIRECT, REPLICATION or MULTI"))
	}
	w := &a.s.world
	t, err := w.ownTemplate(g, req.ID)
	if err != nil {
		return nil, err
	}
	if name, ok := req.Body.Name.Get(); ok && name != "" {
		t.name = name
	}
	if hasMode {
		t.mode = mode
	}
	if config, ok := req.Body.PartialDefaultConfig.Get(); ok {
		t.config = config
	}
	if c, ok := req.Body.Customization.Get(); ok {
		t.customization = &c
	} else if req.Body.Customization.IsNull() {
		t.customization = nil
	}
	t.updated = a.s.now()
	return server.UpdateSourceTemplate200JSONResponse(t.wire()), nil
}

// DeleteSourceTemplate implements deleteSourceTemplate.
func (a *api) DeleteSourceTemplate(ctx context.Context, req server.DeleteSourceTemplateRequestObject) (server.DeleteSourceTemplateResponseObject, error) {
	g := callOf(ctx).grant
	w := &a.s.world
	t, err := w.ownTemplate(g, req.ID)
	if err != nil {
		return nil, err
	}
	delete(w.templates, t.id) // connectors created from it keep it
	return server.DeleteSourceTemplate200JSONResponse{ID: t.id, DeletedAt: a.s.now()}, nil
}
