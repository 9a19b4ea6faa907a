package agenttools

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// show returns the first answer of a page that the package made.
func (s *Set) show(p *page, records []node) string {
	p.first = 1
	p.show(records, s.budget, s.prefix+nextPage)
	return s.answer(p, 0)
}

// answer returns the answer that begins with a row of a page.
func (s *Set) answer(p *page, from int) string {
	return p.answer(from, s.budget, s.prefix+nextPage, func(index int, at place) string { return s.shelf.put(p, index, at) })
}

// listConnectors answers list_connectors.
func (s *Set) listConnectors(ctx context.Context, a *arguments) (string, *failure) {
	list, err := s.connectors(ctx, true)
	if err != nil {
		return "", s.failed(err)
	}
	p := &page{about: "workspace " + oneLine(s.ws.Name(), 80), noun: "connectors"}
	found := matching(list, a.query)
	switch {
	case len(found) > 0:
	case len(list) > 0:
		p.note = "none matches the query; an empty query lists all"
	case len(s.rules.allow)+len(s.rules.deny) > 0:
		p.note = "none is allowed here; tell the user"
	}
	var records []node
	for _, c := range found {
		name, kind := c.info.Name, kindOf(c)
		if name == c.name {
			name = ""
		}
		records = append(records, objectNode("connector", c.name, "kind", kind, "name", name))
	}
	return s.show(p, records), nil
}

// Connectors returns the names by which the connectors are called that the patterns of
// [WithAllow] allow. They may be a minute old.
func (s *Set) Connectors(ctx context.Context) ([]string, error) {
	if err := s.Err(); err != nil {
		return nil, err
	}
	list, err := s.connectors(ctx, false)
	return names(list), err
}

// matching returns the connectors that have all words of a query in one of their names
// or, if there are none, those that have any.
func matching(list []*connector, query string) []*connector {
	words := strings.Fields(strings.ToLower(clean(query)))
	if len(words) == 0 {
		return list
	}
	var all, some []*connector
	for _, c := range list {
		text := strings.ToLower(strings.Join([]string{c.name, c.info.Slug, c.info.DisplayName, clean(c.info.Name)}, "\n"))
		n := 0
		for _, word := range words {
			if strings.Contains(text, word) {
				n++
			}
		}
		if n == len(words) {
			all = append(all, c)
		} else if n > 0 {
			some = append(some, c)
		}
	}
	if len(all) > 0 {
		return all
	}
	return some
}

// describeActions answers describe_actions.
func (s *Set) describeActions(ctx context.Context, a *arguments) (string, *failure) {
	c, f := s.connector(ctx, a)
	if f != nil {
		return "", f
	}
	d, err := c.describe(ctx)
	if err == nil && len(d.Entities) > 0 {
		if a.entity == "" {
			return s.showEntities(c, d), nil
		}
		a.fit(d)
		return s.showActions(c, d, a.entity)
	}
	if err != nil && !refuses(err) {
		return "", s.failed(err)
	}
	text, f := s.showDocs(ctx, c, a.entity)
	if f != nil && err != nil {
		f = s.failed(err)
	}
	return text, f
}

func (s *Set) showEntities(c *connector, d *client.Description) string {
	var records []node
	for _, e := range d.Entities {
		reads := s.actions(c, &e, false)
		writes := slices.DeleteFunc(s.actions(c, &e, true), func(name string) bool { return slices.Contains(reads, name) })
		if len(reads)+len(writes) > 0 {
			records = append(records, objectNode("entity", e.Name, "reads", strings.Join(reads, " "), "writes", strings.Join(writes, " "), "description", e.Description))
		}
	}
	return s.show(&page{about: label(c), noun: "entities"}, records)
}

func (s *Set) showActions(c *connector, d *client.Description, entity string) (string, *failure) {
	if f := s.noEntity(c, d, entity); f != nil {
		return "", f
	}
	e, _ := d.Entity(entity)
	var records []node
	for _, name := range s.actions(c, e, true) {
		action, _ := e.Action(name)
		writes := ""
		if !client.IsRead(name) {
			writes = "yes"
		}
		if action.Description != "" || len(action.Params) == 0 {
			text := action.Description
			if action.Params == nil && text == "" {
				text = "its params are not known"
			}
			records = append(records, objectNode("action", name, "writes", writes, "description", text))
		}
		for _, p := range action.Params {
			records = append(records, objectNode("action", name, "writes", writes, "param", p.Name, "type", typed(p), "description", about(p)))
		}
	}
	return s.show(&page{about: label(c, e.Name) + ", its actions and their params", noun: "lines"}, records), nil
}

// about describes a parameter, with the values that it may have.
func about(p client.ParamDescription) string {
	text := p.Description
	schema, ok := parseJSON(string(p.Raw))
	if !ok {
		return text
	}
	inner, _ := schema.get("schema")
	for _, m := range []struct{ name, title string }{{"enum", "one of"}, {"default", "default"}} {
		v, ok := schema.get(m.name)
		if !ok {
			v, ok = inner.get(m.name)
		}
		if ok && v.kind != 'n' {
			text = strings.TrimPrefix(text+"; "+m.title+" "+v.String(), "; ")
		}
	}
	return text
}

