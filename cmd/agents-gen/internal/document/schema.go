package document

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// A Schema is a JSON Schema as far as types of Go can follow it. Schemas may be
// recursive.
type Schema struct {
	Name        string // of a schema in the components, else ""
	Types       []string
	Nullable    bool
	Format      string
	Description string
	Enum        []string // the texts among the values
	EnumOther   bool     // other values are among them
	Default     string   // a scalar, as it is written
	HasDefault  bool
	Limits      Limits
	ReadOnly    bool
	Deprecated  bool
	Properties  []Property
	Items       *Schema
	Open        bool    // it says that there may be other properties
	Additional  *Schema // of other properties; nil if they may be anything
	AllOf       []*Schema
	OneOf       []*Schema
	AnyOf       []*Schema
	Ref         *Schema // what $ref names, beside the rest
	Broken      string  // why $ref names nothing
	Required    []string

	part bool // it is one of several parts of a schema
}

// Limits are what a value may be, as they are written; "" is no limit.
type Limits struct {
	Minimum, Maximum     string // numbers
	MinLength, MaxLength string // whole numbers, like those below
	MinItems, MaxItems   string
}

// limits returns the limits of a node.
func limits(n *node) Limits {
	var l Limits
	for name, to := range l.byName() {
		v := n.get(name)
		if !v.is(number) || !json.Valid([]byte(v.text)) { // in YAML, there are others
			continue
		}
		if _, err := strconv.Atoi(v.text); strings.HasSuffix(name, "imum") || err == nil {
			*to = v.text
		}
	}
	return l
}

func (l *Limits) byName() map[string]*string {
	return map[string]*string{
		"minimum": &l.Minimum, "maximum": &l.Maximum, "minLength": &l.MinLength, "maxLength": &l.MaxLength, "minItems": &l.MinItems, "maxItems": &l.MaxItems,
	}
}

// or returns the limits with those of others where it has none.
func (l Limits) or(others Limits) Limits {
	return Limits{
		cmp.Or(l.Minimum, others.Minimum), cmp.Or(l.Maximum, others.Maximum), cmp.Or(l.MinLength, others.MinLength),
		cmp.Or(l.MaxLength, others.MaxLength), cmp.Or(l.MinItems, others.MinItems), cmp.Or(l.MaxItems, others.MaxItems),
	}
}

// A Property is a property of an object.
type Property struct {
	Name     string
	Schema   *Schema
	Required bool
}

// schemas makes Schemas of nodes. A node has one Schema, however many name it.
type schemas struct {
	root  *node
	known map[*node]*Schema
	found map[string]*node // by pointer
	todo  []reference
	made  []placed

	loader *loader // for notes
}

type reference struct {
	s   *Schema
	ref string
	at  *where
}

// A placed schema is one with its place.
type placed struct {
	s  *Schema
	at *where
}

// of returns the Schema of a node. Its references, and those of the Schemas in it,
// are resolved by finish.
func (c *schemas) of(n *node, at *where) *Schema { return c.like(n, at, schemaKeys) }

// like is of for a node that may have other keys.
func (c *schemas) like(n *node, at *where, keys []string) *Schema {
	if n == nil {
		return nil
	}
	if s, ok := c.known[n]; ok {
		return s
	}
	s := &Schema{}
	c.known[n] = s
	if n.kind != object { // true allows anything, as {} does
		return s
	}
	s.Description = n.get("description").str()
	s.Format = n.get("format").str()
	s.ReadOnly = n.get("readOnly").isTrue()
	s.Deprecated = n.get("deprecated").isTrue()
	for _, t := range n.get("type").elements() {
		switch name := t.str(); {
		case name == "null" || t.kind == null:
			s.Nullable = true
		case name != "" && !slices.Contains(s.Types, name):
			s.Types = append(s.Types, name)
		}
	}
	s.Nullable = s.Nullable || n.get("nullable").isTrue()
	if v := n.get("default"); v != nil && v.kind != null {
		s.HasDefault = true
		if v.kind != list && v.kind != object {
			s.Default = v.text
		}
	}
	s.Limits = limits(n)
	c.made = append(c.made, placed{s, at})
	c.loader.checkSchema(s, n, at, keys)
	c.enum(s, n)
	c.loader.checkDefault(s, n, at)
	c.object(s, n, at)
	if items := n.get("items"); items.is(list) { // one schema for each place
		if len(items.items) == 1 {
			s.Items = c.of(items.items[0], at.at("items"))
		}
	} else {
		s.Items = c.of(items, at.at("items"))
	}
	s.AllOf, s.OneOf, s.AnyOf = c.list(n, "allOf", at), c.list(n, "oneOf", at), c.list(n, "anyOf", at)
	if ref := n.get("$ref"); ref.is(text) {
		c.todo = append(c.todo, reference{s, ref.text, at})
	}
	return s
}

