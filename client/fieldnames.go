package client

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// Fields are decoded by their exact names. Whoever comes from encoding/json, which
// ignores case, and gives no tags, would get records whose fields are all zero. So the
// first record of a page is compared with the fields that have no name in a tag, and an
// error says which tag is missing.

// misnamed returns an error if a field of t, or of what its elements are, has another
// name than a member of the first record in text, though only the case differs, or "_"
// and "-". What is not a record of structs, or does not end in text, has no such fields.
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
		member := token.String()
		plain := plainName(member)
		for i, field := range fields {
			if plain == plainName(field) && like[i] != field {
				like[i] = member
			}
		}
		if dec.SkipValue() != nil {
			break
		}
	}
	for i, member := range like {
		if member != "" && member != fields[i] && dec.PeekKind() == '}' {
			return fmt.Errorf("the field %s needs the tag `json:%q`: names match exactly, including their case", fields[i], member)
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
