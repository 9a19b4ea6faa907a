package agentstest

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// The actions that take SQL.
const (
	storeSQL       = "context_store_sql_query" // reads the context store
	destinationSQL = "sql_select"              // reads a destination
)

// maxRows is the number of rows on a page of a result of SQL.
const maxRows = 1000

// WithSQL sets the function that runs the queries of the actions
// context_store_sql_query and sql_select. entity is that of the request, which may be
// "" for sql_select. The rows that it returns must encode as JSON. If it returns an
// error, the response has the status 422 and the text of the error. The service calls
// run from many goroutines at once.
//
// By default, and if run is nil, the service understands only
//
//	SELECT columns FROM entity [WHERE column = literal] [LIMIT n [OFFSET m]]
//
// where columns is * or a list of names, and runs it on the records of the entity.
func WithSQL(run func(entity, sql string) ([]any, error)) Option {
	return func(o *options) { o.sql = run }
}

// query runs context_store_sql_query.
func (x *execution) query() (*envelope, error) {
	if err := x.inContextStore(); err != nil {
		return nil, err
	}
	rows, err := x.rows()
	if err != nil {
		return nil, err
	}
	limit, err := x.limit(maxRows, maxRows)
	if err != nil {
		return nil, err
	}
	result, err := json.Marshal(map[string]any{
		"data": rows[:min(len(rows), limit)],
		"meta": map[string]any{"has_more": len(rows) > limit, "cursor": nil, "took_ms": 1},
	})
	if err != nil {
		return nil, err
	}
	return x.answer(&envelope{result: result, instance: "source_id:" + x.conn.id}), nil
}

// selectRows runs sql_select.
func (x *execution) selectRows() (*envelope, error) {
	var items []errorItem
	if dialect := textOf(x.params["sql_dialect"]); dialect != "snowflake" && dialect != "bigquery" {
		items = append(items, fieldProblem("body.params.sql_dialect", "enum", "Input should be snowflake or bigquery"))
	}
	if (x.params["workspace_id"] == nil) == (x.params["workspace_name"] == nil) {
		items = append(items, fieldProblem("body.params", "one_of", "Give either workspace_id or workspace_name"))
	}
	dry, _ := x.params["dry_run"].(bool)
	if dry && x.params["cursor"] != nil {
		items = append(items, fieldProblem("body.params.cursor", "conflict", "A dry run has no pages"))
	}
	if items != nil {
		return nil, invalid(items...)
	}
	rows, err := x.rows()
	if err != nil {
		return nil, err
	}
	start := 0
	if v := x.params["cursor"]; v != nil {
		var ok bool
		if start, ok = readHitCursor(v); !ok || start > len(rows) {
			return nil, invalid(fieldProblem("body.params.cursor", "invalid_cursor", "The cursor is not one of this query"))
		}
	}
	if dry {
		rows = nil
	}
	end := min(start+maxRows, len(rows))
	result, err := json.Marshal(append([]any{}, rows[start:end]...))
	if err != nil {
		return nil, err
	}
	v := x.answer(&envelope{result: result, bare: true})
	if end < len(rows) {
		v.metadata, err = json.Marshal(map[string]any{"has_more": true, "cursor": hitCursor(end)})
	}
	return v, err
}

// rows runs the query in the parameters.
func (x *execution) rows() ([]any, error) {
	const at = "body.params.sql"
	sql, ok := x.params["sql"].(string)
	if !ok || strings.TrimSpace(sql) == "" {
		return nil, invalid(missing(at))
	}
	if run := x.a.s.options.sql; run != nil {
		rows, err := run(x.body.Entity, sql)
		if err != nil {
			return nil, invalid(fieldProblem(at, "sql", "%v", err))
		}
		return append([]any{}, rows...), nil
	}
	rows, wrong := x.conn.selects(at, sql)
	if wrong != nil {
		return nil, invalid(*wrong)
	}
	return rows, nil
}

