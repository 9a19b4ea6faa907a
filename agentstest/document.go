package agentstest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// WithDocument makes the service serve the kind of connector that a document describes,
// with the actions, parameters, records and pages that the document has. description is
// what the command agents-gen writes with its flag -fake. New panics if it is something
// else.
//
// The workspace [WorkspaceName] gets a connector of this kind, unless [WithConnector]
// adds one to any workspace. If the kind is one that the service has anyway, all
// connectors of the kind are as the document describes.
//
// The service checks parameters: one that the document does not declare, a required one
// that is missing, one of a wrong type and one beyond the limits that the document sets,
// such as a maximum, are refused with the status 422. The records
// are made up from their shapes, always the same, twelve of each entity, some of them
// with null where the document allows it. Parameters with the name of a field select
// the records that have the value, required ones too. What is created or changed
// stays so, and what is created has the fields that were sent, a key, the times that the
// service sets, and of the others only those that must be there: null, or else 0, false
// or "". Lists have pages if the document says how to ask for the next one; the size
// of a page is the document's default, or else 10. Searches of the context store know
// the fields that the document lists for it, and no others.
//
// For records of your own, or pages of another size, add the connector with
// [WithConnector]: the Entities that it names replace those of the same name, as far as
// their fields are set, and are described by the document in all other respects. New
// panics if the document has no entity of a name, if it has no field that one of the
// records has or does not allow its value, or if a connector of a new kind is
// almost called like the one of the document and there is none of the document's.
func WithDocument(description []byte) Option {
	return func(o *options) {
		d, err := readDescription(description)
		if err != nil {
			panic(fmt.Sprintf("agentstest: WithDocument: %v", err))
		}
		o.documents = append(o.documents, d)
	}
}

// A description is what agents-gen writes. Its form is known there, too.
type description struct {
	Generator    string             `json:"generator"`
	Slug         string             `json:"slug"`
	Title        string             `json:"title"`
	Description  string             `json:"description"`
	DefinitionID string             `json:"definition_id"`
	Entities     []describedEntity  `json:"entities"`
	Shapes       map[string]*schema `json:"shapes"`

	mu      sync.Mutex
	records map[string][]json.RawMessage // by entity; made up when they are first needed
}

type describedEntity struct {
	Name    string            `json:"name"`
	Actions []describedAction `json:"actions"`
	Store   *schema           `json:"store"` // of a record in the context store; nil if it has none
}

type describedAction struct {
	Name        string           `json:"name"`
	Description string           `json:"description"`
	Params      []describedParam `json:"params"`
	Open        bool             `json:"open"`   // there may be other parameters
	List        bool             `json:"list"`   // the result is an array
	Result      *schema          `json:"result"` // of a record; nil if nothing is known
	Pages       []describedPages `json:"pages"`
}

type describedParam struct {
	Name        string  `json:"name"`
	In          string  `json:"in"`
	Required    bool    `json:"required"`
	Description string  `json:"description"`
	Schema      *schema `json:"schema"`
}

// A describedPages says how pages turn if the parameters of When are given.
type describedPages struct {
	When     []string        `json:"when"`
	Params   []describedPage `json:"params"`
	Metadata []string        `json:"metadata"` // the names of its members
}

type describedPage struct {
	Name    string `json:"name"`
	Role    string `json:"role"`
	Default *int64 `json:"default"`
	Fed     bool   `json:"fed"` // the metadata has its value for the next page
}

// A schema is a JSON Schema in one of few forms.
type schema struct {
	Type       string     `json:"type"` // string, integer, number, boolean, array, map, object; "" is anything
	Nullable   bool       `json:"nullable"`
	Format     string     `json:"format"`
	Default    string     `json:"default"` // a scalar, as it is written
	Enum       []string   `json:"enum"`
	Items      *schema    `json:"items"` // of an array or a map
	Properties []property `json:"properties"`
	Open       bool       `json:"open"`  // there may be other properties
	Shape      string     `json:"shape"` // the name of an object in the shapes
	AnyOf      []*schema  `json:"any_of"`

	// Limits; "" is none.
	Minimum   json.Number `json:"minimum"`
	Maximum   json.Number `json:"maximum"`
	MinLength json.Number `json:"min_length"`
	MaxLength json.Number `json:"max_length"`
	MinItems  json.Number `json:"min_items"`
	MaxItems  json.Number `json:"max_items"`
}

