package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// Definitions gives access to the definitions of the service. A source
// definition describes a kind of connector, such as GitHub. A destination
// definition describes a kind of destination, to which data can be replicated.
// [Client.Definitions] returns it.
//
// A call with an ID that is not a UUID sends nothing and returns an error that
// matches [ErrInvalid].
type Definitions struct{ part }

// Definitions returns access to the definitions of kinds of connectors and
// destinations.
func (c *Client) Definitions() Definitions { return Definitions{part{c}} }

// A Definition describes a kind of connector or destination. In lists of
// destination definitions, the service does not send DockerRepository, Custom
// and SupportLevel, so they and Slug are empty.
type Definition struct {
	ID   string `json:"id"`
	Name string `json:"name"` // such as Zendesk Support

	// Slug is the name for use in programs, such as zendesk-support. It is
	// derived from DockerRepository, and empty if that is not known.
	Slug string `json:"slug,omitzero"`

	Icon string `json:"icon,omitzero"` // a URL, or the icon itself as text

	DockerRepository string       `json:"dockerRepository,omitzero"` // such as airbyte/source-zendesk-support
	Custom           bool         `json:"custom,omitzero"`           // whether a user created it
	SupportLevel     SupportLevel `json:"supportLevel,omitzero"`
}

// A SupportLevel says who supports a kind of connector or destination. The
// service may send values that are not among the constants.
type SupportLevel string

// The levels of support.
const (
	SupportCertified SupportLevel = "certified" // supported by Airbyte
	SupportCommunity SupportLevel = "community"
	SupportArchived  SupportLevel = "archived" // no longer supported
	SupportNone      SupportLevel = "none"
)

// DefinitionDetails describes a kind of connector or destination and how to
// configure it.
type DefinitionDetails struct {
	Definition
	Spec             ConnectorSpec    `json:"spec"`
	ExampleQuestions ExampleQuestions `json:"example_questions"` // only of source definitions
}

// A ConnectorSpec says how to configure a connector or a destination.
type ConnectorSpec struct {
	DocumentationURL string `json:"documentationUrl,omitzero"`

	// Schema is the JSON Schema of the configuration.
	Schema json.RawMessage `json:"connectionSpecification,omitempty"`

	// AdvancedAuth says how OAuth is used. It is nil if OAuth is not used. Its
	// complete_oauth_server_input_specification describes the configuration
	// that [OAuthApps.Set] requires.
	AdvancedAuth json.RawMessage `json:"advanced_auth,omitempty"`

	// SyncModes lists the ways in which a destination can write, such as
	// append.
	SyncModes []SyncMode `json:"supported_destination_sync_modes,omitempty"`
}

// A SyncMode is a way in which a destination writes. The service may send
// values that are not among the constants.
type SyncMode string

// The ways in which destinations write.
const (
	SyncAppend         SyncMode = "append"
	SyncAppendDedup    SyncMode = "append_dedup" // append, keeping one of each record
	SyncOverwrite      SyncMode = "overwrite"
	SyncOverwriteDedup SyncMode = "overwrite_dedup"
	SyncUpdate         SyncMode = "update"
	SyncSoftDelete     SyncMode = "soft_delete" // mark records that are gone
)

// tidy replaces a JSON null with nil.
func (s *ConnectorSpec) tidy() {
	for _, raw := range []*json.RawMessage{&s.Schema, &s.AdvancedAuth} {
		if string(*raw) == "null" {
			*raw = nil
		}
	}
}

// ExampleQuestions are questions that a connector can answer.
type ExampleQuestions struct {
	Direct []string `json:"direct,omitempty"` // answered by actions such as list and get
	Search []string `json:"search,omitempty"` // answered by a search in the context store
}

// A definitionItem is a definition in any of the three forms in which the
// service sends it.
type definitionItem struct {
	DefinitionDetails
	SourceID      string `json:"sourceDefinitionId"`
	DestinationID string `json:"destinationDefinitionId"`
	IconURL       string `json:"iconUrl"`
}

func (d definitionItem) details() DefinitionDetails {
	got := d.DefinitionDetails
	got.ID = cmp.Or(d.ID, d.SourceID, d.DestinationID)
	got.Icon = cmp.Or(d.IconURL, d.Icon)
	got.Slug = imageSlug(d.DockerRepository)
	got.Spec.tidy()
	return got
}

