package client

import (
	"context"
	"encoding"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
)

// A Query is a search of the context store, in which the service keeps copies of
// records. The zero Query finds all records. [Search] runs a query. [Query.Params]
// returns the parameters of the action "context_store_search", which can also be
// written by hand.
type Query struct {
	// Filter selects records; the zero Filter matches all. See [Where].
	Filter Filter

	// Sort is the order of the records, the most significant key first.
	Sort []SortKey

	// Semantic searches by meaning and finds values of type [Hit]. It cannot be
	// combined with Filter and Sort.
	Semantic *Semantic

	PageSize int      // the number of records on a page, not in total; 0 means the service's default
	Cursor   string   // the cursor of the page to begin with, from Page.Cursor; "" means the first page
	Fields   []string // the fields to return, as dotted paths; nil means all
}

// Semantic is a search by meaning in the fields that have a semantic index, which
// [Connector.Inspect] lists. The best matches come first. The service calls this
// feature alpha: its form may change.
type Semantic struct {
	Prompt string // what to find, in plain words
	Field  string // the field to search in; "" if only one has an index
	Filter Filter // selects records; the zero Filter matches all

	// ContextSize is the length in characters of the passage in a hit; 0 means as
	// much as the index keeps.
	ContextSize int

	// AllPassages finds every matching passage of a record, not only the best one.
	AllPassages bool
}

// A Hit is a result of a search by meaning: a record, and the passage in it that
// matches the prompt.
//
//	client.Search[client.Hit[Call]](ctx, gong, "call_transcripts", client.Query{Semantic: &client.Semantic{Prompt: "worried about the price"}})
type Hit[T any] struct {
	Entity   T          `json:"entity"`
	Metadata HitDetails `json:"metadata"`
}

func (Hit[T]) hit() {}

// HitDetails describes the match of a [Hit].
type HitDetails struct {
	Score   float64        // how well it matches, up to 1
	Context string         // the passage that matches
	More    map[string]any // what the connector adds, such as the speaker
}

// UnmarshalJSON implements json.Unmarshaler.
func (h *HitDetails) UnmarshalJSON(b []byte) error {
	*h = HitDetails{}
	if err := json.Unmarshal(b, &h.More); err != nil {
		return err
	}
	h.Score, _ = h.More["score"].(float64)
	h.Context, _ = h.More["context"].(string)
	delete(h.More, "score")
	delete(h.More, "context")
	return nil
}

// MarshalJSON implements json.Marshaler. It writes what UnmarshalJSON reads.
func (h HitDetails) MarshalJSON() ([]byte, error) {
	all := maps.Clone(h.More)
	if all == nil {
		all = map[string]any{}
	}
	all["score"], all["context"] = h.Score, h.Context
	return json.Marshal(all)
}

// A SortKey orders records by a field. [Ascending] and [Descending] return one.
type SortKey struct{ field, order string }

// Ascending orders by a field, the smallest first.
func Ascending(field string) SortKey { return SortKey{field, "asc"} }

// Descending orders by a field, the largest first.
func Descending(field string) SortKey { return SortKey{field, "desc"} }

// A Filter is a condition on records. [Where], [And], [Or], [Not] and [RawFilter]
// create one. A mistake in a filter is reported as an error of the query that uses
// it.
type Filter struct {
	cond map[string]any // nil matches all records
	err  error
}

// A Field is the beginning of a filter: the field that it is about. Each of its methods completes the
// filter.
type Field struct{ field string }

// Where begins a filter on a field, which may be a dotted path:
//
//	client.Where("state").Eq("open")
//
// Values are strings, numbers, bools and times. Times are sent in UTC, in the format
// of RFC 3339.
func Where(field string) Field { return Field{strings.TrimSpace(field)} }

// Eq matches records whose field equals v. With nil, it matches records without the
// field.
func (f Field) Eq(v any) Filter { return f.compare("eq", v, true) }

// Neq matches records whose field does not equal v.
func (f Field) Neq(v any) Filter { return f.compare("neq", v, true) }

// Gt matches records whose field is greater than v.
func (f Field) Gt(v any) Filter { return f.compare("gt", v, false) }

