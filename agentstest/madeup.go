package agentstest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	madeUpRecords = 12  // of each entity
	madeUpValues  = 400 // in a record, at most
	madeUpDepth   = 6   // of objects and arrays in a record
)

// recordsOf returns the records of an entity that are made up.
func (d *description) recordsOf(e *describedEntity) []json.RawMessage {
	d.mu.Lock()
	defer d.mu.Unlock()
	if list, ok := d.records[e.Name]; ok {
		return list
	}
	list := make([]json.RawMessage, madeUpRecords)
	shape, key := d.shapeOf(e), d.keyField(e)
	for i := range list {
		list[i], _ = json.Marshal(d.maker(e.Name, key, i).value(shape, "")) // made of JSON
	}
	if d.records == nil {
		d.records = map[string][]json.RawMessage{}
	}
	d.records[e.Name] = list
	return list
}

// shapeOf returns the shape of the records of an entity: that of lists, if there are
// any, else that of the first action which has one.
func (d *description) shapeOf(e *describedEntity) *schema {
	var best *schema
	for _, name := range []string{"list", "api_search", "search", "get", "create", "update"} {
		if a := e.action(name); a != nil && a.Result != nil {
			s := d.of(a.Result)
			if len(s.Properties) > 0 {
				return s
			}
			if best == nil {
				best = s
			}
		}
	}
	for i := range e.Actions {
		if s := d.of(e.Actions[i].Result); len(s.Properties) > 0 {
			return s
		}
	}
	if best == nil {
		best = e.Store
	}
	if best == nil {
		best = &schema{Type: "object", Open: true}
	}
	return best
}

// keyField returns the field that identifies a record: the one that get asks for, if it
// is a field of the records, else a usual one.
func (d *description) keyField(e *describedEntity) string {
	shape := d.shapeOf(e)
	scalarField := func(name string) bool {
		i := slices.IndexFunc(shape.Properties, func(p property) bool { return p.Name == name })
		return i >= 0 && slices.Contains([]string{"string", "integer"}, shape.Properties[i].Schema.kind()) && len(shape.Properties[i].Schema.Enum) == 0
	}
	if a := e.action("get"); a != nil {
		for _, p := range slices.Backward(a.Params) {
			for _, name := range fieldsFor(e.Name, p.Name) {
				if p.Required && scalarField(name) {
					return name
				}
			}
		}
	}
	one := singular(e.Name)
	for _, name := range []string{"id", "Id", "ID", "uuid", "gid", "sid", one + "_id", one + "Id", "key", "number", "name"} {
		if scalarField(name) {
			return name
		}
	}
	return "id"
}

// fieldsFor returns the fields that a parameter with a key may be about: for ticket_id of
// the entity tickets, ticket_id and id.
func fieldsFor(entity, param string) []string {
	names := []string{param}
	for _, prefix := range []string{entity, singular(entity)} {
		rest, found := strings.CutPrefix(param, prefix)
		if rest = strings.TrimPrefix(rest, "_"); found && rest != "" && rest != param {
			names = append(names, strings.ToLower(rest[:1])+rest[1:])
		}
	}
	return names
}

func (s *schema) kind() string {
	if s == nil {
		return ""
	}
	return s.Type
}

// A maker makes up one record.
type maker struct {
	d      *description
	entity string
	key    string
	n      int // the index of the record
	left   int // how many values it may still have
	inside []string
	bare   bool            // nothing is made up that need not be
	sent   map[string]bool // the fields of the record in which that is so
}

func (d *description) maker(entity, key string, n int) *maker {
	return &maker{d: d, entity: entity, key: key, n: n, left: madeUpValues}
}

