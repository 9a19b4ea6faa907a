package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math"
	"reflect"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/auth"
	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
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

	PageSize int      // the number of records on a page, not in total; 0 means the service's default, 1000
	Cursor   string   // the cursor of the page to begin with, from Page.Cursor; "" means the first page
	Fields   []string // the fields to return, as dotted paths; nil means all
}

// Semantic is a search by meaning in the fields that have a semantic index, which
// [Connector.Inspect] lists. The best matches come first. [SearchByMeaning] runs it.
// The service calls this feature alpha: its form may change.
type Semantic struct {
	Prompt string // what to find, in plain words
	Field  string // the field to search in; "" if only one has an index
	Filter Filter // selects records; the zero Filter matches all

	// ContextSize is the length in characters of the passage in a hit; 0 means as
	// much as the index keeps.
	ContextSize int

	// MinSimilarity is the lowest score of a hit, from -1 to 1; -1 finds all. Nil means
	// the service's default, 0.25.
	MinSimilarity *float64

	// AllPassages finds every matching passage of a record, not only the best one.
	AllPassages bool

	PageSize int      // the number of hits on a page, not in total, at most 100; 0 means the service's default, 10
	Cursor   string   // the cursor of the page to begin with, from Page.Cursor; "" means the first page
	Fields   []string // the fields of the record to return, as dotted paths; nil means all
}

// maxHits is the largest page of a search by meaning.
const maxHits = 100

// A Hit is a result of a search by meaning: a record, and the passage in it that
// matches the prompt.
type Hit[T any] struct {
	Record T     `json:"entity"`
	Match  Match `json:"metadata"`
}

// A Match says how the record of a [Hit] matches the prompt.
type Match struct {
	Score   float64        // how well it matches, up to 1
	Context string         // the passage that matches
	More    map[string]any // what the connector adds, such as the speaker
}

// UnmarshalJSON implements json.Unmarshaler.
func (m *Match) UnmarshalJSON(b []byte) error {
	var all map[string]any
	if err := json.Unmarshal(b, &all); err != nil {
		*m = Match{}
		return err
	}
	m.setAll(all)
	return nil
}

// unmarshalMatch decodes a Match as UnmarshalJSON does, but with the options of the
// decoder, which may be those of WithUseNumber.
func unmarshalMatch(dec *jsontext.Decoder, m *Match) error {
	var all map[string]any
	err := jsonv2.UnmarshalDecode(dec, &all)
	m.setAll(all)
	return err
}

// setAll takes all members of a match, and keeps the map.
func (m *Match) setAll(all map[string]any) {
	*m = Match{More: all}
	switch score := all["score"].(type) {
	case float64:
		m.Score = score
	case json.Number:
		m.Score, _ = score.Float64()
	}
	m.Context, _ = all["context"].(string)
	delete(all, "score")
	delete(all, "context")
}