type property struct {
	Name        string  `json:"name"`
	Required    bool    `json:"required"`
	ReadOnly    bool    `json:"read_only"`
	Description string  `json:"description"`
	Schema      *schema `json:"schema"`
}

// readDescription reads what agents-gen writes.
func readDescription(raw []byte) (*description, error) {
	d := &description{}
	dec := json.NewDecoder(bytes.NewReader(raw))
	err := dec.Decode(d)
	if err == nil && d.Generator == "agents-gen" && plainSlug(d.Slug) != "" {
		return d, nil
	}
	var of struct {
		OpenAPI json.RawMessage `json:"openapi"`
	}
	if json.Unmarshal(raw, &of) == nil && of.OpenAPI != nil || err != nil && bytes.Contains(raw, []byte("openapi:")) {
		return nil, errors.New("this looks like the document itself; give what agents-gen -fake writes")
	}
	if err != nil {
		return nil, fmt.Errorf("agents-gen -fake did not write it: %w", err)
	}
	return nil, errors.New("agents-gen -fake did not write it")
}

// of returns the schema with the properties of a shape, never nil.
func (d *description) of(s *schema) *schema {
	if s == nil {
		return &schema{}
	}
	if s.Shape != "" {
		if shape := d.Shapes[s.Shape]; shape != nil {
			named := *shape
			named.Nullable, named.Shape, named.Default = s.Nullable, s.Shape, s.Default
			return &named
		}
		return &schema{Type: "object", Open: true, Nullable: s.Nullable}
	}
	return s
}

// actions returns the names of an entity's actions, with those of the context store.
func (e *describedEntity) actions() []string {
	var names []string
	for _, a := range e.Actions {
		names = append(names, a.Name)
	}
	if e.Store != nil {
		names = append(names, "context_store_search", storeSQL)
	}
	return names
}

// addDocument makes a kind of connector the one that a document describes. It adds the
// kind if it is new.
func (w *world) addDocument(d *description, now time.Time) {
	slug := plainSlug(d.Slug)
	k := w.kindBySlug(slug)
	if k == nil {
		k = &kind{slug: slug, name: cmp.Or(strings.TrimSpace(d.Title), title(slug)), custom: true, support: server.SupportLevelNone}
		if isUUID(d.DefinitionID) && w.kindByID(d.DefinitionID) == nil {
			k.id = strings.ToLower(d.DefinitionID)
		}
		w.addKind(k, now)
	}
	k.document, k.entities = d, map[string]Entity{}
	for _, e := range d.Entities {
		k.entities[e.Name] = Entity{} // described brings the rest
	}
}

// addDescribed adds a connector of each kind that a document describes to the first
// workspace, unless there is one anywhere.
func (w *world) addDescribed(documents []*description, now time.Time) error {
	for _, d := range documents {
		k := w.kindBySlug(d.Slug)
		if slices.ContainsFunc(slices.Collect(maps.Values(w.connectors)), func(c *connector) bool { return c.template.kind == k }) {
			continue
		}
		for _, other := range w.kinds {
			if other.custom && other.document == nil && near(other.slug, k.slug) {
				return fmt.Errorf("connector %q: the slug of the document is %q", other.slug, k.slug)
			}
		}
		if err := w.addConnector(w.ensureWorkspace(OrganizationID, WorkspaceName, now), Connector{Slug: d.Slug}, now); err != nil {
			return err
		}
	}
	return nil
}

// entity returns the description of an entity, nil if there is none.
func (d *description) entity(name string) *describedEntity {
	if d == nil {
		return nil
	}
	if i := slices.IndexFunc(d.Entities, func(e describedEntity) bool { return e.Name == name }); i >= 0 {
		return &d.Entities[i]
	}
	return nil
}

// action returns the description of an action, nil if the document has none.
func (e *describedEntity) action(name string) *describedAction {
	if e == nil {
		return nil
	}
	if i := slices.IndexFunc(e.Actions, func(a describedAction) bool { return a.Name == name }); i >= 0 {
		return &e.Actions[i]
	}
	return nil
}

// param returns the description of a parameter, nil if there is none.
func (a *describedAction) param(name string) *describedParam {
	if i := slices.IndexFunc(a.Params, func(p describedParam) bool { return p.Name == name }); i >= 0 {
		return &a.Params[i]
	}
	return nil
}
