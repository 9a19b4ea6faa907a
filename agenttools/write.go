package agenttools

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// writeRecords answers write_records.
func (s *Set) writeRecords(ctx context.Context, a *arguments) (string, *failure) {
	c, f := s.connector(ctx, a)
	if f != nil {
		return "", f
	}
	if f := missing("entity", a.entity, "action", a.action); f != nil {
		f.hint = s.hint(ctx, c, a.entity, "")
		return "", f
	}
	d, err := c.describe(ctx)
	switch {
	case refuses(err):
		d = nil
	case err != nil:
		return "", s.failed(err)
	default:
		a.fit(d)
	}
	if client.IsRead(a.action) {
		return "", &failure{
			text: label(c, a.entity, a.action) + " changes nothing", problems: []problem{{"action", "it is one that reads"}},
			hint: "call " + s.prefix + readRecords,
		}
	}
	if !s.allowed(c, a.entity, a.action) {
		f := notAllowed(c, a.entity, a.action)
		f.hint = s.hintIn(c, d, a.entity, "")
		return "", f
	}
	declared, f := s.declared(c, d, a)
	if f != nil {
		return "", f
	}
	params := declaredParams(d, a.entity, a.action)
	readTexts(a.params, params)
	about := ""
	if e, ok := d.Entity(a.entity); ok && declared {
		action, _ := e.Action(a.action)
		about = summary(action)
		if f := checked(a.params, e, action); f != nil { // a person need not be asked
			f.text = "params of " + label(c, a.entity, a.action) + " are " + f.text + "; nothing was changed"
			f.hint = s.hintIn(c, d, a.entity, a.action)
			return "", f
		}
	}
	if f := s.confirmed(ctx, c, a, declared, about); f != nil {
		return "", f
	}
	read := &reading{c: c, entity: a.entity, action: a.action}
	result, err := c.conn.Execute(ctx, a.entity, a.action, a.params)
	if err != nil {
		return "", s.explain(ctx, read, err)
	}
	p := &page{about: label(c, a.entity, a.action), noun: "records", note: shorten(joined("the change was made", warning(result), undeclared(a.params, params)), s.budget/4)}
	records, err := recordsOf(result)
	if err != nil {
		p.note += "; what the service sent about it cannot be shown"
	}
	if !slices.ContainsFunc(records, hasContent) {
		return p.about + ": " + p.note, nil
	}
	return s.show(p, records), nil
}

// hasContent reports whether a record says anything.
func hasContent(n node) bool { return n.kind != 'n' && (n.kind != '{' || len(n.members) > 0) }

// declared reports whether the connector declares the action. It fails if the connector
// declares others; one that does not describe itself, for which d is nil, declares
// nothing.
func (s *Set) declared(c *connector, d *client.Description, a *arguments) (bool, *failure) {
	if d == nil || len(d.Entities) == 0 {
		return false, nil
	}
	if f := s.noEntity(c, d, a.entity); f != nil {
		return false, f
	}
	e, _ := d.Entity(a.entity)
	if _, ok := e.Action(a.action); !ok {
		return false, &failure{
			text: fmt.Sprintf("%s has no action %s", label(c, a.entity), oneLine(a.action, 80)), problems: []problem{{"action", "the connector does not declare it"}},
			hint: s.hintIn(c, d, a.entity, a.action),
		}
	}
	return true, nil
}

