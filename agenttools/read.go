package agenttools

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// A reading is an action that is read page by page. It does not change.
type reading struct {
	c              *connector
	entity, action string
	fields         []string
	weight         int    // about how much memory its params take
	note           string // about the params, for the first answer
}

// readRecords answers read_records.
func (s *Set) readRecords(ctx context.Context, a *arguments) (string, *failure) {
	if strings.EqualFold(a.action, describeAction) {
		return s.describeActions(ctx, a)
	}
	c, f := s.connector(ctx, a)
	if f != nil {
		return "", f
	}
	if f := missing("action", a.action); f != nil {
		f.hint = s.hint(ctx, c, a.entity, "")
		return "", f
	}
	if a.entity == "" && a.action != selectSQL {
		f := missing("entity", a.entity)
		f.hint = s.hint(ctx, c, "", "")
		return "", f
	}
	d, f := s.forRead(ctx, c, a)
	if f != nil {
		return "", f
	}
	if a.action == describeAction {
		return s.describeActions(ctx, a)
	}
	if !client.IsRead(a.action) {
		return "", s.notARead(c, d, a)
	}
	if !s.allowed(c, a.entity, a.action) {
		f := notAllowed(c, a.entity, a.action)
		f.hint = s.hint(ctx, c, a.entity, "")
		return "", f
	}
	if a.action == selectSQL {
		if f := s.ownWorkspace(a); f != nil {
			return "", f
		}
	}
	declared := declaredParams(d, a.entity, a.action)
	readTexts(a.params, declared)
	if _, pieces := a.params["_airbyte_response_type"]; a.action == downloadAction && !pieces {
		return s.readFile(ctx, c, a)
	}
	read := &reading{c: c, entity: a.entity, action: a.action, fields: a.fields, weight: a.weight, note: undeclared(a.params, declared)}
	p, f := s.fetch(ctx, read, a.params, 1)
	if f != nil {
		d := c.described.peek() // what explained the failure
		if d != nil && (errors.Is(f.err, client.ErrInvalid) || errors.Is(f.err, client.ErrNotFound)) {
			before := a.entity
			if a.fit(d); a.entity != before {
				return s.readRecords(ctx, a)
			}
			if none := s.noEntity(c, d, a.entity); none != nil {
				none.err = f.err
				return "", none
			}
		}
		return "", f
	}
	return s.answer(p, 0), nil
}

// forRead returns the description of the connector, and gives the arguments the names in
// it. It asks for it only where a request to read might go wrong without: the names have
// another case than usual, or there are params, which the service ignores if it does not
// know them. Otherwise it returns nil unless it is known.
func (s *Set) forRead(ctx context.Context, c *connector, a *arguments) (*client.Description, *failure) {
	d := c.described.peek()
	if d == nil && (len(a.params) > 0 || !client.IsRead(a.action) || strings.ToLower(a.entity) != a.entity) {
		var err error
		if d, err = c.describe(ctx); err != nil && ctx.Err() != nil {
			return nil, s.failed(err)
		}
	}
	if d != nil {
		a.fit(d)
	} else if lower := strings.ToLower(a.action); client.IsRead(lower) {
		a.action = lower
	}
	return d, nil
}

// undeclared is a note about the params that an action does not declare, or "" if it
// declares all, or none. The service ignores those that it does not know.
func undeclared(params client.Params, declared []client.ParamDescription) string {
	if len(declared) == 0 {
		return ""
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if !strings.HasPrefix(name, "_") && !slices.ContainsFunc(declared, func(p client.ParamDescription) bool { return p.Name == name }) {
			names = append(names, name)
		}
	}
	if names == nil {
		return ""
	}
	return "the connector does not declare the params " + inQuotes(names) + ", so they may mean nothing to it"
}

// inQuotes returns a list of names in quotes, shortened if it is long.
func inQuotes(names []string) string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = textNode(oneLine(name, 40)).String()
	}
	return shorten(strings.Join(list, ", "), maxNote)
}

