package client

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// This file finds fields without a tag that should have one. Fields are decoded by their
// exact names. In a program that relies on encoding/json ignoring case, the fields of all
// records would be zero. So the first record of a page is compared with the fields that
// have no name in a tag, and an error says which tag is missing.

// misnamed returns an error if a field of t, or of what is in t, has no name in a tag, and
// differs from a member of the first record in text only in case, "_" and "-". What text
// does not have whole is not compared.
func misnamed(t reflect.Type, text []byte) error {
	if inner := within(t); inner.Kind() != reflect.Struct || namedFields(inner) == nil || decodesItself(t) {
		return nil
	}
	c := comparison{dec: jsontext.NewDecoder(bytes.NewReader(text), lenient)}
	if c.dec.PeekKind() == '[' && t.Kind() == reflect.Slice { // of a list, the first record
		_, _ = c.dec.ReadToken()
		t = t.Elem()
	}
	c.value(t)
	return c.found
}

// within returns the type of what is in pointers, lists and maps. Of a type that contains
// nothing but itself, it returns one of those.
func within(t reflect.Type) reflect.Type {
	for range maxNested {
		switch t.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			t = t.Elem()
		default:
			return t
		}
	}
	return t
}

// maxNested is how many pointers, lists and maps are looked into.
const maxNested = 16

// A comparison compares the names in JSON with those of fields.
type comparison struct {
	dec   *jsontext.Decoder
	found error // the first name that is missing in a tag
}

// value compares the value that comes next with a t. It reports whether the value came
// whole.
func (c *comparison) value(t reflect.Type) bool {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	opens, kind := c.dec.PeekKind(), t.Kind()
	var fields []fieldName
	if opens == '{' && kind == reflect.Struct {
		fields = namedFields(t)
	}
	if fields == nil && (opens != '[' || kind != reflect.Slice) && (opens != '{' || kind != reflect.Map) || decodesItself(t) {
		return c.dec.SkipValue() == nil
	}
	_, _ = c.dec.ReadToken()
	like := make([]string, len(fields)) // the member that is like the field, and like no other
	for next := c.dec.PeekKind(); next != ']' && next != '}'; next = c.dec.PeekKind() {
		in := reflect.TypeFor[any]() // of a member without a field
		if opens == '{' {
			token, err := c.dec.ReadToken()
			if err != nil {
				return false
			}
			member := token.String()
			plain, exact := plainName(member), false
			for i, f := range fields {
				if member == f.name {
					in, like[i], exact = f.t, member, true
				}
			}
			for i, f := range fields {
				if !exact && like[i] != f.name && plain == f.plain {
					like[i] = member
				}
			}
		}
		if fields == nil {
			in = t.Elem()
		}
		if !c.value(in) {
			return false
		}
	}
	_, _ = c.dec.ReadToken()
	for i, member := range like {
		if f := fields[i]; f.bare && member != "" && member != f.name && c.found == nil {
			c.found = fmt.Errorf("the field %s needs the tag `json:%q`: names match exactly, including their case", f.name, member)
		}
	}
	return true
}

// plainName returns a name in lower case, without "_" and "-".
//
//go:noinline
func plainName(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(name, "_", ""), "-", ""))
}

// A fieldName is the name that a field has in JSON.
type fieldName struct {
	_           uncompared
	name, plain string
	bare        bool // it is the name in Go, because no tag has one
	t           reflect.Type
}

var fieldNames sync.Map // from reflect.Type to what namedFields returns

// namedFields returns the fields of a struct, nil if all of them, and all that are in them,
// have names in tags.
func namedFields(t reflect.Type) []fieldName {
	if v, ok := fieldNames.Load(t); ok {
		return v.([]fieldName)
	}
	var list []fieldName
	if hasBare(t, map[reflect.Type]bool{}) {
		list = appendFields(nil, t)
	}
	fieldNames.Store(t, list)
	return list
}

func hasBare(t reflect.Type, seen map[reflect.Type]bool) bool {
	if t = within(t); t.Kind() != reflect.Struct || seen[t] || decodesItself(t) {
		return false
	}
	seen[t] = true
	for _, f := range appendFields(nil, t) {
		if f.bare || hasBare(f.t, seen) {
			return true
		}
	}
	return false
}

func appendFields(list []fieldName, t reflect.Type) []fieldName {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		bare := name == ""
		if bare {
			name = f.Name
		}
		switch {
		case bare && f.Anonymous:
			if f.Type.Kind() == reflect.Struct {
				list = appendFields(list, f.Type)
			}
		case f.IsExported() && name != "-" && options != "inline":
			list = append(list, fieldName{name: name, plain: plainName(name), bare: bare && !strings.Contains(options, "case:ignore"), t: f.Type})
		}
	}
	return list
}
