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
	"time"
)

// An entity holds the records and files of one entity of one connector.
type entity struct {
	Entity
	slug, name string
	actions    []string
	document   *description     // nil if no document describes the entity
	described  *describedEntity // as the document has it
	madeUp     bool             // the records are made up from the document
	sized      bool             // the test says how large pages are

	mu      sync.RWMutex
	records []*record // never changed in place, since readers share it
}

// A record is kept as JSON, which is what is sent, and decoded when first needed.
type record struct {
	raw   json.RawMessage
	once  sync.Once
	value any

	storeOnce sync.Once
	store     *record // as the context store has it, if that differs

	// Of the records that are made up from a document:
	created bool            // nothing of it is made up
	sent    map[string]bool // the fields that were changed, and are as they were sent
}

func newRecord(raw json.RawMessage) *record { return &record{raw: raw} }

// get returns the record's value, with numbers as json.Number. Callers must not
// change it.
func (r *record) get() any {
	r.once.Do(func() { r.value = decode(r.raw) })
	return r.value
}

func (r *record) field(path string) any { return lookup(r.get(), path) }

// decode decodes JSON, with numbers as json.Number. It returns nil for what is
// not valid.
func decode(raw json.RawMessage) any {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil
	}
	return v
}

var recordActions = []string{"list", "get", "api_search", "search", "context_store_search", storeSQL, "create", "update", "delete"}

func newEntity(k *kind, name string, spec Entity) (*entity, error) {
	e := &entity{Entity: spec, slug: k.slug, name: name, actions: slices.Clone(spec.Actions), sized: spec.PageSize > 0}
	if e.described = k.document.entity(name); e.described != nil {
		e.document = k.document
		e.fillIn()
		spec.Files = e.Files
	}
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
		e.Paging = defaultPaging(k.slug)
	}
	if !e.Paging.validFor(k.slug) {
		return nil, fmt.Errorf("unknown paging %q", e.Paging)
	}
	e.Files = keptFiles(spec.Files)
	if spec.Records != nil {
		raw, err := json.Marshal(spec.Records)
		if err != nil {
			return nil, err
		}
		var all []json.RawMessage
		if err := json.Unmarshal(raw, &all); err != nil {
			return nil, errors.New("the records are not a slice")
		}
		e.records = make([]*record, len(all))
		for i, one := range all {
			e.records[i] = newRecord(one)
		}
		if e.described != nil {
			if err := e.document.checkOwn(e.described, e.records); err != nil {
				return nil, err
			}
		}
	}
	e.Records = nil // e.records has them now
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

// textFields returns the fields with a semantic index: those that hold more than
// one word in the first record.
func (e *entity) textFields() []string {
	var fields []string
	if records := e.stored(); len(records) > 0 {
		first, _ := records[0].get().(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(first)) {
			if s, ok := first[name].(string); ok && strings.Contains(s, " ") {
				fields = append(fields, name)
			}
		}
	}
	return fields
}

// keyNames returns the parameters that name a record, its key first. Names of
// other fields of the records are not among them.
func (e *entity) keyNames() []string {
	one := singular(e.name)
	names := []string{e.Key, "id", one + "_id", one + "Id", e.name + "_id"}
	records := e.snapshot()
	return slices.DeleteFunc(names, func(name string) bool {
		return name != e.Key && len(records) > 0 && records[0].field(name) != nil
	})
}

// singular returns the singular of a regular English plural.
func singular(name string) string {
	if stem, found := strings.CutSuffix(name, "ies"); found {
		return stem + "y"
	}
	return strings.TrimSuffix(name, "s")
}

// keyOf returns the key that the parameters name and the name of that parameter.
func (e *entity) keyOf(params map[string]any) (name, key string, err error) {
	for _, name := range e.keyNames() {
		v := params[name]
		if v == nil || v == "" {
			continue
		}
		key, ok := scalar(v)
		if !ok {
			return "", "", invalid(fieldProblem("body.params."+name, "type_error", "Input should be a string or a number"))
		}
		return name, key, nil
	}
	return "", "", invalid(missing("body.params." + e.Key))
}

