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

// maxText is how much of a long text lists and searches keep when the request
// has skip_truncation as false.
const maxText = 500

// maxIntent is how many characters an intent may have.
const maxIntent = 512

const staleMessage = "The Context Store of this connector had been paused; it is being brought up to date."

// execution is a request to run an action.
type execution struct {
	a      *api
	conn   *connector
	entity *entity
	body   *server.ExecuteRequest
	params map[string]any
	began  time.Time
}

// envelope is the answer to an execution. It is written by hand: decoding
// records to encode them again is most of what it would cost.
type envelope struct {
	status, reason string
	result         json.RawMessage
	metadata       json.RawMessage
	instance       string
	took           time.Duration
	warning        *server.ContextStoreWarning
}

// VisitExecuteConnectorResponse implements [server.ExecuteConnectorResponseObject].
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
	b = append(b, `,"execution_metadata":{"connector_instance_id":"`...)
	b = append(b, v.instance...)
	b = append(b, `","execution_time_ms":`...)
	b = strconv.AppendInt(b, v.took.Milliseconds(), 10)
	b = append(b, '}')
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
	x := &execution{a: a, body: req.Body, began: a.s.now()}
	w := &a.s.world
	w.mu.RLock()
	conn, err := a.connector(callOf(ctx).grant, req.ID)
	w.mu.RUnlock()
	if err != nil {
		return nil, err
	}
	x.conn = conn
	if err := x.read(callOf(ctx).fields["params"]); err != nil {
		return nil, err
	}
	pause(ctx, conn.latency)
	if reason := x.failure(); reason != "" {
		return x.answer(&envelope{status: "error", reason: reason}), nil
	}
	return x.run()
}

// read checks a request and decodes its parameters, so that no number loses
// digits.
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
	if x.body.Entity == "" && x.body.Action == "describe" {
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
	return nil
}

func (x *execution) failure() string {
	if x.conn.fail != "" {
		return x.conn.fail
	}
	if x.entity != nil {
		return x.entity.Fail
	}
	return ""
}

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
	switch x.body.Action {
	case "describe":
		return x.describe()
	case "list", "api_search", "search":
		return x.list()
	case "context_store_search":
		return x.search()
	case "download":
		return x.download()
	case "get":
		records := x.entity.snapshot()
		if i := x.entity.find(records, x.params); i >= 0 {
			return x.one(records[i])
		}
	case "create":
		r, err := x.entity.create(x.params)
		if err != nil {
			return nil, err
		}
		return x.one(r)
	case "update":
		if r, err := x.entity.update(x.params); r != nil || err != nil {
			if err != nil {
				return nil, err
			}
			return x.one(r)
		}
	case "delete":
		if r := x.entity.remove(x.params); r != nil {
			key, err := json.Marshal(map[string]any{x.entity.Key: r.field(x.entity.Key), "deleted": true})
			if err != nil {
				return nil, err
			}
			return x.answer(&envelope{result: key}), nil
		}
	default: // an action that the entity's Actions made up
		return x.answer(&envelope{result: json.RawMessage("{}")}), nil
	}
	return nil, problem(http.StatusNotFound, "record_not_found", "%s has no such record in %q", x.conn.template.kind.name, x.entity.name)
}

func (x *execution) one(r *record) (*envelope, error) {
	result, err := x.shape([]*record{r}, false)
	if err != nil {
		return nil, err
	}
	return x.answer(&envelope{result: result[1 : len(result)-1]}), nil // without the brackets
}

// shape writes records as an array, with the fields that the request wants.
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

// list answers a page of records.
func (x *execution) list() (*envelope, error) {
	e := x.entity
	records := e.snapshot()
	filtered := x.filter(records)
	times := 1
	if e.Repeat > 1 && x.body.Action == "list" && len(filtered) == len(records) {
		times = e.Repeat
	}
	n := len(filtered)
	s, err := e.page(x.params, n*times, func(i int) string {
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
	size, err := e.pageSize(x.params)
	if err != nil {
		return nil, err
	}
	return x.answer(&envelope{result: result, metadata: e.metadata(s, size)}), nil
}

// filter keeps the records that have what the parameters say: a parameter that
// is a field of the records must equal it, and the searches look for words.
func (x *execution) filter(records []*record) []*record {
	if len(records) == 0 || len(x.params) == 0 {
		return records
	}
	fields := map[string]string{}
	for name, v := range x.params {
		want, ok := scalar(v)
		if !ok || pagingNames[name] || slices.Contains(sizeNames, name) || want == "all" || want == "*" {
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

// describe tells what the connector can do.
func (x *execution) describe() (*envelope, error) {
	entities := []any{}
	for _, e := range x.conn.sortedEntities() {
		if x.entity != nil && x.entity != e {
			continue
		}
		properties := e.properties()
		actions := []any{}
		for _, name := range e.actions {
			action := map[string]any{"name": name}
			if params := e.paramsOf(name, properties); params != nil {
				action["params"] = params
			}
			actions = append(actions, action)
		}
		item := map[string]any{"name": e.name, "actions": actions, "key": e.Key}
		if properties != nil {
			item["schema"] = map[string]any{"type": "object", "properties": properties}
		}
		entities = append(entities, item)
	}
	k := x.conn.template.kind
	raw, err := json.Marshal(map[string]any{"connector": k.slug, "name": k.name, "entities": entities})
	if err != nil {
		return nil, err
	}
	return x.answer(&envelope{result: raw}), nil
}

// properties are the fields of the records, as JSON Schema has them; nil when
// there are no records.
func (e *entity) properties() map[string]any {
	records := e.snapshot()
	if len(records) == 0 {
		return nil
	}
	properties := map[string]any{}
	first, _ := records[0].get().(map[string]any)
	for name, v := range first {
		properties[name] = map[string]any{"type": typeName(v)}
	}
	return properties
}

// paramsOf is the JSON Schema of the parameters of an action, nil for one that
// is not known.
func (e *entity) paramsOf(action string, fields map[string]any) map[string]any {
	params := map[string]any{}
	required := []string{}
	switch action {
	case "search", "api_search":
		params["query"] = map[string]any{"type": "string", "description": "words to look for"}
		fallthrough
	case "list":
		params["per_page"] = map[string]any{"type": "integer", "default": e.PageSize, "maximum": e.MaxPageSize, "description": "how many records a page has"}
		if p := e.Paging.Param(); p != "" {
			params[p] = map[string]any{"type": "string", "description": "where to go on"}
		}
	case "context_store_search":
		params["query"] = map[string]any{"type": "object", "description": "a filter and an order"}
		params["semantic"] = map[string]any{"type": "object", "description": "a prompt, in place of query"}
		params["limit"] = map[string]any{"type": "integer", "default": defaultHits, "maximum": maxHits}
		params["cursor"] = map[string]any{"type": "string", "description": "where to go on"}
		params["fields"] = map[string]any{"type": "array", "items": map[string]any{"type": "string"}}
	case "update", "create":
		maps.Copy(params, fields)
		if action == "create" {
			break
		}
		fallthrough
	case "get", "delete":
		params[e.Key] = map[string]any{"type": "string"}
		if field := fields[e.Key]; field != nil {
			params[e.Key] = field
		}
		required = append(required, e.Key)
	case "download":
		params["id"] = map[string]any{"type": "string", "description": "of the file"}
		required = append(required, "id")
	default:
		return nil
	}
	return map[string]any{"type": "object", "properties": params, "required": required}
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case bool:
		return "boolean"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "number"
}