// imageSlug returns the slug of the system that a Docker image connects to:
// zendesk-support for airbyte/source-zendesk-support.
func imageSlug(repository string) string {
	name := repository[strings.LastIndexByte(repository, '/')+1:]
	name, _, _ = strings.Cut(name, ":")
	for _, kind := range []string{"source-", "destination-"} {
		if slug, ok := strings.CutPrefix(name, kind); ok {
			return slug
		}
	}
	return name
}

type sourceList struct {
	Definitions []definitionItem `json:"definitions"`
}

func (l sourceList) lacks() string { return unless(l.Definitions != nil, "list of definitions") }

type destinationList struct {
	Destinations []definitionItem `json:"destinations"`
}

func (l destinationList) lacks() string {
	return unless(l.Destinations != nil, "list of destinations")
}

func definitionsOf(items []definitionItem) []Definition {
	list := make([]Definition, len(items))
	for i, d := range items {
		list[i] = d.details().Definition
	}
	return list
}

// A SourceDefinitionFilter says which definitions [Definitions.ListSources] returns.
// The zero filter selects all of them.
type SourceDefinitionFilter struct {
	// Name selects definitions whose name contains it, ignoring case. It looks at
	// names, such as Zendesk Support, not at slugs.
	Name string
}

func (f SourceDefinitionFilter) wire() *gen.ListSourceDefinitionsParams {
	return &gen.ListSourceDefinitionsParams{Name: optional(f.Name)}
}

// ListSources returns the source definitions that the filter selects, in the order
// of the service, which sends them in one page.
func (d Definitions) ListSources(ctx context.Context, filter SourceDefinitionFilter) ([]Definition, error) {
	ask := d.begin(&call{op: "list source definitions", name: "listSourceDefinitions", read: true})
	got, err := fetch[sourceList](ctx, ask.to(gen.NewListSourceDefinitionsRequest(ask.server(), filter.wire())))
	if err != nil {
		return nil, err
	}
	return definitionsOf(got.Definitions), nil
}

// GetSource returns the source definition with the given ID, a UUID, including
// how to configure a connector.
func (d Definitions) GetSource(ctx context.Context, id string) (*DefinitionDetails, error) {
	ask := d.begin(&call{op: "get source definition", name: "getSourceDefinition", read: true})
	id, err := checkUUID(ask.op, "source definition", id)
	if err != nil {
		return nil, err
	}
	return fetchDefinition(ctx, ask.to(gen.NewGetSourceDefinitionRequest(ask.server(), id, nil)))
}

// FindSource returns the source definition with the given slug
// ("zendesk-support") or name ("Zendesk Support"). It looks for a slug first,
// ignores case, and does not distinguish spaces, hyphens and underscores. If
// several definitions have the slug, the one that also has the name is
// returned. If none matches, the error matches [ErrNotFound]; if several match,
// it matches [ErrDefinitionAmbiguous]. FindSource sends one request, which
// lists all source definitions.
func (d Definitions) FindSource(ctx context.Context, name string) (*Definition, error) {
	return findDefinition("Source", name, func() ([]Definition, error) { return d.ListSources(ctx, SourceDefinitionFilter{}) })
}

// A DestinationDefinitionFilter says which definitions [Definitions.ListDestinations]
// returns. The zero filter selects all of them.
type DestinationDefinitionFilter struct {
	IDs []string // selects definitions by their IDs, which are UUIDs; empty means all
}

func (f DestinationDefinitionFilter) wire(op string) (*gen.ListDestinationDefinitionsParams, error) {
	var query gen.ListDestinationDefinitionsParams
	for _, id := range f.IDs {
		id, err := checkUUID(op, "destination definition", id)
		if err != nil {
			return nil, err
		}
		query.ActorDefinitionIds = append(query.ActorDefinitionIds, id)
	}
	return &query, nil
}

// ListDestinations returns the destination definitions that the filter selects, in the
// order of the service, which sends them in one page. If an ID is not a UUID, the error
// matches [ErrInvalid]; nothing is sent.
func (d Definitions) ListDestinations(ctx context.Context, filter DestinationDefinitionFilter) ([]Definition, error) {
	ask := d.begin(&call{op: "list destination definitions", name: "listDestinationDefinitions", read: true})
	query, err := filter.wire(ask.op)
	if err != nil {
		return nil, err
	}
	got, err := fetch[destinationList](ctx, ask.to(gen.NewListDestinationDefinitionsRequest(ask.server(), query)))
	if err != nil {
		return nil, err
	}
	return definitionsOf(got.Destinations), nil
}

