package agenttools

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A pattern names actions: those of a connector, of one of its entities, or a
// single one. See [WithAllow] for how it is written.
type pattern struct {
	text                      string
	deny                      bool
	connector, entity, action part
}

// A part is a part of a pattern.
type part struct {
	any  bool
	name string // in the form of plain
}

var anything = part{any: true}

// parsePattern reads a pattern.
func parsePattern(text string) (pattern, error) {
	bad := func(why string) (pattern, error) {
		return pattern{}, fmt.Errorf("the pattern %q %s; it must be a connector, connector.entity or connector.entity.action, each of them a name or *, after a ! if it denies", text, why)
	}
	rest := strings.TrimSpace(text)
	p := pattern{text: text, connector: anything, entity: anything, action: anything}
	rest, p.deny = strings.CutPrefix(rest, "!")
	if rest == "" {
		return bad("is empty")
	}
	for i, to := range []*part{&p.connector, &p.entity, &p.action} {
		var name string
		quoted := false
		if i == 0 && strings.HasPrefix(rest, `"`) {
			var ok bool
			if name, rest, ok = cutQuoted(rest); !ok {
				return bad("has a quote without an end")
			}
			quoted = true
		} else if end := strings.IndexByte(rest, '.'); end >= 0 {
			name, rest = rest[:end], rest[end:]
		} else {
			name, rest = rest, ""
		}
		switch {
		case plain(name) == "":
			return bad("has an empty name")
		case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || r == unicode.ReplacementChar }):
			return bad("has a character that no name has")
		case quoted:
			*to = part{name: plain(name)}
		case name == "*":
		case strings.ContainsAny(name, `*",`):
			return bad("has a *, a quote or a comma inside a name")
		case name != strings.TrimSpace(name):
			return bad("has a space around a name")
		case strings.HasPrefix(name, "!"):
			return bad("has a ! that is not at its beginning")
		default:
			*to = part{name: plain(name)}
		}
		if rest == "" {
			return p, nil
		}
		if rest[0] != '.' {
			return bad("goes on after the quote")
		}
		if rest = rest[1:]; rest == "" {
			return bad("has an empty name")
		}
	}
	return bad("has more than three parts")
}

// cutQuoted returns the text in the quotes at the beginning of s, and what comes
// after them. Inside, two quotes mean one.
func cutQuoted(s string) (text, rest string, ok bool) {
	var b strings.Builder
	for s = s[1:]; ; {
		before, after, found := strings.Cut(s, `"`)
		if !found {
			return "", "", false
		}
		b.WriteString(before)
		if !strings.HasPrefix(after, `"`) {
			return b.String(), after, true
		}
		b.WriteByte('"')
		s = after[1:]
	}
}

// plain is the form in which names are compared: any case, and spaces, hyphens and
// underscores alike, as the methods of package client compare the names of
// connectors.
func plain(name string) string {
	return strings.ToLower(strings.Join(strings.FieldsFunc(clean(name), func(r rune) bool {
		return unicode.IsSpace(r) || r == '_' || r == '-'
	}), "-"))
}

// matches reports whether one of the names is the one that p stands for.
func (p part) matches(names ...string) bool {
	for _, name := range names {
		if p.any || p.name == plain(name) {
			return true
		}
	}
	return false
}

// covers reports whether p stands for every name that other stands for.
func (p part) covers(other part) bool { return p.any || !other.any && p.name == other.name }

// A subject is a connector as patterns name it: by its slug and by its own name.
type subject struct{ slug, name string }

func (p pattern) about(c subject) bool { return p.connector.matches(c.slug, c.name) }

// rules are the patterns of a Set. Without patterns that allow, everything is allowed
// that none denies.
type rules struct{ allow, deny []pattern }

func (r *rules) add(text string) error {
	p, err := parsePattern(text)
	switch {
	case err != nil:
		return err
	case p.deny:
		r.deny = append(r.deny, p)
	default:
		r.allow = append(r.allow, p)
	}
	return nil
}

// allows returns the patterns that may allow something of c.
func (r *rules) allows(c subject) []pattern {
	if len(r.allow) == 0 {
		return []pattern{{connector: anything, entity: anything, action: anything}}
	}
	var list []pattern
	for _, p := range r.allow {
		if p.about(c) {
			list = append(list, p)
		}
	}
	return list
}

