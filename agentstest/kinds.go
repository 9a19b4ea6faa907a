package agentstest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// A kind is a kind of connector, which the contract calls a source definition.
type kind struct {
	id, slug, name string
	support        server.SupportLevel
	tags           []string
	credentials    []string // names of the fields that its configuration requires
	custom         bool
	entities       map[string]Entity // of connectors that do not have their own
	direct, search []string          // example questions
	document       *description      // nil if no document describes it
}

// A destination is a kind of destination.
type destination struct {
	id, name, slug string
	required       []string
}

func icon(slug string) string { return "https://connectors.example.com/" + slug + ".svg" }

func (w *world) kindBySlug(slug string) *kind {
	slug = plainSlug(slug)
	for _, k := range w.kinds {
		if k.slug == slug {
			return k
		}
	}
	return nil
}

func (w *world) kindByID(id string) *kind {
	for _, k := range w.kinds {
		if strings.EqualFold(k.id, id) {
			return k
		}
	}
	return nil
}

// plainSlug returns a slug in lower case with hyphens.
func plainSlug(s string) string {
	return strings.ToLower(strings.NewReplacer(" ", "-", "_", "-").Replace(strings.TrimSpace(s)))
}

// addKind adds a kind of connector and a template for all organizations.
func (w *world) addKind(k *kind, now time.Time) *kind {
	if k.id == "" {
		k.id = inventID("source-definition", k.slug)
	}
	if k.credentials == nil {
		k.credentials = []string{"api_key"}
	}
	w.kinds = append(w.kinds, k)
	t := &template{
		serial: w.next(), id: inventID("source-template", k.id), kind: k, name: k.name, tags: k.tags,
		mode: server.SourceTemplateModeMulti, createdAt: now, updated: now,
	}
	w.templates[t.id] = t
	return k
}

// spec returns how connectors of the kind are configured.
func (k *kind) spec() server.ConnectorSpecification {
	properties := map[string]any{}
	for _, name := range k.credentials {
		p := map[string]any{"type": "string", "title": title(name)}
		if strings.Contains(name, "key") || strings.Contains(name, "token") || strings.Contains(name, "secret") {
			p["airbyte_secret"] = true
		}
		properties[name] = p
	}
	properties["start_date"] = map[string]any{"type": "string", "format": "date-time", "title": "Start date"}
	return server.ConnectorSpecification{
		DocumentationURL: new("https://docs.example.com/" + k.slug),
		ConnectionSpecification: server.ConnectionSpecification{
			Schema: new("http://json-schema.org/draft-07/schema#"), Type: "object", Title: new(k.name),
			Required: k.credentials, Properties: properties,
		},
		AdvancedAuth: &server.AdvancedAuth{
			AuthFlowType: "oauth2.0",
			OAuthConfigSpecification: server.OAuthSpecification{
				CompleteOAuthServerInputSpecification: map[string]any{
					"type":     "object",
					"required": []string{"client_id", "client_secret"},
					"properties": map[string]any{
						"client_id": map[string]any{"type": "string"}, "client_secret": map[string]any{"type": "string"},
					},
				},
			},
		},
	}
}

// title returns a name as a heading: "Api key" for "api_key".
func title(name string) string {
	name = strings.NewReplacer("_", " ", "-", " ").Replace(name)
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// ListSourceDefinitions implements listSourceDefinitions.
func (a *api) ListSourceDefinitions(_ context.Context, req server.ListSourceDefinitionsRequestObject) (server.ListSourceDefinitionsResponseObject, error) {
	w := &a.s.world
	list := server.ListSourceDefinitions200JSONResponse{Definitions: []server.ConnectorDefinitionSummary{}}
	for _, k := range w.kinds {
		if n := req.Params.Name; n != nil && !strings.Contains(strings.ToLower(k.name), strings.ToLower(*n)) {
			continue
		}
		list.Definitions = append(list.Definitions, server.ConnectorDefinitionSummary{
			SourceDefinitionID: new(k.id), Name: k.name, DockerRepository: new("airbyte/source-" + k.slug),
			IconURL: new(icon(k.slug)), Custom: new(k.custom), SupportLevel: new(k.support),
		})
	}
	return list, nil
}

// GetSourceDefinition implements getSourceDefinition.
func (a *api) GetSourceDefinition(_ context.Context, req server.GetSourceDefinitionRequestObject) (server.GetSourceDefinitionResponseObject, error) {
	w := &a.s.world
	k := w.kindByID(req.ID)
	if k == nil {
		return nil, notFound("source definition", req.ID)
	}
	return server.GetSourceDefinition200JSONResponse{
		ID: k.id,
		Definition: server.ConnectorDefinition{
			SourceDefinitionID: new(k.id), Name: k.name, DockerRepository: new("airbyte/source-" + k.slug),
			IconURL: new(icon(k.slug)), Custom: new(k.custom), SupportLevel: new(k.support), Spec: k.spec(),
		},
		ExampleQuestions: &server.ExampleQuestions{Direct: k.direct, Search: k.search},
	}, nil
}

// ListDestinationDefinitions implements listDestinationDefinitions.
func (a *api) ListDestinationDefinitions(_ context.Context, req server.ListDestinationDefinitionsRequestObject) (server.ListDestinationDefinitionsResponseObject, error) {
	w := &a.s.world
	list := server.ListDestinationDefinitions200JSONResponse{Destinations: []server.DestinationDefinitionSummary{}}
	for _, d := range w.destinations {
		if ids := req.Params.ActorDefinitionIds; len(ids) == 0 || slices.Contains(ids, d.id) {
			list.Destinations = append(list.Destinations, server.DestinationDefinitionSummary{ID: d.id, Name: d.name, Icon: icon(d.slug)})
		}
	}
	return list, nil
}

func (w *world) destinationByID(id string) *destination {
	for _, d := range w.destinations {
		if strings.EqualFold(d.id, id) {
			return d
		}
	}
	return nil
}

// GetDestinationDefinition implements getDestinationDefinition.
func (a *api) GetDestinationDefinition(_ context.Context, req server.GetDestinationDefinitionRequestObject) (server.GetDestinationDefinitionResponseObject, error) {
	w := &a.s.world
	d := w.destinationByID(req.ID)
	if d == nil {
		return nil, notFound("destination definition", req.ID)
	}
	properties := map[string]any{}
	for _, name := range d.required {
		properties[name] = map[string]any{"type": "string", "title": title(name)}
	}
	return server.GetDestinationDefinition200JSONResponse{
		ID: d.id,
		Definition: server.ConnectorDefinition{
			DestinationDefinitionID: new(d.id), Name: d.name, DockerRepository: new("airbyte/destination-" + d.slug),
			IconURL: new(icon(d.slug)), Custom: new(false), SupportLevel: new(server.SupportLevelCertified),
			Spec: server.ConnectorSpecification{
				ConnectionSpecification: server.ConnectionSpecification{Type: "object", Title: new(d.name), Required: d.required, Properties: properties},
				SupportedDestinationSyncModes: []server.DestinationSyncMode{
					server.DestinationSyncModeOverwrite, server.DestinationSyncModeAppend, server.DestinationSyncModeAppendDedup,
				},
			},
		},
	}, nil
}
