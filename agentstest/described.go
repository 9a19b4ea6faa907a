package agentstest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// fillIn fills in what the document says about the entity and the test does not.
func (e *entity) fillIn() {
	of := e.described
	if e.Key == "" {
		e.Key = e.document.keyField(of)
	}
	if e.actions == nil {
		e.actions = of.actions()
	}
	e.madeUp = e.Records == nil
	if !e.madeUp {
		return
	}
	list := e.document.recordsOf(of)
	for _, raw := range list {
		e.records = append(e.records, newRecord(raw))
	}
	if e.Files == nil && of.action("download") != nil {
		e.Files = map[string]File{}
		for i, r := range e.records {
			key, ok := scalar(r.field(e.Key))
			if !ok {
				key = strconv.Itoa(i + 1)
			}
			e.Files[key] = File{
				Name: fmt.Sprintf("%s-%d.txt", singular(e.name), i+1), ContentType: "text/plain; charset=utf-8",
				Data: fmt.Appendf(nil, "The file of %s %d.\n", singular(e.name), i+1),
			}
		}
	}
}

// maker returns what makes up values for a record, the same each time.
func (e *entity) maker(r *record) *maker {
	m := e.document.maker(e.name, e.Key, max(slices.Index(e.snapshot(), r), 0))
	m.bare, m.sent = r.created, r.sent
	return m
}

// stored returns the records as the context store has them.
func (e *entity) stored() []*record {
	records := e.snapshot()
	if !e.madeUp || e.described.Store == nil {
		return records
	}
	list := make([]*record, len(records))
	for i, r := range records {
		r.storeOnce.Do(func() {
			raw, err := json.Marshal(e.maker(r).fit(r.get(), e.described.Store, ""))
			if r.store = r; err == nil {
				r.store = newRecord(raw)
			}
		})
		list[i] = r.store
	}
	return list
}

// storeFields returns the fields that the document lists for the context store.
func (e *entity) storeFields() []property {
	if e.described == nil || e.described.Store == nil {
		return nil
	}
	return e.document.of(e.described.Store).Properties
}

// searchSchemas returns the schemas of the fields that the context store has.
func (e *entity) searchSchemas(fields map[string]map[string]any) map[string]map[string]any {
	listed := e.storeFields()
	if listed == nil {
		return fields
	}
	schemas := map[string]map[string]any{}
	for _, p := range listed {
		schemas[p.Name] = e.document.jsonSchema(p.Schema, 0)
	}
	return schemas
}

// serviceParams are the parameters that the service takes itself, for pieces of files.
var serviceParams = map[string]bool{"_airbyte_response_type": true, "_airbyte_response_format": true, "range_header": true}

