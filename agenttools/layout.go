package agenttools

import (
	"encoding/json"
	"strings"
)

// A sheet is a list of records as the model reads it: a table, or a record as JSON on
// each line. Every row is one line.
type sheet struct {
	header string // of a table; "" if there is none
	rows   []string
	whole  map[int]size // the sizes of records that were cut, by the index of the row
}

// A size is that of a record that was cut.
type size struct {
	bytes int
	field int  // the bytes of a field that does not fit by itself; 0 if there is none
	text  bool // it has no fields
}

// layOut writes records as a table if each fits into room bytes with the header, and
// if the table is not larger than the records as lines. What does not fit as a line is
// cut, so that it fits into cutRoom.
func layOut(records []node, room, cutRoom int) sheet {
	if t, ok := table(records, room); ok && t.size() <= sizeAsLines(records, t.size()) {
		return t
	}
	lines := sheet{rows: make([]string, len(records))}
	var b []byte
	for i, r := range records {
		b = r.appendTo(b[:0])
		row := string(b)
		if len(row)+1 > room {
			if lines.whole == nil {
				lines.whole = map[int]size{}
			}
			lines.whole[i] = size{bytes: len(row), field: r.largest(room), text: r.kind != '{'}
			row = strings.Clone(shorten(row, cutRoom-1))
		}
		lines.rows[i] = row
	}
	return lines
}

// largest returns the size of the largest member of an object if it is more than room.
func (n node) largest(room int) (largest int) {
	for _, m := range n.members {
		if size := len(m.value.String()); n.kind == '{' && size > max(room, largest) {
			largest = size
		}
	}
	return largest
}

// size is the number of bytes of the sheet, with a line feed after each line.
func (s sheet) size() int {
	n := 0
	if s.header != "" {
		n = len(s.header) + 1
	}
	for _, row := range s.rows {
		n += len(row) + 1
	}
	return n
}

// sizeAsLines returns the size of records as lines of JSON. It stops counting at enough.
func sizeAsLines(records []node, enough int) int {
	n := 0
	var b []byte
	for _, r := range records {
		if n >= enough {
			break
		}
		b = r.appendTo(b[:0])
		n += len(b) + 1
	}
	return n
}

// maxColumns is how many columns a table may have. Objects that are maps, with a name
// for each of many things, make no table.
const maxColumns = 400

// maxDepth is how deep columns may be nested. What is deeper is JSON in a cell.
const maxDepth = 4

// A column is a member of records, or one of the objects in them.
type column struct {
	own    string // the name of the member
	name   string // with the names of the objects that it is in, and dots between them
	inner  []*column
	byName map[string]*column
	record int // the number of the last record that has it

	// How many of the records have what in it. Null and empty texts do not count.
	objects, nested, texts, others int
	odd                            bool // a text could be mistaken for a value of another kind
}

// table writes records as a table, if that is possible without an ambiguity: other than
// that null, an empty text and nothing look the same.
func table(records []node, room int) (sheet, bool) {
	root := column{}
	count := 0
	for i, r := range records {
		if r.kind != '{' || !root.see(r, i+1, 0, &count) {
			return sheet{}, false
		}
	}
	columns, ok := root.leaves(nil)
	if !ok || len(columns) == 0 {
		return sheet{}, false
	}
	seen := map[string]bool{}
	for _, c := range columns {
		if seen[c.name] {
			return sheet{}, false
		}
		seen[c.name] = true
	}
	cells := make([]string, 0, len(columns)*len(records))
	for _, r := range records {
		cells = root.cells(cells, r)
	}
	commas, tabs := 0, 0
	for _, c := range cells {
		if hasLineBreak(c) {
			return sheet{}, false // a row is a line, so that no line is what a record wants it to be
		}
		if strings.IndexByte(c, '"') < 0 {
			commas += min(strings.Count(c, ","), 1)
			tabs += min(strings.Count(c, "\t"), 1)
		}
	}
	delimiter := byte(',')
	if commas > tabs && len(columns) > 1 { // with one column, nobody could tell
		delimiter = '\t'
	}
	s := sheet{rows: make([]string, len(records))}
	var b []byte
	for i, c := range columns {
		if i > 0 {
			b = append(b, delimiter)
		}
		b = append(b, c.name...)
	}
	if s.header = string(b); json.Valid(b) {
		return sheet{}, false // a single column called true, or 0
	}
	for i := range records {
		b = b[:0]
		for k, cell := range cells[i*len(columns) : (i+1)*len(columns)] {
			if k > 0 {
				b = append(b, delimiter)
			}
			b = appendCell(b, cell, delimiter, len(columns) == 1)
		}
		s.rows[i] = string(b)
		if len(s.header)+len(b)+2 > room {
			return sheet{}, false
		}
	}
	return s, true
}

