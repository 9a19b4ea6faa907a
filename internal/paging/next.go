package paging

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/maphash"
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
	Likely   []Param        // what turns pages in similar operations, if Declared is not known
	Param    string         // the parameter that the caller names for the next page, if any
	Params   map[string]any // the parameters of the request for this page
	Count    int            // the number of records; -1 if it is not known
	Records  []byte         // the records as they were sent; nil if they were not kept
	Last     func() []byte  // returns the last record, nil if there is none; nil if they were not kept
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
	NoID             // the last record has no ID
	Gone             // the records are needed, and were not kept
)

// Out is what follows from a page: Set, End or a Problem.
type Out struct {
	Set     map[string]any // the parameters to add for the next page: text or a json.Number; also if that came before
	End     bool           // there is no next page
	Problem Problem
	Why     string // the problem in words
	Drop    bool   // the records of this page came before and must not be yielded
	Ask     bool   // the decision could be another if it were known what the operation declares
	Cursor  string // the cursor of the next page, its number or a link to it, if the page tells
	State   State  // for the page after
}

// Next decides from a page what follows.
func Next(in In) Out {
	t := turn{In: in, State: in.State, s: read(in.Metadata, in.Beside)}
	if t.memory == nil {
		t.memory = newMemory(t.Limit)
	}
	t.choose()
	out := t.next()
	out.State = t.State
	if !out.End {
		out.Cursor = t.told(out)
	}
	out.Ask = !t.Known && t.Declared == nil && t.Param == "" && (!out.End || t.suspect())
	return out
}

// told returns the cursor of the next page, or the link to it, as the metadata has it,
// or else the number that was counted.
func (t *turn) told(out Out) string {
	switch n, counted := out.Set[t.p.Name].(json.Number); {
	case t.s.cursor.text != "":
		return t.s.cursor.text
	case t.s.link != "":
		return t.s.link
	case counted && t.p.Role != LastID:
		return n.String()
	}
	return ""
}

// suspect reports whether a page that seems to be the last may not be it: the metadata
// says nothing, and either the number of records is a usual one for a full page or the
// caller's parameters look as if records were counted.
func (t *turn) suspect() bool {
	if t.Count <= 0 || t.s.known || t.s.none {
		return false
	}
	if t.Count >= 5 && isCap(t.Count) {
		return true
	}
	for name, v := range t.Params {
		p := named(name, "")
		n, ok := integer(v)
		if ok && (p.Role == Size && n > 0 && int64(t.Count) >= n || p.Role == Offset || p.Role == Count0 || p.Role == Count1) {
			return true
		}
	}
	return false
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
	back    bool // what the page was asked for with led to an earlier page
}

// proven reports whether the parameter is known to turn pages by a cursor: then pages
// may look alike, and only a value that comes again shows that a page does.
func (t *turn) proven() bool { return t.p.Role == Cursor && (!t.guessed || t.Param != "") }

// loose reports whether what the parameter does was concluded from its name.
func (t *turn) loose() bool { return t.guessed || t.p.Unsure }

// choose finds the parameter that asks for the next page.
func (t *turn) choose() {
	if t.Param != "" {
		for _, p := range t.Declared {
			if p.Name == t.Param && p.Role.Turns() {
				t.p = p
				return
			}
		}
		p := named(t.Param, "")
		if !p.Role.Turns() {
			p.Role = Cursor
		}
		t.p, t.guessed = t.fit(p), true
		return
	}
	best := -1
	for _, p := range t.Declared {
		if n := t.suits(p); n > best {
			t.p, best = p, n
		}
	}
	if best >= 0 {
		t.p = t.fit(t.p)
		return
	}
	if t.Known {
		t.none = true
		return
	}
	t.guessed = true
	for _, name := range common { // of which the caller may have given one
		if v, given := t.Params[name]; given && t.could(name, v) {
			t.p = t.fit(named(name, ""))
			return
		}
	}
	for _, p := range t.Likely {
		if n := t.suits(p); n > max(best, 0) {
			t.p, best = p, n
		}
	}
	if best > 0 {
		t.p = t.fit(t.p)
		return
	}
	t.p, t.none = t.suggested()
}

// fit corrects what was concluded from the name of a parameter: it takes a cursor if the
// cursor of this page is not a number, or if a page before had a cursor for it.
func (t *turn) fit(p Param) Param {
	c := t.s.cursor.text
	if p.Unsure && (c != "" && (p.Role == LastID || !digits(c) && !p.Integer) || t.fed && !p.Integer) {
		p.Role = Cursor
	}
	return p
}

