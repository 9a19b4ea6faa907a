package model

import (
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
			continue
		}
		p.Fed = fed && p.Role == "cursor"
		rule.Params = append(rule.Params, p)
	}
	return rule
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
