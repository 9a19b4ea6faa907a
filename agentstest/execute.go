package agentstest

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

// maxText is how many characters of a text lists and searches keep if
// skip_truncation is false.
const maxText = 500

// maxIntent is how many characters an intent may have.
const maxIntent = 512

const staleMessage = "The Context Store of this connector was paused; its records are being updated"

// An execution is a request to run an action.
type execution struct {
	a        *api
	conn     *connector
	selected []server.RequestedEntity // of the connector, when the request came
	entity   *entity                  // nil if the request names none
	body     *server.ExecuteRequest
	params   map[string]any
	began    time.Time
}

// An envelope is the response to an execution. It is written by hand, since
// decoding records only to encode them again would be most of its cost.
type envelope struct {
	status, reason string
	result         json.RawMessage
	metadata       json.RawMessage
	instance       string
	took           time.Duration
	bare           bool // without metadata about the execution
	warning        *server.ContextStoreWarning
}

// VisitExecuteConnectorResponse implements
// [server.ExecuteConnectorResponseObject].
func (v *envelope) VisitExecuteConnectorResponse(w http.ResponseWriter) error {
	null := json.RawMessage("null")
	if v.result == nil {
		v.result = null
	}
	if v.metadata == nil {
		v.metadata = null
	}
	b := make([]byte, 0, len(v.result)+len(v.metadata)+256)
	b = append(b, `{"status":"`...)
	b = append(b, v.status...)
	b = append(b, `","result":`...)
	b = append(b, v.result...)
	b = append(b, `,"connector_metadata":`...)
	b = append(b, v.metadata...)
	if v.bare {
		b = append(b, `,"execution_metadata":null`...)
	} else {
		b = append(b, `,"execution_metadata":{"connector_instance_id":"`...)
		b = append(b, v.instance...)
		b = append(b, `","execution_time_ms":`...)
		b = strconv.AppendInt(b, v.took.Milliseconds(), 10)
		b = append(b, '}')
	}
	if v.reason != "" {
		reason, err := json.Marshal(v.reason)
		if err != nil {
			return err
		}
		b = append(append(b, `,"error":`...), reason...)
	}
	if v.warning != nil {
		warning, err := json.Marshal(v.warning)
		if err != nil {
			return err
		}
		b = append(append(b, `,"warning":`...), warning...)
	}
	b = append(b, '}')
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(b)
	return err
}

// ExecuteConnector implements executeConnector.
func (a *api) ExecuteConnector(ctx context.Context, req server.ExecuteConnectorRequestObject) (server.ExecuteConnectorResponseObject, error) {
	a.s.world.mu.RLock()
	x, err := a.execution(ctx, req.ID, req.Body)
	a.s.world.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	if err := x.read(callOf(ctx).fields["params"]); err != nil {
		return nil, err
	}
	pause(ctx, x.conn.latency)
	if reason := x.failure(); reason != "" {
		return x.answer(&envelope{status: "error", reason: reason}), nil
	}
	return x.run()
}

// execution returns what a request asks a connector to do, before it is checked. The
// caller holds the lock.
func (a *api) execution(ctx context.Context, id string, body *server.ExecuteRequest) (*execution, error) {
	began := a.s.now()
	conn, err := a.connector(callOf(ctx).grant, id)
	if err != nil {
		return nil, err
	}
	return &execution{a: a, conn: conn, selected: conn.selected, body: body, began: began}, nil
}

// read checks the request and decodes its parameters, without losing digits of
// numbers.
func (x *execution) read(params json.RawMessage) error {
	if x.body.Intent != nil && utf8.RuneCountInString(*x.body.Intent) > maxIntent {
		return invalid(fieldProblem("body.intent", "string_too_long", "Input should have at most %d characters", maxIntent))
	}
	if params != nil {
		x.params, _ = decode(params).(map[string]any)
	}
	if x.body.Action == "" {
		return invalid(fieldProblem("body.action", "string_too_short", "Input should not be empty"))
	}
	if x.body.Action == destinationSQL || x.body.Entity == "" && x.body.Action == "describe" {
		return nil
	}
	if x.entity = x.conn.entities[x.body.Entity]; x.entity == nil {
		item := fieldProblem("body.entity", "unknown_entity", "%s has no entity %q", x.conn.template.kind.name, x.body.Entity)
		item.Details = map[string]any{"entities": slices.Sorted(maps.Keys(x.conn.entities))}
		return invalid(item)
	}
	if x.body.Action != "describe" && !x.entity.allows(x.body.Action) {
		item := fieldProblem("body.action", "unknown_action", "Entity %q has no action %q", x.entity.name, x.body.Action)
		item.Details = map[string]any{"actions": x.entity.actions}
		return invalid(item)
	}
	if a := x.entity.described.action(x.body.Action); a != nil {
		return x.checkDeclared(a)
	}
	if x.a.s.options.strict {
		return x.entity.onlyDeclared(x.body.Action, x.params)
	}
	return nil
}

