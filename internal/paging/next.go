package paging

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// In is what a page brought.
type In struct {
	Metadata jsontext.Value // of the connector
	Beside   jsontext.Value // an object with the members beside the records, if any
	Declared []Param        // what the operation declares
	Known    bool           // Declared is known, also if it is empty
	Param    string         // the parameter that the caller names for the next page, if any
	Params   map[string]any // the parameters of the request for this page
	Count    int            // the number of records
	LastID   string         // the ID of the last record, "" if it has none
	Print    uint64         // a hash of the records, the same for the same records
	State    State          // what [Next] returned for the page before
}

// A Problem is a kind of reason why the next page cannot be asked for.
type Problem int

// The problems.
const (
	Fine     Problem = iota
	Unknown          // the metadata speaks of a next page and is not understood, or says nothing where it has to
	NoParam          // no parameter takes what the metadata has
	Repeated         // a page came again, or would
)

// Out is what follows from a page: Set, End or a Problem.
type Out struct {
	Set     map[string]any // the parameters to add for the next page: text or a json.Number
	End     bool           // there is no next page
	Problem Problem
	Why     string // the problem in words, to follow "there is a next page, but"
	Drop    bool   // the records of this page came before and are not to be yielded
	State   State  // for the page after; the State of In must not be used any more
}

// maxSeen is how many pages a State remembers.
const maxSeen = 1 << 16

// A State is what is remembered from page to page. Its zero value is that before the
// first page. It remembers a bounded number of pages, and beyond that still notices
// every cycle in the end.
type State struct {
	pages   int
	records int64
	longest int
	empties int   // how many of the last pages were empty
	from    int64 // the value that the first page was asked with, if counted
	given   bool  // from was given
	tried   bool  // another base was tried
	fed     bool  // a page before had a cursor
	prints  memory
	values  memory
}

// A memory holds what was seen. When it is full it holds one more, which is replaced
// at growing distances, so that any cycle comes across it.
type memory struct {
	seen            map[string]struct{}
	anchor          string
	steps, anchorAt int
}

func (m *memory) has(s string) bool {
	_, ok := m.seen[s]
	return ok || m.anchor != "" && m.anchor == s
}

func (m *memory) add(s string) {
	switch {
	case len(m.seen) < maxSeen:
		if m.seen == nil {
			m.seen = map[string]struct{}{}
		}
		m.seen[s] = struct{}{}
	default:
		if m.steps++; m.steps >= m.anchorAt {
			m.anchor, m.anchorAt = s, 2*m.steps
		}
	}
}

// Next decides from a page what follows.
func Next(in In) Out {
	t := turn{In: in, State: in.State, s: read(in.Metadata, in.Beside)}
	t.choose()
	out := t.next()
	out.State = t.State
	return out
}

// A turn is one call of Next.
type turn struct {
	In
	State
	s       signs
	p       Param
	guessed bool // the parameter is not declared
	none    bool // no parameter is known
	again   bool // the records came before
}

// choose finds the parameter that asks for the next page.
func (t *turn) choose() {
	if t.Param != "" {
		for _, p := range t.Declared {
			if p.Name == t.Param && p.Role.turns() {
				t.p = p
				return
			}
		}
		t.p, t.guessed = guess(t.Param), true
		return
	}
	first := -1
	for i, p := range t.Declared {
		if _, given := t.Params[p.Name]; p.Role.turns() && (first < 0 || given) {
			first = i
		}
	}
	if first >= 0 {
		t.p = t.Declared[first]
		return
	}
	if t.Known {
		t.none = true
		return
	}
	t.guessed = true
	for _, name := range common {
		if v, given := t.Params[name]; given && t.could(name, v) {
			t.p = guess(name)
			return
		}
	}
	t.p, t.none = t.suggested()
}

var common = []string{
	"cursor", "after", "starting_after", "startingAfter", "page_token", "pageToken", "next_page_token", "nextPageToken", "next_cursor", "nextCursor",
	"start_cursor", "startCursor", "continuation_token", "offset", "startAt", "start_at", "skip", "page", "page_number", "pageNumber",
}

var date = regexp.MustCompile(`^\d{4}-\d\d(-\d\d)?([T ].*)?$`)

