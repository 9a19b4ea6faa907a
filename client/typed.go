package client

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
	"github.com/airbyte-agents/airbyte-agents-go/internal/paging"
)

// An Action describes an action on an entity to the functions that the command
// agents-gen generates calls of: [ListOf], [AllOf], [ValueOf], and the methods of Action.
// Code that is written by hand needs none of them.
//
// They take the parameters as a struct, or a pointer to one, whose fields have a json
// tag with the name of a parameter. Fields with the option omitzero are optional: they
// are left out if they are zero. The others are required: the call is refused, and
// nothing is sent, if one of them is an empty text, nil, a zero time or a zero
// [Nullable]. A field Extra of type [Params] adds parameters, also required ones, or
// replaces what the other fields have. nil stands for no parameters.
//
// The records of these functions are decoded more leniently than others: a number or a
// boolean may come as text, and an integer as 3.0.
type Action struct {
	Entity, Name string

	// Paging says how the action turns pages. Of its elements, the first one applies whose
	// When are all among the parameters. Without Paging it is found out as by [All].
	Paging []Paging
}

// Paging says how an action turns pages.
type Paging struct {
	When   []string    // the parameters that must be given for it to apply
	Params []PageParam // none if the action has one page
}

// A PageParam is a parameter of an action that is about pages.
type PageParam struct {
	Name    string
	Role    PageRole
	Integer bool   // it is a number in JSON, not text
	Default string // an integer that the vendor assumes; "" if it is not known
	Fed     bool   // as long as there is another page, the metadata has its value for that
}

// A PageRole is what a parameter does for paging.
type PageRole string

// The roles of parameters.
const (
	PageCursor PageRole = "cursor"  // it takes what the metadata of the page before has
	PageFrom0  PageRole = "count0"  // the number of the page, from 0
	PageFrom1  PageRole = "count1"  // the number of the page, from 1
	PageOffset PageRole = "offset"  // how many records come before the page
	PageLastID PageRole = "last-id" // the ID of the last record of the page before
	PageSize   PageRole = "size"    // how many records a page may have
)

// Run runs the action with the parameters in a struct, as [Connector.Execute] does.
func (a *Action) Run(ctx context.Context, c *Connector, params any, opts ...ExecuteOption) (*Result, error) {
	p, err := a.params(params)
	if err != nil {
		return nil, err
	}
	return c.Execute(ctx, a.Entity, a.Name, p, a.options(p, opts)...)
}

// Download runs the action with the parameters in a struct, as [Connector.Download]
// does.
func (a *Action) Download(ctx context.Context, c *Connector, params any, opts ...ExecuteOption) (*Download, error) {
	p, err := a.params(params)
	if err != nil {
		return nil, err
	}
	return c.Download(ctx, a.Entity, p, opts...)
}

// ListOf runs an action with the parameters in a struct and returns the records of one
// page. If a record does not fit T, the error wraps a [*RecordError]. As with [Execute],
// Result.Data is nil unless [WithRawData] is given; [Result.NextParams] needs no such
// option here.
func ListOf[T any](ctx context.Context, c *Connector, a *Action, params any, opts ...ExecuteOption) ([]T, *Result, error) {
	list, r, err := a.listAs(ctx, c, params, opts, reflect.TypeFor[[]T]())
	return valueAt[[]T](list), r, err
}

