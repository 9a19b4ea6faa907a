package agentstest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

const (
	maxHits         = 1000 // on a page; also the default
	defaultPassages = 10
	maxPassages     = 100
)

// A matcher reports whether a record matches a condition.
type matcher func(record any) bool

// search runs context_store_search.
func (x *execution) search() (*envelope, error) {
	if err := x.inContextStore(); err != nil {
		return nil, err
	}
	var hits []*record
	var passages []passage // nil unless the search is semantic
	var err error
	standard, most := maxHits, maxHits
	query, hasQuery := x.params["query"]
	semantic, hasSemantic := x.params["semantic"]
	switch {
	case hasQuery == hasSemantic:
		return nil, invalid(fieldProblem("body.params", "one_of", "Give either query or semantic"))
	case hasQuery:
		hits, err = x.entity.runQuery(query)
	default:
		standard, most = defaultPassages, maxPassages
		passages, err = x.semantic(semantic)
		for _, p := range passages {
			hits = append(hits, p.record)
		}
	}
	if err != nil {
		return nil, err
	}
	limit, err := x.limit(standard, most)
	if err != nil {
		return nil, err
	}
	start := 0
	if v, ok := x.params["cursor"]; ok && v != nil {
		if start, ok = readHitCursor(v); !ok {
			return nil, invalid(fieldProblem("body.params.cursor", "invalid_cursor", "The cursor is not one of this search"))
		}
	}
	start = min(start, len(hits))
	end := min(start+limit, len(hits))
	if fields, err := pathsOf(x.params["fields"]); err != nil {
		return nil, err
	} else if len(fields) > 0 && len(x.body.SelectFields) == 0 {
		x.body.SelectFields = fields
	}
	data, err := x.shape(hits[start:end], true)
	if err == nil && passages != nil {
		data, err = wrap(data, passages[start:end])
	}
	if err != nil {
		return nil, err
	}
	meta := map[string]any{"has_more": end < len(hits), "cursor": nil, "took_ms": 1}
	if end < len(hits) {
		meta["cursor"] = hitCursor(end)
	}
	rawMeta, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	result := slices.Concat([]byte(`{"data":`), data, []byte(`,"meta":`), rawMeta, []byte(`}`))
	v := &envelope{result: result, instance: "source_id:" + x.conn.id}
	if x.conn.stale {
		since := x.conn.createdAt
		v.warning = &server.ContextStoreWarning{
			Code: "context_store_reactivated", Message: staleMessage, StaleSince: &since, ReactivatedAt: new(x.began),
		}
	}
	return x.answer(v), nil
}

// inContextStore returns an error if the context store does not have the entity.
func (x *execution) inContextStore() error {
	switch {
	case !x.entity.inStore(x.selected):
		return invalid(fieldProblem("body.entity", "not_in_context_store", "The connector does not put %q into the context store", x.entity.name))
	case !x.conn.filled(x.began):
		return invalid(fieldProblem("body.entity", "not_ready", "The context store does not have %q yet", x.entity.name))
	}
	return nil
}

// limit returns the parameter limit, or the standard if there is none.
func (x *execution) limit(standard, most int) (int, error) {
	v, given := x.params["limit"]
	if !given {
		return standard, nil
	}
	text, _ := scalar(v)
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, invalid(fieldProblem("body.params.limit", "range", "Input should be an integer from 1 to %d", most))
	}
	return n, nil
}

// hitCursor returns the cursor of the page that begins at an offset.
func hitCursor(offset int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("hits:" + strconv.Itoa(offset)))
}

func readHitCursor(v any) (int, bool) {
	s, _ := v.(string)
	raw, err := base64.RawURLEncoding.DecodeString(s)
	number, found := strings.CutPrefix(string(raw), "hits:")
	if err != nil || !found {
		return 0, false
	}
	n, err := strconv.Atoi(number)
	return n, err == nil && n >= 0
}

