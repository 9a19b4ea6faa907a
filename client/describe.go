package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Description is what a connector says it can do. The connector decides the
// form: Data, from the Result, holds the description as it was sent and is
// authoritative. Entities is what the SDK could read in it.
type Description struct {
	Result

	// Entities are the entities found in Data, in its order. It is nil if Data
	// has none in a known form.
	Entities []EntityDescription
}

// An EntityDescription describes an entity of a connector and the actions that
// can be run on it.
type EntityDescription struct {
	Name        string // as Execute takes it
	Description string
	Actions     []ActionDescription
	Raw         json.RawMessage // a part of Data, which must not be modified; the same holds for the other Raw fields
}

// An ActionDescription describes an action that can be run on an entity.
type ActionDescription struct {
	Name        string // as Execute takes it
	Description string
	Params      []ParamDescription // nil if they are not known; empty if there are none
	Raw         json.RawMessage
}

// A ParamDescription describes a parameter of an action.
type ParamDescription struct {
	Name        string
	Type        string // as in JSON Schema; several are separated by |; "" if it is not known
	Description string
	Required    bool
	In          string          // where it stands in a request to the vendor: path, query or body; "" if it is not known
	Enum        []string        // the values that it may have; nil if they are not known, or any
	Raw         json.RawMessage // the schema, if there is one
}

// String describes the description by the number of entities and bytes, without
// the content.
func (d *Description) String() string {
	if d == nil {
		return "client.Description(nil)"
	}
	return fmt.Sprintf("client.Description{%d entities, %d bytes}", len(d.Entities), len(d.Data))
}

// Format writes what String returns, for every verb.
func (d *Description) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

// Entity returns the entity with the given name and reports whether there is
// one.
func (d *Description) Entity(name string) (*EntityDescription, bool) {
	if d == nil {
		return nil, false
	}
	for i := range d.Entities {
		if d.Entities[i].Name == name {
			return &d.Entities[i], true
		}
	}
	return nil, false
}

// Action returns the action with the given name and reports whether there is
// one.
func (e *EntityDescription) Action(name string) (*ActionDescription, bool) {
	if e == nil {
		return nil, false
	}
	for i := range e.Actions {
		if e.Actions[i].Name == name {
			return &e.Actions[i], true
		}
	}
	return nil, false
}

// Describe asks the connector for its own schema: its entities, their actions,
// and the parameters of the actions. The connector decides the form; see
// [Description]. The service may refuse the action, which it counts as an older one
// beside [Connector.Inspect] and [Connector.Docs]: a program should not depend on it.
func (c *Connector) Describe(ctx context.Context) (*Description, error) {
	r, err := c.Execute(ctx, "", actionDescribe, nil)
	if err != nil {
		return nil, err
	}
	return &Description{Result: *r, Entities: describedEntities(jsontext.Value(r.Data))}, nil
}

// describedEntities finds the entities in a description: the description is a
// list of them, or has them under the name entities, at the top or one level
// deeper. Each level of the document is read by a function of its own, so no
// document is too deep.
func describedEntities(data jsontext.Value) (list []EntityDescription) {
	if data.Kind() == '{' {
		top := membersOf(data)
		data = top.get("entities")
		for _, name := range []string{"schema", "data", "result", "connector"} {
			inner := top.get(name)
			if data == nil && inner.Kind() == '[' {
				data = inner
			}
			if data == nil {
				data = membersOf(inner).get("entities")
			}
		}
	}
	for _, m := range membersOf(data) {
		if e := describedEntity(m); e.Name != "" {
			list = append(list, e)
		}
	}
	return list
}

func describedEntity(from member) EntityDescription {
	e := EntityDescription{Name: from.name, Raw: json.RawMessage(from.value)}
	var actions jsontext.Value
	var params members // by action
	switch from.value.Kind() {
	case '"':
		e.Name = cmp.Or(e.Name, plainText(from.value))
	case '[':
		actions = from.value
	case '{':
		m := membersOf(from.value)
		e.Name = cmp.Or(e.Name, m.text("entity", "entity_name", "name"))
		e.Description = m.text("description")
		actions = m.get("actions", "available_actions", "operations")
		if p := m.get("params", "parameters"); p.Kind() == '{' {
			params = membersOf(p)
		}
		if actions == nil { // then those with a list of parameters are the actions
			for _, p := range params {
				if p.name != "" && p.value.Kind() == '[' {
					e.Actions = append(e.Actions, ActionDescription{Name: p.name, Raw: json.RawMessage(p.value), Params: describedParams(p.value)})
				}
			}
		}
	}
	for _, m := range membersOf(actions) {
		a := describedAction(m)
		if a.Name == "" {
			continue
		}
		if a.Params == nil {
			a.Params = describedParams(params.get(a.Name))
		}
		e.Actions = append(e.Actions, a)
	}
	return e
}

func describedAction(from member) ActionDescription {
	a := ActionDescription{Name: from.name, Raw: json.RawMessage(from.value)}
	switch from.value.Kind() {
	case '"':
		if a.Name == "" {
			a.Name = plainText(from.value)
		} else {
			a.Description = plainText(from.value)
		}
	case '[':
		a.Params = describedParams(from.value)
	case '{':
		m := membersOf(from.value)
		a.Name = cmp.Or(a.Name, m.text("action", "name"))
		a.Description = m.text("description")
		params := m.get("params", "parameters", "input_schema", "inputSchema", "arguments")
		if params == nil && isSchema(m) {
			params = from.value
		}
		a.Params = describedParams(params)
	}
	return a
}

