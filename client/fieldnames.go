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

// misnamed returns an error if a field of t, or of the elements of t, and a member of the
// first record in text have names that differ only in case, "_" and "-". It returns nil for
// what is not a record, or a list of records, that text has whole, or not a struct in Go.
func misnamed(t reflect.Type, text []byte) error {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	fields := namesItself(t)
	if len(fields) == 0 {
		return nil
	}
	dec := jsontext.NewDecoder(bytes.NewReader(text), lenient)
	if dec.PeekKind() == '[' {
		_, _ = dec.ReadToken()
	}
	if dec.PeekKind() != '{' {
		return nil
	}
	_, _ = dec.ReadToken()
	like := make([]string, len(fields)) // the member that is like the field
	for dec.PeekKind() == '"' {
		token, err := dec.ReadToken()
		if err != nil {
			break
		}
		name := token.String()
		plain := plainName(name)
		for i, field := range fields {
			if plain == plainName(field) && like[i] != field {
				like[i] = name
			}
		}
		if dec.SkipValue() != nil {
			break
		}
	}
	for i, name := range like {
		if name != "" && name != fields[i] && dec.PeekKind() == '}' {
			return fmt.Errorf("the field %s needs the tag `json:%q`: names match exactly, including their case", fields[i], name)
		}
	}
	return nil
}

// plainName returns a name in lower case, without "_" and "-".
func plainName(name string) string {
	return strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(name, "_", ""), "-", ""))
}

var untagged sync.Map // from reflect.Type to what namesItself returns

// namesItself returns the exported fields of a struct that have no tag, and so are decoded
// by their names in Go.
func namesItself(t reflect.Type) []string {
	if v, ok := untagged.Load(t); ok {
		return v.([]string)
	}
	var list []string
	if t.Kind() == reflect.Struct && !decodesItself(t) {
		for i := range t.NumField() {
			f := t.Field(i)
			if f.IsExported() && !f.Anonymous && f.Tag.Get("json") == "" {
				list = append(list, f.Name)
			}
		}
	}
	untagged.Store(t, list)
	return list
}