// some reports whether an action of c may be allowed whose entity is one of those of
// the part, unless it is known to be denied.
func (r *rules) some(c subject, entity part) bool {
next:
	for _, a := range r.allows(c) {
		within := a.entity
		switch {
		case entity.covers(a.entity):
		case a.entity.covers(entity):
			within = entity
		default:
			continue
		}
		for _, d := range r.deny {
			if d.about(c) && d.entity.covers(within) && d.action.covers(a.action) {
				continue next
			}
		}
		return true
	}
	return false
}

// connector reports whether anything of c may be allowed.
func (r *rules) connector(c subject) bool { return r.some(c, anything) }

// entity reports whether any action on an entity of c may be allowed.
func (r *rules) entity(c subject, entity string) bool {
	return r.some(c, part{name: plain(entity)})
}

// action reports whether an action is allowed.
func (r *rules) action(c subject, entity, action string) bool {
	for _, d := range r.deny {
		if d.about(c) && d.entity.matches(entity) && d.action.matches(action) {
			return false
		}
	}
	for _, a := range r.allows(c) {
		if a.entity.matches(entity) && a.action.matches(action) {
			return true
		}
	}
	return false
}

// anyEntity reports whether an action is allowed that does not keep to the entity that
// it is run on, such as a statement of SQL: every entity must be allowed, or the
// pattern must name the action.
func (r *rules) anyEntity(c subject, entity, action string) bool {
	for _, d := range r.deny {
		if d.about(c) && d.action.matches(action) {
			return false
		}
	}
	for _, a := range r.allows(c) {
		if a.action.matches(action) && (a.entity.any || !a.action.any && a.entity.matches(entity)) {
			return true
		}
	}
	return false
}

// Unmatched returns the patterns of [WithAllow] that match nothing in the workspace, such
// as misspelled ones: no connector, or no entity or action of one. It asks the service for
// the connectors and for the descriptions of those that patterns name. A pattern that may
// match is not among them: one for a connector that does not describe itself, or for an
// action that reads, which need not be described. Nor is one with a * before what it
// denies, such as !*.*.delete, which is for what may come.
func (s *Set) Unmatched(ctx context.Context) ([]string, error) {
	if err := s.Err(); err != nil {
		return nil, err
	}
	if len(s.rules.allow)+len(s.rules.deny) == 0 {
		return nil, nil
	}
	l, err := s.listing(ctx, false)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, p := range slices.Concat(s.rules.allow, s.rules.deny) {
		switch matches, err := p.matchesAny(ctx, l.all); {
		case err != nil:
			return nil, err
		case !matches:
			list = append(list, p.text)
		}
	}
	return list, nil
}

// matchesAny reports whether the pattern may match something of the connectors.
func (p pattern) matchesAny(ctx context.Context, list []*connector) (bool, error) {
	if p.connector.any && (p.deny || p.entity.any && p.action.any) {
		return true, nil
	}
	for _, c := range list {
		if !p.about(c.subject()) {
			continue
		}
		if p.entity.any && (p.deny || p.action.any) {
			return true, nil
		}
		switch d, err := c.describe(ctx); {
		case refuses(err):
			return true, nil
		case err != nil:
			return false, err
		case len(d.Entities) == 0, slices.ContainsFunc(d.Entities, p.matchesIn):
			return true, nil
		}
	}
	return false, nil
}

// matchesIn reports whether the pattern may match something of the entity, if it matches
// its connector.
func (p pattern) matchesIn(e client.EntityDescription) bool {
	if !p.entity.matches(e.Name) {
		return false
	}
	return p.action.any || client.IsRead(strings.ReplaceAll(p.action.name, "-", "_")) ||
		slices.ContainsFunc(e.Actions, func(a client.ActionDescription) bool { return p.action.matches(a.Name) })
}

// Writes returns the actions that change something and that [WithAllow] leaves, as
// "entity.action", in the order of the description that it asks the connector for. known
// is false if the connector does not describe itself: then only a person can allow a
// write, see [Action.Undeclared]. Without [WithWrites] there are none.
func (s *Set) Writes(ctx context.Context, connector string) (actions []string, known bool, err error) {
	if err := s.Err(); err != nil {
		return nil, false, err
	}
	c, f := s.connector(ctx, &arguments{connector: connector})
	if f != nil {
		return nil, false, f.cause()
	}
	if !s.writes {
		return nil, true, nil
	}
	d, err := c.describe(ctx)
	switch {
	case refuses(err):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	for _, e := range d.Entities {
		for _, name := range s.actions(c, &e, true) {
			if !client.IsRead(name) {
				actions = append(actions, oneLine(e.Name, 80)+"."+oneLine(name, 80))
			}
		}
	}
	return actions, len(d.Entities) > 0, nil
}
