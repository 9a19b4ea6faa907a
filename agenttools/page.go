package agenttools

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
)

// A page is what one request brought, or a list that the package made, and what follows
// it. It is shown in one answer or, if it does not fit, in several. What is shown of it
// does not change, so that an answer that was lost can be given again.
type page struct {
	sheet

	of    *reading // what it is a page of; nil for lists and descriptions
	about string   // what the rows are of, in one short line
	noun  string   // what the rows are
	first int      // the number of the first row, from 1
	note  string   // a line for the first answer
	stuck string   // why there are more rows that nobody can ask for
	next  *place   // what follows; nil if nothing does

	handles map[int]string // the handles for the rest of the page, by the index of a row; the shelf guards it
	refs    int            // how many handles there are for it; the shelf guards it
}

// show lays out records for answers of at most budget bytes. The other fields of p must
// be set.
func (p *page) show(records []node, budget int, tool string) {
	room := budget - p.around(len(records), tool)
	p.sheet = layOut(records, room, room-len(cutNote(p.first+len(records), largestSize))-1)
}

// quote lays out the lines of a text.
func (p *page) quote(lines []string, budget int, tool string) {
	room := budget - p.around(len(lines), tool)
	for i, line := range lines {
		line = strings.Map(func(r rune) rune {
			if r == '\n' || r == '\u2028' || r == '\u2029' {
				return ' '
			}
			return r
		}, clean(line))
		if len(line)+1 > room {
			if p.whole == nil {
				p.whole = map[int]size{}
			}
			p.whole[i] = size{bytes: len(line), text: true}
			line = strings.Clone(shorten(line, room-len(cutNote(len(lines), largestSize))-2))
		}
		p.rows = append(p.rows, line)
	}
}

// around returns the number of bytes that an answer has around the rows of the page, at
// most. tool is the name of the tool for the next page.
func (p *page) around(rows int, tool string) int {
	n := len(p.heading(p.first+rows, p.first+rows)) + 1
	n += len(openMark(noCode)) + 1 + len(closeMark(noCode)) + 1
	if p.note != "" {
		n += len(p.note) + 1
	}
	return n + max(len(turn(tool, noHandle)), len(p.ending(tool, noHandle)))
}

// heading is the first line of an answer.
func (p *page) heading(from, to int) string {
	if to < from {
		return fmt.Sprintf("%s: no %s", p.about, p.noun)
	}
	return fmt.Sprintf("%s: %s %d to %d", p.about, p.noun, from, to)
}

// turn is the last line of an answer that more follows.
func turn(tool, handle string) string { return tool + " " + handle }

// ending is the last line of the last answer of a page.
func (p *page) ending(tool, handle string) string {
	switch {
	case p.next != nil:
		return turn(tool, handle)
	case p.stuck != "":
		return "there are more " + p.noun + " that cannot be asked for: " + p.stuck
	}
	return "end: there are no more " + p.noun
}

// answer returns the answer that begins with the row of the given index. handle returns
// the handle of what follows it: the row of an index, or what is after the page.
func (p *page) answer(from, budget int, tool string, handle func(index int, at place) string) string {
	room := budget - p.around(len(p.rows), tool)
	if p.header != "" {
		room -= len(p.header) + 1
	}
	to := from
	for to < len(p.rows) && len(p.rows[to])+1 <= room && p.whole[to].bytes == 0 {
		room -= len(p.rows[to]) + 1
		to++
	}
	wasCut := ""
	if to == from && to < len(p.rows) { // a row that was cut is alone
		wasCut = cutNote(p.first+to, p.whole[to])
		to++
	}
	rows := p.rows[from:to]
	lines := make([]string, 0, len(rows)+8)
	code := mark(p.header, rows)
	lines = append(lines, p.heading(p.first+from, p.first+to-1), openMark(code))
	if p.header != "" {
		lines = append(lines, p.header)
	}
	lines = append(append(lines, rows...), closeMark(code))
	if wasCut != "" {
		lines = append(lines, wasCut)
	}
	if p.note != "" && from == 0 {
		lines = append(lines, p.note)
	}
	switch {
	case to < len(p.rows):
		lines = append(lines, turn(tool, handle(to, place{page: p, index: to})))
	case p.next != nil:
		lines = append(lines, turn(tool, handle(to, *p.next)))
	default:
		lines = append(lines, p.ending(tool, ""))
	}
	return strings.Join(lines, "\n")
}

// cutNote says that a record was cut. It does not name a field, since a record could
// have it say anything.
func cutNote(row int, whole size) string {
	note := fmt.Sprintf("number %d is cut: it has %d bytes, more than fit", row, whole.bytes)
	switch {
	case whole.text:
	case whole.field > 0:
		note += fmt.Sprintf("; one field alone, with %d, is too large: ask for the others", whole.field)
	default:
		note += "; ask for fewer fields"
	}
	return note
}

// largestSize is one that no record has.
var largestSize = size{bytes: 1 << 40, field: 1 << 40}

const (
	codeLength   = 8
	handleLength = 16
)

var (
	noCode   = strings.Repeat("X", codeLength)
	noHandle = strings.Repeat("X", handleLength)
)

func openMark(code string) string  { return "<data-" + code + ">" }
func closeMark(code string) string { return "</data-" + code + ">" }

// mark returns the code of the marks around rows: one that was not known when the rows
// were written, and is not in them.
func mark(header string, rows []string) string {
	for {
		code := randomText(codeLength)
		if !strings.Contains(header, code) && !slices.ContainsFunc(rows, func(row string) bool { return strings.Contains(row, code) }) {
			return code
		}
	}
}

// randomText returns n letters and digits, at most 26.
func randomText(n int) string { return strings.ToLower(rand.Text()[:n]) }

// size is about how much memory the page takes.
func (p *page) size() int {
	n := 500 + len(p.header) + len(p.note) + len(p.stuck)
	for _, row := range p.rows {
		n += len(row) + 16
	}
	return n
}