// checkDeclared refuses parameters that are not as the document declares them.
func (x *execution) checkDeclared(a *describedAction) error {
	var items []errorItem
	var names []string
	for _, p := range a.Params {
		names = append(names, p.Name)
		v, given := x.params[p.Name]
		at := "body.params." + p.Name
		switch {
		case !given && p.Required:
			items = append(items, missing(at))
		case given:
			if item := x.entity.document.misfit(v, p.Schema, at); item != nil {
				items = append(items, *item)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(x.params)) {
		if a.Open || a.param(name) != nil || serviceParams[name] {
			continue
		}
		text := fmt.Sprintf("The document declares no parameter %q", name)
		closest := closestTo(name, names)
		if len(closest) > 0 {
			text += "; closest: " + strings.Join(closest, ", ")
		}
		item := fieldProblem("body.params."+name, "extra_forbidden", "%s", text)
		item.Details = map[string]any{"closest": closest}
		items = append(items, item)
	}
	if items != nil {
		return invalid(items...)
	}
	return nil
}

// fileDeclared returns the file of the record that the parameters name.
func (x *execution) fileDeclared(a *describedAction) File {
	r, err := x.find(a)
	if err != nil || r == nil {
		return File{}
	}
	key, _ := scalar(r.field(x.entity.Key))
	if f, ok := x.entity.Files[key]; ok {
		return f
	}
	return x.entity.Files[strconv.Itoa(slices.Index(x.entity.snapshot(), r)+1)]
}

// runDeclared runs an action that a document describes, other than download.
func (x *execution) runDeclared(a *describedAction) (*envelope, error) {
	switch x.body.Action {
	case "create":
		r, err := x.createDeclared(a)
		if err != nil {
			return nil, err
		}
		return x.answerWith(a, r)
	case "get", "update", "delete":
		r, err := x.find(a)
		switch {
		case err != nil:
			return nil, err
		case r == nil:
			return x.answer(&envelope{}), nil
		case x.body.Action == "update":
			key, _ := scalar(r.field(x.entity.Key))
			changed, err := x.entity.update(key, x.changes(a), x.began)
			if err != nil {
				return nil, err
			}
			if changed != nil {
				r = changed
			}
		case x.body.Action == "delete":
			key, _ := scalar(r.field(x.entity.Key))
			x.entity.remove(key)
		}
		return x.answerWith(a, r)
	}
	pages := a.List || x.body.Action == "list" || x.body.Action == "api_search" || x.body.Action == "search"
	if !pages || !a.List && a.Result != nil {
		r, err := x.find(a)
		if err != nil {
			return nil, err
		}
		return x.answerWith(a, r)
	}
	return x.listDeclared(a)
}

// answerWith returns a record, or what an action returns instead of one.
func (x *execution) answerWith(a *describedAction, r *record) (*envelope, error) {
	if a.Result == nil || r == nil {
		return x.answer(&envelope{result: json.RawMessage("{}")}), nil
	}
	r, err := x.fitted(a, r)
	if err != nil {
		return nil, err
	}
	v, err := x.one(r)
	if err == nil && a.List {
		v.result = slices.Concat([]byte("["), v.result, []byte("]"))
	}
	return v, err
}

// fitted returns a record in the shape that an action has.
func (x *execution) fitted(a *describedAction, r *record) (*record, error) {
	if !x.entity.madeUp || a.Result == nil {
		return r, nil
	}
	raw, err := json.Marshal(x.entity.maker(r).fit(r.get(), a.Result, ""))
	return newRecord(raw), err
}

// find returns the record that the parameters name. If none of them is the key of one,
// it is the first record, and nil if there is none.
func (x *execution) find(a *describedAction) (*record, error) {
	e := x.entity
	records := e.snapshot()
	if len(records) == 0 {
		if a.Result == nil {
			return nil, nil
		}
		return nil, problem(http.StatusNotFound, "%s has no record in %q", x.conn.template.kind.name, e.name)
	}
	keys := []string{"id", singular(e.name) + "_id", singular(e.name) + "Id", e.name + "_id"}
	for _, p := range slices.Backward(a.Params) {
		v, given := x.params[p.Name]
		want, ok := scalar(v)
		if !given || !ok || !p.Required && p.In == "body" {
			continue
		}
		fields := fieldsFor(e.name, p.Name)
		if slices.Contains(keys, p.Name) || p.Name == e.Key {
			fields = []string{e.Key}
		}
		for _, name := range fields {
			if name != e.Key && (p.In == "body" || records[0].field(name) == nil) {
				continue
			}
			for _, r := range records {
				if have, ok := scalar(r.field(name)); ok && have == want {
					return r, nil
				}
			}
			if name == e.Key && x.body.Action != "create" {
				return nil, problem(http.StatusNotFound, "%s has no record with the %s %q in %q", x.conn.template.kind.name, e.Key, want, e.name)
			}
		}
	}
	return records[0], nil
}

// changes returns the fields of a record that the parameters set: those that stand in
// the body, or beside the key in documents that have no body.
func (x *execution) changes(a *describedAction) map[string]any {
	fields := map[string]any{}
	shape := x.entity.document.shapeOf(x.entity.described)
	for name, v := range x.params {
		if p := a.param(name); p != nil && p.In != "body" && p.In != "query" && p.In != "" {
			continue
		}
		if !x.entity.madeUp {
			fields[name] = v
			continue
		}
		if len(shape.Properties) == 0 {
			fields[name] = v
		}
		for _, field := range shape.Properties {
			if field.Name == name && x.entity.document.misfit(v, field.Schema, "") == nil {
				fields[name] = v
			}
		}
	}
	return fields
}

// createDeclared adds a record with the fields that the parameters set, those that name
// where it belongs among them. Of the others, it has what the service sets, the key and
// times, and what must be there: null, or else nothing but the type.
func (x *execution) createDeclared(a *describedAction) (*record, error) {
	e := x.entity
	fields := x.changes(a)
	for _, p := range a.Params { // those in the path are not changes, and tell what it belongs to
		if v, given := x.params[p.Name]; given && p.In == "path" && p.Name != e.Key && !e.madeUp && e.hasScalar(p.Name) {
			fields[p.Name] = v
		}
	}
	if e.madeUp {
		m := e.document.maker(e.name, e.Key, 0)
		for _, p := range e.document.shapeOf(e.described).Properties {
			s := e.document.of(p.Schema)
			if _, given := fields[p.Name]; given || p.Name == e.Key {
				continue
			}
			v, sent := x.params[p.Name]
			isTime := s.Type == "string" && len(s.Enum) == 0 && (s.Format == "date-time" || s.Format == "" && m.looksLikeTime(p.Name))
			_, isText := m.value(p.Schema, p.Name).(string)
			switch {
			case sent && a.param(p.Name) != nil && e.document.misfit(v, s, "") == nil:
				fields[p.Name] = v
			case isText && slices.Contains(slices.Concat(createdFields, changedFields), p.Name), isTime && !s.Nullable && (p.ReadOnly || p.Required):
				fields[p.Name] = x.began.UTC().Format(time.RFC3339)
			case s.Nullable:
				fields[p.Name] = nil
			case p.Required:
				fields[p.Name] = m.zero(p.Schema, p.Name)
			}
		}
	}
	return e.add(fields, x.began)
}

// listDeclared returns a page of records.
func (x *execution) listDeclared(a *describedAction) (*envelope, error) {
	e := x.entity
	records := x.selectDeclared(a, e.snapshot())
	t, err := x.turnOf(a, len(records), func(i int) string {
		key, _ := scalar(records[i].field(e.Key))
		return key
	})
	if err != nil {
		return nil, err
	}
	page := slices.Clone(records[t.start:t.end])
	for i, r := range page {
		if page[i], err = x.fitted(a, r); err != nil {
			return nil, err
		}
	}
	result, err := x.shape(page, true)
	if err != nil {
		return nil, err
	}
	metadata, err := json.Marshal(x.metadata(a, t))
	if err != nil {
		return nil, err
	}
	return x.answerPage(result, metadata, t.more())
}

// selectDeclared returns the records that the parameters with the names of fields select.
func (x *execution) selectDeclared(a *describedAction, records []*record) []*record {
	if !x.entity.madeUp {
		records = x.filter(records)
	}
	wanted := map[string][]string{}
	for _, p := range a.Params {
		v, given := x.params[p.Name]
		if !given || a.turns(p.Name) || !x.entity.hasScalar(p.Name) {
			continue
		}
		list, ok := v.([]any)
		if !ok {
			list = []any{v}
		}
		for _, one := range list {
			if text, ok := scalar(one); ok {
				wanted[p.Name] = append(wanted[p.Name], text)
			}
		}
	}
	if len(wanted) == 0 {
		return records
	}
	return slices.DeleteFunc(slices.Clone(records), func(r *record) bool {
		for name, values := range wanted {
			have, _ := scalar(r.field(name))
			if !slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, have) }) {
				return true
			}
		}
		return false
	})
}

