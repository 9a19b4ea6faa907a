package client

import (
	"maps"
	"reflect"
)

// Params are the parameters of an action, by name. They are encoded as by
// encoding/json: nil is sent as null, a missing name is not sent, a json.Number is
// sent as a number and a json.RawMessage as it is. An [auth.Secret] or a [Configuration]
// anywhere in them is an error that matches [ErrInvalid] and says where it is, and
// nothing is sent: it would hide itself. [Connector.Describe] and
// [Connector.Docs] say which parameters an action has.
type Params = map[string]any

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
type cloner map[visit]reflect.Value

// clone copies maps and slices, and what pointers and structs of exported fields hold.
// Structs with other fields, such as a time, are kept: only their own package can
// change them.
func (c cloner) clone(v reflect.Value) reflect.Value {
	if !mutable(v.Type()) {
		return v
	}
	kind, clone := v.Kind(), reflect.New(v.Type()).Elem()
	if kind == reflect.Struct {
		for i := range v.NumField() {
			clone.Field(i).Set(c.clone(v.Field(i)))
		}
		return clone
	}
	if v.IsNil() {
		return v
	}
	if kind == reflect.Interface {
		clone.Set(c.clone(v.Elem()))
		return clone
	}
	key := visit{at: v.Pointer(), t: v.Type()}
	if kind == reflect.Slice {
		key.len = v.Len()
	}
	if had, ok := c[key]; ok {
		return had
	}
	switch kind {
	case reflect.Map:
		clone.Set(reflect.MakeMap(v.Type()))
	case reflect.Slice:
		clone.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
	default:
		clone.Set(reflect.New(v.Type().Elem()))
	}
	c[key] = clone
	switch {
	case kind == reflect.Map:
		for it := v.MapRange(); it.Next(); {
			clone.SetMapIndex(it.Key(), c.clone(it.Value()))
		}
	case kind == reflect.Pointer:
		clone.Elem().Set(c.clone(v.Elem()))
	case !mutable(v.Type().Elem()):
		reflect.Copy(clone, v)
	default:
		for i := range v.Len() {
			clone.Index(i).Set(c.clone(v.Index(i)))
		}
	}
	return clone
}

// mutable reports whether a value of the type may have parts that its holder can
// change. Those of arrays are not looked for.
func mutable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Map, reflect.Slice, reflect.Interface:
		return true
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