// describedParams reads parameters in any of three forms: a list of names or
// objects, the JSON Schema of an object, or a map from names to schemas.
func describedParams(v jsontext.Value) []ParamDescription {
	switch v.Kind() {
	case '[':
	case '{':
		m := membersOf(v)
		required := m.get("required")
		if isSchema(m) {
			v = m.get("properties")
		}
		if required.Kind() == '[' {
			return describedMembers(membersOf(v), required)
		}
	default:
		return nil
	}
	return describedMembers(membersOf(v), nil)
}

func describedMembers(from members, required jsontext.Value) []ParamDescription {
	must := map[string]bool{}
	for _, m := range membersOf(required) {
		must[plainText(m.value)] = true
	}
	list := make([]ParamDescription, 0, len(from))
	for _, m := range from {
		if m.name == "required" && required != nil && m.value.Kind() == '[' {
			continue // the list of required names next to the schemas
		}
		p := ParamDescription{Name: m.name, Raw: json.RawMessage(m.value)}
		switch m.value.Kind() {
		case '"':
			if p.Name == "" {
				p.Name = plainText(m.value)
			} else {
				p.Type = plainText(m.value)
			}
		case '{':
			own := membersOf(m.value)
			inner := membersOf(own.get("schema")) // as in OpenAPI
			p.Name = cmp.Or(p.Name, own.text("name", "param", "parameter"))
			p.Type = cmp.Or(typeNames(own.get("type")), typeNames(inner.get("type")))
			p.Description = cmp.Or(own.text("description"), inner.text("description"))
			p.Required = own.get("required").Kind() == 't'
			p.In = own.text("in")
			if p.Enum = valuesIn(own.get("enum")); p.Enum == nil {
				p.Enum = valuesIn(inner.get("enum"))
			}
		}
		if p.Required = p.Required || must[p.Name]; p.Name != "" {
			list = append(list, p)
		}
	}
	return list
}

// valuesIn returns the values in a list: texts as they are, anything else as JSON.
func valuesIn(v jsontext.Value) (values []string) {
	if v.Kind() != '[' {
		return nil
	}
	for _, m := range membersOf(v) {
		if m.value.Kind() == '"' {
			values = append(values, plainText(m.value))
		} else {
			values = append(values, string(m.value))
		}
	}
	return values
}

// isSchema reports whether m is the JSON Schema of an object, rather than a map
// from names to schemas, in which a parameter may be called properties.
func isSchema(m members) bool {
	properties := m.get("properties")
	if properties == nil {
		return m.text("type") == "object"
	}
	for _, p := range membersOf(properties) {
		if k := p.value.Kind(); k != '{' && k != 't' && k != 'f' {
			return false
		}
	}
	return properties.Kind() == '{'
}

// typeNames returns the types that a JSON Schema names, without null, separated
// by |.
func typeNames(v jsontext.Value) string {
	if v.Kind() == '"' {
		return plainText(v)
	}
	var names []string
	for _, m := range membersOf(v) {
		if s := plainText(m.value); s != "" && s != "null" {
			names = append(names, s)
		}
	}
	return strings.Join(names, "|")
}

// A member is a member of an object, or an element of a list, which has no
// name.
type member struct {
	name  string
	value jsontext.Value
}

// members are the members of an object or the elements of a list, in the order
// of the document.
type members []member

// membersOf reads one level of v. It returns nil if v is neither an object nor
// a list, or is not valid JSON.
func membersOf(v jsontext.Value) (list members) {
	if k := v.Kind(); k != '{' && k != '[' {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewReader(v), lenient)
	_, err := dec.ReadToken()
	for err == nil {
		if k := dec.PeekKind(); k == '}' || k == ']' {
			return list
		}
		var m member
		if v.Kind() == '{' {
			var name jsontext.Token
			if name, err = dec.ReadToken(); err != nil {
				break
			}
			m.name = name.String()
		}
		start := dec.InputOffset()
		if err = dec.SkipValue(); err == nil {
			m.value = jsontext.Value(slices.Clip(span{start, dec.InputOffset()}.of(v)))
			list = append(list, m)
		}
	}
	return nil
}

// get returns the value of the first of the names that is present and not null.
// If a name occurs twice, the last value counts.
func (m members) get(names ...string) jsontext.Value {
	for _, name := range names {
		for i := len(m) - 1; i >= 0; i-- {
			if m[i].name == name && m[i].value.Kind() != 'n' {
				return m[i].value
			}
		}
	}
	return nil
}

// text returns the text of the first of the names that has a text.
func (m members) text(names ...string) string {
	for _, name := range names {
		if s := plainText(m.get(name)); s != "" {
			return s
		}
	}
	return ""
}

// plainText returns the string that v holds, or "" if v is not a string.
func plainText(v jsontext.Value) string {
	if v.Kind() != '"' {
		return ""
	}
	text, _ := jsontext.AppendUnquote(nil, v) // invalid parts are replaced
	return string(text)
}