// without is a note about the fields that none of the records has, or "" if there are
// none.
func without(fields []string, records []node) string {
	if len(records) == 0 {
		return ""
	}
	names := slices.DeleteFunc(slices.Clone(fields), func(field string) bool {
		return slices.ContainsFunc(records, func(r node) bool {
			inner, ok := r.get("entity") // as a search by meaning wraps records
			return r.has(field) || ok && inner.has(field)
		})
	})
	if len(names) == 0 {
		return ""
	}
	note := "none of these records has the fields " + inQuotes(names)
	if len(names) == len(fields) {
		note += "; they have others, which fields [] shows"
	}
	return note
}

// notARead is the failure for an action that read_records does not run, with a
// description if there is one.
func (s *Set) notARead(c *connector, d *client.Description, a *arguments) *failure {
	f := &failure{text: fmt.Sprintf("%s is no action that reads", label(c, a.entity, a.action)), problems: []problem{{"action", "it is none that reads"}}}
	if none := s.noEntity(c, d, a.entity); none != nil {
		return none
	}
	misspelled := ""
	if e, ok := d.Entity(a.entity); ok {
		switch _, declared := e.Action(a.action); {
		case declared && !s.allowed(c, a.entity, a.action):
			f = notAllowed(c, a.entity, a.action)
		case declared && s.writes:
			f.hint = "it changes data: call " + s.prefix + writeRecords
			return f
		case declared:
			f.text = label(c, a.entity, a.action) + " changes data, and this program only reads"
		default:
			f.text, misspelled = label(c, a.entity)+" has no action "+oneLine(a.action, 80), a.action
		}
	}
	f.hint = s.hintIn(c, d, a.entity, misspelled)
	return f
}

// hint returns what the connector has: its entities, the actions of one of them, or the
// params of an action. It returns "" if that is not known.
func (s *Set) hint(ctx context.Context, c *connector, entity, action string) string {
	d, err := c.describe(ctx)
	if err != nil {
		return ""
	}
	return s.hintIn(c, d, entity, action)
}

func (s *Set) hintIn(c *connector, d *client.Description, entity, action string) string {
	if d == nil || len(d.Entities) == 0 {
		return ""
	}
	e, ok := d.Entity(entity)
	if !ok || len(s.actions(c, e, true)) == 0 {
		return didYouMean(entity, s.entities(c, d)) + "the entities of " + label(c) + " are " + listed(s.entities(c, d))
	}
	if !slices.Contains(s.actions(c, e, true), action) {
		return didYouMean(action, s.actions(c, e, true)) + "the actions of " + label(c, entity) + " are " + listed(s.actions(c, e, true))
	}
	var list []string
	for _, p := range declaredParams(d, entity, action) {
		text := p.Name
		if typ := typed(p); typ != "" {
			text += " (" + typ + ")"
		}
		list = append(list, text)
	}
	if list == nil {
		return ""
	}
	return "the params of " + label(c, entity, action) + " are " + listed(list)
}

// declaredParams returns the parameters that an action declares.
func declaredParams(d *client.Description, entity, action string) []client.ParamDescription {
	if e, ok := d.Entity(entity); ok {
		if a, ok := e.Action(action); ok {
			return a.Params
		}
	}
	return nil
}

// ownWorkspace makes a statement read in the workspace of the Set, and in no other: the
// credentials may give access to more.
func (s *Set) ownWorkspace(a *arguments) *failure {
	const id, name = "workspace_id", "workspace_name"
	_, hasID := a.params[id]
	if given, hasName := a.params[name]; hasID || hasName && given != s.ws.Name() {
		return &failure{text: "the workspace cannot be chosen", hint: "leave out " + id + " and " + name}
	}
	if a.params == nil {
		a.params = client.Params{}
	}
	a.params[name] = s.ws.Name()
	return nil
}

// maxEmpty is how many empty pages are skipped in one call.
const maxEmpty = 10

