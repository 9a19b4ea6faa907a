package client

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/gen"
)

// Skills is the documentation that the service has for agents: guides of its
// own, and one skill for each connector, made from what that connector can do.
// [Client.Skills] gives it.
type Skills struct{ part }

// Skills is the documentation for agents that the credentials can read.
func (c *Client) Skills() Skills { return Skills{part{c}} }

// A Skill is a piece of documentation, without its text. [Skills.Docs] reads
// it.
type Skill struct {
	ID      string    `json:"id"` // stays the same
	Kind    SkillKind `json:"kind,omitzero"`
	Title   string    `json:"title,omitzero"`
	Summary string    `json:"summary,omitzero"`
	Tags    []string  `json:"tags,omitempty"`

	Provenance string    `json:"provenance,omitzero"` // where it comes from
	Version    string    `json:"version,omitzero"`    // another one when what it is made from has changed
	Freshness  Freshness `json:"freshness,omitzero"`

	// Warnings are problems that do not keep it from being read.
	Warnings []string `json:"warnings,omitempty"`
}

// A SkillKind says what a skill is made from. Others than those below may come.
type SkillKind string

// The kinds of skills.
const (
	SkillStatic    SkillKind = "static"           // comes with the service
	SkillConnector SkillKind = "connector_source" // made from a connector
)

// Freshness is how current a skill is.
type Freshness struct {
	State     FreshnessState `json:"state,omitzero"`
	CheckedAt time.Time      `json:"checked_at,omitzero"` // zero when the service does not say
}

// A FreshnessState says what a skill follows. Others than those below may come.
type FreshnessState string

// The states of freshness.
const (
	FreshnessStatic   FreshnessState = "static"   // it comes with the service
	FreshnessLive     FreshnessState = "live"     // it follows the connector
	FreshnessDegraded FreshnessState = "degraded" // it follows the connector in part
	FreshnessUnknown  FreshnessState = "unknown"  // found out when it is read
)

// Docs is documentation as it is read: an outline with guidance on how to use
// the skill, or one of the sections. Its String is Markdown, for a model or for
// people.
type Docs struct {
	Skill   Skill     `json:"metadata"`
	Outline []Section `json:"outline"`

	// SectionID is the section that Content holds, "" when none was asked for
	// and Content is the guidance.
	SectionID string  `json:"section_id,omitzero"`
	Content   []Block `json:"content"`
}

// A Section is one of those that an outline lists.
type Section struct {
	ID      string `json:"id"` // to ask for it, exactly so
	Title   string `json:"title,omitzero"`
	Summary string `json:"summary,omitzero"`

	// Available reports whether it can be read now; true unless the service
	// says otherwise.
	Available bool `json:"available"`
}

// A Block is a piece of a text. Which fields are set depends on its type. Its
// String is Markdown.
type Block struct {
	Type BlockType `json:"type"`

	Text     string     `json:"text,omitzero"`     // of a heading or a paragraph
	Level    int        `json:"level,omitzero"`    // of a heading, 1 being the highest
	Items    []string   `json:"items,omitempty"`   // of a list
	Code     string     `json:"code,omitzero"`     // verbatim
	Language string     `json:"language,omitzero"` // of the code
	Headers  []string   `json:"headers,omitempty"` // of a table
	Rows     [][]string `json:"rows,omitempty"`    // of a table, not necessarily of one length
}

// A BlockType says what a block is. Others than those below may come; their
// blocks have whichever of the fields fit.
type BlockType string

// The types of blocks.
const (
	BlockHeading   BlockType = "heading"
	BlockParagraph BlockType = "paragraph"
	BlockList      BlockType = "list"
	BlockCode      BlockType = "code"
	BlockTable     BlockType = "table"
)

// A SkillOption narrows what the methods of [Skills] see.
type SkillOption func(op string, q *skillQuery) error

type skillQuery struct {
	size                    int
	cursor                  string
	workspace, organization string
}

// WithSkillPageSize asks for n skills at a time, 1 to 100. The default, 100,
// takes the fewest requests. [Skills.Docs] has no pages and takes no notice.
func WithSkillPageSize(n int) SkillOption {
	return func(op string, q *skillQuery) error {
		if n < 1 || n > 100 {
			return invalid(op, "a page size of %d is not in 1 to 100", n)
		}
		q.size = n
		return nil
	}
}

// InWorkspace leaves out the connectors of other workspaces than that of the
// id, a UUID: [Workspace.Info] tells it. The service's own guides belong to all.
func InWorkspace(id string) SkillOption {
	return func(op string, q *skillQuery) (err error) {
		q.workspace, err = checkUUID(op, "workspace", id)
		return err
	}
}

// InOrganization asks for the skills of the organization of the id, a UUID. It
// has to be one that the credentials reach.
func InOrganization(id string) SkillOption {
	return func(op string, q *skillQuery) (err error) {
		q.organization, err = checkUUID(op, "organization", id)
		return err
	}
}

func newSkillQuery(op string, opts []SkillOption) (*skillQuery, error) {
	q := &skillQuery{size: 100}
	for _, opt := range opts {
		if opt == nil {
			continue
		}
		if err := opt(op, q); err != nil {
			return nil, err
		}
	}
	return q, nil
}