// see counts what an object has in the column, and in the columns in it. It returns
// false if there is no table for it.
func (c *column) see(object node, record, depth int, count *int) bool {
	for _, m := range object.members {
		in := c.byName[m.name]
		if in == nil {
			if *count++; *count > maxColumns || !plainName(m.name) {
				return false
			}
			in = &column{own: m.name, name: m.name}
			if c.name != "" {
				in.name = c.name + "." + m.name
			}
			if c.byName == nil {
				c.byName = map[string]*column{}
			}
			c.byName[m.name] = in
			c.inner = append(c.inner, in)
		}
		if in.record == record {
			return false // one name twice
		}
		in.record = record
		switch v := m.value; {
		case v.kind == 'n', v.kind == '"' && v.text == "":
		case v.kind == '"':
			in.texts++
			in.odd = in.odd || odd(v.text)
		case v.kind == '[', v.kind == '{' && (len(v.members) == 0 || depth == maxDepth):
			in.nested++
		case v.kind == '{':
			in.objects++
			if !in.see(v, record, depth+1, count) {
				return false
			}
		default:
			in.others++
		}
	}
	return true
}

// lineBreaks are the characters that a reader may take for the end of a line.
const lineBreaks = "\n\u2028\u2029"

func hasLineBreak(s string) bool {
	return strings.IndexByte(s, '\n') >= 0 || strings.IndexByte(s, "\u2028"[0]) >= 0 && strings.ContainsAny(s, lineBreaks)
}

// plainName reports whether a name needs no quotes in the header of a table, and makes
// none of it look like JSON.
func plainName(name string) bool {
	return name != "" && name == strings.TrimSpace(name) && !strings.ContainsAny(name, ",\t\""+lineBreaks) && !strings.ContainsAny(name[:1], "{[<")
}

// odd reports whether a text looks like a number, a truth value, an object or a list.
func odd(text string) bool {
	switch text = strings.TrimSpace(text); {
	case text == "":
		return false
	case text[0] == '{', text[0] == '[', text == "true", text == "false":
		return true
	case text[0] == '-', '0' <= text[0] && text[0] <= '9':
		return json.Valid([]byte(text))
	}
	return false
}

// split reports whether the column is an object in every record that has it, so that
// its members are columns.
func (c *column) split() bool { return c.objects > 0 && c.nested+c.texts+c.others == 0 }

// leaves appends the columns that have cells. It returns false if a cell could be read
// in two ways.
func (c *column) leaves(list []*column) ([]*column, bool) {
	for _, in := range c.inner {
		if in.split() {
			var ok bool
			if list, ok = in.leaves(list); !ok {
				return nil, false
			}
			continue
		}
		if in.odd && in.objects+in.nested+in.others > 0 {
			return nil, false
		}
		list = append(list, in)
	}
	return list, true
}

// cells appends the cells of an object, in the order of leaves.
func (c *column) cells(list []string, object node) []string {
	for _, in := range c.inner {
		v, _ := object.get(in.own)
		if in.split() {
			list = in.cells(list, v)
			continue
		}
		switch v.kind {
		case '{', '[':
			list = append(list, v.String())
		case 'n':
			list = append(list, "")
		default: // nothing has no text, either
			list = append(list, v.text)
		}
	}
	return list
}

// appendCell appends a cell as RFC 4180 has it. An empty cell that is alone needs
// quotes, or the row would be an empty line. So do spaces at the ends, which are easily
// lost.
func appendCell(b []byte, cell string, delimiter byte, alone bool) []byte {
	switch {
	case cell == "" && alone, strings.IndexByte(cell, '"') >= 0, strings.IndexByte(cell, delimiter) >= 0,
		cell != "" && (cell[0] == ' ' || cell[len(cell)-1] == ' ' || cell[0] == '\t' || cell[len(cell)-1] == '\t'):
	default:
		return append(b, cell...)
	}
	b = append(b, '"')
	for {
		before, after, found := strings.Cut(cell, `"`)
		b = append(b, before...)
		if !found {
			return append(b, '"')
		}
		b = append(b, `""`...)
		cell = after
	}
}