// MarshalJSON implements json.Marshaler. It writes what UnmarshalJSON reads.
func (m Match) MarshalJSON() ([]byte, error) {
	all := maps.Clone(m.More)
	if all == nil {
		all = map[string]any{}
	}
	all["score"], all["context"] = m.Score, m.Context
	return jsonv1.Marshal(all)
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

// A Field is the beginning of a filter: the field that it is about. Each of its methods
// completes the filter.
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

// Contains matches records whose field, a text, contains part. Case does not matter.
// For lists, there is [Field.ArrayContains].
func (f Field) Contains(part string) Filter { return f.compare("contains", part, false) }

// StartsWith matches records whose field, a text, begins with prefix. The service does
// not say whether case matters.
func (f Field) StartsWith(prefix string) Filter { return f.compare("startswith", prefix, false) }

// EndsWith matches records whose field, a text, ends with suffix. The service does not
// say whether case matters.
func (f Field) EndsWith(suffix string) Filter { return f.compare("endswith", suffix, false) }

// ArrayContains matches records whose field, a list, contains v.
func (f Field) ArrayContains(v any) Filter { return f.compare("array_contains", v, false) }

// Fuzzy matches records whose field is similar to text.
func (f Field) Fuzzy(text string) Filter { return f.compare("fuzzy", text, false) }

// Keyword matches records whose field contains the word.
func (f Field) Keyword(word string) Filter { return f.compare("keyword", word, false) }

func (f Field) compare(op string, v any, null bool) Filter {
	if f.field == "" {
		return wrongFilter("%s: the field has no name", op)
	}
	plain, ok := scalar(v)
	if !ok || plain == nil && !null {
		return wrongFilter("%s of %s takes a string, a finite number, a bool or a time, not a %T", op, f.field, v)
	}
	return Filter{cond: map[string]any{op: map[string]any{f.field: plain}}}
}

func (f Field) several(op string, values []any) Filter {
	if f.field == "" {
		return wrongFilter("%s: the field has no name", op)
	}
	if len(values) == 0 {
		return wrongFilter("%s of %s: there are no values", op, f.field)
	}
	list := make([]any, len(values))
	for i, v := range values {
		plain, ok := scalar(v)
		if !ok || plain == nil {
			return wrongFilter("%s of %s takes a string, a finite number, a bool or a time, not a %T", op, f.field, v)
		}
		list[i] = plain
	}
	return Filter{cond: map[string]any{op: map[string]any{f.field: list}}}
}

// RawFilter returns a filter that is sent as it is: an object with one operator, such
// as {"eq": {"state": "open"}}. It is for filters that a program receives as JSON. A
// condition without an operator matches all records. RawFilter makes a copy of it.
func RawFilter(condition map[string]any) Filter {
	switch {
	case len(condition) == 0:
		return Filter{}
	case len(condition) > 1:
		return wrongFilter("raw filter: a condition has exactly one operator, not %d", len(condition))
	}
	return Filter{cond: cloneParams(condition)}
}

// And matches records that match all filters, and so every record if there are none.
func And(filters ...Filter) Filter { return joined("and", filters) }

// Or matches records that match at least one filter. An Or of no filters would match no
// record; it is an error of the search, as a list of values without any is.
func Or(filters ...Filter) Filter {
	if len(filters) == 0 {
		return wrongFilter("or: there are no filters, so no record would match")
	}
	return joined("or", filters)
}

// Not matches records that do not match f.
func Not(f Filter) Filter {
	switch {
	case f.err != nil:
		return f
	case f.cond == nil:
		return wrongFilter("not: the filter matches all records")
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

func wrongFilter(format string, args ...any) Filter { return Filter{err: fmt.Errorf(format, args...)} }

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
	query := map[string]any{}
	if err := q.Filter.into(op, query); err != nil {
		return nil, err
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
	return searchParams(op, Params{"query": query}, q.PageSize, q.Cursor, q.Fields)
}

// Params returns the parameters of the action "context_store_search" for s, whose
// records are hits: decode them into a [Hit]. If s is not valid, the error matches
// [ErrInvalid].
func (s Semantic) Params() (Params, error) {
	const op = "search by meaning"
	semantic := map[string]any{"prompt": strings.TrimSpace(s.Prompt)}
	switch {
	case semantic["prompt"] == "":
		return nil, invalid(op, "Semantic has no Prompt")
	case s.ContextSize < 0:
		return nil, invalid(op, "ContextSize is negative")
	case s.MinSimilarity != nil && !(*s.MinSimilarity >= -1 && *s.MinSimilarity <= 1): // NaN is neither
		return nil, invalid(op, "MinSimilarity is not between -1 and 1")
	case s.PageSize > maxHits:
		return nil, invalid(op, "PageSize %d is more than %d, the most of a search by meaning", s.PageSize, maxHits)
	}
	if err := s.Filter.into(op, semantic); err != nil {
		return nil, err
	}
	if s.Field != "" {
		semantic["field"] = s.Field
	}
	if s.ContextSize > 0 {
		semantic["context_size"] = s.ContextSize
	}
	if s.MinSimilarity != nil {
		semantic["min_similarity"] = *s.MinSimilarity
	}
	if s.AllPassages {
		semantic["dedup"] = "none"
	}
	return searchParams(op, Params{"semantic": semantic}, s.PageSize, s.Cursor, s.Fields)
}

// into adds the filter to a query, unless the filter matches all records.
func (f Filter) into(op string, query map[string]any) error {
	switch {
	case f.err != nil:
		return invalid(op, "%v", f.err)
	case f.cond != nil:
		query["filter"] = f.cond
	}
	return nil
}

// searchParams adds to p what both kinds of searches have.
func searchParams(op string, p Params, size int, cursor string, fields []string) (Params, error) {
	switch {
	case size < 0:
		return nil, invalid(op, "PageSize is negative")
	case size > 0:
		p["limit"] = size
	}
	if cursor != "" {
		p["cursor"] = cursor
	}
	if len(fields) > 0 {
		p["fields"] = fields
	}
	return p, nil
}

// Search iterates over the records of an entity that a query finds in the context
// store, on all pages, as [All] does. [Connector.Inspect] lists the entities that can
// be searched.
func Search[T any](ctx context.Context, c *Connector, entity string, q Query, opts ...ExecuteOption) iter.Seq2[T, error] {
	return iterate[T](q.hits(ctx, c, entity, opts))
}

// SearchByMeaning iterates over the passages that match a prompt, and their records,
// the best match first, on all pages, as [All] does. [Connector.Inspect] lists the
// fields that can be searched by meaning.
func SearchByMeaning[T any](ctx context.Context, c *Connector, entity string, s Semantic, opts ...ExecuteOption) iter.Seq2[Hit[T], error] {
	return iterate[Hit[T]](s.hits(ctx, c, entity, opts))
}

// hits returns the feed of a search.
//
//go:noinline
func (q Query) hits(ctx context.Context, c *Connector, entity string, opts []ExecuteOption) feed {
	params, err := q.Params()
	return c.hits(ctx, entity, params, err, opts)
}

// hits returns the feed of a search by meaning.
//
//go:noinline
func (s Semantic) hits(ctx context.Context, c *Connector, entity string, opts []ExecuteOption) feed {
	params, err := s.Params()
	return c.hits(ctx, entity, params, err, opts)
}

// hits returns the feed of a search with parameters, or with an error in their place.
func (c *Connector) hits(ctx context.Context, entity string, params Params, err error, opts []ExecuteOption) feed {
	if err != nil {
		return failing((&execution{entity: entity, action: actionSearch}).about(c).addTo(err))
	}
	return c.allPages(ctx, entity, actionSearch, params, opts)
}
