package client

import (
	"context"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
	"github.com/airbyte-agents/airbyte-agents-go/internal/markdown"
)

// Skills gives access to the documentation that the service has for agents: its
// own guides, and one skill for each connector, which says what the connector
// can do. [Client.Skills] returns it; [Skills.InWorkspace] and
// [Skills.InOrganization] narrow it. The value may be kept and copied.
type Skills struct {
	part
	workspace, organization string // the IDs that it is narrowed to
	problem                 string // what is wrong with one that was given
}

// Skills returns access to the documentation for agents that the credentials
// can read.
func (c *Client) Skills() Skills { return Skills{part: part{c}} }

// InWorkspace returns access to the skills of one workspace: those of its
// connectors, and the service's own guides, which belong to every workspace. The
// ID is the UUID of the workspace, not its name; [Workspace.Info] returns it. If
// it is not a UUID, every call returns an error that matches [ErrInvalid];
// nothing is sent.
func (s Skills) InWorkspace(id string) Skills {
	s.workspace = s.narrow("workspace", id)
	return s
}

// InOrganization returns access to the skills of one organization, to which the
// credentials must give access. The ID is a UUID; [Client.Organizations] returns
// it. If it is not a UUID, every call returns an error that matches
// [ErrInvalid]; nothing is sent.
func (s Skills) InOrganization(id string) Skills {
	s.organization = s.narrow("organization", id)
	return s
}

// narrow returns an ID in the form that is sent, and keeps what is wrong with
// it.
func (s *Skills) narrow(whose, id string) string {
	plain, ok := plainUUID(id)
	if !ok {
		s.problem = notUUID(whose, id)
	}
	return plain
}

// String describes the client, and what s is narrowed to.
func (s Skills) String() string {
	return fmt.Sprintf("client.Skills{%s, workspace %q, organization %q}", s.client.ready(), s.workspace, s.organization)
}

// Format writes what String returns, for every verb.
func (s Skills) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText returns what String returns.
func (s Skills) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Skill describes a piece of documentation, without its text. [Skills.Docs]
// returns the text.
type Skill struct {
	ID      string    `json:"id"` // stable
	Kind    SkillKind `json:"kind,omitzero"`
	Title   string    `json:"title,omitzero"`
	Summary string    `json:"summary,omitzero"`
	Tags    []string  `json:"tags,omitempty"`

	Provenance string         `json:"provenance,omitzero"` // where it comes from
	Version    string         `json:"version,omitzero"`    // changes when the source of the documentation changes
	Freshness  SkillFreshness `json:"freshness,omitzero"`

	// Warnings are problems that do not prevent the skill from being read.
	Warnings []string `json:"warnings,omitempty"`
}

// A SkillKind says where a skill comes from. The service may send values that
// are not among the constants.
type SkillKind string

// The kinds of skills.
const (
	SkillStatic    SkillKind = "static"           // the service
	SkillConnector SkillKind = "connector_source" // a connector
)

// SkillFreshness says how current a skill is.
type SkillFreshness struct {
	State     SkillFreshnessState `json:"state,omitzero"`
	CheckedAt time.Time           `json:"checked_at,omitzero"` // zero if the service does not send it
}

// A SkillFreshnessState says whether a skill is kept up to date with a connector.
// The service may send values that are not among the constants.
type SkillFreshnessState string

// The states of freshness.
const (
	FreshnessStatic   SkillFreshnessState = "static"   // it is part of the service
	FreshnessLive     SkillFreshnessState = "live"     // it follows the connector
	FreshnessDegraded SkillFreshnessState = "degraded" // it follows part of the connector
	FreshnessUnknown  SkillFreshnessState = "unknown"  // it is determined when the skill is read
)

// Docs is the documentation of a skill: either an outline with guidance on how
// to use the skill, or one section. String returns it as Markdown, for a model
// or for people.
type Docs struct {
	Skill   Skill         `json:"metadata"`
	Outline []DocsSection `json:"outline"`

	// SectionID identifies the section that Content holds. If it is empty, no
	// section was requested and Content is the guidance.
	SectionID string      `json:"section_id,omitzero"`
	Content   []DocsBlock `json:"content"`
}

