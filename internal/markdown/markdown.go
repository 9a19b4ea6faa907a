// Package markdown writes texts, lists, code and tables as Markdown that means what it
// says: a fence that a text leaves open is closed, bars in a table are escaped, and code
// is fenced by more backticks than it has.
package markdown

import "strings"

// A Document is a text of blocks that are separated by empty lines. The zero Document is
// empty.
type Document struct{ text strings.Builder }

// String returns the document, without a newline at its end.
func (d *Document) String() string { return d.text.String() }

// Block adds a block of Markdown, which must not begin or end with a newline. An empty
// one adds nothing.
func (d *Document) Block(text string) {
	if text == "" {
		return
	}
	if d.text.Len() > 0 {
		d.text.WriteString("\n\n")
	}
	d.text.WriteString(text)
}

// Heading adds a heading, of level 1 to 6, which must be one line.
func (d *Document) Heading(level int, text string) {
	if text != "" {
		d.Block(strings.Repeat("#", min(max(level, 1), 6)) + " " + text)
	}
}

// Paragraph adds a paragraph, or whatever other Markdown s is. If s leaves a fence open,
// Paragraph closes it, so that what follows is not part of it.
func (d *Document) Paragraph(s string) {
	s = strings.Join(tidyLines(s), "\n")
	if open := openFence(s); open != "" {
		s += "\n" + open
	}
	d.Block(s)
}

// List adds a list. An item may have several lines; an empty one is left out.
func (d *Document) List(items []string) {
	var list []string
	for _, item := range items {
		marker := "- "
		for _, l := range tidyLines(item) {
			list = append(list, strings.TrimRight(marker+l, " "))
			marker = "  "
		}
	}
	d.Block(strings.Join(list, "\n"))
}

// Code adds code without the newlines at its end, in a fence that is longer
// than any run of backticks in the code.
func (d *Document) Code(language, code string) {
	code = strings.TrimRight(unixLines(code), "\n")
	if code == "" {
		return
	}
	fence := strings.Repeat("`", max(3, longestTicks(code)+1))
	d.Block(fence + Line(strings.ReplaceAll(language, "`", "")) + "\n" + code + "\n" + fence)
}

// Table adds a table. Markdown has no tables without headers, so missing
// headers are left empty.
func (d *Document) Table(headers []string, rows [][]string) {
	width := len(headers)
	for _, row := range rows {
		width = max(width, len(row))
	}
	if width == 0 {
		return
	}
	list := make([]string, 0, len(rows)+2)
	list = append(list, tableRow(headers, width), "|"+strings.Repeat(" --- |", width))
	for _, row := range rows {
		list = append(list, tableRow(row, width))
	}
	d.Block(strings.Join(list, "\n"))
}

// tableRow returns a row of a table with width cells.
func tableRow(row []string, width int) string {
	var b strings.Builder
	b.WriteByte('|')
	for i := range width {
		b.WriteByte(' ')
		if i < len(row) {
			b.WriteString(tableCell(row[i]))
		}
		b.WriteString(" |")
	}
	return b.String()
}

// tableCell returns text as a cell of a table: on one line, with all bars
// escaped.
func tableCell(text string) string {
	var b strings.Builder
	escaped := false // whether a backslash escapes the next byte
	for i, l := range tidyLines(text) {
		if i > 0 {
			b.WriteString("<br>")
			escaped = false
		}
		for _, c := range []byte(l) {
			if c == '|' && !escaped {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
			escaped = c == '\\' && !escaped
		}
	}
	return b.String()
}

// Span returns text as inline code.
func Span(text string) string {
	if text == "" {
		return ""
	}
	ticks := strings.Repeat("`", longestTicks(text)+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return ticks + text + ticks
}

// longestTicks returns the length of the longest run of backticks in s.
func longestTicks(s string) int {
	most, n := 0, 0
	for i := range len(s) {
		if n++; s[i] != '`' {
			n = 0
		}
		most = max(most, n)
	}
	return most
}

// openFence returns the fence that closes the one that s leaves open, or "" if
// s leaves none open. A fence that is indented inside a list does not count,
// because it ends with the list.
func openFence(s string) string {
	open, list, blank := "", false, false
	for l := range strings.SplitSeq(s, "\n") {
		text := strings.TrimLeft(l, " ")
		indent := len(l) - len(text)
		rest := strings.TrimLeft(text, "`")
		if rest == text {
			rest = strings.TrimLeft(text, "~")
		}
		run := text[:len(text)-len(rest)]
		switch {
		case open != "":
			if indent <= 3 && strings.HasPrefix(run, open) && rest == "" {
				open = ""
			}
		case len(run) >= 3 && (run[0] == '~' || !strings.Contains(rest, "`")):
			if indent == 0 || indent <= 3 && !list {
				open = run
			}
		case isItem(text):
			list = true
		case text != "" && indent == 0 && blank:
			list = false
		}
		blank = text == ""
	}
	return open
}

// isItem reports whether a line begins a list item.
func isItem(text string) bool {
	rest := strings.TrimLeft(text, "0123456789")
	marks := "-*+"
	if rest != text {
		marks = ".)"
	}
	return rest != "" && strings.Contains(marks, rest[:1]) && (len(rest) == 1 || rest[1] == ' ' || rest[1] == '\t')
}

// Line returns s on one line.
func Line(s string) string { return strings.Join(strings.Fields(s), " ") }

// unixLines returns s with line feeds as newlines.
func unixLines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// tidyLines returns the lines of s without white space at the end of each, and
// without white space at the beginning and the end of s.
func tidyLines(s string) []string {
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	list := strings.Split(unixLines(s), "\n")
	for i, l := range list {
		list[i] = strings.TrimRight(l, " \t")
	}
	return list
}
