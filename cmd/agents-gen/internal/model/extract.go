package model

import (
	"fmt"
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