// GetDestination returns the destination definition with the given ID, a UUID,
// including how to configure a destination.
func (d Definitions) GetDestination(ctx context.Context, id string) (*DefinitionDetails, error) {
	ask := d.begin(&call{op: "get destination definition", name: "getDestinationDefinition", read: true})
	id, err := checkUUID(ask.op, "destination definition", id)
	if err != nil {
		return nil, err
	}
	return fetchDefinition(ctx, ask.to(gen.NewGetDestinationDefinitionRequest(ask.server(), id, nil)))
}

// FindDestination returns a destination definition in the way in which
// [Definitions.FindSource] returns a source definition. The service lists
// destination definitions without their slugs, so usually only the name can
// match; "google-sheets" matches "Google Sheets".
func (d Definitions) FindDestination(ctx context.Context, name string) (*Definition, error) {
	return findDefinition("Destination", name, func() ([]Definition, error) { return d.ListDestinations(ctx, DestinationDefinitionFilter{}) })
}

func fetchDefinition(ctx context.Context, ask *call) (*DefinitionDetails, error) {
	got, err := fetch[wholeDefinition](ctx, ask)
	if err != nil {
		return nil, err
	}
	details := got.Definition.details()
	details.ID = cmp.Or(got.ID, details.ID)
	details.ExampleQuestions = got.Questions
	return &details, nil
}

// A wholeDefinition is a definition as the service sends it by itself.
type wholeDefinition struct {
	ID         string           `json:"id"`
	Definition definitionItem   `json:"definition"`
	Questions  ExampleQuestions `json:"example_questions"`
}

func (d wholeDefinition) lacks() string {
	return unless(cmp.Or(d.ID, d.Definition.details().ID) != "", "id")
}

// findDefinition returns the definition in a list that has the slug or name. noun is
// Source or Destination, for the texts of errors.
func findDefinition(noun, name string, all func() ([]Definition, error)) (*Definition, error) {
	want, what := plainSlug(name), strings.ToLower(noun)+" definition"
	op := "find " + what
	if want == "" {
		return nil, invalid(op, "the name is empty")
	}
	list, err := all()
	if err != nil {
		return nil, err
	}
	byName := func(d Definition) string { return d.Name }
	found := pick(list, name, byName, func(d Definition) string { return d.Slug }, byName)
	switch {
	case len(found) == 1:
		return &found[0], nil
	case len(found) > 1:
		return nil, &Error{op: op, kind: ErrDefinitionAmbiguous, Message: fmt.Sprintf(
			"%d %ss match %q: %s; use Get%s with an id", len(found), what, shorten(name),
			enumerate(found, func(d Definition) string { return fmt.Sprintf("%q (%s)", d.Name, d.ID) }), noun)}
	}
	near := slices.DeleteFunc(slices.Clone(list), func(d Definition) bool { return !isNear(want, d.Slug) && !isNear(want, d.Name) })
	hint := fmt.Sprintf("List%ss lists all %d", noun, len(list))
	if len(near) > 0 {
		hint = "similar: " + enumerate(near, func(d Definition) string { return cmp.Or(d.Slug, d.Name) })
	}
	return nil, &Error{op: op, kind: ErrNotFound, Message: fmt.Sprintf("no %s is called %q; %s", what, shorten(name), hint)}
}

// isNear reports whether someone who wrote want, a plain slug, may have meant
// name: one contains the other, or a few letters differ.
func isNear(want, name string) bool {
	name = plainSlug(name)
	if len(want) > 100 || len(name) > 100 || min(len(want), len(name)) < 2 {
		return false
	}
	if strings.Contains(name, want) || len(name) > 2 && strings.Contains(want, name) {
		return true
	}
	return mistakes(want, name) <= min(len(want), len(name))/3
}

// mistakes returns how many letters must be changed, added or removed to turn a
// into b.
func mistakes(a, b string) int {
	row := make([]int, len(b)+1) // distances to the prefixes of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
