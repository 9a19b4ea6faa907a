package agentstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// entity holds the records and files of an entity of one connector.
type entity struct {
	Entity
	slug, name string
	actions    []string

	mu      sync.RWMutex
	records []*record // never changed in place: readers work on a snapshot
}

// record is a record as it is sent, and decoded for those who look into it.
type record struct {
	raw   json.RawMessage
	once  sync.Once
	value any
}

func newRecord(raw json.RawMessage) *record { return &record{raw: raw} }

// get is the record's value, with json.Number for numbers. It must not be
// changed.
func (r *record) get() any {
	r.once.Do(func() { r.value = decode(r.raw) })
	return r.value
}

func (r *record) field(path string) any { return lookup(r.get(), path) }

// decode reads JSON; it is nil when that is not valid.
func decode(raw json.RawMessage) any {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil
	}
	return v
}

var recordActions = []string{"list", "get", "api_search", "search", "context_store_search", "create", "update", "delete"}

func newEntity(slug, name string, spec Entity) (*entity, error) {
	e := &entity{Entity: spec, slug: slug, name: name, actions: spec.Actions}
	if e.PageSize <= 0 {
		e.PageSize = 10
	}
	if e.MaxPageSize <= 0 {
		e.MaxPageSize = max(100, e.PageSize)
	}
	if e.Key == "" {
		e.Key = "id"
	}
	if e.Paging == "" {
		e.Paging = defaultPaging(slug)
	}
	if !e.Paging.valid() {
		return nil, fmt.Errorf("there is no paging %q", e.Paging)
	}
	e.Files = maps.Clone(spec.Files)
	if spec.Records != nil {
		raw, err := json.Marshal(spec.Records)
		if err != nil {
			return nil, err
		}
		var all []json.RawMessage
		if err := json.Unmarshal(raw, &all); err != nil {
			return nil, errors.New("the records are no slice")
		}
		e.records = make([]*record, len(all))
		for i, one := range all {
			e.records[i] = newRecord(one)
		}
	}
	e.Records = nil // the spec's, not needed any more
	if e.actions == nil {
		if spec.Records != nil || spec.Files == nil {
			e.actions = recordActions
		}
		if spec.Files != nil {
			e.actions = append(slices.Clip(e.actions), "download")
		}
	}
	return e, nil
}

func (e *entity) allows(action string) bool { return slices.Contains(e.actions, action) }

func (e *entity) snapshot() []*record {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.records
}

func (c *connector) sortedEntities() []*entity {
	list := make([]*entity, 0, len(c.entities))
	for _, name := range slices.Sorted(maps.Keys(c.entities)) {
		list = append(list, c.entities[name])
	}
	return list
}

// textFields are the fields that hold prose, which semantic search looks at.
func (e *entity) textFields() []string {
	var fields []string
	if records := e.snapshot(); len(records) > 0 {
		first, _ := records[0].get().(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(first)) {
			if s, ok := first[name].(string); ok && strings.Contains(s, " ") {
				fields = append(fields, name)
			}
		}
	}
	return fields
}

// find finds a record by its key, or by a field that the parameters name.
func (e *entity) find(records []*record, params map[string]any) int {
	candidates := [][2]string{{e.Key, e.Key}}
	singular := strings.TrimSuffix(e.name, "s")
	for _, name := range slices.Sorted(maps.Keys(params)) {
		switch name {
		case e.Key:
		case "id", singular + "_id", singular + "Id", e.name + "_id":
			candidates = append(candidates, [2]string{name, e.Key})
		default:
			candidates = append(candidates, [2]string{name, name})
		}
	}
	for _, c := range candidates {
		want, ok := scalar(params[c[0]])
		if !ok {
			continue
		}
		for i, r := range records {
			if have, ok := scalar(r.field(c[1])); ok && have == want {
				return i
			}
		}
		if c[1] == e.Key {
			return -1 // the key was given, and there is no such record
		}
	}
	return -1
}

// scalar writes a string, a number or a boolean as text.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		if f, err := v.Float64(); err == nil && f == math.Trunc(f) && strings.ContainsAny(v.String(), ".eE") {
			return text(f), true
		}
		return v.String(), true
	case float64:
		return text(v), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// content is what parameters say a record shall hold.
func content(params map[string]any, key string) map[string]any {
	for _, name := range []string{"data", "body", "properties", "fields"} {
		if nested, ok := params[name].(map[string]any); ok {
			return maps.Clone(nested)
		}
	}
	own := maps.Clone(params)
	delete(own, key)
	return own
}

// create adds a record and gives it a key.
func (e *entity) create(params map[string]any) (*record, error) {
	fields := content(params, "")
	if fields == nil {
		fields = map[string]any{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, given := scalar(fields[e.Key]); !given {
		fields[e.Key] = e.nextKey()
	} else if e.find(e.records, map[string]any{e.Key: fields[e.Key]}) >= 0 {
		return nil, invalid(fieldProblem("body.params."+e.Key, "exists", "There is a record %s already", text(fields[e.Key])))
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	r := newRecord(raw)
	e.records = append(slices.Clip(e.records), r)
	return r, nil
}

// nextKey invents the key of a new record, in the manner of the others.
func (e *entity) nextKey() any {
	var highest int64
	prefix := strings.TrimSuffix(e.name, "s") + "_"
	numeric := true
	for _, r := range e.records {
		switch key := r.field(e.Key).(type) {
		case json.Number:
			if n, err := key.Int64(); err == nil {
				highest = max(highest, n)
			}
		case string:
			numeric = false
			if head, _, found := strings.Cut(key, "_"); found {
				prefix = head + "_"
			}
		}
	}
	if numeric {
		return json.Number(strconv.FormatInt(highest+1, 10))
	}
	for i := len(e.records) + 1; ; i++ {
		key := prefix + fmt.Sprintf("new%04d", i)
		if e.find(e.records, map[string]any{e.Key: key}) < 0 {
			return key
		}
	}
}

// update changes fields of a record; it is nil when there is none.
func (e *entity) update(params map[string]any) (*record, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.find(e.records, params)
	if i < 0 {
		return nil, nil
	}
	old, _ := e.records[i].get().(map[string]any)
	fields := maps.Clone(old)
	maps.Copy(fields, content(params, e.Key))
	fields[e.Key] = old[e.Key]
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	r := newRecord(raw)
	records := slices.Clone(e.records)
	records[i] = r
	e.records = records
	return r, nil
}

// remove removes a record; it is nil when there is none.
func (e *entity) remove(params map[string]any) *record {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.find(e.records, params)
	if i < 0 {
		return nil
	}
	r := e.records[i]
	e.records = slices.Concat(e.records[:i], e.records[i+1:])
	return r
}