// Gte matches records whose field is greater than or equal to v.
func (f Field) Gte(v any) Filter { return f.compare("gte", v, false) }

// Lt matches records whose field is less than v.
func (f Field) Lt(v any) Filter { return f.compare("lt", v, false) }

// Lte matches records whose field is less than or equal to v.
func (f Field) Lte(v any) Filter { return f.compare("lte", v, false) }

// In matches records whose field equals one of the values.
func (f Field) In(values ...any) Filter { return f.several("in", values) }

// Any matches records whose field, a list, contains at least one of the values.
func (f Field) Any(values ...any) Filter { return f.several("any", values) }

// Contains matches records whose field, a list, contains v.
func (f Field) Contains(v any) Filter { return f.compare("contains", v, false) }

// Like matches records whose field matches a pattern, in which % stands for any text.
func (f Field) Like(pattern string) Filter { return f.compare("like", pattern, false) }

// Fuzzy matches records whose field is similar to text.
func (f Field) Fuzzy(text string) Filter { return f.compare("fuzzy", text, false) }

// Keyword matches records whose field contains the word.
func (f Field) Keyword(word string) Filter { return f.compare("keyword", word, false) }

func (f Field) compare(op string, v any, null bool) Filter {
	if f.field == "" {
		return broken("%s: the field has no name", op)
	}
	plain, ok := scalar(v)
	if !ok || plain == nil && !null {
		return broken("%s of %s takes a string, a finite number, a bool or a time, not a %T", op, f.field, v)
	}
	return Filter{cond: map[string]any{op: map[string]any{f.field: plain}}}
}

func (f Field) several(op string, values []any) Filter {
	if f.field == "" {
		return broken("%s: the field has no name", op)
	}
	if len(values) == 0 {
		return broken("%s of %s: there are no values", op, f.field)
	}
	list := make([]any, len(values))
	for i, v := range values {
		plain, ok := scalar(v)
		if !ok || plain == nil {
			return broken("%s of %s takes a string, a finite number, a bool or a time, not a %T", op, f.field, v)
		}
		list[i] = plain
	}
	return Filter{cond: map[string]any{op: map[string]any{f.field: list}}}
}

// RawFilter returns a filter that is sent as it is: an object with one operator, such
// as {"eq": {"state": "open"}}. It is for filters that a program receives as JSON. A
// condition without an operator matches all records.
func RawFilter(condition map[string]any) Filter {
	switch {
	case len(condition) == 0:
		return Filter{}
	case len(condition) > 1:
		return broken("raw filter: a condition has exactly one operator, not %d", len(condition))
	}
	return Filter{cond: condition}
}

// And matches records that match all filters.
func And(filters ...Filter) Filter { return joined("and", filters) }

// Or matches records that match at least one filter.
func Or(filters ...Filter) Filter { return joined("or", filters) }

// Not matches records that do not match f.
func Not(f Filter) Filter {
	switch {
	case f.err != nil:
		return f
	case f.cond == nil:
		return broken("not: the filter matches all records")
	}
	return Filter{cond: map[string]any{"not": f.cond}}
}

func joined(op string, filters []Filter) Filter {
	var list []any
	for _, f := range filters {
		switch {
		case f.err != nil:
			return f
		case f.cond != nil:
			list = append(list, f.cond)
		case op == "or":
			return Filter{} // it matches all records, so the whole does
		}
	}
	switch len(list) {
	case 0:
		return Filter{}
	case 1:
		return Filter{cond: list[0].(map[string]any)}
	}
	return Filter{cond: map[string]any{op: list}}
}

func broken(format string, args ...any) Filter { return Filter{err: fmt.Errorf(format, args...)} }

// scalar converts v to a value that a field can be compared with.
func scalar(v any) (any, bool) {
	switch v := v.(type) {
	case nil, string, bool, json.Number:
		return v, true
	case auth.Secret:
		return nil, false // it would be revealed
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), true // some stores compare texts
	case Time:
		if v.text != "" {
			return v.text, true
		}
		return scalar(v.Time)
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.String:
		return r.String(), true
	case reflect.Bool:
		return r.Bool(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int(), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return r.Uint(), true
	case reflect.Float32, reflect.Float64:
		return r.Float(), !math.IsNaN(r.Float()) && !math.IsInf(r.Float(), 0)
	}
	return nil, false
}

