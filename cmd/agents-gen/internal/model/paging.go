package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/airbyte-agents/airbyte-agents-go/cmd/agents-gen/internal/document"
)

var (
	sizeNames = []string{
		"limit", "perpage", "pagesize", "size", "maxresults", "pagelimit", "top", "hitsperpage", "recordsperpage", "resultsperpage",
		"itemsperpage", "maxitems", "maxrecords", "count", "first", "maxpagesize", "maxresultsperpage", "numresults", "pagemaxsize",
	}
	cursorNames = []string{
		"cursor", "pagetoken", "nextpagetoken", "nexttoken", "nextcursor", "startcursor", "endcursor", "pagecursor", "pageafter", "aftercursor",
		"continuationtoken", "continuation", "paginationtoken", "startingtoken", "scrollid", "searchafter", "bookmark", "pageinfo", "nextpage",
		"pagingtoken", "cursortoken", "resumetoken", "lastevaluatedkey", "exclusivestartkey",
	}
	// These turn pages only where the metadata has something for them.
	doubtfulNames = []string{"after", "offset", "page", "start", "marker", "next", "from", "position", "skip", "nextlink", "nexturl"}
	offsetNames   = []string{"offset", "skip", "startat", "start", "startrow", "startindex", "startposition", "firstresult", "pageoffset", "startfrom"}
	pageNames     = []string{"page", "pagenumber", "pageno", "pagenum", "pageindex", "currentpage"}
	lastIDNames   = []string{"startingafter", "startingafterid", "lastid", "afterid", "sinceid"}
)

// pageRule finds how an operation turns pages, from its parameters and from what the
// metadata of its pages has.
func (b *builder) pageRule(o document.Operation, params []source) PageRule {
	var rule PageRule
	for _, p := range params {
		if b.required(p) {
			rule.When = append(rule.When, p.name)
		}
	}
	slices.Sort(rule.When)
	for _, m := range o.Meta {
		rule.Metadata = append(rule.Metadata, m.Name)
	}
	if o.NoPaging {
		return rule
	}
	fed := slices.ContainsFunc(o.Meta, func(m document.Meta) bool { return feeds(m.Name) })
	var passed []source
	for _, s := range params {
		v := b.view(s.schema)
		p := PageParam{Name: s.name}
		p.Integer = v.Kind() == document.Integer || v.Kind() == document.Number
		if n, err := strconv.ParseInt(v.Default, 10, 64); err == nil && p.Integer {
			p.Default, p.Known = n, true
		}
		isText := v.Kind() == document.String && len(v.Enum) == 0 && v.Format != "date"
		switch plain := plain(s.name); {
		case p.Integer && slices.Contains(sizeNames, plain):
			p.Role = "size"
		case p.Integer && slices.Contains(offsetNames, plain):
			p.Role = "offset"
		case slices.Contains(pageNames, plain) && (p.Integer || isText && !fed):
			p.Role = "count1"
			if p.Known && p.Default == 0 || !p.Known && v.Limits.Minimum == "0" {
				p.Role = "count0"
			}
		case slices.Contains(lastIDNames, plain) && (p.Integer || isText) && !fed && strings.HasPrefix(plain, "starting"):
			p.Role = "last-id"
		case isText && (slices.Contains(cursorNames, plain) || fed && (slices.Contains(doubtfulNames, plain) || slices.Contains(lastIDNames, plain))):
			p.Role = "cursor"
		default:
			passed = append(passed, s)
			continue
		}
		p.Fed = fed && p.Role == "cursor"
		rule.Params = append(rule.Params, p)
	}
	if !rule.Turns() {
		rule.Unused = b.unused(passed, fed)
	}
	return rule
}

// Turns reports whether a parameter asks for the next page.
func (r *PageRule) Turns() bool {
	return slices.ContainsFunc(r.Params, func(p PageParam) bool { return p.Role != "size" })
}

// unmistakable are names that parameters have for nothing but turning pages.
var unmistakable = []string{
	"cursor", "page_token", "next_token", "next_cursor", "page_cursor", "next_page_token", "continuation_token", "pagination_token", "offset", "starting_after", "page_number",
}