// pathsOf reads a list of fields, each a dotted path or a list of its parts.
func pathsOf(v any) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	wrong := invalid(fieldProblem("body.params.fields", "type_error", "Input should be an array of paths"))
	if !ok {
		return nil, wrong
	}
	var fields []string
	for _, path := range list {
		switch path := path.(type) {
		case string:
			fields = append(fields, path)
		case []any:
			var parts []string
			for _, part := range path {
				s, ok := part.(string)
				if !ok {
					return nil, wrong
				}
				parts = append(parts, s)
			}
			fields = append(fields, strings.Join(parts, "."))
		default:
			return nil, wrong
		}
	}
	return fields, nil
}

// runQuery returns the records that match a query, sorted as it says.
func (e *entity) runQuery(v any) ([]*record, error) {
	const at = "body.params.query"
	records := e.stored()
	q, ok := v.(map[string]any)
	if !ok {
		return nil, invalid(fieldProblem(at, "type_error", "Input should be an object"))
	}
	for name := range q {
		if name != "filter" && name != "sort" {
			return nil, invalid(fieldProblem(at+"."+name, "extra_forbidden", "A query has only filter and sort"))
		}
	}
	if filter, given := q["filter"]; given {
		match, wrong := e.condition(at+".filter", filter)
		if wrong != nil {
			return nil, invalid(*wrong)
		}
		var kept []*record
		for _, r := range records {
			if match(r.get()) {
				kept = append(kept, r)
			}
		}
		records = kept
	}
	keys, wrong := sortKeys(at+".sort", q["sort"])
	for i := 0; i < len(keys) && wrong == nil; i++ {
		wrong = e.unknownField(at+".sort", keys[i].field)
	}
	if wrong != nil {
		return nil, invalid(*wrong)
	}
	if len(keys) > 0 {
		records = slices.Clone(records)
		slices.SortStableFunc(records, func(a, b *record) int {
			for _, key := range keys {
				if order := key.compare(a, b); order != 0 {
					return order
				}
			}
			return 0
		})
	}
	return records, nil
}

type sortKey struct {
	field string
	desc  bool
}

// compare orders records. A record without the field comes last, whatever the
// direction.
func (k sortKey) compare(a, b *record) int {
	x, y := a.field(k.field), b.field(k.field)
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	order := sortCompare(x, y)
	if k.desc {
		return -order
	}
	return order
}

func sortKeys(at string, v any) ([]sortKey, *errorItem) {
	wrong := fieldProblem(at, "type_error", `Input should be an array of objects such as {"created_at": "desc"}`)
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, &wrong
	}
	var keys []sortKey
	for _, item := range list {
		one, ok := item.(map[string]any)
		if !ok || len(one) != 1 {
			return nil, &wrong
		}
		for field, direction := range one {
			if direction != "asc" && direction != "desc" {
				return nil, &wrong
			}
			keys = append(keys, sortKey{field, direction == "desc"})
		}
	}
	return keys, nil
}

// condition reads a condition of a filter, an object with one operator.
func (e *entity) condition(at string, v any) (matcher, *errorItem) {
	c, ok := v.(map[string]any)
	if !ok || len(c) != 1 {
		item := fieldProblem(at, "condition", "Input should be an object with exactly one operator; a query without conditions has no filter")
		return nil, &item
	}
	for op, operand := range c {
		at += "." + op
		switch op {
		case "and", "or":
			return e.combined(at, op, operand)
		case "not":
			inner, wrong := e.condition(at, operand)
			if wrong != nil {
				return nil, wrong
			}
			return func(r any) bool { return !inner(r) }, nil
		}
		if operators[op] == nil {
			names := slices.Sorted(maps.Keys(operators))
			closest := closestTo(op, slices.Concat(names, []string{"and", "not", "or"}))
			if now, gone := formerOperators[op]; gone {
				closest = now
			}
			item := fieldProblem(at, "unknown_operator", "Unknown operator %q; closest: %s", op, strings.Join(closest, ", "))
			item.Details = map[string]any{"valid_filters": names, "closest": closest}
			return nil, &item
		}
		return e.fieldTest(at, op, operand)
	}
	panic("unreachable: c has one member")
}