// fetch asks for a page of records, and finds out what follows. number is that of the
// first record.
func (s *Set) fetch(ctx context.Context, read *reading, params client.Params, number int) (*page, *failure) {
	for try := 1; ; try++ {
		t, err := read.turn(ctx, params)
		if err != nil {
			return nil, s.explain(ctx, read, err)
		}
		if t.repeated() {
			if t.next == nil || try > maxEmpty {
				return nil, &failure{
					text: "the connector sent records again that it had sent before, so what follows cannot be read",
					hint: "the answers before are right; ask for fewer records with other params",
				}
			}
			params = t.next // the page has nothing new
			continue
		}
		if ctx.Err() != nil {
			return nil, failed(ctx.Err())
		}
		if e := (*client.Error)(nil); errors.As(t.err, &e) && e.Retryable { // what follows was not found out, but may be
			return nil, s.explain(ctx, read, t.err)
		}
		if t.next != nil && len(t.records) == 0 && try < maxEmpty {
			params = t.next
			continue
		}
		p := &page{of: t.read, about: label(read.c, read.entity, read.action), noun: "records", first: number, note: warning(t.result)}
		if number == 1 {
			p.note = shorten(joined(p.note, read.note, without(read.fields, t.records)), s.budget/4)
		}
		if t.next != nil {
			p.next = &place{read: t.read, params: t.next, number: number + len(t.records), weight: read.weight + sizeOf(t.next)}
		} else if t.err != nil {
			p.stuck = reason(t.err)
		}
		p.show(t.records, s.budget, s.prefix+nextPage)
		return p, nil
	}
}

// A turned page is a page of records with what asks for the next one.
type turned struct {
	read    *reading
	result  *client.Result
	records []node
	next    client.Params // nil if there is no other page
	err     error         // why it cannot be asked for
}

// repeated reports whether the page came before.
func (t *turned) repeated() bool { return errors.Is(t.err, client.ErrPageRepeated) }

// turn runs the action. If the next page depends on an id that the fields leave out, it
// runs the action again with the id.
func (r *reading) turn(ctx context.Context, params client.Params) (*turned, error) {
	t, err := r.run(ctx, params)
	if err != nil || len(r.fields) == 0 || slices.Contains(r.fields, "id") || !errors.Is(t.err, client.ErrPaging) || t.repeated() {
		return t, err
	}
	withID := *r
	withID.fields = append(slices.Clone(r.fields), "id")
	if again, err := withID.run(ctx, params); err == nil && again.err == nil {
		return again, nil
	}
	return t, nil
}

func (r *reading) run(ctx context.Context, params client.Params) (*turned, error) {
	var opts []client.ExecuteOption
	if len(r.fields) > 0 {
		opts = append(opts, client.WithSelectFields(r.fields...))
	}
	result, err := r.c.conn.Execute(ctx, r.entity, r.action, params, opts...)
	if err != nil {
		return nil, err
	}
	t := &turned{read: r, result: result}
	t.next, t.err = result.NextParams(ctx)
	t.records, err = recordsOf(result)
	return t, err
}

// recordsOf returns the records of a result.
func recordsOf(result *client.Result) ([]node, error) {
	var list []node
	for r, err := range client.Rows[record](result) {
		if err != nil {
			if r.node, err = deepRecord(err); err != nil {
				return nil, err
			}
		}
		list = append(list, r.node)
	}
	return list, nil
}

// A record is decoded when its JSON was found, which is copied once.
type record struct{ node }

// UnmarshalJSON reads the record.
func (r *record) UnmarshalJSON(raw []byte) error {
	var ok bool
	if r.node, ok = parseJSON(string(raw)); !ok { // it was JSON when it came
		r.node = textNode(string(raw))
	}
	return nil
}

// deepRecord returns the record that an error is about: one that package client does not
// decode, for how deep it is nested, is one nevertheless.
func deepRecord(err error) (node, error) {
	var e *client.RecordError
	if !errors.As(err, &e) || e.Index < 0 || e.Raw == nil {
		return node{}, err
	}
	var r record
	err = r.UnmarshalJSON(e.Raw)
	return r.node, err
}

