package facts

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// A List is a list of records that an operation divides into pages.
type List struct {
	Operation
	Total int              // the number of records
	Size  int              // the number of records on a page unless asked
	Max   int              // the most records on a page, whatever is asked for
	Key   func(int) string // the ID of a record by its index
	URL   string           // of the list, for links
	Null  bool             // members of the metadata without a value are null; else they are absent
}

// A Page is a page of a list: the records from Start to before End.
type Page struct {
	Start, End int
	Metadata   map[string]any
}

// A ParamError reports a parameter that the vendor refuses.
type ParamError struct{ Name, Reason string }

func (e *ParamError) Error() string { return e.Name + ": " + e.Reason }

// Page returns the page that the parameters ask for. Parameters that the operation does
// not declare are ignored, as most vendors do.
func (l List) Page(params map[string]any) (Page, error) {
	size := l.Size
	if p, ok := l.PageSize(); ok && params[p.Name] != nil {
		n, ok := number(params[p.Name])
		if !ok || n < 1 {
			return Page{}, &ParamError{p.Name, "Input should be an integer greater than or equal to 1"}
		}
		size = n
	}
	size = min(size, l.Max)
	if !l.Pages() {
		size = max(l.Total, 1)
	}
	start := 0
	if p, ok := l.Turns(); ok && params[p.Name] != nil && params[p.Name] != "" {
		var problem string
		if start, problem = l.start(p, params[p.Name], size); problem != "" {
			return Page{}, &ParamError{p.Name, problem}
		}
	}
	start = min(start, l.Total)
	page := Page{Start: start, End: min(start+size, l.Total)}
	page.Metadata = l.metadata(page, size)
	return page, nil
}

// start returns the index of the first record that a parameter asks for, or what is
// wrong with it.
func (l List) start(p Param, v any, size int) (at int, problem string) {
	n, isNumber := number(v)
	switch p.Role {
	case Count0, Offset:
		if !isNumber || n < 0 {
			return 0, "Input should be an integer greater than or equal to 0"
		}
		if p.Role == Count0 {
			n *= size
		}
		return n, ""
	case Count1:
		if !isNumber || n < 1 {
			return 0, "Input should be an integer greater than or equal to 1"
		}
		return (n - 1) * size, ""
	case LastID:
		return l.after(fmt.Sprint(v))
	}
	s := fmt.Sprint(v)
	if f, ok := v.(float64); ok {
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	switch l.form() {
	case "id":
		return l.after(s)
	case "json-text":
		var pair []string
		if json.Unmarshal([]byte(s), &pair) == nil && len(pair) == 2 {
			n, isNumber = number(pair[1])
		}
	case "digits":
	default:
		if p.Type != "integer" {
			raw, _ := base64.RawURLEncoding.DecodeString(s)
			at, found := strings.CutPrefix(string(raw), l.secret())
			n, isNumber = number(at)
			isNumber = isNumber && found
			break
		}
		n -= cursorBase
	}
	if !isNumber || n < 0 {
		return 0, "The cursor is not from this list"
	}
	return n, ""
}

// after returns the index after the record with an ID.
func (l List) after(id string) (at int, problem string) {
	for i := range l.Total {
		if l.Key(i) == id {
			return i + 1, ""
		}
	}
	return 0, fmt.Sprintf("No record has the id %q", id)
}

// form returns the form of the member that holds the next cursor.
func (l List) form() string {
	for _, form := range []string{"token", "digits", "id", "json-text"} {
		for _, have := range l.Metadata {
			if have == form {
				return form
			}
		}
	}
	return "token"
}

// secret is what cursors of the list begin with, before they are encoded.
func (l List) secret() string { return l.Slug + "/" + strings.Join(l.Entities, ",") + ":" }

// cursorBase is the least cursor that is an integer: such a one is a time.
const cursorBase = 1767225600

// next returns the values of the next page in each form of a cursor.
func (l List) next(end int) map[string]string {
	last := ""
	if end > 0 {
		last = l.Key(end - 1)
	}
	return map[string]string{
		"token":     base64.RawURLEncoding.EncodeToString([]byte(l.secret() + strconv.Itoa(end))),
		"digits":    strconv.Itoa(end),
		"id":        last,
		"json-text": fmt.Sprintf(`["1","%d"]`, end),
	}
}

// link returns the query of the link to the next page.
func (l List) link(p Page, size int) string {
	name, value := "token", l.next(p.End)["token"]
	if turns, ok := l.Turns(); ok {
		name, value = turns.Name, l.next(p.End)[l.form()]
		switch {
		case turns.Role == Count0:
			value = strconv.Itoa(p.Start/size + 1)
		case turns.Role == Count1:
			value = strconv.Itoa(p.Start/size + 2)
		case turns.Role == Offset:
			value = strconv.Itoa(p.End)
		case turns.Role == LastID:
			value = l.next(p.End)["id"]
		case turns.Type == "integer":
			value = strconv.Itoa(cursorBase + p.End)
		}
	}
	return "?" + url.Values{name: {value}, "view": {"all"}}.Encode()
}

func (l List) metadata(p Page, size int) map[string]any {
	more, meta := p.End < l.Total, map[string]any{}
	set := func(member string, v any) {
		if more {
			meta[member] = v
		} else if l.Null {
			meta[member] = nil
		}
	}
	at, path, next := l.URL, "", l.next(p.End)
	if u, err := url.Parse(l.URL); err == nil {
		path = u.Path
	}
	link := l.link(p, size)
	pages := (l.Total + size - 1) / size
	for member, form := range l.Metadata {
		form, members, _ := strings.Cut(form, ":")
		switch form {
		case "token", "digits", "id", "json-text":
			set(member, next[form])
		case "url":
			set(member, at+link)
		case "path":
			set(member, path+link)
		case "page":
			meta[member] = p.Start/size + 1
		case "page0":
			meta[member] = p.Start / size
		case "offset":
			meta[member] = p.Start
		case "limit":
			meta[member] = size
		case "size":
			meta[member] = p.End - p.Start
		case "total":
			meta[member] = l.Total
		case "estimate":
			meta[member] = l.Total * 3
		case "pages":
			meta[member] = pages
		case "more":
			meta[member] = more
		case "last":
			meta[member] = !more
		case "flag":
			meta[member] = true
		case "text":
			meta[member] = "auto"
		case "first-path":
			meta[member] = path + "?first=1"
		case "previous-url":
			if meta[member] = nil; p.Start > 0 {
				meta[member] = at + "?page=" + strconv.Itoa(max(p.Start/size, 1))
			}
		case "links", "other-links":
			list := []any{map[string]any{"rel": "self", "href": at}, map[string]any{"rel": "parent", "href": strings.TrimSuffix(at, path)}}
			if more && form == "links" {
				list = append(list, map[string]any{"rel": "next", "href": at + link})
			}
			meta[member] = list
		case "start-token":
			if !more {
				meta[member] = "start-1"
			}
		case "object":
			if members == "offset,path,uri" { // of the next page
				set(member, map[string]any{"offset": next["token"], "path": path + link, "uri": at + link})
				break
			}
			meta[member] = map[string]any{"page": p.Start/size + 1, "page_size": size, "total_number": l.Total, "total_page": pages}
		default:
			panic("facts: a form without a meaning: " + form)
		}
	}
	return meta
}

// number reads a whole number of the types that JSON is decoded to, or text of one.
func number(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case int64:
		return int(v), true
	case float64:
		return int(v), v == float64(int(v))
	case json.Number:
		return number(v.String())
	case string:
		n, err := strconv.Atoi(strings.TrimSpace(v))
		return n, err == nil
	}
	return 0, false
}