// Params returns the parameters of the action "context_store_search" for q. If q is
// not valid, the error matches [ErrInvalid].
func (q Query) Params() (Params, error) {
	const op = "search"
	p, query := Params{}, map[string]any{}
	if q.Filter.err != nil {
		return nil, invalid(op, "%v", q.Filter.err)
	}
	if q.Filter.cond != nil {
		query["filter"] = q.Filter.cond
	}
	if len(q.Sort) > 0 {
		keys := make([]any, len(q.Sort))
		for i, k := range q.Sort {
			if strings.TrimSpace(k.field) == "" {
				return nil, invalid(op, "Sort[%d] has no field", i)
			}
			keys[i] = map[string]any{k.field: k.order}
		}
		query["sort"] = keys
	}
	switch {
	case q.Semantic != nil && len(query) > 0:
		return nil, invalid(op, "Semantic takes the place of Filter and Sort; it has a Filter of its own")
	case q.Semantic != nil:
		semantic, err := q.Semantic.params(op)
		if err != nil {
			return nil, err
		}
		p["semantic"] = semantic
	default:
		p["query"] = query
	}
	switch {
	case q.PageSize < 0:
		return nil, invalid(op, "PageSize is negative")
	case q.PageSize > 0:
		p["limit"] = q.PageSize
	}
	if q.Cursor != "" {
		p["cursor"] = q.Cursor
	}
	if len(q.Fields) > 0 {
		p["fields"] = q.Fields
	}
	return p, nil
}

func (s *Semantic) params(op string) (map[string]any, error) {
	p := map[string]any{"prompt": strings.TrimSpace(s.Prompt)}
	switch {
	case p["prompt"] == "":
		return nil, invalid(op, "Semantic has no Prompt")
	case s.ContextSize < 0:
		return nil, invalid(op, "ContextSize is negative")
	case s.Filter.err != nil:
		return nil, invalid(op, "%v", s.Filter.err)
	}
	if s.Field != "" {
		p["field"] = s.Field
	}
	if s.Filter.cond != nil {
		p["filter"] = s.Filter.cond
	}
	if s.ContextSize > 0 {
		p["context_size"] = s.ContextSize
	}
	if s.AllPassages {
		p["dedup"] = "none"
	}
	return p, nil
}

// fits returns an error for a type of result that would silently stay empty: only
// searches by meaning find hits, and they find nothing else.
func (q Query) fits(t reflect.Type) error {
	const op = "search"
	_, isHit := reflect.Zero(t).Interface().(interface{ hit() })
	switch {
	case q.Semantic == nil && isHit:
		return invalid(op, "only a query with Semantic finds hits; search for the record's own type")
	case q.Semantic != nil && !hasEntity(t):
		return invalid(op, "a query with Semantic finds hits, and %v has no place for one; search for client.Hit[%[1]v]", t)
	}
	return nil
}

// hasEntity reports whether a t can hold the member "entity" of a hit.
func hasEntity(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || reads(t) {
		return true
	}
	return slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name == "entity" || reads(f.Type) && f.Anonymous
	})
}

// reads reports whether a t has a method that decodes it.
func reads(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[jsonv2.UnmarshalerFrom]()) ||
		p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// Search iterates over the records of an entity that a query finds in the context
// store, on all pages, as [All] does. [Connector.Inspect] lists the entities that can
// be searched. With Query.Semantic, T is a [Hit].
func Search[T any](ctx context.Context, c *Connector, entity string, q Query, opts ...ExecuteOption) iter.Seq2[T, error] {
	params, err := q.Params()
	if err == nil {
		err = q.fits(reflect.TypeFor[T]())
	}
	if err != nil {
		return func(yield func(T, error) bool) {
			var zero T
			yield(zero, err)
		}
	}
	return All[T](ctx, c, entity, actionSearch, params, opts...)
}
