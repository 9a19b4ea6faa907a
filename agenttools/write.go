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
	if client.IsRead(a.action) {
		return "", &failure{
			text: label(c, a.entity, a.action) + " changes nothing", problems: []problem{{"action", "it is one that reads"}},
			hint: "call " + s.prefix + readRecords,
		}
	}
	if !s.allowed(c, a.entity, a.action) {
		f := notAllowed(c, a.entity, a.action)
		f.hint = s.hint(ctx, c, a.entity, "")
		return "", f
	}
	declared, f := s.declared(ctx, c, a)
	if f != nil {
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
	p := &page{about: label(c, a.entity, a.action), noun: "records", note: "the change was made"}
	if text := warning(result); text != "" {
		p.note += "; " + text
	}
	records, err := recordsOf(result)
	if err != nil {
		p.note += "; what the service sent about it cannot be shown"
	}
	return s.show(p, records), nil
}

// declared reports whether the connector declares the action, and reads params that
// should not be texts. It fails if the connector declares others; a connector that does
// not describe itself declares nothing.
func (s *Set) declared(ctx context.Context, c *connector, a *arguments) (bool, *failure) {
	d, err := c.describe(ctx)
	if err != nil {
		if refuses(err) {
			return false, nil
		}
		return false, s.failed(err)
	}
	if len(d.Entities) == 0 {
		return false, nil
	}
	e, ok := d.Entity(a.entity)
	if ok {
		_, ok = e.Action(a.action)
	}
	if !ok {
		return false, &failure{
			text: fmt.Sprintf("%s has no action %s", label(c, a.entity), oneLine(a.action, 80)), problems: []problem{{"action", "the connector does not declare it"}},
			hint: s.hint(ctx, c, a.entity, ""),
		}
	}
	readTexts(a.params, declaredParams(d, a.entity, a.action))
	return true, nil
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
