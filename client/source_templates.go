package client

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// SourceTemplates are the kinds of connectors that an organization offers.
// Connectors are made from them; what a template fills in, nobody has to.
// [Client.SourceTemplates] gives them.
type SourceTemplates struct{ part }

// SourceTemplates are the kinds of connectors that the organization offers.
func (c *Client) SourceTemplates() SourceTemplates { return SourceTemplates{part{c}} }

// A SourceTemplate is a kind of connector that an organization offers.
type SourceTemplate struct {
	ID           string `json:"id"`
	Name         string `json:"name"`                    // such as Zendesk Support
	Slug         string `json:"connector_name,omitzero"` // such as zendesk-support; "" when the service does not say
	DefinitionID string `json:"actor_definition_id"`     // of the source definition

	// OrganizationID is whose template it is. Only lists tell, and it is "" for
	// those that Airbyte provides to everyone.
	OrganizationID string `json:"organization_id,omitzero"`

	Icon string   `json:"icon,omitzero"` // a URL, or the icon itself as text
	Tags []string `json:"tags,omitempty"`

	Mode                 SourceTemplateMode `json:"mode,omitzero"`
	RuntimeMode          RuntimeMode        `json:"runtime_mode,omitzero"`
	SupportsContextStore bool               `json:"supports_context_store"` // whether the context store can hold its records

	// Customization is what is replicated and how, nil for what the connector
	// itself suggests.
	Customization *TemplateCustomization `json:"customization,omitzero"`

	CreatedAt time.Time `json:"created_at,omitzero"` // zero when the service does not say
	UpdatedAt time.Time `json:"updated_at,omitzero"`
}

// SourceTemplateDetails is a source template, and how connectors are made from
// it.
type SourceTemplateDetails struct {
	SourceTemplate

	// UserConfig tells what is to be filled in for a connector.
	UserConfig ConnectorSpec `json:"user_config_spec"`

	// DefaultConfig is what the template fills in.
	DefaultConfig Configuration `json:"partial_default_config"`

	// Experimental connectors are not yet stable. [SourceTemplates.List] does
	// not tell.
	Experimental bool `json:"is_experimental,omitzero"`

	// AuthHints tell people how to get credentials, by the method of
	// authentication; under "" is what is right for every method. Only
	// [SourceTemplates.Get] has them.
	AuthHints map[string]string `json:"auth_tooltip,omitempty"`
}

// String tells what kind of connectors it is for, and not what it fills in.
func (t SourceTemplateDetails) String() string {
	return fmt.Sprintf("client.SourceTemplateDetails{ID:%q, Name:%q, Slug:%q, DefinitionID:%q, DefaultConfig:%s}",
		t.ID, t.Name, t.Slug, t.DefinitionID, t.DefaultConfig)
}

// Format writes what String returns, for every verb: of a pointer inside
// another type, fmt would else print the fields without asking them.
func (t SourceTemplateDetails) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// TemplateCustomization says what connectors of a template replicate, and how.
// It is the type of the contract.
type TemplateCustomization = gen.SourceTemplateCustomization

// SourceTemplateMode tells what the connectors of a template are for. Values
// that are not among the constants may come.
type SourceTemplateMode string

// The modes of source templates.
const (
	SourceTemplateDirect      SourceTemplateMode = "DIRECT"      // actions
	SourceTemplateReplication SourceTemplateMode = "REPLICATION" // copying data
	SourceTemplateMulti       SourceTemplateMode = "MULTI"       // both
)

// RuntimeMode tells what a kind of connector can do at present. Values that are
// not among the constants may come.
type RuntimeMode string

// The runtime modes.
const (
	RuntimeDirectOnly            RuntimeMode = "direct_only"
	RuntimeContextStoreOnly      RuntimeMode = "context_store_only"
	RuntimeDirectAndContextStore RuntimeMode = "direct_and_context_store"
)

// A SourceTemplateRequest describes a source template to be made: from a source
// definition, or as a copy of another template. It needs exactly one of
// DefinitionID and CopyOf. It prints without the configuration, but in an
// unexported field of another type, where fmt calls no methods.
type SourceTemplateRequest struct {
	DefinitionID string // of a source definition, a UUID: see [Definitions.FindSource]
	CopyOf       string // id of another template, a UUID

	Name string             // as people see it; that of what it is made from when empty
	Mode SourceTemplateMode // that of the copied template when empty, else SourceTemplateReplication

	// What follows is for templates from a definition. A copy has it from the
	// original, and [SourceTemplates.Update] changes it.

	// DefaultConfig is what nobody has to fill in any more. The service wants no
	// secrets there, nor values of a single user.
	DefaultConfig map[string]any

	Customization *TemplateCustomization // what is replicated and how; nil for what the connector suggests
}

func (r SourceTemplateRequest) String() string {
	return fmt.Sprintf("client.SourceTemplateRequest{DefinitionID:%q, CopyOf:%q, Name:%q, Mode:%q, DefaultConfig:%s, Customization:%t}",
		r.DefinitionID, r.CopyOf, r.Name, r.Mode, hiddenConfig(r.DefaultConfig), r.Customization != nil)
}