// could reports whether a parameter of the caller's may be the one that pages.
func (t *turn) could(name string, v any) bool {
	s := text(v)
	if s == "" || date.MatchString(s) {
		return false
	}
	if guess(name).Role == Cursor {
		return true
	}
	_, ok := integer(v)
	return ok && (t.s.cursor.text == "" || digits(t.s.cursor.text))
}

func (t *turn) suggested() (Param, bool) {
	switch c := t.s.cursor; {
	case c.text != "":
		name := "cursor"
		switch {
		case c.name == "nextPageToken" || c.name == "pageToken":
			name = "pageToken"
		case c.plain == "nextpagetoken" || c.plain == "pagetoken":
			name = "page_token"
		case c.plain == "nextoffset" || c.plain == "offset":
			name = "offset"
		case c.plain == "nextpage" && digits(c.text):
			name = "page"
		case c.plain == "after" || c.plain == "startingafter":
			name = c.name
		}
		p := guess(name)
		if !digits(c.text) {
			p.Role = Cursor
		}
		return p, false
	case t.s.link != "":
		return Param{}, true
	case t.s.page != "" || t.s.pages != "":
		return guess("page"), false
	case t.s.offset.text != "":
		return guess(t.s.offset.name), false
	}
	return Param{}, true
}

// guess returns a parameter that is not declared.
func guess(name string) Param {
	switch plainName(name) {
	case "page", "pagenumber":
		return Param{Name: name, Role: Count1, Integer: true}
	case "offset", "startat", "skip", "startrow":
		return Param{Name: name, Role: Offset, Integer: true}
	case "startingafter":
		return Param{Name: name, Role: LastID}
	}
	return Param{Name: name, Role: Cursor}
}

func end() Out { return Out{End: true} }

func fail(p Problem, format string, args ...any) Out {
	return Out{Problem: p, Why: fmt.Sprintf(format, args...)}
}

// next decides. It changes the State to that for the page after.
func (t *turn) next() Out {
	first := t.pages == 0
	mark := strconv.FormatUint(t.Print, 36)
	t.again = t.Count > 0 && t.prints.has(mark)
	asked, given := t.Params[t.p.Name]
	if first {
		t.from, t.given = integer(asked)
	}
	if given && t.p.Role != "" {
		t.values.add(key(t.p.Name, digest(text(asked)), ""))
	}
	t.pages++
	if t.Count > 0 {
		t.prints.add(mark)
		t.empties = 0
	} else {
		t.empties++
	}
	if !t.again {
		t.records += int64(t.Count)
	}
	out := t.decide(asked, first)
	t.longest = max(t.longest, t.Count)
	return out
}

func (t *turn) decide(asked any, first bool) Out {
	s := &t.s
	byCursor := !t.none && t.p.Role == Cursor
	if t.again && (!byCursor || t.guessed && t.LastID != "") {
		return t.repeated(asked)
	}
	if s.known && !s.more {
		return end()
	}
	if t.none {
		return t.without()
	}
	if t.empties > 100 {
		return fail(Unknown, "the last hundred pages were empty")
	}
	if byCursor {
		return t.cursor(asked)
	}
	return t.counted(asked, first)
}

// repeated is for records that came before, with a parameter that proves nothing.
func (t *turn) repeated(asked any) Out {
	n, ok := integer(asked)
	if t.pages == 2 && !t.tried && ok && n == 1 && (t.p.Role == Count1 || t.p.Role == Count0) && (!t.given || t.from == 0) {
		t.tried = true
		out := t.set(2)
		out.Drop = true
		return out
	}
	said := t.s.known && t.s.more || t.s.link != "" || t.s.cursor.text != "" || t.pages == 3 && t.tried
	if t.pages >= 3 && !said {
		return Out{End: true, Drop: true}
	}
	out := fail(Repeated, "the connector sent the same records again, so it does not understand the parameter %q", t.p.Name)
	out.Drop = true
	return out
}

// without is for operations that have no parameter that turns pages.
func (t *turn) without() Out {
	s := &t.s
	total, ok := number(s.total)
	switch {
	case s.none && !s.more && s.cursor.text == "" && s.link == "":
		return end()
	case s.link != "":
		return fail(NoParam, "the connector gives a link to it, %q, and no parameter takes it", s.linkName)
	case s.cursor.text != "":
		return fail(NoParam, "no parameter takes %q of the metadata", s.cursor.name)
	case s.strange != "":
		return fail(Unknown, "%q of the metadata is not understood", s.strange)
	case s.more:
		return fail(NoParam, "no parameter asks for it, and the metadata has no cursor")
	case ok && total > t.records && t.Count > 0:
		return fail(NoParam, "no parameter asks for it: %d of %d records came", t.records, total)
	}
	if page, ok := number(s.page); ok && t.Known {
		if pages, ok := number(s.pages); ok && page < pages {
			return fail(NoParam, "no parameter asks for it: this is page %d of %d", page, pages)
		}
	}
	return end()
}

