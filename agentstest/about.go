package agentstest

import (
	"cmp"
	"encoding/json"
	"strings"
)

// about returns what a description says of a parameter: what the document says, and what
// has no place of its own in a description, such as a format, limits and the members of
// an object.
func (d *description) about(s *schema, text string) string {
	details := d.details(s)
	if members := d.members(s, 0); len(members) > toldBytes {
		details = append(details, strings.ToValidUTF8(members[:toldBytes], "")+"…")
	} else if members != "" {
		details = append(details, members)
	}
	return told(text, details...)
}

// told puts sentences and phrases together.
func told(text string, details ...string) string {
	if len(details) == 0 {
		return text
	}
	return strings.TrimPrefix(text+"; "+strings.Join(details, "; "), "; ")
}

// details returns what a value may be, beside its type and its enumeration.
func (d *description) details(s *schema) []string {
	s = d.of(s)
	var all []string
	if s.Type == "array" || s.Type == "map" {
		if of := d.of(s.Items); of.Type != "" && of.Type != "object" {
			all = append(all, "of "+of.Type)
		}
		if of := d.of(s.Items); len(of.Enum) > 0 {
			all = append(all, "each one of "+strings.Join(of.Enum, " "))
		}
	}
	switch s.Format {
	case "":
	case "date":
		all = append(all, "a date, such as 2026-01-02")
	case "date-time":
		all = append(all, "a time, such as 2026-01-02T03:04:05Z")
	default:
		all = append(all, "format "+s.Format)
	}
	for _, limits := range []struct {
		least, most json.Number
		of          string
	}{{s.Minimum, s.Maximum, ""}, {s.MinLength, s.MaxLength, " characters"}, {s.MinItems, s.MaxItems, " items"}} {
		switch least, most := limits.least.String(), limits.most.String(); {
		case least != "" && most != "":
			all = append(all, least+" to "+most+limits.of)
		case least != "":
			all = append(all, "at least "+least+limits.of)
		case most != "":
			all = append(all, "at most "+most+limits.of)
		}
	}
	if s.Default != "" {
		all = append(all, "default "+s.Default)
	}
	return all
}

// The most that is told of the members of an object.
const (
	toldDepth   = 2
	toldMembers = 30
	toldBytes   = 2000
)

// members lists the members of an object, or of those in an array.
func (d *description) members(s *schema, depth int) string {
	if s = d.of(s); s.Type == "array" {
		if list := d.members(s.Items, depth); list != "" {
			return "each with " + list
		}
		return ""
	}
	if len(s.Properties) == 0 || depth > toldDepth {
		return ""
	}
	var list []string
	for _, p := range s.Properties {
		if p.ReadOnly {
			continue
		}
		if len(list) == toldMembers {
			list = append(list, "and others")
			break
		}
		inner := d.of(p.Schema)
		text := cmp.Or(inner.Type, "anything")
		if p.Required {
			text += ", required"
		}
		if p.Description != "" {
			text += ", " + strings.TrimSuffix(p.Description, ".")
		}
		for _, detail := range d.details(inner) {
			text += ", " + detail
		}
		if len(inner.Enum) > 0 {
			text += ", one of " + strings.Join(inner.Enum, " ")
		}
		if members := d.members(inner, depth+1); members != "" {
			text += ", " + members
		}
		list = append(list, p.Name+" ("+text+")")
	}
	return "members: " + strings.Join(list, ", ")
}

// about says what an entity is, and what the document says of its actions.
func (e *entity) about(of string) string {
	text := title(e.name) + " of " + of
	if e.described == nil {
		return text
	}
	for _, a := range e.described.Actions {
		if a.Description != "" {
			text += "; " + a.Name + ": " + strings.TrimSuffix(a.Description, ".")
		}
	}
	return text
}
