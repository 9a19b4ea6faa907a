package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
)

// extract follows the path of an extractor through the schema of a response. It
// reports whether the path names many values. why is why the schema is not known.
func (b *builder) extract(s *document.Schema, path string) (of *document.Schema, many bool, why string) {
	steps, ok := parsePath(path)
	if !ok {
		return nil, false, fmt.Sprintf("the path %q is not understood", path)
	}
	if s == nil {
		return nil, false, ""
	}
	for _, step := range steps {
		v := b.view(s)
		var next *document.Schema
		switch step.kind {
		case stepName:
			for _, p := range v.Properties {
				if p.Name == step.name {
					next = p.Schema
				}
			}
			if next == nil {
				next = v.Additional
			}
		case stepIndex:
			next = v.Items
		case stepAll:
			next, many = v.Items, true
		}
		if next == nil {
			return nil, many, fmt.Sprintf("nothing describes %q in the response", path)
		}
		s = next
	}
	return s, many, ""
}

// lacks reports whether a path leads to what a response does not have, as far as its
// schema tells, and whether it is probably meant to lead to something else. Responses
// are often described without what stands beside the records.
func (b *builder) lacks(s *document.Schema, path string) (lacks, probably bool) {
	steps, ok := parsePath(path)
	if !ok || !strings.HasPrefix(strings.TrimSpace(path), "$") {
		return false, false // not a path in the response
	}
	for i, step := range steps {
		v := b.view(s)
		switch {
		case v.Kind() == document.Array && step.kind != stepName:
			s = v.Items
		case v.Kind() == document.Object && step.kind == stepName:
			var names []string
			next := v.Additional
			for _, p := range v.Properties {
				names = append(names, p.Name)
				if p.Name == step.name {
					next = p.Schema
				}
			}
			if next == nil {
				return !v.Open && v.Union == nil, i > 0 && i == len(steps)-1 || document.Nearest(step.name, names, 1) != ""
			}
			s = next
		case v.Kind() == document.Any, v.Kind() == document.Map:
			return false, false
		default:
			return true, true
		}
		if s == nil {
			return false, false
		}
	}
	return false, false
}

// checkRecords notes a list whose records are one object, as it seems by mistake.
func (b *builder) checkRecords(o document.Operation) {
	s, many, why := b.extract(o.Response, o.Extractor)
	if many || why != "" || b.view(s).Kind() != document.Object {
		return
	}
	var lists []string
	whole := b.view(o.Response)
	for _, p := range whole.Properties {
		if in := b.view(p.Schema); in.Kind() == document.Array && b.view(in.Items).Kind() == document.Object {
			lists = append(lists, "$."+p.Name)
		}
	}
	if len(lists) == 0 || s == o.Response && slices.ContainsFunc(whole.Properties, func(p document.Property) bool { return plain(p.Name) == "id" }) {
		return // it is a record
	}
	on, where := o.Entity+"."+o.Action, strings.Join(lists, " or ")
	if s == o.Response {
		b.pkg.note(document.Doubt, "extractors", "%s: the response is an object, and nothing tells where the records are in it: add x-airbyte-record-extractor: %s", on, where)
		return
	}
	b.pkg.note(document.Doubt, "extractors", "%s: x-airbyte-record-extractor names %q, which is an object and no list; there is a list at %s", on, o.Extractor, where)
}

type stepKind int

const (
	stepName stepKind = iota
	stepIndex
	stepAll
)

type step struct {
	kind stepKind
	name string
}

// parsePath reads a path of JSONPath without filters and without descent.
func parsePath(path string) ([]step, bool) {
	var steps []step
	rest := strings.TrimPrefix(strings.TrimSpace(path), "$")
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, ".."):
			return nil, false
		case rest[0] == '.' && len(rest) > 1 && rest[1] == '[':
			rest = rest[1:]
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if len(rest) > 1 && (rest[1] == '\'' || rest[1] == '"') {
				end = strings.Index(rest, rest[1:2]+"]") + 1
			}
			if end < 2 {
				return nil, false
			}
			inside := strings.TrimSpace(rest[1:end])
			rest = rest[end+1:]
			if _, err := strconv.Atoi(inside); err == nil {
				steps = append(steps, step{kind: stepIndex})
				continue
			}
			switch {
			case inside == "*" || inside == ":":
				steps = append(steps, step{kind: stepAll})
			case len(inside) > 2 && (inside[0] == '\'' || inside[0] == '"'):
				steps = append(steps, step{name: inside[1 : len(inside)-1]})
			default:
				return nil, false
			}
		default:
			rest = strings.TrimPrefix(rest, ".")
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			name := rest[:end]
			rest = rest[end:]
			switch name {
			case "":
				if rest != "" || len(steps) > 0 {
					return nil, false
				}
			case "*":
				steps = append(steps, step{kind: stepAll})
			default:
				steps = append(steps, step{name: name})
			}
		}
	}
	return steps, true
}