// A DocsSection is an entry of an outline.
type DocsSection struct {
	ID      string `json:"id"` // pass it to Docs exactly as it is
	Title   string `json:"title,omitzero"`
	Summary string `json:"summary,omitzero"`

	// Available reports whether the section can be read now. It is true unless
	// the service says otherwise.
	Available bool `json:"available"`
}

// A DocsBlock is a piece of a text. Which fields are set depends on its type.
// String returns it as Markdown.
type DocsBlock struct {
	Type DocsBlockType `json:"type"`

	Text     string     `json:"text,omitzero"`     // of a heading or a paragraph
	Level    int        `json:"level,omitzero"`    // of a heading; 1 is the highest
	Items    []string   `json:"items,omitempty"`   // of a list
	Code     string     `json:"code,omitzero"`     // verbatim
	Language string     `json:"language,omitzero"` // of the code
	Headers  []string   `json:"headers,omitempty"` // of a table
	Rows     [][]string `json:"rows,omitempty"`    // of a table; their lengths may differ
}

// A DocsBlockType is the type of a block. The service may send values that are not
// among the constants. Blocks of such a type set whichever fields apply.
type DocsBlockType string

// The types of blocks.
const (
	BlockHeading   DocsBlockType = "heading"
	BlockParagraph DocsBlockType = "paragraph"
	BlockList      DocsBlockType = "list"
	BlockCode      DocsBlockType = "code"
	BlockTable     DocsBlockType = "table"
)

// skillsPerPage is the most that the service sends at once, so that a list needs
// the fewest requests.
const skillsPerPage = 100

// All returns an iterator over the skills. It requests each page when the loop
// needs it, and stops after an error. If a page comes again, it is not yielded, and the
// error matches [ErrPageRepeated].
func (s Skills) All(ctx context.Context) iter.Seq2[Skill, error] {
	return s.list(ctx, &call{op: "list skills", name: "listSkills", read: true}, "", func(server, cursor string) (*http.Request, error) {
		return gen.NewListSkillsRequest(server, &gen.ListSkillsParams{
			Limit: new(skillsPerPage), Cursor: optional(cursor), WorkspaceID: optional(s.workspace), OrganizationID: optional(s.organization),
		})
	})
}

// Search returns an iterator over the skills that match the keywords in query.
// It requests each page when the loop needs it, and stops after an error. An
// empty query is an error that matches [ErrInvalid]; nothing is sent.
func (s Skills) Search(ctx context.Context, query string) iter.Seq2[Skill, error] {
	problem := ""
	if strings.TrimSpace(query) == "" {
		problem = "the query is empty; Skills.All lists all skills"
	}
	return s.list(ctx, &call{op: "search skills", name: "searchSkills", read: true}, problem, func(server, cursor string) (*http.Request, error) {
		return gen.NewSearchSkillsRequest(server, &gen.SearchSkillsParams{
			Query: query,
			Limit: new(skillsPerPage), Cursor: optional(cursor), WorkspaceID: optional(s.workspace), OrganizationID: optional(s.organization),
		})
	})
}

type skillPage struct {
	listOf[Skill]
	Next string `json:"next_cursor"`
}

// list yields the skills of all pages, unless there is a problem. Each page is a call like
// the given one, and request builds its request, for the page at a cursor.
func (s Skills) list(ctx context.Context, like *call, problem string, request func(server, cursor string) (*http.Request, error)) iter.Seq2[Skill, error] {
	return pages(like.op, func(s Skill) string { return s.ID }, func(_ *guard, cursor string) ([]Skill, string, error) {
		if err := refuse(like.op, s.problem, problem); err != nil {
			return nil, "", err
		}
		ask := s.begin(&call{op: like.op, name: like.name, read: like.read})
		got, err := fetch[skillPage](ctx, ask.to(request(ask.server(), cursor)))
		if err != nil {
			return nil, "", err
		}
		return got.Data, got.Next, nil
	})
}

