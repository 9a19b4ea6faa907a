package agentstest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// checkOwn returns an error if a test's records have fields that the document does not
// have, or values that it does not allow. Fields may be missing, null or "", since not
// every test needs all. Limits and formats are not looked at: vendors break them.
func (d *description) checkOwn(e *describedEntity, records []*record) error {
	if len(d.shapeOf(e).Properties) == 0 {
		return nil // nothing is known of them
	}
	known, open := map[string][]*schema{}, false
	add := func(s *schema) {
		s = d.of(s)
		open = open || s.Open && len(s.Properties) > 0
		for _, p := range s.Properties {
			known[p.Name] = append(known[p.Name], p.Schema)
		}
	}
	add(e.Store)
	for _, a := range e.Actions {
		add(a.Result)
	}
	for _, a := range e.Actions { // lists may select by what records do not show
		for _, p := range a.Params {
			if known[p.Name] == nil {
				known[p.Name] = []*schema{{}}
			}
		}
	}
	for i, r := range records {
		fields, _ := r.get().(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			some := known[name]
			if some == nil && !open {
				return fmt.Errorf("the document has no field %q, which record %d of %q has; closest: %s", name, i+1, e.Name, strings.Join(closestTo(name, slices.Sorted(maps.Keys(known))), ", "))
			}
			why := ""
			for _, s := range some {
				if why = d.stray(fields[name], s, name); why == "" {
					break
				}
			}
			if why != "" {
				return fmt.Errorf("record %d of %q is not as the document says: %s", i+1, e.Name, why)
			}
		}
	}
	return nil
}

// stray returns what is wrong with a value of a test, "" if nothing is.
func (d *description) stray(v any, s *schema, at string) string {
	s = d.of(s)
	if v == nil || v == "" {
		return ""
	}
	text, isText := v.(string)
	switch s.Type {
	case "object":
		members, ok := v.(map[string]any)
		if !ok {
			break
		}
		var names []string
		schemas := map[string]*schema{}
		for _, p := range s.Properties {
			names = append(names, p.Name)
			schemas[p.Name] = p.Schema
		}
		for _, name := range slices.Sorted(maps.Keys(members)) {
			switch inner := schemas[name]; {
			case inner != nil:
				if why := d.stray(members[name], inner, at+"."+name); why != "" {
					return why
				}
			case !s.Open && len(names) > 0:
				return fmt.Sprintf("%s has no member %q; closest: %s", at, name, strings.Join(closestTo(name, names), ", "))
			}
		}
		return ""
	case "array", "map":
		inside := map[string]any{}
		switch v := v.(type) {
		case []any:
			for i, one := range v {
				inside[strconv.Itoa(i)] = one
			}
		case map[string]any:
			inside = v
		}
		if _, isList := v.([]any); isList != (s.Type == "array") {
			break
		}
		for _, name := range slices.Sorted(maps.Keys(inside)) {
			if why := d.stray(inside[name], s.Items, at+"."+name); why != "" {
				return why
			}
		}
		return ""
	case "integer", "number": // vendors send them as texts, too
		if isText {
			if _, ok := numberOf(json.Number(text)); ok {
				return ""
			}
		}
	case "boolean":
		if text == "true" || text == "false" {
			return ""
		}
	case "":
		for _, one := range s.AnyOf {
			if d.stray(v, one, at) == "" {
				return ""
			}
		}
	}
	plain := *s
	plain.Minimum, plain.Maximum, plain.MinLength, plain.MaxLength, plain.MinItems, plain.MaxItems = "", "", "", "", "", ""
	plain.Shape, plain.Format = "", ""
	if item := d.misfit(v, &plain, at); item != nil {
		problem := fmt.Sprintf("%s: %s", at, item.Message)
		if isText && len(s.Enum) > 0 {
			problem += ", not " + strconv.Quote(text) + "; closest: " + strings.Join(closestTo(text, s.Enum), ", ")
		}
		return problem
	}
	return ""
}
