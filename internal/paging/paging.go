// Package paging knows how the operations of connectors turn pages. It holds what
// their documents declare ([Lookup]) and decides, from what a page brought, which
// parameters ask for the next one ([Next]). It sends nothing.
//
// It has no variables that are computed when a program starts, so that programs which
// do not page link none of it.
package paging

import (
	"encoding/binary"
	"slices"
	"sort"
	"strconv"
	"strings"
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

// Turns reports whether a parameter of this role asks for a page.
func (r Role) Turns() bool { return r != Size && r != None && r != "" }

// A Param is a parameter of an operation that says something about paging.
type Param struct {
	Name    string
	Role    Role
	Integer bool  // its value is a JSON number, else text
	Known   bool  // Default is known
	Default int64 // the value that the vendor assumes
	Fed     bool  // the metadata has a member with its next value while there is one
	Unsure  bool  // the role was concluded from the name
	Any     bool  // the type is not known, or both numbers and text are taken
}

// Lookup returns the parameters that an operation declares for paging. It reports
// false if the operation is not known; an operation that is known and does not page
// has no parameters. The table has hashes of the names, so there is a chance of one in
// millions that a name which is not in it is mistaken for one that is.
func Lookup(slug, entity, action string) ([]Param, bool) {
	key := hash(slug, entity, action)
	i := sort.Search(len(keys)/keySize, func(i int) bool { return keyAt(i) >= key })
	if i*keySize == len(keys) || keyAt(i) != key {
		return nil, false
	}
	return paramsOf(int(keys[i*keySize+4])), true
}

// paramsOf returns the parameters on a line of the table.
func paramsOf(n int) (params []Param) {
	line := declared
	for range n {
		_, line, _ = strings.Cut(line, "\n")
	}
	line, _, _ = strings.Cut(line, "\n")
	for field := range strings.FieldsSeq(line) {
		part := strings.Split(field, "=") // name, type, role, default, f if fed
		p := Param{Name: part[0], Integer: part[1] == "i", Role: Role(part[2]), Fed: part[4] == "f"}
		if part[3] != "" {
			p.Default, _ = strconv.ParseInt(part[3], 10, 64)
			p.Known = true
		}
		params = append(params, p)
	}
	return params
}

// Likely returns the parameters that turn pages in the other operations of a kind of
// connector, for one that is not known.
func Likely(slug string) (params []Param) {
	for line := range strings.Lines(slugs) {
		numbers, ok := strings.CutPrefix(line, slug)
		if !ok || strings.TrimLeft(numbers, " \n") == numbers {
			continue
		}
		for number := range strings.FieldsSeq(numbers) {
			n, _ := strconv.Atoi(number)
			for _, p := range paramsOf(n) {
				if p.Role.Turns() && !slices.ContainsFunc(params, func(have Param) bool { return have.Name == p.Name }) {
					p.Unsure, p.Fed = true, false
					params = append(params, p)
				}
			}
		}
	}
	return params
}

// keySize is the number of bytes that the table has for each operation: a hash of its
// names, and the number of the line of what it declares.
const keySize = 5

func keyAt(i int) uint32 { return binary.BigEndian.Uint32([]byte(keys[i*keySize : i*keySize+4])) }

// hash is FNV-1a.
func hash(names ...string) uint32 {
	h := uint32(2166136261)
	for _, name := range names {
		for i := range len(name) {
			h = (h ^ uint32(name[i])) * 16777619
		}
		h *= 16777619 // as for a byte of zero
	}
	return h
}

// Slugs iterates over the kinds of connectors that the table has.
func Slugs(yield func(string) bool) {
	for line := range strings.Lines(slugs) {
		if slug, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); !yield(slug) {
			return
		}
	}
}
