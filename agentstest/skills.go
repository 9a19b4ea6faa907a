package agentstest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

func skillID(c *connector) string { return "connector-source:" + c.id }

// A skill is a document: a fixed one, or one about a connector.
type skill struct {
	serial   int64 // orders lists
	meta     server.Skill
	guide    []server.SkillBlock
	sections []skillSection
}

type skillSection struct {
	id, title, summary string // summary may be ""
	blocks             []server.SkillBlock
	entity             *entity // writes the blocks about the action when they are asked for; nil if they are fixed
	action             string
}

// heading returns a heading of a section. Level 1 is the title of the document.
func heading(text string) server.SkillBlock {
	return server.SkillBlock{Type: server.SkillBlockTypeHeading, Level: new(2), Text: &text}
}

func paragraph(format string, args ...any) server.SkillBlock {
	return server.SkillBlock{Type: server.SkillBlockTypeParagraph, Text: new(fmt.Sprintf(format, args...))}
}

func bullets(items ...string) server.SkillBlock {
	return server.SkillBlock{Type: server.SkillBlockTypeList, Items: items}
}

func codeBlock(language, text string) server.SkillBlock {
	return server.SkillBlock{Type: server.SkillBlockTypeCode, Language: &language, Code: &text}
}

func table(headers []string, rows [][]string) server.SkillBlock {
	return server.SkillBlock{Type: server.SkillBlockTypeTable, Headers: headers, Rows: rows}
}

// staticSkills returns the documents that are about no connector.
func staticSkills() []*skill {
	meta := func(id, title, summary string, tags ...string) server.Skill {
		return server.Skill{
			ID: id, Kind: server.SkillKindStatic, Title: title, Summary: &summary, Tags: tags, Provenance: "static", Version: "1",
			Freshness: server.SkillFreshness{State: new(server.SkillFreshnessStateStatic)}, Warnings: []string{},
		}
	}
	return []*skill{
		{
			serial: 1,
			meta:   meta("static:getting-started", "Getting started", "From a connector to its first records.", "basics"),
			guide:  []server.SkillBlock{paragraph("Read the sections in order.")},
			sections: []skillSection{
				{id: "steps", title: "Steps", summary: "What to call, in order.", blocks: []server.SkillBlock{
					heading("Steps"), bullets("List the connectors", "Inspect one", "Read its documentation", "Execute an action"),
				}},
				{id: "paging", title: "Paging", summary: "How to go on after a page.", blocks: []server.SkillBlock{
					heading("Paging"), paragraph("Look into connector_metadata for a cursor. Its name differs by connector."),
				}},
			},
		},
		{
			serial: 2,
			meta:   meta("static:context-store", "Context Store search", "How to write a query for the Context Store.", "search"),
			guide:  []server.SkillBlock{paragraph("A query has a filter and a sort order, both optional. Send either query or semantic.")},
			sections: []skillSection{
				{id: "operators", title: "Operators", summary: "What a filter can say.", blocks: []server.SkillBlock{
					heading("Operators"),
					table([]string{"Operator", "Meaning"}, [][]string{
						{"eq, neq", "equal, not equal"}, {"gt, gte, lt, lte", "order"}, {"in", "one of several"},
						{"startswith, endswith, contains, fuzzy, keyword", "text"}, {"array_contains", "arrays"}, {"and, or, not", "conditions together"},
					}),
					codeBlock("json", `{"query": {"filter": {"eq": {"status": "open"}}, "sort": [{"created_at": "desc"}]}, "limit": 10}`),
				}},
			},
		},
	}
}

// connectorSkill documents a connector, with a section for each action.
func (a *api) connectorSkill(c *connector, now time.Time) *skill {
	k := c.template.kind
	summary, guide := "Actions of "+k.name+".", "Read the section of an action for its parameters."
	if k.document != nil && k.document.Description != "" {
		summary = k.document.Description
	}
	if len(c.entities) == 0 {
		summary, guide = k.name+" has no entities.", ""
	}
	s := &skill{
		serial: c.serial,
		meta: server.Skill{
			ID: skillID(c), Kind: server.SkillKindConnectorSource, Title: c.name, Summary: &summary, Tags: k.tags,
			Provenance: "connector", Version: inventID("skill", c.id, c.updated.String())[:8],
			Freshness: server.SkillFreshness{State: new(server.SkillFreshnessStateLive), CheckedAt: new(now.UTC().Format(time.RFC3339))},
			Warnings:  []string{},
		},
	}
	if guide != "" {
		s.guide = []server.SkillBlock{paragraph("%s", guide)}
	}
	for _, e := range c.sortedEntities() {
		for _, action := range e.actions {
			s.sections = append(s.sections, skillSection{id: "actions." + e.name + "." + action, title: title(e.name) + ": " + action, entity: e, action: action})
		}
	}
	return s
}

