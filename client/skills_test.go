package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/airbyte-agents/airbyte-agents-go/agentstest"
	"github.com/airbyte-agents/airbyte-agents-go/client"
)

// skillPage is a page of skills with these IDs.
func skillPage(next string, ids ...string) reply {
	items := []map[string]any{}
	for _, id := range ids {
		items = append(items, map[string]any{"id": id, "title": "Title of " + id})
	}
	page := map[string]any{"data": items, "next_cursor": next}
	if next == "" {
		page["next_cursor"] = nil
	}
	b, err := json.Marshal(page)
	if err != nil {
		panic(err)
	}
	return says(200, string(b))
}

func skillIDs(list iter.Seq2[client.Skill, error]) (string, error) {
	var ids []string
	for s, err := range list {
		if err != nil {
			return strings.Join(ids, " "), err
		}
		ids = append(ids, s.ID)
	}
	return strings.Join(ids, " "), nil
}

// skillLists are the two ways to list skills, and their paths.
var skillLists = []struct {
	name, path, query string
	list              func(context.Context, client.Skills) iter.Seq2[client.Skill, error]
}{
	{"All", "/api/v1/skills", "", func(ctx context.Context, s client.Skills) iter.Seq2[client.Skill, error] { return s.All(ctx) }},
	{"Search", "/api/v1/skills/search", "open & closed tickets", func(ctx context.Context, s client.Skills) iter.Seq2[client.Skill, error] {
		return s.Search(ctx, "open & closed tickets")
	}},
}

func TestSkillsGoThroughAllPages(t *testing.T) {
	for _, l := range skillLists {
		t.Run(l.name, func(t *testing.T) {
			pages := []reply{skillPage("a/+=&?", "1", "2"), skillPage("b"), skillPage("", "3")}
			s := serve(t, append(pages, pages...)...)
			seq := l.list(t.Context(), newClient(t, s).Skills().InWorkspace(strings.ToUpper(stubID)).InOrganization(stubOrg))
			for range 2 {
				if got, err := skillIDs(seq); err != nil || got != "1 2 3" {
					t.Errorf("%s %v", got, err)
				}
			}
			s.wantSent(t, 6)
			for i, r := range s.requests() {
				want := url.Values{"limit": {"100"}, "workspace_id": {stubID}, "organization_id": {stubOrg}}
				if l.query != "" {
					want.Set("query", l.query)
				}
				if cursor := []string{"", "a/+=&?", "b"}[i%3]; cursor != "" {
					want.Set("cursor", cursor)
				}
				got, err := url.ParseQuery(r.Query)
				if err != nil || r.Method != "GET" || r.Path != l.path || r.Body != "" || !reflect.DeepEqual(got, want) {
					t.Errorf("asked %s %s with %v, want %v; %v", r.Method, r.Path, got, want, err)
				}
			}
		})
	}
}

// A list that goes on without skills is not followed for ever.
func TestSkillsWithoutEnd(t *testing.T) {
	s := serve(t)
	n := 0
	s.route = func(sent) reply { n++; return skillPage(fmt.Sprint(n)) }
	_, err := skillIDs(newClient(t, s).Skills().All(t.Context()))
	wantKinds(t, err, "ErrPaging")
	s.wantSent(t, 101)
}

func TestSkillsDoNotLoop(t *testing.T) {
	for _, l := range skillLists {
		for name, tc := range map[string]struct {
			pages []reply
			got   string
			sent  int
		}{
			"a cursor that is ignored": {[]reply{skillPage("2", "a", "b")}, "a b", 2},
			"other cursors, ignored":   {[]reply{skillPage("2", "a", "b"), skillPage("3", "a", "b")}, "a b", 2},
			"pages without end":        {[]reply{skillPage("2", "a"), skillPage("3")}, "a", 3},
			"the same cursor":          {[]reply{skillPage("2", "a"), skillPage("2", "b")}, "a b", 2},
			"a circle":                 {[]reply{skillPage("2", "a"), skillPage("3", "b"), skillPage("2", "c"), skillPage("", "d")}, "a b c", 3},
			"without skills":           {[]reply{skillPage("2")}, "", 2},
		} {
			t.Run(l.name+" "+name, func(t *testing.T) {
				s := serve(t, tc.pages...)
				errs := 0
				for _, err := range l.list(t.Context(), newClient(t, s).Skills()) {
					if err != nil {
						errs++
						wantKinds(t, err, "ErrPaging+ErrPageRepeated")
						wantText(t, err, "skills: the service sent")
					}
				}
				s.wantSent(t, tc.sent)
				if errs != 1 {
					t.Errorf("%d errors", errs)
				}
				if got, _ := skillIDs(l.list(t.Context(), newClient(t, serve(t, tc.pages...)).Skills())); got != tc.got {
					t.Errorf("got %q before the error, want %q", got, tc.got)
				}
			})
		}
	}
}

