package client

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// Definitions are the kinds of systems that the service knows: sources, which
// connectors are made for, and destinations, which data can be replicated to.
// [Client.Definitions] gives them.
type Definitions struct{ part }

// Definitions are the kinds of systems that the service knows.
func (c *Client) Definitions() Definitions { return Definitions{part{c}} }

// ErrDefinitionAmbiguous means that several definitions have the slug or name.
var ErrDefinitionAmbiguous error = &kind{text: "several definitions match"}

// A Definition is a kind of source or destination.
type Definition struct {
	ID   string `json:"id"`
	Name string `json:"name"` // such as Zendesk Support

	// Slug is the name for programs, such as zendesk-support. It is taken from
	// DockerRepository, and "" where that is not known.
	Slug string `json:"slug,omitzero"`

	Icon string `json:"icon,omitzero"` // a URL, or the icon itself as text

	// What follows is not known of destinations in a list.

	DockerRepository string       `json:"dockerRepository,omitzero"` // such as airbyte/source-zendesk-support
	Custom           bool         `json:"custom,omitzero"`           // a user made it
	SupportLevel     SupportLevel `json:"supportLevel,omitzero"`
}

// SupportLevel tells who stands behind a kind of system. Values that are not
// among the constants may come.
type SupportLevel string

// The levels of support.
const (
	SupportCertified SupportLevel = "certified" // Airbyte
	SupportCommunity SupportLevel = "community"
	SupportArchived  SupportLevel = "archived" // nobody any more
	SupportNone      SupportLevel = "none"
)

// DefinitionDetails is a kind of source or destination, and how to configure
// one of it.
type DefinitionDetails struct {
	Definition
	Spec             ConnectorSpec    `json:"spec"`
	ExampleQuestions ExampleQuestions `json:"example_questions"` // of sources
}

// A ConnectorSpec tells how a connector or a destination is configured.
type ConnectorSpec struct {
	DocumentationURL string `json:"documentationUrl,omitzero"`

	// Schema is a JSON Schema of the configuration.
	Schema json.RawMessage `json:"connectionSpecification,omitempty"`

	// AdvancedAuth tells how OAuth is used, nil where it is not. What its
	// complete_oauth_server_input_specification asks for is what [OAuthApps.Set]
	// wants.
	AdvancedAuth json.RawMessage `json:"advanced_auth,omitempty"`

	// SyncModes are the ways in which a destination can write, such as append.
	SyncModes []SyncMode `json:"supported_destination_sync_modes,omitempty"`
}

// A SyncMode is a way in which a destination writes. Values that are not among
// the constants may come.
type SyncMode string

// The ways in which destinations write.
const (
	SyncAppend         SyncMode = "append"
	SyncAppendDedup    SyncMode = "append_dedup" // and keep one of each record
	SyncOverwrite      SyncMode = "overwrite"
	SyncOverwriteDedup SyncMode = "overwrite_dedup"
	SyncUpdate         SyncMode = "update"
	SyncSoftDelete     SyncMode = "soft_delete" // mark what is gone
)

// tidy makes nothing of null.
func (s *ConnectorSpec) tidy() {
	for _, raw := range []*json.RawMessage{&s.Schema, &s.AdvancedAuth} {
		if string(*raw) == "null" {
			*raw = nil
		}
	}
}

// ExampleQuestions are questions that a source can answer.
type ExampleQuestions struct {
	Direct []string `json:"direct,omitempty"` // by actions such as list and get
	Search []string `json:"search,omitempty"` // by a search in the context store
}

// definitionItem is a definition as the service sends it, in any of three ways.
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

// imageSlug is the slug of what an image implements: that of
// airbyte/source-zendesk-support is zendesk-support.
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

type destinationList struct {
	Destinations []definitionItem `json:"destinations"`
}

func definitionsOf(items []definitionItem) []Definition {
	list := make([]Definition, len(items))
	for i, d := range items {
		list[i] = d.details().Definition
	}
	return list
}

// A DefinitionOption narrows what [Definitions.Sources] lists.
type DefinitionOption func(*definitionQuery)

type definitionQuery struct {
	gen.ListSourceDefinitionsParams
}

// WithDefinitionName lists definitions whose names have text in them, in any
// case. It is about names such as Zendesk Support, and not about slugs.
func WithDefinitionName(text string) DefinitionOption {
	return func(q *definitionQuery) { q.Name = optional(text) }
}

// Sources lists the kinds of sources, in the order of the service, which has
// them on one page.
func (d Definitions) Sources(ctx context.Context, opts ...DefinitionOption) ([]Definition, error) {
	call := &call{op: "list source definitions", name: "listSourceDefinitions", read: true}
	var query definitionQuery
	for _, opt := range opts {
		if opt != nil {
			opt(&query)
		}
	}
	got, err := fetch[sourceList](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return d.client.raw.ListSourceDefinitions(ctx, &query.ListSourceDefinitionsParams)
	})
	if err != nil {
		return nil, err
	}
	return definitionsOf(got.Definitions), nil
}

// Source tells of the kind of source with that id, a UUID, and how to configure
// a connector to it.
func (d Definitions) Source(ctx context.Context, id string) (*DefinitionDetails, error) {
	call := &call{op: "get source definition", name: "getSourceDefinition", read: true}
	id, err := checkUUID(call.op, "source definition", id)
	if err != nil {
		return nil, err
	}
	return fetchDefinition(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return d.client.raw.GetSourceDefinition(ctx, id, &gen.GetSourceDefinitionParams{})
	})
}

