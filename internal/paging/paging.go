// Package paging knows how the operations of connectors turn pages. It holds what
// their documents declare ([Lookup]) and decides, from what a page brought, which
// parameters ask for the next one ([Next]). It sends nothing.
package paging

import (
	"strconv"
	"strings"
	"sync"
)

//go:generate go run gen.go

// A Role is what a parameter does for paging.
type Role string

// The roles of parameters.
const (
	Cursor Role = "cursor"  // takes the token that the page before gave
	Count0 Role = "count0"  // the number of the page, from 0
	Count1 Role = "count1"  // the number of the page, from 1
	Offset Role = "offset"  // how many records come before the page
	LastID Role = "last-id" // the ID of the last record of the page before
	Size   Role = "size"    // how many records a page may have
	None   Role = "none"    // does not page, whatever its name says
)

// turns reports whether a parameter of this role asks for a page.
func (r Role) turns() bool { return r != Size && r != None && r != "" }

// A Param is a parameter of an operation that says something about paging.
type Param struct {
	Name    string
	Role    Role
	Integer bool  // its value is a JSON number, else text
	Known   bool  // Default is known
	Default int64 // the value that the vendor assumes
	Fed     bool  // the metadata has a member with its next value while there is one
}

// key returns what names an operation in the index.
func key(slug, entity, action string) string { return slug + "\x00" + entity + "\x00" + action }

// index finds the line of the table that has an operation.
var index = sync.OnceValue(func() map[string]string {
	m := make(map[string]string, operations)
	for line := range strings.Lines(table) {
		slug, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		action, rest, _ := strings.Cut(rest, "\t")
		entities, params, _ := strings.Cut(rest, "\t")
		for entity := range strings.SplitSeq(entities, ",") {
			m[key(slug, entity, action)] = params
		}
	}
	return m
})

// Lookup returns the parameters that an operation declares for paging. It reports
// false if the operation is not known; an operation that is known and does not page
// has no parameters.
func Lookup(slug, entity, action string) ([]Param, bool) {
	line, ok := index()[key(slug, entity, action)]
	if !ok || line == "" {
		return nil, ok
	}
	var params []Param
	for field := range strings.SplitSeq(line, " ") {
		part := strings.Split(field, "=") // name, type, role, default, f if fed
		p := Param{Name: part[0], Integer: part[1] == "i", Role: Role(part[2]), Fed: part[4] == "f"}
		if part[3] != "" {
			p.Default, _ = strconv.ParseInt(part[3], 10, 64)
			p.Known = true
		}
		params = append(params, p)
	}
	return params, true
}
