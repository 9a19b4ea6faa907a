package client

import (
	"context"
	"encoding"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
)

// A Query is a search of the context store, where the service keeps copies of
// records to search in. The zero Query finds everything. [Search] runs it;
// Params makes the parameters of the action context_store_search, for which a
// map of the caller's will do as well.
type Query struct {
	// Filter tells which records; the zero Filter lets all pass. See [Where].
	Filter Filter

	// Sort gives the order, the first key counting most.
	Sort []SortKey

	// Semantic searches by meaning. It takes the place of Filter and Sort, and
	// what it finds are [Hit]s.
	Semantic *Semantic

	PageSize int      // how many records a page has, not how many there are in all; 0 for the service's default
	Cursor   string   // where to begin, as Page.Cursor has it; "" for the first page
	Fields   []string // the fields to return, as paths with dots; nil for all
}

// Semantic is a search by meaning, in the texts that the service has an index
// for: [Connector.Inspect] tells which. What is like the prompt most comes
// first. The service calls this alpha: its form may change.
type Semantic struct {
	Prompt string // what is looked for, in plain words
	Field  string // the text to search in; "" where only one has an index
	Filter Filter // which records; the zero Filter lets all pass

	// ContextSize is how many characters of text a hit has, at most as many as
	// the index keeps; 0 for all of these.
	ContextSize int

	// AllPassages yields each passage of a record that fits, rather than the
	// best one alone.
	AllPassages bool
}

// A Hit is what a search by meaning finds: a record, and the passage in it that
// is like the prompt.
//
//	client.Search[client.Hit[Call]](ctx, gong, "call_transcripts", client.Query{Semantic: &client.Semantic{Prompt: "worried about the price"}})
type Hit[T any] struct {
	Entity   T          `json:"entity"`
	Metadata HitDetails `json:"metadata"`
}

func (Hit[T]) hit() {}

// HitDetails tells how a [Hit] fits. Connectors add to it: More has the rest.
type HitDetails struct {
	Score   float64        // how like the prompt it is; more is better, 1 the most
	Context string         // the passage
	More    map[string]any // such as who said it
}

// UnmarshalJSON implements [json.Unmarshaler].
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

// A SortKey orders records by a field. [Ascending] and [Descending] make one.
type SortKey struct{ field, order string }

// Ascending orders by a field, the smallest first.
func Ascending(field string) SortKey { return SortKey{field, "asc"} }

// Descending orders by a field, the largest first.
func Descending(field string) SortKey { return SortKey{field, "desc"} }

// A Filter is a condition on records. [Where], [And], [Or] and [Not] make
// filters; what is wrong with one is told when the query is used.
type Filter struct {
	cond map[string]any // nil lets all pass
	err  error
}

// A Condition waits for what a field is to be compared with.
type Condition struct{ field string }

// Where begins a condition on a field, which may be a path with dots:
//
//	client.Where("state").Eq("open")
//
// Values are strings, numbers, bools and times. A time is sent in UTC, in the
// form of RFC 3339.
func Where(field string) Condition { return Condition{strings.TrimSpace(field)} }

// Eq is the field being equal to v; nil finds records without it.
func (c Condition) Eq(v any) Filter { return c.compare("eq", v, true) }

// Neq is the field being other than v.
func (c Condition) Neq(v any) Filter { return c.compare("neq", v, true) }

// Gt is the field being greater than v.
func (c Condition) Gt(v any) Filter { return c.compare("gt", v, false) }

// Gte is the field being v or greater.
func (c Condition) Gte(v any) Filter { return c.compare("gte", v, false) }

// Lt is the field being less than v.
func (c Condition) Lt(v any) Filter { return c.compare("lt", v, false) }

// Lte is the field being v or less.
func (c Condition) Lte(v any) Filter { return c.compare("lte", v, false) }

// In is the field being one of several values.
func (c Condition) In(values ...any) Filter { return c.several("in", values) }

// Any is one of several values being among those of the field, a list.
func (c Condition) Any(values ...any) Filter { return c.several("any", values) }

// Contains is v being among the values of the field, a list.
func (c Condition) Contains(v any) Filter { return c.compare("contains", v, false) }

// Like is the field fitting a pattern, in which % stands for any text.
func (c Condition) Like(pattern string) Filter { return c.compare("like", pattern, false) }

// Fuzzy is the field being similar to a text.
func (c Condition) Fuzzy(text string) Filter { return c.compare("fuzzy", text, false) }

// Keyword is the field having a word in it.
func (c Condition) Keyword(word string) Filter { return c.compare("keyword", word, false) }

func (c Condition) compare(op string, v any, null bool) Filter {
	if c.field == "" {
		return broken("%s: the field has no name", op)
	}
	plain, ok := scalar(v)
	if !ok || plain == nil && !null {
		return broken("%s of %s: a %T cannot be compared with", op, c.field, v)
	}
	return Filter{cond: map[string]any{op: map[string]any{c.field: plain}}}
}

func (c Condition) several(op string, values []any) Filter {
	if c.field == "" {
		return broken("%s: the field has no name", op)
	}
	if len(values) == 0 {
		return broken("%s of %s: there are no values", op, c.field)
	}
	list := make([]any, len(values))
	for i, v := range values {
		plain, ok := scalar(v)
		if !ok || plain == nil {
			return broken("%s of %s: a %T cannot be compared with", op, c.field, v)
		}
		list[i] = plain
	}
	return Filter{cond: map[string]any{op: map[string]any{c.field: list}}}
}

// RawFilter returns a filter that is sent as it is: an object with one operator,
// such as {"eq": {"state": "open"}}, as [Query.Params] writes it. It is for
// filters that come as JSON. A nil condition matches every record.
func RawFilter(condition map[string]any) Filter {
	switch {
	case condition == nil:
		return Filter{}
	case len(condition) != 1:
		return broken("raw filter: a condition has exactly one operator, not %d", len(condition))
	}
	return Filter{cond: condition}
}

// And is all of the filters.
func And(filters ...Filter) Filter { return joined("and", filters) }

// Or is one of the filters at least.
func Or(filters ...Filter) Filter { return joined("or", filters) }

// Not is the opposite of a filter.
func Not(f Filter) Filter {
	switch {
	case f.err != nil:
		return f
	case f.cond == nil:
		return broken("not: the filter lets all pass")
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
			return Filter{} // all pass one of them
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

// scalar is v as JSON has it, if it is a value that fields can have.
func scalar(v any) (any, bool) {
	switch v := v.(type) {
	case nil, string, bool, json.Number:
		return v, true
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano), true // some stores compare texts
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

// Params are the parameters of context_store_search that the query stands for.
// A query that makes no sense is [ErrInvalid].
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

// fits refuses a type that would silently stay empty: searches by meaning
// answer with hits, and no others do.
func (q Query) fits(t reflect.Type) error {
	const op = "search"
	_, isHit := reflect.Zero(t).Interface().(interface{ hit() })
	switch {
	case q.Semantic == nil && isHit:
		return invalid(op, "only a query with Semantic finds hits; search for the record's own type")
	case q.Semantic != nil && !isHit && !hasEntity(t):
		return invalid(op, "a query with Semantic finds hits, and %v has no place for one; search for client.Hit[%[1]v]", t)
	}
	return nil
}

// hasEntity reports whether the JSON member entity of a hit has a place in a t.
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

// reads reports whether a t decodes JSON in a way of its own.
func reads(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[jsonv2.UnmarshalerFrom]()) ||
		p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// Search yields the records of the context store that a query finds, page after
// page, as [All] does. Which entities can be searched, [Connector.Inspect]
// tells.
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