// unused returns the parameters which should turn pages, as it seems, and do not.
func (b *builder) unused(params []source, fed bool) []Unused {
	var all []Unused
	for _, s := range params {
		if s.in == "path" || s.in == "header" || s.in == "cookie" || s.injected {
			continue
		}
		plain := plain(s.name)
		isCursor := slices.Contains(cursorNames, plain)
		isNumber := slices.Contains([]string{"offset", "page", "pagenumber", "pageno", "pagenum", "pageindex", "currentpage", "pageoffset"}, plain)
		closest := document.Nearest(s.name, unmistakable, 1)
		switch kind := b.view(s.schema).Kind(); {
		case isCursor && (kind == document.Integer || kind == document.Number):
			all = append(all, Unused{s.name, "is a number, and a cursor is a text"})
		case isCursor && kind == document.Any:
			all = append(all, Unused{s.name, "has no type, and a cursor is a text"})
		case isNumber && kind == document.String && !fed:
			all = append(all, Unused{s.name, "is a text"})
		case isNumber && kind == document.Any:
			all = append(all, Unused{s.name, "has no type"})
		case closest != "" && !isCursor && !isNumber && (kind == document.String || kind == document.Integer):
			all = append(all, Unused{s.name, "is not known to (closest: " + closest + ")"})
		}
	}
	return all
}

// checkPages notes what keeps a list from having pages, as it seems, and metadata that is
// nowhere in the response.
func (b *builder) checkPages(o document.Operation, rule PageRule) {
	on := o.Entity + "." + o.Action
	for _, p := range rule.Unused {
		b.pkg.note(document.Doubt, "pages", "%s has one page: the parameter %q looks as if it turned pages, and %s", on, p.Name, p.Why)
	}
	for _, m := range o.Meta {
		if lacks, probably := b.lacks(o.Response, m.Path); lacks && o.Response != nil {
			level := document.Detail
			if probably {
				level = document.Doubt
			}
			b.pkg.note(level, "extractors", "%s: the metadata %q is never there: nothing describes %q in the response", on, m.Name, m.Path)
		}
		if len(rule.Unused) == 0 && !o.NoPaging && !rule.Turns() && feeds(m.Name) && !isLink(m.Name) {
			b.pkg.note(document.Doubt, "pages", "%s has one page: it has the metadata %q, and no parameter takes what is in it", on, m.Name)
		}
	}
}

// isLink reports whether a member of the metadata is a link, which needs no parameter.
func isLink(name string) bool {
	plain := plain(name)
	return slices.ContainsFunc([]string{"link", "url", "uri", "href"}, func(word string) bool { return strings.Contains(plain, word) })
}

// Pages tells how a list turns pages, "" for an action that is no list.
func (a *Action) Pages() string {
	var ways []string
	for _, r := range a.Paging {
		way := "one page"
		for _, p := range r.Params {
			if p.Role == "size" || way != "one page" {
				continue
			}
			way = p.Name
			if p.Role == "cursor" {
				var from []string
				for _, name := range r.Metadata {
					if feeds(name) {
						from = append(from, name)
					}
				}
				if from != nil {
					way += " (" + strings.Join(from, ", ") + ")"
				}
			}
		}
		for _, name := range r.Metadata {
			if way == "one page" && feeds(name) && isLink(name) {
				way = "the link in " + name
			}
		}
		for _, p := range r.Unused {
			way += fmt.Sprintf("; the parameter %q %s", p.Name, p.Why)
		}
		if !slices.Contains(ways, way) {
			ways = append(ways, way)
		}
	}
	return strings.Join(ways, ", or ")
}

// feeds reports whether a member of the metadata may have what asks for the next page.
func feeds(name string) bool {
	plain := plain(name)
	for _, flag := range []string{"has", "more", "total", "count", "prev", "first", "last", "limit", "size"} {
		if strings.HasPrefix(plain, flag) {
			return false
		}
	}
	for _, word := range []string{"next", "cursor", "token", "after", "link", "url", "offset", "marker", "bookmark"} {
		if strings.Contains(plain, word) {
			return true
		}
	}
	return false
}

// plain returns a name in lower case and without punctuation.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