// formerOperators has the operators that take the place of those that there were
// until August 2026.
var formerOperators = map[string][]string{
	"like": {"contains", "startswith", "endswith"},
	"any":  {"array_contains"},
}

// closestTo returns the names that differ from name by the fewest letters.
func closestTo(name string, names []string) (closest []string) {
	fewest := 0
	for _, one := range names {
		d := distance([]rune(strings.ToLower(name)), []rune(strings.ToLower(one)))
		if closest == nil || d < fewest {
			closest, fewest = nil, d
		}
		if d == fewest {
			closest = append(closest, one)
		}
	}
	return closest[:min(len(closest), 3)]
}

// unknownField returns the problem of a field that no record has, or nil.
func (e *entity) unknownField(at, path string) *errorItem {
	known := e.searchFields()
	top, _, _ := strings.Cut(path, ".")
	if len(known) == 0 || known[path] || known[top] {
		return nil
	}
	closest := closestTo(top, slices.Sorted(maps.Keys(known)))
	item := fieldProblem(at+"."+path, "unknown_field", "Unknown field %q; closest: %s", path, strings.Join(closest, ", "))
	item.Details = map[string]any{"closest_fields": closest}
	return &item
}

// searchFields returns the names of the fields that searches know: those that the
// document lists, or else those that the records have.
func (e *entity) searchFields() map[string]bool {
	known := map[string]bool{}
	for _, p := range e.storeFields() {
		known[p.Name] = true
	}
	if len(known) > 0 {
		return known
	}
	for _, r := range e.stored() {
		if object, ok := r.get().(map[string]any); ok {
			for name := range object {
				known[name] = true
			}
		}
	}
	return known
}

func (e *entity) combined(at, op string, operand any) (matcher, *errorItem) {
	list, ok := operand.([]any)
	if !ok || len(list) == 0 {
		item := fieldProblem(at, "type_error", "Input should be an array of conditions")
		return nil, &item
	}
	var all []matcher
	for i, one := range list {
		m, wrong := e.condition(at+"."+strconv.Itoa(i), one)
		if wrong != nil {
			return nil, wrong
		}
		all = append(all, m)
	}
	and := op == "and"
	return func(r any) bool {
		for _, m := range all {
			if m(r) != and {
				return !and
			}
		}
		return and
	}, nil
}

// fieldTest reads the operand of an operator, an object of fields and values. A
// record matches if all fields do.
func (e *entity) fieldTest(at, op string, operand any) (matcher, *errorItem) {
	fields, ok := operand.(map[string]any)
	if !ok || len(fields) == 0 {
		item := fieldProblem(at, "type_error", "Input should be an object of fields and values")
		return nil, &item
	}
	for field, want := range fields {
		_, isList := want.([]any)
		_, isText := want.(string)
		_, isScalar := scalar(want)
		wrong := ""
		switch op {
		case "in":
			if !isList {
				wrong = "Input should be an array"
			}
		case "contains", "startswith", "endswith", "fuzzy", "keyword":
			if !isText {
				wrong = "Input should be a string"
			}
		case "array_contains":
			if !isScalar {
				wrong = "Input should be a string, a number or a boolean"
			}
		}
		if wrong != "" {
			item := fieldProblem(at+"."+field, "type_error", "%s", wrong)
			return nil, &item
		}
		if wrong := e.unknownField(at, field); wrong != nil {
			return nil, wrong
		}
	}
	test := operators[op]
	return func(r any) bool {
		for field, want := range fields {
			if !test(lookup(r, field), want) {
				return false
			}
		}
		return true
	}, nil
}

// operators are the operators that compare a field with a value. An array matches
// fuzzy and keyword if one of its texts does.
var operators = map[string]func(have, want any) bool{
	"eq":             equal,
	"neq":            func(have, want any) bool { return !equal(have, want) },
	"gt":             ordered(func(order int) bool { return order > 0 }),
	"gte":            ordered(func(order int) bool { return order >= 0 }),
	"lt":             ordered(func(order int) bool { return order < 0 }),
	"lte":            ordered(func(order int) bool { return order <= 0 }),
	"in":             isIn,
	"startswith":     ofTexts(strings.HasPrefix),
	"endswith":       ofTexts(strings.HasSuffix),
	"contains":       ofTexts(func(have, part string) bool { return strings.Contains(strings.ToLower(have), strings.ToLower(part)) }),
	"array_contains": arrayContains,
	"fuzzy":          eachText(fuzzy),
	"keyword":        eachText(keyword),
}