func TestSkillsEnd(t *testing.T) {
	for _, l := range skillLists {
		t.Run(l.name+" with an error", func(t *testing.T) {
			s := serve(t, skillPage("2", "a"), says(403, `{"message":"no"}`), skillPage("", "b"))
			got, err := skillIDs(l.list(t.Context(), newClient(t, s).Skills()))
			wantKinds(t, err, "ErrForbidden")
			wantText(t, err, "skills: 403", "no")
			if got != "a" {
				t.Errorf("got %q before the error", got)
			}
			s.wantSent(t, 2)
		})
		t.Run(l.name+" when the caller has enough", func(t *testing.T) {
			s := serve(t, skillPage("2", "a", "b"))
			for range l.list(t.Context(), newClient(t, s).Skills()) {
				break
			}
			s.wantSent(t, 1)
		})
		t.Run(l.name+" with the ctx", func(t *testing.T) {
			s := serve(t, skillPage("2", "a"))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			for _, err := range l.list(ctx, newClient(t, s).Skills()) {
				if n++; n == 2 && !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
				cancel()
			}
			if n != 2 {
				t.Errorf("%d turns", n)
			}
		})
		t.Run(l.name+" of a response that says nothing", func(t *testing.T) {
			for body, fine := range map[string]bool{`{}`: false, `null`: false, `{"data":null,"next_cursor":null}`: false, `{"data":[],"next_cursor":""}`: true} {
				s := serve(t, says(200, body))
				if got, err := skillIDs(l.list(t.Context(), newClient(t, s).Skills())); got != "" || (err == nil) != fine {
					t.Errorf("%s: %q %v", body, got, err)
				}
			}
		})
	}
}

// A narrowed handle leaves the one that it is from as it was.
func TestSkillsAreNarrowed(t *testing.T) {
	s := serve(t, skillPage(""))
	all := newClient(t, s).Skills()
	one := all.InWorkspace(stubID)
	for i, tc := range []struct {
		skills client.Skills
		want   string
	}{
		{all, "limit=100"},
		{one, "limit=100&workspace_id=" + stubID},
		{one.InWorkspace(numbered(7)), "limit=100&workspace_id=" + numbered(7)},
		{one.InOrganization(stubOrg), "limit=100&organization_id=" + stubOrg + "&workspace_id=" + stubID},
	} {
		if _, err := skillIDs(tc.skills.All(t.Context())); err != nil || s.requests()[i].Query != tc.want {
			t.Errorf("asked with %s, want %s; %v", s.requests()[i].Query, tc.want, err)
		}
	}
	if text := fmt.Sprintf("%v", one); !strings.Contains(text, fmt.Sprintf("workspace %q", stubID)) {
		t.Errorf("%s does not name the workspace", text)
	}
}