// suits returns how well a declared parameter suits the page, -1 if it does not turn
// pages.
func (t *turn) suits(p Param) int {
	if !p.Role.Turns() {
		return -1
	}
	n := 0
	if v, given := t.Params[p.Name]; given && (!p.Unsure || t.could(p.Name, v)) {
		n += 16
	}
	if !p.Unsure {
		return n
	}
	name, c, counts := plainName(p.Name), t.s.cursor, p.Role == Count0 || p.Role == Count1
	if c.text != "" {
		switch {
		case "next"+name == c.plain || name == c.plain:
			n += 4
		case p.Role == Cursor, p.Role == LastID:
			n += 3
		case !p.Integer, digits(c.text) && counts:
			n++
		}
		return n
	}
	_, in := query(t.s.link, p.Name)
	switch {
	case in, t.s.link != "" && takesLink(p.Name), counts && t.s.page+t.s.pages != "", p.Role == Offset && t.s.offset.text != "":
		n += 4
	case p.Role != Cursor: // no cursor came
		n += 2
	}
	return n
}

// common are the names of parameters that are often for cursors, offsets or pages, the
// likeliest first.
var common = []string{
	"cursor", "after", "starting_after", "startingAfter", "page_token", "pageToken", "next_page_token", "nextPageToken", "next_cursor", "nextCursor",
	"start_cursor", "startCursor", "continuation_token", "offset", "startAt", "start_at", "skip", "page", "page_number", "pageNumber",
}

// looksLikeDate reports whether a text begins as a date does, with a year and a month.
func looksLikeDate(s string) bool {
	year, rest, ok := strings.Cut(s, "-")
	month, _, _ := strings.Cut(strings.TrimRight(rest, "T "), "-")
	return ok && len(year) == 4 && digits(year) && len(month) == 2 && digits(month)
}

// could reports whether a parameter of the caller's may be the one that pages.
func (t *turn) could(name string, v any) bool {
	s := text(v)
	if s == "" || looksLikeDate(s) {
		return false
	}
	if role := named(name, "").Role; role == Cursor || role == LastID {
		return true
	}
	_, ok := integer(v)
	return ok && (t.s.cursor.text == "" || digits(t.s.cursor.text))
}

// suggested returns the parameter that the metadata suggests, and whether it suggests none.
func (t *turn) suggested() (_ Param, none bool) {
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
		case c.plain == "nextpage" && digits(c.text), c.plain == "page":
			name = "page"
		case c.plain == "after" || c.plain == "startingafter":
			name = c.name
		}
		return t.fit(named(name, "")), false
	case t.s.link != "":
		return Param{}, true
	case t.s.page != "" || t.s.pages != "":
		return named("page", ""), false
	case t.s.offset.text != "":
		p := named(t.s.offset.name, "")
		p.Role = Offset
		return p, false
	}
	return Param{}, true
}

func end() Out { return Out{End: true} }

func fail(p Problem, format string, args ...any) Out {
	return Out{Problem: p, Why: "there is a next page, but " + fmt.Sprintf(format, args...)}
}

// next decides. It changes the State to that for the page after.
func (t *turn) next() Out {
	page := t.pages
	if len(t.Records) > 0 && t.Count > 0 {
		h := maphash.Bytes(t.memory.seed, t.Records)
		t.again = t.memory.records.before(h, page)
		t.memory.records.add(h, page)
	}
	asked, given := t.Params[t.p.Name]
	if page == 0 {
		t.from, t.given = integer(asked)
		t.middle = given && text(asked) != ""
	}
	if given && t.p.Role != "" {
		h := t.memory.markOf(t.p.Name, text(asked))
		t.back = t.memory.values.before(h, page)
		t.memory.values.add(h, page)
	}
	t.pages++
	if t.empties++; t.Count != 0 {
		t.empties = 0
	}
	if !t.again {
		t.records += int64(max(t.Count, 0))
	}
	out := t.decide(asked, page == 0)
	t.longest = max(t.longest, t.Count)
	if out.Problem == Fine && !out.End && t.asksFor(out.Set) {
		drop := out.Drop
		out = fail(Repeated, "the metadata leads to this page again, whatever the parameter %q says", t.p.Name)
		out.Drop = drop
	}
	return out
}

// asksFor reports whether the request for this page had all the values of set.
func (t *turn) asksFor(set map[string]any) bool {
	for name, v := range set {
		if was, given := t.Params[name]; !given || text(was) != text(v) {
			return false
		}
	}
	return true
}

// comesAgain reports whether all the values asked for a page that came already, and
// otherwise remembers them for the page after this one.
func (t *turn) comesAgain(set map[string]any) bool {
	again := true
	for name, v := range set {
		again = again && t.memory.values.before(t.memory.markOf(name, text(v)), t.pages)
	}
	if !again {
		for name, v := range set {
			t.memory.values.add(t.memory.markOf(name, text(v)), t.pages)
		}
	}
	return again
}