// onlyDeclared returns an error if there are parameters that an action does not declare.
func (e *entity) onlyDeclared(action string, params map[string]any) error {
	fields := e.fields()
	declared, known := e.parameters(action, fields)
	if !known || action == "create" || action == "update" {
		return nil
	}
	var names []string
	for _, p := range declared {
		names = append(names, p.name)
	}
	var items []errorItem
	for _, name := range slices.Sorted(maps.Keys(params)) {
		_, field := fields[name]
		switch {
		case slices.Contains(names, name), field && (action == "list" || action == "search" || action == "api_search"):
		case action == "download" && serviceParams[name]:
		default:
			item := fieldProblem("body.params."+name, "extra_forbidden", "%q of %q has no parameter %q", action, e.name, name)
			item.Details = map[string]any{"parameters": names}
			items = append(items, item)
		}
	}
	if items == nil {
		return nil
	}
	return invalid(items...)
}

// failure returns why the action fails, "" if it does not.
func (x *execution) failure() string {
	if x.conn.fail != "" {
		return x.conn.fail
	}
	if x.entity != nil {
		return x.entity.Fail
	}
	return ""
}

// answer fills in what all envelopes have.
func (x *execution) answer(v *envelope) *envelope {
	if v.status == "" {
		v.status = "success"
	}
	if v.instance == "" {
		v.instance = x.conn.id
	}
	v.took = x.a.s.now().Sub(x.began)
	return v
}

func (x *execution) run() (server.ExecuteConnectorResponseObject, error) {
	if x.entity != nil && x.body.Action != "download" {
		if a := x.entity.described.action(x.body.Action); a != nil {
			return x.runDeclared(a)
		}
	}
	switch x.body.Action {
	case "describe":
		return x.describe()
	case "list", "api_search", "search":
		return x.list()
	case "context_store_search":
		return x.search()
	case storeSQL:
		return x.query()
	case destinationSQL:
		return x.selectRows()
	case "download":
		return x.download()
	case "create":
		r, err := x.entity.create(x.params, x.began)
		if err != nil {
			return nil, err
		}
		return x.one(r)
	case "get", "update", "delete":
		return x.runOnRecord()
	default: // an action that only Entity.Actions names
		return x.answer(&envelope{result: json.RawMessage("{}")}), nil
	}
}

// runOnRecord runs an action on the record that a parameter names.
func (x *execution) runOnRecord() (*envelope, error) {
	e := x.entity
	name, key, err := e.keyOf(x.params)
	if err != nil {
		return nil, err
	}
	var r *record
	switch x.body.Action {
	case "get":
		records := e.snapshot()
		if i := e.find(records, key); i >= 0 {
			r = records[i]
		}
	case "update":
		r, err = e.update(key, e.content(x.params, name), x.began)
	default:
		r = e.remove(key)
	}
	switch {
	case err != nil:
		return nil, err
	case r == nil:
		return nil, problem(http.StatusNotFound, "%s has no record with the %s %q in %q", x.conn.template.kind.name, e.Key, key, e.name)
	case x.body.Action == "delete":
		raw, err := json.Marshal(map[string]any{e.Key: r.field(e.Key), "deleted": true})
		if err != nil {
			return nil, err
		}
		return x.answer(&envelope{result: raw}), nil
	}
	return x.one(r)
}

// one returns a single record.
func (x *execution) one(r *record) (*envelope, error) {
	result, err := x.shape([]*record{r}, false)
	if err != nil {
		return nil, err
	}
	return x.answer(&envelope{result: result[1 : len(result)-1]}), nil // without the brackets
}