// listAs runs the action and decodes the records of a page into a slice of a type. It
// returns a pointer to the slice.
func (a *Action) listAs(ctx context.Context, c *Connector, params any, opts []ExecuteOption, slice reflect.Type) (any, *Result, error) {
	p, err := a.params(params)
	if err != nil {
		return nil, nil, err
	}
	x, list := newExecution(a.Entity, a.Name, p, a.options(p, opts)), reflect.New(slice)
	var rows *pageRows
	var r *Result
	err = c.run(ctx, x, func(resp *http.Response) error {
		buf := responses.Get().(*bytes.Buffer)
		defer giveBack(buf)
		if _, err := buf.ReadFrom(resp.Body); err != nil {
			return err
		}
		body := buf.Bytes()
		var err error
		if rows, r, err = readPage(x, resp, body, list.Elem()); err != nil {
			return err
		}
		r.decoded, r.count, r.beside = true, rows.rows.Len(), rows.beside
		switch data := r.Data; {
		case x.raw:
			r.Data = bytes.Clone(data)
		case byRecords(x.declared):
			r.Data, r.kept = nil, bytes.Clone(data)
		default:
			r.Data = nil
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	r.pages = &turner{c: c, x: x}
	if len(rows.wrong) > 0 {
		return nil, nil, r.about().addTo(&Error{op: "rows", err: rows.wrong[0]})
	}
	return list.Interface(), r, nil
}

// byRecords reports whether the records of a page may be needed: to find the next page, or
// to notice that this one came before.
func byRecords(declared []paging.Param) bool {
	for _, p := range declared {
		if p.Role.Turns() && p.Role != paging.Cursor {
			return true
		}
	}
	return declared == nil
}

// AllOf runs an action with the parameters in a struct and iterates over the records of
// all pages, as [All] does.
func AllOf[T any](ctx context.Context, c *Connector, a *Action, params any, opts ...ExecuteOption) iter.Seq2[T, error] {
	return iterate[T](a.allPages(ctx, c, params, opts))
}

// allPages returns the feed of an iteration over pages.
//
//go:noinline
func (a *Action) allPages(ctx context.Context, c *Connector, params any, opts []ExecuteOption) feed {
	p, err := a.params(params)
	if err != nil {
		return failing((&execution{entity: a.Entity, action: a.Name}).about(c).addTo(err))
	}
	return c.allPages(ctx, a.Entity, a.Name, p, a.options(p, opts))
}

// ValueOf runs an action with the parameters in a struct and decodes its result.
func ValueOf[T any](ctx context.Context, c *Connector, a *Action, params any, opts ...ExecuteOption) (T, error) {
	v, err := a.valueAs(ctx, c, params, opts, reflect.TypeFor[T]())
	return valueAt[T](v), err
}

// valueAs runs the action and decodes its result into a value of type t. It returns a
// pointer to the value.
func (a *Action) valueAs(ctx context.Context, c *Connector, params any, opts []ExecuteOption, t reflect.Type) (any, error) {
	r, err := a.Run(ctx, c, params, opts...)
	if err != nil {
		return nil, err
	}
	v := reflect.New(t).Interface()
	if err := r.Decode(v); err != nil {
		return nil, err
	}
	return v, nil
}

// SearchOf is [Search] for records that are decoded as those of an [Action].
func SearchOf[T any](ctx context.Context, c *Connector, entity string, q Query, opts ...ExecuteOption) iter.Seq2[T, error] {
	return iterate[T](q.looseHits(ctx, c, entity, opts))
}

// looseHits returns the feed of a search of generated code.
//
//go:noinline
func (q Query) looseHits(ctx context.Context, c *Connector, entity string, opts []ExecuteOption) feed {
	return q.hits(ctx, c, entity, loosened(opts))
}

// DecodeRows decodes records that came as JSON, as those of an [Action]. A record that
// does not fit T is yielded as an error that wraps a [*RecordError].
func DecodeRows[T any](records []json.RawMessage) iter.Seq2[T, error] {
	return iterate[T](feedOf(records))
}

// feedOf returns the feed of records that came as JSON.
//
//go:noinline
func feedOf(records []json.RawMessage) feed {
	return func(slice reflect.Type, yield yielder) {
		for i, raw := range records {
			v := reflect.New(slice.Elem())
			if !yield(v.Interface(), decodeRow(raw, v.Elem(), i)) {
				return
			}
		}
	}
}

// decodeRow decodes the record at an index of a list into v, which is zero if the record
// does not fit.
func decodeRow(raw json.RawMessage, v reflect.Value, i int) error {
	to := v.Addr().Interface()
	err := jsonv2.Unmarshal(raw, to, lenient)
	if err == nil {
		return nil
	}
	if loosely(raw, to) == nil {
		return nil
	}
	v.SetZero()
	e := misfit(err, "", false)
	e.Index, e.Raw = i, raw
	return &Error{op: "rows", err: e}
}

// loosened returns the options of a call of generated code.
func loosened(opts []ExecuteOption) []ExecuteOption {
	return append(opts[:len(opts):len(opts)], func(x *execution) { x.again = loosely })
}

// options returns the options of a call of the action with parameters.
func (a *Action) options(p Params, opts []ExecuteOption) []ExecuteOption {
	declared := a.declared(p)
	return append(loosened(opts), func(x *execution) { x.declared = declared })
}

// declared returns what the parameters of the action do for paging, given those of a
// call, and nil if that is not known.
func (a *Action) declared(given Params) []paging.Param {
	i := slices.IndexFunc(a.Paging, func(p Paging) bool {
		return !slices.ContainsFunc(p.When, func(name string) bool { return given[name] == nil })
	})
	if i < 0 {
		return nil
	}
	params := []paging.Param{} // not nil: an action without parameters has one page
	for _, p := range a.Paging[i].Params {
		one := paging.Param{Name: p.Name, Role: paging.Role(p.Role), Integer: p.Integer, Fed: p.Fed}
		if n, err := strconv.ParseInt(p.Default, 10, 64); err == nil {
			one.Default, one.Known = n, true
		}
		params = append(params, one)
	}
	return params
}

// params returns the parameters in a struct.
func (a *Action) params(from any) (Params, error) {
	v := reflect.ValueOf(from)
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() == reflect.Pointer {
		return nil, nil
	}
	op := (&execution{entity: a.Entity, action: a.Name}).op()
	if v.Kind() != reflect.Struct {
		return nil, invalid(op, "the parameters are no struct but a %s", v.Type())
	}
	p, empty := fieldsOf(v)
	if len(empty) == 0 {
		return p, nil
	}
	e := invalid(op, "parameters are empty that are required")
	for _, name := range empty {
		e.Fields = append(e.Fields, FieldError{Field: name, Message: "required"})
	}
	return nil, e
}

// fieldsOf returns the members that a struct has in JSON, with those of its Extra, and
// the names of those that are required and empty, which are not among them.
func fieldsOf(v reflect.Value) (p Params, empty []string) {
	p = Params{}
	t := v.Type()
	var extra Params
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Name == "Extra" && (f.Tag.Get("json") == "-" || options == "embed"):
			extra = keyed(v.Field(i))
			continue
		case !f.IsExported(), f.Tag.Get("json") == "-":
			continue
		case name == "":
			name = f.Name
		}
		leftOut := strings.Contains(options, "omitzero")
		switch field := v.Field(i); {
		case leftOut && omitted(field):
		case !leftOut && notGiven(field):
			empty = append(empty, name)
		default:
			p[name] = field.Interface()
		}
	}
	maps.Copy(p, extra)
	empty = slices.DeleteFunc(empty, func(name string) bool {
		_, given := p[name]
		return given
	})
	return p, empty
}

// keyed returns a map from text to anything as Params.
func keyed(v reflect.Value) Params {
	if v.Kind() != reflect.Map {
		return nil
	}
	if p, ok := v.Interface().(Params); ok {
		return p
	}
	p := Params{}
	for it := v.MapRange(); it.Next(); {
		p[it.Key().String()] = it.Value().Interface()
	}
	return p
}

// omitted reports whether an optional field is not given.
func omitted(v reflect.Value) bool {
	if z, ok := v.Interface().(interface{ IsZero() bool }); ok && v.Kind() == reflect.Struct {
		return z.IsZero()
	}
	return v.IsZero()
}

// notGiven reports whether a required field is not given: numbers and booleans always
// are.
func notGiven(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface:
		return v.IsZero()
	case reflect.Struct:
		z, ok := v.Interface().(interface{ IsZero() bool })
		return ok && z.IsZero()
	}
	return false
}

// MarshalFields encodes a struct with a field Extra, whose members become those of the
// struct. It is for generated types of what is sent. Unlike for the parameters of an
// [Action], nothing is required. A v that is no struct is an error that matches
// [ErrInvalid].
func MarshalFields(v any) ([]byte, error) {
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Struct {
		return nil, invalid("encode fields", "the value is no struct but a %T", v)
	}
	p, empty := fieldsOf(r)
	t := r.Type()
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); slices.Contains(empty, name) {
			p[name] = r.Field(i).Interface()
		}
	}
	return jsonv1.Marshal(p)
}
