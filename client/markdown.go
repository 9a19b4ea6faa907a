package client

import "strings"

// String returns the documentation as Markdown, without a newline at its end.
// It is the content of the section that was requested or, if none was, the
// title, the guidance and a list of the sections with their IDs. Text is copied
// as it is, so Markdown in it remains Markdown.
func (d *Docs) String() string {
	if d == nil {
		return ""
	}
	var m markdown
	if d.SectionID != "" {
		m.blocks(d.Content)
		return m.String()
	}
	title := oneLine(d.Skill.Title)
	if title == "" {
		title = oneLine(d.Skill.ID)
	}
	// Guidance that begins with the title needs no title and summary before it.
	if len(d.Content) == 0 || d.Content[0].Type != BlockHeading || oneLine(d.Content[0].Text) != title {
		m.heading(1, title)
		m.text(d.Skill.Summary)
	}
	for _, warning := range d.Skill.Warnings {
		if warning = oneLine(warning); warning != "" {
			m.block("> Warning: " + warning)
		}
	}
	m.blocks(d.Content)
	if len(d.Outline) > 0 {
		m.heading(2, "Sections")
		items := make([]string, len(d.Outline))
		for i, s := range d.Outline {
			items[i] = s.item()
		}
		m.list(items)
	}
	return m.String()
}

// item returns the section as an entry of a list: its ID, title and summary, on
// one line.
func (s DocsSection) item() string {
	text := codeSpan(oneLine(s.ID))
	if title := oneLine(s.Title); title != "" {
		text += " " + title
	}
	if summary := oneLine(s.Summary); summary != "" {
		text += ": " + summary
	}
	if !s.Available {
		text += " (not available now)"
	}
	return text
}

// String returns the block as Markdown, without a newline at its end. For a
// block of an unknown type, it returns whatever the block has: text, items,
// code or a table.
func (b DocsBlock) String() string {
	var m markdown
	m.blocks([]DocsBlock{b})
	return m.String()
}

// markdown is a text of blocks that are separated by empty lines.
type markdown struct{ strings.Builder }

// block adds a block, which must not begin or end with a newline.
func (m *markdown) block(text string) {
	if text == "" {
		return
	}
	if m.Len() > 0 {
		m.WriteString("\n\n")
	}
	m.WriteString(text)
}

// blocks adds all fields of the blocks. Fields that the type of a block does
// not use are empty.
func (m *markdown) blocks(list []DocsBlock) {
	for _, b := range list {
		if b.Type == BlockHeading {
			m.heading(b.Level, oneLine(b.Text))
		} else {
			m.text(b.Text)
		}
		m.list(b.Items)
		m.code(b.Language, b.Code)
		m.table(b.Headers, b.Rows)
	}
}

func (m *markdown) heading(level int, text string) {
	if text != "" {
		m.block(strings.Repeat("#", min(max(level, 1), 6)) + " " + text)
	}
}

// text adds a paragraph, or whatever else the documentation has in its place.
// If it leaves a fence open, text closes it, so that what follows is not part
// of it.
func (m *markdown) text(s string) {
	s = strings.Join(tidyLines(s), "\n")
	if open := openFence(s); open != "" {
		s += "\n" + open
	}
	m.block(s)
}

func (m *markdown) list(items []string) {
	var list []string
	for _, item := range items {
		marker := "- "
		for _, l := range tidyLines(item) {
			list = append(list, strings.TrimRight(marker+l, " "))
			marker = "  "
		}
	}
	m.block(strings.Join(list, "\n"))
}

// code adds code without the newlines at its end, in a fence that is longer
// than any run of backticks in the code.
func (m *markdown) code(language, code string) {
	code = strings.TrimRight(unixLines(code), "\n")
	if code == "" {
		return
	}
	fence := strings.Repeat("`", max(3, longestTicks(code)+1))
	m.block(fence + oneLine(strings.ReplaceAll(language, "`", "")) + "\n" + code + "\n" + fence)
}

// table adds a table. Markdown has no tables without headers, so missing
// headers are left empty.
func (m *markdown) table(headers []string, rows [][]string) {
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
	m.block(strings.Join(list, "\n"))
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

// codeSpan returns text as inline code.
func codeSpan(text string) string {
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

// oneLine returns s on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

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