// FindSource finds a kind of source by its slug ("zendesk-support") or its name
// ("Zendesk Support"), in this order, in any case. Where several have the slug,
// the name decides. None is [ErrNotFound], several are [ErrDefinitionAmbiguous].
// It takes one request, in which all sources are listed.
func (d Definitions) FindSource(ctx context.Context, name string) (*Definition, error) {
	const op = "find source definition"
	if plainSlug(name) == "" {
		return nil, invalid(op, "the name is empty")
	}
	list, err := d.Sources(ctx)
	if err != nil {
		return nil, err
	}
	return findDefinition(op, "Source", list, name)
}

// Destinations lists the kinds of destinations, in the order of the service,
// which has them on one page: those with the ids, UUIDs, or all of them without
// ids.
func (d Definitions) Destinations(ctx context.Context, ids ...string) ([]Definition, error) {
	call := &call{op: "list destination definitions", name: "listDestinationDefinitions", read: true}
	var params gen.ListDestinationDefinitionsParams
	for _, id := range ids {
		id, err := checkUUID(call.op, "destination definition", id)
		if err != nil {
			return nil, err
		}
		params.ActorDefinitionIds = append(params.ActorDefinitionIds, id)
	}
	got, err := fetch[destinationList](ctx, call, func(ctx context.Context) (*http.Response, error) {
		return d.client.raw.ListDestinationDefinitions(ctx, &params)
	})
	if err != nil {
		return nil, err
	}
	return definitionsOf(got.Destinations), nil
}

// Destination tells of the kind of destination with that id, a UUID, and how to
// configure one.
func (d Definitions) Destination(ctx context.Context, id string) (*DefinitionDetails, error) {
	call := &call{op: "get destination definition", name: "getDestinationDefinition", read: true}
	id, err := checkUUID(call.op, "destination definition", id)
	if err != nil {
		return nil, err
	}
	return fetchDefinition(ctx, call, func(ctx context.Context) (*http.Response, error) {
		return d.client.raw.GetDestinationDefinition(ctx, id, &gen.GetDestinationDefinitionParams{})
	})
}

// FindDestination finds a kind of destination as [Definitions.FindSource] finds
// sources. The service lists destinations without their slugs, so it is mostly
// the name that counts; "google-sheets" is as good as "Google Sheets".
func (d Definitions) FindDestination(ctx context.Context, name string) (*Definition, error) {
	const op = "find destination definition"
	if plainSlug(name) == "" {
		return nil, invalid(op, "the name is empty")
	}
	list, err := d.Destinations(ctx)
	if err != nil {
		return nil, err
	}
	return findDefinition(op, "Destination", list, name)
}

func fetchDefinition(ctx context.Context, call *call, send func(context.Context) (*http.Response, error)) (*DefinitionDetails, error) {
	type answer struct {
		ID         string           `json:"id"`
		Definition definitionItem   `json:"definition"`
		Questions  ExampleQuestions `json:"example_questions"`
	}
	got, err := fetch[answer](ctx, call, send)
	if err != nil {
		return nil, err
	}
	details := got.Definition.details()
	if details.ID = cmp.Or(got.ID, details.ID); details.ID == "" {
		return nil, &Error{op: call.op, StatusCode: http.StatusOK, Message: "the answer has no id"}
	}
	details.ExampleQuestions = got.Questions
	return &details, nil
}

// findDefinition is the one of the list with that slug or name. Method is the
// method of Definitions that takes an id.
func findDefinition(op, method string, list []Definition, name string) (*Definition, error) {
	want, what := plainSlug(name), strings.ToLower(method)+" definition"
	with := func(list []Definition, of func(Definition) string) (found []Definition) {
		for _, d := range list {
			if plainSlug(of(d)) == want {
				found = append(found, d)
			}
		}
		return found
	}
	byName := func(d Definition) string { return d.Name }
	for _, of := range []func(Definition) string{func(d Definition) string { return d.Slug }, byName} {
		found := with(list, of)
		if own := with(found, byName); len(own) == 1 {
			found = own
		}
		switch {
		case len(found) == 1:
			return &found[0], nil
		case len(found) > 1:
			return nil, &Error{op: op, kind: ErrDefinitionAmbiguous, Message: fmt.Sprintf(
				"%d %ss match %q: %s; use %s with an id", len(found), what, shorten(name),
				enumerate(found, func(d Definition) string { return fmt.Sprintf("%q (%s)", d.Name, d.ID) }), method)}
		}
	}
	near := slices.DeleteFunc(slices.Clone(list), func(d Definition) bool { return !isNear(want, d.Slug) && !isNear(want, d.Name) })
	hint := fmt.Sprintf("%ss lists the %d that there are", method, len(list))
	if len(near) > 0 {
		hint = "there is " + enumerate(near, func(d Definition) string { return cmp.Or(d.Slug, d.Name) })
	}
	return nil, &Error{op: op, kind: ErrNotFound, Message: fmt.Sprintf("no %s is called %q; %s", what, shorten(name), hint)}
}

// isNear reports whether someone who wrote want, a plain slug, may have meant
// the name: one is a part of the other, or a few letters are wrong.
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

// mistakes is how many letters must be changed, added or left out to make b
// of a.
func mistakes(a, b string) int {
	row := make([]int, len(b)+1) // of the beginnings of b
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