// Format writes what String returns, for every verb.
func (r SourceTemplateRequest) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r SourceTemplateRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText returns what String returns: a request is not for storing.
func (r SourceTemplateRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// wire is r as it is sent, if it is complete.
func (r SourceTemplateRequest) wire(op string) (body gen.SourceTemplateCreateRequest, err error) {
	definition, original := strings.TrimSpace(r.DefinitionID), strings.TrimSpace(r.CopyOf)
	problems := []string{configProblem("DefaultConfig", r.DefaultConfig)}
	switch {
	case (definition == "") == (original == ""):
		problems = append(problems, "exactly one of DefinitionID and CopyOf must be given")
	case original != "" && (r.DefaultConfig != nil || r.Customization != nil):
		problems = append(problems, "a copy has DefaultConfig and Customization from the original; Update changes them")
	}
	for field, id := range map[string]*string{"DefinitionID": &definition, "CopyOf": &original} {
		if plain, ok := plainUUID(*id); ok {
			*id = plain
		} else if *id != "" {
			problems = append(problems, field+" is not a UUID")
		}
	}
	if err := refuse(op, problems...); err != nil {
		return body, err
	}
	name, mode := optional(strings.TrimSpace(r.Name)), optional(gen.SourceTemplateMode(r.Mode))
	if original != "" {
		err = body.FromSourceTemplateCloneRequest(gen.SourceTemplateCloneRequest{OriginalSourceTemplateID: original, Name: name, Mode: mode})
	} else {
		config := r.DefaultConfig
		if config == nil {
			config = map[string]any{} // the service wants one
		}
		err = body.FromSourceTemplateDefinitionRequest(gen.SourceTemplateDefinitionRequest{
			ActorDefinitionID: definition, Name: name, Mode: mode, PartialDefaultConfig: config, Customization: r.Customization,
		})
	}
	if err != nil {
		return body, invalid(op, "the request cannot be written as JSON: %v", err)
	}
	return body, nil
}

// A SourceTemplateChange says what [SourceTemplates.Update] changes. Zero fields
// stay as they are. It prints without the configuration, but in an unexported
// field of another type, where fmt calls no methods.
type SourceTemplateChange struct {
	Name string
	Mode SourceTemplateMode

	// DefaultConfig takes the place of the one that the template has, if it is
	// not nil; an empty one fills nothing in any more.
	DefaultConfig map[string]any

	// Customization is what is replicated and how; null for what the connector
	// suggests.
	Customization Nullable[TemplateCustomization]

	// Propagate changes the connectors that were made from the template as
	// well. Otherwise only new ones are different.
	Propagate bool
}

func (c SourceTemplateChange) String() string {
	customization := "unchanged"
	switch {
	case c.Customization.IsNull():
		customization = "null"
	case !c.Customization.IsZero():
		customization = "given"
	}
	config := "unchanged"
	if c.DefaultConfig != nil {
		config = hiddenConfig(c.DefaultConfig)
	}
	return fmt.Sprintf("client.SourceTemplateChange{Name:%q, Mode:%q, DefaultConfig:%s, Customization:%s, Propagate:%t}",
		c.Name, c.Mode, config, customization, c.Propagate)
}

// Format writes what String returns, for every verb.
func (c SourceTemplateChange) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue implements [slog.LogValuer].
func (c SourceTemplateChange) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalText returns what String returns: a change is not for storing.
func (c SourceTemplateChange) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// A TemplateOption narrows what [SourceTemplates.List] and
// [ConnectionTemplates.List] list.
type TemplateOption func(*templateQuery)

type templateQuery struct {
	any, all []string
	global   bool
}

// WithTags lists templates that have at least one of the tags. Without tags it
// changes nothing.
func WithTags(tags ...string) TemplateOption {
	return func(q *templateQuery) { q.any = append(q.any, tags...) }
}

// WithAllTags lists templates that have all of the tags. Without tags it changes
// nothing.
func WithAllTags(tags ...string) TemplateOption {
	return func(q *templateQuery) { q.all = append(q.all, tags...) }
}

// WithGlobal lists the templates that Airbyte provides to everyone, in place of
// those of the organization. It is for [SourceTemplates.List] only.
func WithGlobal() TemplateOption {
	return func(q *templateQuery) { q.global = true }
}

// queryOf is what the options ask for, and the parameters for the tags.
func queryOf(op string, opts []TemplateOption) (q templateQuery, tags []string, mode *gen.TagMatch, err error) {
	for _, opt := range opts {
		if opt != nil {
			opt(&q)
		}
	}
	switch {
	case len(q.any) > 0 && len(q.all) > 0:
		err = invalid(op, "WithTags and WithAllTags cannot be used together")
	case slices.ContainsFunc(slices.Concat(q.any, q.all), func(tag string) bool { return strings.TrimSpace(tag) == "" }):
		err = invalid(op, "a tag is empty")
	case len(q.any) > 0:
		tags, mode = q.any, new(gen.TagMatchAny)
	case len(q.all) > 0:
		tags, mode = q.all, new(gen.TagMatchAll)
	}
	return q, tags, mode, err
}

// sourceTemplateItem is a source template as the service sends it: in lists, or
// by itself.
type sourceTemplateItem struct {
	SourceTemplateDetails
	SourceDefinitionID   string    `json:"source_definition_id"`
	SupportsContextStore *bool     `json:"supports_context_store"`
	AuthHints            authHints `json:"auth_tooltip"`
}

// authHints are one hint, for every method of authentication, or a map of them.
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
	got.SourceTemplate.SupportsContextStore = got.RuntimeMode != RuntimeDirectOnly // as the service has it
	if s := t.SupportsContextStore; s != nil {
		got.SourceTemplate.SupportsContextStore = *s
	}
	got.AuthHints = t.AuthHints
	got.UserConfig.tidy()
	return got
}