// shape writes records as an array, with the fields that the request selects.
// Of many records it cuts long texts if the request asks for that.
func (x *execution) shape(records []*record, many bool) (json.RawMessage, error) {
	selected, excluded := x.body.SelectFields, x.body.ExcludeFields
	cut := many && x.body.SkipTruncation != nil && !*x.body.SkipTruncation
	size := 2
	for _, r := range records {
		size += len(r.raw) + 1
	}
	b := append(make([]byte, 0, size), '[')
	for i, r := range records {
		if i > 0 {
			b = append(b, ',')
		}
		if len(selected) == 0 && len(excluded) == 0 && !cut {
			b = append(b, r.raw...)
			continue
		}
		v := r.get()
		switch {
		case len(selected) > 0:
			v = pick(v, selected)
		case len(excluded) > 0:
			v = drop(v, excluded)
		}
		if cut {
			v = shorten(v)
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		b = append(b, raw...)
	}
	return append(b, ']'), nil
}

// list returns a page of records.
func (x *execution) list() (*envelope, error) {
	e := x.entity
	records := e.snapshot()
	filtered := x.filter(records)
	if e.takesSOQL(x.body.Action) {
		var err error
		var fields []string
		if filtered, fields, err = x.soql(filtered); err != nil {
			return nil, err
		}
		if len(x.body.SelectFields) == 0 {
			x.body.SelectFields = fields
		}
	}
	times := 1
	if e.Repeat > 1 && x.body.Action == "list" && len(filtered) == len(records) {
		times = e.Repeat
	}
	n := len(filtered)
	s, metadata, err := e.page(x.body.Action, x.params, n*times, func(i int) string {
		key, _ := scalar(filtered[i%n].field(e.Key))
		return key
	})
	if err != nil {
		return nil, err
	}
	var page []*record
	if n > 0 {
		if first := s.start % n; first+s.end-s.start <= n {
			page = filtered[first : first+s.end-s.start]
		} else {
			for i := s.start; i < s.end; i++ {
				page = append(page, filtered[i%n])
			}
		}
	}
	result, err := x.shape(page, true)
	if err != nil {
		return nil, err
	}
	return x.answerPage(result, metadata, s.more())
}

// answerPage returns a page of records in the form that the action has.
func (x *execution) answerPage(result, metadata json.RawMessage, more bool) (*envelope, error) {
	if !x.entity.wraps(x.body.Action) {
		return x.answer(&envelope{result: result, metadata: metadata}), nil
	}
	meta := map[string]any{}
	if err := json.Unmarshal(metadata, &meta); err != nil {
		return nil, err
	}
	meta["has_more"] = more
	result, err := json.Marshal(map[string]any{"data": result, "meta": meta})
	return x.answer(&envelope{result: result}), err
}

// wraps reports whether the result of an action is an object with the records in data
// rather than an array.
func (e *entity) wraps(action string) bool {
	return action == "api_search" || action == "list" && e.Wrapped
}

// filter returns the records that match the parameters: a parameter with the
// name of a field must equal that field, and searches look for words.
func (x *execution) filter(records []*record) []*record {
	if len(records) == 0 || len(x.params) == 0 {
		return records
	}
	fields := map[string]string{}
	pages := map[string]bool{}
	if x.entity.Paging == PagingDocumented {
		for _, p := range x.entity.documentedParameters(x.body.Action) {
			pages[p.name] = true
		}
	}
	for name, v := range x.params {
		want, ok := scalar(v)
		if !ok || pages[name] || pagingNames[name] || slices.Contains(sizeNames, name) || want == "all" || want == "*" {
			continue
		}
		if _, ok := scalar(records[0].field(name)); ok {
			fields[name] = want
		}
	}
	words := ""
	if x.body.Action != "list" {
		for _, name := range []string{"query", "q", "search", "text"} {
			if s, ok := x.params[name].(string); ok && words == "" {
				words = strings.ToLower(s)
			}
		}
	}
	if len(fields) == 0 && words == "" {
		return records
	}
	var kept []*record
next:
	for _, r := range records {
		for name, want := range fields {
			if have, _ := scalar(r.field(name)); !strings.EqualFold(have, want) {
				continue next
			}
		}
		if words != "" {
			whole := bytes.ToLower(r.raw)
			for word := range strings.FieldsSeq(words) {
				if !bytes.Contains(whole, []byte(word)) {
					continue next
				}
			}
		}
		kept = append(kept, r)
	}
	return kept
}