func ordered(accept func(int) bool) func(have, want any) bool {
	return func(have, want any) bool {
		order, ok := compare(have, want)
		return ok && accept(order)
	}
}

func isIn(have, want any) bool {
	list, _ := want.([]any)
	return slices.ContainsFunc(list, func(one any) bool { return equal(have, one) })
}

// ofTexts tests a text. Nothing else matches, not even an array of texts.
func ofTexts(test func(have, want string) bool) func(have, want any) bool {
	return func(have, want any) bool {
		h, ok := have.(string)
		w, _ := want.(string)
		return ok && test(h, w)
	}
}

func arrayContains(have, want any) bool {
	list, _ := have.([]any)
	return slices.ContainsFunc(list, func(one any) bool { return equal(one, want) })
}

func eachText(test func(have, want string) bool) func(have, want any) bool {
	return func(have, want any) bool {
		pattern, _ := want.(string)
		pattern = strings.ToLower(pattern)
		switch have := have.(type) {
		case string:
			return test(strings.ToLower(have), pattern)
		case []any:
			return slices.ContainsFunc(have, func(one any) bool {
				s, ok := one.(string)
				return ok && test(strings.ToLower(s), pattern)
			})
		}
		return false
	}
}

// wordsOf returns the words of a text in lower case.
func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// keyword reports whether a text has all words of the pattern.
func keyword(have, pattern string) bool {
	words := wordsOf(have)
	wanted := wordsOf(pattern)
	for _, w := range wanted {
		if !slices.Contains(words, w) {
			return false
		}
	}
	return len(wanted) > 0
}

// fuzzy reports whether a text has all words of the pattern or words near them.
func fuzzy(have, pattern string) bool {
	words := wordsOf(have)
	wanted := wordsOf(pattern)
	for _, w := range wanted {
		if !slices.ContainsFunc(words, func(one string) bool { return near(one, w) }) {
			return false
		}
	}
	return len(wanted) > 0
}

// near reports whether words differ by at most one letter, or two if b is longer
// than 6 bytes.
func near(a, b string) bool {
	allowed := 1
	if len(b) > 6 {
		allowed = 2
	}
	return distance([]rune(a), []rune(b)) <= allowed
}

// distance returns the number of letters to change, insert or remove to make a of
// b. Swapping two neighbours counts as one.
func distance(a, b []rune) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		rows[2][0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[2][j] = min(rows[1][j]+1, rows[2][j-1]+1, rows[1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[2][j] = min(rows[2][j], rows[0][j-2]+1)
			}
		}
		rows[0], rows[1], rows[2] = rows[1], rows[2], rows[0]
	}
	return rows[1][len(b)]
}

// numberOf reads a JSON number without rounding it.
func numberOf(v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case json.Number:
		if len(v) > 64 { // 1e999999999 would take all memory
			return nil, false
		}
		if _, exponent, found := strings.Cut(strings.ToLower(v.String()), "e"); found {
			if n, err := strconv.Atoi(exponent); err != nil || n > 400 || n < -400 {
				return nil, false
			}
		}
		return new(big.Rat).SetString(v.String())
	case float64:
		r := new(big.Rat)
		return r, r.SetFloat64(v) != nil
	}
	return nil, false
}

// A passage is a text of a record that is like a prompt.
type passage struct {
	*record
	text  string
	score float64
}