// value makes up a value. name is that of the property it is for.
func (m *maker) value(s *schema, name string) any {
	m.left--
	s = m.d.of(s)
	top := len(m.inside) == 0 && name == ""
	if s.Nullable && m.n%4 == 3 && name != m.key && !top {
		return nil
	}
	switch s.Type {
	case "string":
		return m.text(s, name)
	case "integer":
		if name == m.key || name == "id" || !m.looksLikeTime(name) {
			return s.within(json.Number(strconv.Itoa(m.n + 1)))
		}
		return s.within(json.Number(strconv.FormatInt(epoch.AddDate(0, 0, m.n).Unix(), 10)))
	case "number":
		return s.within(json.Number(strconv.FormatFloat(float64(m.n)+0.5, 'f', -1, 64)))
	case "boolean":
		return m.n%2 == 0
	case "array":
		list := []any{}
		for range 1 + m.n%2 {
			if m.ends(s.Items) {
				break
			}
			m.inside = append(m.inside, "[]")
			list = append(list, m.value(s.Items, strings.TrimSuffix(name, "s")))
			m.inside = m.inside[:len(m.inside)-1]
		}
		return list
	case "map":
		members := map[string]any{}
		if !m.ends(s.Items) {
			m.inside = append(m.inside, "{}")
			members["first"] = m.value(s.Items, name)
			m.inside = m.inside[:len(m.inside)-1]
		}
		return members
	case "object":
		members := map[string]any{}
		if top && len(s.Properties) == 0 {
			members[m.key] = json.Number(strconv.Itoa(m.n + 1))
		}
		m.inside = append(m.inside, s.Shape)
		for _, p := range s.Properties {
			if !m.ends(p.Schema) {
				members[p.Name] = m.value(p.Schema, p.Name)
			}
		}
		m.inside = m.inside[:len(m.inside)-1]
		return members
	}
	for i := range s.AnyOf {
		if one := s.AnyOf[(m.n+i)%len(s.AnyOf)]; !m.ends(one) {
			return m.value(one, name)
		}
	}
	return m.text(s, name)
}

// ends reports whether there is to be no value, since it would be inside one of its
// kind, or since the record is large enough.
func (m *maker) ends(s *schema) bool {
	s = m.d.of(s)
	return m.left <= 0 || len(m.inside) > madeUpDepth || s.Shape != "" && slices.Contains(m.inside, s.Shape)
}

// within returns a number, or the limit that it is beyond, if that is a whole number.
func (s *schema) within(n json.Number) json.Number {
	for _, limit := range []json.Number{s.Maximum, s.Minimum} {
		if r, ok := numberOf(limit); !ok || !r.IsInt() {
			continue
		}
		code, _ := beyond(n, s.Minimum, s.Maximum)
		if code == "less_than_equal" && limit == s.Maximum || code == "greater_than_equal" && limit == s.Minimum {
			return limit
		}
	}
	return n
}

func (m *maker) looksLikeTime(name string) bool {
	name = strings.ToLower(name)
	return strings.HasSuffix(name, "_at") || strings.Contains(name, "timestamp") || strings.HasSuffix(name, "_time") || name == "created" || name == "updated"
}

// text makes up a text.
func (m *maker) text(s *schema, name string) string {
	lower := strings.ToLower(name)
	var values []string
	for _, v := range s.Enum {
		if v != "" {
			values = append(values, v)
		}
	}
	person := people[m.n%len(people)]
	switch {
	case len(values) > 0:
		return values[m.n%len(values)]
	case len(s.Enum) > 0:
		return ""
	case s.Format == "date-time", s.Format == "" && name != m.key && m.looksLikeTime(name):
		return day(m.n)
	case s.Format == "date":
		return epoch.AddDate(0, 0, m.n).Format(time.DateOnly)
	case s.Format == "time":
		return epoch.Add(time.Duration(m.n) * time.Hour).Format(time.TimeOnly)
	case s.Format == "uuid":
		return inventID(m.entity, name, strconv.Itoa(m.n))
	case s.Format == "email", strings.HasSuffix(lower, "email"):
		return email(m.n)
	case s.Format == "uri", s.Format == "url", strings.HasSuffix(lower, "url"), lower == "href", lower == "self":
		return fmt.Sprintf("https://%s.example.com/%s/%d", plainSlug(m.d.Slug), strings.Trim(strings.ToLower(m.entity), "/"), m.n+1)
	case name == m.key && m.outside(), lower == "id":
		return fmt.Sprintf("%s-%04d", singular(m.entity), m.n+1)
	case strings.HasSuffix(lower, "_id") || strings.HasSuffix(name, "Id"):
		return fmt.Sprintf("%s-%04d", strings.Trim(name[:len(name)-2], "_"), m.n+1)
	case strings.HasSuffix(lower, "first_name"), strings.HasSuffix(lower, "firstname"):
		first, _, _ := strings.Cut(person.name, " ")
		return first
	case strings.HasSuffix(lower, "last_name"), strings.HasSuffix(lower, "lastname"):
		_, last, _ := strings.Cut(person.name, " ")
		return last
	case strings.HasSuffix(lower, "login"), strings.HasSuffix(lower, "username"):
		return person.login
	}
	return strings.TrimSpace(fmt.Sprintf("%s %d of %s", title(name), m.n+1, m.entity))
}

