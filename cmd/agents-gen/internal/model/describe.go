package model

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/names"
)

// Generator marks the descriptions that [Package.Describe] returns.
const Generator = "agents-gen"

// A description is what package agentstest needs to serve a connector. Its form is
// known there, too: in agentstest/document.go.
type description struct {
	Generator    string                      `json:"generator"`
	Slug         string                      `json:"slug"`
	Title        string                      `json:"title"`
	Version      string                      `json:"version"`
	Description  string                      `json:"description,omitempty"`
	DefinitionID string                      `json:"definition_id,omitempty"`
	Entities     []describedEntity           `json:"entities"`
	Shapes       map[string]*describedSchema `json:"shapes"`
}

type describedEntity struct {
	Name    string            `json:"name"`
	Actions []describedAction `json:"actions"`
	Store   *describedSchema  `json:"store,omitempty"` // a record in the context store
}

type describedAction struct {
	Name        string           `json:"name"`
	Description string           `json:"description,omitempty"`
	Params      []describedParam `json:"params"`
	Open        bool             `json:"open,omitempty"`   // there may be other parameters
	List        bool             `json:"list,omitempty"`   // the result is an array
	Result      *describedSchema `json:"result,omitempty"` // of a record
	Pages       []describedPages `json:"pages,omitempty"`
}

type describedParam struct {
	Name        string           `json:"name"`
	In          string           `json:"in"`
	Required    bool             `json:"required"`
	Description string           `json:"description,omitempty"`
	Schema      *describedSchema `json:"schema"`
}

type describedPages struct {
	When     []string        `json:"when,omitempty"`
	Params   []describedPage `json:"params"`
	Metadata []string        `json:"metadata,omitempty"` // the names of its members
}

type describedPage struct {
	Name    string `json:"name"`
	Role    string `json:"role"`
	Default *int64 `json:"default,omitempty"`
	Fed     bool   `json:"fed,omitempty"` // the metadata has its value for the next page
}

// A describedSchema is a schema in one of few forms.
type describedSchema struct {
	Type       string              `json:"type,omitempty"` // string, integer, number, boolean, array, map, object; "" is anything
	Nullable   bool                `json:"nullable,omitempty"`
	Format     string              `json:"format,omitempty"`
	Default    string              `json:"default,omitempty"` // a scalar, as it is written
	Enum       []string            `json:"enum,omitempty"`
	Items      *describedSchema    `json:"items,omitempty"` // of an array or a map
	Properties []describedProperty `json:"properties,omitempty"`
	Open       bool                `json:"open,omitempty"`  // there may be other properties
	Shape      string              `json:"shape,omitempty"` // the name of an object in the shapes
	AnyOf      []*describedSchema  `json:"any_of,omitempty"`
	Minimum    json.Number         `json:"minimum,omitempty"`
	Maximum    json.Number         `json:"maximum,omitempty"`
	MinLength  json.Number         `json:"min_length,omitempty"`
	MaxLength  json.Number         `json:"max_length,omitempty"`
	MinItems   json.Number         `json:"min_items,omitempty"`
	MaxItems   json.Number         `json:"max_items,omitempty"`
}

type describedProperty struct {
	Name        string           `json:"name"`
	Required    bool             `json:"required,omitempty"`
	ReadOnly    bool             `json:"read_only,omitempty"`
	Description string           `json:"description,omitempty"`
	Schema      *describedSchema `json:"schema"`
}