func TestSkillsRefuse(t *testing.T) {
	s := serve(t, says(200, "{}"))
	skills := newClient(t, s).Skills()
	list := func(seq iter.Seq2[client.Skill, error]) error { _, err := skillIDs(seq); return err }
	docs := func(_ *client.Docs, err error) error { return err }
	ctx := t.Context()
	for name, tc := range map[string]struct {
		err  error
		text string
	}{
		"no query":                       {list(skills.Search(ctx, "")), "the query is empty"},
		"a query of white space":         {list(skills.Search(ctx, " \t\n")), "the query is empty"},
		"a name for a workspace":         {list(skills.InWorkspace("customer-42").All(ctx)), `list skills: the workspace's id "customer-42" is not a UUID`},
		"no workspace":                   {list(skills.InWorkspace("").Search(ctx, "x")), "search skills: the workspace's id"},
		"a name for an organization":     {list(skills.InOrganization("acme").All(ctx)), `organization's id "acme" is not a UUID`},
		"a problem that is not lost":     {list(skills.InWorkspace("").InWorkspace(stubID).All(ctx)), "not a UUID"},
		"docs without an id":             {docs(skills.Docs(ctx, " ", "")), "id is empty"},
		"docs in a workspace of no UUID": {docs(skills.InWorkspace(stubID+"0").Docs(ctx, "x", "")), "skill docs: the workspace's id"},
	} {
		wantKinds(t, tc.err, "ErrInvalid")
		wantText(t, tc.err, tc.text)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	s.wantSent(t, 0)
}

func TestSkillsDocs(t *testing.T) {
	s := serve(t, says(200, `{
		"metadata": {"id": "connector-source:1", "kind": "connector_source", "title": "GitHub", "summary": null, "tags": ["dev"], "provenance": "connector",
			"version": "v1", "freshness": {"state": "degraded", "checked_at": "2026-03-02 06:00:00"}, "warnings": ["w"], "news": 1},
		"outline": [
			{"id": "a", "title": "A", "summary": "About A"}, {"id": "b", "available": null}, {"id": "c", "available": true}, {"id": "d", "available": false, "news": {}}, null],
		"section_id": "a & b",
		"content": [
			{"type": "heading", "text": "A", "level": 2, "items": null, "code": null, "language": null, "headers": null, "rows": null},
			{"type": "list", "items": ["x", null]}, {"type": "code", "code": "y", "language": "go"},
			{"type": "table", "headers": ["h"], "rows": [["1", "2"], null]},
			{"type": "later", "text": {"bold": "no"}, "level": "high", "items": [{"deep": 1}], "rows": [[1]], "headers": "h", "code": "kept"}, null]
	}`), says(200, `{"outline":[]}`), says(200, `{"outline":[],"content":null}`), says(404, `{"message":"no such section"}`))
	skills := newClient(t, s).Skills()
	got, err := skills.InWorkspace(stubID).InOrganization(stubOrg).Docs(t.Context(), "connector-source:1", "a & b")
	if err != nil {
		t.Fatal(err)
	}
	want := &client.Docs{
		Skill: client.Skill{
			ID: "connector-source:1", Kind: client.SkillConnector, Title: "GitHub", Tags: []string{"dev"}, Provenance: "connector", Version: "v1", Warnings: []string{"w"},
			Freshness: client.SkillFreshness{State: client.FreshnessDegraded, CheckedAt: time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)},
		},
		Outline:   []client.DocsSection{{ID: "a", Title: "A", Summary: "About A", Available: true}, {ID: "b", Available: true}, {ID: "c", Available: true}, {ID: "d"}, {Available: true}},
		SectionID: "a & b",
		Content: []client.DocsBlock{
			{Type: client.BlockHeading, Text: "A", Level: 2},
			{Type: client.BlockList, Items: []string{"x", ""}},
			{Type: client.BlockCode, Code: "y", Language: "go"},
			{Type: client.BlockTable, Headers: []string{"h"}, Rows: [][]string{{"1", "2"}, nil}},
			{Type: "later", Code: "kept"},
			{},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
	if r := s.requests()[0]; r.Method != "GET" || r.Path != "/api/v1/skills/docs" ||
		r.Query != "id=connector-source%3A1&section=a+%26+b&organization_id="+stubOrg+"&workspace_id="+stubID {
		t.Errorf("%s %s %s", r.Method, r.Path, r.Query)
	}
	// What it marshals to decodes to the same.
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var again client.Docs
	if err := json.Unmarshal(b, &again); err != nil || !reflect.DeepEqual(&again, want) {
		t.Errorf("%v: from %s\n%+v", err, b, again)
	}

	for range 2 {
		got, err := skills.Docs(t.Context(), "x", "")
		if err != nil || !reflect.DeepEqual(got, &client.Docs{}) || got.String() != "" {
			t.Errorf("%+v %v", got, err)
		}
	}
	if q := s.requests()[1].Query; q != "id=x" {
		t.Errorf("asked with %s", q)
	}
	_, err = skills.Docs(t.Context(), "x", "none")
	wantKinds(t, err, "ErrNotFound")
	wantText(t, err, "skill docs: 404", "no such section")
}

// smallPages makes the service send three items at once, so that there are several
// pages.
type smallPages struct{}

func (smallPages) RoundTrip(req *http.Request) (*http.Response, error) {
	if q := req.URL.Query(); q.Has("limit") {
		req = req.Clone(req.Context())
		q.Set("limit", "3")
		req.URL.RawQuery = q.Encode()
	}
	return http.DefaultTransport.RoundTrip(req)
}

// The documentation of each skill of the in-memory service can be read, section
// by section.
func TestSkillsOfTheService(t *testing.T) {
	fake := agentstest.NewServer()
	defer fake.Close()
	c, err := client.New(client.WithBaseURL(fake.URL), client.WithCredentials(agentstest.ClientID, agentstest.ClientSecret),
		client.WithHTTPClient(&http.Client{Transport: smallPages{}}))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	skills := c.Skills()
	n := 0
	for skill, err := range skills.All(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		outline, err := skills.Docs(ctx, skill.ID, "")
		if err != nil || outline.Skill.ID != skill.ID || !strings.HasPrefix(outline.String(), "# "+skill.Title+"\n\n") {
			t.Fatalf("%v\n%v", err, outline)
		}
		for _, section := range outline.Outline {
			docs, err := skills.Docs(ctx, skill.ID, section.ID)
			if err != nil || !section.Available || docs.SectionID != section.ID || !strings.HasPrefix(docs.String(), "## ") || !strings.Contains(outline.String(), "- `"+section.ID+"` ") {
				t.Errorf("%v\n%v", err, docs)
			}
		}
	}
	if n < 8 {
		t.Errorf("%d skills", n)
	}
	_, err = skills.Docs(ctx, "connector-source:"+stubID, "")
	wantKinds(t, err, "ErrNotFound")
	for _, err := range skills.InOrganization(agentstest.SecondOrganizationID).All(ctx) {
		wantKinds(t, err, "ErrForbidden")
	}
	if text := fmt.Sprintf("%v %+v %s", skills, &skills, skills); strings.Contains(text, agentstest.ClientSecret) {
		t.Errorf("a secret in %s", text)
	}
}

// The documentation ID that Inspect finds is kept for the next call of Docs.
func TestConnectorDocsKeepsTheID(t *testing.T) {
	const at = "GET " + listPath + "/" + stubID + "/inspect"
	s := serveRoutes(t, map[string]reply{
		at:                        says(200, `{"connector_id":"c","docs_skill_id":"connector-source:9"}`),
		"GET /api/v1/skills/docs": says(200, `{"metadata":{"title":"GitHub"},"outline":[{"id":"x","title":"X"}]}`),
	})
	c := connectorOf(newClient(t, s))
	for _, section := range []string{"", "x y", ""} {
		docs, err := c.Docs(t.Context(), section)
		want := ""
		if section == "" {
			want = "# GitHub\n\n## Sections\n\n- `x` X"
		}
		if err != nil || docs.String() != want {
			t.Errorf("%v\n%v", err, docs)
		}
	}
	var got []string
	for _, r := range s.requests() {
		got = append(got, r.Method+" "+strings.TrimPrefix(r.Path, listPath+"/"+stubID)+"?"+r.Query)
	}
	want := []string{"GET /inspect?", "GET /api/v1/skills/docs?id=connector-source%3A9", "GET /api/v1/skills/docs?id=connector-source%3A9&section=x+y", "GET /api/v1/skills/docs?id=connector-source%3A9"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sent\n%q, want\n%q", got, want)
	}
}

// A section is recognized even if the response does not say which it is.
func TestSectionThatIsNotNamed(t *testing.T) {
	c := newClient(t, serve(t, says(200, `{"metadata":{"id":"g","title":"Guide"},"outline":[{"id":"a","title":"A"}],"content":[{"type":"paragraph","text":"Text of a."}]}`)))
	d, err := c.Skills().Docs(t.Context(), "g", "a")
	if err != nil || d.SectionID != "a" || d.String() != "Text of a." {
		t.Errorf("%v\n%s", err, d)
	}
}