// outside reports whether the value is that of a field of the record itself.
func (m *maker) outside() bool { return len(m.inside) <= 1 }

// fit makes a value one of a schema: it keeps what fits, and makes up the rest.
func (m *maker) fit(v any, s *schema, name string) any {
	s = m.d.of(s)
	if v == nil && s.Nullable {
		return nil
	}
	switch s.Type {
	case "":
		for _, one := range s.AnyOf {
			if m.fits(v, one) {
				return m.fit(v, one, name)
			}
		}
		if len(s.AnyOf) == 0 && v != nil {
			return v
		}
	case "object":
		have, ok := v.(map[string]any)
		if !ok {
			break
		}
		members := map[string]any{}
		if s.Open {
			for name, v := range have {
				members[name] = v
			}
		}
		m.inside = append(m.inside, s.Shape)
		for _, p := range s.Properties {
			m.left--
			if v, ok := have[p.Name]; ok {
				bare := m.bare
				m.bare = bare || len(m.inside) == 1 && m.sent[p.Name]
				members[p.Name] = m.fit(v, p.Schema, p.Name)
				m.bare = bare
			} else if m.bare {
				if top := len(m.inside) == 1; p.Required && !m.ends(p.Schema) || top && m.d.of(p.Schema).Nullable {
					members[p.Name] = m.zero(p.Schema, p.Name)
				}
			} else if !m.ends(p.Schema) {
				members[p.Name] = m.value(p.Schema, p.Name)
			}
		}
		m.inside = m.inside[:len(m.inside)-1]
		return members
	case "array":
		have, ok := v.([]any)
		if !ok {
			break
		}
		list := make([]any, len(have))
		m.inside = append(m.inside, "[]")
		for i, one := range have {
			list[i] = m.fit(one, s.Items, strings.TrimSuffix(name, "s"))
		}
		m.inside = m.inside[:len(m.inside)-1]
		return list
	default:
		if m.fits(v, s) {
			return v
		}
	}
	if m.bare {
		return m.zero(s, name)
	}
	return m.value(s, name)
}

// zero returns the least that a value can be which must be there, and was not sent.
func (m *maker) zero(s *schema, name string) any {
	m.left--
	s = m.d.of(s)
	switch {
	case s.Nullable, s.Type == "" && len(s.AnyOf) == 0:
		return nil
	case s.Type == "string" && len(s.Enum) == 0 && s.Format == "" && m.fits("", s):
		return ""
	case s.Type == "integer" || s.Type == "number":
		return s.within("0")
	case s.Type == "boolean":
		return false
	case s.Type == "array" && m.fits([]any{}, s):
		return []any{}
	case s.Type == "map":
		return map[string]any{}
	case s.Type == "object":
		members := map[string]any{}
		m.inside = append(m.inside, s.Shape)
		for _, p := range s.Properties {
			if p.Required && !m.ends(p.Schema) {
				members[p.Name] = m.zero(p.Schema, p.Name)
			}
		}
		m.inside = m.inside[:len(m.inside)-1]
		return members
	}
	return m.value(s, name)
}

// fits reports whether a value that was decoded is of a schema's type.
func (m *maker) fits(v any, s *schema) bool { return m.d.misfit(v, s, "") == nil }

