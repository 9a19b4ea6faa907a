package agentstest

import (
	"encoding/json"
	"maps"
	"strings"
	"unicode/utf8"
)

// lookup finds what a dotted path leads to. In arrays it looks into every
// element and gives what it found as an array.
func lookup(v any, path string) any {
	switch v := v.(type) {
	case map[string]any:
		if member, ok := v[path]; ok {
			return member // also a name that has dots in it
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

// pick is a copy of a record with these paths only.
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

// drop is a copy of a record without these paths.
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

// shorten is a copy of a record whose long texts are cut.
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

// compare orders two values: numbers by size, texts by letters. It reports
// false for values that have no order.
func compare(a, b any) (int, bool) {
	x, xok := number(a)
	y, yok := number(b)
	if xok && yok {
		return x.Cmp(y), true
	}
	s, sok := a.(string)
	t, tok := b.(string)
	if sok && tok {
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

// equal compares two values of JSON.
func equal(a, b any) bool {
	if order, ok := compare(a, b); ok {
		return order == 0
	}
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