// turns reports whether a parameter is about pages.
func (a *describedAction) turns(name string) bool {
	return slices.ContainsFunc(a.Pages, func(rule describedPages) bool {
		return slices.ContainsFunc(rule.Params, func(p describedPage) bool { return p.Name == name })
	})
}

// hasScalar reports whether the records have a field with a text, a number or a boolean.
func (e *entity) hasScalar(name string) bool {
	return slices.ContainsFunc(e.snapshot(), func(r *record) bool {
		_, ok := scalar(r.field(name))
		return ok
	})
}

// A turn is a page of a list, and how the next one is asked for.
type turn struct {
	span
	size  int
	rule  describedPages
	param *describedPage // nil if there is only one page
}

// turnOf returns the page that the parameters ask for.
func (x *execution) turnOf(a *describedAction, total int, keyAt func(int) string) (turn, error) {
	e := x.entity
	t := turn{span: span{0, total, total}, size: total}
	t.rule = a.pages(x.params)
	for i, p := range t.rule.Params {
		if p.Role == "size" || p.Role == "unused" || p.Role == "cursor" && !p.Fed {
			continue
		}
		if _, given := x.params[p.Name]; given || t.param == nil {
			t.param = &t.rule.Params[i]
		}
	}
	if t.param == nil && len(t.rule.Params) == 0 {
		return t, nil
	}
	t.size = e.PageSize
	for _, p := range t.rule.Params {
		if p.Role != "size" {
			continue
		}
		v, given := x.params[p.Name]
		switch {
		case given:
			n, _ := scalar(v)
			size, err := strconv.Atoi(n)
			if err != nil || size < 1 {
				return t, invalid(fieldProblem("body.params."+p.Name, "greater_than_equal", "Input should be an integer greater than or equal to 1"))
			}
			t.size = min(size, max(e.MaxPageSize, t.size))
		case p.Default != nil && *p.Default > 0 && !e.sized:
			t.size = int(min(*p.Default, 1<<20))
		}
	}
	if t.param == nil { // there is no way to the other pages
		t.end = min(t.size, total)
		return t, nil
	}
	at := "body.params." + t.param.Name
	v, given := x.params[t.param.Name]
	text, _ := scalar(v)
	if !given || text == "" {
		t.end = min(t.size, total)
		return t, nil
	}
	switch t.param.Role {
	case "last-id":
		t.start = -1
		for i := range total {
			if keyAt(i) == text {
				t.start = i + 1
			}
		}
		if t.start < 0 {
			return t, invalid(fieldProblem(at, "invalid_cursor", "No record has the %s %q", e.Key, text))
		}
	case "cursor":
		n, ok := e.offsetOf(text)
		if !ok {
			return t, invalid(fieldProblem(at, "invalid_cursor", "The cursor is not from this list"))
		}
		t.start = n
	default:
		n, err := strconv.ParseInt(text, 10, 32)
		first, each := int64(0), int64(t.size)
		switch t.param.Role {
		case "count1":
			first = 1
		case "offset":
			each = 1
		}
		if err != nil || n < first {
			return t, invalid(fieldProblem(at, "greater_than_equal", "Input should be an integer greater than or equal to %d", first))
		}
		t.start = int(min((n-first)*each, int64(total)))
	}
	t.start = min(t.start, total)
	t.end = min(t.start+t.size, total)
	return t, nil
}