// skills returns the skills that the token reaches, in the order of lists. The
// caller holds the lock.
func (a *api) skills(g *grant, organizationID, workspaceID *string) ([]*skill, error) {
	if organizationID != nil && !strings.EqualFold(*organizationID, g.organization) {
		return nil, forbidden("The token does not reach organization %s", *organizationID)
	}
	w := &a.s.world
	list := staticSkills()
	now := a.s.now()
	if workspaceID != nil {
		if _, err := w.liveWorkspace(g, *workspaceID); err != nil {
			return nil, err
		}
	}
	for _, c := range sorted(w.connectors, func(c *connector) int64 { return c.serial }) {
		switch {
		case c.gone(now), c.workspace.organization != g.organization,
			g.scoped() && c.workspace.id != g.workspaceID,
			workspaceID != nil && !strings.EqualFold(c.workspace.id, *workspaceID):
			continue
		}
		list = append(list, a.connectorSkill(c, now))
	}
	return list, nil
}

// skillPage returns a page of skills.
func skillPage(all []*skill, limit *int, cursor *string) (server.SkillList, error) {
	size, after, err := pageOf(limit, cursor)
	if err != nil {
		return server.SkillList{}, err
	}
	list := server.SkillList{Data: []server.Skill{}}
	var last int64
	for _, s := range all {
		if s.serial <= after {
			continue
		}
		if len(list.Data) == size {
			list.NextCursor = new(cursorAfter(last))
			break
		}
		last = s.serial
		list.Data = append(list.Data, s.meta)
	}
	return list, nil
}

// ListSkills implements listSkills.
func (a *api) ListSkills(ctx context.Context, req server.ListSkillsRequestObject) (server.ListSkillsResponseObject, error) {
	all, err := a.skills(callOf(ctx).grant, req.Params.OrganizationID, req.Params.WorkspaceID)
	if err != nil {
		return nil, err
	}
	list, err := skillPage(all, req.Params.Limit, req.Params.Cursor)
	return server.ListSkills200JSONResponse(list), err
}

// SearchSkills implements searchSkills. It finds the skills that have all the
// keywords in the title, the summary, a tag, the title of a section or an entity.
func (a *api) SearchSkills(ctx context.Context, req server.SearchSkillsRequestObject) (server.SearchSkillsResponseObject, error) {
	words := wordsOf(req.Params.Query)
	if len(words) == 0 {
		return nil, invalid(fieldProblem("query.query", "string_too_short", "Input should have at least 1 character"))
	}
	all, err := a.skills(callOf(ctx).grant, req.Params.OrganizationID, req.Params.WorkspaceID)
	if err != nil {
		return nil, err
	}
	var found []*skill
next:
	for _, s := range all {
		texts := append([]string{s.meta.Title, *s.meta.Summary}, s.meta.Tags...)
		for _, one := range s.sections {
			if one.entity != nil { // its actions have the same names everywhere
				texts = append(texts, title(one.entity.name))
				continue
			}
			texts = append(texts, one.title)
		}
		have := strings.ToLower(strings.Join(texts, "\n"))
		for _, word := range words {
			if !strings.Contains(have, word) {
				continue next
			}
		}
		found = append(found, s)
	}
	list, err := skillPage(found, req.Params.Limit, req.Params.Cursor)
	return server.SearchSkills200JSONResponse(list), err
}

// GetSkillDocs implements getSkillDocs.
func (a *api) GetSkillDocs(ctx context.Context, req server.GetSkillDocsRequestObject) (server.GetSkillDocsResponseObject, error) {
	all, err := a.skills(callOf(ctx).grant, req.Params.OrganizationID, req.Params.WorkspaceID)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.meta.ID == req.Params.ID {
			return s.docs(req.Params.Section)
		}
	}
	return nil, notFound("skill", req.Params.ID)
}

func (s *skill) docs(section *string) (server.GetSkillDocsResponseObject, error) {
	docs := server.GetSkillDocs200JSONResponse{Metadata: s.meta, Outline: []server.SkillSection{}, Content: s.guide}
	for _, one := range s.sections {
		section := server.SkillSection{ID: one.id, Title: one.title, Available: new(true)}
		if one.summary != "" {
			section.Summary = new(one.summary)
		}
		docs.Outline = append(docs.Outline, section)
	}
	if section == nil || *section == "" {
		return docs, nil
	}
	for _, one := range s.sections {
		if one.id == *section {
			docs.SectionID, docs.Content = section, one.blocks
			if one.entity != nil {
				docs.Content = one.entity.documentation(one.action)
			}
			return docs, nil
		}
	}
	return nil, notFound("section", *section)
}