// decide decides for a page that was asked for with the value asked of the parameter. first
// reports whether it is the first page.
func (t *turn) decide(asked any, first bool) Out {
	s := &t.s
	if t.again && !t.proven() {
		return t.repeated(asked)
	}
	if t.back && t.proven() {
		out := fail(Repeated, "%s", t.cycle())
		out.Drop = true
		return out
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
	if t.p.Role == Cursor {
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
	switch {
	case s.none && !s.more && s.cursor.text == "" && s.link == "":
		return end()
	case s.link != "":
		return fail(NoParam, "the connector gives a link to it, %q, not a cursor", s.linkName)
	case s.cursor.text != "":
		return fail(NoParam, "no parameter takes %q of the metadata", s.cursor.name)
	case s.strange != "":
		return fail(Unknown, "%q of the metadata is not understood", s.strange)
	case s.more:
		return fail(NoParam, "no parameter asks for it, and the metadata has no cursor")
	}
	if why := t.lacking(); why != "" {
		return fail(NoParam, "no parameter asks for it: %s", why)
	}
	if size, asked := t.sizeAsked(); asked && !t.Known && t.Count > 0 && int64(t.Count) >= size {
		return t.silent()
	}
	return end()
}

// lacking says that records have not come yet, according to the totals in the metadata. It
// returns "" if all have, or if there are no totals.
func (t *turn) lacking() string {
	if total, ok := number(t.s.total); ok && t.Count > 0 && total > t.records {
		return fmt.Sprintf("%d of %d records came", t.records, total)
	}
	pages, ok := number(t.s.pages)
	page, paged := number(t.s.page)
	if !paged && t.Known {
		page, paged = int64(t.pages), true
	}
	if ok && paged && t.Count > 0 && page < pages {
		return fmt.Sprintf("this is page %d of %d", page, pages)
	}
	return ""
}

// fromLink returns the parameters in the query of the link to the next page.
func (t *turn) fromLink() map[string]any {
	set := map[string]any{}
	for _, p := range append([]Param{t.p}, t.Declared...) {
		if v, ok := query(t.s.link, p.Name); ok && p.Role.Turns() {
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
	if digits(v) && (p.Integer || (t.guessed || p.Any) && (isNumber || ok && !text && whole)) {
		return json.Number(cmp.Or(strings.TrimLeft(v, "0"), "0")) // JSON has no 007
	}
	return v
}

// cursor is for a parameter that takes a cursor or a link.
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
	case s.none || t.Count == 0:
		return end()
	case t.loose(), t.p.Fed, t.fed:
		if why := t.lacking(); why != "" && !t.middle && (t.loose() || t.full()) {
			return fail(NoParam, "the metadata has no cursor: %s", why)
		}
		absent := len(t.Metadata) == 0 || t.Metadata.Kind() == 'n'
		if (t.loose() || absent) && !t.fed && !t.middle && t.full() {
			return t.silent()
		}
		return end()
	default:
		if size, ok := t.sizeAsked(); ok && t.Count > 0 && int64(t.Count) < size && !isCap(t.Count) {
			return end()
		}
		return t.silent()
	}
	if !t.comesAgain(set) {
		t.fed = true
		return Out{Set: set}
	}
	still := text(set[t.p.Name]) == was
	if still && (t.Count == 0 || s.none && !s.known) {
		return end() // the cursor is that of this page
	}
	out := fail(Repeated, "%s", t.cycle())
	if out.Drop = t.again || still && t.alone(); !still {
		out.Set = set
	}
	return out
}

// silent is for a page that may not be the last one, whose metadata says nothing but
// perhaps that all records came.
func (t *turn) silent() Out {
	if total, ok := number(t.s.total); ok && t.Count > 0 && total == t.records {
		return end()
	}
	return Out{Problem: Unknown, Why: "there may be a next page, but the metadata has nothing to ask for it with"}
}

// full reports whether a page has as many records as were asked for; or a number that is
// a usual size of pages, if none was asked for, or if the vendor may allow fewer.
func (t *turn) full() bool {
	size, asked := t.sizeAsked()
	if !asked {
		for _, p := range t.Declared {
			if p.Role == Size && p.Known {
				size, asked = p.Default, true
			}
		}
	}
	n := int64(t.Count)
	switch {
	case !asked:
		return n > 0 && (n%50 == 0 || n == 10 || n == 20 || n == 25 || n == 30)
	case n < size:
		return n > 0 && n%50 == 0
	}
	return n > 0
}

// alone reports whether this is the first page that is remembered, asked for with a
// parameter that was only a guess. If such a page asks for itself, the parameter had no
// effect, and the page is the first one of the list again.
func (t *turn) alone() bool { return t.pages == 1 && t.guessed && t.Param == "" }

// cycle says that a cursor came again.
func (t *turn) cycle() string {
	return fmt.Sprintf("the service gave a cursor again that it had given before, so it does not understand the parameter %q", t.p.Name)
}

// isCap reports whether a number of records looks like the most that a vendor sends
// at once: caps are round.
func isCap(n int) bool { return n%5 == 0 || n >= 8 && n&(n-1) == 0 }

// offsetToken reports whether a numeric member "offset" is the cursor that the
// parameter of the same name takes.
func (t *turn) offsetToken() bool {
	return !t.guessed && t.s.offset.text != "" && t.s.offset.name == t.p.Name && t.s.offset.text != "0"
}

// takesLink reports whether the name of a parameter says that it takes a link.
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
	if s.cursor.text != "" && t.loose() {
		n, ok := number(s.cursor.text)
		switch {
		case !ok:
			return fail(NoParam, "%q of the metadata is not a number, which the parameter %q takes", s.cursor.name, t.p.Name)
		case n > at:
			return t.set(n)
		}
	}
	if t.Count < 0 && (t.p.Role == Offset || !s.tells()) {
		return fail(Gone, "it is asked for by the records of this one, which were decoded already")
	}
	if !t.goesOn(at, first) {
		return end()
	}
	switch t.p.Role {
	case Offset:
		if t.Count == 0 {
			return fail(Unknown, "the metadata has no cursor, and there are no records to count the offset by")
		}
		return t.set(at + int64(t.Count))
	case LastID:
		var last []byte
		if t.Last != nil {
			last = t.Last()
		}
		id := idOf(last)
		switch {
		case last == nil && t.Count != 0:
			return fail(Gone, "it is asked for by the last record of this one, which was decoded already")
		case id == "":
			return fail(NoID, "its last record has no id to go on from")
		case asked != nil && text(asked) == id:
			out := fail(Repeated, "the last record is the one that the page was asked for with")
			out.Drop = t.again || t.alone()
			return out
		}
		return Out{Set: map[string]any{t.p.Name: t.form(t.p, id, false)}}
	}
	if page, ok := number(s.page); ok && t.loose() && t.s.cursor.text == "" {
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
	if t.loose() { // ask for 1 first, unless the metadata counts from 1
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
	n, ok := number(s.cursor.text)
	next := s.cursor.text != "" && !(ok && n <= at && t.p.Role != LastID) // else it is that of this page
	switch {
	case s.known:
		return s.more
	case s.link != "" || next:
		return t.Count != 0 || t.p.Role == Count0 || t.p.Role == Count1
	case s.none, t.Count == 0:
		return false
	}
	if pages, ok := number(s.pages); ok && t.p.Role != LastID && t.p.Role != Offset {
		if have, ok := number(s.page); ok && t.loose() && have == 0 {
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
		case t.p.Role == LastID: // the total may be that of the records from here on
			if t.records < total && !t.given {
				return true
			}
		case !t.given || t.from <= base:
			return t.records < total
		default: // earlier pages were as long as this one, or longer
			return (at-base+1)*int64(max(t.Count, t.longest)) < total
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

// sizeAsked returns the page size that the caller asked for. Where it is not known what
// the operation declares, the name of the parameter tells.
func (t *turn) sizeAsked() (int64, bool) {
	for _, p := range t.Declared {
		if p.Role == Size {
			if n, ok := integer(t.Params[p.Name]); ok {
				return n, true
			}
		}
	}
	if t.Known || t.Declared != nil {
		return 0, false
	}
	for name, v := range t.Params {
		if n, ok := integer(v); ok && n > 0 && named(name, "").Role == Size {
			return n, true
		}
	}
	return 0, false
}

// set asks for a page with a number, in the type that the parameter takes.
func (t *turn) set(n int64) Out {
	v := strconv.FormatInt(n, 10)
	given, isText := t.Params[t.p.Name].(string)
	isText = isText && given != ""
	if !t.guessed && !t.p.Any {
		isText = !t.p.Integer
	}
	if isText {
		return Out{Set: map[string]any{t.p.Name: v}}
	}
	return Out{Set: map[string]any{t.p.Name: json.Number(v)}}
}

func digits(s string) bool {
	return s != "" && !slices.ContainsFunc([]byte(s), func(b byte) bool { return b < '0' || b > '9' })
}

// idOf returns the ID of a record as text, "" if it has none.
func idOf(record []byte) string {
	dec := jsontext.NewDecoder(bytes.NewReader(record), lenient)
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '{' {
		return ""
	}
	id := ""
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return ""
		}
		isID := strings.EqualFold(name.String(), "id")
		if kind := dec.PeekKind(); !isID || kind != '"' && kind != '0' {
			if err := dec.SkipValue(); err != nil {
				return ""
			}
			continue
		}
		v, err := dec.ReadToken()
		if err != nil {
			return ""
		}
		id = v.String()
	}
	return id
}