// semantic ranks the texts of records by how many words of the prompt they have.
// It does not understand meaning, but finds texts that resemble the prompt.
func (x *execution) semantic(v any) ([]passage, error) {
	const at = "body.params.semantic"
	options, ok := v.(map[string]any)
	if !ok {
		return nil, invalid(fieldProblem(at, "type_error", "Input should be an object"))
	}
	for name := range options {
		if !slices.Contains([]string{"field", "prompt", "filter", "context_size", "dedup", "min_similarity"}, name) {
			return nil, invalid(fieldProblem(at+"."+name, "extra_forbidden", "Extra inputs are not permitted"))
		}
	}
	prompt, _ := options["prompt"].(string)
	wanted := wordsOf(prompt)
	if len(wanted) == 0 {
		return nil, invalid(fieldProblem(at+".prompt", "missing", "A semantic search needs a prompt"))
	}
	records := x.entity.stored()
	field, wrong := x.entity.searchField(at+".field", options["field"])
	if wrong != nil {
		return nil, invalid(*wrong)
	}
	if filter, given := options["filter"]; given {
		match, wrong := x.entity.condition(at+".filter", filter)
		if wrong != nil {
			return nil, invalid(*wrong)
		}
		records = slices.DeleteFunc(slices.Clone(records), func(r *record) bool { return !match(r.get()) })
	}
	switch options["dedup"] {
	case nil, "max", "none": // the same here, since each record has one passage
	default:
		return nil, invalid(fieldProblem(at+".dedup", "enum", "Input should be max or none"))
	}
	size := 0
	if v, given := options["context_size"]; given {
		text, _ := scalar(v)
		var err error
		if size, err = strconv.Atoi(text); err != nil || size < 1 {
			return nil, invalid(fieldProblem(at+".context_size", "range", "Input should be an integer greater than 0"))
		}
	}
	least := big.NewRat(1, 4)
	if v, given := options["min_similarity"]; given {
		if least, ok = numberOf(v); !ok || least.Cmp(big.NewRat(-1, 1)) < 0 || least.Cmp(big.NewRat(1, 1)) > 0 {
			return nil, invalid(fieldProblem(at+".min_similarity", "range", "Input should be a number from -1 to 1"))
		}
	}
	found := []passage{}
	for _, r := range records {
		text, _ := r.field(field).(string)
		words, has := wordsOf(text), 0
		for _, w := range wanted {
			if slices.ContainsFunc(words, func(one string) bool { return near(one, w) }) {
				has++
			}
		}
		if size > 0 && len(text) > size {
			text = strings.ToValidUTF8(text[:size], "")
		}
		if text != "" && big.NewRat(int64(has), int64(len(wanted))).Cmp(least) >= 0 {
			found = append(found, passage{r, text, float64(has) / float64(len(wanted))})
		}
	}
	slices.SortStableFunc(found, func(a, b passage) int { return cmp.Compare(b.score, a.score) })
	return found, nil
}

// searchField returns the field that a semantic search is to look at. It must be
// given if several have an index.
func (e *entity) searchField(at string, given any) (string, *errorItem) {
	fields := e.textFields()
	name, isText := given.(string)
	var wrong errorItem
	switch {
	case given != nil && !isText:
		wrong = fieldProblem(at, "type_error", "Input should be a string")
	case len(e.snapshot()) == 0, slices.Contains(fields, name): // without records, no field has an index yet
		return name, nil
	case len(fields) == 0:
		wrong = fieldProblem(at, "field", "No field of %q has a semantic index", e.name)
	case given != nil:
		wrong = fieldProblem(at, "field", "The field %q has no semantic index; these have one: %s", name, strings.Join(fields, ", "))
	case len(fields) == 1:
		return fields[0], nil
	default:
		wrong = fieldProblem(at, "missing", "Field required, since several have a semantic index: %s", strings.Join(fields, ", "))
	}
	wrong.Details = map[string]any{"fields": fields}
	return "", &wrong
}

// wrap adds to each record, given as JSON, how it matches.
func wrap(data json.RawMessage, hits []passage) (json.RawMessage, error) {
	var entities []json.RawMessage
	if err := json.Unmarshal(data, &entities); err != nil {
		return nil, err
	}
	list := make([]map[string]any, len(entities))
	for i, e := range entities {
		list[i] = map[string]any{"entity": e, "metadata": map[string]any{"score": hits[i].score, "context": hits[i].text}}
	}
	return json.Marshal(list)
}