func fetchSourceTemplate(ctx context.Context, call *call, send func(context.Context) (*http.Response, error)) (*SourceTemplateDetails, error) {
	got, err := fetch[sourceTemplateItem](ctx, call, send)
	if err != nil {
		return nil, err
	}
	details := got.details()
	return &details, nil
}

// List lists the organization's templates, or those of everyone; see
// [WithGlobal]. The service has them on one page.
func (s SourceTemplates) List(ctx context.Context, opts ...TemplateOption) ([]SourceTemplate, error) {
	call := &call{op: "list source templates", name: "listSourceTemplates", read: true}
	q, tags, mode, err := queryOf(call.op, opts)
	if err != nil {
		return nil, err
	}
	got, err := fetchList[sourceTemplateItem](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return s.client.raw.ListSourceTemplates(ctx, &gen.ListSourceTemplatesParams{Tags: tags, TagsMode: mode, UseGlobal: optional(q.global)})
	})
	if err != nil {
		return nil, err
	}
	templates := make([]SourceTemplate, len(got))
	for i, t := range got {
		templates[i] = t.details().SourceTemplate
	}
	return templates, nil
}

// Get tells of the template with that id, a UUID, what is to be filled in for
// connectors of it, and how people get credentials for that.
func (s SourceTemplates) Get(ctx context.Context, id string) (*SourceTemplateDetails, error) {
	call := &call{op: "get source template", name: "getSourceTemplate", read: true}
	id, err := checkUUID(call.op, "source template", id)
	if err != nil {
		return nil, err
	}
	return fetchSourceTemplate(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return s.client.raw.GetSourceTemplate(ctx, id, &gen.GetSourceTemplateParams{})
	})
}

// Create adds a template to the organization: from then on, connectors of this
// kind can be made. A request that is not complete is [ErrInvalid], and nothing
// is sent.
func (s SourceTemplates) Create(ctx context.Context, r SourceTemplateRequest) (*SourceTemplateDetails, error) {
	call := &call{op: "create source template", name: "createSourceTemplate", secrets: configSecrets(r.DefaultConfig)}
	body, err := r.wire(call.op)
	if err != nil {
		return nil, err
	}
	return fetchSourceTemplate(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return s.client.raw.CreateSourceTemplate(ctx, &gen.CreateSourceTemplateParams{}, body)
	})
}

// Update changes the template with that id, a UUID, and returns what it is then.
// Templates that Airbyte provides to everyone cannot be changed, but copied; see
// [SourceTemplates.Create].
func (s SourceTemplates) Update(ctx context.Context, id string, change SourceTemplateChange) (*SourceTemplateDetails, error) {
	call := &call{op: "update source template", name: "updateSourceTemplate", secrets: configSecrets(change.DefaultConfig)}
	id, err := checkUUID(call.op, "source template", id)
	if err != nil {
		return nil, err
	}
	body := gen.SourceTemplateUpdateRequest{
		Name: set(strings.TrimSpace(change.Name)), Mode: set(gen.SourceTemplateMode(change.Mode)),
		Customization: change.Customization, Propagate: set(change.Propagate),
	}
	if change.DefaultConfig != nil {
		body.PartialDefaultConfig = Value(change.DefaultConfig)
	}
	problem := ""
	if body.Name.IsZero() && body.Mode.IsZero() && body.PartialDefaultConfig.IsZero() && body.Customization.IsZero() && body.Propagate.IsZero() {
		problem = "there is nothing to change"
	}
	if err := refuse(call.op, problem, configProblem("DefaultConfig", change.DefaultConfig)); err != nil {
		return nil, err
	}
	return fetchSourceTemplate(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return s.client.raw.UpdateSourceTemplate(ctx, id, &gen.UpdateSourceTemplateParams{}, body)
	})
}

// Delete deletes the template with that id, a UUID: no more connectors can be
// made from it.
func (s SourceTemplates) Delete(ctx context.Context, id string) error {
	call := &call{op: "delete source template", name: "deleteSourceTemplate"}
	id, err := checkUUID(call.op, "source template", id)
	if err != nil {
		return err
	}
	return acknowledge(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return s.client.raw.DeleteSourceTemplate(ctx, id, &gen.DeleteSourceTemplateParams{})
	})
}
