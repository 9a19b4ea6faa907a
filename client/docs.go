package client

import "github.com/airbyte-agents/airbyte-agents-go/internal/markdown"

// String returns the documentation as Markdown, without a newline at its end.
// It is the content of the section that was requested or, if none was, the
// title, the guidance and a list of the sections with their IDs. Text is copied
// as it is, so Markdown in it remains Markdown.
func (d *Docs) String() string {
	if d == nil {
		return ""
	}
	var m markdown.Document
	if d.SectionID != "" {
		write(&m, d.Content)
		return m.String()
	}
	title := markdown.Line(d.Skill.Title)
	if title == "" {
		title = markdown.Line(d.Skill.ID)
	}
	// Guidance that begins with the title needs no title and summary before it.
	if len(d.Content) == 0 || d.Content[0].Type != BlockHeading || markdown.Line(d.Content[0].Text) != title {
		m.Heading(1, title)
		m.Paragraph(d.Skill.Summary)
	}
	for _, warning := range d.Skill.Warnings {
		if warning = markdown.Line(warning); warning != "" {
			m.Block("> Warning: " + warning)
		}
	}
	write(&m, d.Content)
	if len(d.Outline) > 0 {
		m.Heading(2, "Sections")
		items := make([]string, len(d.Outline))
		for i, s := range d.Outline {
			items[i] = s.item()
		}
		m.List(items)
	}
	return m.String()
}

// item returns the section as an entry of a list: its ID, title and summary, on
// one line.
func (s DocsSection) item() string {
	text := markdown.Span(markdown.Line(s.ID))
	if title := markdown.Line(s.Title); title != "" {
		text += " " + title
	}
	if summary := markdown.Line(s.Summary); summary != "" {
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
	var m markdown.Document
	write(&m, []DocsBlock{b})
	return m.String()
}

// write adds all fields of the blocks. Fields that the type of a block does
// not use are empty.
func write(m *markdown.Document, list []DocsBlock) {
	for _, b := range list {
		if b.Type == BlockHeading {
			m.Heading(b.Level, markdown.Line(b.Text))
		} else {
			m.Paragraph(b.Text)
		}
		m.List(b.Items)
		m.Code(b.Language, b.Code)
		m.Table(b.Headers, b.Rows)
	}
}