// pages returns what parameters do for pages, given those of a request.
func (a *describedAction) pages(params map[string]any) describedPages {
	for _, rule := range a.Pages {
		if !slices.ContainsFunc(rule.When, func(name string) bool { return params[name] == nil }) {
			return rule
		}
	}
	return describedPages{}
}

// offsetOf returns the offset that a cursor, a link with one, or a number stands for.
func (e *entity) offsetOf(cursor string) (int, bool) {
	if u, err := url.Parse(cursor); err == nil && u.Host != "" {
		cursor = u.Query().Get("cursor")
	}
	number := cursor
	if raw, err := base64.RawURLEncoding.DecodeString(cursor); err == nil {
		if after, found := strings.CutPrefix(string(raw), e.name+":"); found {
			number = after
		}
	}
	n, err := strconv.Atoi(number)
	return n, err == nil && n >= 0
}

// afterPage returns what asks for the next page: a value, and a link with it.
func (x *execution) afterPage(a *describedAction, t turn) (value, link any) {
	if t.param == nil || !t.more() {
		return nil, nil
	}
	e := x.entity
	switch t.param.Role {
	case "offset":
		value = t.end
	case "count0":
		value = t.end / max(t.size, 1)
	case "count1":
		value = t.end/max(t.size, 1) + 1
	case "last-id":
		records := x.selectDeclared(a, e.snapshot())
		value, _ = scalar(records[t.end-1].field(e.Key))
	default:
		value = e.cursor(t.end)
		if p := a.param(t.param.Name); p != nil && p.Schema.kind() == "integer" {
			value = t.end
		}
	}
	q := url.Values{t.param.Name: {fmt.Sprint(value)}}
	return value, e.vendorURL() + "?" + q.Encode()
}

