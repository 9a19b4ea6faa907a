package paging

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/airbyte-agents/airbyte-agents-go/internal/jsonv1"
)

// A value is a cursor, or a number, that the metadata has.
type value struct {
	name   string // as it stands
	plain  string
	text   string
	number bool
	rank   int
}

// signs are what metadata says about paging, before it is interpreted.
type signs struct {
	more, known bool // known: a flag says whether there is another page
	cursor      value
	link        string
	linkName    string
	none        bool   // a member for the next page is null or empty
	strange     string // a member that speaks of a next page and is not understood
	page, pages string
	token       value // a page that is not a number, which is a cursor if there are more
	total       string
	offset      value
	size        string
}

// The names below are functions and not maps, so that programs which do not page do
// not link them.

// rank returns how likely it is that a member holds the cursor of the next page, 1 for
// the best, and 0 if its name does not say so. Names are plain.
func rank(name string) int {
	switch name {
	case "nextcursor", "nextpagetoken", "nexttoken", "nextoffset", "nextid", "nextbookmark":
		return 1
	case "nextpage":
		return 2
	case "endcursor":
		return 3
	case "after", "startingafter", "pagetoken", "continuationtoken", "bookmark":
		return 4
	case "cursor":
		return 5
	case "next":
		return 6
	case "offset":
		return 9
	}
	return 0
}

// flag reports whether a name is that of a flag for more pages, and whether it means
// that there are more if it is true.
func flag(name string) (more, ok bool) {
	switch name {
	case "hasnextpage", "hasmore", "hasnext", "more", "hasmorepages", "morerecords", "moreresultsavailable":
		return true, true
	case "islast", "islastpage", "lastpage", "done":
		return false, true
	}
	return false, false
}

// contains reports whether a member of the name may hold what is said about paging.
func contains(name string) bool {
	switch name {
	case "pagination", "paging", "pageinfo", "meta", "metadata", "responsemetadata", "links", "cursors", "cursor", "page", "info":
		return true
	}
	return false
}

// beside reports whether the name is one of those that stand beside a cursor inside a
// member for the next page.
func beside(name string) bool {
	switch name {
	case "limit", "size", "count", "perpage", "pagesize", "rel", "type", "title", "method", "path", "uri":
		return true
	}
	return false
}

// lenient are the options for what vendors send.
var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// anything is any value, whose numbers are as they were sent.
type anything struct{ v any }

func (a *anything) UnmarshalJSONFrom(dec *jsontext.Decoder) (err error) {
	a.v, err = jsonv1.Read(dec, true)
	return err
}

func read(raw ...jsontext.Value) signs {
	var s signs
	for _, r := range raw {
		var v anything
		if jsonv2.Unmarshal(r, &v, lenient) == nil {
			o, _ := v.v.(map[string]any)
			s.object(o, false, "", 0)
		}
	}
	if s.cursor.text == "" && s.more {
		s.cursor = s.token
	}
	return s
}

func (s *signs) object(o map[string]any, next bool, in string, depth int) {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		plain := plainName(name)
		speaks := strings.Contains(plain, "next") && !strings.HasPrefix(plain, "has")
		switch v := o[name].(type) {
		case nil:
			s.none = s.none || speaks || rank(plain) > 0 && plain != "offset"
		case bool:
			if means, ok := flag(plain); ok {
				s.flag(v == means)
			} else if speaks {
				s.flag(v)
			}
		case map[string]any:
			switch {
			case depth > 3:
			case speaks && len(v) == 0:
				s.none = true
			case speaks:
				before := *s
				s.object(v, true, plain, depth+1)
				if s.cursor == before.cursor && s.link == before.link && s.strange == "" {
					s.strange = name
				}
			case contains(plain):
				s.object(v, false, plain, depth+1)
			}
		case []any:
			if speaks || plain == "links" {
				s.list(name, v, speaks)
			}
		case string:
			s.scalar(name, plain, strings.TrimSpace(v), false, next, speaks, in)
		case json.Number:
			s.scalar(name, plain, v.String(), true, next, speaks, in)
		}
	}
}

// tells reports whether the metadata says if there is another page.
func (s *signs) tells() bool {
	return s.known || s.none || s.cursor.text != "" || s.link != "" || s.pages != ""
}

func (s *signs) flag(more bool) { s.more, s.known = s.more || more, true }