// misfit returns what is wrong with a value of a schema, nil if nothing is.
func (d *description) misfit(v any, s *schema, at string) *errorItem {
	s = d.of(s)
	wrong := func(code, format string, args ...any) *errorItem {
		item := fieldProblem(at, code, format, args...)
		return &item
	}
	if v == nil {
		if s.Nullable || s.Type == "" {
			return nil
		}
		return wrong("type_error", "Input should not be null")
	}
	switch s.Type {
	case "string":
		text, ok := v.(string)
		switch {
		case !ok:
			return wrong("type_error", "Input should be a string")
		case len(s.Enum) > 0 && !slices.Contains(s.Enum, text):
			return wrong("enum", "Input should be one of %s", quote(s.Enum))
		case s.Format == "date-time":
			if _, ok := instant(text); !ok {
				return wrong("datetime", "Input should be a time of RFC 3339")
			}
		case s.Format == "date":
			if _, err := time.Parse(time.DateOnly, text); err != nil {
				return wrong("date", "Input should be a date")
			}
		}
		if code, text := beyond(json.Number(strconv.Itoa(utf8.RuneCountInString(text))), s.MinLength, s.MaxLength); code != "" {
			return wrong("length_"+code, "Input should have a length %s", text)
		}
	case "integer", "number":
		n, ok := numberOf(v)
		switch {
		case !ok && s.Type == "number":
			return wrong("type_error", "Input should be a number")
		case !ok || s.Type == "integer" && !n.IsInt():
			return wrong("type_error", "Input should be an integer")
		}
		if code, text := beyond(v, s.Minimum, s.Maximum); code != "" {
			return wrong(code, "Input should be %s", text)
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return wrong("type_error", "Input should be a boolean")
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			return wrong("type_error", "Input should be an array")
		}
		if code, text := beyond(json.Number(strconv.Itoa(len(list))), s.MinItems, s.MaxItems); code != "" {
			return wrong("length_"+code, "Input should have a number of items %s", text)
		}
		for i, one := range list {
			if item := d.misfit(one, s.Items, at+"."+strconv.Itoa(i)); item != nil {
				return item
			}
		}
	case "map":
		members, ok := v.(map[string]any)
		if !ok {
			return wrong("type_error", "Input should be an object")
		}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			if item := d.misfit(members[name], s.Items, at+"."+name); item != nil {
				return item
			}
		}
	case "object":
		members, ok := v.(map[string]any)
		if !ok {
			return wrong("type_error", "Input should be an object")
		}
		return d.misfitting(members, s, at)
	}
	if len(s.AnyOf) > 0 && !slices.ContainsFunc(s.AnyOf, func(one *schema) bool { return d.misfit(v, one, at) == nil }) {
		return wrong("type_error", "Input has none of the types that are declared")
	}
	return nil
}

// beyond returns how a number is beyond limits, "" if it is not.
func beyond(v any, least, most json.Number) (code, text string) {
	n, ok := numberOf(v)
	if !ok {
		return "", ""
	}
	if limit, ok := numberOf(least); ok && n.Cmp(limit) < 0 {
		return "greater_than_equal", "greater than or equal to " + least.String()
	}
	if limit, ok := numberOf(most); ok && n.Cmp(limit) > 0 {
		return "less_than_equal", "less than or equal to " + most.String()
	}
	return "", ""
}

// misfitting returns what is wrong with the members of an object.
func (d *description) misfitting(members map[string]any, s *schema, at string) *errorItem {
	known := map[string]bool{}
	for _, p := range s.Properties {
		known[p.Name] = true
		v, given := members[p.Name]
		if !given {
			if p.Required && !p.ReadOnly {
				item := missing(at + "." + p.Name)
				return &item
			}
			continue
		}
		if item := d.misfit(v, p.Schema, at+"."+p.Name); item != nil {
			return item
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !known[name] && !s.Open {
			item := fieldProblem(at+"."+name, "extra_forbidden", "The document declares no such member")
			return &item
		}
	}
	return nil
}
