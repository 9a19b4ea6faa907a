package paging

import "strings"

// A Described is a parameter as a connector describes it.
type Described struct {
	Name, Type  string // Type as in JSON Schema, "" if it is not known, several separated by |
	Format      string // as in JSON Schema
	Description string
	Default     string // a number as text, "" if there is none
}

// Declare returns what parameters that a connector describes do for paging. A
// description has no roles, so they follow from names and types.
func Declare(list []Described) []Param {
	declared := []Param{}
	for _, d := range list {
		p := named(d.Name, d.Type)
		if p.Role == "" || d.isDate() && p.Role == Cursor {
			continue
		}
		if n, ok := number(d.Default); ok {
			p.Default, p.Known = n, true
			if p.Role == Count1 && n == 0 {
				p.Role = Count0
			}
		}
		declared = append(declared, p)
	}
	return declared
}

// isDate reports whether a parameter takes a date or a time, and not a cursor.
func (d Described) isDate() bool {
	if strings.Contains(d.Format, "date") || strings.Contains(d.Format, "time") {
		return true
	}
	words := strings.ToLower(d.Description)
	for _, word := range []string{"cursor", "page", "paging", "pagination", "token"} {
		if strings.Contains(words, word) {
			return false
		}
	}
	return strings.Contains(words, "date") || strings.Contains(words, "timestamp") || strings.Contains(words, "iso 8601")
}

// named returns what a parameter does to judge by its name and type. Its Role is empty
// if nothing suggests that it has to do with paging.
func named(name, typ string) Param {
	p := Param{Name: name, Unsure: true, Any: typ == "" || strings.Contains(typ, "|")}
	number := strings.Contains(typ, "integer") || strings.Contains(typ, "number")
	text := typ != "" && !number
	switch plain := strings.Trim(strings.NewReplacer("[", "", "]", "").Replace(plainName(name)), " "); plain {
	case "limit", "perpage", "pagesize", "maxresults", "maxresultsperpage", "resultsperpage", "recordsperpage", "rowlimit", "pagelimit", "first", "count", "size", "top", "take":
		if !text {
			p.Role = Size
		}
	case "page", "pagenumber", "pageno", "pageindex", "currentpage":
		p.Role = Count1
		if text {
			p.Any = true // the number of the page, or a token
		}
	case "offset", "startat", "skip", "startrow", "startindex", "pageoffset", "start":
		switch {
		case text && plain != "start":
			p.Role = Cursor
		case plain != "start" || number: // else it may be a time
			p.Role = Offset
		}
	case "startingafter", "sinceid":
		p.Role = LastID
	case "cursor", "after", "pagetoken", "nextpagetoken", "nextcursor", "nexttoken", "startcursor", "continuationtoken", "continuation", "bookmark",
		"pagecursor", "pageafter", "aftercursor", "endcursor", "scrollid", "scrolltoken", "pagingtoken", "nextpage", "nextid":
		p.Role = Cursor
	default:
		if takesLink(name) && (strings.Contains(plain, "next") || strings.Contains(plain, "page")) {
			p.Role = Cursor
		}
	}
	p.Integer = number && !p.Any
	return p
}