// metadata returns the metadata of a page: the members that the document lists, with
// values that their names suggest.
func (x *execution) metadata(a *describedAction, t turn) map[string]any {
	value, link := x.afterPage(a, t)
	m := map[string]any{}
	for _, name := range t.rule.Metadata {
		plain := strings.Map(func(r rune) rune {
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
				return -1
			}
			return unicode.ToLower(r)
		}, name)
		has := func(words ...string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(plain, w) })
		}
		switch {
		case strings.HasPrefix(plain, "hasprev"):
			m[name] = t.start > 0
		case strings.HasPrefix(plain, "has"), strings.HasPrefix(plain, "more"):
			m[name] = t.more()
		case strings.HasPrefix(plain, "islast"), plain == "done", plain == "lastpage":
			m[name] = !t.more()
		case has("prev", "first", "last", "start"):
			m[name] = nil
		case has("totalpage", "pagecount"), plain == "pages":
			m[name] = (t.total + t.size - 1) / max(t.size, 1)
		case has("total"), plain == "count":
			m[name] = t.total
		case has("link", "url", "uri"):
			m[name] = link
		case has("next", "cursor", "token", "after", "marker", "bookmark"):
			m[name] = value
		case plain == "offset", plain == "skip":
			m[name] = t.start
		case has("limit", "size", "perpage"):
			m[name] = t.size
		case plain == "page", plain == "currentpage", plain == "pagenumber":
			m[name] = t.start/max(t.size, 1) + 1
		default:
			m[name] = nil
		}
	}
	return m
}

// declaredParameters returns the parameters of an action as descriptions have them.
func (e *entity) declaredParameters(a *describedAction) []parameter {
	var params []parameter
	for _, p := range a.Params {
		schema := e.document.jsonSchema(p.Schema, 0)
		if text := e.document.about(p.Schema, p.Description); text != "" {
			schema["description"] = text
		}
		params = append(params, parameter{name: p.Name, schema: schema, required: p.Required, in: p.In})
	}
	return params
}

// jsonSchema returns a schema as JSON Schema.
func (d *description) jsonSchema(s *schema, depth int) map[string]any {
	s = d.of(s)
	out := map[string]any{}
	typ := s.Type
	if typ == "map" {
		typ = "object"
	}
	switch {
	case typ != "" && s.Nullable:
		out["type"] = []string{typ, "null"}
	case typ != "":
		out["type"] = typ
	}
	if s.Format != "" {
		out["format"] = s.Format
	}
	if len(s.Enum) > 0 {
		out["enum"] = s.Enum
	}
	for name, limit := range map[string]json.Number{
		"minimum": s.Minimum, "maximum": s.Maximum, "minLength": s.MinLength, "maxLength": s.MaxLength, "minItems": s.MinItems, "maxItems": s.MaxItems,
	} {
		if limit != "" {
			out[name] = limit
		}
	}
	if depth > 4 {
		return out
	}
	if s.Items != nil && s.Type == "array" {
		out["items"] = d.jsonSchema(s.Items, depth+1)
	}
	if len(s.Properties) > 0 {
		properties := map[string]any{}
		for _, p := range s.Properties {
			inner := d.jsonSchema(p.Schema, depth+1)
			if text := told(p.Description, d.details(p.Schema)...); text != "" {
				inner["description"] = text
			}
			properties[p.Name] = inner
		}
		out["properties"] = properties
	}
	return out
}

// exampleParams returns the required parameters of an action with values.
func (e *entity) exampleParams(a *describedAction) string {
	params := map[string]any{}
	for _, p := range a.Params {
		if p.Required {
			params[p.Name] = e.document.maker(e.name, p.Name, 0).value(p.Schema, p.Name)
		}
	}
	return quote(params)
}