// fromLink returns the parameters in the query of the link to the next page.
func (t *turn) fromLink() map[string]any {
	set := map[string]any{}
	for _, p := range append([]Param{t.p}, t.Declared...) {
		if v, ok := query(t.s.link, p.Name); ok && p.Role.turns() {
			set[p.Name] = t.form(p, v, false)
		}
	}
	return set
}

// form gives a value the type that the parameter takes.
func (t *turn) form(p Param, v string, isNumber bool) any {
	given, ok := t.Params[p.Name]
	_, text := given.(string)
	_, whole := integer(given)
	if digits(v) && (p.Integer || t.guessed && (isNumber || ok && !text && whole)) {
		return json.Number(v)
	}
	return v
}

func (t *turn) cursor(asked any) Out {
	s := &t.s
	set := map[string]any{}
	was := ""
	if asked != nil {
		was = text(asked)
	}
	switch {
	case s.cursor.text != "":
		set[t.p.Name] = t.form(t.p, s.cursor.text, s.cursor.number)
	case s.link != "":
		if set = t.fromLink(); len(set) == 0 {
			if t.Param == "" && !takesLink(t.p.Name) {
				return fail(NoParam, "the connector gives a link to it, %q, without the parameter %q", s.linkName, t.p.Name)
			}
			set[t.p.Name] = s.link
		}
	case s.strange != "":
		return fail(Unknown, "%q of the metadata is not understood", s.strange)
	case t.offsetToken():
		set[t.p.Name] = t.form(t.p, s.offset.text, s.offset.number)
	case s.more:
		return fail(Unknown, "the metadata has no cursor")
	case s.none, t.guessed, t.p.Fed, t.fed, t.Count == 0:
		if t.guessed && !s.none && t.p.Role == Cursor && s.pages != "" {
			if page, ok := number(s.page); ok {
				if pages, ok := number(s.pages); ok && page < pages {
					return fail(NoParam, "the metadata has no cursor: this is page %d of %d", page, pages)
				}
			}
		}
		return end()
	default:
		if size, ok := t.sizeAsked(); ok && int64(t.Count) < size {
			return end()
		}
		return Out{Problem: Unknown, Why: "or may be, and the metadata has nothing to ask for it"}
	}
	same := true
	for name, v := range set {
		same = same && t.values.has(key(name, digest(text(v)), ""))
	}
	if !same {
		for name, v := range set {
			t.values.add(key(name, digest(text(v)), ""))
		}
		t.fed = true
		return Out{Set: set}
	}
	still := text(set[t.p.Name]) == was
	if still && (t.Count == 0 || s.none && !s.known) {
		return end() // the cursor is that of this page
	}
	out := fail(Repeated, "the service gave a cursor again that it had given before, so it does not understand the parameter %q", t.p.Name)
	out.Drop = t.again
	return out
}

// offsetToken reports whether a numeric member "offset" is the cursor that the
// parameter of the same name takes.
func (t *turn) offsetToken() bool {
	return !t.guessed && t.s.offset.text != "" && t.s.offset.name == t.p.Name && t.s.offset.text != "0"
}

func takesLink(name string) bool {
	plain := plainName(name)
	return strings.Contains(plain, "url") || strings.Contains(plain, "link") || strings.Contains(plain, "href") || strings.HasSuffix(plain, "uri")
}