// joined joins the notes that are not empty.
func joined(notes ...string) string {
	return strings.Join(slices.DeleteFunc(notes, func(note string) bool { return note == "" }), "; ")
}

const maxNote = 150

// warning is the line for the warning of a result.
func warning(r *client.Result) string {
	if r.Warning == nil || r.Warning.Message == "" {
		return ""
	}
	return "warning: " + textNode(oneLine(r.Warning.Message, maxNote)).String()
}

// reason is why there is no next page, without what a program could do about it.
func reason(err error) string {
	text := err.Error()
	var e *client.Error
	if errors.As(err, &e) && e.Message != "" {
		text, _, _ = strings.Cut(e.Message, "; ")
	}
	return oneLine(text, maxNote)
}

// explain describes the failure of an action, with what the action takes.
func (s *Set) explain(ctx context.Context, read *reading, err error) *failure {
	f := s.failed(err)
	if errors.Is(err, client.ErrNotFound) {
		s.forget(read.c)
	}
	if (errors.Is(err, client.ErrInvalid) || errors.Is(err, client.ErrNotFound) || errors.Is(err, client.ErrExecution)) && f.hint == "" && ctx.Err() == nil {
		f.hint = s.hint(ctx, read.c, read.entity, read.action)
	}
	return f
}

// nextPage answers next_page.
func (s *Set) nextPage(ctx context.Context, a *arguments) (string, *failure) {
	handle := a.page
	if words := strings.Fields(handle); len(words) == 2 && words[0] == s.prefix+nextPage {
		handle = words[1] // the whole line
	}
	at, ok := s.shelf.get(handle)
	if !ok {
		f := &failure{text: "this page is not known: the handle is wrong, or it was too long ago", problems: []problem{{"page", "it is not known"}}}
		f.hint = "read again from the beginning: call " + s.prefix + readRecords + ", or the tool that the handle came from"
		return "", f
	}
	if of := cmp.Or(at.read, at.of()); of != nil {
		a.connector, a.entity, a.action = of.c.name, of.entity, of.action
	}
	if at.page == nil {
		read := *at.read
		read.c = s.own(read.c)
		p, f := s.fetch(ctx, &read, at.params, at.number)
		if f != nil {
			return "", f
		}
		at.page = s.shelf.turnTo(handle, p)
	}
	return s.answer(at.page, at.index), nil
}

// maxFile is how many bytes of a file are read.
const maxFile = 1 << 20

// readFile answers read_records for a download: the lines of a file, if it is a text.
func (s *Set) readFile(ctx context.Context, c *connector, a *arguments) (string, *failure) {
	read := &reading{c: c, entity: a.entity, action: a.action}
	file, err := c.conn.Download(ctx, a.entity, a.params)
	if err != nil {
		return "", s.explain(ctx, read, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return "", s.explain(ctx, read, err)
	}
	p := &page{of: read, about: label(c, a.entity, a.action), first: 1}
	whole := len(data) <= maxFile
	if !whole {
		data = []byte(cut(string(data), maxFile))
	}
	size := fmt.Sprint(file.Size)
	if file.Size < 0 {
		size = fmt.Sprint(len(data))
		if !whole {
			size = "more than " + size
		}
	}
	if !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0 {
		p.noun = "records"
		return s.show(p, []node{objectNode("filename", file.Filename, "content_type", file.ContentType, "bytes", size, "note", "it is no text, so it is not shown")}), nil
	}
	p.noun = "lines"
	p.note = "file: " + textNode(oneLine(file.Filename, 80)).String() + ", " + size + " bytes"
	if !whole {
		p.stuck = "only the first " + fmt.Sprint(len(data)) + " bytes are read"
	}
	p.quote(strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"), s.budget, s.prefix+nextPage)
	return s.answer(p, 0), nil
}
