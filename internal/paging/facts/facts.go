// Package facts has what the documents of public connectors say about paging, and
// divides lists into pages as they do. It is for tests and for the fake service; what the
// SDK itself needs is generated from it.
package facts

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:embed paging.facts.json
var document []byte

// The roles of parameters, as in the document.
const (
	Cursor = "cursor"
	Count0 = "count0"
	Count1 = "count1"
	Offset = "offset"
	LastID = "last-id"
	Size   = "size"
	None   = "none"
)

// An Operation is an action on entities of a connector, all of which page alike.
type Operation struct {
	Slug, Action string
	Entities     []string
	Params       []Param           // in the order of their names
	Metadata     map[string]string // the forms of its members, by name
}

// A Param is a parameter that has to do with paging, or seems to.
type Param struct {
	Name, Type, Role string
	Default          int // the value that the vendor assumes
	Known            bool
}

// UnmarshalJSON reads an operation of the document.
func (op *Operation) UnmarshalJSON(b []byte) error {
	var raw struct {
		Slug, Action     string
		Entities         []string
		Params, Metadata map[string]string
	}
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*op = Operation{Slug: raw.Slug, Action: raw.Action, Entities: raw.Entities, Metadata: raw.Metadata}
	for _, name := range slices.Sorted(maps.Keys(raw.Params)) {
		p := Param{Name: name}
		words := strings.Fields(raw.Params[name]) // type, role, and "default", value
		switch {
		case len(words) == 4 && words[2] == "default":
			n, err := strconv.Atoi(words[3])
			if err != nil {
				return err
			}
			p.Default, p.Known = n, true
		case len(words) != 2:
			return fmt.Errorf("%s: parameter %s: cannot read %q", op.Slug, name, raw.Params[name])
		}
		p.Type, p.Role = words[0], words[1]
		op.Params = append(op.Params, p)
	}
	return nil
}

// All returns all operations.
var All = sync.OnceValue(func() []Operation {
	var facts struct{ Operations []Operation }
	if err := json.Unmarshal(document, &facts); err != nil {
		panic("facts: " + err.Error()) // the document is part of the program
	}
	return facts.Operations
})

// Find returns how an action pages. If the documents do not have it, it is the other
// operation of the entity or, without one, the one that most entities of the connector
// have. Find reports false for a connector that they do not have at all.
func Find(slug, entity, action string) (Operation, bool) {
	var best Operation
	rank := 0
	for _, op := range All() {
		if op.Slug != slug {
			continue
		}
		n := len(op.Entities)
		if slices.Contains(op.Entities, entity) {
			if n += 1000; op.Action == action {
				return op, true
			}
		}
		if n > rank {
			best, rank = op, n
		}
	}
	return best, rank > 0
}

// Turns returns the parameter that asks for a page, if there is one.
func (op Operation) Turns() (Param, bool) {
	for _, p := range op.Params {
		if p.Role != Size && p.Role != None {
			return p, true
		}
	}
	return Param{}, false
}

// PageSize returns the parameter for the number of records on a page, if there is one.
func (op Operation) PageSize() (Param, bool) {
	for _, p := range op.Params {
		if p.Role == Size {
			return p, true
		}
	}
	return Param{}, false
}

// Pages reports whether lists have more than one page at all: if so, a parameter asks
// for one, or a member of the metadata speaks of more.
func (op Operation) Pages() bool {
	_, turns := op.Turns()
	return turns || op.Tells()
}

// Tells reports whether a member of the metadata shows that there are more records.
func (op Operation) Tells() bool {
	for _, form := range op.Metadata {
		form, _, _ := strings.Cut(form, ":")
		if slices.Contains([]string{"token", "digits", "id", "json-text", "url", "path", "links", "object", "more", "last", "total", "pages"}, form) {
			return true
		}
	}
	return false
}