// Docs returns the documentation of the skill with the given ID. If section is
// the ID of a section, exactly as in the outline, it returns that section; if
// section is empty, it returns the outline and guidance on how to use the
// skill. The error matches [ErrNotFound] if the skill or the section does not
// exist. An empty ID is an error that matches [ErrInvalid]; nothing is sent.
func (s Skills) Docs(ctx context.Context, id, section string) (*Docs, error) {
	const op = "skill docs"
	problem := ""
	if strings.TrimSpace(id) == "" {
		problem = "the skill's id is empty; Skills.All lists the skills"
	}
	if err := refuse(op, s.problem, problem); err != nil {
		return nil, err
	}
	return fetchDocs(ctx, s.begin(&call{op: op}), &gen.GetSkillDocsParams{
		ID: id, Section: optional(section), WorkspaceID: optional(s.workspace), OrganizationID: optional(s.organization),
	})
}

func fetchDocs(ctx context.Context, ask *call, params *gen.GetSkillDocsParams) (*Docs, error) {
	ask.name, ask.read = "getSkillDocs", true
	got, err := fetch[docsItem](ctx, ask.to(gen.NewGetSkillDocsRequest(ask.server(), params)))
	if err != nil {
		return nil, err
	}
	d := &Docs{Skill: got.Skill, SectionID: got.SectionID}
	if params.Section != nil && d.SectionID == "" {
		d.SectionID = *params.Section // as it was requested
	}
	for _, section := range got.Outline {
		section.DocsSection.Available = section.Available == nil || *section.Available
		d.Outline = append(d.Outline, section.DocsSection)
	}
	for _, b := range got.Content {
		d.Content = append(d.Content, DocsBlock{
			Type: b.Type.v, Text: b.Text.v, Level: b.Level.v, Items: b.Items.v,
			Code: b.Code.v, Language: b.Language.v, Headers: b.Headers.v, Rows: b.Rows.v,
		})
	}
	return d, nil
}

// A docsItem is a Docs as the service sends it.
type docsItem struct {
	Skill   Skill `json:"metadata"`
	Outline []struct {
		DocsSection
		Available *bool `json:"available"` // nil means true
	} `json:"outline"`
	SectionID string `json:"section_id"`
	Content   []struct {
		// Types of blocks that are added later may use other types of values.
		Type     loose[DocsBlockType] `json:"type"`
		Text     loose[string]        `json:"text"`
		Level    loose[int]           `json:"level"`
		Items    loose[[]string]      `json:"items"`
		Code     loose[string]        `json:"code"`
		Language loose[string]        `json:"language"`
		Headers  loose[[]string]      `json:"headers"`
		Rows     loose[[][]string]    `json:"rows"`
	} `json:"content"`
}

func (d docsItem) lacks() string {
	return unless(d.Skill.ID != "" || d.Outline != nil || d.Content != nil, "metadata")
}

// Docs returns the documentation of the connector: the section with the given
// ID or, if section is empty, the outline, which lists the IDs. The first call
// may send one more request, that of [Connector.Inspect]. The error matches
// [ErrNotFound] if the connector has no documentation or no such section.
func (c *Connector) Docs(ctx context.Context, section string) (*Docs, error) {
	const op = "connector docs"
	id := c.docs.Load()
	if id == nil {
		if _, err := c.Inspect(ctx); err != nil {
			return nil, err
		}
		id = c.docs.Load()
	}
	if id == nil || *id == "" {
		return nil, c.about().addTo(&Error{op: op, kind: ErrNotFound, Message: "the connector has no documentation"})
	}
	return fetchDocs(ctx, c.begin(&call{op: op}), &gen.GetSkillDocsParams{ID: *id, Section: optional(section)})
}

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
