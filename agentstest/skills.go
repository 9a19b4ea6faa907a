package agentstest

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest/internal/server"
)

func skillID(c *connector) string { return "connector_source:" + c.id }

// skill is a piece of documentation: fixed, or made from a connector.
type skill struct {
	serial   int64 // its place in lists
	meta     server.Skill
	guide    []server.SkillBlock
	sections []skillSection
}

type skillSection struct {
	id, title, summary string
	blocks             []server.SkillBlock
}

func heading(level int, text string) server.SkillBlock {
	return server.SkillBlock{Type: server.SkillBlockTypeHeading, Level: &level, Text: &text}
}

func paragraph(format string, args ...any) server.SkillBlock {
	return server.SkillBlock{Type: server.SkillBlockTypeParagraph, Text: ptr(fmt.Sprintf(format, args...))}
}

func bullets(items ...string) server.SkillBlock {
	return server.SkillBlock{Type: server.SkillBlockTypeList, Items: items}
}

func code(language, text string) server.SkillBlock {
	return server.SkillBlock{Type: server.SkillBlockTypeCode, Language: &language, Code: &text}
}

func table(headers []string, rows [][]string) server.SkillBlock {
	return server.SkillBlock{Type: server.SkillBlockTypeTable, Headers: headers, Rows: rows}
}

// staticSkills come with the service.
func staticSkills() []*skill {
	meta := func(id, title, summary string, tags ...string) server.Skill {
		return server.Skill{
			ID: id, Kind: server.SkillKindStatic, Title: title, Summary: &summary, Tags: tags, Provenance: "static", Version: "1",
			Freshness: server.SkillFreshness{State: ptr(server.SkillFreshnessStateStatic)}, Warnings: []string{},
		}
	}
	return []*skill{
		{
			serial: 1,
			meta:   meta("static:getting-started", "Getting started", "From a connector to its first records.", "basics"),
			guide:  []server.SkillBlock{paragraph("Read the sections in order.")},
			sections: []skillSection{
				{"steps", "Steps", "What to call, in order.", []server.SkillBlock{
					heading(2, "Steps"), bullets("List the connectors", "Inspect one", "Read its documentation", "Execute an action"),
				}},
				{"paging", "Paging", "How to go on after a page.", []server.SkillBlock{
					heading(2, "Paging"), paragraph("Look into connector_metadata for a cursor. Its name differs by connector."),
				}},
			},
		},
		{
			serial: 2,
			meta:   meta("static:context-store", "Context Store search", "How to write a query for the Context Store.", "search"),
			guide:  []server.SkillBlock{paragraph("A query has a filter and a sort order. Both may be left out.")},
			sections: []skillSection{
				{"operators", "Operators", "What a filter can say.", []server.SkillBlock{
					heading(2, "Operators"),
					table([]string{"Operator", "Meaning"}, [][]string{
						{"eq, neq", "equal, not equal"}, {"gt, gte, lt, lte", "order"}, {"in", "one of several"},
						{"like, fuzzy, keyword", "text"}, {"contains, any", "arrays"}, {"and, or, not", "conditions together"},
					}),
					code("json", `{"query": {"filter": {"eq": {"status": "open"}}, "sort": [{"created_at": "desc"}]}, "limit": 10}`),
				}},
			},
		},
	}
}

// connectorSkill is the documentation of a connector.
func (a *api) connectorSkill(c *connector, now time.Time) *skill {
	k := c.template.kind
	entities := c.sortedEntities()
	names := make([]string, len(entities))
	for i, e := range entities {
		names[i] = e.name
	}
	summary := "Actions of " + k.name + " on " + strings.Join(names, ", ") + "."
	s := &skill{
		serial: c.serial,
		meta: server.Skill{
			ID: skillID(c), Kind: server.SkillKindConnectorSource, Title: c.name, Summary: &summary, Tags: k.tags,
			Provenance: "connector", Version: inventID("skill", c.id, c.updated.String())[:8],
			Freshness: server.SkillFreshness{State: ptr(server.SkillFreshnessStateLive), CheckedAt: ptr(now.UTC().Format(time.RFC3339))},
			Warnings:  []string{},
		},
		guide: []server.SkillBlock{
			heading(1, k.name), paragraph("%s Read a section for the parameters of an entity.", summary), bullets(names...),
		},
	}
	for _, e := range entities {
		s.sections = append(s.sections, e.section())
	}
	return s
}

func (e *entity) section() skillSection {
	var rows [][]string
	for _, action := range e.actions {
		params := "—"
		switch action {
		case "list", "search", "api_search":
			params = strings.TrimSuffix("per_page, "+e.Paging.Param(), ", ")
		case "get", "update", "delete":
			params = e.Key
		case "context_store_search":
			params = "query or semantic, limit, cursor, fields"
		}
		rows = append(rows, []string{action, params})
	}
	name := title(e.name)
	example := fmt.Sprintf(`{"entity": %q, "action": %q, "params": {"per_page": 10}}`, e.name, e.actions[0])
	return skillSection{"entities." + e.name, name, "Actions on " + e.name + ".", []server.SkillBlock{
		heading(2, name), paragraph("A page has %d records unless asked otherwise.", e.PageSize),
		table([]string{"Action", "Parameters"}, rows), code("json", example),
	}}
}

// skills lists what the token can read, in the order of lists. The lock is held.
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

// page is a page of skills.
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
			list.NextCursor = ptr(cursorAfter(last))
			break
		}
		last = s.serial
		list.Data = append(list.Data, s.meta)
	}
	return list, nil
}

// ListSkills implements listSkills.
func (a *api) ListSkills(ctx context.Context, req server.ListSkillsRequestObject) (server.ListSkillsResponseObject, error) {
	w := &a.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	all, err := a.skills(callOf(ctx).grant, req.Params.OrganizationID, req.Params.WorkspaceID)
	if err != nil {
		return nil, err
	}
	list, err := skillPage(all, req.Params.Limit, req.Params.Cursor)
	return server.ListSkills200JSONResponse(list), err
}

// SearchSkills implements searchSkills: skills that have all the keywords.
func (a *api) SearchSkills(ctx context.Context, req server.SearchSkillsRequestObject) (server.SearchSkillsResponseObject, error) {
	words := wordsOf(req.Params.Query)
	if len(words) == 0 {
		return nil, invalid(fieldProblem("query.query", "string_too_short", "Input should have at least 1 character"))
	}
	w := &a.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
	all, err := a.skills(callOf(ctx).grant, req.Params.OrganizationID, req.Params.WorkspaceID)
	if err != nil {
		return nil, err
	}
	var found []*skill
next:
	for _, s := range all {
		have := strings.ToLower(s.meta.Title + " " + *s.meta.Summary + " " + strings.Join(s.meta.Tags, " "))
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
	w := &a.s.world
	w.mu.RLock()
	defer w.mu.RUnlock()
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
		docs.Outline = append(docs.Outline, server.SkillSection{ID: one.id, Title: one.title, Summary: ptr(one.summary), Available: ptr(true)})
	}
	if section == nil || *section == "" {
		return docs, nil
	}
	for _, one := range s.sections {
		if one.id == *section {
			docs.SectionID, docs.Content = section, one.blocks
			return docs, nil
		}
	}
	return nil, notFound("section", *section)
}