// list reads a list of links.
func (s *signs) list(name string, list []any, speaks bool) {
	rels, found := 0, false
	for _, item := range list {
		o, _ := item.(map[string]any)
		rel, ok := o["rel"].(string)
		if ok {
			rels++
		}
		if !strings.EqualFold(rel, "next") {
			continue
		}
		for _, key := range []string{"href", "url", "uri"} {
			if to, ok := o[key].(string); ok && to != "" {
				s.link, s.linkName, found = to, name, true
			}
		}
		if !found && s.strange == "" {
			s.strange = name
		}
	}
	switch {
	case !speaks || found:
	case rels == len(list):
		s.none = true
	case s.strange == "":
		s.strange = name
	}
}

func (s *signs) scalar(name, plain, text string, number, next, speaks bool, in string) {
	if text == "" || text == "null" {
		s.none = s.none || speaks || rank(plain) > 0 && plain != "offset"
		return
	}
	if means, ok := flag(plain); ok && !(plain == "lastpage" && number) {
		switch strings.ToLower(text) {
		case "true", "1":
			s.flag(means)
		case "false", "0":
			s.flag(!means)
		}
		return
	}
	if isLink(plain, text) {
		if speaks || next || rank(plain) > 0 || plain == "odatanextlink" {
			if s.link == "" || plain == "url" || plain == "uri" || plain == "href" {
				s.link, s.linkName = text, name
			}
		}
		return
	}
	if !next {
		switch plain {
		case "page", "currentpage", "pagenumber":
			if _, err := strconv.ParseInt(text, 10, 64); err != nil && !number && plain == "page" {
				s.token = value{name: name, plain: plain, text: text, rank: 8}
				return
			}
			s.page = text
			return
		case "number":
			if in == "page" {
				s.page = text
			}
			return
		case "totalpages", "totalpage", "pagecount", "lastpage", "lastpagenumber", "pages":
			s.pages = text
			return
		case "total", "totalcount", "totalitems", "totalrecords", "totalresults", "totalnumber", "rowcount", "contactcount":
			s.total = text
			return
		case "startat", "skip", "start":
			s.offset = value{name: name, plain: plain, text: text, number: number}
			return
		case "offset":
			if number {
				s.offset = value{name: name, plain: plain, text: text, number: number}
				return
			}
		case "limit", "maxresults", "pagesize", "perpage":
			s.size = text
			return
		}
	}
	best := rank(plain)
	ok := best > 0
	switch {
	case next && beside(plain):
		return
	case next:
		if ok = true; best > 0 {
			best = 1
		} else {
			best = 2
		}
	case !ok && speaks:
		if s.strange == "" {
			s.strange = name
		}
		return
	}
	if !ok || number && text == "0" {
		return
	}
	if s.cursor.text == "" || best < s.cursor.rank {
		s.cursor = value{name: name, plain: plain, text: text, number: number, rank: best}
	}
}

// isLink reports whether a member holds a link. A token may begin with a slash, so a
// name that promises one is believed.
func isLink(plain, s string) bool {
	switch {
	case strings.HasPrefix(s, "https://"), strings.HasPrefix(s, "http://"):
		return true
	case strings.Contains(plain, "cursor"), strings.Contains(plain, "token"), strings.Contains(plain, "bookmark"), strings.HasSuffix(plain, "after"):
		return false
	case strings.HasPrefix(s, "?"):
		return strings.Contains(s, "=")
	}
	return strings.HasPrefix(s, "/") && (strings.Contains(s, "?") || strings.Count(s, "/") > 1 && !strings.HasSuffix(s, "="))
}

// query returns a parameter in the query of a link.
func query(link, name string) (string, bool) {
	u, err := url.Parse(link)
	if err != nil {
		return "", false
	}
	q := u.Query()
	return q.Get(name), q.Get(name) != ""
}

// plainName returns a name in lower case, without what separates its words.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '_', '-', '@', '.', ' ':
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// integer reads a whole number of any type, or text of one. A float64 that JSON
// decoded is exact if it is whole.
func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case nil:
		return 0, false
	case float64:
		n := int64(v)
		return n, float64(n) == v
	case float32:
		n := int64(v)
		return n, float32(n) == v
	case json.Number:
		return number(v.String())
	case string:
		return number(v)
	}
	raw, err := jsonv1.Marshal(v)
	if err != nil {
		return 0, false
	}
	return number(strings.Trim(string(raw), `"`))
}

// number reads a whole number in a text, also one with an exponent.
func number(s string) (int64, bool) {
	s = strings.TrimSpace(s)
	n, err := strconv.ParseInt(s, 10, 64)
	if err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != float64(int64(f)) || f > 1<<53 || f < -1<<53 {
		return 0, false
	}
	return int64(f), true
}

// text returns a parameter as text, numbers without an exponent.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	if n, ok := integer(v); ok {
		return strconv.FormatInt(n, 10)
	}
	raw, _ := jsonv1.Marshal(v)
	return string(raw)
}
