// Package document reads the documents of connectors: OpenAPI 3.1 with extensions
// whose names begin with x-airbyte. It takes what types are made from and bears
// whatever else is in a document, since real ones are not always valid. It keeps the
// order of properties, follows no reference out of the document, and limits the size
// of what it reads.
package document

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Document is the document of a connector.
type Document struct {
	Slug, Title, Version string
	Description          string
	DefinitionID         string
	Operations           []Operation // by path and method
	Store                []StoreEntity
	Schemas              []*Schema // of the components, by name
	Notes                []Note    // what is doubtful, and what was passed over
	LeftOut              int       // operations without an entity or an action
	Untyped              bool      // it is made from a description, which has no responses
}

// An Operation is a request that runs an action on an entity. Several may run the same
// one.
type Operation struct {
	Path, Method         string
	Entity, Action       string
	Summary, Description string
	Params               []Param
	Body                 *Schema // nil if it has none whose properties are parameters
	Response             *Schema // nil if it is not JSON or not described
	Extractor            string  // where the records are in the response; "" means all of it
	Meta                 []Meta  // in the metadata of a page, by name
	NoPaging             bool
	Open                 bool // there may be parameters that are not listed
}

// A Param is a parameter of an operation.
type Param struct {
	Name, In    string
	Description string
	Required    bool
	Injected    bool // the service sets it
	Schema      *Schema
}

// A Meta is a member of a page's metadata, and where it is in the response.
type Meta struct{ Name, Path string }

// A StoreEntity is an entity of the context store.
type StoreEntity struct {
	Entity string
	Fields *Schema // an object; nil if nothing is known
}

// Load reads a document, in YAML or JSON.
func Load(data []byte) (*Document, error) {
	root, twice, err := parse(data)
	if err != nil {
		return nil, err
	}
	version := root.get("openapi")
	switch {
	case !root.is(object) || version == nil && root.get("paths") == nil:
		return nil, errors.New("it is no OpenAPI document: it has neither openapi nor paths")
	case version != nil && version.str() != "3" && !strings.HasPrefix(version.str(), "3."):
		return nil, fmt.Errorf("it says that it is OpenAPI %q, and only versions from 3.0 on are read", version.str())
	case version == nil && root.get("swagger") != nil:
		return nil, fmt.Errorf("it says that it is Swagger %q: convert it to OpenAPI 3", root.get("swagger").str())
	}
	info := root.get("info")
	d := &Document{
		Slug:         strings.TrimSpace(info.get("x-airbyte-connector-name").str()),
		DefinitionID: info.get("x-airbyte-connector-definition-id").str(),
		Title:        info.get("title").str(),
		Description:  cmp.Or(info.get("description").str(), info.get("summary").str()),
		Version:      info.get("version").str(),
	}
	l := &loader{d: d}
	l.schemas = schemas{root: root, known: map[*node]*Schema{}, found: map[string]*node{}, loader: l}
	for _, text := range twice {
		l.note(Wrong, "twice", "%s", text)
	}
	if version == nil {
		l.note(Doubt, "version", "it does not say which version of OpenAPI it is: add openapi: 3.1.0")
	}
	l.checkSlug()
	l.keys(root, place("the document"), rootKeys)
	l.keys(info, place("the info"), infoKeys)
	l.components(root.at("components", "schemas"))
	l.paths(root.get("paths"))
	l.store(first(info.get("x-airbyte-context-store"), root.get("x-airbyte-context-store")))
	l.checkEntities()
	l.schemas.finish()
	l.checkRequired()
	return d, nil
}

func first(nodes ...*node) *node {
	for _, n := range nodes {
		if n != nil {
			return n
		}
	}
	return nil
}

// A loader fills a Document.
type loader struct {
	d       *Document
	schemas schemas
}

func (l *loader) components(n *node) {
	if !n.is(object) {
		return
	}
	for _, m := range n.members {
		s := l.schemas.of(m.value, place("the schema %q", m.name))
		s.Name = m.name
		l.d.Schemas = append(l.d.Schemas, s)
	}
	slices.SortFunc(l.d.Schemas, func(a, b *Schema) int { return cmp.Compare(a.Name, b.Name) })
}

// resolve follows references of what is no schema.
func (l *loader) resolve(n *node, at *where) *node {
	for range 10 {
		ref := n.get("$ref")
		if !ref.is(text) {
			return n
		}
		target, why := l.schemas.lookup(ref.text)
		if why != "" {
			l.note(Doubt, "references", "%s: %s", at, why)
			return nil
		}
		n = target
	}
	return nil
}

var methods = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}

func (l *loader) paths(n *node) {
	if !n.is(object) {
		return
	}
	members := slices.SortedFunc(slices.Values(n.members), func(a, b member) int { return cmp.Compare(a.name, b.name) })
	for _, m := range members {
		item := l.resolve(m.value, place("the path %s", m.name))
		l.keys(item, place("the path %s", m.name), itemKeys)
		for _, method := range methods {
			op := item.get(method)
			if !op.is(object) {
				continue
			}
			l.operation(m.name, method, op, item.get("parameters"))
		}
	}
}