// Describe returns the description of the given entities, or of all if there are none,
// in JSON.
func (p *Package) Describe(entities []string) ([]byte, error) {
	d := &describer{
		b: p.builder, names: map[*document.Schema]string{}, taken: map[string]bool{}, next: map[string]int{},
		out: description{Generator: Generator, Slug: p.Slug, Title: p.Title, Version: p.Version, Description: told(p.builder.d.Description), DefinitionID: p.DefinitionID, Shapes: map[string]*describedSchema{}},
	}
	for _, e := range p.Entities {
		if len(entities) > 0 && !slices.Contains(entities, e.Wire) {
			continue
		}
		d.out.Entities = append(d.out.Entities, d.entity(e))
	}
	for len(d.todo) > 0 {
		v := d.todo[0]
		d.todo = d.todo[1:]
		d.out.Shapes[d.names[v.Of]] = d.object(v)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", " ")
	err := enc.Encode(d.out)
	return b.Bytes(), err
}

type describer struct {
	b     *builder
	out   description
	names map[*document.Schema]string // of objects
	taken map[string]bool
	next  map[string]int
	todo  []*document.View
}

func (d *describer) entity(e *Entity) describedEntity {
	out := describedEntity{Name: e.Wire, Actions: []describedAction{}}
	for _, a := range e.Actions {
		out.Actions = append(out.Actions, d.action(a))
	}
	if e.Store != nil {
		for _, s := range d.b.d.Store {
			switch {
			case s.Entity != e.Wire:
			case s.Fields == nil:
				out.Store = &describedSchema{Type: "object", Open: true}
			default:
				out.Store = d.object(d.b.view(s.Fields))
			}
		}
	}
	return out
}

func (d *describer) action(a *Action) describedAction {
	out := describedAction{Name: a.Wire, Description: told(strings.Join(a.Docs, "\n")), Params: []describedParam{}}
	operations := d.b.runs[a]
	byName := map[string]int{}
	count := map[string]int{}
	for i, o := range operations {
		out.Open = out.Open || d.b.open(o) || o.Body != nil && d.b.view(o.Body).Open
		for _, s := range d.b.sources(o) {
			count[s.name]++
			at, ok := byName[s.name]
			if !ok {
				byName[s.name] = len(out.Params)
				out.Params = append(out.Params, describedParam{Name: s.name, In: s.in, Required: d.b.required(s), Description: told(s.doc), Schema: d.schema(s.schema)})
				continue
			}
			p := &out.Params[at]
			p.Required = p.Required && d.b.required(s)
			if first := d.b.sources(operations[0]); i > 0 && !slices.ContainsFunc(first, func(o source) bool { return o.name == s.name && d.b.same(o.schema, s.schema) }) {
				p.Schema = &describedSchema{}
			}
		}
		if s, many, _ := d.b.extract(o.Response, o.Extractor); i == 0 && o.Response != nil {
			if v := d.b.view(s); !many && v.Kind() == document.Array {
				s, many = v.Items, true
			}
			out.List, out.Result = many, d.schema(s)
		}
	}
	for i := range out.Params {
		out.Params[i].Required = out.Params[i].Required && count[out.Params[i].Name] == len(operations)
	}
	for _, r := range a.Paging {
		pages := describedPages{When: r.When, Params: []describedPage{}, Metadata: r.Metadata}
		if len(a.Paging) == 1 {
			pages.When = nil
		}
		for _, p := range r.Params {
			page := describedPage{Name: p.Name, Role: p.Role, Fed: p.Fed}
			if p.Known {
				page.Default = &p.Default
			}
			pages.Params = append(pages.Params, page)
		}
		for _, p := range r.Unused {
			pages.Params = append(pages.Params, describedPage{Name: p.Name, Role: "unused"})
		}
		out.Pages = append(out.Pages, pages)
	}
	return out
}

// longest is how many bytes of a text the description has.
const longest = 1000

// told returns a text in one line, without characters that nobody sees.
func told(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || !names.Visible(r) }), " ")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}

// schema describes a schema. Objects are named, since they may contain themselves.
func (d *describer) schema(s *document.Schema) *describedSchema {
	out := &describedSchema{}
	if s == nil {
		return out
	}
	v := d.b.view(s)
	out.Nullable, out.Default = v.Nullable, told(v.Default)
	switch v.Kind() {
	case document.String:
		out.Type, out.Format, out.Enum = "string", v.Format, v.Values()
		out.MinLength, out.MaxLength = json.Number(v.Limits.MinLength), json.Number(v.Limits.MaxLength)
	case document.Time:
		out.Type, out.Format = "string", "date-time"
	case document.Integer:
		out.Type = "integer"
		out.Minimum, out.Maximum = json.Number(v.Limits.Minimum), json.Number(v.Limits.Maximum)
	case document.Number:
		out.Type = "number"
		out.Minimum, out.Maximum = json.Number(v.Limits.Minimum), json.Number(v.Limits.Maximum)
	case document.Boolean:
		out.Type = "boolean"
	case document.Array, document.Map:
		leave, ok := d.b.enter(v)
		if !ok {
			return &describedSchema{}
		}
		defer leave()
		if out.Type = "array"; v.Kind() == document.Map {
			out.Type = "map"
		}
		if out.Type == "array" {
			out.MinItems, out.MaxItems = json.Number(v.Limits.MinItems), json.Number(v.Limits.MaxItems)
		}
		out.Items = d.schema(elements(v))
	case document.Object:
		out.Type, out.Shape = "object", d.name(v)
	case document.Any:
		if v.Unknown() == document.FreeForm {
			out.Type, out.Open = "object", true
			break
		}
		for _, t := range v.Types {
			out.AnyOf = append(out.AnyOf, &describedSchema{Type: t})
		}
		for _, t := range v.Union {
			if inner := d.b.view(t); inner.Kind() != document.Any && inner.Kind() != document.Array && inner.Kind() != document.Map {
				out.AnyOf = append(out.AnyOf, d.schema(t))
			} else {
				out.AnyOf = append(out.AnyOf, &describedSchema{})
			}
		}
	}
	return out
}

// name returns the name of an object's shape.
func (d *describer) name(v *document.View) string {
	if name, ok := d.names[v.Of]; ok {
		return name
	}
	base := cmp.Or(v.Of.Name, d.b.places[v.Of].want, "object")
	name := base
	for i := d.next[base] + 1; d.taken[name]; i++ {
		name = fmt.Sprintf("%s %d", base, i)
		d.next[base] = i
	}
	d.taken[name] = true
	d.names[v.Of] = name
	d.todo = append(d.todo, v)
	return name
}

func (d *describer) object(v *document.View) *describedSchema {
	out := &describedSchema{Type: "object", Open: v.Open}
	for _, p := range v.Properties {
		inside := d.b.view(p.Schema)
		out.Properties = append(out.Properties, describedProperty{Name: p.Name, Required: p.Required, ReadOnly: inside.ReadOnly, Description: told(inside.Description), Schema: d.schema(p.Schema)})
	}
	return out
}
