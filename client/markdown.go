package client

import "strings"

// String returns the documentation as Markdown: the content of the section that
// was asked for or, if none was, the title, the guidance and a list of the
// sections with their ids. Text is as the service has it, so that Markdown in it
// is Markdown. It ends without a newline.
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
	// Guidance that begins with the title says all this itself.
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

// item is the section in a list: its id and what can be said in one line.
func (s Section) item() string {
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

// String returns the block as Markdown, without a newline at its end. Of a block
// of an unknown type it is what there is: text, items, code or a table.
func (b Block) String() string {
	var m markdown
	m.blocks([]Block{b})
	return m.String()
}

// markdown is a text of blocks with an empty line between them.
type markdown struct{ strings.Builder }

// block adds a block, which has no newlines around it.
func (m *markdown) block(text string) {
	if text == "" {
		return
	}
	if m.Len() > 0 {
		m.WriteString("\n\n")
	}
	m.WriteString(text)
}

// blocks adds all that the blocks have: the fields that their type does not use
// are empty.
func (m *markdown) blocks(list []Block) {
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

// text adds a paragraph, or whatever else the documentation has there. A fence
// that it leaves open is closed, or what follows would be part of it.
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

// code adds code as it is but for the newlines at its end, in a fence that is
// longer than any in it.
func (m *markdown) code(language, code string) {
	code = strings.TrimRight(unixLines(code), "\n")
	if code == "" {
		return
	}
	fence := strings.Repeat("`", max(3, longestTicks(code)+1))
	m.block(fence + oneLine(strings.ReplaceAll(language, "`", "")) + "\n" + code + "\n" + fence)
}

// table adds a table. Markdown knows none without headers: they are empty then.
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

// tableRow is a row of a table with so many cells.
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

// tableCell is a text in a table: on one line, and without a bar that is not escaped.
func tableCell(text string) string {
	var b strings.Builder
	escaped := false // by a backslash before
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

// codeSpan is a text as code inside a line.
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

// longestTicks is the length of the longest run of backticks.
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

// openFence is what closes the fence that s leaves open, "" if it leaves none.
// One that is indented inside a list ends with the list.
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

// isItem reports whether a line begins an item of a list.
func isItem(text string) bool {
	rest := strings.TrimLeft(text, "0123456789")
	marks := "-*+"
	if rest != text {
		marks = ".)"
	}
	return rest != "" && strings.Contains(marks, rest[:1]) && (len(rest) == 1 || rest[1] == ' ' || rest[1] == '\t')
}

// oneLine is s on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// unixLines is s with the newlines of Unix.
func unixLines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

// tidyLines are the lines of s without what is blank at the end of each and
// around them all.
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