// selects runs a query of the only form that the service understands by itself.
func (c *connector) selects(at, sql string) ([]any, *errorItem) {
	q, ok := parseSelect(sql)
	if !ok {
		item := fieldProblem(at, "sql", "agentstest understands only SELECT columns FROM entity [WHERE column = literal] [LIMIT n [OFFSET m]]; WithSQL sets a function that understands more")
		return nil, &item
	}
	e := c.entities[q.from]
	if e == nil {
		names := slices.Sorted(maps.Keys(c.entities))
		item := fieldProblem(at, "sql", "There is no table %q; closest: %s", q.from, strings.Join(closestTo(q.from, names), ", "))
		return nil, &item
	}
	columns := q.columns
	if q.where != "" {
		columns = append(slices.Clip(columns), q.where)
	}
	for _, name := range columns {
		if wrong := e.unknownField(at, name); wrong != nil {
			return nil, wrong
		}
	}
	rows := []any{}
	for _, r := range e.stored() {
		if q.where != "" && (q.value == nil || !equal(r.field(q.where), q.value)) {
			continue
		}
		switch {
		case q.skip > 0:
			q.skip--
			continue
		case q.limit >= 0 && len(rows) == q.limit:
			return rows, nil
		case q.columns == nil:
			rows = append(rows, r.raw)
			continue
		}
		row := make(map[string]any, len(q.columns))
		for _, name := range q.columns {
			row[name] = r.field(name)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// A selection is a query that was understood.
type selection struct {
	columns []string // nil for all
	from    string
	where   string // the column that must equal value, "" for none
	value   any
	limit   int // -1 for none
	skip    int
}

// parseSelect reads a query, and reports whether it has the only form that the
// service understands.
func parseSelect(sql string) (q selection, ok bool) {
	tokens, ok := sqlTokens(sql)
	if !ok {
		return q, false
	}
	next := func() sqlToken {
		if len(tokens) == 0 {
			return sqlToken{}
		}
		t := tokens[0]
		tokens = tokens[1:]
		return t
	}
	// accept takes the next token if it is the keyword or the sign.
	accept := func(word string) bool {
		if len(tokens) == 0 || tokens[0].kind == sqlText || tokens[0].kind == sqlQuoted || !strings.EqualFold(tokens[0].text, word) {
			return false
		}
		next()
		return true
	}
	name := func() string {
		if t := next(); t.kind == sqlName && !sqlKeywords[strings.ToLower(t.text)] || t.kind == sqlQuoted {
			return t.text
		}
		return ""
	}
	count := func() (int, bool) {
		t := next()
		n, err := strconv.Atoi(t.text)
		return n, err == nil && t.kind == sqlNumber && n >= 0
	}
	q.limit = -1
	if !accept("select") {
		return q, false
	}
	for !accept("*") {
		column := name()
		if column == "" {
			return q, false
		}
		if q.columns = append(q.columns, column); !accept(",") {
			break
		}
		if len(tokens) > 0 && tokens[0].text == "*" {
			return q, false
		}
	}
	if !accept("from") {
		return q, false
	}
	if q.from = name(); q.from == "" {
		return q, false
	}
	if accept("where") {
		if q.where = name(); q.where == "" || !accept("=") {
			return q, false
		}
		if q.value, ok = next().literal(); !ok {
			return q, false
		}
	}
	if accept("limit") {
		if q.limit, ok = count(); !ok {
			return q, false
		}
		if accept("offset") {
			if q.skip, ok = count(); !ok {
				return q, false
			}
		}
	}
	accept(";")
	return q, len(tokens) == 0
}

var sqlKeywords = map[string]bool{"select": true, "from": true, "where": true, "limit": true, "offset": true, "distinct": true, "as": true}

// The kinds of tokens of SQL.
const (
	sqlSign   = iota + 1
	sqlName   // state
	sqlQuoted // "a name"
	sqlText   // 'a text'
	sqlNumber
)

type sqlToken struct {
	kind int
	text string
}

// literal returns the value of a literal, nil for NULL.
func (t sqlToken) literal() (any, bool) {
	switch t.kind {
	case sqlText:
		return t.text, true
	case sqlNumber:
		return json.Number(t.text), true
	case sqlName:
		switch strings.ToLower(t.text) {
		case "true":
			return true, true
		case "false":
			return false, true
		case "null":
			return nil, true // which nothing equals
		}
	}
	return nil, false
}

// sqlTokens splits a query. It reports false for characters that the service does not
// understand.
func sqlTokens(sql string) (tokens []sqlToken, ok bool) {
	for s := strings.TrimSpace(sql); s != ""; s = strings.TrimSpace(s) {
		t := sqlToken{kind: sqlSign, text: s[:1]}
		n := 1
		switch c := rune(s[0]); {
		case c == '\'' || c == '"':
			if n = quotedEnd(s); n < 0 {
				return nil, false
			}
			mark := s[:1]
			t = sqlToken{kind: sqlText, text: strings.ReplaceAll(s[1:n-1], mark+mark, mark)}
			if c == '"' {
				t.kind = sqlQuoted
			}
		case c == '_' || unicode.IsLetter(c):
			if n = strings.IndexFunc(s, func(r rune) bool { return r != '_' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }); n < 0 {
				n = len(s)
			}
			t = sqlToken{kind: sqlName, text: s[:n]}
		case c == '-' || c >= '0' && c <= '9':
			n = 1
			for n < len(s) && (s[n] == '.' || s[n] >= '0' && s[n] <= '9') {
				n++
			}
			if t = (sqlToken{kind: sqlNumber, text: s[:n]}); !json.Valid([]byte(t.text)) {
				return nil, false
			}
		case !strings.ContainsRune("*,=;", c):
			return nil, false
		}
		tokens = append(tokens, t)
		s = s[n:]
	}
	return tokens, true
}

// quotedEnd returns the length of the quoted text with which s begins, in which a mark
// is doubled, or -1 if it does not end.
func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			continue
		}
		if i+1 < len(s) && s[i+1] == s[0] {
			i++
			continue
		}
		return i + 1
	}
	return -1
}
