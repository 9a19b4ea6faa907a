package model

import (
	"slices"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/names"
)

// reads are the actions that change nothing, as client.IsRead has them.
var reads = []string{"list", "get", "search", "api_search", "download"}

// A source is where a parameter comes from: a parameter of an operation, or a property
// of its body.
type source struct {
	name, in string
	doc      string
	schema   *document.Schema
	declared bool // it is required, as the document says
	injected bool
}

// required reports whether a caller must set a parameter.
func (b *builder) required(s source) bool {
	v := b.view(s.schema)
	constant := s.in == "header" && len(v.Enum) == 1
	return s.declared && !s.injected && !v.HasDefault && !constant
}

// action fills in an action that the given operations run.
func (b *builder) action(e *Entity, a *Action, operations []document.Operation) {
	a.Read = slices.Contains(reads, a.Wire)
	if len(operations) > 1 && !b.pkg.Untyped {
		var all []string
		for _, o := range operations {
			all = append(all, strings.ToUpper(o.Method)+" "+o.Path)
		}
		b.pkg.note(document.Doubt, "several operations", "%s.%s is run by %d operations, whose parameters are put together: %s", e.Wire, a.Wire, len(all), strings.Join(all, ", "))
	}
	var all [][]source
	for _, o := range operations {
		for _, text := range []string{o.Summary, o.Description} {
			if text != "" && !slices.Contains(a.Docs, text) {
				a.Docs = append(a.Docs, text)
			}
		}
		params := b.sources(o)
		all = append(all, params)
		b.checkChange(o)
		if a.AllMethod != nil && !b.pkg.Untyped {
			rule := b.pageRule(o, params)
			b.checkPages(o, rule)
			b.checkRecords(o)
			a.Paging = append(a.Paging, rule)
		}
	}
	// The rule that asks for most comes first, since those that ask for less fit too.
	slices.SortStableFunc(a.Paging, func(x, y PageRule) int { return len(y.When) - len(x.When) })
	b.params(e, a, all, slices.ContainsFunc(operations, b.open))
	b.result(e, a, operations)
}

// sources lists the parameters of an operation. A name that stands for several things
// in it is one parameter.
func (b *builder) sources(o document.Operation) []source {
	var all []source
	add := func(s source) {
		if i := slices.IndexFunc(all, func(old source) bool { return old.name == s.name }); i >= 0 {
			all[i].declared = all[i].declared || s.declared
			return
		}
		all = append(all, s)
	}
	for _, p := range o.Params {
		s := source{name: p.Name, in: p.In, doc: p.Description, schema: p.Schema, declared: p.Required, injected: p.Injected}
		if s.doc == "" {
			s.doc = b.view(p.Schema).Description
		}
		add(s)
	}
	for _, p := range b.body(o) {
		if v := b.view(p.Schema); !v.ReadOnly {
			add(source{name: p.Name, in: "body", doc: v.Description, schema: p.Schema, declared: p.Required})
		}
	}
	return all
}

// body returns the properties of a body. Of a body that is one of several objects,
// they are the properties of all, and those that all require are required.
func (b *builder) body(o document.Operation) []document.Property {
	if o.Body == nil {
		return nil
	}
	v := b.view(o.Body)
	if v.Union == nil {
		if len(v.Properties) == 0 && v.Kind() != document.Map && v.Unknown() != document.FreeForm {
			b.pkg.note(document.Detail, "bodies", "%s.%s: the body is no object with properties: set it through Extra", o.Entity, o.Action)
		}
		return v.Properties
	}
	all := slices.Clone(v.Properties)
	count := map[string]int{}
	for _, choice := range v.Union {
		for _, p := range b.view(choice).Properties {
			if p.Required {
				count[p.Name]++
			}
			if !slices.ContainsFunc(all, func(q document.Property) bool { return q.Name == p.Name }) {
				all = append(all, p)
			}
		}
	}
	for i, p := range all {
		if !slices.ContainsFunc(v.Properties, func(q document.Property) bool { return q.Name == p.Name }) {
			all[i].Required = count[p.Name] == len(v.Union)
		}
	}
	return all
}

// checkChange notes what a change must give though it may not change.
func (b *builder) checkChange(o document.Operation) {
	if o.Method != "patch" {
		return
	}
	var names []string
	for _, p := range b.body(o) {
		inPath := slices.ContainsFunc(o.Params, func(q document.Param) bool { return q.Name == p.Name })
		if v := b.view(p.Schema); p.Required && !v.ReadOnly && !v.HasDefault && !inPath {
			names = append(names, p.Name)
		}
	}
	if names != nil {
		b.pkg.note(document.Detail, "changes", "%s.%s: every change must give %s: a schema of its own for the body, without required, leaves them out", o.Entity, o.Action, strings.Join(names, ", "))
	}
}

// open reports whether an operation may take parameters that are not listed.
func (b *builder) open(o document.Operation) bool {
	return o.Open || o.Body != nil && len(b.body(o)) == 0
}