// showDocs answers describe_actions for a connector that does not describe itself, with
// its documentation.
func (s *Set) showDocs(ctx context.Context, c *connector, entity string) (string, *failure) {
	outline, err := c.conn.Docs(ctx, "")
	if err != nil {
		return "", s.failed(err)
	}
	docs := []*client.Docs{s.permitted(c, outline)}
	if entity != "" {
		docs = nil
		for _, section := range outline.Outline {
			if !section.Available || !s.permittedSection(c, section.ID) || !slices.ContainsFunc(strings.Split(section.ID, "."), part{name: plain(entity)}.matchesOne) {
				continue
			}
			d, err := c.conn.Docs(ctx, section.ID)
			if err != nil {
				return "", s.failed(err)
			}
			if docs = append(docs, s.permitted(c, d)); len(docs) == maxSections {
				break
			}
		}
		if len(docs) == 0 {
			return "", &failure{
				text: "the documentation of " + label(c) + " has nothing about " + oneLine(entity, 80), problems: []problem{{"entity", "there is none of that name"}},
				hint: `without an entity, the documentation lists what there is`,
			}
		}
	}
	p := &page{about: label(c, entity) + ", its documentation", noun: "lines", first: 1}
	var lines []string
	for _, d := range docs {
		lines = append(lines, strings.Split(d.String(), "\n")...)
	}
	p.quote(lines, s.budget, s.prefix+nextPage)
	return s.answer(p, 0), nil
}

// maxSections is how many sections about an entity are shown together.
const maxSections = 10

func (p part) matchesOne(name string) bool { return p.matches(name) }

// Docs returns the documentation of a connector, as Markdown: the outline or, given its
// ID, a section. It has no marks around it, and may have any size. What the patterns of
// [WithAllow] do not allow is left out, as far as the documentation names it by itself.
func (s *Set) Docs(ctx context.Context, connector, section string) Output {
	a := &arguments{connector: connector}
	start := time.Now()
	text, f := s.docs(ctx, a, section)
	out := s.output(text, f, a)
	if s.logger != nil {
		s.log(ctx, "docs", [][2]string{{"connector", out.Connector}, {"section", oneLine(section, 100)}}, out, false, time.Since(start))
	}
	return out
}

func (s *Set) docs(ctx context.Context, a *arguments, section string) (string, *failure) {
	if err := s.Err(); err != nil {
		return "", &failure{text: err.Error(), err: err}
	}
	c, f := s.connector(ctx, a)
	if f != nil {
		return "", f
	}
	if !s.permittedSection(c, section) {
		return "", notAllowed(c, section, "")
	}
	d, err := c.conn.Docs(ctx, section)
	if err != nil {
		f := s.failed(err)
		if errors.Is(err, client.ErrNotFound) && section != "" {
			if outline, err := c.conn.Docs(ctx, ""); err == nil {
				f.text += "; the sections are " + listed(sections(s.permitted(c, outline)))
			}
		}
		return "", f
	}
	return clean(s.permitted(c, d).String()), nil
}

// sections returns the IDs of the sections that an outline lists.
func sections(d *client.Docs) []string {
	var list []string
	for _, section := range d.Outline {
		if section.Available {
			list = append(list, section.ID)
		}
	}
	return list
}

// permittedSection reports whether the patterns allow what a section is about: its ID is
// like entities.contacts or actions.contacts.search, in any case and whatever follows, in
// case the service is not strict.
func (s *Set) permittedSection(c *connector, id string) bool {
	parts := strings.FieldsFunc(id, func(r rune) bool { return r == '.' || unicode.IsSpace(r) || dropped(r) })
	if len(parts) < 2 || !strings.EqualFold(parts[0], "entities") && !strings.EqualFold(parts[0], "actions") {
		return true
	}
	if len(parts) == 2 {
		return s.rules.entity(c.subject(), parts[1])
	}
	return s.allowed(c, parts[1], parts[2])
}

// permitted returns documentation without the sections that are not allowed, and without
// the rows and items that begin with the name of an entity or an action that is not.
func (s *Set) permitted(c *connector, d *client.Docs) *client.Docs {
	if len(s.rules.allow)+len(s.rules.deny) == 0 {
		return d
	}
	copied := *d
	copied.Outline = slices.DeleteFunc(slices.Clone(d.Outline), func(section client.DocsSection) bool { return !s.permittedSection(c, section.ID) })
	entity := ""
	switch parts := strings.Split(d.SectionID, "."); len(parts) {
	case 2:
		entity = parts[1]
	case 3: // about one action, which is allowed
		return &copied
	}
	hidden := func(text string, isAction bool) bool {
		first, _, _ := strings.Cut(strings.TrimLeft(text, "` *_"), " ")
		first = strings.Trim(first, "`*_:,")
		if entity == "" {
			return s.names(d, first) && !s.rules.entity(c.subject(), first)
		}
		return (isAction || client.IsRead(first) || slices.Contains(commonWrites, first)) && !s.allowed(c, entity, first)
	}
	copied.Content = nil
	for _, b := range d.Content {
		ofActions := len(b.Headers) > 0 && strings.EqualFold(strings.TrimSpace(b.Headers[0]), "action")
		b.Items = slices.DeleteFunc(slices.Clone(b.Items), func(item string) bool { return hidden(item, false) })
		b.Rows = slices.DeleteFunc(slices.Clone(b.Rows), func(row []string) bool { return len(row) > 0 && hidden(row[0], ofActions) })
		copied.Content = append(copied.Content, b)
	}
	return &copied
}

// commonWrites are the names of actions by which a list in the documentation is
// recognized as one of actions.
var commonWrites = []string{"create", "update", "upsert", "delete"}

// names reports whether the outline has a section about the entity.
func (s *Set) names(d *client.Docs, entity string) bool {
	return slices.ContainsFunc(d.Outline, func(section client.DocsSection) bool {
		parts := strings.Split(section.ID, ".")
		return len(parts) > 1 && parts[1] == entity
	})
}