// checked is a failure with what is wrong with the params of an action that the connector
// describes, or nil: what it requires is missing, a name is one of its own misspelled, or
// any other where it says that it takes no others, or a value has none of the types that
// it names. What is in doubt is not wrong: descriptions can be incomplete.
func checked(params client.Params, e *client.EntityDescription, action *client.ActionDescription) *failure {
	f := &failure{text: "missing"}
	for _, p := range action.Params {
		if _, ok := params[p.Name]; p.Required && !ok {
			f.problems = append(f.problems, problem{"params." + p.Name, "it is required"})
		}
	}
	takes, said := others(e, action)
	var free []string // names that are not given
	for _, p := range action.Params {
		if _, given := params[p.Name]; !given {
			free = append(free, p.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		why := ""
		i := slices.IndexFunc(action.Params, func(p client.ParamDescription) bool { return p.Name == name })
		switch {
		case i >= 0:
			why = mistyped(params[name], action.Params[i].Type)
		case len(action.Params) > 0 && !strings.HasPrefix(name, "_"):
			if meant := didYouMean(name, free); said && !takes || !said && meant != "" {
				why = strings.TrimSuffix("the connector does not declare it; "+strings.TrimSpace(meant), "; ")
			}
		}
		if why != "" {
			f.text = "wrong"
			f.problems = append(f.problems, problem{"params." + name, why})
		}
	}
	if f.problems == nil {
		return nil
	}
	return f
}

// others reports whether an action takes params that it does not name, and whether it
// says so.
func others(e *client.EntityDescription, action *client.ActionDescription) (takes, said bool) {
	look := func(n node) {
		if v, ok := n.get("additionalProperties"); ok && !said {
			takes, said = v.text != "false", true
		}
	}
	own, _ := parseJSON(string(action.Raw))
	look(own)
	all, _ := parseJSON(string(e.Raw))
	for _, name := range []string{"params", "parameters", "input_schema", "inputSchema", "arguments"} { // as package client reads them
		inner, _ := own.get(name)
		look(inner)
		list, _ := all.get(name)
		listed, _ := list.get(action.Name)
		look(listed)
	}
	return takes, said
}

// mistyped says why a value has none of the types of JSON Schema, which | separates, or
// returns "" if it has one, or if that is in doubt.
func mistyped(v any, types string) string {
	var is string
	var fits []string
	switch v := v.(type) {
	case string:
		is, fits = "a text", []string{"string"}
	case bool:
		is, fits = "a boolean", []string{"boolean"}
	case []any:
		is, fits = "a list", []string{"array"}
	case map[string]any:
		is, fits = "an object", []string{"object"}
	case json.Number:
		is, fits = "a number", []string{"number", "integer", "string"} // many services take one for a text
		if number, err := v.Float64(); err == nil && number != math.Trunc(number) {
			is, fits = "a number with a fraction", []string{"number", "string"}
		}
	default: // null
		return ""
	}
	var must []string
	for typ := range strings.SplitSeq(types, "|") {
		article := map[string]string{"string": "a ", "boolean": "a ", "array": "an ", "object": "an ", "number": "a ", "integer": "an "}[typ]
		if article == "" || slices.Contains(fits, typ) {
			return ""
		}
		must = append(must, article+typ)
	}
	return "it must be " + strings.Join(must, " or ") + ", not " + is
}

// maxDescription is how many bytes of a description a person is shown.
const maxDescription = 200

// summary is what the connector says about an action, in one line.
func summary(action *client.ActionDescription) string {
	text := action.Description
	if raw, ok := parseJSON(string(action.Raw)); ok && text == "" {
		if v, ok := raw.get("summary"); ok && v.kind == '"' {
			text = v.text
		}
	}
	return oneLine(text, maxDescription)
}

// confirmed asks whether a write is wanted, unless nobody is to be asked.
func (s *Set) confirmed(ctx context.Context, c *connector, a *arguments, declared bool, about string) *failure {
	if s.confirm == nil {
		if declared {
			return nil
		}
		return &failure{
			text: label(c) + " does not tell which actions it has, and there is nobody to confirm this one; nothing was changed",
			hint: "tell the user; do not try it again",
		}
	}
	err := s.confirm(ctx, Action{
		Workspace: s.ws.Name(), Connector: c.info.Name, Slug: c.info.Slug, Entity: a.entity, Name: a.action,
		Params: copied(a.params), Description: about, Undeclared: !declared,
	})
	switch {
	case ctx.Err() != nil:
		f := failed(ctx.Err())
		f.text += "; nothing was changed"
		return f
	case errors.Is(err, ErrPending):
		return &failure{
			text: label(c, a.entity, a.action) + ": nothing was changed yet: " + oneLine(err.Error(), minOutput/2), pending: true,
			hint: "tell the user, and call " + s.prefix + writeRecords + " again with the same arguments once the user has answered, not before", err: fmt.Errorf("agenttools: %w", err),
		}
	case err != nil:
		return &failure{
			text: "the write was not confirmed: " + err.Error() + "; nothing was changed",
			hint: "do not try it again, unless the user asks for it", err: fmt.Errorf("agenttools: the write was not confirmed: %w", err),
		}
	}
	return nil
}

// copied returns a copy of params of JSON that shares nothing with it.
func copied(params client.Params) client.Params {
	if params == nil {
		return nil
	}
	return copyOf(params).(map[string]any)
}

func copyOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		v = maps.Clone(v)
		for name := range v {
			v[name] = copyOf(v[name])
		}
		return v
	case []any:
		v = slices.Clone(v)
		for i := range v {
			v[i] = copyOf(v[i])
		}
		return v
	}
	return v
}
