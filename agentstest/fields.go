package agentstest

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// lookup returns the value at a dotted path, nil if there is none. In an array
// it looks into every element and returns what it finds as an array.
func lookup(v any, path string) any {
	switch v := v.(type) {
	case map[string]any:
		if member, ok := v[path]; ok {
			return member // also a name with dots in it
		}
		if name, rest, found := strings.Cut(path, "."); found {
			return lookup(v[name], rest)
		}
	case []any:
		var all []any
		for _, element := range v {
			switch found := lookup(element, path).(type) {
			case nil:
			case []any:
				all = append(all, found...)
			default:
				all = append(all, found)
			}
		}
		if all != nil {
			return all
		}
	}
	return nil
}

// pick returns a copy of a record with only these paths.
func pick(v any, paths []string) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = pick(element, paths)
		}
		return list
	case map[string]any:
		out := map[string]any{}
		nested := map[string][]string{}
		for _, path := range paths {
			if member, ok := v[path]; ok {
				out[path] = member
			} else if name, rest, found := strings.Cut(path, "."); found {
				nested[name] = append(nested[name], rest)
			}
		}
		for name, rest := range nested {
			if _, whole := out[name]; whole {
				continue
			}
			switch v[name].(type) {
			case map[string]any, []any:
				out[name] = pick(v[name], rest)
			}
		}
		return out
	}
	return v
}

// drop returns a copy of a record without these paths.
func drop(v any, paths []string) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = drop(element, paths)
		}
		return list
	case map[string]any:
		out := maps.Clone(v)
		for _, path := range paths {
			if _, ok := out[path]; ok {
				delete(out, path)
			} else if name, rest, found := strings.Cut(path, "."); found {
				if member, ok := out[name]; ok {
					out[name] = drop(member, []string{rest})
				}
			}
		}
		return out
	}
	return v
}

// shorten returns a copy of a record with its long texts cut.
func shorten(v any) any {
	switch v := v.(type) {
	case string:
		if utf8.RuneCountInString(v) > maxText {
			return string([]rune(v)[:maxText]) + "…"
		}
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = shorten(element)
		}
		return list
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[name] = shorten(member)
		}
		return out
	}
	return v
}

// compare orders two values: numbers by size, date-times by instant, other
// texts byte by byte, false before true. It reports false for values that have
// no order.
func compare(a, b any) (int, bool) {
	x, xok := numberOf(a)
	y, yok := numberOf(b)
	if xok && yok {
		return x.Cmp(y), true
	}
	s, sok := a.(string)
	t, tok := b.(string)
	if sok && tok {
		if at, ok := instant(s); ok {
			if other, ok := instant(t); ok {
				return at.Compare(other), true
			}
		}
		return strings.Compare(s, t), true
	}
	p, pok := a.(bool)
	q, qok := b.(bool)
	if pok && qok {
		switch {
		case p == q:
			return 0, true
		case q:
			return -1, true
		}
		return 1, true
	}
	return 0, false
}

// sortCompare is compare for sorting, where every two values need an order:
// booleans come first, then numbers, date-times, other texts, and the rest.
func sortCompare(a, b any) int {
	if order := cmp.Compare(sortRank(a), sortRank(b)); order != 0 {
		return order
	}
	order, _ := compare(a, b)
	return order
}

func sortRank(v any) int {
	switch v := v.(type) {
	case bool:
		return 0
	case json.Number, float64:
		return 1
	case string:
		if _, ok := instant(v); ok {
			return 2
		}
		return 3
	}
	return 4
}

// instant reads a date-time of RFC 3339, in which t and z may be lower case.
func instant(s string) (time.Time, bool) {
	const shortest = "2006-01-02T15:04:05Z"
	if len(s) < len(shortest) || s[4] != '-' || s[10] != 'T' && s[10] != 't' {
		return time.Time{}, false
	}
	var t time.Time
	err := t.UnmarshalText([]byte(strings.ToUpper(s))) // stricter than time.Parse
	return t, err == nil
}

// equal reports whether two JSON values are the same. Texts are the same if
// they are date-times of the same instant.
func equal(a, b any) bool {
	if order, ok := compare(a, b); ok {
		return order == 0
	}
	switch a := a.(type) {
	case nil:
		return b == nil
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		return ok && maps.EqualFunc(a, b, equal)
	case json.Number: // one that number does not read
		b, ok := b.(json.Number)
		return ok && a == b
	}
	return false
}
