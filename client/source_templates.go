package client

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// SourceTemplates gives access to the source templates of an organization. Each
// template offers a kind of connector to the users of the organization.
// Connectors are created from templates, and users need not provide what a
// template already sets. [Client.SourceTemplates] returns it.
//
// A call with an ID that is not a UUID sends nothing and returns an error that
// matches [ErrInvalid].
type SourceTemplates struct{ part }

// SourceTemplates returns access to the organization's source templates.
func (c *Client) SourceTemplates() SourceTemplates { return SourceTemplates{part{c}} }

// A SourceTemplate offers a kind of connector to the users of an organization.
type SourceTemplate struct {
	ID           string `json:"id"`
	Name         string `json:"name"`                    // such as Zendesk Support
	Slug         string `json:"connector_name,omitzero"` // such as zendesk-support; "" if the service does not send it
	DefinitionID string `json:"actor_definition_id"`     // of the source definition

	// OrganizationID identifies the organization that owns the template. Only
	// lists have it, and it is empty for templates that Airbyte provides to
	// everyone.
	OrganizationID string `json:"organization_id,omitzero"`

	Icon string   `json:"icon,omitzero"` // a URL, or the icon itself as text
	Tags []string `json:"tags,omitempty"`

	Mode                 SourceTemplateMode `json:"mode,omitzero"`
	RuntimeMode          RuntimeMode        `json:"runtime_mode,omitzero"`
	SupportsContextStore bool               `json:"supports_context_store"` // whether the context store can hold its records

	// Customization says what is replicated and how. If it is nil, the
	// connector's own suggestion applies.
	Customization *SourceTemplateCustomization `json:"customization,omitzero"`

	CreatedAt time.Time `json:"created_at,omitzero"` // zero if the service does not send it
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// SourceTemplateDetails describes a source template and how connectors are
// created from it.
type SourceTemplateDetails struct {
	SourceTemplate

	// UserConfig describes the configuration that users must provide for a
	// connector.
	UserConfig ConnectorSpec `json:"user_config_spec"`

	// DefaultConfig is the configuration that the template sets.
	DefaultConfig Configuration `json:"partial_default_config"`

	// Experimental reports whether the connectors are not yet stable.
	// [SourceTemplates.List] does not return it.
	Experimental bool `json:"is_experimental,omitzero"`

	// AuthHints tells users how to get credentials. It is keyed by the method
	// of authentication; the hint under "" applies to every method. Only
	// [SourceTemplates.Get] returns it.
	AuthHints map[string]string `json:"auth_tooltip,omitempty"`
}

// String describes the template and hides its DefaultConfig.
func (t SourceTemplateDetails) String() string {
	return fmt.Sprintf("client.SourceTemplateDetails{ID:%q, Name:%q, Slug:%q, DefinitionID:%q, DefaultConfig:%s}",
		t.ID, t.Name, t.Slug, t.DefinitionID, t.DefaultConfig)
}

// Format writes what String returns, for every verb. Without it, a verb that
// does not fit the type would make fmt print the fields of a pointer inside
// another type without calling their methods.
func (t SourceTemplateDetails) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// SourceTemplateCustomization says what the connectors of a template replicate, and
// how. It is the generated type of package gen.
type SourceTemplateCustomization = gen.SourceTemplateCustomization

// A SourceTemplateMode says what the connectors of a template are for. The
// service may send values that are not among the constants.
type SourceTemplateMode string

// The modes of source templates.
const (
	SourceTemplateDirect      SourceTemplateMode = "DIRECT"      // running actions
	SourceTemplateReplication SourceTemplateMode = "REPLICATION" // replicating data
	SourceTemplateMulti       SourceTemplateMode = "MULTI"       // both
)

// A RuntimeMode says what a kind of connector can currently do. The service
// may send values that are not among the constants.
type RuntimeMode string

// The runtime modes.
const (
	RuntimeDirectOnly            RuntimeMode = "direct_only"
	RuntimeContextStoreOnly      RuntimeMode = "context_store_only"
	RuntimeDirectAndContextStore RuntimeMode = "direct_and_context_store"
)

// A SourceTemplateRequest describes a source template to create, either from a
// source definition or as a copy of another template. Exactly one of
// DefinitionID and CopyOf must be set. DefaultConfig and Customization are for
// templates from a definition only: a copy takes them from the original, and
// [SourceTemplates.Update] changes them.
//
// Formatting, logging or marshaling a request hides its DefaultConfig, except
// where it is in an unexported field of another type: fmt calls no methods
// there.
type SourceTemplateRequest struct {
	DefinitionID string // UUID of a source definition; see [Definitions.FindSource]
	CopyOf       string // UUID of another template

	Name string             // as users see it; by default, the name of the definition or of the other template
	Mode SourceTemplateMode // by default, the mode of the other template, or SourceTemplateReplication for a definition

	// DefaultConfig is the configuration that users need not provide. The
	// service does not want it to contain secrets or values of a single user.
	DefaultConfig Configuration

	Customization *SourceTemplateCustomization // what is replicated and how; nil for the connector's own suggestion
}

// String describes the request and hides its DefaultConfig.
func (r SourceTemplateRequest) String() string {
	return fmt.Sprintf("client.SourceTemplateRequest{DefinitionID:%q, CopyOf:%q, Name:%q, Mode:%q, DefaultConfig:%s, Customization:%t}",
		r.DefinitionID, r.CopyOf, r.Name, r.Mode, r.DefaultConfig, r.Customization != nil)
}

// Format writes what String returns, for every verb.
func (r SourceTemplateRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r SourceTemplateRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not meant to be stored.
func (r SourceTemplateRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

func (r SourceTemplateRequest) wire(op string) (body gen.SourceTemplateCreateRequest, err error) {
	definition, original := r.DefinitionID, r.CopyOf
	err = refuse(op,
		configProblem("DefaultConfig", r.DefaultConfig), uuidField("CopyOf", &original), uuidField("DefinitionID", &definition),
		problemIf(definition == "" && original != "" && (r.DefaultConfig != nil || r.Customization != nil),
			"a copy takes DefaultConfig and Customization from the original; change them with Update"),
		exactlyOne("DefinitionID and CopyOf", definition, original))
	if err != nil {
		return body, err
	}
	name, mode := optional(strings.TrimSpace(r.Name)), optional(gen.SourceTemplateMode(r.Mode))
	if original != "" {
		err = body.FromSourceTemplateCloneRequest(gen.SourceTemplateCloneRequest{OriginalSourceTemplateID: original, Name: name, Mode: mode})
	} else {
		defaults := r.DefaultConfig
		if defaults == nil {
			defaults = map[string]any{} // the service requires it
		}
		err = body.FromSourceTemplateDefinitionRequest(gen.SourceTemplateDefinitionRequest{
			ActorDefinitionID: definition, Name: name, Mode: mode, PartialDefaultConfig: defaults, Customization: r.Customization,
		})
	}
	if err != nil {
		return body, invalid(op, "the request cannot be encoded as JSON: %v", err)
	}
	return body, nil
}

// A SourceTemplateChange says what [SourceTemplates.Update] changes. Zero
// fields leave the template unchanged.
//
// Formatting, logging or marshaling a change hides its DefaultConfig, except
// where it is in an unexported field of another type: fmt calls no methods
// there.
type SourceTemplateChange struct {
	Name string
	Mode SourceTemplateMode

	// DefaultConfig replaces the template's DefaultConfig unless it is nil.
	// With an empty map, the template no longer sets anything.
	DefaultConfig Configuration

	// Customization says what is replicated and how. [Null] restores the
	// connector's own suggestion.
	Customization Nullable[SourceTemplateCustomization]

	// Propagate also changes the connectors that were created from the
	// template. Otherwise, the change applies only to new connectors.
	Propagate bool
}

// String describes the change and hides its DefaultConfig.
func (c SourceTemplateChange) String() string {
	customization := shownChange(c.Customization, func(SourceTemplateCustomization) string { return "given" })
	return fmt.Sprintf("client.SourceTemplateChange{Name:%q, Mode:%q, DefaultConfig:%s, Customization:%s, Propagate:%t}",
		c.Name, c.Mode, c.DefaultConfig.inChange(), customization, c.Propagate)
}

// Format writes what String returns, for every verb.
func (c SourceTemplateChange) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c SourceTemplateChange) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns: a change is not meant to be stored.
func (c SourceTemplateChange) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

func (c SourceTemplateChange) wire(op string) (gen.SourceTemplateUpdateRequest, error) {
	body := gen.SourceTemplateUpdateRequest{
		Name: set(strings.TrimSpace(c.Name)), Mode: set(gen.SourceTemplateMode(c.Mode)),
		Customization: c.Customization, Propagate: set(c.Propagate),
	}
	if c.DefaultConfig != nil {
		body.PartialDefaultConfig = Value(map[string]any(c.DefaultConfig))
	}
	empty := body.Name.IsZero() && body.Mode.IsZero() && body.PartialDefaultConfig.IsZero() && body.Customization.IsZero() && body.Propagate.IsZero()
	return body, refuse(op, problemIf(empty, nothing), configProblem("DefaultConfig", c.DefaultConfig))
}

// A SourceTemplateFilter says which templates [SourceTemplates.List] returns. The
// zero filter selects all of the organization's own.
type SourceTemplateFilter struct {
	Tags   []string // selects by tags; empty means all templates
	Match  TagMatch // whether one of the Tags is enough; TagMatchAny if empty
	Global bool     // selects from the templates that Airbyte provides to everyone instead
}

func (f SourceTemplateFilter) wire(op string) (*gen.ListSourceTemplatesParams, error) {
	tags, mode := matchTags(f.Tags, f.Match)
	return &gen.ListSourceTemplatesParams{Tags: tags, TagsMode: mode, UseGlobal: optional(f.Global)}, refuse(op, tagProblem("", f.Tags, f.Match))
}

// A sourceTemplateItem is a source template as the service sends it, in a list
// or by itself.
type sourceTemplateItem struct {
	SourceTemplateDetails
	SourceDefinitionID   string    `json:"source_definition_id"`
	SupportsContextStore *bool     `json:"supports_context_store"`
	AuthHints            authHints `json:"auth_tooltip"`
}

func (t sourceTemplateItem) lacks() string { return unless(t.ID != "", "id") }

// authHints is either one hint, for every method of authentication, or a map
// from methods to hints.
type authHints map[string]string

func (h *authHints) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*h = nil
	if dec.PeekKind() == '"' {
		var every loose[string]
		err := every.UnmarshalJSONFrom(dec)
		*h = authHints{"": every.v}
		return err
	}
	var by loose[map[string]string]
	err := by.UnmarshalJSONFrom(dec)
	*h = by.v
	return err
}

func (t sourceTemplateItem) details() SourceTemplateDetails {
	got := t.SourceTemplateDetails
	got.DefinitionID = cmp.Or(t.DefinitionID, t.SourceDefinitionID)
	got.SourceTemplate.SupportsContextStore = got.RuntimeMode != RuntimeDirectOnly // as the contract defines it
	if s := t.SupportsContextStore; s != nil {
		got.SourceTemplate.SupportsContextStore = *s
	}
	got.AuthHints = t.AuthHints
	got.UserConfig.tidy()
	return got
}

func fetchSourceTemplate(ctx context.Context, ask *call) (*SourceTemplateDetails, error) {
	got, err := fetch[sourceTemplateItem](ctx, ask)
	if err != nil {
		return nil, err
	}
	details := got.details()
	return &details, nil
}

// List returns the templates that the filter selects. The service sends them in
// one page.
func (s SourceTemplates) List(ctx context.Context, filter SourceTemplateFilter) ([]SourceTemplate, error) {
	ask := s.begin(&call{op: "list source templates", name: "listSourceTemplates", read: true})
	query, err := filter.wire(ask.op)
	if err != nil {
		return nil, err
	}
	return fetchSourceTemplates(ctx, ask.to(gen.NewListSourceTemplatesRequest(ask.server(), query)))
}

// ListGlobal returns the templates that Airbyte provides to everyone. Of these, the
// service promises only the ID and the name; other fields may be zero. It does not
// document this operation; the documented one is [SourceTemplates.List] with Global in
// the filter.
func (s SourceTemplates) ListGlobal(ctx context.Context) ([]SourceTemplate, error) {
	ask := s.begin(&call{op: "list global source templates", name: "listGlobalSourceTemplates", read: true})
	return fetchSourceTemplates(ctx, ask.to(gen.NewListGlobalSourceTemplatesRequest(ask.server(), nil)))
}

func fetchSourceTemplates(ctx context.Context, ask *call) ([]SourceTemplate, error) {
	got, err := fetchList[sourceTemplateItem](ctx, ask)
	if err != nil {
		return nil, err
	}
	templates := make([]SourceTemplate, len(got))
	for i, t := range got {
		templates[i] = t.details().SourceTemplate
	}
	return templates, nil
}

// Get returns the template with the given ID, a UUID, including what users must
// provide for a connector and how they can get credentials for it.
func (s SourceTemplates) Get(ctx context.Context, id string) (*SourceTemplateDetails, error) {
	ask := s.begin(&call{op: "get source template", name: "getSourceTemplate", read: true})
	id, err := checkUUID(ask.op, "source template", id)
	if err != nil {
		return nil, err
	}
	return fetchSourceTemplate(ctx, ask.to(gen.NewGetSourceTemplateRequest(ask.server(), id, nil)))
}

// Create creates a template in the organization. From then on, connectors can be
// created from it. An incomplete request is an error that matches [ErrInvalid];
// nothing is sent.
func (s SourceTemplates) Create(ctx context.Context, r SourceTemplateRequest) (*SourceTemplateDetails, error) {
	ask := s.begin(&call{op: "create source template", name: "createSourceTemplate"})
	body, err := r.wire(ask.op)
	if err != nil {
		return nil, err
	}
	ask.secrets = configSecrets(r.DefaultConfig)
	return fetchSourceTemplate(ctx, ask.to(gen.NewCreateSourceTemplateRequest(ask.server(), nil, body)))
}

// Update changes the template with the given ID, a UUID, and returns its new
// state. Templates that Airbyte provides to everyone cannot be changed, only
// copied; see [SourceTemplateRequest]. An empty change is an error that matches
// [ErrInvalid]; nothing is sent.
func (s SourceTemplates) Update(ctx context.Context, id string, change SourceTemplateChange) (*SourceTemplateDetails, error) {
	ask := s.begin(&call{op: "update source template", name: "updateSourceTemplate"})
	id, err := checkUUID(ask.op, "source template", id)
	if err != nil {
		return nil, err
	}
	body, err := change.wire(ask.op)
	if err != nil {
		return nil, err
	}
	ask.secrets = configSecrets(change.DefaultConfig)
	got, err := fetchSourceTemplate(ctx, ask.to(gen.NewUpdateSourceTemplateRequest(ask.server(), id, nil, body)))
	if err != nil {
		return orLook(err, func() (*SourceTemplateDetails, error) { return s.Get(ctx, id) })
	}
	return got, nil
}

// Delete deletes the template with the given ID, a UUID. Connectors can no
// longer be created from it.
func (s SourceTemplates) Delete(ctx context.Context, id string) error {
	ask := s.begin(&call{op: "delete source template", name: "deleteSourceTemplate"})
	id, err := checkUUID(ask.op, "source template", id)
	if err != nil {
		return err
	}
	return acknowledge(ctx, ask.to(gen.NewDeleteSourceTemplateRequest(ask.server(), id, nil)))
}
