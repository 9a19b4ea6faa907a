package agenttools

import (
	"context"
	"fmt"
	"maps"
	"slices"

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
	if f := required(a.params, params); f != nil { // a person need not be asked
		f.text = "params of " + label(c, a.entity, a.action) + " are missing; nothing was changed"
		f.hint = s.hintIn(c, d, a.entity, a.action)
		return "", f
	}
	if f := s.confirmed(ctx, c, a, declared); f != nil {
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
	return s.show(p, records), nil
}

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
			hint: s.hintIn(c, d, a.entity, ""),
		}
	}
	return true, nil
}

// required is a failure with the params that the action requires and that are not there,
// or nil.
func required(params client.Params, declared []client.ParamDescription) *failure {
	var problems []problem
	for _, p := range declared {
		if _, ok := params[p.Name]; p.Required && !ok {
			problems = append(problems, problem{"params." + p.Name, "it is required"})
		}
	}
	if problems == nil {
		return nil
	}
	return &failure{problems: problems}
}

// confirmed asks whether a write is wanted, unless nobody is to be asked.
func (s *Set) confirmed(ctx context.Context, c *connector, a *arguments, declared bool) *failure {
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
		Connector: c.info.Name, Slug: c.info.Slug, Entity: a.entity, Name: a.action,
		Params: copied(a.params), Undeclared: !declared,
	})
	switch {
	case ctx.Err() != nil:
		f := failed(ctx.Err())
		f.text += "; nothing was changed"
		return f
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