// All yields the skills, page after page. After an error there is nothing more.
func (s Skills) All(ctx context.Context, opts ...SkillOption) iter.Seq2[Skill, error] {
	return s.pages(ctx, "list skills", "listSkills", opts, func(ctx context.Context, q *skillQuery) (*http.Response, error) {
		return s.client.raw.ListSkills(ctx, &gen.ListSkillsParams{
			Limit: &q.size, Cursor: optional(q.cursor), WorkspaceID: optional(q.workspace), OrganizationID: optional(q.organization),
		})
	})
}

// Search yields the skills that match keywords, page after page. An empty query
// is [ErrInvalid], and nothing is sent. After an error there is nothing more.
func (s Skills) Search(ctx context.Context, query string, opts ...SkillOption) iter.Seq2[Skill, error] {
	const op = "search skills"
	if strings.TrimSpace(query) == "" {
		return func(yield func(Skill, error) bool) {
			yield(Skill{}, invalid(op, "the query is empty; Skills.All lists all skills"))
		}
	}
	return s.pages(ctx, op, "searchSkills", opts, func(ctx context.Context, q *skillQuery) (*http.Response, error) {
		return s.client.raw.SearchSkills(ctx, &gen.SearchSkillsParams{
			Query: query,
			Limit: &q.size, Cursor: optional(q.cursor), WorkspaceID: optional(q.workspace), OrganizationID: optional(q.organization),
		})
	})
}

type skillPage struct {
	listOf[Skill]
	Next string `json:"next_cursor"`
}

// pages yields what is on the pages that send asks for, one after the other.
func (Skills) pages(ctx context.Context, op, name string, opts []SkillOption, send func(context.Context, *skillQuery) (*http.Response, error)) iter.Seq2[Skill, error] {
	return func(yield func(Skill, error) bool) {
		q, err := newSkillQuery(op, opts)
		if err != nil {
			yield(Skill{}, err)
			return
		}
		seen := map[string]bool{} // cursors that were given
		for {
			got, err := fetch[skillPage](ctx, &call{op: op, name: name, read: true}, func(ctx context.Context) (*http.Response, error) {
				return send(ctx, q)
			})
			if err != nil {
				yield(Skill{}, err)
				return
			}
			for _, skill := range got.Data {
				if !yield(skill, nil) {
					return
				}
			}
			switch {
			case got.Next == "":
				return
			case seen[got.Next]:
				yield(Skill{}, &Error{op: op, kind: ErrPaging, Message: "the service gave a cursor of the next page again that it had given before"})
				return
			}
			seen[got.Next] = true
			q.cursor = got.Next
		}
	}
}

// Docs reads the skill of that id: the section of that id, exactly as the
// outline has it, or for "" the outline and guidance on how to use the skill. A
// skill or a section that does not exist is [ErrNotFound]. An empty id is
// [ErrInvalid], and nothing is sent.
func (s Skills) Docs(ctx context.Context, id, section string, opts ...SkillOption) (*Docs, error) {
	const op = "skill docs"
	if strings.TrimSpace(id) == "" {
		return nil, invalid(op, "the skill's id is empty; Skills.All lists the skills")
	}
	q, err := newSkillQuery(op, opts)
	if err != nil {
		return nil, err
	}
	return s.docs(ctx, op, &gen.GetSkillDocsParams{
		ID: id, Section: optional(section), WorkspaceID: optional(q.workspace), OrganizationID: optional(q.organization),
	})
}

func (s Skills) docs(ctx context.Context, op string, params *gen.GetSkillDocsParams) (*Docs, error) {
	got, err := fetch[docsItem](ctx, &call{op: op, name: "getSkillDocs", read: true}, func(ctx context.Context) (*http.Response, error) {
		return s.client.raw.GetSkillDocs(ctx, params)
	})
	if err != nil {
		return nil, err
	}
	d := &Docs{Skill: got.Skill, SectionID: got.SectionID}
	if params.Section != nil && d.SectionID == "" {
		d.SectionID = *params.Section // as it was asked for
	}
	for _, section := range got.Outline {
		section.Section.Available = section.Available == nil || *section.Available
		d.Outline = append(d.Outline, section.Section)
	}
	for _, b := range got.Content {
		d.Content = append(d.Content, Block{
			Type: b.Type.v, Text: b.Text.v, Level: b.Level.v, Items: b.Items.v,
			Code: b.Code.v, Language: b.Language.v, Headers: b.Headers.v, Rows: b.Rows.v,
		})
	}
	return d, nil
}

// A docsItem is what the service sends for a Docs.
type docsItem struct {
	Skill   Skill `json:"metadata"`
	Outline []struct {
		Section
		Available *bool `json:"available"` // true when it is missing
	} `json:"outline"`
	SectionID string `json:"section_id"`
	Content   []struct {
		// A block of a type that is yet to come may put something else there.
		Type     loose[BlockType]  `json:"type"`
		Text     loose[string]     `json:"text"`
		Level    loose[int]        `json:"level"`
		Items    loose[[]string]   `json:"items"`
		Code     loose[string]     `json:"code"`
		Language loose[string]     `json:"language"`
		Headers  loose[[]string]   `json:"headers"`
		Rows     loose[[][]string] `json:"rows"`
	} `json:"content"`
}

// Docs returns the documentation of the connector: the section of that id, or
// the outline, which has the ids, for "". The first call may take a request
// more, to [Connector.Inspect]. A connector without documentation is
// [ErrNotFound].
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
		return nil, &Error{op: op, kind: ErrNotFound, Message: "the connector has no documentation"}
	}
	return c.ws.client.Skills().docs(ctx, op, &gen.GetSkillDocsParams{ID: *id, Section: optional(section)})
}