// counted is for page numbers, offsets and IDs of last records.
func (t *turn) counted(asked any, first bool) Out {
	s := &t.s
	at, given := integer(asked)
	if !given {
		at = t.start()
	}
	if s.link != "" {
		set := t.fromLink()
		v, ok := integer(set[t.p.Name])
		switch {
		case ok && t.p.Role != LastID && v > at, len(set) > 0 && t.p.Role == LastID:
			return Out{Set: set}
		case t.guessed && t.Param != "" && len(set) == 0:
			return fail(NoParam, "the connector gives a link to it, %q, without the parameter %q", s.linkName, t.p.Name)
		}
	}
	if s.strange != "" {
		return fail(Unknown, "%q of the metadata is not understood", s.strange)
	}
	if s.cursor.text != "" && t.guessed && t.p.Role != LastID {
		n, ok := number(s.cursor.text)
		switch {
		case !ok:
			return fail(NoParam, "%q of the metadata is not a number, which the parameter %q takes", s.cursor.name, t.p.Name)
		case n > at:
			return t.set(n)
		}
	}
	if t.p.Role == LastID && s.cursor.text != "" && t.guessed {
		return t.cursor(asked)
	}
	if !t.goesOn(at, first) {
		return end()
	}
	switch t.p.Role {
	case Offset:
		if t.Count == 0 {
			return fail(Unknown, "this one is empty, and the offset is counted by records")
		}
		return t.set(at + int64(t.Count))
	case LastID:
		if t.LastID == "" {
			return fail(Unknown, "the last record has no id to go on from")
		}
		v := t.form(t.p, t.LastID, false)
		if asked != nil && text(asked) == t.LastID {
			out := fail(Repeated, "the last record is the one that the page was asked for with")
			out.Drop = t.again
			return out
		}
		return Out{Set: map[string]any{t.p.Name: v}}
	}
	if page, ok := number(s.page); ok && t.guessed && t.s.cursor.text == "" {
		if given && page > at || !given && page > 1 {
			return t.set(page) // some give the next one
		}
		return t.set(page + 1)
	}
	return t.set(at + 1)
}

// start returns the value of the first page.
func (t *turn) start() int64 {
	if t.p.Known {
		return t.p.Default
	}
	if t.p.Role != Count1 {
		return 0
	}
	if t.guessed { // ask for 1 first, unless the metadata counts from 1
		if n, ok := number(t.s.page); ok {
			return min(n, 1)
		}
		if t.s.pages != "" {
			return 1
		}
		return 0
	}
	return 1
}

// goesOn reports whether there is a page after a counted one.
func (t *turn) goesOn(at int64, first bool) bool {
	s := &t.s
	base := int64(0)
	if t.p.Role == Count1 {
		base = 1
	}
	switch {
	case s.known:
		return s.more
	case s.link != "" || s.cursor.text != "":
		return t.Count > 0 || t.p.Role == Count0 || t.p.Role == Count1
	case s.none, t.Count == 0:
		return false
	}
	if pages, ok := number(s.pages); ok && t.p.Role != LastID && t.p.Role != Offset {
		if have, ok := number(s.page); ok && t.guessed && have == 0 {
			base = 0
		}
		return at-base+1 < pages
	}
	if total, ok := number(s.total); ok {
		switch {
		case t.p.Role == Offset:
			return at+int64(t.Count) < total
		case total <= int64(t.Count):
			return false
		case t.p.Role != LastID && (!t.given || t.from <= base):
			return t.records < total
		}
	}
	if t.guessed && s.page == "" && s.offset.text == "" && s.size == "" && t.Param == "" {
		return false // nothing tells that this operation pages
	}
	if size, ok := t.sizeAsked(); ok {
		return first || t.Count >= t.longest && int64(t.Count) >= min(size, int64(t.longest))
	}
	if !first {
		return t.Count >= t.longest
	}
	for _, p := range t.Declared {
		if p.Role == Size && p.Known {
			return int64(t.Count) >= p.Default
		}
	}
	if size, ok := number(s.size); ok {
		return int64(t.Count) >= size
	}
	return true
}

// sizeAsked returns the page size that the caller asked for.
func (t *turn) sizeAsked() (int64, bool) {
	for _, p := range t.Declared {
		if p.Role == Size {
			if n, ok := integer(t.Params[p.Name]); ok {
				return n, true
			}
		}
	}
	return 0, false
}

func (t *turn) set(n int64) Out {
	v := strconv.FormatInt(n, 10)
	if _, isText := t.Params[t.p.Name].(string); isText && (t.guessed || !t.p.Integer) {
		return Out{Set: map[string]any{t.p.Name: v}}
	}
	return Out{Set: map[string]any{t.p.Name: json.Number(v)}}
}

func digits(s string) bool {
	return s != "" && !slices.ContainsFunc([]byte(s), func(b byte) bool { return b < '0' || b > '9' })
}

// digest shortens a long text to a hash.
func digest(s string) string {
	if len(s) <= 24 {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return string(sum[:16])
}