func (l *loader) operation(path, method string, n, shared *node) {
	o := Operation{
		Path: path, Method: method,
		Entity:      strings.TrimSpace(n.get("x-airbyte-entity").str()),
		Action:      strings.TrimSpace(n.get("x-airbyte-action").str()),
		Summary:     n.get("summary").str(),
		Description: n.get("description").str(),
		Extractor:   strings.TrimSpace(n.get("x-airbyte-record-extractor").str()),
	}
	at := o.place()
	l.keys(n, at, operationKeys)
	if o.Entity == "" || o.Action == "" {
		l.d.LeftOut++
		switch {
		case o.Entity != "":
			l.note(Doubt, "halves", "%s is left out: it has an entity, and no x-airbyte-action", at)
		case o.Action != "":
			l.note(Doubt, "halves", "%s is left out: it has an action, and no x-airbyte-entity", at)
		default:
			l.note(Detail, "left out", "%s is left out: it has no entity and no action", at)
		}
		return
	}
	if v := n.get("x-airbyte-no-pagination"); v != nil && v.str() != "false" {
		o.NoPaging = true
	}
	if meta := n.get("x-airbyte-meta-extractor"); meta.is(object) {
		for _, m := range meta.members {
			o.Meta = append(o.Meta, Meta{m.name, m.value.str()})
		}
		slices.SortFunc(o.Meta, func(a, b Meta) int { return cmp.Compare(a.Name, b.Name) })
	}
	for _, of := range []*node{n.get("parameters"), shared} { // those of the operation first: they win
		for _, p := range of.elements() {
			l.param(&o, p)
		}
	}
	l.checkPath(&o, n)
	l.checkAction(&o)
	inBody := place("the body of %s", at)
	body := l.resolve(n.get("requestBody"), inBody)
	l.keys(body, inBody, bodyKeys)
	if kind := body.get("x-airbyte-body-type"); kind.str() != "graphql" && kind.get("type").str() != "graphql" {
		o.Body = l.content(body.get("content"), inBody)
		l.checkBody(&o, body.get("content"), inBody)
	}
	o.Response = l.response(n.get("responses"), place("the response of %s", at))
	l.d.Operations = append(l.d.Operations, o)
}

func (l *loader) param(o *Operation, n *node) {
	at := place("a parameter of %s", o.place())
	n = l.resolve(n, at)
	if !n.is(object) {
		return
	}
	at = place("the parameter %q of %s", n.get("name").str(), o.place())
	p := Param{
		Name: n.get("name").str(), In: n.get("in").str(),
		Description: n.get("description").str(),
		Required:    n.get("required").isTrue(),
		Schema:      l.schemas.of(n.get("schema"), at),
	}
	l.checkParam(&p, n, at)
	if inject := n.get("x-airbyte-param-config-inject"); inject != nil && inject.kind != null {
		p.Injected = true
	}
	if p.Schema == nil {
		p.Schema = l.content(n.get("content"), at)
	}
	if p.Schema == nil { // as OpenAPI 2 has it
		p.Schema = l.schemas.like(n, at, parameterKeys)
	}
	if p.Name == "" || slices.ContainsFunc(o.Params, func(q Param) bool { return q.Name == p.Name && q.In == p.In }) {
		return
	}
	o.Params = append(o.Params, p)
}

// response returns the schema of the answer to a request that succeeds.
func (l *loader) response(n *node, at *where) *Schema {
	if !n.is(object) {
		return nil
	}
	best, rank := (*node)(nil), 1000
	for _, m := range n.members {
		r := 1000
		switch code, err := strconv.Atoi(m.name); {
		case err == nil && code >= 200 && code < 300:
			r = code
		case strings.EqualFold(m.name, "2xx"):
			r = 300
		case m.name == "default":
			r = 301
		}
		if r < rank {
			best, rank = m.value, r
		}
	}
	best = l.resolve(best, at)
	l.keys(best, at, responseKeys)
	return l.content(best.get("content"), at)
}

// content returns the schema of JSON or a form among media types.
func (l *loader) content(n *node, at *where) *Schema {
	if !n.is(object) {
		return nil
	}
	best, rank := member{}, 10
	for _, m := range n.members {
		name, _, _ := strings.Cut(strings.ToLower(m.name), ";")
		name = strings.TrimSpace(name)
		r := 10
		switch {
		case name == "application/json":
			r = 1
		case strings.HasSuffix(name, "json"):
			r = 2
		case name == "application/x-www-form-urlencoded":
			r = 3
		case name == "multipart/form-data":
			r = 4
		case name == "*/*":
			r = 5
		}
		if r < rank || r == rank && r < 10 && m.name < best.name {
			best, rank = m, r
		}
	}
	if rank == 10 {
		return nil
	}
	l.keys(best.value, at, mediaKeys)
	return l.schemas.of(best.value.get("schema"), at)
}

func (l *loader) store(n *node) {
	for _, e := range n.get("entities").elements() {
		name := strings.TrimSpace(e.get("entity").str())
		if name == "" {
			continue
		}
		l.keys(e, place("the entity %q of the context store", name), storeKeys)
		s := &Schema{Types: []string{"object"}}
		for _, f := range e.get("fields").elements() {
			field := f.get("name").str()
			if field == "" || slices.ContainsFunc(s.Properties, func(p Property) bool { return p.Name == field }) {
				continue
			}
			of := f
			if inner := f.get("schema"); inner.is(object) {
				of = inner
			}
			p := Property{Name: field, Schema: l.schemas.of(of, place("the field %q of the entity %q of the context store", field, name))}
			if p.Schema.Description == "" {
				p.Schema.Description = f.get("description").str()
			}
			s.Properties = append(s.Properties, p)
		}
		if i := slices.IndexFunc(l.d.Store, func(o StoreEntity) bool { return o.Entity == name }); i >= 0 {
			l.note(Doubt, "twice in the store", "the context store has the entity %q twice; the first one counts", name)
			continue
		}
		l.d.Store = append(l.d.Store, StoreEntity{Entity: name, Fields: s})
	}
	slices.SortFunc(l.d.Store, func(a, b StoreEntity) int { return cmp.Compare(a.Entity, b.Entity) })
}