// find returns the index of the record with a key, -1 if there is none.
func (e *entity) find(records []*record, key string) int {
	return slices.IndexFunc(records, func(r *record) bool {
		have, ok := scalar(r.field(e.Key))
		return ok && have == key
	})
}

// scalar returns a string, a number or a boolean as text, the same for 7 and 7.0.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		if f, err := v.Float64(); err == nil && f == math.Trunc(f) && strings.ContainsAny(v.String(), ".eE") {
			return textOf(f), true
		}
		return v.String(), true
	case float64:
		return textOf(v), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// content returns the fields that parameters give to a record: those in data,
// body, properties or fields if one of them is an object and not itself a field
// of the records, else all parameters but key.
func (e *entity) content(params map[string]any, key string) map[string]any {
	records := e.snapshot()
	for _, name := range []string{"data", "body", "properties", "fields"} {
		nested, ok := params[name].(map[string]any)
		if ok && (len(records) == 0 || records[0].field(name) == nil) {
			return maps.Clone(nested)
		}
	}
	own := maps.Clone(params)
	delete(own, key)
	return own
}

// createdFields and changedFields are the names that vendors give to the time of a
// record's creation and that of its last change.
var (
	createdFields = []string{"created_at", "createdAt", "CreatedDate"}
	changedFields = []string{"updated_at", "updatedAt", "LastModifiedDate"}
)

// stamp sets those of the named fields to now that are times in the other records
// and that given does not set. The caller holds the lock.
func (e *entity) stamp(fields, given map[string]any, now time.Time, names []string) {
	for _, name := range names {
		if len(e.records) == 0 || given[name] != nil {
			continue
		}
		like, _ := e.records[0].field(name).(string)
		if _, err := time.Parse(time.RFC3339, like); err == nil {
			fields[name] = now.UTC().Format(time.RFC3339)
		}
	}
}

// create adds a record. It invents a key if the parameters have none.
func (e *entity) create(params map[string]any, now time.Time) (*record, error) {
	return e.add(e.content(params, ""), now)
}

// add adds a record with fields, which it may change.
func (e *entity) add(fields map[string]any, now time.Time) (*record, error) {
	if fields == nil {
		fields = map[string]any{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if key, given := scalar(fields[e.Key]); !given {
		fields[e.Key] = e.nextKey()
	} else if e.find(e.records, key) >= 0 {
		return nil, invalid(fieldProblem("body.params."+e.Key, "exists", "A record has the %s %q already", e.Key, key))
	}
	e.stamp(fields, fields, now, slices.Concat(createdFields, changedFields))
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	r := newRecord(raw)
	r.created = true
	e.records = append(slices.Clip(e.records), r)
	return r, nil
}

// nextKey invents a key like those of the other records. The caller holds the
// lock.
func (e *entity) nextKey() any {
	var highest int64
	prefix := singular(e.name) + "_"
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
		if e.find(e.records, key) < 0 {
			return key
		}
	}
}

// update changes fields of the record with a key and returns it, nil if there is
// none.
func (e *entity) update(key string, changes map[string]any, now time.Time) (*record, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.find(e.records, key)
	if i < 0 {
		return nil, nil
	}
	old, _ := e.records[i].get().(map[string]any)
	fields := maps.Clone(old)
	maps.Copy(fields, changes)
	fields[e.Key] = old[e.Key]
	e.stamp(fields, changes, now, changedFields)
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	r := newRecord(raw)
	r.created, r.sent = e.records[i].created, map[string]bool{}
	maps.Copy(r.sent, e.records[i].sent)
	for name := range changes {
		r.sent[name] = true
	}
	records := slices.Clone(e.records)
	records[i] = r
	e.records = records
	return r, nil
}

// remove removes the record with a key and returns it, nil if there is none.
func (e *entity) remove(key string) *record {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.find(e.records, key)
	if i < 0 {
		return nil
	}
	r := e.records[i]
	e.records = slices.Concat(e.records[:i], e.records[i+1:])
	return r
}