func (c *schemas) list(of *node, name string, at *where) []*Schema {
	n := of.get(name)
	if !n.is(list) {
		return nil
	}
	var all []*Schema
	for i, item := range n.items {
		all = append(all, c.of(item, at.at(name+"["+strconv.Itoa(i)+"]")))
	}
	return all
}

func (c *schemas) enum(s *Schema, n *node) {
	values := n.get("enum")
	if v := n.get("const"); v != nil && values == nil {
		values = &node{kind: list, items: []*node{v}}
	}
	if !values.is(list) {
		return
	}
	isText := slices.Contains(s.Types, "string")
	for _, v := range values.items {
		switch {
		case v.kind == null:
			s.Nullable = true
		case v.kind == text, isText && (v.kind == boolean || v.kind == number): // [on, 1] in YAML
			if !slices.Contains(s.Enum, v.text) {
				s.Enum = append(s.Enum, v.text)
			}
		default:
			s.EnumOther = true
		}
	}
}

func (c *schemas) object(s *Schema, n *node, at *where) {
	isRequired := map[string]bool{}
	if required := n.get("required"); required.is(list) {
		for _, r := range required.items {
			s.Required = append(s.Required, r.str())
			isRequired[r.str()] = true
		}
	}
	if properties := n.get("properties"); properties.is(object) {
		for _, m := range properties.members {
			p := Property{Name: m.name, Schema: c.of(m.value, at.at(m.name))}
			p.Required = isRequired[m.name] || m.value.get("required").isTrue()
			s.Properties = append(s.Properties, p)
		}
	}
	switch more := n.get("additionalProperties"); {
	case more.isTrue():
		s.Open = true
	case more.is(object):
		s.Open = true
		if len(more.members) > 0 {
			s.Additional = c.of(more, at.at("additionalProperties"))
		}
	}
}

// finish resolves references until none is left.
func (c *schemas) finish() {
	for len(c.todo) > 0 {
		r := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		target, why := c.lookup(r.ref)
		if why != "" {
			r.s.Broken = why
			c.loader.note(Doubt, "references", "%s: %s", r.at, why)
			continue
		}
		r.s.Ref = c.of(target, place("%s", r.ref))
	}
}

// lookup finds what a reference names in the document.
func (c *schemas) lookup(ref string) (*node, string) {
	if n, ok := c.found[ref]; ok && n != nil {
		return n, ""
	}
	pointer, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil, "other documents are not read: " + ref
	}
	n := c.root
	if pointer != "" {
		for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
			next := child(n, token)
			if next == nil {
				return nil, "nothing is at " + ref + closest(token, n.names())
			}
			n = next
		}
	}
	c.found[ref] = n
	return n, ""
}

func child(n *node, token string) *node {
	if n.is(list) {
		i, err := strconv.Atoi(token)
		if err != nil || i < 0 || i >= len(n.items) {
			return nil
		}
		return n.items[i]
	}
	token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
	if v := n.get(token); v != nil {
		return v
	}
	return n.get(unescape(token))
}

// unescape decodes %20 and its like.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
