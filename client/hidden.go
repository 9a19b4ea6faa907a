package client

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/internal/answer"
	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
)

// hiddenProblem returns what is wrong with v, which a program gives under the name, if a
// value in it would be sent hidden: an auth.Secret or a Configuration. It returns "" if
// there is none. It looks into maps and their keys, slices, arrays, pointers and the
// fields of structs that are encoded, and tries what types make of themselves. Each
// value is visited once, so a value that contains itself does no harm.
func hiddenProblem(name string, v any) string {
	var w hiddenWalk
	if !w.any(v, 0) {
		return ""
	}
	path := name
	for _, step := range slices.Backward(w.path) { // it was built from the inside
		path += step
	}
	if w.deep {
		return fmt.Sprintf("is nested more than %d levels deep", maxNesting)
	}
	return fmt.Sprintf("contains an auth.Secret or a Configuration (%s), which would be sent as %s; use string(s) or map[string]any(c) to reveal it",
		answer.Line(path), redacted)
}

// maxNesting is deeper than any parameters are nested.
const maxNesting = 1000

type hiddenWalk struct {
	path []string
	deep bool
	seen map[visit]bool // what maps, slices and pointers refer to
}

type visit struct {
	at  uintptr
	len int
	t   reflect.Type
}

// in adds a step to the path of what was found.
func (w *hiddenWalk) in(format string, args ...any) bool {
	w.path = append(w.path, fmt.Sprintf(format, args...))
	return true
}

// any is value for common types, without reflection.
func (w *hiddenWalk) any(v any, depth int) bool {
	switch v := v.(type) {
	case nil, string, bool, int, int64, float64, json.Number, json.RawMessage, time.Time:
		return false
	case map[string]any:
		if depth > maxNesting || len(v) > 0 && w.visited(reflect.ValueOf(v)) {
			w.deep = depth > maxNesting
			return w.deep
		}
		for k, x := range v {
			if w.any(x, depth+1) {
				return w.in(".%s", shorten(k))
			}
		}
		return false
	}
	return w.value(reflect.ValueOf(v), depth)
}

func (w *hiddenWalk) value(v reflect.Value, depth int) bool {
	t := v.Type()
	switch {
	case depth > maxNesting: // it was not seen to the end
		w.deep = true
		return true
	case hidesNothing(t), (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && hidesNothing(t.Elem()):
		return false
	}
	switch v.Kind() {
	case reflect.Interface:
		return !v.IsNil() && w.value(v.Elem(), depth)
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() || w.visited(v) {
			return false
		}
	}
	if v.CanAddr() && encodesItself(reflect.PointerTo(t)) {
		v, t = v.Addr(), reflect.PointerTo(t)
	}
	if encodesItself(t) && v.CanInterface() {
		text, err := jsonv1.Marshal(v.Interface())
		return err == nil && bytes.Contains(text, []byte(redacted))
	}
	switch v.Kind() {
	case reflect.Pointer:
		return w.value(v.Elem(), depth+1)
	case reflect.Map:
		for all := v.MapRange(); all.Next(); { // Seq2 adds 13 KB to every program
			k, x := all.Key(), all.Value()
			if w.value(k, depth+1) {
				return w.in("[key]") // which may be the secret
			}
			if w.value(x, depth+1) {
				return w.in(".%s", shorten(fmt.Sprint(k)))
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if w.value(v.Index(i), depth+1) {
				return w.in("[%d]", i)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := t.Field(i); encoded(f) && w.value(v.Field(i), depth+1) {
				return w.in(".%s", f.Name)
			}
		}
	}
	return false
}

// visited reports whether w was at the same value before.
func (w *hiddenWalk) visited(v reflect.Value) bool {
	at := visit{v.Pointer(), 0, v.Type()}
	if v.Kind() == reflect.Slice {
		at.len = v.Len()
	}
	if w.seen[at] {
		return true
	}
	if w.seen == nil {
		w.seen = map[visit]bool{}
	}
	w.seen[at] = true
	return false
}

// encoded reports whether encoding/json encodes the field, or the fields in it.
func encoded(f reflect.StructField) bool {
	if f.Tag.Get("json") == "-" {
		return false
	}
	return f.IsExported() || f.Anonymous && deref(f.Type).Kind() == reflect.Struct
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// encodesItself reports whether a t decides how it is encoded.
func encodesItself(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// hidesNothing reports whether a t hides nothing, so that long lists of numbers and texts
// are not looked through.
func hidesNothing(t reflect.Type) bool {
	return t == reflect.TypeFor[string]() || t.Kind() <= reflect.Complex128 && !encodesItself(reflect.PointerTo(t)) // also if t does
}