// params declares the parameters of an action, if there are any, or if there may be some
// that are not listed.
func (b *builder) params(e *Entity, a *Action, operations [][]source, open bool) {
	name := e.Base.Got + a.Method.Got
	d := &Decl{Top: true, Input: true, Owner: e, Name: names.Claim{Want: name + "Params", Key: e.Wire + "." + a.Wire, Rank: rankParams}}
	var order []string
	byName := map[string][]source{}
	for _, params := range operations {
		for _, s := range params {
			if byName[s.name] == nil {
				order = append(order, s.name)
			}
			byName[s.name] = append(byName[s.name], s)
		}
	}
	for _, wire := range order {
		some := byName[wire]
		s := some[0]
		required := len(some) == len(operations) && !slices.ContainsFunc(some, func(s source) bool { return !b.required(s) })
		b.place(s.schema, place{name + names.Part(wire), e.Wire + "." + a.Wire + "." + wire, rankInline, e})
		f := &Field{Wire: wire, Doc: s.doc, Optional: !required, Name: names.Claim{Want: names.Exported(wire), Key: wire}}
		switch {
		case slices.ContainsFunc(some, func(o source) bool { return !b.same(s.schema, o.schema) }):
			f.Type = &Type{Kind: Any}
			b.pkg.note(document.Detail, "any", "%s.%s: the parameter %q has several types and is any", e.Wire, a.Wire, wire)
		case a.Read:
			f.Type = b.asked(s.schema, required)
		case s.in == "body":
			f.Type = b.written(s.schema, required)
		default:
			f.Type = b.written(s.schema, required)
			if f.Type.Nullable {
				f.Type.Nullable = false
				f.Type.Pointer = !required && f.Type.Kind != Any && f.Type.Kind != Slice && f.Type.Kind != Map
			}
		}
		f.Default = b.view(s.schema).Default
		d.add(f)
	}
	if len(order) == 0 && !open {
		return
	}
	d.settle()
	b.decls = append(b.decls, d)
	a.Params = d
}

// same reports whether two schemas are of the same type as far as parameters go.
func (b *builder) same(s, t *document.Schema) bool {
	if s == t {
		return true
	}
	v, w := b.view(s), b.view(t)
	if v.Of == w.Of {
		return true
	}
	if v.Kind() != w.Kind() || v.Nullable != w.Nullable || !slices.Equal(v.Values(), w.Values()) {
		return false
	}
	leave, ok := b.enter(v)
	if !ok {
		return false
	}
	defer leave()
	switch v.Kind() {
	case document.Object:
		return false
	case document.Array, document.Map:
		x, y := elements(v), elements(w)
		return x == y || x != nil && y != nil && b.same(x, y)
	}
	return true
}

// result finds what an action returns.
func (b *builder) result(e *Entity, a *Action, operations []document.Operation) {
	if a.Wire == "download" {
		a.Result = Result{Form: File}
		return
	}
	var of *document.Schema
	var many, differ bool
	for i, o := range operations {
		s, list, why := b.extract(o.Response, o.Extractor)
		if why != "" {
			b.pkg.note(document.Doubt, "extractors", "%s.%s: the type of its records is not known: %s", e.Wire, a.Wire, why)
		}
		if v := b.view(s); !list && v.Kind() == document.Array {
			s, list = v.Items, true
		}
		if i == 0 {
			of, many = s, list
		} else if list != many || !b.same(of, s) {
			differ = true
		}
	}
	if differ {
		b.pkg.note(document.Detail, "json.RawMessage", "%s.%s: its operations return different types, so its result is json.RawMessage", e.Wire, a.Wire)
		of = nil
	}
	t := &Type{Kind: Raw, Why: "its operations return different types"}
	if !differ {
		suffix, isRead := "Result", a.Read
		if isRead {
			suffix = "Record"
		}
		b.place(of, place{want: e.Base.Got + a.Method.Got + suffix, key: e.Wire + "." + a.Wire + " " + suffix, rank: rankInline})
		t = b.record(of)
		t.Pointer = false
	}
	pages := a.Wire == "list" || a.Wire == "api_search"
	switch {
	case pages:
		a.Result = Result{Form: List, Type: t}
	case slices.Contains([]string{"get", "create", "update"}, a.Wire):
		if many {
			t = &Type{Kind: Slice, Elem: t}
		}
		a.Result = Result{Form: One, Type: t}
	case a.Wire == "delete" && t.Kind == Raw:
		a.Result = Result{Form: None}
	case !slices.Contains(standard, a.Wire) && many && !differ:
		a.Result = Result{Form: List, Type: t}
	case t.Kind == Raw:
		a.Result = Result{Form: Plain}
	case many:
		a.Result = Result{Form: One, Type: &Type{Kind: Slice, Elem: t}}
	default:
		a.Result = Result{Form: One, Type: t}
	}
}
