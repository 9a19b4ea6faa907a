package client

import (
	"maps"
	"reflect"
	"unsafe"
)

// cloneParams returns a copy of params that shares nothing which can be changed with
// it. Values keep their types.
func cloneParams(params Params) Params {
	if params == nil {
		return nil
	}
	clone, c := make(Params, len(params)), cloner{}
	for name, v := range params {
		switch v := v.(type) {
		case nil, string, bool, int, int64, float64:
			clone[name] = v
		default:
			clone[name] = c.clone(reflect.ValueOf(v)).Interface()
		}
	}
	return clone
}

// A cloner has the copies of what it met, since values may contain themselves.
type cloner map[met]reflect.Value

type met struct {
	at     unsafe.Pointer
	length int
	t      reflect.Type
}

// clone copies maps, slices, arrays, and what pointers and structs of exported fields
// hold. Structs with other fields, such as a time, are kept: only their own package can
// change them.
func (c cloner) clone(v reflect.Value) reflect.Value {
	if !mutable(v.Type()) {
		return v
	}
	var key met
	switch v.Kind() {
	case reflect.Map, reflect.Slice, reflect.Pointer:
		if v.IsNil() {
			return v
		}
		if key = (met{at: v.UnsafePointer(), t: v.Type()}); v.Kind() == reflect.Slice {
			key.length = v.Len()
		}
		if clone, ok := c[key]; ok {
			return clone
		}
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
	}
	clone := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Map:
		clone.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
		c[key] = clone
		for it := v.MapRange(); it.Next(); {
			clone.SetMapIndex(it.Key(), c.clone(it.Value()))
		}
	case reflect.Slice:
		clone.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		c[key] = clone
		c.items(clone, v)
	case reflect.Array:
		c.items(clone, v)
	case reflect.Pointer:
		clone.Set(reflect.New(v.Type().Elem()))
		c[key] = clone
		clone.Elem().Set(c.clone(v.Elem()))
	case reflect.Interface:
		clone.Set(c.clone(v.Elem()))
	case reflect.Struct:
		for i := range v.NumField() {
			clone.Field(i).Set(c.clone(v.Field(i)))
		}
	}
	return clone
}

func (c cloner) items(to, from reflect.Value) {
	if !mutable(from.Type().Elem()) {
		reflect.Copy(to, from)
		return
	}
	for i := range from.Len() {
		to.Index(i).Set(c.clone(from.Index(i)))
	}
}

// mutable reports whether a value of the type may have parts that its holder can
// change.
func mutable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Map, reflect.Slice, reflect.Interface:
		return true
	case reflect.Array:
		return mutable(t.Elem())
	case reflect.Pointer:
		return t.Elem().Kind() != reflect.Struct || open(t.Elem())
	case reflect.Struct:
		return open(t)
	}
	return false
}

// open reports whether all fields of a struct are exported.
func open(t reflect.Type) bool {
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return false
		}
	}
	return true
}

// withParams returns params and those in more, which win.
func withParams(params, more Params) Params {
	all := maps.Clone(params)
	if all == nil {
		all = make(Params, len(more))
	}
	maps.Copy(all, more)
	return all
}
